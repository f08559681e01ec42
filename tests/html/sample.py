# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints {"report", "plots"} of a comparison as a campaign would have left it, the same one each time.

Figures come from a model of a drifting, noisy host; estimates are plain medians and quantiles: the page
shows what it is given, and whether that is right others test.
"""
import json
import math
import random
import sys

MS = 1000000
S = 1000 * MS
BLOCKS = 40
SAMPLES = 9
BEGAN = 1790000000 * S

rnd = random.Random(7)

# name, title, unit, better, primary, margin, typical value, noise, change, share of slow samples
METRICS = [
    ('snapshot-save.duration', 'Time to save a snapshot', 'ns', 'lower', True, .05, 182 * MS, .08, 1.103, .04),
    ('snapshot-save.stall', 'Guest stall while saving', 'ns', 'lower', True, .05, 41 * MS, .15, 1.01, .05),
    ('snapshot-load.duration', 'Time to load a snapshot', 'ns', 'lower', True, .05, 96 * MS, .05, 1.003, .02),
    ('migrate.blackout', 'Blackout of a migration', 'ns', 'lower', True, .1, 23.4 * MS, .3, 1.02, .08),
    ('migrate.total', 'Time of a migration', 'ns', 'lower', True, .05, 1.42 * S, .06, .932, .03),
    ('boot.duration', 'Time to boot', 'ns', 'lower', False, .05, 640 * MS, .03, 1.002, .01),
    ('shutdown.duration', 'Time to shut down', 'ns', 'lower', False, .05, 88 * MS, .2, 1.04, .03),
    ('snapshot-delete.duration', 'Time to delete a snapshot', 'ns', 'lower', False, .05, 12 * MS, .1, 1.0, .02),
    ('snapshot-save.main-loop-stall', 'Main loop stall while saving', 'ns', 'lower', False, .2, 3.1 * MS, .5,
     1.12, .1),
    ('migrate.setup', 'Setup of a migration', 'ns', 'lower', False, .1, 7.9 * MS, .12, .99, .02),
    ('migrate.brownout', 'Guest progress during a migration', 'ratio', 'higher', False, .05, .71, .04, 1.005, 0),
    ('migrate.throughput', 'Throughput of a migration', 'mbps', 'higher', False, .05, 2310, .05, 1.071, 0),
]


def quantile(values, share):
    values = sorted(values)
    return values[max(0, math.ceil(share * len(values)) - 1)]


def number(unit, value):
    return round(value) if unit == 'ns' else value


def draw(metric, build, at):
    """One sample: drift of the host, the block's own luck, noise, and now and then a slow one."""
    typical, noise, change, slow = metric[6:10]
    value = typical * (1 + .06 * math.sin(at / 2900)) * math.exp(rnd.gauss(0, noise))
    if rnd.random() < slow:
        value *= 1.6 + rnd.expovariate(1.2)
    return value * (change if build == 'B' else 1)


def summary(unit, values):
    return {'samples': len(values), 'p50': number(unit, quantile(values, .5)),
            'p95': number(unit, quantile(values, .95)), 'p99': number(unit, quantile(values, .99))}


def interval(values):
    """The median, and the order statistics that cover it in 95 of 100 cases."""
    ordered = sorted(values)
    half = .98 * math.sqrt(len(ordered))
    return {'ratio': math.exp(quantile(values, .5)),
            'lower': math.exp(ordered[max(0, int(len(ordered) / 2 - half))]),
            'upper': math.exp(ordered[min(len(ordered) - 1, int(len(ordered) / 2 + half))])}


def metric_pair(metric, names):
    name, title, unit, better, primary, margin = metric[:6]
    samples, strips, blocks = {'A': [], 'B': []}, {'A': [], 'B': []}, []
    at = 4.0
    for _ in range(BLOCKS):
        middle = {}
        luck = math.exp(rnd.gauss(0, .02))
        for build in rnd.sample('AB', 2):
            values = []
            for _ in range(SAMPLES):
                at += 12 + rnd.random() * 3
                value = number(unit, draw(metric, build, at) * luck)
                values.append(value)
                strips[build].append([round(at, 3), value])
            middle[build] = quantile(values, .5)
            samples[build] += values
        blocks.append(math.log(middle['B'] / middle['A']))
    found = interval(blocks)
    wide = max(found['upper'] - 1, 1 - found['lower'])
    moved = found['lower'] > 1 or found['upper'] < 1
    worse = (found['ratio'] > 1) == (better == 'lower')
    verdict = 'same' if wide <= margin else ('slower' if worse else 'faster') if moved else 'unclear'
    spread = quantile([abs(one) for one in blocks], .5)
    p = min(1, math.erfc(abs(math.log(found['ratio'])) / (spread / math.sqrt(BLOCKS) * 2)))
    compared = {'metric': name, 'title': title, 'unit': unit, 'better': better, 'primary': primary,
                'margin': margin, 'verdict': verdict, 'blocks': BLOCKS, 'a': summary(unit, samples['A']),
                'b': summary(unit, samples['B']), **found, 'p': p,
                'adjusted_p': min(1, 5 * p) if primary else None,
                'detectable': 3 * spread / math.sqrt(BLOCKS),
                'more_blocks': rnd.randrange(20, 200) if verdict == 'unclear' else None,
                'p95': {'ratio': found['ratio'] * 1.01, 'lower': found['lower'] * .95, 'upper': found['upper'] * 1.06},
                'p99': {'ratio': found['ratio'] * 1.03, 'lower': found['lower'] * .85, 'upper': found['upper'] * 1.2},
                'differences': blocks}
    plots = []
    for build in 'AB':
        values = samples[build]
        plots.append({'metric': name, 'title': title, 'unit': unit, 'better': better, 'build': names[build],
                      'count': len(values), 'min': min(values), 'p50': quantile(values, .5),
                      'p95': quantile(values, .95), 'p99': quantile(values, .99), 'max': max(values),
                      'ecdf': [[quantile(values, i / 100), i / 100] for i in range(101)],
                      'strip': strips[build]})
    return compared, plots


def survival(build, class_, signature, vms, rate):
    """Kaplan and Meier, with Greenwood's band on the plain scale."""
    ends = [(min(50, 1 + int(rnd.expovariate(rate))), True) for _ in range(vms)]
    ends = sorted((loops, loops < 50) for loops, _ in ends)
    points, share, sum_, i = [[0, 1.0, 1.0, 1.0, vms]], 1.0, 0.0, 0
    while i < len(ends):
        loops, at_risk = ends[i][0], len(ends) - i
        failed = sum(1 for one in ends if one == (loops, True))
        i += sum(1 for one in ends if one[0] == loops)
        if failed and failed < at_risk:
            share *= 1 - failed / at_risk
            sum_ += failed / (at_risk * (at_risk - failed))
            band = 1.96 * share * math.sqrt(sum_)
            points.append([loops, share, max(0, share - band), min(1, share + band), at_risk])
    points.append([50, *points[-1][1:4], sum(1 for one in ends if one[0] == 50)])
    return {'build': build, 'class': class_, 'signature': signature, 'points': points}


def history(metric, title, unit, level, jump):
    versions = ['9.2.0', '9.2.2', '10.0.0', '10.0.2', '10.0.4', '10.1.0-rc1', '10.1.0-rc2', '10.1.0-rc3']
    points = []
    for i in range(16):
        version = versions[min(i // 2, 7)]
        p50 = level * (1 + .02 * rnd.gauss(0, 1)) * (jump if i >= 10 else 1)
        points.append({'campaign': 102 + 5 * i, 'began_unix_ns': BEGAN - (16 - i) * 86400 * S,
                       'build': 'candidate' if i >= 10 else 'stable', 'version': version, 'count': 360,
                       'p50': number(unit, p50), 'p95': number(unit, p50 * (1.3 + .05 * rnd.random())),
                       'environment': 'a1b2c3'})
    changes = [] if jump == 1 else [{'at': 10, 'p': .005, 'before': points[4]['p50'], 'after': points[13]['p50']}]
    return {'metric': metric, 'title': title, 'unit': unit, 'points': points, 'changes': changes}


HANG = 'hang of main-loop in migrate/completion: bdrv_drain_all_begin < migration_completion'
CRASH = "assertion `!qemu_in_coroutine()' failed in bdrv_poll_co < bdrv_flush"


def signature(build, class_, title, failures, first, incident, ledger):
    return {'build': build, 'class': class_, 'signature': title, 'failures': failures, 'expected': 0,
            'first_loops': first, 'loops_to_failure': {'median': None if failures < 8 else 41.0,
                                                       'lower': 22.0, 'upper': None},
            'incident': incident, 'first_seen_unix_ns': BEGAN - 4000 * S, 'last_seen_unix_ns': BEGAN + 9000 * S,
            'versions': ['10.0.2'], 'alternatives': [], 'alternative_failures': {}, 'ledger': ledger}


def ledger(status, title=None, reference=None, fixed_in=None):
    return {'status': status, 'title': title, 'reference': reference, 'fixed_in': fixed_in, 'pattern': None,
            'came_back_in': [], 'failures': None}


def operations(names):
    kinds = [('boot', 640), ('snapshot-save', 182), ('snapshot-load', 96), ('snapshot-delete', 12),
             ('migrate', 1420), ('shutdown', 88)]
    rows = []
    for build in names.values():
        for kind, ms in kinds:
            failed = {'candidate migrate': 9, 'stable migrate': 1, 'candidate snapshot-save': 3}.get(
                f'{build} {kind}', 0)
            rows.append({'build': build, 'kind': kind, 'count': 480, 'failed': failed, 'interrupted': 0,
                         'rate_lower': failed / 1100, 'rate_upper': (failed + 3) / 460, 'p50_ns': ms * MS,
                         'p95_ns': round(ms * 1.31 * MS), 'p99_ns': round(ms * 1.9 * MS), 'max_ns': ms * 3 * MS})
    return rows


def sample():
    names = {'A': 'stable', 'B': 'candidate'}
    compared, plots = [], []
    for metric in METRICS:
        one, two = metric_pair(metric, names)
        compared.append(one)
        plots += two
    worst = compared[0]
    sentence = (f'B is slower than A: {worst["metric"]} by {100 * (worst["ratio"] - 1):.1f} % '
                f'({100 * (worst["lower"] - 1):.1f} to {100 * (worst["upper"] - 1):.1f} %), of {BLOCKS} blocks')
    campaign = {'id': 182, 'name': 'compare-release', 'seed': '8812634401', 'accel': 'kvm', 'machine': 'pc-q35-10.0',
                'vms': 8, 'began_unix_ns': BEGAN, 'ended_unix_ns': BEGAN + 10620 * S, 'end': 'complete',
                'exit_code': 1, 'loops': 960, 'operations': 5760, 'failures': 13, 'expected': 0}
    selfcheck = {'campaign': 171, 'began_unix_ns': BEGAN - 90000 * S, 'blocks': 40, 'metrics': 12, 'alarms': 0,
                 'detectable': .034,
                 'sentence': 'This host tells a build from itself in none of 12 metrics, and finds a change of 3.4 %.'}
    differences = [
        {'class': 'hang', 'signature': HANG, 'a': 'stable', 'b': 'candidate', 'failures_a': 1, 'loops_a': 480,
         'failures_b': 9, 'loops_b': 471, 'fisher_p': .0107, 'logrank_p': .0089, 'adjusted_p': .0356, 'real': True},
        {'class': 'assertion', 'signature': CRASH, 'a': 'stable', 'b': 'candidate', 'failures_a': 0, 'loops_a': 480,
         'failures_b': 3, 'loops_b': 477, 'fisher_p': .123, 'logrank_p': None, 'adjusted_p': .369, 'real': False}]
    report = {
        'campaign': campaign, 'operations': operations(names),
        'signatures': [
            signature('candidate', 'hang', HANG, 9, 3, 'incidents/912', ledger('new')),
            signature('stable', 'hang', HANG, 1, 17, 'incidents/905', ledger('new')),
            signature('candidate', 'assertion', CRASH, 3, 11, 'incidents/917', ledger(
                'known', 'Flush of a drained node', 'https://gitlab.com/qemu-project/qemu/-/issues/1', '10.1'))],
        'builds': [{'build': 'stable', 'version': '10.0.2', 'verdict': 'failed', 'vms': 40, 'loops': 480,
                    'wanted_loops': 400, 'failures': 1},
                   {'build': 'candidate', 'version': '10.1.0-rc3', 'verdict': 'failed', 'vms': 40, 'loops': 480,
                    'wanted_loops': 400, 'failures': 12}],
        'differences': differences, 'measures': [], 'left_out': [], 'did_not_happen': [],
        'comparison': {
            'campaign': campaign, 'a': {'build': 'stable', 'version': '10.0.2'},
            'b': {'build': 'candidate', 'version': '10.1.0-rc3'},
            'blocks': {'complete': 40, 'used': 40, 'planned': 40, 'looks': [20, 40], 'look': 2},
            'confidence': .95, 'alpha': .0444,
            'environment': {'host': {'kernel': '6.12.43', 'cpu': 'AMD EPYC 7543P 32-Core Processor',
                                     'microcode': '0xa0011de', 'governor': 'performance', 'accel': 'kvm',
                                     'machine': 'pc-q35-10.0', 'sandbox': True, 'cpus': 32},
                            'differences': [{'key': 'QEMU configuration', 'a': '--enable-lto',
                                             'b': '--enable-lto --enable-io-uring'}], 'forced': True},
            'metrics': compared, 'failures': differences, 'verdict': 'slower', 'sentence': sentence,
            'selfcheck': selfcheck},
        'selfcheck': selfcheck}
    migrations = [{'build': 'stable', 'count': 360, 'setup_ns': 7900000, 'copy_ns': 1370 * MS,
                   'switchover_ns': 17100000, 'first_tick_ns': 6300000, 'passes': 3},
                  {'build': 'candidate', 'count': 351, 'setup_ns': 7800000, 'copy_ns': 1268 * MS,
                   'switchover_ns': 18900000, 'first_tick_ns': 5900000, 'passes': 3}]
    curves = [survival('stable', 'hang', HANG, 40, .0006), survival('candidate', 'hang', HANG, 40, .006),
              survival('candidate', 'assertion', CRASH, 40, .002)]
    past = [history('snapshot-save.duration', 'Time to save a snapshot', 'ns', 178 * MS, 1.1),
            history('migrate.total', 'Time of a migration', 'ns', 1.42 * S, 1),
            history('migrate.blackout', 'Blackout of a migration', 'ns', 23 * MS, 1),
            history('migrate.throughput', 'Throughput of a migration', 'mbps', 2280, 1.07)]
    return {'report': report, 'plots': {'metrics': plots, 'migrations': migrations, 'survival': curves,
                                        'history': past}}


json.dump(sample(), sys.stdout)

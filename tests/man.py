# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares the man pages with what programs and sources say there is; TAP. See man.sh."""
import glob
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile

build = os.path.abspath(sys.argv[1])
os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
tests = failures = 0


def check(title, complaints):
    """A test that passes without complaints, each of which says what is wrong where."""
    global tests, failures
    tests += 1
    failures += bool(complaints)
    print('not ok' if complaints else 'ok', tests, '-', title)
    for complaint in complaints:
        print('#', complaint)


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def run(*argv, **more):
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, **more)


def warnings(roff):
    """What man(1) and groff say of a page, as they format it for a terminal of 80 columns."""
    environment = os.environ | {'LC_ALL': 'C.UTF-8', 'MANWIDTH': '80', 'MANROFFSEQ': ''}
    out = run('man', '--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z', '-', input=roff, env=environment)
    return out.stderr.splitlines() or ([] if out.stdout else ['no output'])


def terms(page):
    """The terms that a page defines, each with what it says of it."""
    parts = re.split(r'^``([^`\n]*)``$', read(page), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def compare(title, page, found, wanted, where):
    """found: what the page tells of. wanted: what there is, to where it is."""
    check(title, [f'{page} lacks {one}, which is in {wanted[one]}' for one in wanted
                  if one not in found] +
          [f'{page} has {one}, which is not in {where}' for one in found if one not in wanted])


def check_pages():
    for name in sorted(os.listdir('man')):
        out = run('rst2man', '--report=2', '--exit-status=2', f'man/{name}')
        check(f'{name} builds without warnings',
              (out.stderr.splitlines() or ['no output']) if out.stderr or not out.stdout else [])
        check(f'{name} is formatted without warnings', warnings(out.stdout))
        check(f'{name} shows no markup',
              [f'{name}: {line}' for line in out.stdout.splitlines() if re.search(r'``|\*\*', line)])
        section = name.rsplit('.', 2)[1]
        check(f'{name} is in its section',
              [] if f':Manual section: {section}\n' in read(f'man/{name}') else [f'not {section}'])


def check_qsoak():
    page = 'man/qsoak.1.rst'
    text = terms(page)
    commands = dict(re.findall(r'^  ((?:[a-z]+)(?: \S+)*) {2,}(.*)$', run(f'{build}/qsoak', '--help').stdout,
                               re.M))
    options = {}
    for command in commands:
        name = command.split()[0]
        own = re.findall(r'^  (--[a-z-]+(?: \S+)?) {2,}',
                         run(f'{build}/qsoak', name, '--help').stdout, re.M)
        options.update({option: f'qsoak {name} --help' for option in own})
        everyones = {'--help', '--version'}
        told = set(re.findall(r'``(--[a-z-]+)``', text.get(command, '').split('Options:')[-1]))
        told -= everyones
        wanted = {option.split()[0] for option in own} - everyones
        check(f'{page}: options of {name}',
              [f'{page} lacks {one} in {command}' for one in sorted(wanted - told)] +
              [f'{page} has {one} in {command}, which does not take it'
               for one in sorted(told - wanted)])
    compare(f'{page}: commands', page, [one for one in text if re.match('[a-z]+( |$)', one)],
            dict.fromkeys(commands, 'qsoak --help'), 'qsoak --help')
    compare(f'{page}: options', page, [one for one in text if one.startswith('--')], options,
            'any qsoak COMMAND --help')


def check_qsoakd():
    page = 'man/qsoakd.8.rst'
    usage = run(f'{build}/qsoakd', '--help').stdout
    options = re.findall(r'^  (--[a-z-]+(?: [A-Z]+)?)(?: {2,}|, |$)', usage, re.M)
    options += re.findall(r'^  --[a-z-]+, (--[a-z-]+)$', usage, re.M)
    compare(f'{page}: options', page, [one for one in terms(page) if one.startswith('--')],
            dict.fromkeys(options, 'qsoakd --help'), 'qsoakd --help')


def check_stack():
    page = 'man/qsoak-stack.1.rst'
    options = re.findall(r'^  (--[a-z-]+(?: [A-Z]+)?) {2,}', run(f'{build}/qsoak-stack', '--help').stdout,
                         re.M)
    compare(f'{page}: options', page, [one for one in terms(page) if one.startswith('--')],
            dict.fromkeys(options, 'qsoak-stack --help'), 'qsoak-stack --help')


def bound_keys(paths, top):
    """Each key with its level, to the file and the table that has it; top: the table of the first level."""
    keys, tables = {}, {}
    for path in paths:
        source = read(path)
        for table, body in re.findall(r'struct bind_key (\w+)_keys\[\] = \{(.*?)\n?\t*\{ 0 \}\s*\};', source,
                                      re.S):
            tables[table] = (path, re.findall(r'\{\s*"([^"]+)",(.*?)(?=\{\s*"|$)', body, re.S))

    def level(table, prefix):
        path, entries = tables.pop(table)
        for key, rest in entries:
            keys[prefix + key] = f'{path} ({table}_keys)'
            listed = re.search(r'\.list = &(?:profile_)?(\w+)_list', rest)
            mapping = re.search(r'\.keys = (\w+)_keys', rest)
            # A mapping with a reader of its own names no table; the table has the name of the key.
            name = (listed or mapping).group(1) if listed or mapping else key
            if name in tables:
                level(name, f'{prefix}{key}[].' if listed else f'{prefix}{key}.')

    level(top, '')
    # A table that no key of another one leads to by its name: at least the words must be there.
    for table, (path, entries) in tables.items():
        for key, _ in entries:
            keys[f'*.{key}'] = f'{path} ({table}_keys)'
    return keys


def profile_keys():
    keys = bound_keys(sorted(glob.glob('daemon/campaign/profile-*.c')), 'profile')
    for name in re.findall(r'\[LIMIT_\w+\] = "([^"]+)"', read('daemon/op/limit.c')):
        keys[f'limits.{name}'] = 'daemon/op/limit.c'
    return keys


def check_keys(page, keys, least):
    found = {one: text for one, text in terms(page).items() if re.match(r'[a-z][a-z.\[\]-]*$', one)}
    loose = {one for one in keys if one.startswith('*.')}
    last = {one.rsplit('.', 1)[-1] for one in found}
    check(f'{page}: there are keys', [] if len(keys) > least else [f'found only {sorted(keys)}'])
    check(f'{page}: keys',
          [f'{page} lacks the key {one}, which is in {keys[one]}' for one in sorted(keys)
           if one not in found and not (one in loose and one[2:] in last)] +
          [f'{page} has the key {one}, which is in none of the tables of keys'
           for one in sorted(found) if one not in keys and f'*.{one.rsplit(".", 1)[-1]}' not in loose])
    check(f'{page}: each key has an example',
          [f'{page}: {one} has no example' for one, text in found.items() if 'Example:' not in text])
    check(f'{page}: each key is required or has a default',
          [f'{page}: {one} does not say' for one, text in found.items()
           if not re.search(r'[Rr]equired|[Dd]efault|Mapping', text)])


def check_store():
    page = 'man/qsoak-store.5.rst'
    source = read('daemon/store/schema.c')
    database = sqlite3.connect(':memory:')
    versions = re.findall(r'char version_\d+\[\] =(.*?);\n\n', source, re.S)
    for version in versions:
        version = re.sub(r'/\*.*?\*/', '', version, flags=re.S)
        lines = ''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', version))
        database.executescript(lines.replace('\\n', '\n').replace('\\t', '\t'))
    tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    columns = {f'{table}.{column[1]}': 'daemon/store/schema.c' for table, in tables
               for column in database.execute(f'PRAGMA table_info({table})')}
    check(f'{page}: there are columns', [] if len(columns) > 50 else [f'found only {columns}'])
    compare(f'{page}: columns', page, [one for one in terms(page) if re.match(r'[a-z_]+\.[a-z0-9_]+$', one)],
            columns, 'daemon/store/schema.c')
    check(f'{page}: version', [] if f'version {len(versions)} (' in read(page)
          else [f'{page} does not describe version {len(versions)}'])
    for query in re.findall(r'^    (SELECT .*?;)$', read(page), re.S | re.M):
        try:
            database.execute(query)
            check(f'{page}: an example works', [])
        except sqlite3.Error as error:
            check(f'{page}: an example works', [f'{error}: {query}'])


def check_metrics():
    page = 'man/qsoak-statistics.7.rst'
    source = 'daemon/op/metric.c'
    names = re.findall(r'\.name = "([a-z.-]+)"', read(source))
    check(f'{page}: there are metrics', [] if len(names) > 20 else [f'found only {names}'])
    compare(f'{page}: metrics', page, [one for one in terms(page) if '.' in one],
            dict.fromkeys(names, source), source)


def check_incident():
    page = 'man/qsoak-incident.5.rst'
    terms_of = list(terms(page))
    keys = {}
    # A key is followed by its value.
    for source, pattern in (('manifest.c', r'"([a-z][a-z0-9-]*)",'),
                            ('incident.c', r'json_object_set(?:_new)?\((?:incident->manifest|run), "([a-z-]+)",'),
                            ('bundle.c', r'"(file|reason)", ')):
        for key in re.findall(pattern, read(f'daemon/triage/{source}')):
            keys[key] = source
    check(f'{page}: there are keys', [] if len(keys) > 50 else [f'found only {sorted(keys)}'])
    found = {one.rsplit('.', 1)[-1] for one in terms_of if re.match(r'[a-z][a-z0-9.\[\]-]*$', one)
             and not re.search(r'\.(json|bin|yaml|qcow2|raw)$', one)} - {'guest-config'}
    compare(f'{page}: members of the manifest', page, found, keys, 'daemon/triage')
    check_files(page, terms_of)


def check_files(page, terms_of):
    """The files of an incident, without the .zst that each may get."""
    files = {'manifest.json': 'bundle.h'}
    names = r'bundle_(?:write|open|copy)\(\S*bundle, (?:\S+, )??(NULL|\S*role), (?:DIRECT_NODE_FLASH )?"([^"]+)"'
    for source in ('incident.c', 'witness.c'):
        text = read(f'daemon/triage/{source}')
        for role, name in re.findall(names, text):
            name = 'vars.qcow2' if name == '.qcow2' else name
            files[name if role == 'NULL' else f'ROLE.{name}'] = source
        for name in re.findall(r'"([a-z]+)" BUNDLE_PACKED', text):
            files[f'ROLE.{name}'] = source
    check(f'{page}: there are files', [] if len(files) > 12 else [f'found only {sorted(files)}'])
    found = [re.sub(r'\.zst$', '', one) for one in terms_of
             if re.match(r'ROLE\.', one) or re.search(r'\.(json|bin|yaml|qcow2|raw)$', one) or one == 'guest-config']
    compare(f'{page}: files', page, found, files, 'daemon/triage')


def ask_schema():
    ours, theirs = socket.socketpair()
    ours.settimeout(60)
    with tempfile.TemporaryDirectory() as state:
        with subprocess.Popen([f'{build}/qsoakd', '--state-dir', state, '--control-fd',
                               str(theirs.fileno())], pass_fds=[theirs.fileno()],
                              stderr=subprocess.DEVNULL) as daemon:
            theirs.close()
            try:
                answers = ours.makefile('r')
                ours.sendall(b'{"execute":"qmp_capabilities"}\n{"execute":"query-qmp-schema"}\n')
                return [json.loads(answers.readline()) for _ in range(3)][-1]['return']
            finally:
                ours.close()
                answers.close()
                daemon.wait(60)


def check_control():
    page = 'man/qsoak-control.7.rst'
    text = terms(page)
    schema = {entity['name']: entity for entity in ask_schema()}
    commands = [entity for entity in schema.values() if entity['meta-type'] == 'command']
    compare(f'{page}: commands', page, [one for one in text if re.match('[a-z_-]+$', one)],
            {command['name']: 'query-qmp-schema' for command in commands}, 'query-qmp-schema')
    compare(f'{page}: events', page, [one for one in text if re.match('[A-Z_]+$', one)],
            {name: 'query-qmp-schema' for name, one in schema.items() if one['meta-type'] == 'event'},
            'query-qmp-schema')
    complaints = []
    for command in commands:
        said = text.get(command['name'], '').split('Returns')[0]
        told = set(re.findall(r'``(\[?[a-z-]+\]?)``', said))
        for member in schema[command['arg-type']]['members']:
            name = f'[{member["name"]}]' if 'default' in member else member['name']
            if name not in told:
                complaints.append(f'{page} lacks the argument {name} of {command["name"]}')
    check(f'{page}: arguments', complaints)


check_pages()
check_qsoak()
check_qsoakd()
check_stack()
check_keys('man/qsoak-profile.5.rst', profile_keys(), 30)
check_keys('man/qsoak-known-issues.5.rst', bound_keys(['daemon/report/ledger.c'], 'ledger'), 7)
check_keys('man/qsoak-rules.5.rst', bound_keys(['daemon/report/gate-rules.c'], 'rules'), 10)
check_keys('man/qsoakd.conf.5.rst', bound_keys(['daemon/config/keys.c'], 'config'), 20)
check_store()
check_metrics()
check_incident()
check_control()
print(f'1..{tests}')
sys.exit(failures > 0)

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Records the part of a QEMU's query-qmp-schema that qsoak and its fake QEMU refer to.

record-schema.py QEMU [OPTION]... > qmp-schema-X.Y.json
"""
import json
import subprocess
import sys

NAMES = '''
cont job-cancel job-dismiss migrate migrate-incoming migrate-set-capabilities
migrate-set-parameters migrate_cancel qmp_capabilities query-cpus-fast query-jobs query-kvm
query-migrate query-migrate-capabilities query-migrate-parameters query-name query-qmp-schema
query-status query-version query-yank quit snapshot-delete snapshot-load snapshot-save stop
system_reset
BLOCK_IO_ERROR JOB_STATUS_CHANGE MIGRATION MIGRATION_PASS RESET RESUME SHUTDOWN STOP
'''.split()


def ask(argv):
    requests = ''.join('{"execute": "%s"}\n' % name
                       for name in ('qmp_capabilities', 'query-qmp-schema', 'quit'))
    out = subprocess.run(argv + ['-machine', 'none', '-nodefaults', '-display', 'none',
                                 '-qmp', 'stdio'],
                         input=requests, capture_output=True, text=True, timeout=60, check=True)
    for line in out.stdout.splitlines():
        if isinstance(json.loads(line).get('return'), list):
            return json.loads(line)['return']
    sys.exit('no answer to query-qmp-schema')


def select(schema):
    """The entities of NAMES, each followed by those it refers to and that are not there yet."""
    by_name = {entity['name']: entity for entity in schema}
    chosen = {}
    todo = [name for name in reversed(NAMES) if name in by_name]
    while todo:
        entity = by_name[todo.pop()]
        if entity['name'] in chosen:
            continue
        chosen[entity['name']] = entity
        types = [entity.get(key) for key in ('arg-type', 'ret-type', 'element-type')]
        types += [one.get('type') for key in ('members', 'variants') for one in entity.get(key, [])]
        todo += [name for name in reversed(types) if name]
    return chosen.values()


lines = [json.dumps(entity, separators=(',', ':')) for entity in select(ask(sys.argv[1:]))]
print('[\n' + ',\n'.join(lines) + '\n]')

# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares the rows of results stores with those upstream: each finished row is there once, and nothing else is.

usage: upstream-rows.py URL STORE..."""
import hashlib
import json
import sqlite3
import subprocess
import sys

TABLES = ('build', 'comparison', 'environment', 'failure', 'gap', 'incident', 'left_out', 'look', 'measure',
          'operation', 'primary_metric', 'run', 'step', 'summary', 'vm')
OF_OPERATION = ('step', 'measure')


def store_rows(store):
    """Of each table the rows, as objects with what they have upstream, campaigns by their uuid."""
    database = sqlite3.connect(f'file:{store}?mode=ro', uri=True)
    database.row_factory = sqlite3.Row
    uuid = '(SELECT uuid FROM campaign WHERE id = {}) AS campaign'
    for table in TABLES:
        joins, more, where = '', '', ''
        if table in OF_OPERATION:
            joins = 'JOIN operation AS o ON o.id = t.operation_id'
            where = "WHERE o.outcome <> 'running'"
        elif table == 'operation':
            where = "WHERE outcome <> 'running'"
        elif table == 'failure':
            joins = ('JOIN signature AS s ON s.id = t.signature_id '
                     'LEFT JOIN alternative AS a ON a.id = t.alternative_id')
            more = ', s.class AS signature_class, s.title AS signature_title, a.title AS alternative_title'
        of = 'o.campaign_id' if joins and table != 'failure' else 't.campaign_id'
        for row in database.execute(f'SELECT t.*{more}, {uuid.format(of)} FROM {table} AS t {joins} {where}'):
            row = dict(row)
            for gone in ('campaign_id', 'signature_id', 'alternative_id'):
                row.pop(gone, None)
            if 'samples' in row:
                row['samples'] = '\\x' + row['samples'].hex()
            yield table, row
    for row in database.execute('SELECT c.*, h.uuid AS host_uuid, c.id AS local_id FROM campaign AS c '
                                'JOIN host AS h ON h.id = c.host_id'):
        row = dict(row)
        del row['id'], row['host_id']
        yield 'campaign', row
    for row in database.execute('SELECT uuid, name, kernel, cpu, cpus FROM host'):
        yield 'host', dict(row)


def upstream_rows(url):
    own = ('campaign_id', 'id', 'pushed_below', 'complete_unix_ns')
    queries = []
    for table in TABLES + ('campaign', 'host'):
        more = ', c.uuid AS campaign' if table in TABLES else ''
        join = 'JOIN qsoak.campaign AS c ON c.id = t.campaign_id' if table in TABLES else ''
        queries.append(f"SELECT json_build_array('{table}', row_to_json(r)) FROM "
                       f'(SELECT t.*{more} FROM qsoak.{table} AS t {join}) AS r;')
    out = subprocess.run(['psql', '-qAtX', '-v', 'ON_ERROR_STOP=1', url], input='\n'.join(queries),
                         capture_output=True, text=True, timeout=120, check=True)
    for line in out.stdout.splitlines():
        table, row = json.loads(line)
        for gone in own if table == 'campaign' else own[:1]:
            row.pop(gone, None)
        yield table, row


def collect(rows):
    tables = {}
    for table, row in rows:
        # A REAL; PostgreSQL writes 1 for 1.0.
        for name in {'value', 'margin'} & set(row) if table in ('measure', 'primary_metric') else ():
            row[name] = float(row[name])
        tables.setdefault(table, []).append(json.dumps(row, sort_keys=True))
    return {table: sorted(lines) for table, lines in tables.items()}


def main():
    url, stores = sys.argv[1], sys.argv[2:]
    here = collect(row for store in stores for row in store_rows(store))
    there = collect(upstream_rows(url))
    status = 0
    for table in sorted(here | there):
        ours, theirs = here.get(table, []), there.get(table, [])
        if ours == theirs:
            continue
        status = 1
        lacks, more = sorted(set(ours) - set(theirs)), sorted(set(theirs) - set(ours))
        print(f'# {table}: {len(ours)} rows here, {len(theirs)} upstream; lacks {lacks[:2]}, has {more[:2]}')
    if status == 0:
        digest = hashlib.sha256(json.dumps(there, sort_keys=True).encode()).hexdigest()[:12]
        print(f'# {sum(map(len, there.values()))} rows in {len(there)} tables, {digest}')
    sys.exit(status)


main()

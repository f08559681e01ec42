# SPDX-License-Identifier: GPL-2.0-or-later
# For tests with a PostgreSQL of their own, below the scratch folder and on a socket there. Comes after lib.sh.

pg=$scratch/pg
pg_bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)
upstream=postgresql://qsoak@/qsoak?host=$pg
export PGCONNECT_TIMEOUT=10

# PostgreSQL refuses to run as root.
as_postgres=()
[ "$(id -u)" != 0 ] || as_postgres=(setpriv --reuid=postgres --regid=postgres --clear-groups)

pg_init() {
	chmod 711 "$scratch"
	mkdir "$pg"
	[ "$(id -u)" != 0 ] || chown postgres "$pg"
	(cd / && "${as_postgres[@]}" "$pg_bin/initdb" -D "$pg/data" -U qsoak -A trust -E UTF8 --no-locale --no-sync) \
		>"$scratch/initdb.log" 2>&1
}

# Starts it, and waits until it answers; sets postgres.
pg_start() {
	(cd / && exec "${as_postgres[@]}" "$pg_bin/postgres" -D "$pg/data" -k "$pg" -c listen_addresses= -c port=5432 \
		-c fsync=off -c unix_socket_permissions=0777) >>"$scratch/postgres.log" 2>&1 &
	postgres=$!
	started+=("$postgres")
	await 60 pg_answers
}

pg_answers() {
	psql -qAtX "postgresql://qsoak@/postgres?host=$pg" -c 'SELECT 1' >/dev/null 2>&1
}

# At once, and its children with it: it will have to recover.
pg_stop() {
	kill -QUIT "$postgres"
	wait "$postgres" 2>/dev/null
}

pg_create() {
	psql -qAtX "postgresql://qsoak@/postgres?host=$pg" -c 'CREATE DATABASE qsoak'
}

psql_() {
	psql -qAtX "$upstream" "$@"
}

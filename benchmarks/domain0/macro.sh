# The programs of the table macro, in a guest, in domain 0 or on the bare machine; busybox's shell. `. macro.sh; macro_NAME` prints the
# rows of one machine. Each row is a fixed piece of work, so that less is better; what has to be there first is made before.

# Whether a row is to be measured: its name contains one of the lines of /bench/only, or there are none.
wanted() { [ ! -s /bench/only ] || echo "$1" | grep -q -F -f /bench/only; }

row() { # NAME COMMAND...
	wanted "$1" || return 0
	echo "bench: macro: $1" >/dev/console
	/bench/span "$@" || exit
}

# Hospes' own sources, a C project: a few large files optimised, one after the other; then every header of it by itself, each with a
# shell, the compiler's driver, and the compiler.
macro_compile() {
	mkdir -p /tmp/source && tar -C /tmp/source -xf /bench/source.tar && cd /tmp/source || exit
	gcc -o /tmp/warm -xc - <<-END || exit
		int main(void) { return 0; }
	END
	row "compile, large files" sh -c '. /bench/compile; for file in $large; do compile -O2 $file || exit; done'
	row "compile, small processes" sh -c '. /bench/compile; for file in $small; do sh -c ". /bench/compile; syntax $file" || exit; done'
}

as_postgres() { setpriv --reuid=100 --regid=100 --clear-groups "$@"; }

# A database of 100,000 accounts in memory. Two clients, each on its connection.
macro_postgresql() {
	local bin=/usr/lib/postgresql/15/bin settings='-c listen_addresses= -c fsync=off -c autovacuum=off -c jit=off'

	echo 'postgres:x:100:100::/tmp:/bin/sh' >>/etc/passwd
	echo 'postgres:x:100:' >>/etc/group
	mkdir -p /run/postgresql /tmp/data && chown postgres /run/postgresql /tmp/data || exit
	{
		as_postgres $bin/initdb --no-locale --no-sync -A trust -D /tmp/data &&
			as_postgres $bin/pg_ctl -w -t 600 -D /tmp/data -o "$settings" -l /tmp/log start &&
			as_postgres $bin/pgbench -i -q -s 1 postgres
	} >/tmp/made 2>&1 || { tail -n 20 /tmp/made /tmp/log >&2; exit 1; }
	row "pgbench, read-only, 4,000 transactions" $bin/pgbench -n -S -c 2 -t 2000 -U postgres postgres
	row "pgbench, TPC-B, 1,000 transactions" $bin/pgbench -n -c 2 -t 500 -U postgres postgres
	as_postgres $bin/pg_ctl -m immediate -D /tmp/data stop >/dev/null
}

# rate_row NAME WORD FIELD COMMAND...: for a program that runs for a time that is given, and says in a line that begins with the word,
# in that field, how much it did in a second: the row is the counter's ticks for one.
rate_row() {
	local name=$1 word=$2 field=$3 begin end rate
	shift 3

	wanted "$name" || return 0
	echo "bench: macro: $name" >/dev/console
	begin=$(/bench/span) && sleep 1 && end=$(/bench/span)
	rate=$("$@" | awk -v word="$word" -v field="$field" '$1 == word { print $field }')
	[ -n "$rate" ] || exit 1
	awk -v name="$name" -v ticks=$((end - begin)) -v rate="$rate" \
		'BEGIN { one = sprintf("%.0f", ticks / rate); printf "ROW %s|%s|%s|%s\n", name, one, one, one }'
}

macro_dbench() {
	mkdir -p /tmp/files
	rate_row "dbench, a MB" Throughput 2 dbench -t 5 -c /usr/share/dbench/client.txt -D /tmp/files --skip-cleanup 1
}

# One worker, a page of 10 KiB, four connections that stay, and such as do not.
macro_nginx() {
	mkdir -p /tmp/www /var/log/nginx /var/lib/nginx /tmp/nginx
	head -c 10240 /dev/zero | tr '\0' x >/tmp/www/index.html
	cat >/tmp/nginx.conf <<-'END'
		user root;
		pid /tmp/nginx.pid;
		error_log /tmp/nginx.log;
		events { }
		http { access_log off; keepalive_requests 1000000; server { listen 127.0.0.1:80; root /tmp/www; } }
	END
	ip link set lo up
	nginx -c /tmp/nginx.conf || { cat /tmp/nginx.log >&2; exit 1; }
	rate_row "nginx, a request, kept connections" Requests/sec: 2 wrk -t 1 -c 4 -d 2s http://127.0.0.1:80/
	rate_row "nginx, a request, a connection each" Requests/sec: 2 wrk -t 1 -c 4 -d 2s -H 'Connection: close' http://127.0.0.1:80/
	kill "$(cat /tmp/nginx.pid)"
}

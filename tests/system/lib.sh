# What the system tests share. A test is an executable file: status 0 is a pass, 77 a skip whose reason is the last line
# printed, anything else a failure. It may set its own limit by a comment line "# limit: N s".
#
# HYPERVISOR says what domain 0 runs on (hospes, xen, or none for a native boot). Consoles' logs go to TEST_LOGS.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
HYPERVISOR=${HYPERVISOR:-hospes}
TEST_LOGS=${TEST_LOGS:-$top/build/test-logs}
TEST_NAME=${TEST_NAME:-$(basename "$0" .test)}
mkdir -p "$TEST_LOGS"

scratch=$(mktemp -d)
children=()
trap 'for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done; rm -rf "$scratch"' EXIT

# What a kernel prints only when something is wrong.
TROUBLE='WARNING|BUG|Oops|rcu.*stall|soft lockup|hung task|Call Trace'
# A command line for domain 0 that prints how many such messages there are, and them.
# The kernel warns of what an emulated processor, without microcode updates, is vulnerable to: with any hypervisor.
trouble_count="dmesg | grep -v -E '(RETBleed|Speculative Return Stack Overflow): WARNING' >/run/dmesg; grep -c -E '$TROUBLE' /run/dmesg; grep -E -A 30 '$TROUBLE' /run/dmesg >&2"

step=0
console_log=

# dom0 [OPTION...] CMD: boots the machine with these options and runs CMD; leaves its output in $output and its status in
# $status. The console's log of each boot is kept.
dom0() {
	local command=${*: -1}

	step=$((step + 1))
	console_log=$TEST_LOGS/$TEST_NAME.$step.console
	echo "+ ./run --hypervisor $HYPERVISOR ${*:1:$#-1} --exec '$command'"
	status=0
	output=$("$top/run" --hypervisor "$HYPERVISOR" --timeout 200 --log "$console_log" "${@:1:$#-1}" --exec "$command") || status=$?
	[ -z "$output" ] || sed 's/^/  /' <<<"$output"
	echo "  status $status"
}

on_hypervisor() { [ "$HYPERVISOR" != none ]; }
skip_test() { echo "$*"; exit 77; }
fail_test() { echo "FAILED: $*"; exit 1; }

expect_status() { # NUMBER
	[ "$status" = "$1" ] || fail_test "status $status instead of $1; the console's log is $console_log"
}

expect_equal() { # WHAT GOT WANTED
	[ "$2" = "$3" ] || fail_test "$1: '$2' instead of '$3'; the console's log is $console_log"
}

expect_console() { # REGEX: a line of the last boot's console
	grep -a -q -i -E -- "$1" "$console_log" || fail_test "no line of the console matches '$1'; its log is $console_log"
}

expect_no_console() { # REGEX
	! grep -a -i -E -m 3 -- "$1" "$console_log" || fail_test "the console says '$1'; its log is $console_log"
}

# A hypervisor that says nothing wrong: no warning, no panic, on any line of its own.
expect_quiet_hypervisor() {
	expect_no_console '^\((XEN|HOSPES)\).*\b(warning|error|panic|bug|assertion|fatal)\b'
}

# The value of a line "NAME VALUE..." of the last output.
field() { awk -v name="$1" '$1 == name { sub(/^[^ ]+ */, ""); print; exit }' <<<"$output"; }

# The release that the stock kernel of a flavour must report.
stock_release() { cat "$("$top/image/kernel" "$1")/release"; }

disk_make() { # NAME MIB: prints the path of a new empty disk
	truncate -s "$2M" "$scratch/$1"
	echo "$scratch/$1"
}

# Starts an HTTP server on the host's loopback, which QEMU's user network shows to the guest as 10.0.2.2. It serves the
# folder $scratch/www, and the host's time in nanoseconds as /time. Leaves its port in $http_port.
http_start() {
	mkdir -p "$scratch/www"
	python3 "$top/tests/system/http-server" "$scratch/www" "$scratch/port" 2>"$scratch/http.log" &
	children+=($!)
	for _ in $(seq 100); do
		[ -s "$scratch/port" ] && break
		sleep 0.1
	done
	http_port=$(cat "$scratch/port")
}

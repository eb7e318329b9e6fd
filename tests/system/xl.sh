# For tests of guests: one boot of domain 0 with the control tools runs many checks, each of which prints a line. The test
# gives them as a script on standard input, in the words of dom0-checks.sh.
#
#   xl_test [OPTION OF ./run...] <<'CHECKS'
#
# The guests boot Debian's kernel, unpacked, from a read-only disk: unpacking costs more time under emulation than all else
# in `xl create`; one check creates a guest from the packed kernel all the same.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

on_hypervisor || skip_test "guests need a hypervisor"

# The words of an option that shows a file to domain 0 as a read-only disk; it is /dev/vda when it is the only one.
read_only_disk() {
	printf -- '--qemu-args=-drive if=none,id=ro,readonly=on,format=raw,file=%s -device virtio-blk-pci,drive=ro' "$1"
}

xl_test() {
	local checks

	checks=$(cat "$top/tests/system/dom0-checks.sh" - <<<"checks_start
$(cat)
checks_end")
	step=$((step + 1))
	console_log=$TEST_LOGS/$TEST_NAME.$step.console
	echo "+ ./run --hypervisor $HYPERVISOR $*"
	status=0
	output=$("$top/run" --hypervisor "$HYPERVISOR" --timeout 600 --log "$console_log" --memory 2G --dom0-memory 640M \
		"$(read_only_disk "$("$top/image/kernel" amd64)/vmlinux")" "$@" --exec "$checks") || status=$?
	sed 's/^/  /' <<<"$output"
	expect_status 0
	[ "$(tail -n 1 <<<"$output")" = "all checks were made" ] || fail_test "the checks did not reach their end"
	! grep -q '^not ok' <<<"$output" || fail_test "a check failed; the console's log is $console_log"
}

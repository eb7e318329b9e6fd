# For tests of guests: one boot of domain 0 with the control tools runs many checks, each of which prints a line. The test
# gives them as a script on standard input, in the words of dom0-checks.sh.
#
#   xl_test [OPTION OF ./run...] <<'CHECKS'
#
# The guests boot Debian's kernel, unpacked, from a read-only disk: unpacking costs more time under emulation than all else
# in `xl create`; one check creates a guest from the packed kernel all the same. A second disk brings what is built here: the
# programs of tests/system/programs that domain 0 runs beside the tools, and a guest that is up at once (guests/small.c).
# With an empty $dom0_memory domain 0 has all that is free. REGISTRY=oxenstored has that daemon keep the registry, as in an installation of Debian; else the one in C does.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

dom0_memory=640M
on_hypervisor || skip_test "guests need a hypervisor"

# overlay IMAGE NAME: prints the path of a disk that begins as the image and keeps what is written to itself.
overlay() {
	"$top/image/need" qemu-utils >&2
	qemu-img create -q -f qcow2 -F raw -b "$1" "$scratch/$2.qcow2"
	echo "$scratch/$2.qcow2"
}

# The words of an option that shows files to domain 0 as read-only disks: /dev/vda, /dev/vdb and so on. A test
# that brings disks of its own puts them on another bus.
read_only_disks() {
	local file id=0

	printf -- '--qemu-args='
	for file; do
		printf -- '-drive if=none,id=ro%d,readonly=on,format=raw,file=%s -device virtio-blk-pci,drive=ro%d ' $id "$file" $id
		id=$((id + 1))
	done
}

# Makes the disk of programs and prints its name.
xl_programs() {
	local name

	mkdir -p "$scratch/programs"
	for name in on-terminal hold-frames; do
		gcc -O2 -static -s "$top/tests/system/programs/$name.c" -o "$scratch/programs/$name"
	done
	mkdir -p "$top/build"
	flock "$top/build/lock" make -s -C "$top" -f tests/guest/Makefile build/guest/system/small.elf >&2
	strip -o "$scratch/programs/small" "$top/build/guest/system/small.elf"
	tar -C "$scratch/programs" -cf "$scratch/programs.tar" .
	truncate -s %512 "$scratch/programs.tar"
	printf '%s\n' "$scratch/programs.tar"
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
	output=$("$top/run" --hypervisor "$HYPERVISOR" --timeout 600 --log "$console_log" --memory 2G ${dom0_memory:+--dom0-memory "$dom0_memory"} \
		"$(read_only_disks "$("$top/image/kernel" amd64)/vmlinux" "$(xl_programs)")" ${REGISTRY:+--dom0-args "xenstored=$REGISTRY"} "$@" --exec "$checks") || status=$?
	sed 's/^/  /' <<<"$output"
	expect_status 0
	[ "$(tail -n 1 <<<"$output")" = "all checks were made" ] || fail_test "the checks did not reach their end"
	! grep -q '^not ok' <<<"$output" || fail_test "a check failed; the console's log is $console_log"
}

# figures_beside_xen OPTION...: does xl_test on Hospes and on Debian's Xen with the checks of standard input, and prints
# the figures of both in one table. HYPERVISOR=xen does it on Xen alone.
figures_beside_xen() {
	local script ours

	script=$(cat)
	xl_test "$@" <<<"$script"
	[ "$HYPERVISOR" = hospes ] || return 0
	ours=$output
	HYPERVISOR=xen xl_test "$@" <<<"$script"
	join <(figures <<<"$ours") <(figures <<<"$output") |
		awk 'BEGIN { printf "%-28s %10s %10s %s\n", "", "Hospes", "Xen", "" } { printf "%-28s %10s %10s %s\n", $1, $2, $4, $3 }'
}
figures() { awk '$1 == "figure" { print $2, $3, $4 }' | sort; }

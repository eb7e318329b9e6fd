# Runs in domain 0, in busybox's shell, before the checks of a test; see xl.sh.
#
# A check prints "ok NAME" or "not ok NAME", the latter followed by what its command printed. A guest's shell is reached
# through its console: what is typed goes into the pty that xenconsoled has for it, what it prints is in xenconsoled's log.

export TERM=vt100
TROUBLE='WARNING|BUG|Oops|rcu.*stall|soft lockup|hung task|Call Trace'
logs=/var/log/xen/console
dir=/run/guests
kernel=$dir/vmlinux
ramdisk=/var/lib/hospes/guests/initramfs.gz

# Folders for what is larger than the root's file system lets it be are mounted: they take only what is written to them.
large_folder() {
	mkdir -p "$1" && mount -t tmpfs -o size=95% tmpfs "$1"
}

checks_start() {
	large_folder $dir
	cat /dev/vda >$kernel
	tar -C $dir -xf /dev/vdb
	PATH=$PATH:$dir
	free_at_start=$(free_kib)
}

checks_end() {
	echo "trouble in domain 0: $(dmesg | grep -v 'Speculative Return Stack Overflow: WARNING' |
		grep -c -E "$TROUBLE")"
	dmesg | grep -v 'Speculative Return Stack Overflow: WARNING' | grep -E -A 25 "$TROUBLE" | head -n 60
	[ ! -s /var/log/xen/xen-hotplug.log ] || { echo "the hotplug scripts said:"; tail -n 12 /var/log/xen/xen-hotplug.log; }
	echo "the hypervisor's last words:"
	xl dmesg | grep -v -E '^\(d[0-9]+\)' | tail -n 12
	[ ! -e /run/figures ] || cat /run/figures
	echo "all checks were made"
}

now() { cut -d' ' -f1 /proc/uptime; }

# must NAME COMMAND...: a check without which the others make no sense.
must() {
	check "$@"
	[ -z "$check_failed" ] || { checks_end; exit 0; }
}

# check NAME COMMAND...
check() {
	local name=$1 from=$(now)
	shift
	check_failed=yes
	if "$@" >/run/check.log 2>&1; then
		check_failed=
		check_say "ok $name ($(echo "$(now) $from" | awk '{ printf "%.1f", $1 - $2 }') s)"
	else
		check_say "not ok $name
$(tail -n 25 /run/check.log | tr -d '\r' | sed 's/^/    | /')"
	fi
}

check_say() { echo "$1"; echo "$1" >/dev/console; }

# equal GOT WANTED
equal() { [ "$1" = "$2" ] || { echo "'$1' instead of '$2'"; return 1; }; }

# refused REGEX COMMAND...: the command fails, and says something that matches.
refused() {
	local regex=$1
	shift
	! "$@" >/run/refused.log 2>&1 || { cat /run/refused.log; echo "it was not refused"; return 1; }
	cat /run/refused.log
	grep -q -i -E -- "$regex" /run/refused.log
}

# wait_for SECONDS COMMAND...: until the command succeeds. The seconds are those of a quiet machine; the limit is for what never
# comes, and a machine that is busy with other things gets five times as long.
wait_for() {
	local uptime_s hundredths end
	IFS=. read -r uptime_s hundredths </proc/uptime
	end=$((uptime_s + 5 * $1))
	shift
	until "$@"; do
		IFS=. read -r uptime_s hundredths </proc/uptime
		[ $uptime_s -lt $end ] || { echo "still not, after its time: $*"; return 1; }
		sleep 0.2
	done
}

# The free memory of the machine in KiB, as the hypervisor counts it: xl tells it in MiB, xentop in KiB.
free_kib() { xentop -b -i 1 | sed -n 's/.* \([0-9]*\)k free.*/\1/p' | head -n 1; }

# ramdisk_with PROGRAM...: makes a ramdisk of the guests' one and these programs of domain 0, with their libraries, and prints
# its file's name.
ramdisk_with() {
	local program
	# One stream: the builder of guests unpacks a ramdisk, and stops where the first stream ends.
	{
		zcat $ramdisk
		for program; do
			program=$(command -v "$program")
			echo "${program#/}"
			# The loader says "NAME => FILE (ADDRESS)".
			/lib64/ld-linux-x86-64.so.2 --list "$program" | awk '$2 == "=>" { print substr($3, 2) }'
		done | sort -u | (cd / && cpio -o -L -H newc 2>/dev/null)
	} | gzip -1 >$dir/ramdisk
	echo $dir/ramdisk
}

# bridge_make: the guests' bridge, on which domain 0 is 10.1.0.1.
bridge_make() {
	ip link add xenbr0 type bridge stp_state 0 forward_delay 0
	ip addr add 10.1.0.1/24 dev xenbr0
	ip link set xenbr0 up
}

# figure NAME VALUE UNIT: what is measured, to be told at the end.
figure() { echo "figure $*" | tee -a /run/figures; }

# guest_config NAME LINE...: writes the configuration of a small guest and prints its file's name.
guest_config() {
	local name=$1 line
	shift
	{
		printf 'name = "%s"\nkernel = "%s"\nramdisk = "%s"\n' "$name" $kernel $ramdisk
		printf 'extra = "console=hvc0 loglevel=4 hostname=%s plain"\nmemory = 128\nvcpus = 1\n' "$name"
		for line; do echo "$line"; done
	} >$dir/"$name".cfg
	echo $dir/"$name".cfg
}

# guest_create NAME LINE...: creates such a guest and waits until its shell is there.
guest_create() {
	rm -f $logs/guest-"$1".log
	xl create -q "$(guest_config "$@")" && guest_up "$1"
}

# small_config NAME WORDS LINE...: the configuration of a guest that does what the words say; see guests/small.c.
small_config() {
	local name=$1 words=$2 line
	shift 2
	{
		printf 'name = "%s"\nkernel = "%s"\nextra = "%s"\nmemory = 8\nvcpus = 1\n' "$name" $dir/small "$words"
		for line; do echo "$line"; done
	} >$dir/"$name".cfg
	echo $dir/"$name".cfg
}

# small_create NAME WORDS LINE...: creates one; it is up when this ends.
small_create() {
	rm -f $logs/guest-"$1".log
	xl create -q "$(small_config "$@")" && wait_for 20 grep -q -a '^small is up' $logs/guest-"$1".log
}

# guest_up NAME [SECONDS [TIMES]]: waits for what the guest's /init prints last; once for each time that it was booted.
guest_up() {
	wait_for "${2:-60}" was_up "$1" "${3:-1}" || { tail -n 20 $logs/guest-"$1".log; return 1; }
}

was_up() { [ "$(grep -c -a "^$1 is up" $logs/guest-"$1".log 2>/dev/null)" = "$2" ]; }

# guest_run NAME COMMAND [SECONDS]: types the command in the guest's shell, prints what it printed, returns its status. What is
# typed is echoed; the marks are typed in two parts, so that only their output matches.
guest_run() {
	local log=$logs/guest-$1.log from tty status

	from=$(($(stat -c %s "$log") + 1))
	tty=$(xenstore-read "/local/domain/$(xl domid "$1")/console/tty") || return
	run_mark=$((${run_mark:-0} + 1))
	printf 'echo =be""gin%s=; %s; echo =en""d%s=$?\n' $run_mark "$2" $run_mark >"$tty"
	wait_for "${3:-30}" guest_ran "$log" "$from" || { tail -c +"$from" "$log"; return 1; }
	tail -c +"$from" "$log" | tr -d '\r' | sed -n "/^=begin$run_mark=/,/^=end$run_mark=/p" | sed '1d;$d'
	status=$(tail -c +"$from" "$log" | tr -d '\r' | sed -n "s/^=end$run_mark=//p")
	return "${status:-1}"
}
guest_ran() { tail -c +"$2" "$1" | grep -q -a "^=end$run_mark="; }

# guest_quiet NAME: the guest's kernel warns of nothing.
guest_quiet() { guest_run "$1" "! dmesg | grep -v Speculative.Return | grep -A 25 -E '$TROUBLE'"; }

gone() { ! xl domid "$1" >/dev/null 2>&1; }
guest_destroy() { xl destroy "$1" && wait_for 30 gone "$1"; }
# The state letters and the CPU time of a guest.
state() { xl list "$1" | awk 'NR == 2 { print $5 }'; }
in_state() { state "$1" | grep -q "$2"; }

# No guest is left, and all memory is back.
all_back() {
	[ "$(xl list | wc -l)" = 2 ] || { xl list; return 1; }
	wait_for 20 memory_back
}
memory_back() {
	local kib=$(free_kib)
	[ "$kib" = "$free_at_start" ] || { echo "$kib KiB are free, $free_at_start were"; return 1; }
}

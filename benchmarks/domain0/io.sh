# The script of the table of disks and networks, after guests.sh. Two guests have a shell each on their consoles; the first one
# has two disks, and talks to domain 0 and to the second one. Natively loop devices and the loopback stand for them.
#
# Prints the rows, and for each "SPENT NAME|nanoseconds of domain 0|of the first guest|of the second".

block_rows() { # RUNNER DISK ANOTHER
	for kind in read write; do
		"$1" "disk, $kind, sequential 64 KiB" block "$2" $kind sequential 64 1
		"$1" "disk, $kind, random 4 KiB, depth 1" block "$2" $kind random 4 1
		"$1" "disk, $kind, random 4 KiB, depth 32" block "$2" $kind random 4 32
	done
	"$1" "disk to disk, 64 MiB, with fsync" span dd if="$2" of="$3" bs=1M conv=fsync
}

net_rows() { # RUNNER TO ADDRESS
	for kind in tcp udp; do
		"$1" "$2, $kind round trip" net $kind latency "$3"
		"$1" "$2, $kind, a MiB" net $kind stream "$3"
	done
}

here_run() { # NAME PROGRAM WORD...
	local name=$1 program=$2
	shift 2
	wanted "$name" || return 0
	echo "bench: io: $name" >/dev/console
	/bench/"$program" "$name" "$@"
}

# guest_spent COMMAND: what it costs to have the first guest do it, in nanoseconds of domain 0, the first and the second guest: in $spent.
# The command begins when domain 0, which typed it and looked for its end, has come to rest.
guest_spent() {
	local before after
	before=$(/bench/spent 0 $id1 $id2)
	guest_type one "sleep 1; $1" || exit
	after=$(/bench/spent 0 $id1 $id2)
	# %d of busybox's ends at 31 bits.
	spent=$(echo "$before $after" | awk '{ printf "%.0f %.0f %.0f\n", $4 - $1, $5 - $2, $6 - $3 }')
}

# The CPU time is what the program costs more than nothing at all.
guest_run() {
	local name=$1 program=$2
	shift 2
	wanted "$name" || return 0
	[ -n "$nothing" ] || { guest_spent : && nothing=$spent; }
	echo "bench: io: $name" >/dev/console
	guest_spent "/bench/$program '$name' $*"
	grep -a "^ROW $name|" $logs/guest-one.log | tr -d '\r' | tail -n 1
	echo "$spent $nothing" | awk -v name="$name" '
		function more(a, b) { return a > b ? a - b : 0 }
		{ printf "SPENT %s|%.0f|%.0f|%.0f\n", name, more($1, $4), more($2, $5), more($3, $6) }'
}

# Whether a row is to be measured: its name contains one of the lines of /bench/only, or there are none.
wanted() { [ ! -s /bench/only ] || echo "$1" | grep -q -F -f /bench/only; }

shell_guest() { # NAME LINE...
	local name=$1
	shift
	xl create -q "$(guest_config "$name" /bench/vmlinux 256 'ramdisk = "/bench/ramdisk"' \
		"extra = \"console=hvc0 loglevel=4 hostname=$name plain\"" "$@")" && guest_wait "$name" "$name is up"
}

disk_make() { dd if=/dev/zero of="$1" bs=1M count=64 2>/dev/null; }
loop_make() { # LOOP FILE
	disk_make "$2" && losetup "$1" "$2"
}

native() {
	modprobe loop
	loop_make /dev/loop0 /run/disk && loop_make /dev/loop1 /run/other || exit
	block_rows here_run /dev/loop0 /dev/loop1
	/bench/net serve &
	sleep 1
	net_rows here_run "to domain 0" 127.0.0.1
	net_rows here_run "to a guest" 127.0.0.1
	kill $!
}

guests() {
	disk_make /run/disk && disk_make /run/other || exit
	ip link add xenbr0 type bridge stp_state 0 forward_delay 0
	ip addr add 10.1.0.1/24 dev xenbr0
	ip link set xenbr0 up
	shell_guest one 'vif = ["bridge=xenbr0"]' \
		'disk = ["format=raw,vdev=xvda,access=rw,target=/run/disk", "format=raw,vdev=xvdb,access=rw,target=/run/other"]' || exit
	shell_guest two 'vif = ["bridge=xenbr0"]' || exit
	id1=$(xl domid one) id2=$(xl domid two)
	guest_type one "ip addr add 10.1.0.2/24 dev eth0" || exit
	guest_type two "ip addr add 10.1.0.3/24 dev eth0; /bench/net serve >/dev/null 2>&1 & sleep 1" || exit
	/bench/net serve &
	# The cards of both are up when they answer.
	ping -c 1 -W 20 10.1.0.2 >/dev/null && ping -c 1 -W 20 10.1.0.3 >/dev/null || exit
	block_rows guest_run /dev/xvda /dev/xvdb
	net_rows guest_run "to domain 0" 10.1.0.1
	net_rows guest_run "to a guest" 10.1.0.3
	kill $!
}

# Words of domain 0's scripts that make guests; busybox's shell. What a guest prints is in the log of the consoles' daemon.

logs=/var/log/xen/console

# guest_config NAME KERNEL MIB LINE...: writes a configuration and prints its name. The guest reads the counter unhindered.
guest_config() {
	name=$1
	printf 'name = "%s"\nkernel = "%s"\nmemory = %s\nvcpus = 1\ntsc_mode = "native"\n' "$1" "$2" "$3" >/run/"$name".cfg
	shift 3
	for line; do echo "$line"; done >>/run/"$name".cfg
	echo /run/"$name".cfg
}

# guest_wait NAME WORDS [SECONDS]: until the guest's console says the words. Domain 0 looks only when a console said something, to
# leave the CPU to the guest.
guest_wait() {
	/bench/await $logs/guest-"$1".log "$2" ${3:-2000} && return
	echo "the guest $1 did not say '$2'" >&2
	tail -n 30 $logs/guest-"$1".log >&2
	return 1
}

# linux_run NAME MIB [LINE...]: a guest of Debian's kernel runs its command; prints what its console said, and waits for its end.
linux_config() {
	name=$1 mib=$2
	shift 2
	guest_config "$name" /bench/vmlinux "$mib" 'ramdisk = "/bench/ramdisk"' \
		'extra = "console=hvc0 loglevel=4 rdinit=/bench/first -- /bench/guest"' "$@"
}
linux_run() {
	xl create -q "$(linux_config "$@")" || return
	guest_wait "$1" "GUEST ENDED" || return
	grep -q -a "GUEST ENDED 0" $logs/guest-"$1".log || { tail -n 30 $logs/guest-"$1".log >&2; return 1; }
	tr -d '\r' <$logs/guest-"$1".log
	for _ in $(seq 100); do
		xl domid "$1" >/dev/null 2>&1 || return 0
		sleep 1
	done
}

# guest_type NAME COMMAND: types it at the guest's shell, which sample's /init has on the console, and waits for its end.
guest_type() {
	mark=$((${mark:-0} + 1))
	printf '%s; echo =en""d%s=\n' "$2" $mark >"$(xenstore-read "/local/domain/$(xl domid "$1")/console/tty")"
	guest_wait "$1" "=end$mark="
}

# The test of a network card, for every card the same.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

net_test() { # CARD
	http_start
	head -c 8M /dev/urandom >"$scratch/www/file"
	dom0 --net "$1" --cpus 2 "
		ping -c 3 -W 5 10.0.2.2 >/run/ping && echo ping yes
		wget -q -O /tmp/file http://10.0.2.2:$http_port/file
		echo sum \$(sha256sum </tmp/file | cut -c1-64)
		card=\$(ls -d /sys/class/net/*/device | head -n 1 | cut -d/ -f5)
		cat /proc/interrupts
		# On virtio cards the vectors are named by the device, on others by the interface.
		grep -i msi /proc/interrupts | grep -E \"\$card|virtio\" | awk '{ sum += \$2 + \$3 } END { print \"msi\", (sum > 0) }'
		echo vectors \$(ls /sys/class/net/\$card/device/msi_irqs /sys/class/net/\$card/device/../msi_irqs 2>/dev/null | grep -c '^[0-9]')
		echo trouble \$($trouble_count)"
	expect_status 0
	expect_equal "ping of the gateway" "$(field ping)" yes
	expect_equal "the file fetched over HTTP" "$(field sum)" "$(sha256sum <"$scratch/www/file" | cut -c1-64)"
	expect_equal "interrupts by MSI-X" "$(field msi)" 1
	[ "$(field vectors)" -ge 2 ] || fail_test "the card has $(field vectors) interrupt vectors; MSI-X gives it more"
	expect_equal "the kernel's warnings" "$(field trouble)" 0
}

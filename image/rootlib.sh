# What the makers of initramfs archives share: domain 0's root and the sample guest's. They set kernel_dir (see image/kernel).

skeleton_put() { # ROOT
	local root=$1 name

	mkdir -p "$root"/usr/{bin,sbin,lib,lib64,lib32,libx32} "$root"/{dev,proc,sys,run/lock,tmp,root,mnt,etc,var/log}
	for name in bin sbin lib lib64 lib32 libx32; do
		ln -s "usr/$name" "$root/$name"
	done
	ln -s ../run "$root/var/run"
	ln -s ../run/lock "$root/var/lock"
	printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
	printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
	printf '127.0.0.1 localhost\n' >"$root/etc/hosts"
	ln -sf /proc/mounts "$root/etc/mtab"
	chmod 1777 "$root/tmp"
}

# What is no use in a machine that lives for one session stays out, as do the packages' own installation records.
packages_put() { # ROOT DEB...
	local root=$1 deb
	shift

	for deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -C "$root" -x --keep-directory-symlink --no-same-owner \
			--exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='./usr/share/locale' \
			--exclude='./usr/share/info' --exclude='*/gconv' --exclude='./usr/share/lintian' --exclude='./usr/share/bug'
	done
	# Names that the packages' scripts would have made.
	[ ! -e "$root/usr/bin/gcc" ] || ln -sf gcc "$root/usr/bin/cc"
	[ ! -e "$root/usr/bin/g++" ] || ln -sf g++ "$root/usr/bin/c++"
}

# Busybox gives every command that no package brought. It is Debian's dynamic build: the shell of the static one prefers its
# own commands to those that it finds in the path.
busybox_put() { # ROOT
	local applet name

	# Busybox's own signal the first process, which is a shell here and busy with another one.
	for name in poweroff reboot halt; do
		[ -e "$1/usr/sbin/$name" ] || [ -L "$1/usr/sbin/$name" ] || {
			printf '#!/bin/sh\nsync\nexec busybox %s -f\n' "$name" >"$1/usr/sbin/$name"
			chmod +x "$1/usr/sbin/$name"
		}
	done
	# The kernel calls this one by its full name.
	[ -e "$1/usr/sbin/modprobe" ] || ln -s ../bin/busybox "$1/usr/sbin/modprobe"
	for applet in $("$1/usr/bin/busybox" --list); do
		[ -e "$1/usr/bin/$applet" ] || [ -e "$1/usr/sbin/$applet" ] || [ -L "$1/usr/bin/$applet" ] ||
			ln -s busybox "$1/usr/bin/$applet"
	done
}

# Prints the paths, within the modules' folder, of the modules that a list names and of those that they need.
module_files() { # MODULES-FOLDER LIST
	sed 's/#.*//' "$2" | tr -s ' \t' '\n' | grep . | awk -v dep="$1/modules.dep" '
		BEGIN {
			while ((getline line < dep) > 0) {
				count = split(line, part, /:? +|:$/)
				name = part[1]
				sub(/.*\//, "", name)
				sub(/\.ko.*/, "", name)
				gsub(/-/, "_", name)
				files[name] = line
			}
		}
		{ gsub(/-/, "_"); if ($0 in files) print files[$0] }' | tr -s ': ' '\n' | grep . | sort -u
}

modules_put() { # ROOT LIST
	local tree=$kernel_dir/modules release

	release=$(cat "$kernel_dir/release")
	mkdir -p "$1/usr/lib/modules/$release"
	module_files "$tree" "$2" | tar -C "$tree" -cf - --files-from=- | tar -C "$1/usr/lib/modules/$release" -xf -
	cp "$tree"/modules.{order,builtin,builtin.modinfo} "$1/usr/lib/modules/$release/"
	depmod -b "$1/usr" "$release"
}

archive_make() { # ROOT FILE
	find "$1" -exec touch -h -d @0 {} +
	(cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --reproducible --quiet) >"$2"
}

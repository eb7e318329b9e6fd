# What the image tools share: messages, the cache of downloads, and publishing a finished file.
#
# Everything that comes from Debian's archive is kept in one cache outside the tree, so that a second call downloads
# and builds nothing again. A file in the cache is complete or absent: it is made under a temporary name and renamed,
# and makers of the same file wait for each other on one lock.

set -euo pipefail

image_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top_dir=$(dirname "$image_dir")

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$*"; exit 1; }

# The cache: HOSPES_CACHE, or /var/cache/hospes where that can be written, or the user's own cache.
cache_choose() {
	local dir=${HOSPES_CACHE:-/var/cache/hospes}

	if ! mkdir -p "$dir" 2>/dev/null || [ ! -w "$dir" ]; then
		[ -z "${HOSPES_CACHE:-}" ] || die "$dir: the cache (HOSPES_CACHE) cannot be written"
		dir=${XDG_CACHE_HOME:-$HOME/.cache}/hospes
		mkdir -p "$dir" || die "$dir: the cache cannot be made; name another in HOSPES_CACHE"
	fi
	printf '%s\n' "$dir"
}

# Waits for the cache's lock and holds it until this shell ends. A tool that was called by the holder has it already.
cache_lock() {
	[ "${HOSPES_CACHE_LOCKED:-}" = "$cache" ] && return
	exec {cache_lock_fd}>"$cache/lock"
	flock "$cache_lock_fd"
	export HOSPES_CACHE_LOCKED=$cache
}

# The first words of a checksum over the arguments and standard input: a name for a file made from them.
key_of() { { printf '%s\n' "$@"; cat; } | sha256sum | cut -c1-16; }

cache=$(cache_choose)

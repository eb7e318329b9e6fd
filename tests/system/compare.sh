# For tests that compare what stock tools answer on Hospes and on Debian's Xen: the same script runs in domain 0 on both.
#
#   answers_beside_xen KNOWN [OPTION OF ./run...] <<'CHECKS'
#
# The script is in the words of dom0-checks.sh, and one more, `answer`. Each answer is the same on both, but for those that the
# file KNOWN lists; see compare-answers. HYPERVISOR=xen asks Xen alone.

. "$(dirname "${BASH_SOURCE[0]}")/xl.sh"

answers_words() {
	cat <<'WORDS'
# Debian's wrapper only looks for the version of the hypervisor: it takes longer under emulation than most commands.
PATH=/usr/lib/xen-4.17/bin:$PATH
# answer COMMAND: does a command line and prints it, what it said, and its status; on the console too, as it goes.
answer() {
	echo "=== $1" | tee /dev/console
	(eval "$1") </dev/null >/run/answer 2>&1
	answer_status=$?
	tr -d '\r' </run/answer | sed 's/^/| /' | tee /dev/console
	echo "= $answer_status" | tee /dev/console
}
WORDS
}

# answers_from HYPERVISOR OPTION...: the answers go to TEST_LOGS too, for whoever wants to compare by eye.
answers_from() {
	local HYPERVISOR=$1

	shift
	xl_test "$@" <<<"$(answers_words; cat)"
	printf '%s\n' "$output" >"$TEST_LOGS/$TEST_NAME.$HYPERVISOR.answers"
}

answers_beside_xen() {
	local known=$1 script

	shift
	script=$(cat)
	[ "$HYPERVISOR" = xen ] || answers_from "$HYPERVISOR" "$@" <<<"$script"
	answers_from xen "$@" <<<"$script"
	[ "$HYPERVISOR" = xen ] || "$top/tests/system/compare-answers" "$TEST_LOGS/$TEST_NAME."{hospes,xen}.answers "$known"
}

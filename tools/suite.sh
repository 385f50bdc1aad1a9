#!/usr/bin/env bash
# Runs one test suite, shows its output, counts its tests and notes them in $RESULTS (default
# build/results.tsv: name, passed, failed, seconds). Always exits 0, so that the next suite runs
# too: tools/summary.sh gives the verdict.
# Usage: tools/suite.sh NAME KIND COMMAND...
#   KIND cmocka: cmocka's own output
#        node:   node --test with the spec reporter
#        check:  a command that is one test: it passes when it exits 0
# A suite that exits non-zero with no failed test (a crash, a time-out), or that ran no test, has
# one failed test. Sanitizer reports in the folder $REPORTS, which programs started by a test may
# have left there, are failed tests too.
set -uo pipefail
cd "$(dirname "$0")/.."

name=$1 kind=$2
shift 2
results=${RESULTS:-build/results.tsv}
log=build/log/$name.log
mkdir -p build/log
[ -z "${REPORTS:-}" ] || { rm -rf "$REPORTS" && mkdir -p "$REPORTS"; }

# Sum of the numbers that PATTERN, a sed expression with one group, finds in the log.
S_sum()
{
    sed -nE "s/$1/\1/p" "$log" | awk '{ n += $1 } END { print n + 0 }'
}

began=$EPOCHREALTIME
timeout --kill-after=10 "${SUITE_SECONDS:-1800}" "$@" </dev/null 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
seconds=$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
[ "$status" -ne 124 ] || echo "$name: stopped after ${SUITE_SECONDS:-1800} s"

case $kind in
cmocka)
    passed=$(grep -c '^\[       OK \]' "$log")
    failed=$(S_sum '^\[  FAILED  \].* ([0-9]+) test\(s\), listed below.*')
    ;;
node)
    # A file without a test counts as one that passed, for node; here it is one that failed.
    empty=$(grep -cE '^✔ .*\.test\.mjs \(' "$log")
    passed=$(($(S_sum '^ℹ pass ([0-9]+)$') - empty))
    failed=$(($(S_sum '^ℹ fail ([0-9]+)$') + $(S_sum '^ℹ cancelled ([0-9]+)$') + empty))
    ;;
check)
    passed=$((status == 0))
    failed=$((status != 0))
    ;;
*)
    echo "tools/suite.sh: cmocka, node or check, not '$kind'" >&2
    exit 2
    ;;
esac

if [ -n "${REPORTS:-}" ]; then
    for report in "$REPORTS"/*; do
        [ -f "$report" ] || continue
        head -n 60 "$report"
        failed=$((failed + 1))
    done
fi
if [ "$failed" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$passed" -eq 0 ]; }; then
    [ "$status" -ne 0 ] || echo "$name: no test was run"
    failed=1
fi

echo "suite $name: $passed passed, $failed failed, $seconds s"
printf '%s\t%d\t%d\t%s\n' "$name" "$passed" "$failed" "$seconds" >>"$results"

#!/usr/bin/env bash
# Adds up the suites noted by tools/suite.sh. Its last line is `N passed, N failed`, alone; exits
# non-zero when a test failed or none was run.
# Usage: tools/summary.sh RESULTS...
set -euo pipefail
cd "$(dirname "$0")/.."

for file in "$@"; do
    [ -f "$file" ] || echo "$file: not there, its suites did not run" >&2
done
cat -- "$@" 2>/dev/null | awk -F '\t' -v files="$#" '
    { passed += $2; failed += $3 }
    $3 > 0 { printf "failed suite: %s (%d of %d)\n", $1, $3, $2 + $3 }
    END {
        printf "%d passed, %d failed\n", passed, failed
        exit (failed > 0 || passed == 0)
    }'

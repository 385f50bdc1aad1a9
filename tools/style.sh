#!/usr/bin/env bash
# The house style a machine can check: layout as .clang-format says, functions of at most 70 lines,
# files of at most 600, every unit test in the list. Prints each offender as path:line: what.
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t sources < <(find src -name '*.[ch]' | sort)
mapfile -t others < <(find tools tests web .ci -name node_modules -prune -o -type f \
    \( -name '*.sh' -o -name '*.mjs' -o -name '*.js' -o -name '*.ts' -o -name '*.vue' \
    -o -path .ci/run \) -print 2>/dev/null | sort)
bad=0

clang-format --dry-run -Werror "${sources[@]}" || bad=1

# The body of a function is what stands between a brace in the first column and its end.
awk '
    FNR == 1 { start = 0 }
    /^\{/ { start = FNR }
    /^\}/ {
        if (start && FNR - start - 1 > 70) {
            printf "%s:%d: function of %d lines, 70 are allowed\n", FILENAME, start, FNR - start - 1
            bad = 1
        }
        start = 0
    }
    END { exit bad }' "${sources[@]}" || bad=1

awk '
    function S_close() {
        if (lines > 600) {
            printf "%s:1: file of %d lines, 600 are allowed\n", name, lines
            bad = 1
        }
    }
    FNR == 1 { S_close(); name = FILENAME }
    { lines = FNR }
    END { S_close(); exit bad }' "${sources[@]}" "${others[@]}" || bad=1

for file in $(find src -name '*_test.c' | sort); do
    for name in $(sed -nE 's/^int ([a-z0-9_]+)_tests\(void\)$/\1/p' "$file"); do
        if ! grep -qE "X\($name\)" src/test.h; then
            echo "$file:1: X($name) is missing in src/test.h, so its tests never run"
            bad=1
        fi
    done
done

exit "$bad"

#!/usr/bin/env bash
# Writes C source that embeds files into the program, to standard output.
# Usage: tools/embed.sh migrations SQL...    declared in src/store/migrations.h
#        tools/embed.sh assets ROOT FILE...  declared in src/http/assets.h; FILE is under ROOT
set -euo pipefail
export LC_ALL=C # byte order, the same on every machine

S_migrations()
{
    local path base version last=0 count=0
    echo '#include "store/migrations.h"'
    echo 'const struct migration migrations[] = {'
    for path in "$@"; do
        base=$(basename "$path" .sqlite.sql)
        if ! [[ $base =~ ^([0-9]{4})_([a-z0-9_]+)$ ]]; then
            echo "tools/embed.sh: $path is not named NNNN_name.sqlite.sql" >&2
            exit 1
        fi
        version=$((10#${BASH_REMATCH[1]}))
        # Forward only, none missing: a gap is a lost file, a repeat is two people's same number.
        if [ "$version" -ne $((last + 1)) ]; then
            echo "tools/embed.sh: $path should have number $((last + 1))" >&2
            exit 1
        fi
        last=$version count=$((count + 1))
        printf '    {%d, "%s",\n' "$version" "${BASH_REMATCH[2]}"
        # A question mark is escaped for trigraphs, which C17 still has.
        sed -e 's/[\\"?]/\\&/g' -e 's/^/     "/' -e 's/$/\\n"/' "$path"
        echo '    },'
    done
    echo '    {0, NULL, NULL},'
    echo '};'
    echo "const size_t migration_count = $count;"
}

S_type()
{
    case $1 in
    *.html) echo 'text/html; charset=utf-8' ;;
    *.css) echo 'text/css; charset=utf-8' ;;
    *.js | *.mjs) echo 'text/javascript; charset=utf-8' ;;
    *.json) echo 'application/json' ;;
    *.webmanifest) echo 'application/manifest+json' ;;
    *.svg) echo 'image/svg+xml' ;;
    *.png) echo 'image/png' ;;
    *.jpg) echo 'image/jpeg' ;;
    *.webp) echo 'image/webp' ;;
    *.ico) echo 'image/vnd.microsoft.icon' ;;
    *.txt) echo 'text/plain; charset=utf-8' ;;
    *)
        echo "tools/embed.sh: no media type known for $1" >&2
        return 1
        ;;
    esac
}

S_assets()
{
    local root=$1 path name type n=0
    shift
    local rows=()
    echo '#include "http/assets.h"'
    for path in "$@"; do
        name=${path#"$root"/}
        type=$(S_type "$name")
        # A page is asked for without its suffix, the first one as /.
        name=${name%.html}
        [ "$name" != index ] || name=
        # An array needs an element: a NUL past the end, which the size leaves out.
        echo "static const unsigned char data_$n[] = {"
        od -An -v -tx1 "$path" | sed -e 's/ \(..\)/0x\1,/g'
        echo '0};'
        rows+=("    {\"/$name\", \"$type\", data_$n, sizeof data_$n - 1},")
        n=$((n + 1))
    done
    echo 'const struct asset assets[] = {'
    [ "$n" -eq 0 ] || printf '%s\n' "${rows[@]}"
    echo '    {NULL, NULL, NULL, 0},'
    echo '};'
    echo "const size_t asset_count = $n;"
}

kind=$1
shift
case $kind in
migrations) S_migrations "$@" ;;
assets) S_assets "$@" ;;
*) echo "tools/embed.sh: migrations or assets, not '$kind'" >&2; exit 2 ;;
esac

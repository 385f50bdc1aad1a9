#!/usr/bin/env bash
# Takes files out of an npm package pinned in tools/pins.txt, by version and sha512. A package file
# already in build/npm/ and right is used without the network; a wrong one is never unpacked.
# Usage: tools/fetch.sh PACKAGE DIR FILE...    FILE is a path in the package; it lands in DIR
set -euo pipefail
cd "$(dirname "$0")/.."

name=$1 dir=$2
shift 2
read -r version sha512 < <(awk -v name="$name" '$1 == name { print $2, $3 }' tools/pins.txt) || {
    echo "tools/fetch.sh: $name is not in tools/pins.txt" >&2
    exit 1
}
cache=build/npm
file=$cache/$name-$version.tgz

S_right()
{
    [ -f "$1" ] && echo "$sha512  $1" | sha512sum --check --status
}

mkdir -p "$cache" "$dir"
work=$(mktemp -d "$cache/.$name.XXXXXX")
trap 'rm -rf "$work"' EXIT

if ! S_right "$file"; then
    # Only an npm client knows where the registry is (and any mirror this machine is set to).
    tools/deps.sh npm
    echo "Fetching $name $version from npm"
    npm pack --loglevel=error --ignore-scripts --pack-destination "$work" "$name@$version" \
        </dev/null >/dev/null
    if ! S_right "$work/$name-$version.tgz"; then
        echo "tools/fetch.sh: $name $version is not the file pinned in tools/pins.txt" >&2
        exit 1
    fi
    mv -f "$work/$name-$version.tgz" "$file"
fi

tar -xzf "$file" -C "$work" --no-same-owner "${@/#/package/}"
for path in "$@"; do
    # Newer than the pins, so that make sees it as done.
    touch "$work/package/$path"
    mv -f "$work/package/$path" "$dir/"
done

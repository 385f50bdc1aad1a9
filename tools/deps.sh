#!/usr/bin/env bash
# Installs the Debian 12 packages Linli needs, only those that are missing: when none is, it needs
# neither the network nor root.
# Usage: tools/deps.sh GROUP...    groups: build, test, lint, npm
set -euo pipefail
cd "$(dirname "$0")/.."

build="gcc libc6-dev make pkg-config curl ca-certificates xz-utils libevent-dev libjansson-dev
       libsodium-dev libfyaml-dev libgeos-dev libssl-dev zlib1g-dev libcurl4-openssl-dev"
test="libcmocka-dev clang-format chromium"
lint="clang-tidy cppcheck"
npm="npm ca-certificates"

# Make may start several of these at once; apt allows one.
mkdir -p build
exec 9>build/.deps.lock
flock 9

# The packages of the groups that are not installed, one a line.
S_missing()
{
    local group wanted=()
    for group in "$@"; do
        # An npm from elsewhere than Debian serves as well.
        [ "$group" = npm ] && command -v npm >/dev/null && continue
        read -r -d '' -a list <<<"${!group}" || true
        wanted+=("${list[@]}")
    done
    [ "${#wanted[@]}" -gt 0 ] || return 0
    comm -23 <(printf '%s\n' "${wanted[@]}" | sort -u) \
        <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null |
            sed -n 's/^installed //p' | sort -u)
}

for group in "$@"; do
    case $group in
    build | test | lint | npm) ;;
    *) echo "tools/deps.sh: no group '$group' (build, test, lint, npm)" >&2; exit 2 ;;
    esac
done

mapfile -t missing < <(S_missing "$@")
[ "${#missing[@]}" -gt 0 ] || exit 0

echo "Installing Debian packages: ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Not root and no sudo here. As root, run: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120)
{
    "${as_root[@]}" update
    "${as_root[@]}" install -y --no-install-recommends "${missing[@]}"
} >build/deps.log 2>&1 </dev/null || {
    tail -n 20 build/deps.log >&2
    echo "Could not install: ${missing[*]} (all of it in build/deps.log)" >&2
    exit 1
}

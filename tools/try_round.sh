#!/usr/bin/env bash
# One matter's whole round against a running server (点单—派单—交单—核实—评价): an anonymous report,
# dispatch by the secretary, submit by the handler, verify, and rating with the tracking code.
#   tools/try_round.sh URL SECRETARY_LINK HANDLER_LINK
# The links are one-time sign-in links, as `linli demo` and `linli user link` print them.
set -euo pipefail

[ $# -eq 3 ] || { sed -n '2,5s/^# //p' "$0" >&2; exit 2; }
url=${1%/}

# post PATH JSON [TOKEN]
post() {
    curl -sS --fail-with-body -H 'Content-Type: application/json' ${3:+-H "Authorization: Bearer $3"} \
        -H "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" -d "$2" "$url$1" ||
        { echo >&2; echo "POST $1 was refused" >&2; exit 1; }
}
# first NAME JSON: the first text of that name.
first() { grep -oE "\"$1\":\"[^\"]*\"" <<<"$2" | sed -n '1s/.*:"\(.*\)"$/\1/p'; }
expect() { # expect STAGE REPLY
    [ "$(first stage "$2")" = "$1" ] || { echo "expected stage $1: $2" >&2; exit 1; }
    echo "$(first number "$2") $1"
}

reply=$(post /api/sessions "{\"link\":\"${2##*/}\"}")
secretary=$(first token "$reply") unit=$(first unit "$reply")
reply=$(post /api/sessions "{\"link\":\"${3##*/}\"}")
handler=$(first token "$reply") party=$(first party "$reply")

reply=$(post /api/matters '{"kind":"repair","category":"demand.street-lamp","title":"沿河路路灯不亮","unit":"'"$unit"'"}')
expect new "$reply"
matter=$(first id "$reply") code=$(first tracking_code "$reply")
acts=/api/matters/$matter/acts

expect doing "$(post "$acts" '{"act":"dispatch","to":"'"$party"'"}' "$secretary")"
expect done "$(post "$acts" '{"act":"submit","text":"灯已换好，试亮正常。"}' "$handler")"
expect handled "$(post "$acts" '{"act":"verify"}' "$secretary")"
reporter=$(first token "$(post /api/sessions "{\"tracking\":\"$code\"}")")
reply=$(post "$acts" '{"act":"rate","solved":true,"score":5,"text":"亮了，谢谢！"}' "$reporter")
expect closed "$reply"
[ "$(first outcome "$reply")" = solved ] || { echo "expected outcome solved: $reply" >&2; exit 1; }

#!/bin/sh
# Chats with curl alone.
#   examples/chat.sh hear attic         joins the room and prints its messages as they arrive
#   examples/chat.sh say attic Hello    sends a message; a retry is still delivered only once
#   examples/chat.sh poll attic         reads without a stream, from one cursor to the next
set -u
usage() {
  sed -n '2,5s/^# //p' "$0" >&2
  exit 2
}
[ $# -ge 2 ] || usage
url=${EARSHOT_URL:-http://localhost:8080}/rooms/$2/messages

case $1 in
  hear)
    exec curl -sSN -H 'Accept: text/event-stream' "${url%/messages}"
    ;;
  say)
    [ $# -ge 3 ] || usage
    exec curl -sS --retry 5 --retry-connrefused -H "Idempotency-Key: $(date +%s)-$$" \
      --data-urlencode "message=$3" "$url"
    ;;
  poll)
    cursor=
    # Each response ends with the cursor of the next one, and arrives with a message or after 25 s.
    while page=$(curl -sSf "$url?wait=25000${cursor:+&after=$cursor}"); do
      printf '%s\n' "$page"
      cursor=$(printf '%s' "$page" | sed -n 's|.*"epoch":"\([^"]*\)","offset":\([0-9]*\).*|\1:\2|p')
    done
    ;;
  *) usage ;;
esac

#!/bin/sh
# A chat with curl alone.
#   examples/chat.sh hear attic         joins the room and shows its messages, as a stream
#   examples/chat.sh say attic Hello    sends a message; retries do not deliver it twice
#   examples/chat.sh poll attic         shows the messages by long polls, with cursors
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
    # Each answer arrives with the next message or after 25 s, and ends with the cursor for the next poll.
    while page=$(curl -sSf "$url?wait=25000${cursor:+&after=$cursor}"); do
      printf '%s\n' "$page"
      cursor=$(printf '%s' "$page" | sed -n 's|.*"epoch":"\([^"]*\)","offset":\([0-9]*\).*|\1:\2|p')
    done
    ;;
  *) usage ;;
esac

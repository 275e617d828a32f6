#!/bin/sh
# Publishes a message and prints its place: EARSHOT_URL=… EARSHOT_KEY=… publish.sh ROOM MESSAGE KEY
# ROOM and MESSAGE are JSON: publish.sh '"attic"' '{"price":7}' price-31
set -eu
answer=$(curl -sS --max-time 10 --retry 3 --fail-with-body "$EARSHOT_URL/admin/publish" \
  -H "Authorization: Bearer $EARSHOT_KEY" \
  -H 'Content-Type: application/json' \
  -H "Idempotency-Key: $3" \
  -d "{\"messages\":[{\"room\":$1,\"message\":$2}]}") || { echo "$answer" >&2; exit 1; }
place=$(echo "$answer" | sed -n 's/.*"room":"\(.*\)","epoch":"\(.*\)","offset":\([0-9]*\).*/\1 \2:\3/p')
[ -n "$place" ] || { echo "$answer" >&2; exit 1; }
echo "$place"

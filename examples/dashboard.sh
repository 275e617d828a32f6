#!/bin/sh
# A live dashboard: a server with a page, and a publisher that sends this machine's load each second.
#   examples/dashboard.sh, and then http://localhost:8080/public/dashboard.html
KEY='k1 HS256 put-a-long-random-text-of-your-own-here'
RULE='metrics.* say=token slowConsumers=conflate conflateBy=host'
./earshot --http 8080 --set httpServer.publicFolder=examples/dashboard \
  --set tokens.keys="$KEY" --set rooms.rules="$RULE" &
SERVER=$!
trap 'kill $SERVER' EXIT
trap exit INT TERM

# The token allows the publisher to send to these rooms; all others can only listen.
TOKEN=$(./earshot token --room 'metrics.*' --identity publisher --can say --set tokens.keys="$KEY")
while sleep 1; do
  LOAD=$(LC_ALL=C uptime | sed 's/.*load average[s]*: *\([0-9.]*\).*/\1/')
  curl -sS -o /dev/null --retry 9 --retry-connrefused \
    -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
    -d "{\"message\":{\"host\":\"$(uname -n)\",\"load\":$LOAD}}" \
    http://localhost:8080/rooms/metrics.load/messages
done

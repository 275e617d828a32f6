#!/bin/sh
# Copies the history of a running server, as an archive that another machine can start from:
#   sh docs/backup.sh HISTORY-FOLDER NEW-FOLDER --config earshot.yaml
# A second server reads the copy and stops; that ends the copy as a clean stop ends a folder. The
# options are those of the server, since its rules say how much history a room has. With a package,
# write earshot for ./earshot.
set -eu
from=$1 to=$2
shift 2
mkdir "$to" # which must be a new folder
cp -R "$from/." "$to"
: >"$to.log"
./earshot "$@" --tcp 0 --http 0 --bind 127.0.0.1 --set management.enabled=false --set redis.url= \
  --set rooms.historyFolder="$to" >>"$to.log" 2>&1 &
server=$!
tries=0
until grep -q 'is listening' "$to.log"; do
  tries=$((tries + 1))
  if [ $tries -gt 3000 ]; then # five minutes
    kill "$server" 2>/dev/null
  fi
  kill -0 "$server" 2>/dev/null || { cat "$to.log" >&2; exit 1; }
  sleep 0.1
done
kill "$server"
wait "$server"
if ! grep 'history: ' "$to.log" || grep -Eq 'begin new epochs|history in memory' "$to.log"; then
  echo "backup: the copy is not complete, make another: $(cat "$to.log")" >&2
  exit 1
fi

#!/bin/sh
# Starts the bare server, and HAProxy in front of it: serve.sh BARE PORT PORT_OF_BARE CERTIFICATE_AND_KEY
# The bench ends both, since the bare server is a child of HAProxy's process.
set -eu
"$1" "$3" ws &
export BENCH_PORT="$2" BENCH_BACK="$3" BENCH_PEM="$4"
exec haproxy -db -f "$(dirname "$0")/haproxy.cfg"

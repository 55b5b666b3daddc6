#!/bin/sh
# SPDX-License-Identifier: MIT
# Starts `make sim` as a user does, waits for its ready line, ends it as Ctrl-C would.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
: > "$folder/out"
make sim ARGS="--headless --state $folder/state" > "$folder/out" &
sim=$!
until grep '^ready ' "$folder/out"; do
    kill -0 "$sim" # ends the script when there is nothing to wait for any more
    sleep 0.1
done
kill -INT "$(cat "$folder/state/lock")"
wait "$sim"

#!/usr/bin/env bash
# Classifies all held-out digits over and over on one development chain, for MINUTES (60 without an
# argument), and checks every answer against the engine. Prints the node's memory after each round.
#
#   .ci/long/soak.sh [MINUTES]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"

minutes=${1:-60}
"$root/scripts/setup.sh"
cd "$root"
cargo build --release --locked --workspace --bins --examples

directory=$(mktemp -d "${TMPDIR:-/tmp}/noema-soak.XXXXXX")
trap 'stop_dev_node; rm -rf "$directory"' EXIT
trap 'exit 130' INT TERM
start_dev_node "$directory"

rounds=0
failed=0
end=$((SECONDS + minutes * 60))
while [ "$SECONDS" -lt "$end" ]; do
	rounds=$((rounds + 1))
	"$target/release/examples/digits" --url "$node_url" --show 0 >"$directory/round" 2>&1 || {
		failed=$((failed + 1))
		tail -n 20 "$directory/round"
	}
	if ! kill -0 "$node_pid" 2>/dev/null; then
		tail -n 50 "$directory/node.log"
		echo "the node has ended"
		failed=$((failed + 1))
		break
	fi
	resident=$(awk '/^VmRSS:/ { print int($2 / 1024) }' "/proc/$node_pid/status")
	echo "round $rounds, $SECONDS s: node holds $resident MiB; $(grep '^answers' "$directory/round" || true)"
done
echo "$((rounds - failed)) passed, $failed failed"
[ "$failed" = 0 ]

#!/usr/bin/env bash
# Starts a network on this machine, for jobs: four validators, five hosts and a watcher, on free ports
# of the loopback, with development keys. Bonds the hosts, so that they take every model that is
# registered from then on, and goes on until it is interrupted. Then nothing is left of it.
#
#   scripts/network.sh
#
# What it starts is listed once it is ready; the logs are in the folder that it names.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case ${1:-} in
	"") ;;
	-h | --help)
		sed -nE '2,/^set /{s/^# ?//p}' "${BASH_SOURCE[0]}"
		exit
		;;
	*) die "usage: scripts/network.sh" ;;
esac

"$root/scripts/setup.sh"
cd "$root"

say "Building the node and the command-line tool (long the first time)"
cargo build --release --locked --workspace --bins --examples
node=$target/release/noema-node
noema=$target/release/noema

directory=$(mktemp -d "${TMPDIR:-/tmp}/noema-network.XXXXXX")
pids=()
finish() {
	[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
	wait
	rm -rf "$directory"
}
trap finish EXIT
trap 'exit 130' INT TERM

# The local chain, with two more authorities: their accounts and ed25519 keys, as
# `noema-node key inspect` prints them for //Charlie and //Dave.
charlie=5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y
charlie_grandpa=5DbKjhNLpqX3zqZdNBc9BGb4fHU1cRBaDhJUskrvkwfraDi6
dave=5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy
dave_grandpa=5ECTwv6cZ5nJQPk6tWfaTrEk8YH2L7X1VT4EL5Tx2ikfFwb7
authority() { printf '["%s", "%s", {"babe": "%s", "grandpa": "%s"}],' "$1" "$1" "$1" "$2"; }
more=$(authority "$charlie" "$charlie_grandpa")$(authority "$dave" "$dave_grandpa")
"$node" export-chain-spec --chain local >"$directory/local.json" 2>/dev/null
sed -E "s/\"id\": \"noema_local\"/\"id\": \"noema_local_four\"/; s/\"keys\": \\[/&$more/" \
	"$directory/local.json" >"$directory/four.json"
grep -q "$dave_grandpa" "$directory/four.json" ||
	die "the specification of the local chain names its authorities in another way than expected"

# A port that nobody listens on: the first validator's, so that the others find it.
port=30333
while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
printf '%064x' 1 >"$directory/node-key"
first=/ip4/127.0.0.1/tcp/$port/p2p/$("$node" key inspect-node-key --file "$directory/node-key")

table=$directory/table
names=()
count=0
# start NAME ARGUMENT...: starts a node and adds it to the table.
start() {
	local name=$1 listen=/ip4/127.0.0.1/tcp/0
	shift
	count=$((count + 1))
	if [ "$count" = 1 ]; then
		listen=/ip4/127.0.0.1/tcp/$port
	else
		set -- "$@" --bootnodes "$first"
	fi
	mkdir "$directory/$name"
	"$node" --chain "$directory/four.json" --base-path "$directory/$name/data" --rpc-port 0 \
		--node-key "$(printf '%064x' "$count")" --listen-addr "$listen" --no-mdns --no-prometheus \
		--no-telemetry --name "$name" "$@" >"$directory/$name/log" 2>&1 &
	pids+=("$!")
	names+=("$name")
	await_rpc "$!" "$directory/$name/log"
	[ "$count" = 1 ] && network_url=$rpc_url
	printf '%-16s %-24s %s\n' "$name" "$rpc_url" "$directory/$name/log" >>"$table"
}

say "Starting ten nodes"
for name in alice bob charlie dave; do
	start "$name" "--$name"
done
hosts=(Alice Bob Charlie Dave Eve)
for name in "${hosts[@]}"; do
	start "host-${name,,}" --host "//$name//stash"
done
start watcher --watch //Ferdie

say "Bonding the hosts"
for name in "${hosts[@]}"; do
	as=(--suri "//$name//stash" --url "$network_url" --quiet --json)
	"$noema" host bond 10000 "${as[@]}" >/dev/null
	"$noema" host terms --price 5 --capacity 8 --standing 100 "${as[@]}" >/dev/null
done
"$noema" host list --url "$network_url"

printf '\n%-16s %-24s %s\n' node JSON-RPC log
cat "$table"
cat <<TEXT

For example, in another terminal:

  export NOEMA_URL=$network_url NOEMA_SURI=//One
  target/release/noema model register examples/digits/digits.onnx --name digits --version 1
  target/release/noema job request digits@1 --input 'image=examples/digits/heldout.npz:images[0]'

It goes on until it is interrupted.
TEXT
# As soon as a node ends by itself, so does the network.
wait -n || true
for i in "${!pids[@]}"; do
	kill -0 "${pids[i]}" 2>/dev/null || tail -n 20 "$directory/${names[i]}/log" >&2
done
die "a node has ended; its last lines are above"

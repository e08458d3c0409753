# Shared by the scripts beside it; to be sourced, from bash with `set -u`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
case $target in /*) ;; *) target=$root/$target ;; esac
export CARGO_TARGET_DIR=$target

# Where rustup and cargo put their binaries, for shells that have not been started anew since.
case ":$PATH:" in
	*":${CARGO_HOME:-$HOME/.cargo}/bin:"*) ;;
	*) PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH ;;
esac

say() { printf '\n==> %s\n' "$*"; }

die() {
	printf 'error: %s\n' "$*" >&2
	exit 1
}

# await_rpc PID LOG: waits until the node of this process, which writes to LOG, answers JSON-RPC. Sets
# rpc_url.
await_rpc() {
	local pid=$1 log=$2 deadline=$((SECONDS + 120)) port=
	while [ -z "$port" ]; do
		kill -0 "$pid" 2>/dev/null || {
			tail -n 20 "$log" >&2
			die "the node has ended; its last lines are above"
		}
		[ "$SECONDS" -lt "$deadline" ] || die "the node opens no RPC port; its log: $log"
		sleep 0.2
		port=$(sed -nE 's/.*Running JSON-RPC server: addr=127\.0\.0\.1:([0-9]+).*/\1/p' "$log" | head -n 1)
	done
	rpc_url=ws://127.0.0.1:$port
}

# start_dev_node DIR: starts a fresh development chain on ports that are free, with its database and
# its log in DIR. Sets node_pid and node_url.
start_dev_node() {
	local dir=$1
	"$target/release/noema-node" --dev --base-path "$dir/chain" --port 0 --rpc-port 0 \
		--no-prometheus >"$dir/node.log" 2>&1 &
	node_pid=$!
	await_rpc "$node_pid" "$dir/node.log"
	node_url=$rpc_url
}

# Ends the node that start_dev_node started, and waits until it is gone.
stop_dev_node() {
	[ -n "${node_pid:-}" ] || return 0
	kill "$node_pid" 2>/dev/null || true
	wait "$node_pid" 2>/dev/null || true
	node_pid=
}

# For builds of the engine that tests run under an emulator or a Wasm runtime: of tract, it uses
# types, the graph and the executor, which take most of the time to optimise and least to run.
quick_tract=()
for crate in tract-core tract-data tract-extra tract-hir tract-nnef tract-onnx tract-onnx-opl; do
	quick_tract+=(--config "profile.release.package.$crate.opt-level=1")
done

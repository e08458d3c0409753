#!/usr/bin/env bash
# From nothing to handwritten digits classified in finalised blocks: sets the machine up, builds,
# starts a fresh development chain on free ports, registers the digits model, and asks the chain.
#
#   scripts/demo.sh           ends the chain when the demo is over
#   scripts/demo.sh --keep    leaves it running, for you to go on with
#
# Other arguments go to the demo itself; `scripts/demo.sh -- --help` lists them.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

keep=
arguments=()
while [ $# -gt 0 ]; do
	case $1 in
		--keep) keep=yes ;;
		-h | --help)
			sed -nE '2,/^set /{s/^# ?//p}' "${BASH_SOURCE[0]}"
			exit
			;;
		--)
			shift
			arguments+=("$@")
			break
			;;
		*) arguments+=("$1") ;;
	esac
	shift
done

"$root/scripts/setup.sh"
cd "$root"

say "Building the node, the command-line tool and the demo (long the first time)"
# The whole workspace at once, as the tests build it: features of shared dependencies add up to the
# same sum, and nothing is built twice.
cargo build --release --locked --workspace --bins --examples

directory=$(mktemp -d "${TMPDIR:-/tmp}/noema-demo.XXXXXX")
finish() {
	if [ "$keep" ] && [ -n "${node_pid:-}" ]; then
		printf '\nThe chain goes on at %s (process %s); its log and database are in %s.\n' \
			"$node_url" "$node_pid" "$directory"
		printf 'To end it: kill %s\n' "$node_pid"
	else
		stop_dev_node
		rm -rf "$directory"
	fi
}
trap finish EXIT
trap 'exit 130' INT TERM

say "Starting a fresh development chain"
start_dev_node "$directory"
echo "JSON-RPC at $node_url"

say "Classifying handwritten digits on chain"
"$target/release/examples/digits" --url "$node_url" "${arguments[@]}"

#!/usr/bin/env bash
# Runs the tests with networks of several nodes (`zombienet`). Builds a second Substrate for it.
#
#   .ci/long/networks.sh [ARGUMENT FOR cargo test]...
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"

"$root/scripts/setup.sh"
cd "$root"
cargo build --release --locked --workspace --bins --examples
export NOEMA_NODE=$target/release/noema-node NOEMA_CLI=$target/release/noema
cd zombienet
cargo test --release --locked --target-dir "$target/zombienet" "$@"

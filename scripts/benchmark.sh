#!/usr/bin/env bash
# Measures what the calls of this repository's pallets weigh, on this machine, and writes it as weights
# files to `weights` in the target directory. The weights in use are in `pallets/*/src/weights.rs`, and
# are to be no less. To be run on the reference machine, with nothing else running.
#
#   scripts/benchmark.sh             all of our pallets
#   scripts/benchmark.sh PALLET...   these, such as pallet_models
#
# NOEMA_BENCHMARK_STEPS and NOEMA_BENCHMARK_REPEAT (50 and 20) say how thoroughly.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

pallets=("$@")
[ $# -gt 0 ] || pallets=(pallet_inference pallet_models)

"$root/scripts/setup.sh"
cd "$root"
say "Building a node that can measure its runtime"
# In a directory of its own: this node holds another runtime, and must not be taken for the real one.
cargo build --release --locked --workspace --bins --target-dir "$target/benchmark" \
	--features noema-node/runtime-benchmarks

mkdir -p "$target/weights"
for pallet in "${pallets[@]}"; do
	say "Measuring $pallet"
	"$target/benchmark/release/noema-node" benchmark pallet \
		--chain dev --wasm-execution compiled --pallet "$pallet" --extrinsic '*' \
		--steps "${NOEMA_BENCHMARK_STEPS:-50}" --repeat "${NOEMA_BENCHMARK_REPEAT:-20}" \
		--template scripts/weights.hbs --output "$target/weights/$pallet.rs"
done

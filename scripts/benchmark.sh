#!/usr/bin/env bash
# Measures what the calls of this repository's pallets and the engine's work weigh, on this machine, and
# writes it as weights files to `weights` in the target directory. The weights in use are in
# `pallets/*/src/weights.rs` and `runtime/src/weights/inference_coefficients.rs`, and are to be no less.
# To be run on the reference machine, with nothing else running.
#
#   scripts/benchmark.sh             all of our pallets, and the engine
#   scripts/benchmark.sh NAME...     these, such as pallet_models or engine
#
# NOEMA_BENCHMARK_STEPS and NOEMA_BENCHMARK_REPEAT (50 and 20) say how thoroughly.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

subjects=("$@")
[ $# -gt 0 ] || subjects=(pallet_inference pallet_models engine)

"$root/scripts/setup.sh"
cd "$root"
say "Building a node that can measure its runtime"
# In a directory of its own: this node holds another runtime, and must not be taken for the real one.
cargo build --release --locked --workspace --bins --target-dir "$target/benchmark" \
	--features noema-node/runtime-benchmarks

mkdir -p "$target/weights"
for subject in "${subjects[@]}"; do
	say "Measuring $subject"
	if [ "$subject" = engine ]; then
		# The kernels that every validator has; one core, so that no run changes its caches.
		isa=neon
		[ "$(uname -m)" = x86_64 ] && isa=avx2
		taskset -c "$(($(nproc) - 1))" "$target/benchmark/release/noema-node" benchmark engine \
			--isa "$isa" --output "$target/weights/inference_coefficients.rs"
		continue
	fi
	"$target/benchmark/release/noema-node" benchmark pallet \
		--chain dev --wasm-execution compiled --pallet "$subject" --extrinsic '*' \
		--steps "${NOEMA_BENCHMARK_STEPS:-50}" --repeat "${NOEMA_BENCHMARK_REPEAT:-20}" \
		--template scripts/weights.hbs --output "$target/weights/$subject.rs"
done

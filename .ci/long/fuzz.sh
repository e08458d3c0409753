#!/usr/bin/env bash
# Builds and runs mutants of models, 10,000,000 without an argument, and watches panics and memory;
# then random graphs, 100,000 of them, whose outputs must be the same bits on the scalar path and on
# every other instruction set of this machine; then traces of random graphs, 20,000 of them, each step
# of which must give its leaf when it is run alone; then mutants of extrinsics, 1,000,000 of them, against
# the native runtime.
#
#   .ci/long/fuzz.sh [COUNT] [SEED] [FILE.onnx]...
#   GRAPHS=N .ci/long/fuzz.sh ...      another number of random graphs
#   TRACES=N .ci/long/fuzz.sh ...      another number of traces
#   CALLS=N .ci/long/fuzz.sh ...       another number of extrinsics
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"

cd "$root"
cargo run --release --locked -p noema-engine --example fuzz -- "${1:-10000000}" "${@:2}"
cargo run --release --locked -p noema-engine --example differential -- "${GRAPHS:-100000}"
cargo run --release --locked -p noema-engine --example traces -- "${TRACES:-20000}"
# The profile makes overflows and failed debug assertions panic; the feature checks the invariants of
# every pallet. The Wasm runtime is not needed.
SKIP_WASM_BUILD=1 cargo run --profile fuzz --locked -p noema-runtime-fuzzer --features try-runtime -- \
	"${CALLS:-1000000}"

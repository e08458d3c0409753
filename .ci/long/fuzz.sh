#!/usr/bin/env bash
# Builds and runs mutants of models, 10,000,000 without an argument, and watches panics and memory;
# then random graphs, 100,000 of them, whose outputs must be the same bits on the scalar path and on
# every other instruction set of this machine.
#
#   .ci/long/fuzz.sh [COUNT] [SEED] [FILE.onnx]...
#   GRAPHS=N .ci/long/fuzz.sh ...      another number of random graphs
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"

cd "$root"
cargo run --release --locked -p noema-engine --example fuzz -- "${1:-10000000}" "${@:2}"
cargo run --release --locked -p noema-engine --example differential -- "${GRAPHS:-100000}"

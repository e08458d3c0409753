#!/usr/bin/env bash
# Builds and runs mutants of models, 10,000,000 without an argument, and watches panics and memory.
#
#   .ci/long/fuzz.sh [COUNT] [SEED] [FILE.onnx]...
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"

cd "$root"
cargo run --release --locked -p noema-engine --example fuzz -- "${1:-10000000}" "${@:2}"

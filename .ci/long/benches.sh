#!/usr/bin/env bash
# Compares the engine with stock tract, tract in Wasm and onnxruntime, on one core, and prints tables.
#
#   .ci/long/benches.sh [OPTION | NAME]...    options and networks as `noema-benches --help` has them
#
# The networks are written once, into the target directory; NOEMA_BENCH_MODELS names another place.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"

cd "$root/benches"
# VGG-19 and GPT-2 small fold more than a chain admits.
RUSTFLAGS="--cfg noema_lifted_caps" cargo build --release --locked
RUSTFLAGS="--cfg noema_lifted_caps -C target-feature=+simd128" \
	cargo build --release --locked --target wasm32-wasip1 --bin runner

python=$target/benches-python
if ! "$python/bin/python" -c 'import onnx, onnxruntime' 2>/dev/null; then
	python3 -m venv "$python"
	"$python/bin/pip" install --quiet -r requirements.txt
fi
models=${NOEMA_BENCH_MODELS:-$target/benches-models}
if [ ! -d "$models" ]; then
	"$python/bin/python" models.py "$models.new"
	mv "$models.new" "$models"
fi

exec "$target/release/noema-benches" "$models" --python "$python/bin/python" \
	--wasm "$target/wasm32-wasip1/release/runner.wasm" "$@"

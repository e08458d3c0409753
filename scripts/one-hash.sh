#!/usr/bin/env bash
# Runs one model on one input on x86-64 (or whatever this machine is), on aarch64 under qemu, and on
# wasm32 under Node.js, and compares the hashes of the outputs.
#
# Arguments are those of the engine's example `hash`: a model's path, from the root of the repository,
# and if wanted a seed. Without any it is the digits model.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"
[ $# -gt 0 ] || set -- examples/digits/digits.onnx

build() {
	cargo build --release --locked -p noema-engine --example hash "${quick_tract[@]}" "$@"
}

declare -A hashes
cargo build --release --locked --workspace --bins --examples
hashes[$(uname -m)]=$("$target/release/examples/hash" "$@")

if [ "$(uname -m)" = x86_64 ]; then
	triple=aarch64-unknown-linux-gnu
	export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
	export CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc
	build --target "$triple"
	qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64)
	hashes[aarch64]=$("$qemu" -L /usr/aarch64-linux-gnu "$target/$triple/release/examples/hash" "$@")
fi

triple=wasm32-wasip1
build --target "$triple"
hashes[wasm32]=$(node --no-warnings scripts/wasi.mjs "$target/$triple/release/examples/hash.wasm" \
	"$root" "$@")

expected=
status=0
for architecture in "${!hashes[@]}"; do
	printf '%-8s %s\n' "$architecture" "${hashes[$architecture]}"
	: "${expected:=${hashes[$architecture]}}"
	[ -n "${hashes[$architecture]}" ] && [ "${hashes[$architecture]}" = "$expected" ] || status=1
done
[ "$status" = 0 ] || echo "the outputs differ, or are missing" >&2
exit "$status"

#!/usr/bin/env bash
# Checks the engine's golden vectors, and the hash of random graphs, wherever this machine can compute
# them: every instruction set of its processor, one thread and many, hostile environment variables,
# aarch64 under qemu, and wasm32 under Node.js.
#
#   scripts/golden.sh [GRAPHS]       how many random graphs: 300 without an argument
#
# NOEMA_GOLDEN_SCALAR_WASM=1 checks wasm32 without SIMD too, for which all is built once more.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"
graphs=${1:-300}

build() {
	cargo build --release --locked -p noema-engine --example golden "${quick_tract[@]}" "$@"
}

status=0
expected=
# agree NAME COMMAND...: the program checks the golden vectors, and its hash is that of the others.
agree() {
	local name=$1 hash
	shift
	"$@" check || {
		echo "$name: the golden vectors differ" >&2
		status=1
		return
	}
	hash=$("$@" graphs "$graphs") || hash=
	: "${expected:=$hash}"
	printf '%-14s %s\n' "$name" "${hash:-no hash}"
	[ -n "$hash" ] && [ "$hash" = "$expected" ] || status=1
}

cargo build --release --locked --workspace --bins --examples
golden=$target/release/examples/golden
agree "$(uname -m)" "$golden"
"$golden" check "$("$golden" isa)" 8 || status=1

hostile=(
	TRACT_CONFIG=/nonexistent TRACT_LOG=trace TRACT_MOE_PROFILE=1 TRACT_X86_KIND=generic
	TRACT_CPU_EXPECT_ARM32_NEON=1 TRACT_CPU_AARCH64_KIND=a53 OMP_NUM_THREADS=7 OMP_DYNAMIC=true
	RAYON_NUM_THREADS=3 MKL_CBWR=COMPATIBLE OPENBLAS_CORETYPE=Prescott RUST_MIN_STACK=1048576
	RUST_BACKTRACE=full RUST_LOG=trace MALLOC_PERTURB_=165 LC_ALL=tr_TR.UTF-8
)
agree environment env "${hostile[@]}" "$golden"

if [ "$(uname -m)" = x86_64 ]; then
	triple=aarch64-unknown-linux-gnu
	export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
	export CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc
	build --target "$triple"
	qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64)
	agree aarch64 "$qemu" -L /usr/aarch64-linux-gnu "$target/$triple/release/examples/golden"
fi

triple=wasm32-wasip1
wasm() {
	local module=$1
	shift
	node --no-warnings scripts/wasi.mjs "$module" "$root" "$@"
}
build --target "$triple"
agree wasm32-simd128 wasm "$target/$triple/release/examples/golden.wasm"
if [ "${NOEMA_GOLDEN_SCALAR_WASM:-}" ]; then
	RUSTFLAGS="-C target-feature=-simd128" \
		build --target "$triple" --target-dir "$target/scalar-wasm"
	agree wasm32 wasm "$target/scalar-wasm/$triple/release/examples/golden.wasm"
fi

[ "$status" = 0 ] || echo "the golden vectors, or the hashes, differ" >&2
exit "$status"

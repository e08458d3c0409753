#!/usr/bin/env bash
# Runs the backend tests of the onnx package 1.23 (nodes, pytorch-converted, pytorch-operator, simple)
# on every instruction set of this machine, compares with the expected outputs within the suite's
# tolerances, and bit for bit with precompiles/engine/tests/onnx-suite.txt.
#
#   .ci/long/conformance.sh            checks
#   .ci/long/conformance.sh --write    writes the hashes anew, which is right when new cases pass
#
# Needs Python with venv, and installs onnx into a directory of its own.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"

cd "$root"
suite=$target/onnx-suite
if [ ! -e "$suite/done" ]; then
	rm -rf "$suite"
	python3 -m venv "$suite/venv"
	"$suite/venv/bin/pip" install --quiet 'onnx==1.23.*'
	"$suite/venv/bin/python" precompiles/engine/tests/generate_suite.py nodes "$suite/cases/node"
	data=$("$suite/venv/bin/python" -c 'import onnx, os; print(os.path.dirname(onnx.__file__))')
	cp -r "$data"/backend/test/data/{pytorch-converted,pytorch-operator,simple} "$suite/cases/"
	touch "$suite/done"
fi
cargo build --release --locked --workspace --bins --examples

hashes=precompiles/engine/tests/onnx-suite.txt
if [ "${1:-}" = --write ]; then
	"$target/release/noema" conformance "$suite/cases" --hashes "$hashes"
	exit
fi
status=0
case $(uname -m) in
	x86_64)
		isas=(scalar sse2)
		! grep -qw avx2 /proc/cpuinfo || isas+=(avx2)
		# Of the many parts of AVX-512 the engine needs those of Ice Lake.
		! grep -qw avx512_vbmi2 /proc/cpuinfo || isas+=(avx512)
		;;
	*) isas=(scalar neon) ;;
esac
for isa in "${isas[@]}"; do
	"$target/release/noema" conformance "$suite/cases" --check "$hashes" --isa "$isa" |
		sed -n '/^FAILED/p; / cases on /,$p' || status=1
done
exit "$status"

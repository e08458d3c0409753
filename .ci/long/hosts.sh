#!/usr/bin/env bash
# Runs networks of four validators, five hosts and a watcher, on which jobs are asked of a model that is
# too heavy for a block: hosts that are honest, and hosts that do each misdeed in turn. Then a dispute
# about a step of ResNet-50.
#
#   .ci/long/hosts.sh                    everything, 20 jobs each
#   .ci/long/hosts.sh JOBS               another number of jobs
#   .ci/long/hosts.sh JOBS WHAT...       only these: honest, resnet, a misdeed as the byzantine node
#                                        names it (wrong-answer, no-reveal...), or all-but-one
#
# Builds the node twice: hosts of the second build can misbehave. ResNet-50 with random weights is written
# once, into the target directory, by Python with the onnx package; NOEMA_BENCH_MODELS names another place.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"

export NOEMA_JOBS=${1:-20}
[ $# -eq 0 ] || shift

filters=()
resnet=
[ $# -gt 0 ] || resnet=yes
for what in "$@"; do
	case $what in
		honest) filters+=(jobs::honest::) ;;
		resnet)
			filters+=(jobs::resnet::)
			resnet=yes
			;;
		*) filters+=("jobs::byzantine::${what//-/_}") ;;
	esac
done
[ ${#filters[@]} -gt 0 ] || filters=(jobs::)

"$root/scripts/setup.sh" test
cd "$root"

# First the build that can misbehave, which is put aside, so that it is never taken for the real one.
aside=$target/byzantine
mkdir -p "$aside"
cargo build --release --locked --workspace --bins --examples --features noema-node/byzantine
mv "$target/release/noema-node" "$aside/noema-node"
cargo build --release --locked --workspace --bins --examples
export NOEMA_BYZANTINE_NODE=$aside/noema-node

if [ "$resnet" ]; then
	models=${NOEMA_BENCH_MODELS:-$target/benches-models}
	if [ ! -f "$models/resnet50/model.onnx" ]; then
		models=$target/resnet50
		python=$target/benches-python
		if ! "$python/bin/python" -c 'import numpy, onnx' 2>/dev/null; then
			python3 -m venv "$python"
			"$python/bin/pip" install --quiet -r benches/requirements.txt
		fi
		[ -f "$models/resnet50/model.onnx" ] ||
			"$python/bin/python" benches/models.py "$models" resnet50
	fi
	export NOEMA_RESNET50=$models/resnet50/model.onnx
fi

# One network at a time: ten nodes are enough for a machine.
cargo test --release --locked --workspace --test it -- --ignored --test-threads 1 --nocapture \
	"${filters[@]}"

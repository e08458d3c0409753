#!/usr/bin/env bash
# Plays hosts of each dishonest kind, and mixtures of them, against the pallet of jobs, and random
# histories of all its calls. Checks all invariants after each block.
#
#   .ci/long/jobs.sh [JOBS] [HISTORIES]    default: 1,000 jobs of each kind; 10,000 histories of 100 steps
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"

cd "$root"
NOEMA_JOBS=${1:-1000} NOEMA_HISTORIES=${2:-10000} \
	cargo test --release --locked -p pallet-jobs -- byzantine random

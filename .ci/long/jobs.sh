#!/usr/bin/env bash
# Plays hosts of each dishonest kind, and mixtures of them, against the pallet of jobs. Checks all
# invariants after each block.
#
#   .ci/long/jobs.sh [JOBS]    default: 1,000 jobs of each kind
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"

cd "$root"
NOEMA_JOBS=${1:-1000} cargo test --release --locked -p pallet-jobs -- byzantine

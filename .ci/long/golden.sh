#!/usr/bin/env bash
# The golden vectors, and more random graphs than in each run of the tests, on every target, wasm32
# without SIMD included.
#
#   .ci/long/golden.sh [GRAPHS]       how many random graphs: 3000 without an argument
set -euo pipefail

NOEMA_GOLDEN_SCALAR_WASM=1 exec "$(dirname "${BASH_SOURCE[0]}")/../../scripts/golden.sh" "${1:-3000}"

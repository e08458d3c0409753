#!/usr/bin/env bash
# Plays every dishonest strategy against the rules of jobs, 10,000 jobs for each strategy and
# population from seed 1 on, and prints who gained and who lost. Fails if, with one honest watcher, a wrong answer
# became final or somebody honest lost anything.
#
#   .ci/long/economics.sh [OPTION]...    as `noema-jobs-simulator --help` has them
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"

cd "$root"
cargo run --release --locked -p noema-jobs-simulator -- "$@"

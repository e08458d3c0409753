#!/usr/bin/env bash
# Runs every test there is, from nothing: sets the machine up, builds, lints, tests.
#
#   scripts/test.sh              all stages
#   scripts/test.sh NAME...      only the stages with these names
#   scripts/test.sh --list       the names of the stages
#
# A stage that fails does not keep later ones from running. The last line is `N passed, N failed`,
# where a lint or a build counts as one test; the exit code is non-zero if anything failed.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# The tools that the lints need, as cargo installs them; kept in the target directory.
tools=$target/tools
zepter_version=1.88.2
machete_version=0.9.2
# Python's onnx package, whose test models the tests of networks of nodes register.
onnx_version=1.23.2

# In the order of their cost where they do not need each other, so that slips show early.
stages=(format features dependencies build clippy docs tests targets wallets)

# --- What each stage runs ---

stage_format() {
	cargo fmt --all --check
	cargo fmt --manifest-path zombienet/Cargo.toml --check
	cargo fmt --manifest-path benches/Cargo.toml --check
}

# Whether each crate hands its features (std and the like) on to those it depends on.
stage_features() {
	install_tool zepter "$zepter_version" && "$tools/bin/zepter" run check
}

stage_dependencies() {
	install_tool cargo-machete "$machete_version" && "$tools/bin/cargo-machete" --with-metadata "$root"
}

stage_build() {
	cargo build --release --locked --workspace --bins --examples
}

stage_clippy() {
	cargo clippy --release --locked --workspace --all-targets -- -D warnings
}

stage_docs() {
	RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --workspace --no-deps
}

# Unit, integration, end-to-end and documentation tests. The end-to-end tests start the binaries
# that the stage `build` made.
stage_tests() {
	install_onnx_models
	NOEMA_ONNX_MODELS=$tools/onnx/models \
		cargo test --release --locked --workspace --no-fail-fast
}

# The same bits on every instruction set and architecture: golden vectors, random graphs, one model.
stage_targets() {
	"$root/scripts/golden.sh"
	"$root/scripts/one-hash.sh"
}

# Signed inferences through the wallet libraries, and a receipt computed again by the engine's module
# for browsers, against a development chain.
stage_wallets() (
	cargo build --release --locked -p noema-engine-web --target wasm32-unknown-unknown \
		"${quick_tract[@]}"
	cd "$root/wallet-tests"
	# Not `npm ci`: it wants the lock file to list optional packages of every platform, which not every
	# mirror of the registry has.
	npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error
	directory=$(mktemp -d "${TMPDIR:-/tmp}/noema-wallets.XXXXXX")
	trap 'stop_dev_node; rm -rf "$directory"' EXIT
	start_dev_node "$directory"
	status=0
	NOEMA_URL=$node_url NOEMA_BIN=$target/release/noema \
		NOEMA_ENGINE_MODULE=$target/wasm32-unknown-unknown/release/noema_engine_web.wasm \
		npm test || status=$?
	[ "$status" = 0 ] || tail -n 50 "$directory/node.log"
	exit "$status"
)

# Python's onnx package in a virtual environment; `models` there leads to its test models. Only its
# data is of use here, so what the package itself needs is left out.
install_onnx_models() {
	local models
	[ "$(cat "$tools/onnx.version" 2>/dev/null)" = "$onnx_version" ] && return
	python3 -m venv --clear "$tools/onnx" &&
		"$tools/onnx/bin/pip" install --quiet --disable-pip-version-check --no-deps \
			"onnx==$onnx_version"
	models=$(echo "$tools"/onnx/lib/python3*/site-packages/onnx/backend/test/data/light)
	[ -f "$models/light_squeezenet.onnx" ] || die "onnx $onnx_version has no test models in $models"
	ln -sfn "$models" "$tools/onnx/models"
	printf '%s\n' "$onnx_version" >"$tools/onnx.version"
}

install_tool() {
	local name=$1 version=$2
	[ "$(cat "$tools/$name.version" 2>/dev/null)" = "$version" ] && return
	cargo install --quiet --locked --root "$tools" --target-dir "$tools/build" \
		--version "$version" "$name" &&
		printf '%s\n' "$version" >"$tools/$name.version"
}

# --- How stages run and count ---

passed=0
failed=0
failures=()

# How many tests a stage's output reports, as `PASSED FAILED`; nothing if it reports none.
count() {
	# cargo: "test result: ok. 3 passed; 0 failed; ..."; node --test: "# pass 3", "# fail 0".
	awk '
		/^test result: / { p += $4; f += $6; seen = 1 }
		/^# pass [0-9]+$/ { p += $3; seen = 1 }
		/^# fail [0-9]+$/ { f += $3; seen = 1 }
		END { if (seen) print p + 0, f + 0 }
	' "$1"
}

run_stage() {
	local name=$1 start=$SECONDS status=0 counts p=0 f=0
	say "$name"
	# The stage runs in a shell of its own, so that `set -e` ends the stage and nothing else. It does
	# nothing inside a condition, hence no `||` here.
	set +e
	(
		set -e
		cd "$root"
		"stage_$name"
	) 2>&1 | tee "$logs/$name"
	status=$?
	set -e
	case $name in
		tests | wallets)
			counts=$(count "$logs/$name")
			read -r p f <<<"${counts:-0 0}"
			# A stage that stops before its tests run, or runs none, has failed.
			if [ "$f" = 0 ] && { [ "$status" != 0 ] || [ "$p" = 0 ]; }; then f=1; fi
			;;
		*) if [ "$status" = 0 ]; then p=1; else f=1; fi ;;
	esac
	passed=$((passed + p))
	failed=$((failed + f))
	[ "$f" = 0 ] || failures+=("$name")
	printf -- '--- %s: %s passed, %s failed, %s s\n' "$name" "$p" "$f" $((SECONDS - start))
}

case ${1:-} in
	--list)
		printf '%s\n' "${stages[@]}"
		exit
		;;
	-h | --help)
		sed -nE '2,/^set /{s/^# ?//p}' "${BASH_SOURCE[0]}"
		exit
		;;
esac
chosen=("$@")
[ $# -gt 0 ] || chosen=("${stages[@]}")
for name in "${chosen[@]}"; do
	declare -F "stage_$name" >/dev/null || die "no stage $name; scripts/test.sh --list names them"
done

logs=$(mktemp -d "${TMPDIR:-/tmp}/noema-test.XXXXXX")
trap 'rm -rf "$logs"' EXIT
trap 'exit 130' INT TERM

if ! "$root/scripts/setup.sh" test; then
	echo "0 passed, 1 failed"
	exit 1
fi
for name in "${chosen[@]}"; do
	run_stage "$name"
done

say "All stages took $SECONDS s"
[ ${#failures[@]} -eq 0 ] || echo "failed: ${failures[*]}"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

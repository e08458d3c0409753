#!/usr/bin/env bash
# Installs what building Noema needs, where it is missing: Debian packages, Rust, a Rust target.
#
#   scripts/setup.sh         to build and run
#   scripts/setup.sh test    to run all tests as well
#
# Changes nothing on a machine that has everything. Uses sudo where it is not root.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case ${1:-} in
	"" | test) ;;
	*) die "usage: scripts/setup.sh [test]" ;;
esac
for_tests=${1:-}

# The Rust that builds the workspace, as rustup reads it from the same file.
rust_version=$(sed -nE 's/^channel = "([0-9.]+)"$/\1/p' "$root/rust-toolchain.toml")
nodejs_version=18

packages=()
# need PACKAGE COMMAND...: PACKAGE is to be installed unless all of the commands are there.
need() {
	local package=$1 command
	shift
	for command in "$@"; do
		command -v "$command" >/dev/null || {
			packages+=("$package")
			return
		}
	done
}

need build-essential cc c++ make perl
need pkg-config pkg-config
need protobuf-compiler protoc
need curl curl
need git git
[ -e /etc/ssl/certs/ca-certificates.crt ] || packages+=(ca-certificates)
if [ "$for_tests" ]; then
	need nodejs node
	need npm npm
	need python3 python3
	# The module that puts pip into a virtual environment comes in a package of its own.
	python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
	if [ "$(uname -m)" = x86_64 ]; then
		need gcc-aarch64-linux-gnu aarch64-linux-gnu-gcc
		[ -e /usr/aarch64-linux-gnu/include/stdio.h ] || packages+=(libc6-dev-arm64-cross)
		# Newer releases of Debian call the static emulator plain qemu-aarch64.
		command -v qemu-aarch64 >/dev/null || need qemu-user-static qemu-aarch64-static
	fi
fi

if [ ${#packages[@]} -gt 0 ]; then
	say "Installing Debian packages: ${packages[*]}"
	command -v apt-get >/dev/null ||
		die "no apt-get here: install what these Debian packages hold, then run this again: ${packages[*]}"
	as_root=()
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null ||
			die "neither root nor sudo: run as root: apt-get install ${packages[*]}"
		as_root=(sudo)
	fi
	"${as_root[@]}" apt-get update -q
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get install -q -y --no-install-recommends "${packages[@]}"
fi

if ! command -v cargo >/dev/null; then
	say "Installing rustup"
	curl --proto '=https' --tlsv1.2 -sSf https://static.rust-lang.org/rustup/rustup-init.sh |
		sh -s -- -y --no-modify-path --profile minimal --default-toolchain none ||
		die "no cargo, and rustup cannot be fetched: install Rust $rust_version, then run this again"
fi

# The runtime is built for wasm32v1-none; the tests of the engine's bits run on the others.
targets=(wasm32v1-none)
if [ "$for_tests" ]; then
	targets+=(wasm32-wasip1 wasm32-unknown-unknown)
	[ "$(uname -m)" = x86_64 ] && targets+=(aarch64-unknown-linux-gnu)
fi

# Whether the right compiler is there, with the standard library for each target.
rust_is_complete() {
	local libraries name
	cd "$root"
	case $(rustc --version 2>/dev/null) in
		"rustc $rust_version "*) ;;
		*) return 1 ;;
	esac
	cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 || return
	libraries=$(rustc --print sysroot)/lib/rustlib
	for name in "${targets[@]}"; do
		[ -d "$libraries/$name/lib" ] || return
	done
}

if ! (rust_is_complete); then
	command -v rustup >/dev/null ||
		die "Rust $rust_version with ${targets[*]} is needed, and there is no rustup to install it;" \
			"see https://rustup.rs"
	say "Installing Rust $rust_version"
	rustup toolchain install "$rust_version" --profile minimal --no-self-update \
		--component rustfmt --component clippy "${targets[@]/#/--target=}"
	(rust_is_complete) || die "rustup has not brought a complete Rust $rust_version"
fi

if [ "$for_tests" ]; then
	have=$(node --version)
	have=${have#v}
	[ "${have%%.*}" -ge "$nodejs_version" ] ||
		die "Node.js $have is too old: the wallet tests need $nodejs_version or later"
fi

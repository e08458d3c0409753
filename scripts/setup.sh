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

# The oldest Rust that builds the workspace.
rust_version=$(sed -nE 's/^rust-version = "([0-9.]+)"$/\1/p' "$root/Cargo.toml")
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
	say "Installing Rust by rustup, from https://rustup.rs"
	curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
		sh -s -- -y --no-modify-path --profile minimal ||
		die "no cargo, and rustup cannot be fetched: install Rust $rust_version or later, then run this again"
fi

have=$(cd "$root" && rustc --version | sed -E 's/^rustc ([0-9]+\.[0-9]+).*/\1/')
if [ "$(printf '%s\n' "$rust_version" "$have" | sort -V | head -n 1)" != "$rust_version" ]; then
	die "rustc $have is too old: Noema needs $rust_version or later (rustup update stable)"
fi

# The runtime is built for wasm32v1-none; the test of the engine's bits for the other two.
targets=(wasm32v1-none)
components=()
if [ "$for_tests" ]; then
	targets+=(wasm32-wasip1)
	[ "$(uname -m)" = x86_64 ] && targets+=(aarch64-unknown-linux-gnu)
	command -v cargo-fmt >/dev/null || components+=(rustfmt)
	command -v cargo-clippy >/dev/null || components+=(clippy)
fi
libraries=$(cd "$root" && rustc --print sysroot)/lib/rustlib
for name in "${targets[@]}"; do
	[ -d "$libraries/$name/lib" ] && continue
	command -v rustup >/dev/null ||
		die "no standard library for $name, and no rustup to add it: install Rust by https://rustup.rs"
	(cd "$root" && rustup target add "$name")
done
for name in "${components[@]}"; do
	command -v rustup >/dev/null || die "no $name, and no rustup to add it"
	(cd "$root" && rustup component add "$name")
done

if [ "$for_tests" ]; then
	have=$(node --version)
	have=${have#v}
	[ "${have%%.*}" -ge "$nodejs_version" ] ||
		die "Node.js $have is too old: the wallet tests need $nodejs_version or later"
fi

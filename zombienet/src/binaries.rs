//! Where the binaries under test are.

use std::{
	env,
	path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// The node: `NOEMA_NODE`, or what `cargo build --release` makes.
pub fn node() -> Result<PathBuf> {
	find("NOEMA_NODE", "noema-node")
}

/// The command-line tool: `NOEMA_CLI`, or what `cargo build --release` makes.
pub fn cli() -> Result<PathBuf> {
	find("NOEMA_CLI", "noema")
}

/// A file of the repository, by its path from the root.
pub fn repository(path: &str) -> PathBuf {
	Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn find(variable: &str, name: &str) -> Result<PathBuf> {
	let path = match env::var_os(variable) {
		Some(path) => PathBuf::from(path),
		None => repository("target/release").join(name),
	};
	path.canonicalize().with_context(|| {
		format!(
			"no {name} at {}: run `cargo build --release` in the repository's root, or set {variable}",
			path.display()
		)
	})
}

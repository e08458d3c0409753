//! What the tests do through the command-line tool.

use std::ffi::OsStr;

use anyhow::{ensure, Context, Result};
use serde_json::Value;
use tokio::process::Command;
use zombienet_sdk::NetworkNode;

use crate::binaries;

/// Runs `noema` against a node as the account of `suri` and returns the object on the last line of
/// its output.
pub async fn noema<S: AsRef<OsStr>>(
	node: &NetworkNode,
	suri: &str,
	args: impl IntoIterator<Item = S>,
) -> Result<Value> {
	run(Command::new(binaries::cli()?)
		.env("NOEMA_URL", node.ws_uri())
		.env("NOEMA_SURI", suri)
		.args(args))
	.await
}

/// Runs `noema` without a chain.
pub async fn local<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Result<Value> {
	run(Command::new(binaries::cli()?).args(args)).await
}

async fn run(command: &mut Command) -> Result<Value> {
	let output = command
		.arg("--json")
		.output()
		.await
		.context("cannot start noema")?;
	let text = String::from_utf8_lossy(&output.stdout);
	ensure!(
		output.status.success(),
		"noema: {}\n{text}\n{}",
		output.status,
		String::from_utf8_lossy(&output.stderr)
	);
	let last = text.lines().last().context("noema printed nothing")?;
	serde_json::from_str(last).with_context(|| format!("the last line is no JSON: {last}"))
}

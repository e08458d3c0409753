//! A model is registered through one node and called through another, and all agree.

use anyhow::{ensure, Context, Result};
use noema_zombienet_tests::{binaries, cli, network, rpc};
use serde_json::Value;

const ALL: [&str; 3] = ["alice", "bob", "charlie"];
/// The address of `//Alice`, who owns the release.
const RELEASE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY/digits@1.0.0";

#[tokio::test(flavor = "multi_thread")]
async fn every_node_holds_the_same_answer_and_state() -> Result<()> {
	let running = network::start("validators").await?;
	let file = binaries::repository("examples/digits/digits.onnx").canonicalize()?;
	let file = file.to_string_lossy();
	let pictures = binaries::repository("examples/digits/heldout.npz").canonicalize()?;
	let input = format!("image={}:images[0]", pictures.display());

	let register = [
		"model",
		"register",
		&file,
		"--name",
		"digits",
		"--version",
		"1.0.0",
	];
	cli::noema(running.node("alice")?, "//Alice", register).await?;
	// Charlie has to have what Alice has before he can be asked about it.
	let seen = rpc::finalised(running.node("alice")?).await? + 10;
	running.wait_finalised(&["charlie"], seen).await?;

	let infer = ["infer", RELEASE, "--input", &input, "--wait", "finalized"];
	let answer = cli::noema(running.node("charlie")?, "//Bob", infer).await?;
	let alone = cli::local(["model", "run", &file, "--input", &input]).await?;
	ensure!(!outputs(&alone)?.is_empty(), "the model has outputs");
	ensure!(
		outputs(&answer)? == outputs(&alone)?,
		"the chain answers {answer}, not {alone}"
	);

	// What is final for one is final for all, a few blocks later.
	let number = rpc::finalised(running.node("charlie")?).await?;
	running.wait_finalised(&ALL, number).await?;
	let expected = rpc::header(running.node("alice")?, number).await?;
	for node in running.nodes(&ALL)? {
		let receipt = rpc::receipt(node, 0).await?;
		ensure!(
			outputs(&receipt)? == outputs(&alone)?,
			"the receipt of {} is {receipt}",
			node.name()
		);
		ensure!(
			rpc::header(node, number).await? == expected,
			"{} differs",
			node.name()
		);
	}
	running.end().await
}

/// The `outputs` of a command or a receipt.
fn outputs(object: &Value) -> Result<&Vec<Value>> {
	object["outputs"]
		.as_array()
		.with_context(|| format!("no outputs in {object}"))
}

//! The way of the digits: register, infer, read.

use noema_cli::chain::types::{DryRun, Receipt};
use noema_cli::model::ModelId;
use serde_json::Value;
use subxt::rpcs::client::rpc_params;

use crate::node::Node;
use crate::tool::{digits, noema, noema_async, number, strings};

const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

#[tokio::test(flavor = "multi_thread")]
async fn digits_from_file_to_receipt() {
	let node = Node::instant().await;
	let chain = node.chain().await;
	let file = digits("digits.onnx");
	let file = file.to_str().unwrap();
	let input = format!("image={}:images[7]", digits("heldout.npz").display());
	let labels = digits("labels.txt");
	let labels = labels.to_str().unwrap();
	let url = node.url.as_str();

	// Register through the tool; once more changes nothing.
	let register = strings([
		"model",
		"register",
		file,
		"--name",
		"digits",
		"--version",
		"1",
		"--royalty",
		"0.25",
		"--suri",
		"//Alice",
		"--json",
		"--url",
		url,
	]);
	let registered = noema_async(register.clone()).await.json();
	let id = ModelId::of(&std::fs::read(file).unwrap());
	assert_eq!(registered["modelId"], format!("0x{id}"));
	assert_eq!(registered["stage"]["kind"], "resident");
	assert_eq!(number(&registered["royalty"]), 250_000_000_000);
	assert_eq!(noema_async(register).await.json(), registered);

	// The quote is what will be paid.
	let release = format!("{ALICE}/digits@1");
	let quote = strings([
		"quote", &release, "--input", &input, "--suri", "//Bob", "--json", "--url", url,
	]);
	let quote = noema_async(quote).await.json();
	let before = noema(&["account", "balance", "//Bob", "--json", "--url", url]).json();
	let owner = noema(&["account", "balance", "//Alice", "--json", "--url", url]).json();

	// What the node says the answer would be.
	let dry = strings([
		"infer",
		&release,
		"--input",
		&input,
		"--dry-run",
		"--json",
		"--url",
		url,
	]);
	let dry = noema_async(dry).await.json();

	// The inference itself.
	let infer = strings([
		"infer",
		&release,
		"--input",
		&input,
		"--suri",
		"//Bob",
		"--wait",
		"finalized",
		"--top-k",
		"1",
		"--labels",
		labels,
		"--json",
		"--url",
		url,
	]);
	let infer = noema_async(infer).await.json();
	let after = noema(&["account", "balance", "//Bob", "--json", "--url", url]).json();
	let owner_after = noema(&["account", "balance", "//Alice", "--json", "--url", url]).json();
	assert_eq!(infer["fee"], quote["fee"]);
	assert_eq!(infer["royalty"], quote["royalty"]);
	assert_eq!(
		number(&before["free"]) - number(&after["free"]),
		number(&quote["total"])
	);
	assert_eq!(
		number(&owner_after["free"]) - number(&owner["free"]),
		250_000_000_000
	);

	// The same on this machine, without a chain.
	let run = noema(&[
		"model", "run", file, "--input", &input, "--json", "--top-k", "1", "--labels", labels,
	]);
	let run = run.json();
	assert_eq!(infer["outputs"], run["outputs"]);
	assert_eq!(infer["top"], run["top"]);
	assert_eq!(dry["outputs"], run["outputs"]);
	assert_eq!(dry["outputHash"], infer["outputHash"]);
	assert_eq!(dry["inputHash"], infer["inputHash"]);
	assert_eq!(infer["modelId"], run["modelId"]);

	// The receipt, by the tool and by plain JSON-RPC.
	let number = infer["receipt"].as_u64().unwrap();
	let receipt = noema(&["receipt", &number.to_string(), "--json", "--url", url]).json();
	assert_eq!(receipt["outputs"], run["outputs"]);
	assert_eq!(receipt["release"], release);
	let wire: Receipt = chain
		.request("inference_receipt", rpc_params![number])
		.await
		.unwrap();
	assert_eq!(serde_json::to_value(&wire.outputs).unwrap(), run["outputs"]);
	assert_eq!(wire.model, id);
	assert_eq!(
		u64::from(wire.block),
		infer["blockNumber"].as_u64().unwrap()
	);
	let unknown = noema(&["receipt", "999999", "--url", url]);
	unknown.fails(2, &["no receipt 999999"]);

	// By plain JSON-RPC, too: the outputs of a run are inputs and answers in one form.
	let tensors: Vec<Value> = vec![{
		let local = noema_cli::model::LocalModel::open(&digits("digits.onnx")).unwrap();
		let spec = input.parse().unwrap();
		let tensor = noema_cli::inputs::load_one(&spec, &local.inputs()[0], &Default::default());
		serde_json::to_value(tensor.unwrap()).unwrap()
	}];
	let wire: DryRun = chain
		.request("inference_dryRun", rpc_params![&release, tensors])
		.await
		.unwrap();
	assert_eq!(serde_json::to_value(&wire.outputs).unwrap(), run["outputs"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_of_models() {
	let node = Node::instant().await;
	let file = digits("digits.onnx");
	let file = file.to_str().unwrap();
	let url = node.url.as_str();

	// About a file that the chain does not know.
	let inspect = strings(["model", "inspect", file, "--json", "--url", url]);
	let before = noema_async(inspect.clone()).await.json();
	assert_eq!(before["inputs"][0]["name"], "image");
	assert_eq!(
		before["inputs"][0]["shape"],
		serde_json::json!([1, 1, 8, 8])
	);
	assert_eq!(before["ops"]["Conv"], 2);
	assert_eq!(before["estimate"]["fits"], true);
	assert!(before.get("stage").is_none());

	let reserved = || {
		let balance = noema(&["account", "balance", ALICE, "--json", "--url", url]).json();
		number(&balance["reserved"])
	};
	let reserved_before = reserved();
	let register = strings([
		"model",
		"register",
		file,
		"--name",
		"digits",
		"--version",
		"1",
		"--suri",
		"//Alice",
		"--quiet",
		"--url",
		url,
	]);
	assert_eq!(noema_async(register).await.code, 0);
	let after = noema_async(inspect).await.json();
	assert_eq!(after["stage"]["kind"], "resident");

	// The deposits that Alice has paid are the one that was told and a release's.
	let deposits = reserved() - reserved_before;
	let release = deposits.saturating_sub(number(&before["deposit"]));
	assert!(
		(10_000_000_000..11_000_000_000).contains(&release),
		"{release} is no deposit of a release"
	);

	// The estimate is near the exact fee.
	let input = format!("{}:images[0]", digits("heldout.npz").display());
	let release = format!("{ALICE}/digits@1");
	let quote = noema(&["quote", &release, "-i", &input, "--json", "--url", url]).json();
	let (fee, estimate) = (
		number(&quote["fee"]) as f64,
		number(&before["estimate"]["fee"]) as f64,
	);
	assert!(
		(estimate / fee - 1.0).abs() < 0.05,
		"{estimate} is not near {fee}"
	);

	let list = noema(&["model", "list", "--json", "--url", url]).json();
	assert_eq!(list["models"][0]["releases"][0]["release"], release);
	let show = noema(&[
		"model", "show", "digits@1", "--suri", "//Alice", "--json", "--url", url,
	])
	.json();
	assert_eq!(show["report"]["inputs"], before["inputs"]);
	assert_eq!(show["report"]["cost"], before["cost"]);
	assert_eq!(show["report"]["planBytes"], before["planBytes"]);
	let id = before["modelId"].as_str().unwrap();
	assert_eq!(
		noema(&["model", "show", id, "--json", "--url", url]).json(),
		show
	);
	let text = noema(&["model", "show", id, "--url", url]).stdout;
	assert!(
		text.contains("digits@1") && text.contains("resident"),
		"{text}"
	);

	// Outputs as files come back as inputs.
	let directory = tempfile::tempdir().unwrap();
	let out = directory.path().to_str().unwrap();
	let run = noema(&[
		"model",
		"run",
		file,
		"-i",
		&input,
		"--output-dir",
		out,
		"--json",
	])
	.json();
	let path = directory.path().join("probabilities.npy");
	let spec = path.to_str().unwrap().parse().unwrap();
	let tensor = noema_cli::inputs::load_array(&spec).unwrap();
	assert_eq!(
		noema_cli::hex_bytes::to_text(&tensor.data),
		run["outputs"][0]["data"].as_str().unwrap()
	);

	// Retired, removed, gone.
	let retire = noema(&[
		"model", "retire", "digits@1", "--suri", "//Alice", "--json", "--url", url,
	]);
	assert_eq!(retire.json()["retired"], release);
	let remove = noema(&[
		"model", "remove", id, "--suri", "//Alice", "--json", "--url", url,
	]);
	assert_eq!(remove.json()["removed"], id);
}

#[test]
fn commands_without_a_chain() {
	let file = digits("digits.onnx");
	let file = file.to_str().unwrap();
	// Port 9 of the loopback is closed: no command here may need a node.
	let no_node = "ws://127.0.0.1:9";
	let inspect = noema(&["model", "inspect", file, "--json", "--url", no_node]);
	assert!(inspect.stderr.contains("no fee"), "{}", inspect.stderr);
	assert!(inspect.json().get("estimate").is_none());
	let address = noema(&["account", "address", "--suri", "//Alice", "--json"]).json();
	assert_eq!(address["address"], ALICE);
	let completions = noema(&["completions", "bash"]);
	assert!(
		completions.stdout.contains("_noema"),
		"{}",
		completions.stdout
	);
	noema(&["model", "list", "--url", no_node]).fails(2, &["no node answers", "noema-node --dev"]);
	noema(&["model", "list", "--url", "http://x"]).fails(1, &["ws://"]);
	noema(&["account", "address"]).fails(1, &["--keystore", "//Alice"]);
	noema(&["frobnicate"]).fails(1, &["frobnicate"]);
	let help = noema(&["--help"]);
	assert_eq!(help.code, 0);
	assert!(help.stdout.contains("infer"), "{}", help.stdout);
}

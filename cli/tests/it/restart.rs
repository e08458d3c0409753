//! A node that is killed in the middle of its work loses nothing.

use std::collections::HashSet;
use std::path::Path;

use noema_cli::chain::{calls, upload, Wait};
use noema_cli::keys::{account_of, from_uri};
use noema_cli::model::ModelId;
use noema_cli::release::Release;
use noema_cli::tensor::{DType, Tensor};

use crate::node::{until, Node};
use crate::onnx;
use crate::tool::{digits, noema, noema_async, register_file, strings};

#[tokio::test(flavor = "multi_thread")]
async fn sigkill_amid_uploads_and_inferences_loses_nothing() {
	let directory = tempfile::tempdir().unwrap();
	let mut node = Node::start(directory.path(), &["--dev"]).await;
	let chain = node.chain().await;
	let alice = from_uri("//Alice").unwrap();

	// A small model is released; it cannot be called before it has matured.
	let file = digits("digits.onnx");
	let register = strings([
		"model",
		"register",
		file.to_str().unwrap(),
		"--name",
		"digits",
		"--version",
		"1",
		"--no-wait",
		"--suri",
		"//Alice",
		"--json",
		"--url",
		&node.url,
	]);
	let registered = noema_async(register).await.json();
	assert_eq!(registered["stage"]["kind"], "maturing");
	let owner = account_of(&alice);
	let release = Release {
		owner,
		name: "digits".into(),
		version: "1".into(),
	};
	let image = Tensor {
		name: "image".into(),
		dtype: DType::F32,
		shape: vec![1, 1, 8, 8],
		data: vec![0; 256],
	};
	let infer = calls::infer(&release, std::slice::from_ref(&image));
	let id = ModelId::of(&std::fs::read(&file).unwrap());
	upload::wait_resident(&chain, id, &mut |_| ())
		.await
		.unwrap();
	let outcome = chain
		.execute(&infer, &alice, Wait::Finalized)
		.await
		.unwrap();
	let receipt = chain
		.receipt(outcome.inferred[0].receipt, None)
		.await
		.unwrap();

	// A larger one is on its way when the node dies: 24 chunks take at least six blocks.
	let large = onnx::matmul(2048, 1536);
	let large_id = ModelId::of(&large);
	let uploading = tokio::spawn({
		let (chain, large) = (chain.clone(), large.clone());
		async move {
			let key = from_uri("//Alice").unwrap();
			upload::ensure_submitted(&chain, &key, &large, &mut |_| ()).await
		}
	});
	let stored = until("some chunks are final", || async {
		let at = chain.at_finalized().await.ok()?;
		let stored: HashSet<u32> = chain
			.stored_chunks(large_id, Some(at.block_hash()))
			.await
			.ok()?
			.into_iter()
			.collect();
		(stored.len() >= 4).then_some(stored)
	})
	.await;
	let finalized = chain.at_finalized().await.unwrap();
	let (number, hash) = (finalized.block_number(), finalized.block_hash());
	node.kill();
	let broken = uploading.await.unwrap();
	assert!(
		broken.is_err(),
		"the upload was to be broken off: {broken:?}"
	);

	// The same database again: the same chain, and everything that was final.
	let node = Node::start(directory.path(), &["--dev"]).await;
	let chain = node.chain().await;
	let params = subxt::rpcs::client::rpc_params![number];
	let again: noema_cli::chain::Hash = chain.request("chain_getBlockHash", params).await.unwrap();
	assert_eq!(again, hash);
	assert_eq!(chain.receipt(receipt.id, None).await.unwrap(), receipt);
	let kept: HashSet<u32> = chain
		.stored_chunks(large_id, None)
		.await
		.unwrap()
		.into_iter()
		.collect();
	assert!(stored.is_subset(&kept), "{stored:?} {kept:?}");

	// The resident model answers as before, and the upload goes on where it was.
	let outcome = chain.execute(&infer, &alice, Wait::InBlock).await.unwrap();
	let second = chain
		.receipt(outcome.inferred[0].receipt, None)
		.await
		.unwrap();
	assert_eq!(second.outputs, receipt.outputs);
	let path = directory.path().join("large.onnx");
	std::fs::write(&path, &large).unwrap();
	let path = path.to_str().unwrap();
	let registered = register_file(&node.url, Path::new(path), "large").await;
	assert_eq!(registered["stage"]["kind"], "resident");
	assert_eq!(chain.stored_chunks(large_id, None).await.unwrap().len(), 25);

	let input = directory.path().join("x.bin");
	std::fs::write(&input, onnx::floats(2048)).unwrap();
	let input = input.to_str().unwrap();
	let run = noema(&["model", "run", path, "-i", input, "--json"]).json();
	let infer = noema(&[
		"infer", "large@1", "-i", input, "--suri", "//Alice", "--json", "--url", &node.url,
	]);
	assert_eq!(infer.json()["outputs"], run["outputs"]);
}

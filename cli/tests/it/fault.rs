//! An internal fault stops the node on chain, and nothing but the call off chain.

use noema_cli::chain::{calls, client::sign_at, ChainError};
use noema_cli::keys::{account_of, from_uri};
use noema_cli::release::Release;
use noema_cli::tensor::{DType, Tensor};

use crate::node::Node;
use crate::tool::{digits, register_file};

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_stops_the_node_in_a_block_but_not_in_a_dry_run() {
	let directory = tempfile::tempdir().unwrap();
	let file = digits("digits.onnx");
	let args = ["--dev", "--sealing", "instant"];
	let mut node = Node::start(directory.path(), &args).await;
	let id = register_file(&node.url, &file, "digits").await["modelId"]
		.as_str()
		.unwrap()
		.to_owned();
	node.kill();

	let mut node = Node::start(
		directory.path(),
		&[&args[..], &["--inject-fault", &id]].concat(),
	)
	.await;
	let chain = node.chain().await;
	let alice = from_uri("//Alice").unwrap();
	let release = Release {
		owner: account_of(&alice),
		name: "digits".into(),
		version: "1".into(),
	};
	let image = Tensor {
		name: "image".into(),
		dtype: DType::F32,
		shape: vec![1, 1, 8, 8],
		data: vec![0; 256],
	};

	// Off chain: an error, and the node lives.
	for _ in 0..3 {
		let error = chain
			.dry_run(&release, std::slice::from_ref(&image), None)
			.await
			.unwrap_err();
		assert!(
			matches!(error, ChainError::Rpc { code: 7010, .. }),
			"{error}"
		);
	}
	assert!(node.exited().is_none());
	chain.best().await.unwrap();

	// On chain: the node stops rather than vote.
	let call = calls::infer(&release, std::slice::from_ref(&image));
	let at = chain.at_finalized().await.unwrap();
	let nonce = chain.next_nonce(&account_of(&alice)).await.unwrap();
	let signed = sign_at(&at, &call, &alice, nonce).unwrap();
	// The answer may come, or the connection may break first.
	let _watch = chain.submit(&signed).await;
	let status = node.wait_exit().await;
	assert!(!status.success(), "{status}");
}

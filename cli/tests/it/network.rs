//! Two nodes agree: the second imports every inference and holds the same state roots.

use noema_cli::chain::{calls, upload, Chain, Hash, Wait};
use noema_cli::keys::{account_of, from_uri};
use noema_cli::model::LocalModel;
use noema_cli::release::Release;
use noema_cli::tensor::{DType, Tensor};
use serde_json::Value;
use subxt::rpcs::client::rpc_params;

use crate::node::{until, Node};
use crate::tool::digits;

/// The node key of all zeros and a one, and the peer that it makes.
const NODE_KEY: &str = "0000000000000000000000000000000000000000000000000000000000000001";
/// An authority wants a key of its own that stays.
const OTHER_KEY: &str = "0000000000000000000000000000000000000000000000000000000000000002";
const PEER: &str = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";

async fn state_root(chain: &Chain, number: u64) -> Option<(Hash, String)> {
	let hash: Option<Hash> = chain
		.request("chain_getBlockHash", rpc_params![number])
		.await
		.ok()?;
	let header: Value = chain
		.request("chain_getHeader", rpc_params![hash?])
		.await
		.ok()?;
	Some((hash?, header["stateRoot"].as_str()?.to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_hold_the_same_state() {
	let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
	let local = ["--chain", "local"];
	let alice_args = [&local[..], &["--alice", "--node-key", NODE_KEY]].concat();
	let alice = Node::start(here.path(), &alice_args).await;
	let bootnode = format!("/ip4/127.0.0.1/tcp/{}/p2p/{PEER}", alice.port);
	let bob_args = [
		&local[..],
		&["--bob", "--node-key", OTHER_KEY, "--bootnodes", &bootnode],
	]
	.concat();
	let bob = Node::start(there.path(), &bob_args).await;
	let (first, second) = (alice.chain().await, bob.chain().await);

	let key = from_uri("//Alice").unwrap();
	let model = LocalModel::open(&digits("digits.onnx")).unwrap();
	let id = upload::ensure_submitted(&first, &key, &model.bytes, &mut |_| ())
		.await
		.unwrap();
	upload::wait_admitted(&first, id, &mut |_| ())
		.await
		.unwrap();
	let call = calls::release(id, "digits", "1", 0);
	first.execute(&call, &key, Wait::InBlock).await.unwrap();
	upload::wait_resident(&first, id, &mut |_| ())
		.await
		.unwrap();
	let release = Release {
		owner: account_of(&key),
		name: "digits".into(),
		version: "1".into(),
	};

	let mut last = 0;
	for round in 0..4u16 {
		let pixels = (0..64u16).flat_map(|i| f32::from((i * 7 + round) % 17).to_le_bytes());
		let image = Tensor {
			name: "image".into(),
			dtype: DType::F32,
			shape: vec![1, 1, 8, 8],
			data: pixels.collect(),
		};
		let inputs = std::slice::from_ref(&image);
		// Both sides take transactions, so both author and both import.
		let chain = if round % 2 == 0 { &first } else { &second };
		let outcome = chain
			.execute(&calls::infer(&release, inputs), &key, Wait::Finalized)
			.await
			.unwrap();
		let number = outcome.inferred[0].receipt;
		let there = until("the other node has the block", || async {
			let other = if round % 2 == 0 { &second } else { &first };
			other.receipt(number, Some(outcome.block)).await.ok()
		})
		.await;
		let here = chain.receipt(number, Some(outcome.block)).await.unwrap();
		assert_eq!(here, there);
		assert_eq!(here.outputs, model.run(inputs).unwrap());
		last = outcome.number;
	}

	for number in 0..=last {
		let a = until("the first node has the block", || {
			state_root(&first, number)
		})
		.await;
		let b = until("the second node has the block", || {
			state_root(&second, number)
		})
		.await;
		assert_eq!(a, b, "block {number}");
	}
}

//! Networks of several nodes: what they agree on, and what becomes of one that is late, cut off or
//! killed.

mod agreement;
mod late;
mod plans;
mod reorg;
pub(crate) mod spec;

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use noema_cli::chain::events::Outcome;
use noema_cli::chain::{calls, upload, Chain, Hash, Wait};
use noema_cli::keys::{account_of, from_uri};
use noema_cli::model::{LocalModel, ModelId};
use noema_cli::release::Release;
use noema_cli::tensor::{DType, Tensor};
use serde_json::Value;
use subxt::ext::codec::Decode;
use subxt::rpcs::client::{rpc_params, RpcParams};
use subxt::utils::AccountId32;
use subxt_signer::sr25519::Keypair;

use crate::node::{until, Build, Node};

/// A node of a network, and a connection to it.
pub(crate) struct Member {
	/// The process.
	pub(crate) node: Node,
	/// The connection.
	pub(crate) chain: Chain,
	/// Where the other nodes find it.
	pub(crate) address: String,
}

impl Member {
	/// Starts a node of the chain called `spec` that knows `peers`, its data and log under
	/// `directory`. It has another network identity at each start.
	pub(crate) async fn start(
		directory: &Path,
		spec: &str,
		args: &[&str],
		peers: &[&Self],
	) -> Self {
		Self::start_build(Build::Release, directory, spec, args, peers).await
	}

	/// Like [`start`](Self::start), of this build.
	pub(crate) async fn start_build(
		build: Build,
		directory: &Path,
		spec: &str,
		args: &[&str],
		peers: &[&Self],
	) -> Self {
		static KEYS: AtomicU32 = AtomicU32::new(1);
		let key = format!("{:064x}", KEYS.fetch_add(1, Ordering::Relaxed));
		let mut all = vec!["--chain", spec, "--node-key", &key];
		all.extend_from_slice(args);
		for peer in peers {
			all.extend(["--bootnodes", &peer.address]);
		}
		let node = Node::start_build(build, directory, &all).await;
		let chain = node.chain().await;
		let peer: String = request(&chain, "system_localPeerId", rpc_params![]).await;
		let address = format!("/ip4/127.0.0.1/tcp/{}/p2p/{peer}", node.port);
		Self {
			node,
			chain,
			address,
		}
	}
}

/// A request that must succeed.
pub(crate) async fn request<R: serde::de::DeserializeOwned>(
	chain: &Chain,
	method: &str,
	params: RpcParams,
) -> R {
	chain
		.request(method, params)
		.await
		.unwrap_or_else(|error| panic!("{method} of {}: {error:?}", chain.url()))
}

/// The block of this number in the node's best chain, if it has come that far.
pub(crate) async fn block_hash(chain: &Chain, number: u64) -> Option<Hash> {
	request(chain, "chain_getBlockHash", rpc_params![number]).await
}

/// A block's header.
async fn header(chain: &Chain, block: Hash) -> Value {
	request(chain, "chain_getHeader", rpc_params![block]).await
}

/// A block's number. The header tells it, for a node may have no state yet.
async fn number(chain: &Chain, block: Hash) -> u64 {
	let header = header(chain, block).await;
	let digits = header["number"]
		.as_str()
		.and_then(|text| text.strip_prefix("0x"));
	u64::from_str_radix(digits.expect("a number is hex"), 16).expect("a number is hex")
}

/// The number of the best block.
pub(crate) async fn best_number(chain: &Chain) -> u64 {
	number(chain, chain.best().await.unwrap()).await
}

/// The number of the last finalised block.
pub(crate) async fn finalized_number(chain: &Chain) -> u64 {
	number(chain, chain.finalized().await.unwrap()).await
}

/// Waits until the node holds the block of this number for final.
pub(crate) async fn wait_finalized(chain: &Chain, number: u64) {
	until(&format!("{} finalises {number}", chain.url()), || async {
		(finalized_number(chain).await >= number).then_some(())
	})
	.await;
}

/// Waits until all nodes hold this block for final, then asserts that they have the same blocks,
/// and so the same state roots, from genesis to there.
pub(crate) async fn assert_same_history(chains: &[&Chain], number: u64) {
	for chain in chains {
		wait_finalized(chain, number).await;
	}
	for number in 0..=number {
		let mut roots = Vec::new();
		for chain in chains {
			// A node that began with a late state fetches the blocks before it bit by bit.
			let hash = until(&format!("{} has block {number}", chain.url()), || {
				block_hash(chain, number)
			})
			.await;
			let root = header(chain, hash).await["stateRoot"].clone();
			assert!(root.is_string(), "block {number} has no state root: {root}");
			roots.push((hash, root));
		}
		assert!(
			roots.windows(2).all(|pair| pair[0] == pair[1]),
			"the nodes differ at block {number}: {roots:?}"
		);
	}
}

/// The authority that made a block, by its account: what the block's BABE digest says.
pub(crate) async fn author(chain: &Chain, block: Hash) -> AccountId32 {
	let header = header(chain, block).await;
	let logs = header["digest"]["logs"].as_array().unwrap();
	let index = logs
		.iter()
		.find_map(|log| {
			let bytes = noema_cli::hex_bytes::from_text(log.as_str()?).ok()?;
			// `DigestItem::PreRuntime(*b"BABE", ...)`; each kind of claim begins with the index.
			let data = bytes.strip_prefix(&[6, b'B', b'A', b'B', b'E'])?;
			let data = Vec::<u8>::decode(&mut &*data).ok()?;
			u32::decode(&mut data.get(1..)?).ok()
		})
		.expect("every block has a BABE digest");
	let epoch: Vec<u8> = chain
		.methods()
		.state_call("BabeApi_current_epoch", None, Some(block))
		.await
		.unwrap();
	// `sp_consensus_babe::Epoch`: index, start, duration, authorities with weights, ...
	type Epoch = (u64, u64, u64, Vec<([u8; 32], u64)>);
	let (_, _, _, authorities) = Epoch::decode(&mut &*epoch).unwrap();
	AccountId32(authorities[index as usize].0)
}

/// The account of a development key such as `//Alice`.
pub(crate) fn account(uri: &str) -> AccountId32 {
	account_of(&from_uri(uri).unwrap())
}

/// Uploads a model and waits until it is final that it may be called.
pub(crate) async fn register(chain: &Chain, key: &Keypair, file: &[u8], name: &str) -> Release {
	let id = upload::ensure_submitted(chain, key, file, &mut |_| ())
		.await
		.unwrap();
	upload::wait_admitted(chain, id, &mut |_| ()).await.unwrap();
	chain
		.execute(&calls::release(id, name, "1", 0), key, Wait::Finalized)
		.await
		.unwrap();
	upload::wait_resident(chain, id, &mut |_| ()).await.unwrap();
	Release {
		owner: account_of(key),
		name: name.into(),
		version: "1".into(),
	}
}

/// Waits until it is final that the chain does not know the model.
pub(crate) async fn wait_gone(chain: &Chain, id: ModelId) {
	until("the model is gone", || async {
		let at = chain.finalized().await.unwrap();
		chain
			.model(id, Some(at))
			.await
			.unwrap()
			.is_none()
			.then_some(())
	})
	.await;
}

/// Inputs for a model whose inputs are all f32: another pattern for each seed.
pub(crate) fn inputs(model: &LocalModel, seed: usize) -> Vec<Tensor> {
	model
		.inputs()
		.into_iter()
		.map(|schema| {
			assert_eq!(schema.dtype, DType::F32, "{schema}");
			let count = schema.shape.iter().product::<u32>() as usize;
			let values = (0..count).map(|i| ((i * 7 + seed * 31) % 257) as f32 / 64.0);
			Tensor {
				name: schema.name,
				dtype: schema.dtype,
				shape: schema.shape,
				data: values.flat_map(f32::to_le_bytes).collect(),
			}
		})
		.collect()
}

/// Infers through this node and asserts that the answer is what the engine gives without a chain.
pub(crate) async fn infer(
	chain: &Chain,
	key: &Keypair,
	release: &Release,
	model: &LocalModel,
	seed: usize,
	wait: Wait,
) -> Outcome {
	let inputs = inputs(model, seed);
	let outcome = chain
		.execute(&calls::infer(release, &inputs), key, wait)
		.await
		.unwrap();
	let receipt = chain
		.receipt(outcome.inferred[0].receipt, Some(outcome.block))
		.await
		.unwrap();
	assert_eq!(receipt.outputs, model.run(&inputs).unwrap());
	outcome
}

/// Waits until all nodes have the receipt after this block, and asserts that it is the same.
pub(crate) async fn assert_same_receipt(chains: &[&Chain], receipt: u64, block: Hash) {
	let mut receipts = Vec::new();
	for chain in chains {
		let what = format!("{} has receipt {receipt} at {block:?}", chain.url());
		receipts.push(
			until(&what, || async {
				chain.receipt(receipt, Some(block)).await.ok()
			})
			.await,
		);
	}
	assert!(
		receipts.windows(2).all(|pair| pair[0] == pair[1]),
		"receipt {receipt}: {receipts:?}"
	);
}

/// Sends inferences through a node until it has authored a block with one of them as the authority
/// `uri`, and all nodes hold that block for final; returns the block's number.
pub(crate) async fn authors_an_inference(
	node: &Member,
	uri: &str,
	others: &[&Member],
	key: &Keypair,
	release: &Release,
	model: &LocalModel,
) -> u64 {
	let chains: Vec<&Chain> = std::iter::once(node)
		.chain(others.iter().copied())
		.map(|member| &member.chain)
		.collect();
	for seed in 0.. {
		let outcome = infer(&node.chain, key, release, model, seed, Wait::InBlock).await;
		if author(&node.chain, outcome.block).await != account(uri) {
			continue;
		}
		for chain in &chains {
			wait_finalized(chain, outcome.number).await;
		}
		// Unless another block took its place.
		if block_hash(&node.chain, outcome.number).await == Some(outcome.block) {
			let receipt = outcome.inferred[0].receipt;
			assert_same_receipt(&chains, receipt, outcome.block).await;
			return outcome.number;
		}
	}
	unreachable!("the seeds do not end")
}

//! What the tests ask a node.

use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;
use zombienet_sdk::{
	subxt::ext::subxt_rpcs::client::{rpc_params, RpcParams},
	NetworkNode,
};

use crate::network::PATIENCE;

/// A header, as far as the tests need it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
	/// The block's number, in hex.
	number: String,
	/// The hash of the block before.
	pub parent_hash: String,
	/// The root of the state after the block.
	pub state_root: String,
}

impl Header {
	/// The block's number.
	pub fn number(&self) -> Result<u64> {
		let digits = self.number.trim_start_matches("0x");
		u64::from_str_radix(digits, 16).with_context(|| format!("block number {}", self.number))
	}
}

/// Calls a method.
pub async fn call(node: &NetworkNode, method: &str, params: RpcParams) -> Result<Value> {
	let client = node
		.rpc()
		.await
		.with_context(|| format!("connecting to {}", node.name()))?;
	client
		.request(method, params)
		.await
		.with_context(|| format!("{method} of {}", node.name()))
}

/// The hash of the block of this number in the node's best chain, if it has one.
pub async fn block_hash(node: &NetworkNode, number: u64) -> Result<Option<String>> {
	let hash = call(node, "chain_getBlockHash", rpc_params![number]).await?;
	Ok(serde_json::from_value(hash)?)
}

/// The header of the block of this number, which the node must have.
pub async fn header(node: &NetworkNode, number: u64) -> Result<Header> {
	let hash = block_hash(node, number)
		.await?
		.with_context(|| format!("{} has no block {number}", node.name()))?;
	header_of(node, &hash).await
}

/// The number of the latest block that the node holds for final.
pub async fn finalised(node: &NetworkNode) -> Result<u64> {
	let hash = call(node, "chain_getFinalizedHead", rpc_params![]).await?;
	let hash = hash.as_str().context("the finalised head is a hash")?;
	header_of(node, hash).await?.number()
}

/// The receipt with this number, or null.
pub async fn receipt(node: &NetworkNode, id: u64) -> Result<Value> {
	call(node, "inference_receipt", rpc_params![id]).await
}

/// Waits until the node holds this block for final.
pub async fn wait_finalised(node: &NetworkNode, number: u64) -> Result<()> {
	let reached = async {
		loop {
			let finalised = finalised(node).await?;
			if finalised >= number {
				return anyhow::Ok(());
			}
			tokio::time::sleep(Duration::from_secs(1)).await;
		}
	};
	tokio::time::timeout(Duration::from_secs(PATIENCE), reached)
		.await
		.with_context(|| format!("{} has not finalised block {number}", node.name()))?
}

async fn header_of(node: &NetworkNode, hash: &str) -> Result<Header> {
	let header = call(node, "chain_getHeader", rpc_params![hash]).await?;
	serde_json::from_value(header).with_context(|| format!("{} has no block {hash}", node.name()))
}

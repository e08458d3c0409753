//! A transaction that the pool does not report on, looked for in the finalised blocks.

use std::time::Duration;

use subxt::config::{Hasher, Header};

use super::client::{Signed, MORTALITY};
use super::{Chain, ChainError, Hash};

/// The pause between one look and the next.
const PAUSE: Duration = Duration::from_millis(500);

/// The search for one transaction.
#[derive(Clone, Debug)]
pub(super) struct Follow {
	chain: Chain,
	transaction: Signed,
	/// The first block that may hold it.
	from: u64,
}

impl Follow {
	/// Looks in the blocks that are not final yet.
	pub(super) async fn from_now(chain: &Chain, transaction: &Signed) -> Result<Self, ChainError> {
		Ok(Self {
			from: finalized_number(chain).await? + 1,
			chain: chain.clone(),
			transaction: transaction.clone(),
		})
	}

	/// Waits until the transaction is in a finalised block; returns the block.
	///
	/// A pool may forget a transaction on which it does not report. So the transaction is sent again
	/// now and then, which changes nothing while it is there; once it is in a block its nonce is used
	/// up.
	pub(super) async fn finalized(self) -> Result<Hash, ChainError> {
		let hash = self.transaction.hash;
		// After as many blocks it is not valid any more.
		let end = self.from + MORTALITY;
		let mut next = self.from;
		while next <= end {
			let last = finalized_number(&self.chain).await?;
			if next > last {
				// Whatever the pool says to it.
				let methods = self.chain.methods();
				let _ = methods
					.author_submit_extrinsic(&self.transaction.bytes)
					.await;
				tokio::time::sleep(PAUSE).await;
				continue;
			}
			if let Some(block) = self.look_into(next).await? {
				return Ok(block);
			}
			next += 1;
		}
		Err(ChainError::Lost { hash })
	}

	/// The hash of the finalised block of this number, if it holds the transaction.
	async fn look_into(&self, number: u64) -> Result<Option<Hash>, ChainError> {
		let methods = self.chain.methods();
		let block = methods
			.chain_get_block_hash(Some(number.into()))
			.await
			.map_err(|error| ChainError::request("chain_getBlockHash", error))?
			.ok_or_else(|| ChainError::Inconsistent(format!("it has no block {number}")))?;
		let body = methods
			.chain_get_block(Some(block))
			.await
			.map_err(|error| ChainError::request("chain_getBlock", error))?
			.ok_or_else(|| ChainError::Inconsistent(format!("the block {block:?} is gone")))?;
		let hasher = *self.chain.at(block).await?.hasher();
		let found = body
			.block
			.extrinsics
			.iter()
			.any(|extrinsic| hasher.hash(&extrinsic.0) == self.transaction.hash);
		Ok(found.then_some(block))
	}
}

/// The number of the last finalised block.
async fn finalized_number(chain: &Chain) -> Result<u64, ChainError> {
	let hash = chain.finalized().await?;
	let header = chain
		.methods()
		.chain_get_header(Some(hash))
		.await
		.map_err(|error| ChainError::request("chain_getHeader", error))?
		.ok_or_else(|| ChainError::Inconsistent(format!("the block {hash:?} is gone")))?;
	Ok(header.number())
}

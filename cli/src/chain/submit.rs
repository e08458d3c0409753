//! Extrinsics into the pool, into a block, and final.

use std::time::Duration;

use subxt::ext::scale_encode::EncodeAsFields;
use subxt::rpcs;
use subxt::rpcs::client::RpcSubscription;
use subxt::rpcs::methods::legacy::TransactionStatus;
use subxt::utils::AccountId32;
use subxt_signer::sr25519::Keypair;

use super::calls::Call;
use super::client::Signed;
use super::events::{BlockEvents, Outcome};
use super::follow::Follow;
use super::{Chain, ChainError, Hash};
use crate::keys::account_of;

/// How long to wait for a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Wait {
	/// Until it is in a block.
	InBlock,
	/// Until that block is final.
	#[default]
	Finalized,
	/// Not at all: once it is in the pool.
	None,
}

/// A transaction in the pool.
#[derive(Debug)]
pub struct Watch {
	/// Its hash.
	pub hash: Hash,
	source: Source,
}

/// By what a transaction is watched.
#[derive(Debug)]
enum Source {
	/// The pool's reports.
	Statuses(RpcSubscription<TransactionStatus<Hash>>),
	/// The finalised blocks.
	Blocks(Follow),
}

/// How often a nonce is asked for anew, and the pause before: together half a minute, for two forks
/// may both grow for some slots before one wins.
const NONCE_ATTEMPTS: u32 = 60;
const NONCE_PAUSE: Duration = Duration::from_millis(500);

/// Codes of the pool's refusals: `sc-rpc-api`, author/error.rs.
mod code {
	pub(super) const INVALID: i32 = 1010;
	pub(super) const BANNED: i32 = 1012;
	pub(super) const ALREADY_IMPORTED: i32 = 1013;
	pub(super) const TOO_LOW_PRIORITY: i32 = 1014;
	pub(super) const IMMEDIATELY_DROPPED: i32 = 1016;
}

impl Chain {
	/// Puts a signed transaction into the node's pool.
	pub async fn submit(&self, signed: &Signed) -> Result<Watch, ChainError> {
		match self
			.methods()
			.author_submit_and_watch_extrinsic(&signed.bytes)
			.await
		{
			Ok(statuses) => Ok(Watch {
				hash: signed.hash,
				source: Source::Statuses(statuses),
			}),
			// It may be there although nobody has sent it before: where a block arrives at that moment,
			// one half of the pool hands it to the other before this request does. It will be in a
			// block like any other; only its reports are not to be had.
			Err(rpcs::Error::User(user)) if user.code == code::ALREADY_IMPORTED => Ok(Watch {
				hash: signed.hash,
				source: Source::Blocks(Follow::from_now(self, signed).await?),
			}),
			Err(error) => Err(self.pool_error(error, signed.account).await),
		}
	}

	async fn pool_error(&self, error: rpcs::Error, account: AccountId32) -> ChainError {
		let rpcs::Error::User(user) = &error else {
			return ChainError::request("author_submitAndWatchExtrinsic", error);
		};
		let data = user
			.data
			.as_ref()
			.map(|data| data.get().trim_matches('"').to_owned());
		let detail = data.unwrap_or_else(|| user.message.clone());
		let reason = match user.code {
			code::INVALID if detail.contains("pay some fees") => {
				return match self.balance(&account).await {
					Ok(balance) => ChainError::NoFunds {
						account: account.to_string(),
						free: balance.free,
					},
					Err(error) => error,
				};
			}
			code::INVALID if detail.contains("outdated") => return ChainError::NonceTaken,
			code::INVALID if detail.contains("exhaust") => {
				format!("{detail}; it is too large or too heavy for a block, or blocks are full of uploads")
			}
			code::INVALID => rejection(&detail).unwrap_or(detail),
			code::BANNED => format!("{detail}; it was refused a moment ago, wait half an hour"),
			code::TOO_LOW_PRIORITY => return ChainError::NonceTaken,
			code::IMMEDIATELY_DROPPED => "the pool is full; try again later".to_owned(),
			_ => return ChainError::request("author_submitAndWatchExtrinsic", error),
		};
		ChainError::Pool { reason }
	}

	/// Signs a call with the account's next nonce and submits it.
	///
	/// While a node moves from one fork to another, it may name a nonce that a transaction of the
	/// abandoned fork takes back a moment later; then the next nonce is asked for again.
	pub async fn send<Args: EncodeAsFields>(
		&self,
		call: &Call<Args>,
		key: &Keypair,
	) -> Result<Watch, ChainError> {
		let account = account_of(key);
		let mut attempt = 1;
		loop {
			let nonce = self.next_nonce(&account).await?;
			let signed = self.sign(call, key, nonce).await?;
			match self.submit(&signed).await {
				Err(ChainError::NonceTaken) if attempt < NONCE_ATTEMPTS => attempt += 1,
				result => return result,
			}
			tokio::time::sleep(NONCE_PAUSE).await;
		}
	}

	/// Sends a call ([`send`](Self::send)), waits and looks at the outcome.
	///
	/// A call that fails in its block is an error, whose fee is paid all the same.
	pub async fn execute<Args: EncodeAsFields>(
		&self,
		call: &Call<Args>,
		key: &Keypair,
		wait: Wait,
	) -> Result<Outcome, ChainError> {
		let wait = if wait == Wait::None {
			Wait::InBlock
		} else {
			wait
		};
		let watch = self.send(call, key).await?;
		let hash = watch.hash;
		let block = watch.wait(wait).await?;
		BlockEvents::fetch(self, block)
			.await?
			.outcome(hash)?
			.into_result()
	}
}

/// The words for the numbers by which the pool refuses chunks: pallet-models, `rejection`.
fn rejection(detail: &str) -> Option<String> {
	let number = detail.strip_prefix("Custom error: ")?;
	let words = match number {
		"101" => "NotUploading: the model is complete already, or being removed",
		"102" => "NotUploader: another account uploads this model",
		"103" => "ChunkIndexOutOfRange: the file has no chunk of this number",
		"104" => "WrongChunkLength: all chunks but the last have exactly 512 KiB",
		"105" => "ChunkExists: this chunk has been uploaded already",
		_ => return None,
	};
	Some(words.to_owned())
}

impl Watch {
	/// Waits until the transaction is in a block, or final; returns the block.
	///
	/// With [`Wait::InBlock`] a fork may still take the block away.
	pub async fn wait(self, wait: Wait) -> Result<Hash, ChainError> {
		let hash = self.hash;
		let dropped = |status| Err(ChainError::Dropped { hash, status });
		let mut statuses = match self.source {
			Source::Statuses(statuses) => statuses,
			Source::Blocks(follow) => return follow.finalized().await,
		};
		while let Some(status) = statuses.next().await {
			let status = status
				.map_err(|error| ChainError::request("author_submitAndWatchExtrinsic", error))?;
			match status {
				TransactionStatus::InBlock(block) if wait != Wait::Finalized => return Ok(block),
				TransactionStatus::Finalized(block) => return Ok(block),
				TransactionStatus::FinalityTimeout(_) => return dropped("finality timeout"),
				TransactionStatus::Usurped(_) => return dropped("replaced by another one"),
				TransactionStatus::Dropped => return dropped("dropped"),
				TransactionStatus::Invalid => return dropped("invalid"),
				TransactionStatus::InBlock(_)
				| TransactionStatus::Future
				| TransactionStatus::Ready
				| TransactionStatus::Broadcast(_)
				| TransactionStatus::Retracted(_) => (),
			}
		}
		Err(ChainError::Lost { hash })
	}
}

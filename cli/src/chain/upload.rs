//! A model's way onto the chain: upload, submission, admission, maturity.
//!
//! Uploads are resumable: what is on the chain is not sent again, so a command that was broken off
//! is simply run again.

use std::collections::HashSet;
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use subxt::utils::AccountId32;
use subxt_signer::sr25519::Keypair;

use super::client::sign_at;
use super::events::BlockEvents;
use super::types::{ModelInfo, Stage};
use super::{calls, Chain, ChainError, Wait};
use crate::keys::account_of;
use crate::model::{ModelId, CHUNK_SIZE};

/// Chunks of one uploader that may be on their way at a time: 8 MiB.
const IN_FLIGHT: usize = 8 * 1024 * 1024 / CHUNK_SIZE;
/// How often chunks that were lost are sent again, and the pause before: together half a minute, for
/// two forks may both grow for some slots before one wins.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(1500);
/// How often the chain is asked while waiting.
const POLL: Duration = Duration::from_millis(400);

/// What happens on the way, for progress bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
	/// So many of so many bytes are on the chain.
	Uploaded {
		/// Bytes on the chain.
		done: u64,
		/// Bytes of the file.
		total: u64,
	},
	/// The model's stage, and the best block.
	Waiting {
		/// How far the model has come.
		stage: Stage,
		/// The best block's number.
		block: u64,
	},
}

/// Gets a model onto the chain and submits it, unless that is done already.
///
/// Afterwards it is queued, maturing or resident: for good if this call submitted it, since it waits
/// until that is final.
pub async fn ensure_submitted(
	chain: &Chain,
	key: &Keypair,
	file: &[u8],
	progress: &mut impl FnMut(Step),
) -> Result<ModelId, ChainError> {
	let id = ModelId::of(file);
	let me = account_of(key);
	let size = u32::try_from(file.len()).map_err(|_| ChainError::Pool {
		reason: "the file is larger than 4 GiB".to_owned(),
	})?;
	match chain.model(id, None).await? {
		None => {
			chain
				.execute(&calls::begin_upload(id, size), key, Wait::InBlock)
				.await?;
		}
		Some(model) => match model.stage {
			Stage::Uploading { .. } if model.owner == me.to_string() => (),
			Stage::Uploading { .. } => {
				return Err(ChainError::ForeignUpload { owner: model.owner })
			}
			Stage::Queued { .. }
			| Stage::Maturing { .. }
			| Stage::Resident
			| Stage::Dormant
			| Stage::Leaving { .. } => return Ok(id),
			Stage::Removing => return Err(ChainError::BeingRemoved(id)),
		},
	}
	upload_chunks(chain, key, me, id, file, progress).await?;
	chain
		.execute(&calls::submit(id), key, Wait::Finalized)
		.await?;
	Ok(id)
}

/// Sends the chunks that are missing until none is.
async fn upload_chunks(
	chain: &Chain,
	key: &Keypair,
	me: AccountId32,
	id: ModelId,
	file: &[u8],
	progress: &mut impl FnMut(Step),
) -> Result<(), ChainError> {
	let chunks: Vec<&[u8]> = file.chunks(CHUNK_SIZE).collect();
	let total = file.len() as u64;
	let mut last_error = None;
	for _ in 0..ATTEMPTS {
		let stored: HashSet<u32> = chain.stored_chunks(id, None).await?.into_iter().collect();
		let missing: Vec<(u32, &[u8])> = (0..)
			.zip(chunks.iter().copied())
			.filter(|(index, _)| !stored.contains(index))
			.collect();
		let mut done = total
			- missing
				.iter()
				.map(|(_, bytes)| bytes.len() as u64)
				.sum::<u64>();
		progress(Step::Uploaded { done, total });
		if missing.is_empty() {
			return Ok(());
		}
		let mut report = |bytes: u64| {
			done += bytes;
			progress(Step::Uploaded { done, total });
		};
		match send(chain, key, me, id, &missing, &mut report).await {
			Ok(()) => (),
			// What these leave behind is seen, and sent again, in the next round.
			Err(
				error @ (ChainError::Dropped { .. }
				| ChainError::NonceTaken
				| ChainError::Pool { .. }),
			) => {
				last_error = Some(error);
				tokio::time::sleep(PAUSE).await;
			}
			Err(error) => return Err(error),
		}
	}
	let stored = chain.stored_chunks(id, None).await?.len();
	match (chunks.len() - stored.min(chunks.len()), last_error) {
		(0, _) => Ok(()),
		(_, Some(error @ ChainError::Pool { .. })) => Err(error),
		(missing, _) => Err(ChainError::UploadIncomplete {
			attempts: ATTEMPTS,
			missing,
		}),
	}
}

/// Sends chunks with contiguous nonces, at most [`IN_FLIGHT`] at a time, and waits until all are in
/// blocks.
async fn send(
	chain: &Chain,
	key: &Keypair,
	me: AccountId32,
	id: ModelId,
	missing: &[(u32, &[u8])],
	report: &mut impl FnMut(u64),
) -> Result<(), ChainError> {
	let mut nonce = chain.next_nonce(&me).await?;
	let mut in_flight = FuturesUnordered::new();
	let mut failed = None;
	for (index, bytes) in missing {
		if in_flight.len() == IN_FLIGHT {
			match in_flight.next().await {
				Some(Ok(length)) => report(length),
				Some(Err(error)) => failed = Some(error),
				None => (),
			}
		}
		if failed.is_some() {
			break;
		}
		let at = chain.at_finalized().await?;
		let call = calls::upload_chunk(id, *index, bytes.to_vec());
		let signed = sign_at(&at, &call, key, nonce)?;
		// One after the other, so that the pool sees the nonces in order.
		let watch = match chain.submit(&signed).await {
			Ok(watch) => watch,
			Err(error) => {
				failed = Some(error);
				break;
			}
		};
		nonce += 1;
		let length = bytes.len() as u64;
		in_flight.push(async move {
			let block = watch.wait(Wait::InBlock).await?;
			let events = BlockEvents::fetch(chain, block).await?;
			events.outcome(signed.hash)?.into_result()?;
			Ok::<u64, ChainError>(length)
		});
	}
	while let Some(result) = in_flight.next().await {
		match result {
			Ok(length) => report(length),
			Err(error) => failed = failed.or(Some(error)),
		}
	}
	failed.map_or(Ok(()), Err)
}

/// Waits until a submitted model is admitted, and returns it as it is then.
pub async fn wait_admitted(
	chain: &Chain,
	id: ModelId,
	progress: &mut impl FnMut(Step),
) -> Result<ModelInfo, ChainError> {
	wait(chain, id, progress, |stage| stage.is_admitted()).await
}

/// Waits until an admitted model may be called in a block.
///
/// # Errors
///
/// [`ChainError::Dormant`] if it is not known when that will be.
pub async fn wait_resident(
	chain: &Chain,
	id: ModelId,
	progress: &mut impl FnMut(Step),
) -> Result<ModelInfo, ChainError> {
	wait(chain, id, progress, |stage| stage.is_callable()).await
}

/// Waits until the last finalised block has the model at a stage that will do: a later transaction
/// builds on it, and might find itself on another fork otherwise.
async fn wait(
	chain: &Chain,
	id: ModelId,
	progress: &mut impl FnMut(Step),
	done: impl Fn(Stage) -> bool,
) -> Result<ModelInfo, ChainError> {
	loop {
		let finalized = chain.finalized().await?;
		if let Some(model) = chain.model(id, Some(finalized)).await? {
			if done(model.stage) {
				return Ok(model);
			}
		}
		match chain.model(id, None).await?.map(|model| model.stage) {
			Some(
				stage @ (Stage::Queued { .. }
				| Stage::Maturing { .. }
				| Stage::Resident
				| Stage::Leaving { .. }),
			) => {
				let block = chain.at_best().await?.block_number();
				progress(Step::Waiting { stage, block });
			}
			Some(stage @ Stage::Dormant) if done(stage) => {
				let block = chain.at_best().await?.block_number();
				progress(Step::Waiting { stage, block });
			}
			Some(Stage::Dormant) => return Err(ChainError::Dormant(id)),
			// Submission put it out of this stage; the chain has put it back.
			Some(Stage::Uploading { .. }) => return Err(ChainError::NoRoom(id)),
			Some(Stage::Removing) | None => {
				return Err(match chain.refusal(id).await? {
					Some((code, subject)) => ChainError::Refused { code, subject },
					None => ChainError::Vanished(id),
				});
			}
		}
		tokio::time::sleep(POLL).await;
	}
}

//! Bytes that are too many for one extrinsic: uploaded in chunks, in order, and named by their hash.

use subxt::ext::codec::{Decode, Encode};
use subxt_signer::sr25519::Keypair;

use super::calls::jobs::{self as calls, Payload};
use super::{Chain, ChainError, Wait};
use crate::keys::account_of;
use crate::model::CHUNK_SIZE;

impl Chain {
	/// Uploads bytes as a blob, unless they are there already; tells `progress` how many of them are.
	/// Broken off, it goes on where it was. Returns how a call names the blob.
	pub async fn upload_blob(
		&self,
		key: &Keypair,
		bytes: &[u8],
		progress: &mut impl FnMut(u64),
	) -> Result<Payload, ChainError> {
		let hash = *blake3::hash(bytes).as_bytes();
		let size = u32::try_from(bytes.len()).map_err(|_| ChainError::Pool {
			reason: "the inputs are larger than 4 GiB".to_owned(),
		})?;
		let chunks: Vec<&[u8]> = bytes.chunks(CHUNK_SIZE).collect();
		let mut next = self.missing_chunk(key, hash).await?;
		while let Some(index) = next {
			progress(u64::from(index) * CHUNK_SIZE as u64);
			let Some(chunk) = chunks.get(index as usize) else {
				break;
			};
			let call = calls::upload_blob(hash, size, index, chunk);
			self.execute(&call, key, Wait::InBlock).await?;
			next = index.checked_add(1);
		}
		progress(u64::from(size));
		Ok(Payload::Blob { hash, size })
	}

	/// The chunk of a blob that is to be uploaded next; none if it is complete.
	async fn missing_chunk(
		&self,
		key: &Keypair,
		hash: [u8; 32],
	) -> Result<Option<u32>, ChainError> {
		const METHOD: &str = "JobsApi_blob";
		/// `BlobInfo`: bytes in all, the chunk that is missing, when it expires, jobs that use it.
		type BlobInfo = (u32, Option<u32>, u32, u32);
		let parameters = (account_of(key), hash).encode();
		let bytes: Vec<u8> = self
			.methods()
			.state_call(METHOD, Some(&parameters), None)
			.await
			.map_err(|error| ChainError::request(METHOD, error))?;
		let blob = Option::<BlobInfo>::decode(&mut bytes.as_slice())
			.map_err(|_| ChainError::Inconsistent("a blob is no blob".to_owned()))?;
		Ok(blob.map_or(Some(0), |(_, missing, _, _)| missing))
	}

	/// The most bytes of tensors that a job's request brings itself, SCALE encoded.
	pub async fn max_inline_bytes(&self) -> Result<u32, ChainError> {
		let address = subxt::dynamic::constant::<u32>("Jobs", "MaxInlineBytes");
		self.at_best()
			.await?
			.constants()
			.entry(address)
			.map_err(|error| ChainError::client("read the limits of jobs", error))
	}
}

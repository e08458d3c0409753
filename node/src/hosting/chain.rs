//! What the worker reads of the chain.

use std::{fmt, sync::Arc};

use codec::Decode;
use noema_precompile_inference::host::read_file;
use noema_primitives::{
	api::JobsApi,
	jobs::{BlobInfo, JobParams},
	JobId, ModelId, ModelLocation, NamedTensor,
};
use noema_runtime::{AccountId, Balance, BlockNumber, Hash, Nonce, Runtime};
use sc_client_api::StorageProvider;
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_core::storage::StorageKey;

use super::duty::{Job, Party};
use crate::service::FullClient;

/// Why something cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
	/// The runtime could not be called, or the block's state is gone.
	#[error("cannot call the runtime: {0}")]
	Api(#[from] sp_api::ApiError),
	/// The state could not be read.
	#[error("cannot read the state: {0}")]
	State(#[from] sp_blockchain::Error),
	/// A chunk of the model is not in the state, or the bytes are not those of the model.
	#[error("the bytes of model {0} are not in the state")]
	Model(ModelId),
	/// The job has no inputs any more.
	#[error("the inputs of the job are not kept any more")]
	Inputs,
}

/// Reads the states of a client.
#[derive(Clone)]
pub struct Chain(Arc<FullClient>);

impl fmt::Debug for Chain {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str("Chain")
	}
}

impl Chain {
	/// Reads the states of `client`.
	pub const fn new(client: Arc<FullClient>) -> Self {
		Self(client)
	}

	/// Number and hash of the last final block.
	pub fn finalized(&self) -> (BlockNumber, Hash) {
		let info = self.0.info();
		(info.finalized_number, info.finalized_hash)
	}

	/// Number and hash of the best block.
	pub fn best(&self) -> (BlockNumber, Hash) {
		let info = self.0.info();
		(info.best_number, info.best_hash)
	}

	/// The hash of the first block.
	pub fn genesis(&self) -> Hash {
		self.0.info().genesis_hash
	}

	/// The open jobs in which `party` may have something to do.
	///
	/// # Errors
	///
	/// [`ReadError::Api`].
	pub fn jobs(&self, at: Hash, party: &Party) -> Result<Vec<Job>, ReadError> {
		let api = self.0.runtime_api();
		let mut numbers = if party.watches {
			api.open_jobs(at)?
		} else {
			api.assignments(at, party.account.clone())?
		};
		numbers.sort_unstable();
		let jobs = numbers.into_iter().map(|id| api.job(at, id));
		let jobs: Result<Vec<_>, _> = jobs.collect();
		Ok(jobs?.into_iter().flatten().collect())
	}

	/// A job, while it is kept.
	///
	/// # Errors
	///
	/// [`ReadError::Api`].
	pub fn job(&self, at: Hash, id: JobId) -> Result<Option<Job>, ReadError> {
		Ok(self.0.runtime_api().job(at, id)?)
	}

	/// What governs jobs.
	///
	/// # Errors
	///
	/// [`ReadError::Api`].
	pub fn params(&self, at: Hash) -> Result<JobParams<Balance, BlockNumber>, ReadError> {
		Ok(self.0.runtime_api().params(at)?)
	}

	/// The inputs of a job.
	///
	/// # Errors
	///
	/// [`ReadError::Inputs`] if they are not kept.
	pub fn inputs(&self, at: Hash, id: JobId) -> Result<Vec<NamedTensor>, ReadError> {
		self.0
			.runtime_api()
			.inputs(at, id)?
			.ok_or(ReadError::Inputs)
	}

	/// A blob of `owner`.
	///
	/// # Errors
	///
	/// [`ReadError::Api`].
	pub fn blob(
		&self,
		at: Hash,
		owner: &AccountId,
		hash: [u8; 32],
	) -> Result<Option<BlobInfo<BlockNumber>>, ReadError> {
		Ok(self.0.runtime_api().blob(at, owner.clone(), hash)?)
	}

	/// The bytes of a model, which are checked against its id.
	///
	/// # Errors
	///
	/// [`ReadError::Model`].
	pub fn file(&self, at: Hash, location: &ModelLocation) -> Result<Vec<u8>, ReadError> {
		let read = |key: &[u8]| {
			let value = self.0.storage(at, &StorageKey(key.to_vec()));
			value.ok().flatten().map(|value| value.0)
		};
		read_file(location, read)
			.ok()
			.filter(|bytes| ModelId::of(bytes) == location.id)
			.ok_or(ReadError::Model(location.id))
	}

	/// The nonce of an account, and what it can spend and still live.
	///
	/// # Errors
	///
	/// [`ReadError::State`].
	pub fn account(&self, at: Hash, who: &AccountId) -> Result<(Nonce, Balance), ReadError> {
		type Info = frame_system::AccountInfo<Nonce, pallet_balances::AccountData<Balance>>;
		let key = StorageKey(frame_system::Account::<Runtime>::hashed_key_for(who));
		let info = self
			.0
			.storage(at, &key)?
			.and_then(|value| Info::decode(&mut &value.0[..]).ok())
			.unwrap_or_default();
		let kept = info
			.data
			.frozen
			.max(noema_runtime::constants::money::EXISTENTIAL_DEPOSIT);
		Ok((info.nonce, info.data.free.saturating_sub(kept)))
	}

	/// The versions by which a transaction says for which runtime it is.
	///
	/// # Errors
	///
	/// [`ReadError::State`].
	pub fn versions(&self, at: Hash) -> Result<(u32, u32), ReadError> {
		use sp_api::Core;
		let version = self.0.runtime_api().version(at)?;
		Ok((version.spec_version, version.transaction_version))
	}
}

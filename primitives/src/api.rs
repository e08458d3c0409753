//! The runtime API traits that the node's RPC and background work use.

use alloc::vec::Vec;
use codec::Codec;
use sp_core::H256;
use sp_runtime::{DispatchError, Weight};

use crate::{
	hosting::HostInfo,
	jobs::{BlobInfo, JobInfo, JobParams},
	Cost, DryRun, JobId, ModelId, ModelInfo, NamedTensor, Quote, Receipt, ReceiptId, ReleaseId,
	ReleaseInfo, WorkItem,
};

sp_api::decl_runtime_apis! {
	/// What the registry holds.
	pub trait ModelsApi<AccountId, Balance, BlockNumber>
	where
		AccountId: Codec,
		Balance: Codec,
		BlockNumber: Codec,
	{
		/// Up to `limit` (at most 100) models in the order of their ids, the first one after `after`.
		fn models(after: Option<ModelId>, limit: u32) -> Vec<ModelInfo<AccountId, BlockNumber>>;

		/// One model.
		fn model(id: ModelId) -> Option<ModelInfo<AccountId, BlockNumber>>;

		/// One release.
		fn release(id: ReleaseId<AccountId>) -> Option<ReleaseInfo<Balance, BlockNumber>>;

		/// All releases that point at a model, retired ones included, at most 100.
		fn releases_of(
			id: ModelId,
		) -> Vec<(ReleaseId<AccountId>, ReleaseInfo<Balance, BlockNumber>)>;

		/// The models that wait for admission, mature, or may be called.
		fn working_set() -> Vec<WorkItem>;
	}

	/// Lane 1: inference in the block.
	pub trait InferenceApi<AccountId, Balance, BlockNumber>
	where
		AccountId: Codec,
		Balance: Codec,
		BlockNumber: Codec,
	{
		/// What `infer` with these inputs will cost in an extrinsic of `extrinsic_len` bytes.
		fn quote(
			release: ReleaseId<AccountId>,
			inputs: Vec<NamedTensor>,
			extrinsic_len: u32,
		) -> Result<Quote<Balance>, DispatchError>;

		/// The answer that an `infer` extrinsic in the next block would store. Nothing is paid
		/// and nothing is kept.
		fn dry_run(
			release: ReleaseId<AccountId>,
			inputs: Vec<NamedTensor>,
		) -> Result<DryRun, DispatchError>;

		/// What a run of this cost adds to the weight of a call, whatever model it is of.
		fn run_weight(cost: Cost) -> Weight;

		/// What a call of a model of this cost weighs beyond one that finds no release: the run, and
		/// what it takes to pay the model's hosts. The bytes of outputs, and a royalty, come on top.
		fn added_weight(cost: Cost) -> Weight;

		/// The receipt with this number, while it is kept.
		fn receipt(id: ReceiptId) -> Option<Receipt<AccountId, BlockNumber>>;
	}

	/// Who stakes on models.
	pub trait HostingApi<AccountId, Balance, BlockNumber>
	where
		AccountId: Codec,
		Balance: Codec,
		BlockNumber: Codec,
	{
		/// One host.
		fn host(account: AccountId) -> Option<HostInfo<AccountId, Balance, BlockNumber>>;

		/// Up to `limit` (at most 100) hosts, those committed to `model` if one is named, in a
		/// canonical order, the first one after `after`.
		fn hosts(
			model: Option<ModelId>,
			after: Option<AccountId>,
			limit: u32,
		) -> Vec<HostInfo<AccountId, Balance, BlockNumber>>;

		/// The stake that must be committed to an admitted model for it to be callable in a block.
		fn requirement(model: ModelId) -> Option<Balance>;
	}

	/// Lane 2: inference off the block.
	pub trait JobsApi<AccountId, Balance, BlockNumber>
	where
		AccountId: Codec,
		Balance: Codec,
		BlockNumber: Codec,
	{
		/// One job, while it is kept.
		fn job(id: JobId) -> Option<JobInfo<AccountId, Balance, BlockNumber>>;

		/// Up to `limit` (at most 100) jobs in the order of their numbers, the first one after
		/// `after`, without their outputs.
		fn jobs(
			after: Option<JobId>,
			limit: u32,
		) -> Vec<JobInfo<AccountId, Balance, BlockNumber>>;

		/// The inputs of a job in the schema's order, while they are kept: what its leaf 0 is of.
		fn inputs(id: JobId) -> Option<Vec<NamedTensor>>;

		/// The open jobs of whose committees `host` is a member.
		fn assignments(host: AccountId) -> Vec<JobId>;

		/// The jobs that are not over, at most 256, the oldest first.
		fn open_jobs() -> Vec<JobId>;

		/// The hashes of the leaves that were posted under a trace root, in order.
		fn leaves(id: JobId, trace_root: H256) -> Option<Vec<H256>>;

		/// A blob by uploader and hash.
		fn blob(owner: AccountId, hash: [u8; 32]) -> Option<BlobInfo<BlockNumber>>;

		/// What governs jobs now.
		fn params() -> JobParams<Balance, BlockNumber>;
	}
}

//! The runtime API traits that the node's RPC and background work use.

use alloc::vec::Vec;
use codec::Codec;
use sp_runtime::{DispatchError, Weight};

use crate::{
	Cost, DryRun, ModelId, ModelInfo, NamedTensor, Quote, Receipt, ReceiptId, ReleaseId,
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

		/// The receipt with this number, while it is kept.
		fn receipt(id: ReceiptId) -> Option<Receipt<AccountId, BlockNumber>>;
	}
}

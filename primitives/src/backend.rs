//! The seams at which pallets reach the engine and each other. A mock stands in for each in the
//! pallets' tests.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;
use sp_runtime::{DispatchError, Weight};

use crate::{
	inference::{InferenceOutcome, ReleaseId, RunCost},
	model::{ModelLocation, ModelReport, Refusal},
	tensor::NamedTensor,
};

/// Works out what a file is. A pure function of the file's bytes and the profile.
pub trait ModelAdmission {
	/// The report of a model whose chunks are in the state, or why it is refused.
	///
	/// An error is no finding about the model: the chunks are not where they should be, or an
	/// internal fault met a call that is not part of a block.
	fn admit(
		model: &ModelLocation,
		profile: u16,
	) -> Result<Result<ModelReport, Refusal>, InferError>;

	/// Forgets all that is remembered of models, so that the next call is the dearest there may be.
	#[cfg(feature = "runtime-benchmarks")]
	fn forget() {}
}

/// Runs models. A pure function of model, profile and inputs.
pub trait ModelExecutor {
	/// The outputs of `model` on `inputs`, in the order of the report's schema.
	///
	/// `inputs` must fit the schema and be in its order; the caller has checked that.
	fn infer(
		model: &ModelLocation,
		report: &ModelReport,
		inputs: &[NamedTensor],
	) -> Result<Vec<NamedTensor>, InferError>;
}

/// Why a run gave no outputs.
///
/// See [`is_result`](Self::is_result) for which of them a block may rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum InferError {
	/// An index (Gather, for instance) lies outside the tensor that it points into.
	IndexOutOfRange,
	/// An integer was divided by zero.
	DivisionByZero,
	/// A value outside an operator's domain, such as a bool that is neither 0 nor 1.
	InvalidValue,
	/// The inputs do not fit the model's schema.
	SchemaMismatch,
	/// A chunk of the model is not in the state. Only in a call that is not part of a block.
	ModelMissing,
	/// The bytes are no model under this profile.
	ModelRefused,
	/// This node's precompile does not know the profile.
	UnknownProfile,
	/// The fault of one machine, in a call that is not part of a block.
	InternalFault,
	/// Too many calls that are not part of a block run at once; ask again later.
	Busy,
}

impl InferError {
	/// Whether it is a result, which every validator gets alike.
	///
	/// The others never reach a block: there, the node stops instead, for its answer would not be
	/// the network's. A caller that meets one is part of no block and must draw no conclusion
	/// about the model.
	pub const fn is_result(self) -> bool {
		!matches!(self, Self::ModelMissing | Self::InternalFault | Self::Busy)
	}
}

/// What a release stands for, as the inference pallet needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedRelease<Balance> {
	/// The model and its bytes.
	pub location: ModelLocation,
	/// What admission found.
	pub report: ModelReport,
	/// What the release's owner earns from each inference.
	pub royalty: Balance,
}

/// What the weight of a call of a release depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseCost {
	/// The model's part.
	pub run: RunCost,
	/// Whether its owner earns something from each inference.
	pub has_royalty: bool,
}

/// Why a release cannot be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResolveError {
	/// No such release.
	Unknown,
	/// Its owner has withdrawn it.
	Retired,
	/// Its model is not callable yet, or the release was made in this very block.
	NotResident,
}

/// Looks up what may be called.
pub trait ModelRegistry<AccountId, Balance> {
	/// What `release` stands for in this block.
	///
	/// The answer for a release is the same all through a block but for a retirement, so that
	/// the weight that was charged before execution is that of the model that runs.
	fn resolve(release: &ReleaseId<AccountId>) -> Result<ResolvedRelease<Balance>, ResolveError>;

	/// What a call of `release` in this block may cost at most; `None` only if no call in this
	/// block can succeed.
	///
	/// Must be cheap: one read of a record of some hundred bytes. The transaction pool asks this
	/// for every call of every batch, before it knows whether anybody pays. So it may count a
	/// release as callable whose model is not.
	fn cost(release: &ReleaseId<AccountId>) -> Option<ReleaseCost>;

	/// Makes `release` callable, for benchmarks.
	#[cfg(feature = "runtime-benchmarks")]
	fn make_callable(release: &ReleaseId<AccountId>, file: &[u8]);
}

/// By which another pallet infers in its own transaction.
pub trait InferenceProvider<AccountId> {
	/// The weight of [`infer`](Self::infer), royalty included. The caller declares it.
	fn infer_weight(release: &ReleaseId<AccountId>) -> Weight;

	/// Runs the released model on behalf of `caller`, who pays the royalty, and stores a receipt.
	fn infer(
		caller: &AccountId,
		release: &ReleaseId<AccountId>,
		inputs: Vec<NamedTensor>,
	) -> Result<InferenceOutcome, DispatchError>;
}

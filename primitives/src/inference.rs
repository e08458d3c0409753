//! Releases, receipts and quotes of lane 1.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{ConstU32, H256};
use sp_runtime::{BoundedVec, Weight};

use crate::{
	model::ModelId,
	tensor::{NamedTensor, MAX_TENSORS},
};

/// The name of a release: 1 to 64 of `a-z`, `0-9`, `-`, `_` and `.`.
pub type ReleaseName = BoundedVec<u8, ConstU32<64>>;
/// The version of a release: 1 to 32 of `a-z`, `A-Z`, `0-9`, `-`, `+` and `.`.
pub type ReleaseVersion = BoundedVec<u8, ConstU32<32>>;

/// `owner/name@version`: what a caller names to infer.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ReleaseId<AccountId> {
	/// Who released it, and who earns the royalty.
	pub owner: AccountId,
	/// The name that the owner chose.
	pub name: ReleaseName,
	/// The version that the owner chose.
	pub version: ReleaseVersion,
}

/// A release as the chain knows it. It never changes but for its retirement.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ReleaseInfo<Balance, BlockNumber> {
	/// The model that it points at, for ever.
	pub model: ModelId,
	/// What the owner earns from each inference.
	pub royalty: Balance,
	/// The block that made it. It may be called from the next block on.
	pub created: BlockNumber,
	/// Whether the owner has withdrawn it.
	pub retired: bool,
}

/// The number of a receipt; inferences are counted from 0.
pub type ReceiptId = u64;

/// The record of one inference.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Receipt<AccountId, BlockNumber> {
	/// Who asked.
	pub caller: AccountId,
	/// What was called.
	pub release: ReleaseId<AccountId>,
	/// The model that the release points at.
	pub model: ModelId,
	/// The block in which the answer was computed.
	pub block: BlockNumber,
	/// [`hash_tensors`](crate::tensor::hash_tensors) of the inputs, in the schema's order.
	pub input_hash: H256,
	/// [`hash_tensors`](crate::tensor::hash_tensors) of the outputs.
	pub output_hash: H256,
	/// The answer.
	pub outputs: BoundedVec<NamedTensor, ConstU32<MAX_TENSORS>>,
}

/// What an inference by another pallet returns.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct InferenceOutcome {
	/// The receipt that was stored.
	pub receipt: ReceiptId,
	/// The answer, in the schema's order.
	pub outputs: Vec<NamedTensor>,
}

/// What an inference will cost before it is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Quote<Balance> {
	/// The weight that is charged, all of it before execution.
	pub weight: Weight,
	/// The part of the inclusion fee that does not depend on weight or length.
	pub base_fee: Balance,
	/// The part of the inclusion fee that pays for the extrinsic's bytes.
	pub length_fee: Balance,
	/// The part of the inclusion fee that pays for the weight.
	pub weight_fee: Balance,
	/// What the release's owner earns.
	pub royalty: Balance,
	/// The sum of all, without a tip.
	pub total: Balance,
}

/// What a dry run returns: the bytes that the extrinsic would store.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct DryRun {
	/// The model that the release points at.
	pub model: ModelId,
	/// Hash of the inputs, as the receipt would hold it.
	pub input_hash: H256,
	/// Hash of the outputs, as the receipt would hold it.
	pub output_hash: H256,
	/// The answer.
	pub outputs: Vec<NamedTensor>,
}

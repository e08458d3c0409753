//! Releases, receipts and quotes of lane 1.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{ConstU32, H256};
use sp_runtime::{BoundedVec, Weight};

use crate::{
	model::{Cost, ModelId, ModelReport, TensorSchema},
	tensor::{encoded_len, NamedTensor, Tensor, MAX_TENSORS},
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

/// What the weight of an inference depends on: the part of a report that is kept beside each
/// release, so that weighing a call reads one small record.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct RunCost {
	/// The engine's work.
	pub cost: Cost,
	/// Bytes of data in the inputs.
	pub input_bytes: u32,
	/// Bytes of data in the outputs.
	pub output_bytes: u32,
	/// Bytes of the outputs, SCALE encoded.
	pub receipt_bytes: u32,
}

impl RunCost {
	/// That of the model with this report. A number too large for a `u32` is the largest there is.
	pub fn of(report: &ModelReport) -> Self {
		let receipt_bytes = encoded_len(&report.outputs).unwrap_or(u64::MAX);
		Self {
			cost: report.cost,
			input_bytes: data_len(&report.inputs),
			output_bytes: data_len(&report.outputs),
			receipt_bytes: u32::try_from(receipt_bytes).unwrap_or(u32::MAX),
		}
	}
}

/// The bytes of data in tensors of these schemas, or the most that a `u32` holds.
fn data_len(schemas: &[TensorSchema]) -> u32 {
	schemas
		.iter()
		.try_fold(0u64, |sum, schema| {
			sum.checked_add(Tensor::byte_len(schema.dtype, &schema.shape)?)
		})
		.and_then(|len| u32::try_from(len).ok())
		.unwrap_or(u32::MAX)
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
	/// What the model's hosts earn.
	pub hosts_share: Balance,
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

//! What the pallet stores.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::marker::PhantomData;
use frame_support::{
	traits::{fungible::Inspect, ConstU32, Get},
	BoundedVec,
};
use frame_system::pallet_prelude::BlockNumberFor;
use noema_primitives::{ModelId, ModelStage, Refusal, ReleaseInfo, RunCost, CHUNK_SIZE};
use scale_info::TypeInfo;

use crate::Config;

/// Some of a file's bytes: [`CHUNK_SIZE`], or fewer at its end.
pub type Chunk = BoundedVec<u8, ConstU32<CHUNK_SIZE>>;

/// The BLAKE3 chaining value of a chunk's subtree; of a file of one chunk, its hash.
pub type SubtreeValue = [u8; 32];

/// The type of royalties.
pub type BalanceOf<T> =
	<<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

/// [`ModelRecord`] of a runtime.
pub type ModelRecordOf<T> = ModelRecord<
	<T as frame_system::Config>::AccountId,
	BlockNumberFor<T>,
	<T as Config>::UploadConsideration,
>;

/// [`ReleaseInfo`] of a runtime.
pub type ReleaseInfoOf<T> = ReleaseInfo<BalanceOf<T>, BlockNumberFor<T>>;

/// [`ReleaseRecord`] of a runtime.
pub type ReleaseRecordOf<T> =
	ReleaseRecord<BalanceOf<T>, BlockNumberFor<T>, <T as Config>::ReleaseConsideration>;

/// The number of chunks of the largest file.
#[derive(Debug)]
pub struct MaxChunks<T>(PhantomData<T>);

impl<T: Config> Get<u32> for MaxChunks<T> {
	fn get() -> u32 {
		T::MaxModelSize::get().div_ceil(CHUNK_SIZE)
	}
}

/// A model and how far it has come.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ModelRecord<AccountId, BlockNumber, Ticket> {
	/// Who uploaded it and holds its deposit.
	pub owner: AccountId,
	/// Bytes of the file.
	pub size: u32,
	/// How far it has come.
	pub stage: ModelStage<BlockNumber>,
	/// The block at which its upload is dropped even if chunks still come; of no meaning once it
	/// is submitted.
	pub deadline: BlockNumber,
	/// Releases that point at it and are not retired.
	pub releases: u32,
	/// The deposit, until removal begins: for the bytes of the file or, once there is a report,
	/// of the plan, whichever are more.
	pub ticket: Option<Ticket>,
}

impl<AccountId, BlockNumber, Ticket> ModelRecord<AccountId, BlockNumber, Ticket> {
	/// The number of chunks, at least 1.
	pub fn chunk_count(&self) -> u32 {
		self.size.div_ceil(CHUNK_SIZE)
	}

	/// The length of chunk `index` in bytes, or `None` if the file has fewer chunks.
	pub fn chunk_len(&self, index: u32) -> Option<u32> {
		let start = index.checked_mul(CHUNK_SIZE)?;
		self.size
			.checked_sub(start)
			.filter(|rest| *rest > 0)
			.map(|rest| rest.min(CHUNK_SIZE))
	}
}

/// A release and its deposit.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ReleaseRecord<Balance, BlockNumber, Ticket> {
	/// What others see.
	pub info: ReleaseInfo<Balance, BlockNumber>,
	/// What a call of it weighs, as far as the model's report says.
	pub run: RunCost,
	/// The deposit; after retirement, for the tombstone.
	pub ticket: Ticket,
}

/// A model that waits for admission.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct QueuedModel<BlockNumber> {
	/// The model.
	pub id: ModelId,
	/// The first block that may admit it.
	pub due: BlockNumber,
	/// Bytes of its plan, if it has been found fit and waits for room to mature in.
	pub plan_bytes: Option<u64>,
}

/// An admitted model that cannot be called yet.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct MaturingModel<BlockNumber> {
	/// The model.
	pub id: ModelId,
	/// The first block in which it may be called.
	pub resident: BlockNumber,
	/// Bytes of its plan.
	pub plan_bytes: u64,
}

/// A model whose plan nodes hold, or build.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct WorkingModel {
	/// The model.
	pub id: ModelId,
	/// Bytes of its plan.
	pub plan_bytes: u64,
	/// What was committed to it when the registry last looked.
	pub stake: u128,
	/// How far it has come.
	pub stage: WorkingStage,
}

/// How far a working model has come.
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
pub enum WorkingStage {
	/// Nodes build its plan.
	Maturing,
	/// Callable.
	Resident,
	/// Callable, but under notice.
	Leaving(Cause),
}

/// Why a model has got notice.
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
pub enum Cause {
	/// What is committed to it does not suffice any more.
	NotCovered,
	/// A model with more stake for each byte of its plan is to have its room.
	Displaced,
}

/// A model under notice.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Notice<BlockNumber> {
	/// The model.
	pub id: ModelId,
	/// The first block in which it may leave.
	pub until: BlockNumber,
}

/// A dormant model with enough stake behind it, which waits for room.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Contender {
	/// The model.
	pub id: ModelId,
	/// Bytes of its plan.
	pub plan_bytes: u64,
	/// What was committed to it when the registry last looked.
	pub stake: u128,
}

/// The numbers of the first item of a queue, and of the next one that comes.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct QueueEnds {
	/// The number of the first item.
	pub first: u64,
	/// The number that the next item gets.
	pub next: u64,
}

/// Why a model was refused, and when.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct RefusalRecord<BlockNumber> {
	/// The model.
	pub id: ModelId,
	/// The block that refused it.
	pub block: BlockNumber,
	/// Why.
	pub refusal: Refusal,
}

/// How far the removal of chunks has come.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct RemovalProgress {
	/// The number in the queue of the model whose chunks go now.
	pub first: u64,
	/// The number that the next model gets.
	pub next: u64,
	/// The next chunk of the first model; as many as it had if only releases are left of it.
	pub cursor: u32,
}

#[cfg(test)]
mod tests {
	use super::*;

	fn record(size: u32) -> ModelRecord<u64, u64, ()> {
		let stage = ModelStage::Resident;
		ModelRecord {
			owner: 0,
			size,
			stage,
			deadline: 0,
			releases: 0,
			ticket: None,
		}
	}

	#[test]
	fn chunk_lengths_add_up() {
		for size in [
			1,
			CHUNK_SIZE - 1,
			CHUNK_SIZE,
			CHUNK_SIZE + 1,
			3 * CHUNK_SIZE,
			u32::MAX,
		] {
			let record = record(size);
			let lens = (0..record.chunk_count()).map(|i| record.chunk_len(i).expect("in range"));
			assert_eq!(lens.map(u64::from).sum::<u64>(), u64::from(size));
			assert_eq!(record.chunk_len(record.chunk_count()), None);
			assert_eq!(record.chunk_len(u32::MAX), None);
		}
	}
}

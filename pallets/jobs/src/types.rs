//! What the pallet stores.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::fungible::Inspect, BoundedVec};
use frame_system::pallet_prelude::BlockNumberFor;
use noema_primitives::{
	jobs::{Ending, JobParams, Member, Phase, MAX_COMMITTEE},
	tensor::MAX_TENSORS,
	trace::{Failure, MAX_LEAVES},
	Cost, JobId, ModelId, NamedTensor, ReleaseId, CHUNK_SIZE,
};
use scale_info::TypeInfo;
use sp_core::{ConstU32, H256};

use crate::Config;

/// The balance of the pallet's currency.
pub type BalanceOf<T> =
	<<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

/// The name of a release in this runtime.
pub type ReleaseIdOf<T> = ReleaseId<<T as frame_system::Config>::AccountId>;

/// [`JobParams`] of a runtime.
pub type ParamsOf<T> = JobParams<BalanceOf<T>, BlockNumberFor<T>>;

/// [`Job`] of a runtime.
pub type JobOf<T> = Job<
	<T as frame_system::Config>::AccountId,
	BalanceOf<T>,
	BlockNumberFor<T>,
	<T as Config>::JobConsideration,
>;

/// [`Seat`] of a runtime.
pub type SeatOf<T> = Seat<<T as frame_system::Config>::AccountId, BalanceOf<T>>;

/// [`Claim`] of a runtime.
pub type ClaimOf<T> = Claim<<T as frame_system::Config>::AccountId, BalanceOf<T>>;

/// [`Blob`] of a runtime.
pub type BlobOf<T> = Blob<BlockNumberFor<T>, <T as Config>::BlobConsideration>;

/// [`TensorsRecord`] of a runtime.
pub type TensorsRecordOf<T> = TensorsRecord<<T as frame_system::Config>::AccountId>;

/// [`AnswerRecord`] of a runtime.
pub type AnswerRecordOf<T> = AnswerRecord<<T as frame_system::Config>::AccountId>;

/// The most members of a job: its committee and its auditors.
pub const MAX_SEATS: u32 = 2 * MAX_COMMITTEE;
/// The most trace roots that are claimed at a time: one by each member, and a challenger's.
pub const MAX_CLAIMS: u32 = MAX_SEATS + 1;

/// All members of a job.
pub type Seats<T> = BoundedVec<SeatOf<T>, ConstU32<MAX_SEATS>>;
/// All claims of a job.
pub type Claims<T> = BoundedVec<ClaimOf<T>, ConstU32<MAX_CLAIMS>>;
/// The hashes of the leaves of a trace, in order.
pub type LeafHashes = BoundedVec<H256, ConstU32<MAX_LEAVES>>;
/// Some of a blob's bytes: [`CHUNK_SIZE`], or fewer at its end.
pub type Chunk = BoundedVec<u8, ConstU32<CHUNK_SIZE>>;
/// The tensors of a call or of an answer.
pub type TensorList = BoundedVec<NamedTensor, ConstU32<MAX_TENSORS>>;

/// A job.
///
/// Its phase counts in the chain's job time (see `clock.rs`), which stands still while finality
/// lags; but [`Phase::Drawing`] names a block.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Job<AccountId, Balance, BlockNumber, Ticket> {
	/// Who asked.
	pub requester: AccountId,
	/// What was asked of.
	pub release: ReleaseId<AccountId>,
	/// The model that it points at.
	pub model: ModelId,
	/// What one run of it costs.
	pub cost: Cost,
	/// The numerics profile.
	pub profile: u16,
	/// Leaves of a trace.
	pub leaves: u32,
	/// The root over the plan's steps.
	pub plan_root: H256,
	/// The hash of the inputs, as receipts have it.
	pub input_hash: H256,
	/// The hash of leaf 0.
	pub input_leaf: H256,
	/// The block that asked.
	pub created: BlockNumber,
	/// Hosts asked for.
	pub committee: u8,
	/// Hosts that an audit draws.
	pub auditors: u8,
	/// The stake that must stand behind the answer.
	pub min_stake: Balance,
	/// What each member puts at risk.
	pub stake: Balance,
	/// The most that a host may ask.
	pub max_price: Balance,
	/// What the release's owner earns.
	pub royalty: Balance,
	/// What the draw burns.
	pub burn: Balance,
	/// What the requester has on hold for it now.
	pub escrow: Balance,
	/// What was taken from liars, less what was burnt at once. It lies in the pallet's pot and goes to
	/// those who are right.
	pub bounty: Balance,
	/// Where it stands.
	pub phase: Phase<BlockNumber>,
	/// The job time at which the pallet takes it up by itself.
	pub due: BlockNumber,
	/// Times that its committee was filled up.
	pub refills: u8,
	/// How far its audit is.
	pub audit: Audit,
	/// The first leaf on which the traces posted so far differ.
	pub split: Option<u32>,
	/// How it ended, once it has.
	pub ending: Option<Ending>,
	/// The trace root of the answer, once it has one.
	pub answer: Option<H256>,
	/// The stake that stood behind the answer, once it has one.
	pub backing: Balance,
	/// The requester's deposit for what is stored of it.
	pub ticket: Ticket,
}

/// How far the audit of a job is.
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
pub enum Audit {
	/// It is not known yet whether there is one.
	Open,
	/// The auditors commit or reveal.
	Running,
	/// It has been, or there is none.
	Over,
}

/// A member of a job.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Seat<AccountId, Balance> {
	/// Who, for how much, and what it has said.
	pub member: Member<AccountId, Balance>,
	/// Whether it was drawn for the audit.
	pub auditor: bool,
}

/// A trace root that somebody claims to be right.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Claim<AccountId, Balance> {
	/// The root.
	pub root: H256,
	/// Whether its leaves are there.
	pub posted: bool,
	/// Who has challenged with it, and the bond. Members who have revealed it claim it too.
	pub challenger: Option<(AccountId, Balance)>,
}

/// A candidate of a draw.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Drawable<AccountId, Balance> {
	/// The host.
	pub host: AccountId,
	/// What it had free when the job was asked: its weight, before the cap.
	pub free: Balance,
	/// What it asks.
	pub price: Balance,
}

/// Bytes that an account has uploaded.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Blob<BlockNumber, Ticket> {
	/// Bytes in all.
	pub size: u32,
	/// Chunks that are there.
	pub chunks: u32,
	/// Whether it goes: chunks are removed from its end.
	pub removing: bool,
	/// The job time at which it goes, unless it is in use.
	pub expires: BlockNumber,
	/// Jobs that use it.
	pub uses: u32,
	/// The deposit.
	pub ticket: Ticket,
}

impl<BlockNumber, Ticket> Blob<BlockNumber, Ticket> {
	/// The number of chunks of the whole.
	pub fn chunk_count(&self) -> u32 {
		self.size.div_ceil(CHUNK_SIZE)
	}

	/// The length of chunk `index` in bytes, or `None` if there are fewer chunks.
	pub fn chunk_len(&self, index: u32) -> Option<u32> {
		let start = index.checked_mul(CHUNK_SIZE)?;
		self.size
			.checked_sub(start)
			.filter(|rest| *rest > 0)
			.map(|rest| rest.min(CHUNK_SIZE))
	}

	/// Whether all of it is there to be used.
	pub fn is_complete(&self) -> bool {
		!self.removing && self.chunks == self.chunk_count()
	}
}

/// Tensors that a job keeps: its inputs, or an answer's outputs.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum TensorsRecord<AccountId> {
	/// Here.
	Inline(TensorList),
	/// SCALE encoded in a blob.
	Blob {
		/// Who has uploaded it.
		owner: AccountId,
		/// Its hash.
		hash: [u8; 32],
	},
}

/// An answer that has been claimed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum AnswerRecord<AccountId> {
	/// Outputs.
	Outputs(TensorsRecord<AccountId>),
	/// A failure of the model on these inputs.
	Failed(Failure),
}

/// What may be due at a time.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum AgendaItem<AccountId> {
	/// The end of a job's phase, or of its result's window.
	Job(JobId),
	/// The end of a blob.
	Blob(AccountId, [u8; 32]),
	/// A callback.
	Callback(JobId),
}

/// Which of three queues a task is in. Each has a number of tasks that one block takes up, so that
/// none keeps the others waiting.
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
pub enum Lane {
	/// Jobs.
	Jobs,
	/// Blobs.
	Blobs,
	/// Callbacks.
	Callbacks,
}

impl<AccountId> AgendaItem<AccountId> {
	/// The queue that it is in.
	pub const fn lane(&self) -> Lane {
		match self {
			Self::Job(_) => Lane::Jobs,
			Self::Blob(..) => Lane::Blobs,
			Self::Callback(_) => Lane::Callbacks,
		}
	}
}

/// What a block leaves for draws: who authored it, and what its author's key made of the slot.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Beacon<AccountId, BlockNumber> {
	/// The block.
	pub block: BlockNumber,
	/// Its author.
	pub author: AccountId,
	/// The author's VRF output.
	pub output: [u8; 32],
}

/// A call that waits for the end of a job.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Callback<Call> {
	/// What is called.
	pub call: Call,
	/// The weight that was paid.
	pub weight: frame_support::weights::Weight,
}

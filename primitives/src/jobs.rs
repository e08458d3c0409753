//! Jobs: lane 2, inference off the block.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_core::{ConstU32, H256};
use sp_runtime::{
	traits::{BlakeTwo256, Hash},
	BoundedVec, Perbill, Weight,
};

use crate::{
	backend::ResolveError,
	inference::ReleaseId,
	model::{ModelId, ModelLocation},
	tensor::{NamedTensor, MAX_TENSORS},
	trace::Failure,
};

/// The number of a job.
pub type JobId = u64;

/// What a host commits to before it reveals its trace root: bound to the host, so that it cannot
/// be copied.
pub fn commitment<AccountId: Encode>(
	job: JobId,
	host: &AccountId,
	trace_root: &H256,
	salt: &[u8; 32],
) -> H256 {
	BlakeTwo256::hash(&(b"noema/job", job, host, trace_root, salt).encode())
}

/// The most hosts that a job's committee may have, and the most auditors.
pub const MAX_COMMITTEE: u32 = 16;

/// What governs jobs. Periods are in blocks, and none of them runs while finality lags.
#[derive(
	Clone,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
pub struct JobParams<Balance, BlockNumber> {
	/// For how long a committee may commit.
	pub commit_period: BlockNumber,
	/// For how long it may reveal.
	pub reveal_period: BlockNumber,
	/// For how long the first answer may be challenged.
	pub challenge_period: BlockNumber,
	/// For how long an answer that is left over from a dispute may be challenged.
	pub renewed_period: BlockNumber,
	/// For how long the parties to a dispute may post their leaves.
	pub posting_period: BlockNumber,
	/// For how long the referee may be called for one step.
	pub referee_period: BlockNumber,
	/// For how long a result is kept.
	pub result_window: BlockNumber,
	/// How many times a committee may be filled up after hosts that did not commit.
	pub refills: u8,
	/// The smallest committee that may be asked for.
	pub min_committee: u8,
	/// The largest one, at most [`MAX_COMMITTEE`].
	pub max_committee: u8,
	/// How many hosts an audit draws, at most [`MAX_COMMITTEE`]. Their price is put in escrow too,
	/// and returns if there is no audit.
	pub auditors: u8,
	/// The share of jobs that are audited.
	pub audit_rate: Perbill,
	/// What a host that does not commit loses of its stake behind the job; and what each party to a
	/// dispute loses which none of them brings before the referee.
	pub no_show_penalty: Perbill,
	/// What is burnt for each draw, as a share of the committee's highest price and the royalty.
	pub burnt_share: Perbill,
	/// The largest share of all stake with which one host goes into a draw.
	pub operator_cap: Perbill,
	/// What a challenger puts at risk.
	pub challenge_bond: Balance,
	/// What each member of a committee puts at risk at least.
	pub min_job_stake: Balance,
}

impl<Balance: From<u32>, BlockNumber: From<u32>> Default for JobParams<Balance, BlockNumber> {
	/// The periods of a chain with blocks of three seconds, and a bond and a stake that are next to
	/// nothing: a genesis sets those in its own money.
	fn default() -> Self {
		Self {
			commit_period: 100.into(),
			reveal_period: 50.into(),
			challenge_period: 200.into(),
			renewed_period: 100.into(),
			posting_period: 100.into(),
			referee_period: 100.into(),
			result_window: 28_800.into(),
			refills: 3,
			min_committee: 1,
			max_committee: 16,
			auditors: 2,
			audit_rate: Perbill::from_percent(10),
			no_show_penalty: Perbill::from_percent(1),
			burnt_share: Perbill::from_percent(5),
			operator_cap: Perbill::from_percent(25),
			challenge_bond: 1_000_000_000.into(),
			min_job_stake: 1_000_000_000.into(),
		}
	}
}

/// Tensors of a call.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum Payload {
	/// In the call.
	#[codec(index = 0)]
	Inline(BoundedVec<NamedTensor, ConstU32<MAX_TENSORS>>),
	/// In a blob that the caller has uploaded: the SCALE encoding of the list of named tensors, in
	/// the order of the model's schema.
	#[codec(index = 1)]
	Blob {
		/// The BLAKE3 hash of the blob.
		hash: [u8; 32],
		/// Bytes in all.
		size: u32,
	},
}

/// An answer to a job.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum Answer {
	/// These outputs.
	#[codec(index = 0)]
	Outputs(Payload),
	/// The model fails on the inputs.
	#[codec(index = 1)]
	Failed(Failure),
	/// The one that somebody else has brought under the same trace root.
	#[codec(index = 2)]
	Known,
}

/// Where the data of an operand are, in a call of the referee.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum OperandData<AccountId> {
	/// In the call.
	#[codec(index = 0)]
	Inline(Vec<u8>),
	/// In a blob: the elements, and nothing else. Its hash is that of the tensor's digest.
	#[codec(index = 1)]
	Blob {
		/// Who has uploaded it.
		owner: AccountId,
	},
}

/// A blob as readers need it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct BlobInfo<BlockNumber> {
	/// Bytes in all.
	pub size: u32,
	/// The chunk that is to be uploaded next, if one is missing.
	pub missing: Option<u32>,
	/// The block at which it goes, unless it is in use then.
	pub expires: BlockNumber,
	/// Jobs that use it.
	pub uses: u32,
}

/// What jobs need of the registry of releases: unlike a call in a block, a job does not need its
/// model to be resident.
pub trait JobReleases<AccountId, Balance> {
	/// The model of a release, and its royalty. `NotResident` stands for a model that is not
	/// admitted.
	fn release(release: &ReleaseId<AccountId>) -> Result<(ModelId, Balance), ResolveError>;
}

/// What the registry of models needs of jobs when a model goes for its content.
pub trait Voiding {
	/// Ends one of the open jobs on `model`, if there is one: all returns to whom it belongs, and
	/// nobody is slashed. Returns what that weighed.
	fn void(model: &ModelId) -> Weight;

	/// The most that [`void`](Self::void) weighs.
	fn heaviest() -> Weight;
}

/// Open jobs end by themselves: for chains, and tests, without jobs.
impl Voiding for () {
	fn void(_: &ModelId) -> Weight {
		Weight::zero()
	}

	fn heaviest() -> Weight {
		Weight::zero()
	}
}

/// Where a job stands.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Phase<BlockNumber> {
	/// Waits for the authors' randomness.
	Drawing {
		/// The first block whose randomness counts.
		from: BlockNumber,
	},
	/// The committee commits.
	Committing {
		/// The last block for it.
		until: BlockNumber,
	},
	/// Those who have committed reveal.
	Revealing {
		/// The last block for it.
		until: BlockNumber,
	},
	/// One answer stands, and anybody may challenge it.
	Challengeable {
		/// The last block for it.
		until: BlockNumber,
	},
	/// Two or more trace roots: their parties post leaves.
	Posting {
		/// The last block for it.
		until: BlockNumber,
	},
	/// The leaves are there; the referee is awaited at the first one on which they differ.
	Refereeing {
		/// The first leaf on which the posted traces differ.
		step: u32,
		/// The last block for it.
		until: BlockNumber,
	},
	/// It is over.
	Done,
}

/// How a job ended.
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
pub enum Ending {
	/// It has an answer.
	Answered,
	/// The model fails on these inputs, on every machine alike; that is the answer.
	Failed(crate::trace::Failure),
	/// Nobody was there to answer in time, or to prove who was right. The escrow has returned.
	Unanswered,
	/// The model was removed for its content. The escrow has returned, nobody has lost anything.
	Voided,
}

/// A member of a job's committee.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Member<AccountId, Balance> {
	/// The host.
	pub host: AccountId,
	/// Its bond behind this answer.
	pub stake: Balance,
	/// What it is paid for the right answer.
	pub price: Balance,
	/// Its commitment.
	pub commitment: Option<H256>,
	/// The trace root that it has revealed.
	pub revealed: Option<H256>,
}

/// A job as readers and hosts need it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct JobInfo<AccountId, Balance, BlockNumber> {
	/// Its number.
	pub id: JobId,
	/// Who asked.
	pub requester: AccountId,
	/// What was asked of.
	pub release: ReleaseId<AccountId>,
	/// The model that it points at.
	pub model: ModelId,
	/// Where the model's bytes lie.
	pub location: Option<ModelLocation>,
	/// The numerics profile that the job pins.
	pub profile: u16,
	/// The hash of the inputs, as receipts have it.
	pub input_hash: H256,
	/// When it was asked.
	pub created: BlockNumber,
	/// Where it stands.
	pub phase: Phase<BlockNumber>,
	/// How it ended, once it has.
	pub ending: Option<Ending>,
	/// The committee of the current round.
	pub members: Vec<Member<AccountId, Balance>>,
	/// The trace roots that are claimed, and by whom: committee and challengers.
	pub claims: Vec<(H256, AccountId)>,
	/// Whose leaves are posted.
	pub posted: Vec<H256>,
	/// The answer's outputs, once they are known.
	pub outputs: Option<Vec<NamedTensor>>,
	/// The stake that stood, or stands, behind the answer.
	pub stake: Balance,
	/// What the requester has in escrow.
	pub escrow: Balance,
}

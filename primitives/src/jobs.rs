//! Jobs: lane 2, inference off the block.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::H256;
use sp_runtime::traits::{BlakeTwo256, Hash};

use crate::{
	inference::ReleaseId,
	model::{ModelId, ModelLocation},
	tensor::NamedTensor,
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

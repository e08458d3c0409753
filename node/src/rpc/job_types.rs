//! Jobs as JSON; see [`types`](super::types) for how amounts, hashes and names are spelt.

use noema_primitives::{
	jobs::{Ending, JobInfo, Member, Phase},
	trace::Failure,
};
use noema_runtime::{AccountId, Balance, BlockNumber};
use serde::{Deserialize, Serialize};
use sp_core::H256;

use super::types::{account_text, id_text, release_text, TensorJson};

/// [`JobInfo`] of the chain.
pub type Job = JobInfo<AccountId, Balance, BlockNumber>;

/// Which jobs to list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JobsRequest {
	/// List jobs that come after this one; from the oldest without it.
	pub after: Option<u64>,
	/// How many to list at most: 1 to 100, and 100 without it.
	pub limit: Option<u32>,
}

/// A part of the list of jobs that are kept, in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobsPage {
	/// The jobs, without their outputs.
	pub jobs: Vec<JobView>,
	/// What to ask for `after` next; null at the end of the list.
	pub next: Option<u64>,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobView {
	/// Its number.
	pub id: u64,
	/// Who asked.
	pub requester: String,
	/// What was asked of.
	pub release: String,
	/// The model that it points at.
	pub model: String,
	/// The numerics profile.
	pub profile: u16,
	/// The hash of the inputs, as receipts have it.
	pub input_hash: H256,
	/// The block that asked.
	pub created: BlockNumber,
	/// Where it stands.
	pub phase: PhaseView,
	/// How it ended, once it has.
	pub ending: Option<EndingView>,
	/// The committee of the current round.
	pub members: Vec<MemberView>,
	/// The trace roots that are claimed, and by whom.
	pub claims: Vec<ClaimView>,
	/// The trace roots whose leaves are posted.
	pub posted: Vec<H256>,
	/// The answer, once it is known.
	pub outputs: Option<Vec<TensorJson>>,
	/// The stake that stood, or stands, behind the answer.
	pub stake: String,
	/// What the requester has in escrow.
	pub escrow: String,
}

/// Where a job stands. `until` is the last block of the phase, if finality keeps up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum PhaseView {
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
	/// The parties to a dispute post their leaves.
	Posting {
		/// The last block for it.
		until: BlockNumber,
	},
	/// The referee is awaited.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum EndingView {
	/// It has an answer.
	Answered,
	/// The model fails on these inputs; that is the answer.
	Failed {
		/// Why.
		failure: FailureView,
	},
	/// Nobody answered in time, or proved who was right.
	Unanswered,
	/// The model was removed for its content.
	Voided,
}

/// Why a model fails on its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum FailureView {
	/// An index lies outside the tensor that it points into.
	IndexOutOfRange,
	/// An integer is divided by zero.
	DivisionByZero,
	/// A value lies outside an operator's domain.
	InvalidValue,
}

/// A member of a committee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemberView {
	/// The host.
	pub host: String,
	/// Its bond behind this answer.
	pub stake: String,
	/// What it is paid for the right answer.
	pub price: String,
	/// Its commitment.
	pub commitment: Option<H256>,
	/// The trace root that it has revealed.
	pub revealed: Option<H256>,
}

/// A claim to be right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimView {
	/// The root of the trace.
	pub trace_root: H256,
	/// Who claims it.
	pub claimant: String,
}

impl From<&Phase<BlockNumber>> for PhaseView {
	fn from(phase: &Phase<BlockNumber>) -> Self {
		match *phase {
			Phase::Drawing { from } => Self::Drawing { from },
			Phase::Committing { until } => Self::Committing { until },
			Phase::Revealing { until } => Self::Revealing { until },
			Phase::Challengeable { until } => Self::Challengeable { until },
			Phase::Posting { until } => Self::Posting { until },
			Phase::Refereeing { step, until } => Self::Refereeing { step, until },
			Phase::Done => Self::Done,
		}
	}
}

impl From<Ending> for EndingView {
	fn from(ending: Ending) -> Self {
		match ending {
			Ending::Answered => Self::Answered,
			Ending::Failed(failure) => Self::Failed {
				failure: match failure {
					Failure::IndexOutOfRange => FailureView::IndexOutOfRange,
					Failure::DivisionByZero => FailureView::DivisionByZero,
					Failure::InvalidValue => FailureView::InvalidValue,
				},
			},
			Ending::Unanswered => Self::Unanswered,
			Ending::Voided => Self::Voided,
		}
	}
}

impl From<&Member<AccountId, Balance>> for MemberView {
	fn from(member: &Member<AccountId, Balance>) -> Self {
		Self {
			host: account_text(&member.host),
			stake: member.stake.to_string(),
			price: member.price.to_string(),
			commitment: member.commitment,
			revealed: member.revealed,
		}
	}
}

impl From<&Job> for JobView {
	fn from(job: &Job) -> Self {
		Self {
			id: job.id,
			requester: account_text(&job.requester),
			release: release_text(&job.release),
			model: id_text(&job.model),
			profile: job.profile,
			input_hash: job.input_hash,
			created: job.created,
			phase: (&job.phase).into(),
			ending: job.ending.map(Into::into),
			members: job.members.iter().map(Into::into).collect(),
			claims: job
				.claims
				.iter()
				.map(|(root, claimant)| ClaimView {
					trace_root: *root,
					claimant: account_text(claimant),
				})
				.collect(),
			posted: job.posted.clone(),
			outputs: job
				.outputs
				.as_ref()
				.map(|outputs| outputs.iter().map(Into::into).collect()),
			stake: job.stake.to_string(),
			escrow: job.escrow.to_string(),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use noema_primitives::{tensor::named, DType, ModelId, ReleaseId};
	use serde_json::json;

	#[test]
	fn a_job_is_written_as_the_tool_reads_it() {
		let owner = AccountId::new([1; 32]);
		let text = account_text(&owner);
		let hex = |byte: &str| format!("0x{}", byte.repeat(32));
		let job = Job {
			id: 3,
			requester: owner.clone(),
			release: ReleaseId {
				owner: owner.clone(),
				name: b"digits".to_vec().try_into().expect("in bounds"),
				version: b"1".to_vec().try_into().expect("in bounds"),
			},
			model: ModelId([1; 32]),
			location: None,
			profile: 1,
			input_hash: H256([2; 32]),
			created: 5,
			phase: Phase::Refereeing { step: 4, until: 9 },
			ending: Some(Ending::Failed(Failure::DivisionByZero)),
			members: vec![Member {
				host: owner.clone(),
				stake: 10,
				price: 11,
				commitment: Some(H256([6; 32])),
				revealed: None,
			}],
			claims: vec![(H256([7; 32]), owner)],
			posted: vec![H256([7; 32])],
			outputs: Some(vec![
				named("y", DType::U8, &[1], vec![255]).expect("in bounds")
			]),
			stake: 12,
			escrow: 13,
		};
		assert_eq!(
			serde_json::to_value(JobView::from(&job)).expect("it is plain data"),
			json!({
				"id": 3,
				"requester": text,
				"release": format!("{text}/digits@1"),
				"model": hex("01"),
				"profile": 1,
				"inputHash": hex("02"),
				"created": 5,
				"phase": { "kind": "refereeing", "step": 4, "until": 9 },
				"ending": { "kind": "failed", "failure": "divisionByZero" },
				"members": [{
					"host": text,
					"stake": "10",
					"price": "11",
					"commitment": hex("06"),
					"revealed": null,
				}],
				"claims": [{ "traceRoot": hex("07"), "claimant": text }],
				"posted": [hex("07")],
				"outputs": [{ "name": "y", "dtype": "u8", "shape": [1], "data": "0xff" }],
				"stake": "12",
				"escrow": "13",
			}),
		);
	}
}

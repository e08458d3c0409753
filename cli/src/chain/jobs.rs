//! Jobs: inference off the block.

use serde::{Deserialize, Serialize};
use subxt::rpcs::client::{rpc_params, RpcSubscription};

use super::types::balance;
use super::{Chain, ChainError, Hash};
use crate::model::ModelId;
use crate::tensor::Tensor;

/// The code of `inference_subscribeJob` for a job that there is not.
const UNKNOWN_JOB: i32 = 7014;

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
	/// Its number.
	pub id: u64,
	/// Who asked.
	pub requester: String,
	/// What was asked of.
	pub release: String,
	/// The model that the release points at.
	pub model: ModelId,
	/// The numerics profile.
	pub profile: u16,
	/// The hash of the inputs, as receipts have it.
	pub input_hash: Hash,
	/// The block that asked.
	pub created: u32,
	/// Where it stands.
	pub phase: Phase,
	/// How it ended, once it has.
	pub ending: Option<Ending>,
	/// The committee of the current round.
	pub members: Vec<Member>,
	/// The trace roots that are claimed, and by whom.
	pub claims: Vec<Claim>,
	/// The trace roots whose leaves are posted.
	pub posted: Vec<Hash>,
	/// The answer, once it is known.
	pub outputs: Option<Vec<Tensor>>,
	/// The stake that stood, or stands, behind the answer.
	#[serde(with = "balance")]
	pub stake: u128,
	/// What the requester has in escrow.
	#[serde(with = "balance")]
	pub escrow: u128,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Phase {
	/// Waits for the authors' randomness.
	Drawing {
		/// The first block whose randomness counts.
		from: u32,
	},
	/// The committee commits.
	Committing {
		/// The last block for it.
		until: u32,
	},
	/// Those who have committed reveal.
	Revealing {
		/// The last block for it.
		until: u32,
	},
	/// One answer stands, and anybody may challenge it.
	Challengeable {
		/// The last block for it.
		until: u32,
	},
	/// The parties to a dispute post their leaves.
	Posting {
		/// The last block for it.
		until: u32,
	},
	/// The referee is awaited.
	Refereeing {
		/// The first leaf on which the posted traces differ.
		step: u32,
		/// The last block for it.
		until: u32,
	},
	/// It is over.
	Done,
}

impl Phase {
	/// Whether it is a part of a dispute.
	pub const fn is_dispute(&self) -> bool {
		matches!(self, Self::Posting { .. } | Self::Refereeing { .. })
	}
}

impl std::fmt::Display for Phase {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		match self {
			Self::Drawing { from } => write!(f, "drawing hosts, by the blocks from {from} on"),
			Self::Committing { until } => write!(f, "hosts commit, until block {until}"),
			Self::Revealing { until } => write!(f, "hosts reveal, until block {until}"),
			Self::Challengeable { until } => write!(f, "open to challenge until block {until}"),
			Self::Posting { until } => {
				write!(f, "in dispute: traces are posted until block {until}")
			}
			Self::Refereeing { step, until } => write!(
				f,
				"in dispute: the referee is awaited at leaf {step} until block {until}"
			),
			Self::Done => f.write_str("done"),
		}
	}
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Ending {
	/// It has an answer.
	Answered,
	/// The model fails on these inputs; that is the answer.
	Failed {
		/// Why.
		failure: Failure,
	},
	/// Nobody answered in time, or proved who was right.
	Unanswered,
	/// The model was removed for its content.
	Voided,
}

impl std::fmt::Display for Ending {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		match self {
			Self::Answered => f.write_str("answered"),
			Self::Failed { failure } => write!(f, "the model fails on these inputs: {failure}"),
			Self::Unanswered => f.write_str(
				"unanswered: no host answered in time, or none proved that it was right; the escrow \
				 has returned",
			),
			Self::Voided => f.write_str("voided: the model was removed; the escrow has returned"),
		}
	}
}

/// Why a model fails on its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Failure {
	/// An index lies outside the tensor that it points into.
	IndexOutOfRange,
	/// An integer was divided by zero.
	DivisionByZero,
	/// A value outside an operator's domain.
	InvalidValue,
}

impl std::fmt::Display for Failure {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.write_str(match self {
			Self::IndexOutOfRange => "an index is out of range",
			Self::DivisionByZero => "an integer is divided by zero",
			Self::InvalidValue => "a value is outside an operator's domain",
		})
	}
}

/// A member of a committee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
	/// The host.
	pub host: String,
	/// Its bond behind this answer.
	#[serde(with = "balance")]
	pub stake: u128,
	/// What it is paid for the right answer.
	#[serde(with = "balance")]
	pub price: u128,
	/// Its commitment.
	pub commitment: Option<Hash>,
	/// The trace root that it has revealed.
	pub revealed: Option<Hash>,
}

/// A claim to be right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
	/// The root of the trace.
	pub trace_root: Hash,
	/// Who claims it.
	pub claimant: String,
}

/// The states of a job as they become final.
#[derive(Debug)]
pub struct JobUpdates(RpcSubscription<Job>);

impl JobUpdates {
	/// The next state. When the job is done, there is no other one.
	pub async fn next(&mut self) -> Result<Option<Job>, ChainError> {
		self.0
			.next()
			.await
			.transpose()
			.map_err(|error| ChainError::request("inference_subscribeJob", error))
	}
}

impl Chain {
	/// A job, at a block or else at the best one.
	pub async fn job(&self, id: u64, at: Option<Hash>) -> Result<Job, ChainError> {
		let job: Option<Job> = self.request("inference_job", rpc_params![id, at]).await?;
		job.ok_or(ChainError::UnknownJob(id))
	}

	/// All jobs that are kept, without their outputs.
	pub async fn jobs(&self) -> Result<Vec<Job>, ChainError> {
		#[derive(Deserialize)]
		struct Page {
			jobs: Vec<Job>,
			next: Option<u64>,
		}
		let mut all = Vec::new();
		let mut after = None;
		loop {
			let request = serde_json::json!({ "after": after, "limit": 100 });
			let page: Page = self.request("inference_jobs", rpc_params![request]).await?;
			all.extend(page.jobs);
			match page.next {
				Some(next) => after = Some(next),
				None => return Ok(all),
			}
		}
	}

	/// The job as it is, and as it becomes, in final blocks.
	pub async fn job_updates(&self, id: u64) -> Result<JobUpdates, ChainError> {
		const METHOD: &str = "inference_subscribeJob";
		let updates = self
			.subscribe(METHOD, rpc_params![id], "inference_unsubscribeJob")
			.await
			.map_err(|error| match error {
				ChainError::Rpc {
					code: UNKNOWN_JOB, ..
				} => ChainError::UnknownJob(id),
				error => error,
			})?;
		Ok(JobUpdates(updates))
	}

	/// Follows a job to its end, and shows each state on the way.
	pub async fn job_done(
		&self,
		id: u64,
		mut on_update: impl FnMut(&Job),
	) -> Result<Job, ChainError> {
		let mut updates = self.job_updates(id).await?;
		while let Some(job) = updates.next().await? {
			on_update(&job);
			if job.phase == Phase::Done {
				return Ok(job);
			}
		}
		Err(ChainError::Inconsistent(format!(
			"it stopped reporting on job {id}"
		)))
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::json;

	#[test]
	fn jobs_are_read_as_the_node_writes_them() {
		let hex = |byte: &str| format!("0x{}", byte.repeat(32));
		let alice = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
		let job: Job = serde_json::from_value(json!({
			"id": 3,
			"requester": alice,
			"release": format!("{alice}/digits@1"),
			"model": hex("01"),
			"profile": 1,
			"inputHash": hex("02"),
			"created": 5,
			"phase": { "kind": "refereeing", "step": 4, "until": 9 },
			"ending": { "kind": "failed", "failure": "divisionByZero" },
			"members": [{
				"host": alice,
				"stake": "10",
				"price": "11",
				"commitment": hex("06"),
				"revealed": null,
			}],
			"claims": [{ "traceRoot": hex("07"), "claimant": alice }],
			"posted": [hex("07")],
			"outputs": [{ "name": "y", "dtype": "u8", "shape": [1], "data": "0xff" }],
			"stake": "12",
			"escrow": "13",
		}))
		.unwrap();
		assert!(job.phase.is_dispute());
		assert_eq!(job.members[0].price, 11);
		assert_eq!(job.outputs.unwrap()[0].data, [255]);
		assert!(job.ending.unwrap().to_string().contains("divided by zero"));
		assert!(job.phase.to_string().contains("leaf 4"));
	}
}

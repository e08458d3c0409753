//! `noema job dispute`.

use serde::Serialize;

use super::Context;
use crate::chain::jobs::{Job, Phase};
use crate::chain::Hash;
use crate::outputs::table;
use crate::Error;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dispute {
	job: u64,
	in_dispute: bool,
	phase: Phase,
	claims: Vec<Side>,
}

/// A trace and all who claim it.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Side {
	trace_root: Hash,
	claimants: Vec<String>,
	posted: bool,
}

pub(super) async fn run(context: &Context, id: u64) -> Result<(), Error> {
	let job = context.chain().await?.job(id, None).await?;
	let dispute = Dispute {
		job: job.id,
		in_dispute: job.phase.is_dispute(),
		phase: job.phase,
		claims: sides(&job),
	};
	context.show(|| text(&dispute), &dispute)
}

/// The claims by trace, in the order of their first claimants.
fn sides(job: &Job) -> Vec<Side> {
	let mut sides: Vec<Side> = Vec::new();
	for claim in &job.claims {
		let claimant = claim.claimant.clone();
		match sides
			.iter_mut()
			.find(|side| side.trace_root == claim.trace_root)
		{
			Some(side) => side.claimants.push(claimant),
			None => sides.push(Side {
				trace_root: claim.trace_root,
				claimants: vec![claimant],
				posted: job.posted.contains(&claim.trace_root),
			}),
		}
	}
	sides
}

fn text(dispute: &Dispute) -> String {
	let head = if dispute.in_dispute {
		format!("job {}: {}", dispute.job, dispute.phase)
	} else {
		format!("job {} is not in dispute: {}", dispute.job, dispute.phase)
	};
	let mut table = table::new(["trace root", "claimed by", "leaves"]);
	for side in &dispute.claims {
		table.add_row([
			format!("{:?}", side.trace_root),
			side.claimants.join("\n"),
			if side.posted { "posted" } else { "awaited" }.to_owned(),
		]);
	}
	format!("{head}\n{table}")
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::chain::jobs::Claim;
	use crate::model::ModelId;

	#[test]
	fn claimants_of_one_trace_are_one_side() {
		let claim = |root: u8, who: &str| Claim {
			trace_root: Hash::repeat_byte(root),
			claimant: who.into(),
		};
		let job = Job {
			id: 1,
			requester: String::new(),
			release: String::new(),
			model: ModelId([0; 32]),
			profile: 1,
			input_hash: Hash::zero(),
			created: 1,
			phase: Phase::Posting { until: 9 },
			ending: None,
			members: vec![],
			claims: vec![claim(1, "a"), claim(2, "b"), claim(1, "c")],
			posted: vec![Hash::repeat_byte(2)],
			outputs: None,
			stake: 0,
			escrow: 0,
		};
		let sides = sides(&job);
		assert_eq!(sides.len(), 2);
		assert_eq!(sides[0].claimants, ["a", "c"]);
		assert_eq!((sides[0].posted, sides[1].posted), (false, true));
	}
}

//! `noema job watch`.

use super::Context;
use crate::chain::jobs::Job;
use crate::Error;

/// Prints each state of the job as it becomes final: a line for people, an object for programs.
pub(super) async fn run(context: &Context, id: u64) -> Result<(), Error> {
	let chain = context.chain().await?;
	let mut failed = None;
	let on_update = |job: &Job| {
		if let Err(error) = context.show(|| line(job), job) {
			failed = failed.take().or(Some(error));
		}
	};
	chain.job_done(id, on_update).await?;
	failed.map_or(Ok(()), Err)
}

fn line(job: &Job) -> String {
	let ending = job
		.ending
		.map_or_else(|| job.phase.to_string(), |ending| ending.to_string());
	let committed = job
		.members
		.iter()
		.filter(|m| m.commitment.is_some())
		.count();
	let revealed = job.members.iter().filter(|m| m.revealed.is_some()).count();
	format!(
		"{ending} ({} hosts, {committed} committed, {revealed} revealed)",
		job.members.len()
	)
}

//! `noema job list`.

use serde::Serialize;

use super::Context;
use crate::chain::jobs::Job;
use crate::outputs::table;
use crate::Error;

#[derive(Serialize)]
struct Listing {
	jobs: Vec<Job>,
}

pub(super) async fn run(context: &Context) -> Result<(), Error> {
	let jobs = context.chain().await?.jobs().await?;
	let listing = Listing { jobs };
	context.show(|| text(&listing.jobs), &listing)
}

fn text(jobs: &[Job]) -> String {
	let mut table = table::new(["job", "release", "requester", "state"]);
	for job in jobs {
		let state = job
			.ending
			.map_or_else(|| job.phase.to_string(), |ending| ending.to_string());
		table.add_row([
			job.id.to_string(),
			job.release.clone(),
			job.requester.clone(),
			state,
		]);
	}
	table.to_string()
}

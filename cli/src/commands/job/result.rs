//! `noema job result`.

use serde::Serialize;

use super::{outputs_text, treat_outputs, Context};
use crate::args::{OutputArgs, ResultArgs};
use crate::chain::jobs::{Ending, Job};
use crate::chain::ChainError;
use crate::outputs::table;
use crate::outputs::topk::Ranked;
use crate::{amount, Error};

#[derive(Serialize)]
struct Shown {
	#[serde(flatten)]
	job: Job,
	#[serde(skip_serializing_if = "Option::is_none")]
	top: Option<Vec<Ranked>>,
}

pub(super) async fn run(context: &Context, args: &ResultArgs) -> Result<(), Error> {
	let chain = context.chain().await?;
	// What is not final may turn out otherwise.
	let at = chain.finalized().await?;
	let job = chain.job(args.id, Some(at)).await?;
	show(context, job, &args.output)
}

/// Shows the answer to a job that is over.
///
/// A failure of the model is an answer, too, though one without outputs.
pub(super) fn show(context: &Context, job: Job, args: &OutputArgs) -> Result<(), Error> {
	match job.ending {
		None => {
			return Err(ChainError::NotAnswered {
				id: job.id,
				phase: job.phase,
			}
			.into())
		}
		Some(ending @ (Ending::Unanswered | Ending::Voided)) => {
			return Err(ChainError::NoOutputs { id: job.id, ending }.into())
		}
		Some(Ending::Answered | Ending::Failed { .. }) => (),
	}
	let top = match &job.outputs {
		Some(outputs) => treat_outputs(context, outputs, args)?,
		None => None,
	};
	let shown = Shown { job, top };
	context.show(|| text(&shown), &shown)
}

fn text(shown: &Shown) -> String {
	let job = &shown.job;
	let hosts: Vec<String> = job
		.members
		.iter()
		.map(|member| member.host.clone())
		.collect();
	let ending = job.ending.map(|ending| ending.to_string());
	let facts = table::pairs([
		("job", job.id.to_string()),
		("release", job.release.clone()),
		("model id", job.model.to_string()),
		("ending", ending.unwrap_or_default()),
		("stake behind it", amount::format(job.stake)),
		("hosts", hosts.join("\n")),
		("input hash", format!("{:?}", job.input_hash)),
	]);
	match &job.outputs {
		Some(outputs) => format!("{facts}\n{}", outputs_text(outputs, shown.top.as_deref())),
		None => facts.to_string(),
	}
}

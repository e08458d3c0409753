//! `noema conformance`: test cases in the layout of the ONNX backend tests.

use super::Context;
use crate::args::ConformanceArgs;
use crate::conformance::{find, run as run_case, ConformanceError, Hashes, Summary, Verdict};
use crate::Error;

pub(super) fn run(context: &Context, args: &ConformanceArgs) -> Result<(), Error> {
	if let Some(isa) = args.isa {
		noema_engine::simd::force(isa).map_err(ConformanceError::from)?;
	}
	let known = args.check.as_deref().map(Hashes::read).transpose()?;
	let mut cases = vec![];
	for directory in &args.directories {
		cases.extend(find(directory)?);
	}
	let bar = context
		.progress()
		.steps(cases.len() as u64, "running cases");
	let mut ran = vec![];
	for case in &cases {
		let mut one = run_case(case);
		if let Some(reason) = known.as_ref().and_then(|known| known.difference(&one)) {
			one.verdict = Verdict::Failed { reason };
		}
		ran.push(one);
		bar.inc(1);
	}
	bar.finish_and_clear();
	if let Some(path) = &args.hashes {
		let count = Hashes::write(path, &ran)?;
		context.remark(&format!("wrote {count} hashes to {}", path.display()));
	}
	let summary = Summary::of(ran);
	context.show(|| text(&summary), &summary)?;
	if summary.failed > 0 {
		return Err(Error::Conformance(ConformanceError::Failed {
			failed: summary.failed,
			cases: summary.cases.len(),
		}));
	}
	Ok(())
}

fn text(summary: &Summary) -> String {
	let mut lines = vec![];
	for ran in &summary.cases {
		match &ran.verdict {
			Verdict::Passed => lines.push(format!("passed   {}", ran.name)),
			Verdict::Failed { reason } => lines.push(format!("FAILED   {}: {reason}", ran.name)),
			Verdict::Refused { reason, .. } => {
				lines.push(format!("refused  {}: {reason}", ran.name));
			}
		}
	}
	lines.push(format!(
		"{} cases on {}: {} passed, {} failed, {} refused",
		summary.cases.len(),
		noema_engine::simd::isa(),
		summary.passed,
		summary.failed,
		summary.refused
	));
	for (kind, count) in summary.refusals() {
		lines.push(format!("{count:7}  {kind}"));
	}
	lines.join("\n")
}

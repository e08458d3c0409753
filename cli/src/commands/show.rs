//! `noema model show`.

use super::Context;
use crate::chain::types::ModelInfo;
use crate::outputs::table;
use crate::tensor::shape_text;
use crate::{amount, Error};

pub(super) async fn run(context: &Context, model: &str) -> Result<(), Error> {
	let name = context.model_name(model)?;
	let info = name.find(&context.chain().await?).await?;
	context.show(|| text(&info), &info)
}

fn text(info: &ModelInfo) -> String {
	let mut rows = vec![
		("model id", info.id.to_string()),
		("owner", info.owner.clone()),
		("file", format!("{} bytes", info.size)),
		("stage", info.stage.to_string()),
	];
	if let Some(report) = &info.report {
		rows.extend([
			("profile", report.profile.to_string()),
			("nodes", report.node_count.to_string()),
			("multiply-accumulates", report.cost.macs.to_string()),
			("memory of the plan", format!("{} bytes", report.plan_bytes)),
			("memory of a run", format!("{} bytes", report.peak_bytes)),
		]);
	}
	let mut text = table::pairs(rows).to_string();
	if let Some(report) = &info.report {
		let mut tensors = table::new(["", "name", "dtype", "shape"]);
		for (side, schemas) in [("input", &report.inputs), ("output", &report.outputs)] {
			for schema in schemas {
				tensors.add_row([
					side.to_owned(),
					schema.name.clone(),
					schema.dtype.to_string(),
					shape_text(&schema.shape),
				]);
			}
		}
		text.push_str(&format!("\n{tensors}"));
	}
	let mut releases = table::new(["release", "royalty", "since block", ""]);
	for info in &info.releases {
		releases.add_row([
			info.release.clone(),
			amount::format(info.royalty),
			info.created.to_string(),
			if info.retired {
				"retired".to_owned()
			} else {
				String::new()
			},
		]);
	}
	text.push_str(&format!("\n{releases}"));
	text
}

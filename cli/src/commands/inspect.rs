//! `noema model inspect`: what a file takes, gives and costs, or why it would be refused.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::Context;
use crate::chain::fee::{self, Estimate};
use crate::chain::types::{Cost, Stage};
use crate::chain::Chain;
use crate::model::{LocalModel, ModelId};
use crate::outputs::table;
use crate::tensor::{shape_text, TensorSchema};
use crate::{amount, Error};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inspection {
	model_id: ModelId,
	size: usize,
	profile: u16,
	inputs: Vec<TensorSchema>,
	outputs: Vec<TensorSchema>,
	ops: BTreeMap<String, u32>,
	node_count: u32,
	cost: Cost,
	plan_bytes: u64,
	peak_bytes: u64,
	/// What its uploader deposits while it is on the chain.
	#[serde(with = "crate::chain::types::balance")]
	deposit: u128,
	/// What one inference would cost on the chain; absent without a node.
	#[serde(skip_serializing_if = "Option::is_none")]
	estimate: Option<Estimate>,
	/// How far the chain has taken this very file; absent if it does not know it.
	#[serde(skip_serializing_if = "Option::is_none")]
	stage: Option<Stage>,
}

pub(super) async fn run(context: &Context, file: &Path) -> Result<(), Error> {
	let model = LocalModel::open(file)?;
	let report = model.report();
	let mut inspection = Inspection {
		model_id: model.id,
		size: model.bytes.len(),
		profile: report.profile,
		inputs: model.inputs(),
		outputs: model.outputs(),
		ops: report.ops.clone(),
		node_count: report.node_count,
		cost: Cost {
			macs: report.cost.macs,
			bytes: report.cost.bytes,
			steps: report.cost.steps,
			transcendentals: report.cost.transcendentals,
		},
		plan_bytes: report.plan_bytes,
		peak_bytes: report.peak_bytes,
		deposit: fee::model_deposit(model.bytes.len(), report.plan_bytes),
		estimate: None,
		stage: None,
	};
	match Chain::connect(&context.global.url).await {
		Ok(chain) => {
			inspection.stage = chain.model(model.id, None).await?.map(|model| model.stage);
			let estimate = fee::estimate(&chain, &inspection.inputs, &inspection.cost).await?;
			inspection.estimate = Some(estimate);
		}
		Err(error) => context.remark(&format!("no fee: {error}")),
	}
	context.show(|| text(&inspection), &inspection)
}

fn text(inspection: &Inspection) -> String {
	let Inspection { cost, .. } = inspection;
	let mut rows = vec![
		("model id", inspection.model_id.to_string()),
		("file", format!("{} bytes", inspection.size)),
		("profile", inspection.profile.to_string()),
		("nodes", inspection.node_count.to_string()),
		("multiply-accumulates", cost.macs.to_string()),
		("bytes moved", cost.bytes.to_string()),
		("steps", cost.steps.to_string()),
		("transcendentals", cost.transcendentals.to_string()),
		(
			"memory of the plan",
			format!("{} bytes", inspection.plan_bytes),
		),
		(
			"memory of a run",
			format!("{} bytes", inspection.peak_bytes),
		),
		("deposit", amount::format(inspection.deposit)),
	];
	if let Some(stage) = inspection.stage {
		rows.push(("on the chain", stage.to_string()));
	}
	if let Some(estimate) = &inspection.estimate {
		let note = if estimate.fits {
			""
		} else {
			"; more than one inference may weigh"
		};
		rows.push((
			"weight, about",
			format!("{:.3} ms{note}", estimate.ref_time as f64 / 1e9),
		));
		rows.push((
			"fee, about",
			format!(
				"{} and the shares of owner and hosts",
				amount::format(estimate.fee)
			),
		));
	}
	let mut tensors = table::new(["", "name", "dtype", "shape"]);
	let sides = [
		("input", &inspection.inputs),
		("output", &inspection.outputs),
	];
	for (side, schemas) in sides {
		for schema in schemas {
			tensors.add_row([
				side.to_owned(),
				schema.name.clone(),
				schema.dtype.to_string(),
				shape_text(&schema.shape),
			]);
		}
	}
	let mut ops = table::new(["operator", "nodes"]);
	for (op, count) in &inspection.ops {
		ops.add_row([op.clone(), count.to_string()]);
	}
	format!("{}\n{tensors}\n{ops}", table::pairs(rows))
}

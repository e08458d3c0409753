//! `noema model run`: on this machine, without a chain.

use serde::Serialize;

use super::{outputs_text, treat_outputs, Context};
use crate::args::RunArgs;
use crate::inputs;
use crate::model::{LocalModel, ModelId};
use crate::outputs::topk::Ranked;
use crate::tensor::Tensor;
use crate::Error;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
	model_id: ModelId,
	profile: u16,
	#[serde(skip_serializing_if = "Option::is_none")]
	top: Option<Vec<Ranked>>,
	outputs: Vec<Tensor>,
}

pub(super) fn run(context: &Context, args: &RunArgs) -> Result<(), Error> {
	let model = LocalModel::open(&args.file)?;
	let inputs = inputs::load(&args.input.specs(), &model.inputs(), &args.input.fit())?;
	let outputs = model.run(&inputs)?;
	let top = treat_outputs(context, &outputs, &args.output)?;
	let answer = Answer {
		model_id: model.id,
		profile: model.report().profile,
		top,
		outputs,
	};
	context.show(
		|| outputs_text(&answer.outputs, answer.top.as_deref()),
		&answer,
	)
}

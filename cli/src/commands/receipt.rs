//! `noema receipt`.

use serde::Serialize;

use super::{outputs_text, treat_outputs, Context};
use crate::args::ReceiptArgs;
use crate::chain::types::Receipt;
use crate::outputs::table;
use crate::outputs::topk::Ranked;
use crate::Error;

#[derive(Serialize)]
struct Shown {
	#[serde(flatten)]
	receipt: Receipt,
	#[serde(skip_serializing_if = "Option::is_none")]
	top: Option<Vec<Ranked>>,
}

pub(super) async fn run(context: &Context, args: &ReceiptArgs) -> Result<(), Error> {
	let receipt = context.chain().await?.receipt(args.id, None).await?;
	let top = treat_outputs(context, &receipt.outputs, &args.output)?;
	let shown = Shown { receipt, top };
	context.show(|| text(&shown), &shown)
}

fn text(shown: &Shown) -> String {
	let receipt = &shown.receipt;
	let facts = table::pairs([
		("receipt", receipt.id.to_string()),
		("caller", receipt.caller.clone()),
		("release", receipt.release.clone()),
		("model id", receipt.model.to_string()),
		("block", receipt.block.to_string()),
		("input hash", format!("{:?}", receipt.input_hash)),
		("output hash", format!("{:?}", receipt.output_hash)),
	]);
	format!(
		"{facts}\n{}",
		outputs_text(&receipt.outputs, shown.top.as_deref())
	)
}

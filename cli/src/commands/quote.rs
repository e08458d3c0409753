//! `noema quote`: the cost of an inference, to the last digit.

use super::{infer::load_inputs, Context};
use crate::args::QuoteArgs;
use crate::chain::fee::{self, ExactFee};
use crate::outputs::table;
use crate::{amount, Error};

pub(super) async fn run(context: &Context, args: &QuoteArgs) -> Result<(), Error> {
	let release = context.release(&args.model)?;
	let source = context.global.key_source();
	let key = if source.is_given() {
		Some(source.load()?)
	} else {
		None
	};
	let chain = context.chain().await?;
	let inputs = load_inputs(&chain, &release, &args.input).await?;
	let cost = fee::exact(&chain, &release, &inputs, key.as_ref()).await?;
	context.show(|| text(&cost), &cost)
}

fn text(cost: &ExactFee) -> String {
	let weight = cost.quote.weight.ref_time as f64 / 1e9;
	table::pairs([
		("fee", amount::format(cost.fee)),
		("royalty", amount::format(cost.royalty)),
		("hosts", amount::format(cost.hosts_share)),
		("total", amount::format(cost.total)),
		("weight", format!("{weight:.3} ms")),
		("extrinsic", format!("{} bytes", cost.extrinsic_length)),
	])
	.to_string()
}

//! `noema infer`: in a block.

use serde::Serialize;

use super::{outputs_text, treat_outputs, Context};
use crate::args::InferArgs;
use crate::chain::events::BlockEvents;
use crate::chain::types::balance;
use crate::chain::{calls, fee, Chain, ChainError, Hash, Wait};
use crate::inputs;
use crate::keys::account_of;
use crate::model::ModelId;
use crate::outputs::table;
use crate::outputs::topk::Ranked;
use crate::release::Release;
use crate::tensor::Tensor;
use crate::{amount, Error};

/// The same shape as `model run` prints, and what the chain adds.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
	model_id: ModelId,
	release: String,
	receipt: u64,
	block_hash: Hash,
	block_number: u64,
	extrinsic_hash: Hash,
	extrinsic_index: u32,
	finalized: bool,
	#[serde(with = "balance")]
	fee: u128,
	#[serde(with = "balance")]
	royalty: u128,
	#[serde(with = "balance")]
	hosts_share: u128,
	input_hash: Hash,
	output_hash: Hash,
	#[serde(skip_serializing_if = "Option::is_none")]
	top: Option<Vec<Ranked>>,
	outputs: Vec<Tensor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
	release: String,
	extrinsic_hash: Hash,
	#[serde(with = "balance")]
	cost: u128,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dry {
	model_id: ModelId,
	release: String,
	input_hash: Hash,
	output_hash: Hash,
	#[serde(skip_serializing_if = "Option::is_none")]
	top: Option<Vec<Ranked>>,
	outputs: Vec<Tensor>,
}

/// Loads the inputs that a release's model asks for.
pub(super) async fn load_inputs(
	chain: &Chain,
	release: &Release,
	args: &crate::args::InputArgs,
) -> Result<Vec<Tensor>, Error> {
	let resolved = chain.release(release).await?;
	let report = resolved
		.model
		.report
		.ok_or_else(|| ChainError::Inconsistent(format!("the model of {release} has no report")))?;
	Ok(inputs::load(&args.specs(), &report.inputs, &args.fit())?)
}

pub(super) async fn run(context: &Context, args: &InferArgs) -> Result<(), Error> {
	let release = context.release(&args.model)?;
	let max_fee = args.max_fee.as_deref().map(amount::parse).transpose()?;
	if args.dry_run {
		return dry_run(context, args, &release).await;
	}
	let key = context.key()?;
	let chain = context.chain().await?;
	let inputs = load_inputs(&chain, &release, &args.input).await?;
	let cost = fee::exact(&chain, &release, &inputs, Some(&key)).await?;
	if let Some(max) = max_fee.filter(|max| cost.total > *max) {
		return Err(ChainError::TooExpensive {
			cost: cost.total,
			max,
		}
		.into());
	}

	chain.check_can_pay(&account_of(&key), cost.total).await?;

	let watch = chain.send(&calls::infer(&release, &inputs), &key).await?;
	let hash = watch.hash;
	if args.wait == Wait::None {
		let sent = Sent {
			release: release.to_string(),
			extrinsic_hash: hash,
			cost: cost.total,
		};
		return context.show(|| format!("sent {hash:?}"), &sent);
	}
	let spinner = context.progress().spinner(match args.wait {
		Wait::Finalized => "waiting for finality",
		Wait::InBlock | Wait::None => "waiting for a block",
	});
	let block = watch.wait(args.wait).await?;
	spinner.finish_and_clear();
	let outcome = BlockEvents::fetch(&chain, block)
		.await?
		.outcome(hash)?
		.into_result()?;
	let inferred = outcome.inferred.first().ok_or_else(|| {
		ChainError::Inconsistent("the inference succeeded without a receipt".to_owned())
	})?;
	let receipt = chain.receipt(inferred.receipt, Some(block)).await?;

	let top = treat_outputs(context, &receipt.outputs, &args.output)?;
	let answer = Answer {
		model_id: receipt.model,
		release: receipt.release,
		receipt: receipt.id,
		block_hash: block,
		block_number: outcome.number,
		extrinsic_hash: hash,
		extrinsic_index: outcome.index,
		finalized: args.wait == Wait::Finalized,
		fee: outcome.fee.unwrap_or(cost.fee),
		royalty: cost.royalty,
		hosts_share: cost.hosts_share,
		input_hash: receipt.input_hash,
		output_hash: receipt.output_hash,
		top,
		outputs: receipt.outputs,
	};
	context.show(|| text(&answer), &answer)
}

fn text(answer: &Answer) -> String {
	let state = if answer.finalized { ", final" } else { "" };
	let facts = table::pairs([
		("release", answer.release.clone()),
		("receipt", answer.receipt.to_string()),
		(
			"block",
			format!("{} {:?}{state}", answer.block_number, answer.block_hash),
		),
		("fee", amount::format(answer.fee)),
		("royalty", amount::format(answer.royalty)),
		("hosts", amount::format(answer.hosts_share)),
		("output hash", format!("{:?}", answer.output_hash)),
	]);
	format!(
		"{facts}\n{}",
		outputs_text(&answer.outputs, answer.top.as_deref())
	)
}

async fn dry_run(context: &Context, args: &InferArgs, release: &Release) -> Result<(), Error> {
	let chain = context.chain().await?;
	let inputs = load_inputs(&chain, release, &args.input).await?;
	let run = chain.dry_run(release, &inputs, None).await?;
	let top = treat_outputs(context, &run.outputs, &args.output)?;
	let dry = Dry {
		model_id: run.model,
		release: release.to_string(),
		input_hash: run.input_hash,
		output_hash: run.output_hash,
		top,
		outputs: run.outputs,
	};
	context.show(|| outputs_text(&dry.outputs, dry.top.as_deref()), &dry)
}

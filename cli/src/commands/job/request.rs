//! `noema job request`: from inputs to the answer of hosts.

use serde::Serialize;

use super::{result, Context};
use crate::args::RequestArgs;
use crate::chain::calls::jobs::{self as calls, Payload, Terms};
use crate::chain::calls::NamedTensor;
use crate::chain::types::{balance, ModelInfo, Report};
use crate::chain::{Chain, ChainError, Hash, Wait};
use crate::inputs;
use crate::keys::account_of;
use crate::outputs::table;
use crate::tensor::Tensor;
use crate::{amount, Error};
use subxt_signer::sr25519::Keypair;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Requested {
	job: u64,
	release: String,
	hosts: u8,
	#[serde(with = "balance")]
	max_price: u128,
	#[serde(with = "balance")]
	escrow: u128,
	extrinsic_hash: Hash,
	block_number: u64,
}

pub(super) async fn run(context: &Context, args: &RequestArgs) -> Result<(), Error> {
	let release = context.release(&args.model)?;
	let min_stake = amount::parse(&args.min_stake)?;
	let max_price = args.max_price.as_deref().map(amount::parse).transpose()?;
	let key = context.key()?;
	let chain = context.chain().await?;
	let resolved = chain.release(&release).await?;
	let report = resolved
		.model
		.report
		.as_ref()
		.ok_or_else(|| ChainError::NotAdmitted(resolved.model.id))?;
	let inputs = inputs::load(&args.input.specs(), &report.inputs, &args.input.fit())?;
	let terms = Terms {
		committee: args.hosts,
		min_stake,
		max_price: price(&chain, &resolved.model, report, args.hosts, max_price).await?,
	};
	// The royalty is paid once, each host at most its price.
	let least = terms.max_price.saturating_mul(args.hosts.into());
	let least = least.saturating_add(resolved.info.royalty);
	chain.check_can_pay(&account_of(&key), least).await?;

	let payload = payload(context, &chain, &key, &inputs).await?;
	let spinner = context.progress().spinner("waiting for finality");
	let call = calls::request(&release, payload, terms);
	let outcome = chain.execute(&call, &key, Wait::Finalized).await?;
	spinner.finish_and_clear();
	let asked = outcome.requested.first().ok_or_else(|| {
		ChainError::Inconsistent("the request succeeded without a job".to_owned())
	})?;
	let requested = Requested {
		job: asked.job,
		release: release.to_string(),
		hosts: args.hosts,
		max_price: terms.max_price,
		escrow: asked.escrow,
		extrinsic_hash: outcome.extrinsic,
		block_number: outcome.number,
	};
	if args.no_wait {
		return context.show(|| text(&requested), &requested);
	}
	context.remark(&format!(
		"job {}: {} in escrow",
		asked.job,
		amount::format(asked.escrow)
	));
	let spinner = context.progress().spinner("waiting for hosts");
	let on_update = |job: &crate::chain::jobs::Job| spinner.set_message(job.phase.to_string());
	let job = chain.job_done(asked.job, on_update).await?;
	spinner.finish_and_clear();
	result::show(context, job, &args.output)
}

/// What each host is paid at most: what was said, or what the dearest of the model's hosts asks.
async fn price(
	chain: &Chain,
	model: &ModelInfo,
	report: &Report,
	asked: u8,
	said: Option<u128>,
) -> Result<u128, Error> {
	let ref_time = chain.run_weight(&report.cost).await?;
	let hosts = chain.hosts(Some(model.id)).await?.hosts;
	let working = hosts.iter().filter(|host| host.capacity > 0);
	let prices: Vec<u128> = working.map(|host| host.price_of(ref_time)).collect();
	let Some(dearest) = prices.iter().max() else {
		return Err(ChainError::NoHosts(model.id).into());
	};
	let max_price = said.unwrap_or(*dearest);
	let willing = prices.iter().filter(|price| **price <= max_price).count();
	if willing < usize::from(asked) {
		return Err(ChainError::TooFewHosts {
			model: model.id,
			willing,
			asked,
			max_price,
		}
		.into());
	}
	Ok(max_price)
}

/// The inputs in the call, or uploaded before it if they are too large for that.
async fn payload(
	context: &Context,
	chain: &Chain,
	key: &Keypair,
	inputs: &[Tensor],
) -> Result<Payload, Error> {
	let encoded = calls::encode_tensors(inputs);
	if encoded.len() <= chain.max_inline_bytes().await? as usize {
		return Ok(Payload::Inline(
			inputs.iter().map(NamedTensor::from).collect(),
		));
	}
	let bar = context
		.progress()
		.bytes(encoded.len() as u64, "uploading inputs");
	let mut on_upload = |done| bar.set_position(done);
	let payload = chain.upload_blob(key, &encoded, &mut on_upload).await?;
	bar.finish_and_clear();
	Ok(payload)
}

fn text(requested: &Requested) -> String {
	table::pairs([
		("job", requested.job.to_string()),
		("release", requested.release.clone()),
		("hosts", requested.hosts.to_string()),
		("each at most", amount::format(requested.max_price)),
		("escrow", amount::format(requested.escrow)),
		("block", requested.block_number.to_string()),
	])
	.to_string()
}

//! What an inference will cost: exactly for a released model, about for a file. What a model
//! takes in deposit.

use serde::Serialize;
use subxt::dynamic;
use subxt::ext::scale_decode::DecodeAsType;
use subxt_signer::sr25519::Keypair;

use super::client::sign_at;
use super::types::{balance, Cost, Quote};
use super::{calls, Chain, ChainError};
use crate::keys::account_of;
use crate::release::Release;
use crate::tensor::{Tensor, TensorSchema};

/// What the runtime takes in deposit for a model, in the smallest unit, at the time of this release;
/// a test compares it with a chain.
mod price {
	pub(super) const MODEL: u128 = 10_000_000_000;
	pub(super) const BYTE: u128 = 1_000_000;
}

/// What the uploader of a model deposits while it is on the chain: for the bytes of the file or of
/// the plan, whichever are more. Up to admission it is for those of the file.
pub fn model_deposit(size: usize, plan_bytes: u64) -> u128 {
	let bytes = plan_bytes.max(size as u64);
	price::MODEL.saturating_add(price::BYTE.saturating_mul(bytes.into()))
}

/// About what one inference costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
	/// Picoseconds of computation that are charged, of the pallet's own work only the hosts' pay.
	pub ref_time: u64,
	/// The fee, without a royalty and the share of the model's hosts.
	#[serde(with = "balance")]
	pub fee: u128,
	/// Whether the chain lets one inference weigh so much.
	pub fits: bool,
}

/// What an inference costs to the last digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExactFee {
	/// The inclusion fee of the signed extrinsic.
	#[serde(with = "balance")]
	pub fee: u128,
	/// What the release's owner earns.
	#[serde(with = "balance")]
	pub royalty: u128,
	/// What the model's hosts earn.
	#[serde(with = "balance")]
	pub hosts_share: u128,
	/// All together.
	#[serde(with = "balance")]
	pub total: u128,
	/// Bytes of the signed extrinsic.
	pub extrinsic_length: usize,
	/// The node's own quote, which does not know the signed bytes.
	pub quote: Quote,
}

/// About what one inference of a model that is not on the chain would cost there.
///
/// The chain says what a call of the same inputs costs that finds no release; the model's run comes
/// on top.
pub async fn estimate(
	chain: &Chain,
	inputs: &[TensorSchema],
	cost: &Cost,
) -> Result<Estimate, ChainError> {
	let blank: Vec<Tensor> = inputs
		.iter()
		.map(|schema| Tensor {
			name: schema.name.clone(),
			dtype: schema.dtype,
			shape: schema.shape.clone(),
			data: vec![0; schema.elements().unwrap_or(0) * schema.dtype.size()],
		})
		.collect();
	let key = stand_in()?;
	// Releases with this name are possible, but nobody holds the key of its owner.
	let release = Release {
		owner: account_of(&key),
		name: "estimate".into(),
		version: "0".into(),
	};
	let at = chain.at_finalized().await?;
	let signed = sign_at(&at, &calls::infer(&release, &blank), &key, 0)?;
	let refused = chain.inclusion_fee(&signed).await?;
	let ref_time = chain.added_weight(cost).await?;
	let run = chain.weight_to_fee(ref_time).await?;
	Ok(Estimate {
		ref_time,
		fee: refused.saturating_add(run),
		fits: ref_time <= max_inference_weight(&at)?,
	})
}

/// What an inference of a released model costs, by the signed extrinsic itself.
///
/// Without a key, a stand-in signs: the fee depends on the length of a signature and not on whose
/// it is.
pub async fn exact(
	chain: &Chain,
	release: &Release,
	inputs: &[Tensor],
	key: Option<&Keypair>,
) -> Result<ExactFee, ChainError> {
	let quote = chain.quote(release, inputs).await?;
	let (key, nonce) = match key {
		Some(key) => (key.clone(), chain.next_nonce(&account_of(key)).await?),
		None => (stand_in()?, 0),
	};
	let signed = chain
		.sign(&calls::infer(release, inputs), &key, nonce)
		.await?;
	let mut fee = chain.inclusion_fee(&signed).await?;
	// The node's quote does not know the signed bytes: it may be off by some of them.
	let longest = u128::from(quote.extrinsic_length.max(1));
	let length_fee = quote.length_fee * signed.bytes.len() as u128 / longest;
	let quoted = quote.base_fee + length_fee + quote.weight_fee;
	let slack = 8 * (quote.length_fee / longest + 1);
	if fee.abs_diff(quoted) > slack {
		// payment_queryInfo answers as of the best block, in which a release that the block itself
		// has made is not callable yet. Every other difference is a fault.
		let created = u64::from(chain.release(release).await?.info.created);
		if created < chain.at_best().await?.block_number() {
			return Err(ChainError::Inconsistent(format!(
				"inference_quote makes the fee {quoted}, payment_queryInfo {fee}"
			)));
		}
		fee = quoted;
	}
	Ok(ExactFee {
		fee,
		royalty: quote.royalty,
		hosts_share: quote.hosts_share,
		total: fee
			.saturating_add(quote.royalty)
			.saturating_add(quote.hosts_share),
		extrinsic_length: signed.bytes.len(),
		quote,
	})
}

/// A key that nobody uses.
fn stand_in() -> Result<Keypair, ChainError> {
	Keypair::from_secret_key([0x11; 32])
		.map_err(|_| ChainError::Inconsistent("the stand-in key is no key".to_owned()))
}

fn max_inference_weight(at: &super::client::AtBlock) -> Result<u64, ChainError> {
	#[derive(DecodeAsType)]
	#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
	struct Weight {
		ref_time: u64,
	}
	let address = dynamic::constant::<Weight>("Inference", "MaxInferenceWeight");
	at.constants()
		.entry(address)
		.map(|weight| weight.ref_time)
		.map_err(|error| ChainError::client("read the limits of inferences", error))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_deposit_is_for_file_or_plan() {
		// About a token for a MiB.
		assert_eq!(model_deposit(1 << 20, 0), 1_058_576_000_000);
		assert_eq!(model_deposit(1 << 20, 7), model_deposit(1 << 20, 0));
		assert_eq!(model_deposit(137, 1 << 20), model_deposit(1 << 20, 0));
		assert_eq!(model_deposit(0, 0), 10_000_000_000);
	}
}

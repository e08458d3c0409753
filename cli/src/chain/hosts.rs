//! Hosts: what they stake, ask, have earned and lost.

use serde::{Deserialize, Serialize};
use subxt::dynamic;
use subxt::ext::scale_decode::DecodeAsType;
use subxt::rpcs::client::rpc_params;
use subxt::utils::AccountId32;

use super::types::balance;
use super::{Chain, ChainError};
use crate::model::ModelId;

/// A host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Host {
	/// Its account.
	pub host: String,
	/// Its own bond.
	#[serde(with = "balance")]
	pub bond: u128,
	/// What others have put behind it.
	#[serde(with = "balance")]
	pub backing: u128,
	/// What is on its way out.
	pub unbonding: Vec<Unbonding>,
	/// What it asks for a second of computing on the reference machine.
	#[serde(with = "balance")]
	pub price: u128,
	/// How many open jobs it takes at a time.
	pub capacity: u32,
	/// Open jobs.
	pub assigned: u32,
	/// Until when it is drawn for no job, if it is chilled.
	pub chilled_until: Option<u32>,
	/// What it has committed to each model.
	pub commitments: Vec<Commitment>,
	/// What it may claim.
	#[serde(with = "balance")]
	pub claimable: u128,
	/// What it has earned in all.
	#[serde(with = "balance")]
	pub earned: u128,
	/// What it has lost in all, its backers' part included.
	#[serde(with = "balance")]
	pub slashed: u128,
}

/// An amount on its way out of a bond.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unbonding {
	/// How much.
	#[serde(with = "balance")]
	pub amount: u128,
	/// The block from which on it may be withdrawn.
	pub block: u32,
}

/// What a host has committed to a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commitment {
	/// The model.
	pub model: ModelId,
	/// The stake behind it.
	#[serde(with = "balance")]
	pub stake: u128,
	/// What of that stands behind open jobs.
	#[serde(with = "balance")]
	pub locked: u128,
}

/// Hosts, and what a model asks of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hosts {
	/// The hosts.
	pub hosts: Vec<Host>,
	/// The stake that must be committed to the model for it to be callable in a block, if a model
	/// was named.
	#[serde(skip_serializing_if = "Option::is_none", serialize_with = "optional")]
	pub requirement: Option<u128>,
}

fn optional<S: serde::Serializer>(value: &Option<u128>, serializer: S) -> Result<S::Ok, S::Error> {
	match value {
		Some(value) => serializer.collect_str(value),
		None => serializer.serialize_none(),
	}
}

impl Host {
	/// What it has committed in all.
	pub fn committed(&self) -> u128 {
		self.sum(|commitment| commitment.stake)
	}

	/// What of its commitments stands behind open jobs.
	pub fn locked(&self) -> u128 {
		self.sum(|commitment| commitment.locked)
	}

	fn sum(&self, of: impl Fn(&Commitment) -> u128) -> u128 {
		self.commitments
			.iter()
			.map(of)
			.fold(0, u128::saturating_add)
	}

	/// What it asks for a run that is charged this much `ref_time`, rounded up.
	pub fn price_of(&self, ref_time: u64) -> u128 {
		const SECOND: u128 = 1_000_000_000_000;
		self.price.saturating_mul(ref_time.into()).div_ceil(SECOND)
	}
}

impl Chain {
	/// A host, at the best block.
	pub async fn host(&self, account: &AccountId32) -> Result<Option<Host>, ChainError> {
		self.request("inference_host", rpc_params![account.to_string()])
			.await
	}

	/// What a host commits to each model that is admitted, at the best block.
	pub async fn standing_commitment(
		&self,
		account: &AccountId32,
	) -> Result<Option<u128>, ChainError> {
		#[derive(DecodeAsType)]
		#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
		struct Record {
			terms: Terms,
		}
		#[derive(DecodeAsType)]
		#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
		struct Terms {
			standing: Option<u128>,
		}
		let failed = |error| ChainError::client("read the host's terms", error);
		let address = dynamic::storage::<(AccountId32,), Record>("Hosting", "Hosts");
		let record = self
			.at_best()
			.await?
			.storage()
			.try_fetch(address, (*account,))
			.await
			.map_err(|error| failed(subxt::Error::from(error)))?
			.map(|value| value.decode())
			.transpose()
			.map_err(|error| failed(subxt::Error::from(error)))?;
		Ok(record.and_then(|record| record.terms.standing))
	}

	/// All hosts, those committed to one model if it is named.
	pub async fn hosts(&self, model: Option<ModelId>) -> Result<Hosts, ChainError> {
		#[derive(Deserialize)]
		struct Page {
			hosts: Vec<Host>,
			next: Option<String>,
			requirement: Option<String>,
		}
		let mut all = Hosts {
			hosts: Vec::new(),
			requirement: None,
		};
		let mut after = None;
		loop {
			let request = serde_json::json!({ "model": model, "after": after, "limit": 100 });
			let page: Page = self
				.request("inference_hosts", rpc_params![request])
				.await?;
			all.hosts.extend(page.hosts);
			all.requirement = page
				.requirement
				.map(|text| text.parse())
				.transpose()
				.map_err(|_| ChainError::Inconsistent("a requirement is no number".into()))?;
			match page.next {
				Some(next) => after = Some(next),
				None => return Ok(all),
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::json;

	#[test]
	fn hosts_are_read_as_the_node_writes_them() {
		let host: Host = serde_json::from_value(json!({
			"host": "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
			"bond": "100",
			"backing": "2",
			"unbonding": [{ "amount": "3", "block": 4 }],
			"price": "5000000000000",
			"capacity": 6,
			"assigned": 1,
			"chilledUntil": null,
			"commitments": [
				{ "model": format!("0x{}", "01".repeat(32)), "stake": "8", "locked": "1" },
				{ "model": format!("0x{}", "02".repeat(32)), "stake": "9", "locked": "2" },
			],
			"claimable": "10",
			"earned": "11",
			"slashed": "12",
		}))
		.unwrap();
		assert_eq!((host.committed(), host.locked()), (17, 3));
		// Five tokens a second.
		assert_eq!(host.price_of(1_000_000_000_000), 5_000_000_000_000);
		assert_eq!(host.price_of(0), 0);
		let one = Host { price: 1, ..host };
		assert_eq!(one.price_of(1), 1, "rounded up");
	}
}

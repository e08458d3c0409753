//! The methods about hosts: `inference_host` and `inference_hosts`.

use std::{fmt, sync::Arc};

use jsonrpsee::proc_macros::rpc;
use noema_primitives::{api::HostingApi as _, hosting::HostInfo, ModelId};
use noema_runtime::{AccountId, Balance, BlockNumber, Hash};
use serde::{Deserialize, Serialize};
use sp_api::ProvideRuntimeApi;

use super::{
	error::{Error, ErrorCode},
	inference::{or_best, page_limit, refused},
	limit::Limiter,
	types::{account_text, id_text, parse_account, parse_id},
};
use crate::service::FullClient;

/// Hosts in a page that count as one look-up.
const HOSTS_PER_LOOKUP: u32 = 10;

/// Which hosts to list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HostsRequest {
	/// Only those committed to this model.
	pub model: Option<String>,
	/// List hosts that come after this one; from the start without it.
	pub after: Option<String>,
	/// How many to list at most: 1 to 100, and 100 without it.
	pub limit: Option<u32>,
}

/// A part of the list of hosts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HostsPage {
	/// The hosts.
	pub hosts: Vec<HostView>,
	/// What to ask for `after` next; null at the end of the list.
	pub next: Option<String>,
	/// If a model was named: the stake that must be committed to it for it to be callable in a block.
	pub requirement: Option<String>,
}

/// A host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HostView {
	/// Its account.
	pub host: String,
	/// Its own bond.
	pub bond: String,
	/// What others have put behind it.
	pub backing: String,
	/// What is on its way out.
	pub unbonding: Vec<UnbondingView>,
	/// What it asks for a second of computing on the reference machine.
	pub price: String,
	/// How many open jobs it takes at a time.
	pub capacity: u32,
	/// Open jobs.
	pub assigned: u32,
	/// Until when it is drawn for no job, if it is chilled.
	pub chilled_until: Option<BlockNumber>,
	/// What it has committed to each model.
	pub commitments: Vec<CommitmentView>,
	/// What it may claim.
	pub claimable: String,
	/// What it has earned in all.
	pub earned: String,
	/// What it has lost in all, its backers' part included.
	pub slashed: String,
}

/// An amount on its way out of a bond.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnbondingView {
	/// How much.
	pub amount: String,
	/// The block from which on it may be withdrawn.
	pub block: BlockNumber,
}

/// What a host has committed to a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CommitmentView {
	/// The model.
	pub model: String,
	/// The stake behind it.
	pub stake: String,
	/// What of that stands behind open jobs.
	pub locked: String,
}

impl From<&HostInfo<AccountId, Balance, BlockNumber>> for HostView {
	fn from(info: &HostInfo<AccountId, Balance, BlockNumber>) -> Self {
		Self {
			host: account_text(&info.host),
			bond: info.bond.to_string(),
			backing: info.backing.to_string(),
			unbonding: info
				.unbonding
				.iter()
				.map(|(amount, block)| UnbondingView {
					amount: amount.to_string(),
					block: *block,
				})
				.collect(),
			price: info.price.to_string(),
			capacity: info.capacity,
			assigned: info.assigned,
			chilled_until: info.chilled_until,
			commitments: info
				.commitments
				.iter()
				.map(|commitment| CommitmentView {
					model: id_text(&commitment.model),
					stake: commitment.stake.to_string(),
					locked: commitment.locked.to_string(),
				})
				.collect(),
			claimable: info.claimable.to_string(),
			earned: info.earned.to_string(),
			slashed: info.slashed.to_string(),
		}
	}
}

/// Who stakes on models.
///
/// `at` is the hash of a block, the best one without it. Errors have the numbers of [`ErrorCode`].
#[rpc(server, namespace = "inference")]
pub trait HostsApi {
	/// One host; null if the account is none.
	#[method(name = "host", blocking)]
	fn host(&self, account: String, at: Option<Hash>) -> Result<Option<HostView>, Error>;

	/// Lists hosts: all, or those committed to a model.
	#[method(name = "hosts", blocking)]
	fn hosts(&self, page: Option<HostsRequest>, at: Option<Hash>) -> Result<HostsPage, Error>;
}

/// Answers them from the client's states.
pub struct Hosts {
	client: Arc<FullClient>,
	limiter: Arc<Limiter>,
}

impl fmt::Debug for Hosts {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str("Hosts")
	}
}

impl Hosts {
	/// Answers from `client`, as often as `limiter` lets it.
	pub const fn new(client: Arc<FullClient>, limiter: Arc<Limiter>) -> Self {
		Self { client, limiter }
	}
}

impl HostsApiServer for Hosts {
	fn host(&self, account: String, at: Option<Hash>) -> Result<Option<HostView>, Error> {
		let account = parse_account(&account)?;
		self.limiter.look_up(1).map_err(refused)?;
		let host = self
			.client
			.runtime_api()
			.host(or_best(&self.client, at), account)?;
		Ok(host.as_ref().map(HostView::from))
	}

	fn hosts(&self, page: Option<HostsRequest>, at: Option<Hash>) -> Result<HostsPage, Error> {
		let HostsRequest {
			model,
			after,
			limit,
		} = page.unwrap_or_default();
		let model: Option<ModelId> = model.as_deref().map(parse_id).transpose()?;
		let after = after.as_deref().map(parse_account).transpose()?;
		let limit = page_limit(limit, "hosts")?;
		self.limiter
			.look_up(limit.div_ceil(HOSTS_PER_LOOKUP))
			.map_err(refused)?;
		let at = or_best(&self.client, at);
		let api = self.client.runtime_api();
		let requirement = match model {
			None => None,
			Some(id) => Some(api.requirement(at, id)?.ok_or_else(|| {
				let message = format!("there is no admitted model {}", id_text(&id));
				Error::new(ErrorCode::UnknownModel, message)
			})?),
		};
		let hosts = api.hosts(at, model, after, limit)?;
		let full = hosts.len() == limit as usize;
		let last = hosts.last().filter(|_| full);
		Ok(HostsPage {
			next: last.map(|last| account_text(&last.host)),
			hosts: hosts.iter().map(HostView::from).collect(),
			requirement: requirement.map(|stake| stake.to_string()),
		})
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use noema_primitives::hosting::Commitment;
	use serde_json::json;

	#[test]
	fn a_host_is_written_as_the_tool_reads_it() {
		let info = HostInfo {
			host: AccountId::new([1; 32]),
			bond: 1u128,
			backing: 2,
			unbonding: vec![(3, 4)],
			price: 5,
			capacity: 6,
			assigned: 7,
			chilled_until: None,
			commitments: vec![Commitment {
				model: ModelId([8; 32]),
				stake: 9,
				locked: 10,
			}],
			claimable: 11,
			earned: 12,
			slashed: u128::MAX,
		};
		assert_eq!(
			serde_json::to_value(HostView::from(&info)).expect("it is plain data"),
			json!({
				"host": account_text(&info.host),
				"bond": "1",
				"backing": "2",
				"unbonding": [{ "amount": "3", "block": 4 }],
				"price": "5",
				"capacity": 6,
				"assigned": 7,
				"chilledUntil": null,
				"commitments": [{
					"model": format!("0x{}", "08".repeat(32)),
					"stake": "9",
					"locked": "10",
				}],
				"claimable": "11",
				"earned": "12",
				"slashed": u128::MAX.to_string(),
			}),
		);
	}
}

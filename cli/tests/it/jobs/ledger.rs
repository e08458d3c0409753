//! What jobs have moved, from the events of final blocks: who was paid, who has lost what, and whether
//! it adds up.

use std::collections::{BTreeMap, BTreeSet};

use noema_cli::chain::{Chain, Hash};
use subxt::dynamic;
use subxt::events::{Event, Phase};
use subxt::ext::scale_decode::{DecodeAsFields, DecodeAsType};
use subxt::utils::AccountId32;
use subxt::SubstrateConfig;

use super::heavy::Weight;
use crate::network::{block_hash, wait_finalized};

/// What one job has moved. A royalty is in no event, so these tests ask none.
#[derive(Debug, Default)]
pub(super) struct Books {
	/// What was in escrow at first.
	escrow: u128,
	/// What its draw has burnt.
	burnt: u128,
	/// What hosts were paid from the escrow.
	pub(super) paid: BTreeMap<AccountId32, u128>,
	/// What returned at the end, once there was one.
	refund: Option<u128>,
	/// Who was drawn, for the committee or for an audit.
	pub(super) drawn: BTreeSet<AccountId32>,
	/// Members that have lost stake.
	pub(super) slashed: BTreeMap<AccountId32, u128>,
	/// Challengers that have lost their bond, or a part of it.
	pub(super) challengers: BTreeMap<AccountId32, u128>,
	/// What those who were right got of that.
	pub(super) bounties: BTreeMap<AccountId32, u128>,
	/// Extrinsics of the referee.
	pub(super) refereed: Vec<Refereed>,
}

/// A step that the referee has run.
#[derive(Clone, Debug)]
pub(super) struct Refereed {
	/// The step's leaf.
	pub(super) step: u32,
	/// The block.
	pub(super) block: Hash,
	/// The `ref_time` that the extrinsic was charged.
	pub(super) ref_time: u64,
}

/// All jobs that were asked for and ended in a span of blocks.
#[derive(Debug)]
pub(super) struct Ledger {
	/// By job.
	pub(super) jobs: BTreeMap<u64, Books>,
	/// Fees; the chain burns them.
	fees: u128,
	/// All tokens there are, before and after.
	issuance: (u128, u128),
}

/// An amount of a job.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct OfJob {
	job: u64,
	amount: u128,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Requested {
	job: u64,
	escrow: u128,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Drawn {
	job: u64,
	hosts: Vec<AccountId32>,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct OfHost {
	job: u64,
	host: AccountId32,
	amount: u128,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct OfChallenger {
	job: u64,
	challenger: AccountId32,
	amount: u128,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Bounty {
	job: u64,
	to: AccountId32,
	amount: u128,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Step {
	job: u64,
	step: u32,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Done {
	job: u64,
	refund: u128,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct FeePaid {
	actual_fee: u128,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Success {
	dispatch_info: DispatchInfo,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct DispatchInfo {
	weight: Weight,
}

fn decode<E: DecodeAsFields>(event: &Event<'_, SubstrateConfig>) -> E {
	event
		.decode_fields_unchecked_as()
		.unwrap_or_else(|error| panic!("{}.{}: {error}", event.pallet_name(), event.event_name()))
}

/// All tokens there are after a block.
async fn issuance(chain: &Chain, block: Hash) -> u128 {
	let address = dynamic::storage::<(), u128>("Balances", "TotalIssuance");
	let at = chain.at(block).await.unwrap();
	let stored = at.storage().fetch(address, ()).await.unwrap();
	stored.decode().unwrap()
}

async fn hash(chain: &Chain, number: u64) -> Hash {
	let hash = block_hash(chain, number).await;
	hash.expect("a final block has a hash")
}

impl Ledger {
	/// Reads the blocks after `before` up to `last`, of which the node must have the states.
	pub(super) async fn read(chain: &Chain, before: u64, last: u64) -> Self {
		wait_finalized(chain, last).await;
		let start = issuance(chain, hash(chain, before).await).await;
		let end = issuance(chain, hash(chain, last).await).await;
		let mut ledger = Self {
			jobs: BTreeMap::new(),
			fees: 0,
			issuance: (start, end),
		};
		for number in before + 1..=last {
			ledger.enter(chain, hash(chain, number).await).await;
		}
		ledger
	}

	/// Enters the events of a block.
	async fn enter(&mut self, chain: &Chain, block: Hash) {
		let at = chain.at(block).await.unwrap();
		let events = at.events().fetch().await.unwrap();
		// The referee's events come before the one that tells the extrinsic's weight.
		let mut judged: Vec<(u32, Step)> = Vec::new();
		for event in events.iter() {
			let event = event.unwrap();
			match (event.pallet_name(), event.event_name(), event.phase()) {
				("Jobs", "Refereed", Phase::ApplyExtrinsic(index)) => {
					judged.push((index, decode(&event)));
				}
				("Jobs", name, _) => self.enter_event(name, &event),
				("TransactionPayment", "TransactionFeePaid", _) => {
					self.fees += decode::<FeePaid>(&event).actual_fee;
				}
				("System", "ExtrinsicSuccess", Phase::ApplyExtrinsic(index)) => {
					let ref_time = decode::<Success>(&event).dispatch_info.weight.ref_time;
					for (_, Step { job, step }) in judged.extract_if(.., |(of, _)| *of == index) {
						self.books(job).refereed.push(Refereed {
							step,
							block,
							ref_time,
						});
					}
				}
				_ => (),
			}
		}
	}

	fn enter_event(&mut self, name: &str, event: &Event<'_, SubstrateConfig>) {
		match name {
			"JobRequested" => {
				let Requested { job, escrow } = decode(event);
				self.books(job).escrow = escrow;
			}
			"Drawn" => {
				let Drawn { job, hosts } = decode(event);
				self.books(job).drawn.extend(hosts);
			}
			"ShareBurnt" => {
				let OfJob { job, amount } = decode(event);
				self.books(job).burnt += amount;
			}
			"HostPaid" => {
				let OfHost { job, host, amount } = decode(event);
				*self.books(job).paid.entry(host).or_default() += amount;
			}
			"HostSlashed" => {
				let OfHost { job, host, amount } = decode(event);
				*self.books(job).slashed.entry(host).or_default() += amount;
			}
			"ChallengerSlashed" => {
				let OfChallenger {
					job,
					challenger,
					amount,
				} = decode(event);
				let lost = &mut self.books(job).challengers;
				*lost.entry(challenger).or_default() += amount;
			}
			"BountyPaid" => {
				let Bounty { job, to, amount } = decode(event);
				*self.books(job).bounties.entry(to).or_default() += amount;
			}
			"JobDone" => {
				let Done { job, refund } = decode(event);
				self.books(job).refund = Some(refund);
			}
			_ => (),
		}
	}

	fn books(&mut self, job: u64) -> &mut Books {
		self.jobs.entry(job).or_default()
	}

	/// Asserts that each escrow was divided without a rest, and that exactly as many tokens are gone as
	/// were burnt.
	pub(super) fn assert_balanced(&self) {
		let sum = |amounts: &BTreeMap<AccountId32, u128>| amounts.values().sum::<u128>();
		let mut burnt = self.fees;
		for (job, books) in &self.jobs {
			let refund = books.refund;
			let refund = refund.unwrap_or_else(|| panic!("job {job} is not over: {books:?}"));
			assert_eq!(
				books.escrow,
				books.burnt + sum(&books.paid) + refund,
				"job {job}: {books:?}"
			);
			let taken = sum(&books.slashed) + sum(&books.challengers);
			// At least half of each penalty is burnt.
			assert!(2 * sum(&books.bounties) <= taken, "job {job}: {books:?}");
			burnt += books.burnt + taken - sum(&books.bounties);
		}
		let (before, after) = self.issuance;
		assert_eq!(before - after, burnt, "{self:?}");
	}

	/// All who have lost stake or a bond.
	pub(super) fn losers(&self) -> BTreeSet<AccountId32> {
		let books = self.jobs.values();
		books
			.flat_map(|books| books.slashed.keys().chain(books.challengers.keys()))
			.copied()
			.collect()
	}
}

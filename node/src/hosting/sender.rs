//! Signs the worker's calls and sees to it that they get into blocks.
//!
//! All nonces of the account's transactions are in one row. What is not in a final block yet is not sent
//! again, unless it gets stuck: then it, and all that came after it, is signed anew with the next nonces
//! and a higher tip. What was included and has changed nothing, because somebody else was faster or the
//! account was used elsewhere, is sent again once that is final, a few times.

use std::{
	collections::{BTreeMap, HashMap},
	sync::Arc,
};

use codec::{Decode, Encode};
use noema_primitives::JobId;
use noema_runtime::{
	tx_extension, Address, Balance, BlockNumber, Hash, Nonce, RuntimeCall, SignedPayload,
	UncheckedExtrinsic,
};
use sc_transaction_pool_api::{TransactionPool, TransactionSource};
use sp_runtime::{generic::Era, OpaqueExtrinsic};

use super::{
	chain::{Chain, ReadError},
	key::{HostKey, KeyError},
	metrics::HostingMetrics,
	LOG_TARGET,
};
use crate::service::FullPool;

/// Blocks after which a transaction that is in no block is stuck.
const STUCK: BlockNumber = 6;
/// How often something is sent.
const MAX_ATTEMPTS: u32 = 10;
/// Blocks for which a transaction is valid.
const LIFETIME: u64 = 64;
/// With as many blocks left, half of the highest tip is offered from the start.
const LAST_MINUTE: BlockNumber = 4;

/// What a transaction does; the same thing is not sent twice at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
	/// Uploads a chunk of a blob.
	Chunk {
		/// The blob.
		blob: [u8; 32],
		/// The chunk.
		index: u32,
	},
	/// Commits.
	Commit(JobId),
	/// Reveals.
	Reveal(JobId),
	/// Challenges.
	Challenge(JobId),
	/// Posts leaves.
	PostLeaves(JobId),
	/// Calls the referee at a leaf.
	Referee(JobId, u32),
	/// Anything else.
	Other(JobId, u32),
}

/// How soon something must be in a block. The order is that in which things are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Urgency {
	/// Own stake comes first: false is less than true.
	pub others: bool,
	/// The last block for it.
	pub until: BlockNumber,
}

/// Something to send.
#[derive(Clone, Debug)]
pub struct Order {
	/// What it does.
	pub what: What,
	/// The call.
	pub call: RuntimeCall,
	/// How soon it must be in a block.
	pub urgency: Urgency,
}

/// Why something was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
	/// The chain cannot be read.
	#[error(transparent)]
	Read(#[from] ReadError),
	/// It cannot be signed.
	#[error(transparent)]
	Key(#[from] KeyError),
	/// The extrinsic does not decode as one: a fault of this program.
	#[error("an extrinsic that is none: {0}")]
	Codec(#[from] codec::Error),
	/// The pool does not take it.
	#[error("the transaction pool: {0}")]
	Pool(String),
	/// The chain has other transactions than this node makes.
	#[error(
		"the chain's transactions are of version {chain}, those of this node of version {node}: \
		 upgrade the node"
	)]
	Version {
		/// The chain's.
		chain: u32,
		/// The node's.
		node: u32,
	},
}

/// A transaction on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sent {
	what: What,
	/// The best block when it was sent.
	at: BlockNumber,
}

/// The nonces in use, and what of them is stuck: the part of the sender that needs no chain.
#[derive(Clone, Debug, Default)]
struct Row {
	sent: BTreeMap<Nonce, Sent>,
	attempts: HashMap<What, u32>,
}

impl Row {
	/// Takes in how far the account has come: in the best block number `best`, and in the final one.
	/// Returns how many transactions were stuck.
	fn update(&mut self, best_nonce: Nonce, final_nonce: Nonce, best: BlockNumber) -> usize {
		self.sent = self.sent.split_off(&final_nonce);
		let first = self.sent.range(best_nonce..).next();
		let stuck = first.is_some_and(|(_, sent)| best.saturating_sub(sent.at) >= STUCK);
		if stuck {
			self.sent.split_off(&best_nonce).len()
		} else {
			0
		}
	}

	/// The nonce of the next transaction.
	fn next(&self, best_nonce: Nonce) -> Nonce {
		let last = self.sent.last_key_value();
		last.map_or(best_nonce, |(last, _)| {
			last.saturating_add(1).max(best_nonce)
		})
	}

	/// Whether something is on its way, or was sent too often.
	fn is_settled(&self, what: What) -> bool {
		self.sent.values().any(|sent| sent.what == what)
			|| self.attempts.get(&what).copied().unwrap_or(0) >= MAX_ATTEMPTS
	}

	fn note(&mut self, nonce: Nonce, what: What, at: BlockNumber) {
		self.sent.insert(nonce, Sent { what, at });
		let attempts = self.attempts.entry(what).or_default();
		*attempts = attempts.saturating_add(1);
	}

	/// The tip of something at its next attempt: nothing at first, then twice as much each time, up to
	/// `most`; and half of that when time runs out.
	fn tip(&self, order: &Order, now: BlockNumber, most: Balance) -> Balance {
		let attempts = self.attempts.get(&order.what).copied().unwrap_or(0);
		let by_attempts = match attempts {
			0 => 0,
			tries => (most / 64).max(1).saturating_mul(1 << tries.min(16)),
		};
		let left = order.urgency.until.saturating_sub(now);
		let by_time = if left <= LAST_MINUTE { most / 2 } else { 0 };
		by_attempts.max(by_time).min(most)
	}
}

/// Sends what is to be sent.
pub struct Sender {
	chain: Chain,
	pool: Arc<FullPool>,
	key: HostKey,
	max_tip: Balance,
	row: Row,
	metrics: HostingMetrics,
}

impl std::fmt::Debug for Sender {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.debug_struct("Sender")
			.field("row", &self.row)
			.finish_non_exhaustive()
	}
}

impl Sender {
	/// Signs with `key`, and tips `max_tip` at the most.
	pub fn new(
		chain: Chain,
		pool: Arc<FullPool>,
		key: HostKey,
		max_tip: Balance,
		metrics: HostingMetrics,
	) -> Self {
		Self {
			chain,
			pool,
			key,
			max_tip,
			row: Row::default(),
			metrics,
		}
	}

	/// Takes in how far the account's transactions have come. To be called before [`send`](Self::send).
	///
	/// # Errors
	///
	/// [`SendError::Read`].
	pub fn update(&mut self) -> Result<(), SendError> {
		let account = self.key.account();
		let (best, best_hash) = self.chain.best();
		let (_, final_hash) = self.chain.finalized();
		let (best_nonce, _) = self.chain.account(best_hash, &account)?;
		let (final_nonce, _) = self.chain.account(final_hash, &account)?;
		let stuck = self.row.update(best_nonce, final_nonce, best);
		if stuck > 0 {
			log::info!(
				target: LOG_TARGET,
				"{stuck} transactions from nonce {best_nonce} on are in no block after {STUCK}: they are \
				 sent anew",
			);
			self.metrics.hosting_resent.inc_by(stuck as u64);
		}
		Ok(())
	}

	/// Whether something is on its way, or was sent too often.
	pub fn is_settled(&self, what: What) -> bool {
		self.row.is_settled(what)
	}

	/// Sends what is not on its way yet, in this order. What the pool does not take ends it: whatever
	/// comes after may need what came before.
	///
	/// # Errors
	///
	/// [`SendError`], for the first that was not sent.
	pub async fn send(&mut self, orders: Vec<Order>) -> Result<(), SendError> {
		for order in orders {
			if !self.row.is_settled(order.what) {
				self.send_one(order).await?;
			}
		}
		Ok(())
	}

	async fn send_one(&mut self, order: Order) -> Result<(), SendError> {
		let (number, hash) = self.chain.best();
		let (best_nonce, _) = self.chain.account(hash, &self.key.account())?;
		let nonce = self.row.next(best_nonce);
		let tip = self.row.tip(&order, number, self.max_tip);
		let what = order.what;
		let extrinsic = self.sign(order.call, nonce, tip, number, hash)?;
		let submitted = self
			.pool
			.submit_one(hash, TransactionSource::Local, extrinsic)
			.await;
		// What the pool has refused may be in its way next time, too: a higher tip is the way past it.
		self.row.note(nonce, what, number);
		if let Err(error) = submitted {
			self.row.sent.remove(&nonce);
			self.metrics.hosting_refused.inc();
			return Err(SendError::Pool(format!("{what:?}, nonce {nonce}: {error}")));
		}
		self.count(what, tip);
		log::info!(target: LOG_TARGET, "📮 {what:?}: nonce {nonce}, tip {tip}");
		Ok(())
	}

	fn count(&self, what: What, tip: Balance) {
		let metrics = &self.metrics;
		let counter = match what {
			What::Chunk { .. } => Some(&metrics.hosting_chunks),
			What::Commit(_) => Some(&metrics.hosting_commits),
			What::Reveal(_) => Some(&metrics.hosting_reveals),
			What::Challenge(_) => Some(&metrics.hosting_challenges),
			What::PostLeaves(_) => Some(&metrics.hosting_leaves),
			What::Referee(..) => Some(&metrics.hosting_referee_calls),
			What::Other(..) => None,
		};
		if let Some(counter) = counter {
			counter.inc();
		}
		let micro = tip / noema_runtime::constants::money::MICRO_NOE;
		metrics
			.hosting_tips_micro_noe
			.inc_by(u64::try_from(micro).unwrap_or(u64::MAX));
	}

	fn sign(
		&self,
		call: RuntimeCall,
		nonce: Nonce,
		tip: Balance,
		number: BlockNumber,
		hash: Hash,
	) -> Result<OpaqueExtrinsic, SendError> {
		let (spec_version, transaction_version) = self.chain.versions(hash)?;
		let node = noema_runtime::VERSION.transaction_version;
		if transaction_version != node {
			return Err(SendError::Version {
				chain: transaction_version,
				node,
			});
		}
		let era = Era::mortal(LIFETIME, number.into());
		let extension = tx_extension(era, nonce, tip, false);
		let implicit = (
			(),
			(),
			spec_version,
			transaction_version,
			self.chain.genesis(),
			hash,
			(),
			(),
			(),
			(),
			None,
			(),
		);
		let payload = SignedPayload::from_raw(call, extension, implicit);
		let signature = payload.using_encoded(|bytes| self.key.sign(bytes))?;
		let (call, extension, _) = payload.deconstruct();
		let address = Address::Id(self.key.account());
		let extrinsic = UncheckedExtrinsic::new_signed(call, address, signature, extension);
		Ok(OpaqueExtrinsic::decode(&mut &extrinsic.encode()[..])?)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const FIRST: What = What::Commit(1);
	const SECOND: What = What::Commit(2);

	fn order(what: What, until: BlockNumber) -> Order {
		Order {
			what,
			call: frame_system::Call::remark { remark: vec![] }.into(),
			urgency: Urgency {
				others: false,
				until,
			},
		}
	}

	fn row() -> Row {
		let mut row = Row::default();
		row.note(5, FIRST, 100);
		row.note(6, SECOND, 101);
		row
	}

	#[test]
	fn nonces_are_in_one_row() {
		let mut row = row();
		assert_eq!(row.next(5), 7);
		assert!(row.is_settled(FIRST) && !row.is_settled(What::Reveal(1)));
		// The account was used elsewhere.
		assert_eq!(row.next(9), 9);
		assert_eq!(row.update(6, 5, 103), 0);
		assert!(row.is_settled(FIRST), "included, but not final");
		assert_eq!(row.update(7, 6, 104), 0);
		assert!(!row.is_settled(FIRST), "final");
		assert!(row.is_settled(SECOND));
		assert_eq!(Row::default().next(3), 3);
	}

	#[test]
	fn what_is_stuck_is_sent_again_with_all_that_came_after_it() {
		let mut row = row();
		assert_eq!(row.update(5, 5, 100 + STUCK - 1), 0);
		assert_eq!(row.update(5, 5, 100 + STUCK), 2);
		assert!(!row.is_settled(FIRST) && !row.is_settled(SECOND));
		assert_eq!(row.next(5), 5);
	}

	#[test]
	fn what_is_included_is_not_stuck() {
		let mut row = row();
		assert_eq!(row.update(6, 5, 101 + STUCK), 1, "only the second one");
		assert!(row.is_settled(FIRST) && !row.is_settled(SECOND));
	}

	#[test]
	fn tips_rise_with_attempts_and_when_time_runs_out() {
		let most = 6_400;
		let mut row = Row::default();
		let early = order(FIRST, 1_000);
		assert_eq!(row.tip(&early, 10, most), 0);
		let mut last = 0;
		for attempt in 0..MAX_ATTEMPTS {
			row.note(attempt, FIRST, 10);
			let tip = row.tip(&early, 10, most);
			assert!(tip > last || tip == most);
			last = tip;
		}
		assert_eq!(last, most);
		assert!(row.is_settled(FIRST), "it was sent too often");
		assert_eq!(Row::default().tip(&order(SECOND, 12), 10, most), most / 2);
		assert_eq!(Row::default().tip(&order(SECOND, 12), 10, 0), 0);
	}

	#[test]
	fn own_stake_comes_before_the_wrongs_of_others() {
		let urgency = |others, until| Urgency { others, until };
		let mut all = [
			urgency(true, 5),
			urgency(false, 90),
			urgency(true, 3),
			urgency(false, 8),
		];
		all.sort();
		assert_eq!(
			all,
			[
				urgency(false, 8),
				urgency(false, 90),
				urgency(true, 3),
				urgency(true, 5)
			]
		);
	}
}

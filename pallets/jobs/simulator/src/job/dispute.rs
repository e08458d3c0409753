//! Windows, challenges, leaves and the referee.

use super::{Claim, Ending, Job, Party};
use crate::trace::Trace;

impl Job<'_> {
	/// From the reveals to the end: windows, in which anybody may challenge, and disputes, until one
	/// trace has stood through a window, and through an audit if there is one.
	pub(super) fn resolve(&mut self) -> Ending {
		let mut window = 0;
		loop {
			match &self.claims[..] {
				[] => return Ending::Unanswered,
				[standing] => {
					let standing = standing.trace.clone();
					self.challenge(&standing, window);
					window += 1;
					if self.claims.len() > 1 {
						continue;
					}
					let audit_rate = self.params().audit_rate;
					if !self.outcome.audited && self.random.happens(audit_rate) {
						self.audit();
						continue;
					}
					return if standing.is_right() {
						Ending::Right
					} else {
						Ending::Wrong
					};
				}
				_ => {
					self.post();
					while let Some(step) = self.split() {
						if !self.referee(step) {
							self.part();
							return Ending::Unanswered;
						}
					}
				}
			}
		}
	}

	/// A window: the accomplice first, for it knows of the lie before anybody else.
	fn challenge(&mut self, standing: &Trace, window: u32) {
		let world = self.world;
		let stake = world.params.challenge_bond;
		let false_claim =
			world
				.strategy
				.challenge(standing, window, &world.params, &mut self.random);
		// One at a time: a challenge ends the window.
		if let Some(trace) = false_claim {
			return self.enter(self.accounts.accomplice, trace, stake);
		}
		let watcher = self.accounts.watcher;
		let blocks = if window == 0 {
			world.params.challenge_period
		} else {
			world.params.renewed_period
		};
		if world.watcher && !standing.is_right() && self.included(watcher, blocks, 1) {
			self.enter(watcher, Trace::right(), stake);
		}
	}

	fn enter(&mut self, account: usize, trace: Trace, stake: u128) {
		self.lock(account, stake);
		self.pay_dispute_fee(account, self.params().fee);
		let party = Party {
			account,
			stake,
			member: false,
		};
		self.claim(trace, party);
	}

	/// The parties post leaves, one of them for each claim. A claim without leaves is out.
	fn post(&mut self) {
		let fee = self.params().posting_fee;
		let blocks = self.params().posting_period;
		for claim in core::mem::take(&mut self.claims) {
			// The challenger first: it is the one who is paid for it.
			let mut parties = claim.parties.clone();
			parties.sort_by_key(|party| party.member);
			let poster = parties.iter().map(|party| party.account).find(|account| {
				if self.is_honest(*account) {
					self.included(*account, blocks, 1)
				} else {
					self.world.strategy.posts(&claim.trace)
				}
			});
			match poster {
				Some(account) => {
					self.pay_dispute_fee(account, fee);
					self.claims.push(claim);
				}
				None => self.slash_all(&claim),
			}
		}
	}

	/// The first leaf on which the claims differ.
	fn split(&self) -> Option<u32> {
		let traces: Vec<&Trace> = self.claims.iter().map(|claim| &claim.trace).collect();
		first_difference(&traces)
	}

	/// Somebody brings the step before the referee, who puts all out that do not keep to the plan
	/// there. False if nobody does, or nobody's extrinsics come into a block in time.
	fn referee(&mut self, step: u32) -> bool {
		let Some(caller) = self.caller(step) else {
			return false;
		};
		let blocks = self.params().referee_period;
		let extrinsics = self.params().referee_extrinsics;
		if !self.included(caller, blocks, extrinsics) {
			return false;
		}
		self.outcome.referees += 1;
		self.pay_dispute_fee(caller, self.params().referee_fee);
		for claim in core::mem::take(&mut self.claims) {
			if claim.trace.keeps_to_the_plan_at(step) {
				self.claims.push(claim);
			} else {
				self.slash_all(&claim);
			}
		}
		true
	}

	/// Who goes to the referee: an honest party, a challenger before others; a dishonest one that wins
	/// by it; or the watcher, if what is then left is a lie that it can challenge.
	fn caller(&self, step: u32) -> Option<usize> {
		let left = || {
			self.claims
				.iter()
				.filter(|claim| claim.trace.keeps_to_the_plan_at(step))
		};
		let mut parties: Vec<&Party> = left().flat_map(|claim| &claim.parties).collect();
		parties.sort_by_key(|party| (!self.is_honest(party.account), party.member));
		let party = parties
			.first()
			.filter(|party| self.is_honest(party.account) || self.world.strategy.referees())
			.map(|party| party.account);
		if left().any(|claim| claim.trace.is_right()) {
			return party;
		}
		// Liars among themselves: none of them goes.
		(self.world.watcher && self.one_will_be_left()).then_some(self.accounts.watcher)
	}

	/// Whether the referee, called again and again, would leave one claim standing.
	fn one_will_be_left(&self) -> bool {
		let mut traces: Vec<&Trace> = self.claims.iter().map(|claim| &claim.trace).collect();
		while let Some(step) = first_difference(&traces) {
			traces.retain(|trace| trace.keeps_to_the_plan_at(step));
		}
		traces.len() == 1
	}

	fn slash_all(&mut self, claim: &Claim) {
		for party in &claim.parties {
			self.slash(*party, party.stake, true);
		}
	}

	/// Nobody went to the referee: who was right stays unknown, and all pay the small penalty.
	fn part(&mut self) {
		let penalty = self.params().no_show_penalty;
		for claim in core::mem::take(&mut self.claims) {
			for party in &claim.parties {
				self.slash(*party, penalty.of(party.stake), false);
			}
		}
	}
}

/// The first leaf on which not all of these are alike.
fn first_difference(traces: &[&Trace]) -> Option<u32> {
	let (first, others) = traces.split_first()?;
	others
		.iter()
		.filter_map(|other| first.first_difference(other))
		.min()
}

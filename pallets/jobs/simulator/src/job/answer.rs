//! Request, draw, commitments and reveals.

use super::{Claim, Job, Party};
use crate::{
	population::{self, Population},
	random::Random,
	strategy::{Commit, Seen},
	trace::Trace,
};

impl Job<'_> {
	/// The requester puts everything into escrow that the job may cost: the wages of a committee and
	/// of an audit, the royalty, and what is burnt.
	pub(super) fn request(&mut self) {
		let escrow = self.params().escrow();
		self.pay_fee(self.accounts.requester);
		self.ledger
			.transfer(self.accounts.requester, self.accounts.escrow, escrow);
	}

	/// Orders the candidates, and burns the share that makes each draw cost something.
	pub(super) fn draw(&mut self, mut random: Random) {
		let world = self.world;
		let population = &world.population;
		let mut weights = population.weights(world.params.operator_cap);
		if world.strategy.chooses_the_pool() {
			for (weight, dishonest) in weights.iter_mut().zip(&population.dishonest) {
				*weight *= u128::from(*dishonest);
			}
		}
		let committee = (world.params.committee as usize).min(weights.len());
		let owned = |population: &Population, order: &[usize]| {
			population.owns(&order[..committee.min(order.len())])
		};
		self.order = population::order(&weights, &mut random);
		if world.strategy.grinds() {
			// The author of the last block that counts knows the seed before it shows its block. If it
			// lets the slot go, the next author's block is the last one.
			while self.random.happens(world.authors) && !owned(population, &self.order) {
				self.outcome.skipped += 1;
				self.order = population::order(&weights, &mut random);
			}
		}
		self.outcome.owned = owned(population, &self.order);
		let burnt = world.params.burnt();
		self.ledger.burn(self.accounts.escrow, burnt);
	}

	/// The committee commits and reveals; those who are silent are replaced as long as that goes.
	pub(super) fn answer(&mut self) {
		let members = self.params().committee as usize;
		let mut seats = self.call(members);
		let mut committed: Vec<(usize, Commit)> = Vec::new();
		for _ in 0..=self.params().refills {
			let seen = self.seen(committed.iter().map(|(host, _)| *host).chain(seats.clone()));
			let mut missing = 0;
			for host in seats {
				match self.commit(host, seen, None) {
					Commit::Skip => missing += 1,
					commit => committed.push((host, commit)),
				}
			}
			seats = self.call(missing);
			if seats.is_empty() {
				break;
			}
		}
		self.bribe(&committed);
		// Too few are left to stand behind the answer: it ends here, and those who did commit have
		// their stake back.
		if !self.params().suffices(committed.len()) {
			for (host, _) in committed {
				self.unlock(host, self.params().stake(), 0);
			}
			return;
		}
		self.reveal(committed);
		self.outcome.lied = matches!(&self.claims[..], [claim] if !claim.trace.is_right());
	}

	/// A second committee, disjoint from the first, answers; what it says joins the claims.
	pub(super) fn audit(&mut self) {
		self.outcome.audited = true;
		let standing = self.claims[0].trace.clone();
		if !self.params().auditors_known {
			self.random.shuffle(&mut self.order[self.called..]);
		}
		let auditors = self.call(self.params().auditors as usize);
		let seen = self.seen(auditors.iter().copied());
		let mut committed = Vec::new();
		for host in auditors {
			match self.commit(host, seen, Some(&standing)) {
				Commit::Skip => {}
				commit => committed.push((host, commit)),
			}
		}
		self.reveal(committed);
	}

	/// The next hosts in the order of the draw.
	fn call(&mut self, count: usize) -> Vec<usize> {
		let from = self.called;
		self.called = (from + count).min(self.order.len());
		self.order[from..self.called].to_vec()
	}

	fn seen(&self, members: impl Iterator<Item = usize>) -> Seen {
		let dishonest: Vec<bool> = members
			.map(|host| self.world.population.dishonest[host])
			.collect();
		let auditors = self.order[self.called..]
			.iter()
			.take(self.params().auditors as usize);
		Seen {
			job: self.id,
			own_audit: self.params().auditors_known
				&& auditors
					.into_iter()
					.all(|host| self.world.population.dishonest[*host]),
			members: dishonest.len(),
			own: dishonest.iter().filter(|own| **own).count(),
		}
	}

	/// One member's commitment. Its stake is locked; if it does not commit, it pays the penalty.
	/// `standing` is what an auditor sees.
	fn commit(&mut self, host: usize, seen: Seen, standing: Option<&Trace>) -> Commit {
		let world = self.world;
		let stake = world.params.stake();
		self.lock(host, stake);
		let commit = if self.is_honest(host) {
			Commit::To(Trace::right())
		} else {
			match standing {
				None => world.strategy.commit(seen, &world.params, &mut self.random),
				Some(standing) => world
					.strategy
					.audit(standing, &world.params, &mut self.random),
			}
		};
		let copies = standing.is_some() && world.strategy.audits_without_work();
		if !self.is_honest(host) && commit == Commit::To(Trace::right()) && !copies {
			self.outcome.dishonest_work += world.params.work;
		}
		let blocks = world.params.commit_period;
		if commit == Commit::Skip || !self.included(host, blocks, 1) {
			self.outcome.no_shows += 1;
			let party = Party {
				account: host,
				stake,
				member: true,
			};
			self.slash(party, world.params.no_show_penalty.of(stake), false);
			return Commit::Skip;
		}
		self.pay_fee(host);
		commit
	}

	/// The briber pays once it sees that all members can be bought.
	fn bribe(&mut self, committed: &[(usize, Commit)]) {
		let hosts: Vec<usize> = committed.iter().map(|(host, _)| *host).collect();
		if !self.world.strategy.bribes() || !self.world.population.owns(&hosts) {
			return;
		}
		// What they will lose, and their wages, and one more percent.
		let bribe = (self.params().stake() + self.params().price) * 101 / 100;
		for host in hosts {
			self.ledger.transfer(self.accounts.accomplice, host, bribe);
		}
	}

	/// The honest reveal first, so that the dishonest see all they could see.
	fn reveal(&mut self, mut committed: Vec<(usize, Commit)>) {
		committed.sort_by_key(|(host, _)| !self.is_honest(*host));
		let mut revealed = Vec::new();
		for (host, commit) in committed {
			let party = Party {
				account: host,
				stake: self.params().stake(),
				member: true,
			};
			let opened = match commit {
				Commit::To(trace)
					if self.is_honest(host) || self.world.strategy.reveals(&trace, &revealed) =>
				{
					Some(trace)
				}
				_ => None,
			};
			let blocks = self.params().reveal_period;
			match opened {
				Some(trace) if self.included(host, blocks, 1) => {
					self.pay_fee(host);
					revealed.push(trace.clone());
					self.claim(trace, party);
				}
				// Nobody gains by keeping another from revealing.
				_ => self.slash(party, party.stake, false),
			}
		}
	}

	/// Puts a party behind a trace.
	pub(super) fn claim(&mut self, trace: Trace, party: Party) {
		match self.claims.iter_mut().find(|claim| claim.trace == trace) {
			Some(claim) => claim.parties.push(party),
			None => self.claims.push(Claim {
				trace,
				parties: vec![party],
			}),
		}
	}
}

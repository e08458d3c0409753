//! One job, from its request to its end.

mod answer;
mod dispute;
mod settle;

use crate::{
	ledger::{Account, Ledger},
	params::{Params, Share},
	population::Population,
	random::Random,
	strategy::Strategy,
	trace::Trace,
};

/// The game: rules, hosts, and who plays what.
#[derive(Clone, Debug)]
pub struct World {
	/// The rules' numbers.
	pub params: Params,
	/// The hosts.
	pub population: Population,
	/// What the dishonest do.
	pub strategy: Strategy,
	/// The share of block authors who are dishonest.
	pub authors: Share,
	/// Whether somebody honest computes every job again, and has a bond.
	pub watcher: bool,
}

/// Where the accounts are in a ledger: hosts first, then these.
#[derive(Clone, Copy, Debug)]
pub struct Accounts {
	/// Who asks.
	pub requester: Account,
	/// The release's owner.
	pub owner: Account,
	/// Who computes every job again.
	pub watcher: Account,
	/// The account of the dishonest that is no host.
	pub accomplice: Account,
	/// Who has put stake behind dishonest hosts, and does not know that they are. Their losses are
	/// nobody's gain by the rules, but not counted as those of honest parties: a backer has chosen its
	/// host.
	pub backers: Account,
	/// Where escrow lies.
	pub escrow: Account,
	/// Where stakes and bonds lie while they are at risk.
	pub stakes: Account,
}

impl Accounts {
	/// How many there are beside the hosts.
	pub const OTHERS: usize = 7;

	/// Of a game with so many hosts.
	pub const fn new(hosts: usize) -> Self {
		Self {
			requester: hosts,
			owner: hosts + 1,
			watcher: hosts + 2,
			accomplice: hosts + 3,
			backers: hosts + 4,
			escrow: hosts + 5,
			stakes: hosts + 6,
		}
	}
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
	/// With the right answer.
	Right,
	/// With a wrong one.
	Wrong,
	/// With none; the requester has its escrow back, but for what is burnt.
	Unanswered,
}

/// What happened in a job.
#[derive(Clone, Debug)]
pub struct Outcome {
	/// How it ended.
	pub ending: Ending,
	/// Whether the first committee was all dishonest.
	pub owned: bool,
	/// Whether a wrong trace stood without contradiction after the reveals.
	pub lied: bool,
	/// Whether the answer was audited.
	pub audited: bool,
	/// Members who did not commit.
	pub no_shows: u32,
	/// Steps that the referee ran.
	pub referees: u32,
	/// Blocks that dishonest authors let go.
	pub skipped: u32,
	/// What honest accounts lost by slashes, penalties and the fees of disputes, beyond what they
	/// were given for being right. Each account by itself: no one's gain makes up for another's loss.
	pub honest_loss: u128,
	/// What the dishonest spent on computing, off the ledger.
	pub dishonest_work: u128,
}

/// A trace root and who stands behind it.
#[derive(Clone, Debug)]
struct Claim {
	trace: Trace,
	parties: Vec<Party>,
}

/// Somebody with stake behind a claim.
#[derive(Clone, Copy, Debug)]
struct Party {
	account: Account,
	stake: u128,
	/// Whether it was drawn, and so is paid for the right answer.
	member: bool,
}

/// A job that is under way.
struct Job<'a> {
	world: &'a World,
	ledger: &'a mut Ledger,
	accounts: Accounts,
	id: u64,
	random: Random,
	/// All candidates in the order of the draw.
	order: Vec<usize>,
	/// How many of them have been called.
	called: usize,
	claims: Vec<Claim>,
	/// What was slashed and not burnt, for those who turn out to be right.
	spoils: u128,
	/// What each account lost, and was given, in the course of penalties and disputes.
	lost: Vec<u128>,
	won: Vec<u128>,
	outcome: Outcome,
}

/// Plays job `id`. `seed` decides everything that is random.
pub fn play(world: &World, ledger: &mut Ledger, seed: u64, id: u64) -> Outcome {
	let hosts = world.population.stakes.len();
	let mut job = Job {
		world,
		ledger,
		accounts: Accounts::new(hosts),
		id,
		// The even streams are for draws, so that these do not depend on the strategy.
		random: Random::new(seed, 2 * id + 1),
		order: Vec::new(),
		called: 0,
		claims: Vec::new(),
		spoils: 0,
		lost: vec![0; hosts + Accounts::OTHERS],
		won: vec![0; hosts + Accounts::OTHERS],
		outcome: Outcome {
			ending: Ending::Unanswered,
			owned: false,
			lied: false,
			audited: false,
			no_shows: 0,
			referees: 0,
			skipped: 0,
			honest_loss: 0,
			dishonest_work: 0,
		},
	};
	job.request();
	job.draw(Random::new(seed, 2 * id));
	job.answer();
	let ending = job.resolve();
	job.settle(ending);
	job.outcome.ending = ending;
	job.outcome.honest_loss = (0..job.lost.len())
		.filter(|account| job.is_honest(*account))
		.map(|account| job.lost[account].saturating_sub(job.won[account]))
		.sum();
	job.outcome
}

impl Job<'_> {
	fn params(&self) -> &Params {
		&self.world.params
	}

	fn is_honest(&self, account: Account) -> bool {
		match self.world.population.dishonest.get(account) {
			Some(dishonest) => !dishonest,
			None if account == self.accounts.requester => !self.world.strategy.requests(),
			None => account == self.accounts.watcher || account == self.accounts.owner,
		}
	}

	/// Whether so many extrinsics of somebody honest come into blocks in time, at the worst only one
	/// into each block of an author who does not leave them out.
	fn included(&mut self, account: Account, blocks: u32, extrinsics: u32) -> bool {
		if !self.world.strategy.censors() || !self.is_honest(account) {
			return true;
		}
		let mut left = extrinsics;
		for _ in 0..blocks {
			if left == 0 {
				break;
			}
			if !self.random.happens(self.world.authors) {
				left -= 1;
			}
		}
		left == 0
	}

	/// The fee of an extrinsic that is not part of a dispute. Fees are burnt, as on the chain.
	fn pay_fee(&mut self, account: Account) {
		let fee = self.params().fee;
		self.ledger.burn(account, fee);
	}

	/// A fee that only disputes bring with them.
	fn pay_dispute_fee(&mut self, account: Account, fee: u128) {
		self.ledger.burn(account, fee);
		self.lost[account] += fee;
	}

	/// What of an amount of stake is its backers'.
	fn backed(&self, account: Account, amount: u128) -> u128 {
		let hosts = self.world.population.stakes.len();
		if !self.world.strategy.has_backers() || self.is_honest(account) || account >= hosts {
			return 0;
		}
		let leverage = u128::from(self.params().leverage);
		amount * leverage / (1 + leverage)
	}

	fn lock(&mut self, account: Account, stake: u128) {
		let backed = self.backed(account, stake);
		let stakes = self.accounts.stakes;
		self.ledger.transfer(self.accounts.backers, stakes, backed);
		self.ledger.transfer(account, stakes, stake - backed);
	}

	/// Gives what is left of a stake back, after `taken` of it was taken, pro rata.
	fn unlock(&mut self, account: Account, stake: u128, taken: u128) {
		let backed = self.backed(account, stake) - self.backed(account, taken);
		let stakes = self.accounts.stakes;
		self.ledger.transfer(stakes, self.accounts.backers, backed);
		self.ledger
			.transfer(stakes, account, stake - taken - backed);
	}

	/// Takes `amount` of a party's stake and gives the rest back. Of what is taken, the part that is
	/// not burnt waits for those who turn out to be right, if there may be any.
	fn slash(&mut self, party: Party, amount: u128, rewards: bool) {
		self.unlock(party.account, party.stake, amount);
		self.lost[party.account] += amount;
		let reward = if rewards {
			Share(Share::WHOLE.0 - self.params().slash_burnt.0).of(amount)
		} else {
			0
		};
		let burnt = amount - reward;
		self.ledger.burn(self.accounts.stakes, burnt);
		self.spoils += reward;
	}
}

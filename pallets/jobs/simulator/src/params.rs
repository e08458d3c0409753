//! The rules' numbers, under the names that `pallet-jobs` gives them.

/// The token's smallest units in one NOE.
pub const NOE: u128 = 1_000_000_000_000;

/// A share, in parts of a million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(pub u32);

impl Share {
	/// All.
	pub const WHOLE: Self = Self(1_000_000);
	/// None.
	pub const NOTHING: Self = Self(0);

	/// So many hundredths.
	pub const fn percent(percent: u32) -> Self {
		Self(percent * 10_000)
	}

	/// `part` of `whole`, rounded down.
	pub const fn ratio(part: u32, whole: u32) -> Self {
		Self((part as u64 * 1_000_000 / whole as u64) as u32)
	}

	/// This share of an amount, rounded down.
	pub const fn of(self, amount: u128) -> u128 {
		amount * self.0 as u128 / 1_000_000
	}

	/// As a number from 0 to 1.
	pub fn as_f64(self) -> f64 {
		f64::from(self.0) / 1e6
	}
}

/// What the rules and the market are. [`Params::default`] has the chain's defaults and a job like
/// those that `docs/hosting-economics.md` reckons with.
#[derive(Clone, Debug)]
pub struct Params {
	/// Members of a committee.
	pub committee: u32,
	/// What the requester wants behind the answer.
	pub min_stake: u128,
	/// The least that one member has behind its answer.
	pub min_job_stake: u128,
	/// What a host asks for one job; the requester's `max_price` is the same.
	pub price: u128,
	/// What the release's owner gets for an answer.
	pub royalty: u128,
	/// What each draw burns, as a share of the committee's price and the royalty.
	pub burnt_share: Share,
	/// The share of its locked stake that a host loses for not committing, and each party to a
	/// dispute that nobody brings before the referee.
	pub no_show_penalty: Share,
	/// Hosts that an audit draws.
	pub auditors: u32,
	/// How often an answer that stood is audited.
	pub audit_rate: Share,
	/// Whether everybody knows from the draw on who would be the auditors.
	pub auditors_known: bool,
	/// The share of a slash for a lie that is burnt; the rest is for those who were right.
	pub slash_burnt: Share,
	/// How many times its own bond others have put behind a host.
	pub leverage: u32,
	/// What a challenger puts at risk.
	pub challenge_bond: u128,
	/// The most of all free stake that one operator weighs in the draw.
	pub operator_cap: Share,
	/// How often a committee is filled up after hosts that did not commit.
	pub refills: u32,
	/// Blocks to commit.
	pub commit_period: u32,
	/// Blocks to reveal.
	pub reveal_period: u32,
	/// Blocks to challenge the first answer.
	pub challenge_period: u32,
	/// Blocks to challenge what a dispute has left over.
	pub renewed_period: u32,
	/// Blocks to post leaves.
	pub posting_period: u32,
	/// Blocks to bring a step before the referee.
	pub referee_period: u32,
	/// Extrinsics it takes to bring a step before the referee: chunks of tensors and the call.
	pub referee_extrinsics: u32,
	/// The fee of one commitment, reveal, request or challenge.
	pub fee: u128,
	/// The fee of posting leaves.
	pub posting_fee: u128,
	/// The fees of bringing a step before the referee.
	pub referee_fee: u128,
	/// What computing the job costs a host: electricity and the machine. Not on the ledger.
	pub work: u128,
	/// What a wrong final answer is worth to who wanted it. Comes from outside the ledger.
	pub prize: u128,
	/// Hosts committed to the model.
	pub hosts: u32,
	/// Steps of the plan.
	pub steps: u32,
}

impl Params {
	/// The stake that each member has at risk.
	pub fn stake(&self) -> u128 {
		self.min_stake
			.div_ceil(u128::from(self.committee))
			.max(self.min_job_stake)
	}

	/// Whether so many members have as much at risk as the requester wants.
	pub fn suffices(&self, members: usize) -> bool {
		members > 0 && self.stake() * members as u128 >= self.min_stake
	}

	/// What the requester pays for the committee's work, if all of it is right.
	pub fn wages(&self) -> u128 {
		u128::from(self.committee) * self.price
	}

	/// What the draw burns.
	pub fn burnt(&self) -> u128 {
		self.burnt_share.of(self.wages() + self.royalty)
	}

	/// What the requester puts into escrow: all that the job may cost, an audit included.
	pub fn escrow(&self) -> u128 {
		self.wages() + u128::from(self.auditors) * self.price + self.royalty + self.burnt()
	}
}

impl Default for Params {
	fn default() -> Self {
		Self {
			committee: 3,
			min_stake: 300 * NOE,
			min_job_stake: 10 * NOE,
			price: NOE,
			royalty: NOE / 100,
			burnt_share: Share::percent(5),
			no_show_penalty: Share::percent(1),
			auditors: 2,
			audit_rate: Share::percent(10),
			auditors_known: true,
			slash_burnt: Share::percent(50),
			leverage: 1,
			challenge_bond: 10 * NOE,
			operator_cap: Share::percent(25),
			refills: 3,
			commit_period: 100,
			reveal_period: 50,
			challenge_period: 200,
			renewed_period: 100,
			posting_period: 100,
			referee_period: 100,
			referee_extrinsics: 4,
			fee: NOE / 1_000,
			posting_fee: 30 * NOE / 1_000,
			referee_fee: NOE / 2,
			work: NOE / 5,
			prize: 1_000 * NOE,
			hosts: 30,
			steps: 100,
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn shares_round_down() {
		assert_eq!(Share::percent(5).of(19), 0);
		assert_eq!(Share::percent(5).of(20), 1);
		assert_eq!(Share::WHOLE.of(u64::MAX.into()), u64::MAX.into());
		assert_eq!(Share::ratio(1, 3), Share(333_333));
	}
}

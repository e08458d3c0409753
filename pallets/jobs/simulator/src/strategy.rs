//! What the dishonest do.

use crate::{params::Params, random::Random, trace::Trace};

/// A plan of the dishonest hosts, their accomplice (a rich account that is no host), and, in some of
/// them, of the requester or of block authors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
	/// Does what it should: what all others are compared with.
	Honest,
	/// Computes nothing: commits to another member's commitment, and as an auditor claims what stands.
	Copier,
	/// Computes nothing and makes up a trace.
	Guesser,
	/// Lies together if the whole committee is its own, and is honest otherwise.
	Cartel,
	/// A cartel that lies only if those who would audit are its own, too.
	PatientCartel,
	/// Lies together if most of the committee is its own.
	Majority,
	/// A cartel that also asks for the jobs, again and again until a committee is its own.
	Redrawer,
	/// A redrawer that offers so little that only its own hosts take part in the draw.
	PoolChooser,
	/// Does not commit.
	Withholder,
	/// A cartel whose accomplice challenges the lie first, to get a part of the slash back.
	SelfChallenger,
	/// A self-challenger whose hosts have backers.
	Robber,
	/// Lies, reveals last, and does not reveal if it would be alone.
	Aborter,
	/// Is honest as a host; its accomplice challenges every answer.
	FalseChallenger,
	/// As the false challenger; the members also leave it to others to defend the right answer.
	SilentPartner,
	/// A cartel whose accomplice claims the right trace first, three times, and does not defend it.
	Squatter,
	/// A cartel with authors, who let a block go if its randomness would not give them a committee.
	Grinder,
	/// Pays each member of a committee that can be bought more than its stake for a lie.
	Briber,
	/// A cartel with authors, who leave out the extrinsics of all others.
	Censor,
}

/// What a member does when it should commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Commit {
	/// Nothing.
	Skip,
	/// It commits to what it cannot open.
	Unopenable,
	/// It commits to this trace.
	To(Trace),
}

/// What the dishonest members know when they commit.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
	/// The job, as a mark of lies that are agreed.
	pub job: u64,
	/// Members of the committee.
	pub members: usize,
	/// How many of them are dishonest.
	pub own: usize,
	/// Whether all who would audit are, as far as anybody knows.
	pub own_audit: bool,
}

impl Strategy {
	/// All, in the order of the table.
	pub const ALL: [Self; 18] = [
		Self::Honest,
		Self::Copier,
		Self::Guesser,
		Self::Cartel,
		Self::PatientCartel,
		Self::Majority,
		Self::Redrawer,
		Self::PoolChooser,
		Self::Withholder,
		Self::SelfChallenger,
		Self::Robber,
		Self::Aborter,
		Self::FalseChallenger,
		Self::SilentPartner,
		Self::Squatter,
		Self::Grinder,
		Self::Briber,
		Self::Censor,
	];

	/// Its name in the table.
	pub const fn name(self) -> &'static str {
		match self {
			Self::Honest => "honest",
			Self::Copier => "copier",
			Self::Guesser => "lazy guesser",
			Self::Cartel => "cartel",
			Self::PatientCartel => "patient cartel",
			Self::Majority => "majority",
			Self::Redrawer => "redrawer",
			Self::PoolChooser => "pool chooser",
			Self::Withholder => "withholder",
			Self::SelfChallenger => "self-challenger",
			Self::Robber => "robber of backers",
			Self::Aborter => "reveal-last aborter",
			Self::FalseChallenger => "false challenger",
			Self::SilentPartner => "silent in dispute",
			Self::Squatter => "squatter of claims",
			Self::Grinder => "grinder",
			Self::Briber => "briber",
			Self::Censor => "censor",
		}
	}

	/// Whether the requester is one of them.
	pub const fn requests(self) -> bool {
		matches!(self, Self::Redrawer | Self::PoolChooser)
	}

	/// Whether only their own hosts ask so little that they are candidates.
	pub const fn chooses_the_pool(self) -> bool {
		matches!(self, Self::PoolChooser)
	}

	/// Whether their authors let blocks go.
	pub const fn grinds(self) -> bool {
		matches!(self, Self::Grinder)
	}

	/// Whether their authors leave out what is not theirs.
	pub const fn censors(self) -> bool {
		matches!(self, Self::Censor)
	}

	/// Whether a part of their stake is that of backers, who know of nothing.
	pub const fn has_backers(self) -> bool {
		matches!(self, Self::Robber)
	}

	/// Whether the dishonest hosts are for sale rather than in league.
	pub const fn bribes(self) -> bool {
		matches!(self, Self::Briber)
	}

	/// What a dishonest member commits to.
	pub fn commit(self, seen: Seen, params: &Params, random: &mut Random) -> Commit {
		let lie = Trace::wrong_at(params.steps / 2, seen.job);
		let lies = match self {
			Self::Honest | Self::FalseChallenger | Self::SilentPartner => false,
			// With nobody's work to copy, there is nothing to do.
			Self::Copier if seen.own == seen.members => return Commit::Skip,
			Self::Copier => return Commit::Unopenable,
			Self::Withholder => return Commit::Skip,
			Self::Guesser => return Commit::To(guess(params, random)),
			Self::Majority => 2 * seen.own > seen.members,
			Self::Aborter => true,
			Self::PatientCartel => seen.own == seen.members && seen.own_audit,
			Self::Cartel
			| Self::Redrawer
			| Self::PoolChooser
			| Self::SelfChallenger
			| Self::Robber
			| Self::Squatter
			| Self::Grinder
			| Self::Briber
			| Self::Censor => seen.own == seen.members,
		};
		Commit::To(if lies { lie } else { Trace::right() })
	}

	/// What a dishonest auditor commits to, who sees what stands.
	pub fn audit(self, standing: &Trace, params: &Params, random: &mut Random) -> Commit {
		match self {
			Self::Withholder => Commit::Skip,
			Self::Guesser => Commit::To(guess(params, random)),
			// Whatever it is: a lie of their own, or what an honest committee has found.
			_ => Commit::To(standing.clone()),
		}
	}

	/// Whether the dishonest auditors save themselves the work where the answer is right.
	pub const fn audits_without_work(self) -> bool {
		matches!(self, Self::Copier)
	}

	/// Whether a dishonest member opens its commitment, after all others have revealed these.
	pub fn reveals(self, own: &Trace, revealed: &[Trace]) -> bool {
		self != Self::Aborter || revealed.iter().all(|other| other == own)
	}

	/// What the accomplice claims against the trace that stands, in this window of the job.
	pub fn challenge(
		self,
		standing: &Trace,
		window: u32,
		params: &Params,
		random: &mut Random,
	) -> Option<Trace> {
		match self {
			Self::SelfChallenger | Self::Robber => (!standing.is_right()).then(Trace::right),
			Self::Squatter => (window < 3 && !standing.is_right()).then(Trace::right),
			Self::FalseChallenger | Self::SilentPartner => {
				(window == 0 && standing.is_right()).then(|| guess(params, random))
			}
			_ => None,
		}
	}

	/// Whether a dishonest party posts the leaves of its trace.
	pub fn posts(self, trace: &Trace) -> bool {
		!(trace.is_right() && matches!(self, Self::SilentPartner | Self::Squatter))
	}

	/// Whether a dishonest party brings the step before the referee, if that is for its good.
	pub const fn referees(self) -> bool {
		!matches!(self, Self::SilentPartner | Self::Squatter)
	}
}

/// A trace that nobody else has.
fn guess(params: &Params, random: &mut Random) -> Trace {
	let step = 1 + random.below(u128::from(params.steps)) as u32;
	Trace::wrong_at(step, u64::MAX - random.below(1 << 62) as u64)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn cartels_lie_only_where_they_are_alone() {
		let params = Params::default();
		let mut random = Random::new(1, 0);
		let mut commit = |strategy: Strategy, own| {
			let seen = Seen {
				job: 1,
				members: 3,
				own,
				own_audit: own == 1,
			};
			strategy.commit(seen, &params, &mut random)
		};
		let right = Commit::To(Trace::right());
		assert_eq!(commit(Strategy::Cartel, 2), right);
		assert_ne!(commit(Strategy::Cartel, 3), right);
		assert_eq!(commit(Strategy::PatientCartel, 3), right);
		assert_eq!(commit(Strategy::Majority, 1), right);
		assert_ne!(commit(Strategy::Majority, 2), right);
		assert_eq!(commit(Strategy::FalseChallenger, 3), right);
		assert_eq!(commit(Strategy::Copier, 1), Commit::Unopenable);
		assert_eq!(commit(Strategy::Copier, 3), Commit::Skip);
	}

	#[test]
	fn guesses_are_never_right_nor_alike() {
		let params = Params::default();
		let mut random = Random::new(1, 0);
		let [one, two] = [(); 2].map(|()| guess(&params, &mut random));
		assert!(!one.is_right() && !two.is_right());
		assert_ne!(one, two);
	}
}

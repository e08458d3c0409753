//! What there is to do in a job.

use noema_primitives::jobs::{JobInfo, Phase};
use noema_runtime::{AccountId, Balance, BlockNumber};
use sp_core::H256;

/// A job of the chain.
pub type Job = JobInfo<AccountId, Balance, BlockNumber>;

/// In the last blocks of a phase of a dispute, whoever can does what those did not whose claim it is.
pub const LAST_BLOCKS: BlockNumber = 10;

/// For whom the worker acts.
#[derive(Clone, Debug)]
pub struct Party {
	/// The account.
	pub account: AccountId,
	/// Whether it answers the jobs for which it is drawn.
	pub hosts: bool,
	/// Whether it challenges the wrong answers of others, in all jobs.
	pub watches: bool,
}

/// Something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
	/// Run the model: what comes next depends on the trace.
	Trace,
	/// Commit to the trace root.
	Commit,
	/// Reveal it, and the answer.
	Reveal,
	/// Challenge the answer that stands.
	Challenge,
	/// Post the leaves of the own trace.
	PostLeaves,
	/// Bring the step in dispute before the referee.
	Referee {
		/// The leaf that it makes.
		step: u32,
	},
}

/// Something to do, and by when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
	/// What.
	pub duty: Duty,
	/// The last block in which it succeeds, if finality keeps up.
	pub until: BlockNumber,
	/// Whether own stake or an own bond is lost if it is not done.
	pub own_stake: bool,
}

/// What `party` has to do in a job, as it is after final block `now`. `root` is that of its own trace, if
/// it has run the model.
///
/// Honest: it claims what it has computed, and nothing else.
pub fn due(job: &Job, party: &Party, root: Option<H256>, now: BlockNumber) -> Option<Due> {
	let member = job
		.members
		.iter()
		.find(|member| party.hosts && member.host == party.account);
	let with_root = |duty: Duty, until: BlockNumber, own_stake: bool| Due {
		duty: if root.is_some() { duty } else { Duty::Trace },
		until,
		own_stake,
	};
	let claims = |root: H256| job.claims.iter().any(|(claimed, _)| *claimed == root);
	let is_claimant = job.claims.iter().any(|(_, who)| *who == party.account);
	let is_late = |until: BlockNumber| until.saturating_sub(now) <= LAST_BLOCKS;
	match job.phase {
		Phase::Committing { until } => member
			.filter(|member| member.commitment.is_none())
			.map(|_| with_root(Duty::Commit, until, true)),
		Phase::Revealing { until } => match member {
			Some(member) => (member.commitment.is_some() && member.revealed.is_none())
				.then(|| with_root(Duty::Reveal, until, true)),
			// So that the whole window for challenges is there for challenges.
			None => (party.watches && root.is_none()).then_some(Due {
				duty: Duty::Trace,
				until,
				own_stake: false,
			}),
		},
		Phase::Challengeable { until } => {
			if member.is_none() && !party.watches {
				return None;
			}
			match root {
				Some(root) if claims(root) => None,
				// Who claims another one has been convinced otherwise by no restart.
				Some(_) | None => Some(with_root(Duty::Challenge, until, false)),
			}
		}
		Phase::Posting { until } => {
			if !is_claimant && !party.watches {
				return None;
			}
			let Some(root) = root else {
				return Some(with_root(Duty::PostLeaves, until, is_claimant));
			};
			let open = claims(root) && !job.posted.contains(&root);
			(open && (is_claimant || is_late(until))).then_some(Due {
				duty: Duty::PostLeaves,
				until,
				own_stake: is_claimant,
			})
		}
		Phase::Refereeing { step, until } => {
			if !is_claimant && !party.watches {
				return None;
			}
			let Some(root) = root else {
				return Some(with_root(Duty::Referee { step }, until, is_claimant));
			};
			(claims(root) && (is_claimant || is_late(until))).then_some(Due {
				duty: Duty::Referee { step },
				until,
				own_stake: is_claimant,
			})
		}
		Phase::Drawing { .. } | Phase::Done => None,
	}
}

#[cfg(test)]
pub(crate) mod tests {
	use super::*;
	use noema_primitives::{jobs::Member, ModelId, ReleaseId};

	pub(crate) fn account(number: u8) -> AccountId {
		AccountId::new([number; 32])
	}

	pub(crate) fn root(number: u8) -> H256 {
		H256::repeat_byte(number)
	}

	pub(crate) fn job(phase: Phase<BlockNumber>) -> Job {
		Job {
			id: 1,
			requester: account(9),
			release: ReleaseId {
				owner: account(9),
				name: Default::default(),
				version: Default::default(),
			},
			model: ModelId([0; 32]),
			location: None,
			profile: 1,
			input_hash: H256::zero(),
			created: 1,
			phase,
			ending: None,
			members: vec![],
			claims: vec![],
			posted: vec![],
			outputs: None,
			stake: 0,
			escrow: 0,
		}
	}

	fn seat(host: u8, commitment: bool, revealed: Option<u8>) -> Member<AccountId, Balance> {
		Member {
			host: account(host),
			stake: 1,
			price: 1,
			commitment: commitment.then(|| H256::repeat_byte(7)),
			revealed: revealed.map(root),
		}
	}

	fn host() -> Party {
		Party {
			account: account(1),
			hosts: true,
			watches: false,
		}
	}

	fn watcher() -> Party {
		Party {
			account: account(3),
			hosts: false,
			watches: true,
		}
	}

	fn duty(job: &Job, party: &Party, root: Option<H256>) -> Option<Duty> {
		due(job, party, root, 50).map(|due| due.duty)
	}

	#[test]
	fn a_member_traces_commits_once_and_reveals_once() {
		let committing = Phase::Committing { until: 100 };
		let mut job = job(committing);
		assert_eq!(duty(&job, &host(), None), None, "it is not drawn");
		job.members = vec![seat(1, false, None), seat(2, false, None)];
		assert_eq!(duty(&job, &host(), None), Some(Duty::Trace));
		assert_eq!(duty(&job, &host(), Some(root(5))), Some(Duty::Commit));
		job.members[0] = seat(1, true, None);
		assert_eq!(duty(&job, &host(), Some(root(5))), None);

		job.phase = Phase::Revealing { until: 100 };
		// After a restart there is no trace.
		assert_eq!(duty(&job, &host(), None), Some(Duty::Trace));
		let due = due(&job, &host(), Some(root(5)), 50).expect("it reveals");
		assert_eq!(
			due,
			Due {
				duty: Duty::Reveal,
				until: 100,
				own_stake: true
			}
		);
		job.members[0] = seat(1, true, Some(5));
		assert_eq!(duty(&job, &host(), Some(root(5))), None);
	}

	#[test]
	fn who_has_not_committed_does_not_reveal() {
		let mut job = job(Phase::Revealing { until: 100 });
		job.members = vec![seat(1, false, None)];
		assert_eq!(duty(&job, &host(), Some(root(5))), None);
	}

	#[test]
	fn members_and_watchers_challenge_another_answer_than_their_own() {
		let mut job = job(Phase::Challengeable { until: 100 });
		job.members = vec![seat(1, true, Some(5)), seat(2, true, Some(5))];
		job.claims = vec![(root(5), account(1)), (root(5), account(2))];
		for party in [host(), watcher()] {
			assert_eq!(duty(&job, &party, None), Some(Duty::Trace));
			assert_eq!(duty(&job, &party, Some(root(5))), None);
			assert_eq!(duty(&job, &party, Some(root(6))), Some(Duty::Challenge));
		}
		let stranger = Party {
			watches: false,
			..watcher()
		};
		assert_eq!(duty(&job, &stranger, Some(root(6))), None);
	}

	#[test]
	fn claimants_post_their_leaves_and_others_only_if_they_do_not() {
		let mut job = job(Phase::Posting { until: 100 });
		job.claims = vec![(root(5), account(1)), (root(6), account(2))];
		assert_eq!(duty(&job, &host(), None), Some(Duty::Trace));
		assert_eq!(duty(&job, &host(), Some(root(5))), Some(Duty::PostLeaves));
		assert_eq!(duty(&job, &watcher(), Some(root(5))), None, "not yet");
		let late = due(&job, &watcher(), Some(root(5)), 90).expect("nobody has");
		assert_eq!((late.duty, late.own_stake), (Duty::PostLeaves, false));
		// Nobody claims what it has computed.
		assert_eq!(due(&job, &watcher(), Some(root(9)), 90), None);
		job.posted = vec![root(5)];
		assert_eq!(duty(&job, &host(), Some(root(5))), None);
	}

	#[test]
	fn claimants_call_the_referee() {
		let mut job = job(Phase::Refereeing {
			step: 4,
			until: 100,
		});
		job.claims = vec![(root(5), account(1)), (root(6), account(2))];
		let referee = Some(Duty::Referee { step: 4 });
		assert_eq!(duty(&job, &host(), Some(root(5))), referee);
		assert_eq!(duty(&job, &watcher(), Some(root(5))), None);
		let late = due(&job, &watcher(), Some(root(5)), 95).map(|due| due.duty);
		assert_eq!(late, referee);
	}

	#[test]
	fn a_watcher_runs_the_model_while_others_reveal() {
		let job = job(Phase::Revealing { until: 100 });
		assert_eq!(duty(&job, &watcher(), None), Some(Duty::Trace));
		assert_eq!(duty(&job, &watcher(), Some(root(5))), None);
		assert_eq!(duty(&job, &host(), None), None);
	}

	#[test]
	fn nothing_is_to_be_done_before_the_draw_and_after_the_end() {
		for phase in [Phase::Drawing { from: 3 }, Phase::Done] {
			assert_eq!(duty(&job(phase), &watcher(), Some(root(5))), None);
		}
	}
}

//! Calls out of their phase, out of time, or by somebody else; and what deadlines do.

use frame_support::{assert_noop, assert_ok};
use noema_primitives::jobs::{Answer, Ending, Phase, Voiding};
use sp_core::H256;

use super::{
	fake::{Fake, Lie, Trace},
	mock::*,
	world,
};
use crate::{Error, HoldReason};

fn lie(by: u8) -> Trace {
	MODEL.run(&input(1), Some(Lie::Step(3, by)))
}

fn committing(phase: &Phase<u64>) -> bool {
	matches!(phase, Phase::Committing { .. })
}

fn done(phase: &Phase<u64>) -> bool {
	*phase == Phase::Done
}

/// The last block of the phase that a job is in.
fn last(id: u64) -> u64 {
	job(id).due - 1
}

#[test]
fn an_unknown_job_is_told_apart() {
	run(|| {
		let right = truth(&input(1));
		let unknown = Error::<Test>::UnknownJob;
		assert_noop!(commit_to(HOST, 0, &right.root), unknown);
		assert_noop!(reveal(HOST, 0, &right), Error::<Test>::UnknownJob);
		assert_noop!(challenge(HOST, 0, &right), Error::<Test>::UnknownJob);
		assert_noop!(post(HOST, 0, &right), Error::<Test>::UnknownJob);
		assert_noop!(referee_or_noop(0), Error::<Test>::UnknownJob);
		assert_noop!(
			Jobs::void(RuntimeOrigin::root(), 0),
			Error::<Test>::UnknownJob
		);
	});
}

fn referee_or_noop(id: u64) -> sp_runtime::DispatchResult {
	call(|| {
		Jobs::referee(
			RuntimeOrigin::signed(HOST),
			id,
			Box::new(MODEL.step(1)),
			MODEL.step_proof(1),
			Default::default(),
			Default::default(),
		)
	})
}

#[test]
fn each_call_has_its_phase() {
	run(|| {
		let right = truth(&input(1));
		let id = ask(2, &input(1));
		let wrong = || Error::<Test>::WrongPhase;
		let all_but = |open: &str| {
			if open != "commit" {
				assert_noop!(commit_to(HOST, id, &right.root), wrong());
			}
			if open != "reveal" {
				assert_noop!(reveal(HOST, id, &right), wrong());
			}
			if open != "challenge" {
				assert_noop!(challenge(WATCHER, id, &lie(2)), wrong());
			}
			if open != "post" {
				assert_noop!(post(WATCHER, id, &right), wrong());
			}
			if open != "referee" {
				assert_noop!(referee_or_noop(id), wrong());
			}
		};
		all_but("");
		run_until(id, committing);
		all_but("commit");
		let committee = members(id);
		for host in &committee {
			assert_ok!(commit_to(*host, id, &right.root));
		}
		all_but("reveal");
		for host in &committee {
			assert_ok!(reveal(*host, id, &right));
		}
		all_but("challenge");
		assert_ok!(challenge(WATCHER, id, &lie(2)));
		all_but("post");
		assert_ok!(post(WATCHER, id, &lie(2)));
		assert_ok!(post(STRANGER, id, &right));
		all_but("referee");
		assert_ok!(referee(STRANGER, id, MODEL, &right));
		all_but("challenge");
		run_until(id, done);
		all_but("");
	});
}

#[test]
fn commits_come_from_members_once_and_in_time() {
	run(|| {
		let right = truth(&input(1));
		let id = ask(2, &input(1));
		run_until(id, committing);
		let committee = members(id);
		let other = hosts()
			.find(|host| !committee.contains(host))
			.expect("many");
		assert_noop!(commit_to(other, id, &right.root), Error::<Test>::NotMember);
		run_to(last(id));
		assert_ok!(commit_to(committee[0], id, &right.root));
		assert_noop!(
			commit_to(committee[0], id, &right.root),
			Error::<Test>::AlreadyCommitted
		);
		// The next block is too late; the seat is gone.
		next_block();
		assert!(matches!(phase(id), Phase::Committing { .. }));
		assert_noop!(
			commit_to(committee[1], id, &right.root),
			Error::<Test>::NotMember
		);
		assert_eq!(world::Slashed::<Test>::get(committee[1]), JOB_STAKE / 100);
		// Its place has gone to the next one.
		let now = members(id);
		assert_eq!(now.len(), 2);
		assert!(now.contains(&committee[0]) && !now.contains(&committee[1]));
		assert_ok!(commit_to(now[1], id, &right.root));
		assert!(matches!(phase(id), Phase::Revealing { .. }));
	});
}

#[test]
fn after_some_rounds_those_who_have_committed_go_on() {
	run(|| {
		let right = truth(&input(1));
		let id = ask(3, &input(1));
		run_until(id, committing);
		let first = members(id)[0];
		assert_ok!(commit_to(first, id, &right.root));
		run_until(id, |phase| matches!(phase, Phase::Revealing { .. }));
		assert_eq!(members(id), vec![first]);
		// Two of the first committee, and two in each of two refills.
		let slashed = world::Slashed::<Test>::iter_values()
			.filter(|lost| *lost == JOB_STAKE / 100)
			.count();
		assert_eq!(slashed, 6);
		assert_ok!(reveal(first, id, &right));
		run_until(id, done);
		assert_eq!(job(id).ending, Some(Ending::Answered));
	});
}

#[test]
fn too_little_stake_is_no_answer() {
	run(|| {
		let before = wealth(REQUESTER);
		let id = ask_with(3, &input(1), 90_000, 2 * PRICE);
		run_until(id, committing);
		let first = members(id)[0];
		assert_ok!(commit_to(first, id, &truth(&input(1)).root));
		run_until(id, done);
		assert_eq!(job(id).ending, Some(Ending::Unanswered));
		// Who has come loses nothing; who asked has lost what the draw burns.
		assert_eq!(world::Slashed::<Test>::get(first), 0);
		assert_eq!(before - wealth(REQUESTER), job(id).burn);
		assert_eq!(held(REQUESTER, HoldReason::Escrow), 0);
	});
}

#[test]
fn nobody_comes() {
	run(|| {
		let id = ask(2, &input(1));
		run_until(id, done);
		assert_eq!(job(id).ending, Some(Ending::Unanswered));
		assert_eq!(Jobs::job(id).expect("kept").members, vec![]);
	});
}

#[test]
fn reveals_must_be_those_that_were_committed_to() {
	run(|| {
		let right = truth(&input(1));
		let id = ask(2, &input(1));
		run_until(id, committing);
		let committee = members(id);
		for host in &committee {
			assert_ok!(commit_to(*host, id, &right.root));
		}
		let (a, b) = (committee[0], committee[1]);
		assert_noop!(reveal(a, id, &lie(2)), Error::<Test>::CommitmentMismatch);
		assert_noop!(
			Jobs::reveal(
				RuntimeOrigin::signed(a),
				id,
				right.root,
				salt(b, id),
				answer_of(&right),
				right.proof(),
			),
			Error::<Test>::CommitmentMismatch
		);
		assert_noop!(
			reveal_with(a, id, &right.root, Answer::Known, right.proof()),
			Error::<Test>::AnswerUnknown
		);
		assert_noop!(
			reveal_with(a, id, &right.root, answer_of(&right), Default::default()),
			Error::<Test>::AnswerNotProven
		);
		let failed = Answer::Failed(noema_primitives::trace::Failure::InvalidValue);
		assert_noop!(
			reveal_with(a, id, &right.root, failed, right.proof()),
			Error::<Test>::AnswerNotProven
		);
		let renamed = Answer::Outputs(inline("z", &[0; 8]));
		assert_noop!(
			reveal_with(a, id, &right.root, renamed, right.proof()),
			Error::<Test>::WrongOutputs
		);
		assert_noop!(reveal(HOST + 99, id, &right), Error::<Test>::NotMember);
		assert_ok!(reveal(a, id, &right));
		assert_noop!(reveal(a, id, &right), Error::<Test>::AlreadyRevealed);
		// The other one is too late by a block.
		run_to(last(id) + 1);
		assert_noop!(reveal(b, id, &right), Error::<Test>::WrongPhase);
		assert_eq!(world::Slashed::<Test>::get(b), JOB_STAKE);
	});
}

#[test]
fn a_deadline_that_is_taken_up_late_gives_nobody_more_time() {
	run(|| {
		let right = truth(&input(1));
		// More jobs than a block takes up, all with the same deadlines.
		let ids: Vec<u64> = (0..20).map(|_| ask(1, &input(1))).collect();
		run_until(ids[0], committing);
		let late: Vec<u64> = ids
			.iter()
			.copied()
			.filter(|id| matches!(phase(*id), Phase::Drawing { .. }))
			.collect();
		assert!(!late.is_empty());
		for id in &late {
			run_until(*id, committing);
		}
		let deadline = ids.iter().map(|id| last(*id)).min().expect("many");
		run_to(deadline + 2);
		for id in &ids {
			if job(*id).due <= System::block_number() {
				let host = members(*id)[0];
				assert_noop!(commit_to(host, *id, &right.root), Error::<Test>::TooLate);
			}
		}
	});
}

#[test]
fn a_challenge_needs_another_root_a_bond_and_an_answer() {
	run(|| {
		let right = truth(&input(1));
		let id = ask(2, &input(1));
		answer(id, |_| lie(2));
		assert_noop!(
			challenge(WATCHER, id, &lie(2)),
			Error::<Test>::AlreadyClaimed
		);
		assert!(challenge(POOR, id, &right).is_err());
		let origin = || RuntimeOrigin::signed(WATCHER);
		assert_noop!(
			Jobs::challenge(origin(), id, right.root, Answer::Known, right.proof()),
			Error::<Test>::AnswerUnknown
		);
		assert_noop!(
			Jobs::challenge(
				origin(),
				id,
				H256::repeat_byte(1),
				answer_of(&right),
				right.proof()
			),
			Error::<Test>::AnswerNotProven
		);
		run_to(last(id));
		assert_ok!(challenge(WATCHER, id, &right));
		assert_eq!(held(WATCHER, HoldReason::Challenge), BOND);
		assert_eq!(claims(id), 2);
	});
}

#[test]
fn leaves_must_be_those_of_a_root_in_dispute() {
	run(|| {
		let right = truth(&input(1));
		let id = ask(2, &input(1));
		answer(id, |_| right.clone());
		assert_ok!(challenge(WATCHER, id, &lie(2)));
		assert_noop!(post(HOST, id, &lie(3)), Error::<Test>::UnknownClaim);
		let origin = || RuntimeOrigin::signed(HOST);
		let posts = |leaves: &[H256]| {
			let leaves = leaves.to_vec().try_into().expect("few");
			Jobs::post_leaves(origin(), id, right.root, leaves)
		};
		assert_noop!(posts(&right.hashes[1..]), Error::<Test>::WrongLeafCount);
		let mut other = right.hashes.clone();
		other[0] = H256::zero();
		assert_noop!(posts(&other), Error::<Test>::WrongInputLeaf);
		let mut other = right.hashes.clone();
		other[5] = H256::zero();
		assert_noop!(posts(&other), Error::<Test>::LeavesNotOfRoot);
		assert_ok!(posts(&right.hashes));
		assert_noop!(posts(&right.hashes), Error::<Test>::AlreadyPosted);
		assert_eq!(Jobs::leaves(id, right.root), Some(right.hashes.clone()));
		// What is not posted in time is out.
		run_to(last(id) + 1);
		assert!(matches!(phase(id), Phase::Challengeable { .. }));
		assert_eq!(held(WATCHER, HoldReason::Challenge), 0);
		run_until(id, done);
		assert_eq!(job(id).answer, Some(right.root));
	});
}

#[test]
fn a_dispute_without_leaves_has_no_answer() {
	run(|| {
		let id = ask(2, &input(1));
		answer(id, |host| lie(host as u8));
		let committee = members(id);
		run_until(id, done);
		assert_eq!(job(id).ending, Some(Ending::Unanswered));
		for host in committee {
			assert_eq!(world::Slashed::<Test>::get(host), JOB_STAKE);
		}
	});
}

#[test]
fn a_dispute_that_nobody_brings_before_the_referee_costs_little() {
	run(|| {
		let right = truth(&input(1));
		let before = wealth(WATCHER);
		let id = ask(1, &input(1));
		answer(id, |_| right.clone());
		let host = members(id)[0];
		assert_ok!(challenge(WATCHER, id, &lie(2)));
		assert_ok!(post(host, id, &right));
		assert_ok!(post(host, id, &lie(2)));
		run_until(id, done);
		assert_eq!(job(id).ending, Some(Ending::Unanswered));
		assert_eq!(world::Slashed::<Test>::get(host), JOB_STAKE / 100);
		assert_eq!(before - wealth(WATCHER), BOND / 100);
	});
}

#[test]
fn a_void_job_takes_nothing_from_anybody() {
	run(|| {
		let before: Vec<u64> = [REQUESTER, WATCHER].map(wealth).to_vec();
		let id = ask(2, &input(1));
		assert_noop!(
			Jobs::void(RuntimeOrigin::signed(REQUESTER), id),
			sp_runtime::DispatchError::BadOrigin
		);
		answer(id, |_| lie(2));
		assert_ok!(challenge(WATCHER, id, &truth(&input(1))));
		let burn = job(id).burn;
		assert_ok!(Jobs::void(RuntimeOrigin::root(), id));
		assert_noop!(
			Jobs::void(RuntimeOrigin::root(), id),
			Error::<Test>::JobOver
		);
		assert_eq!(job(id).ending, Some(Ending::Voided));
		assert_eq!(world::Slashed::<Test>::iter().count(), 0);
		assert_eq!(held(WATCHER, HoldReason::Challenge), 0);
		// What the draw has burnt is gone.
		assert_eq!(before, vec![wealth(REQUESTER) + burn, wealth(WATCHER)]);
	});
}

#[test]
fn jobs_can_be_voided_in_each_phase() {
	run(|| {
		let right = truth(&input(1));
		let void = |id| {
			assert_ok!(Jobs::void(RuntimeOrigin::root(), id));
		};
		let id = ask(2, &input(1));
		void(id);
		let id = ask(2, &input(1));
		run_until(id, committing);
		void(id);
		let id = ask(2, &input(1));
		run_until(id, committing);
		for host in members(id) {
			assert_ok!(commit_to(host, id, &right.root));
		}
		assert_ok!(reveal(members(id)[0], id, &right));
		void(id);
		let id = ask(2, &input(1));
		answer(id, |_| right.clone());
		assert_ok!(challenge(WATCHER, id, &lie(2)));
		assert_ok!(post(HOST, id, &right));
		assert_ok!(post(HOST, id, &lie(2)));
		void(id);
		run_to(System::block_number() + 20);
		assert_eq!(Jobs::jobs(None, 100), vec![]);
	});
}

#[test]
fn the_jobs_on_a_model_are_voided_one_at_a_time() {
	run(|| {
		let ids = [ask(1, &input(1)), ask(1, &input(2))];
		let void = |model: Fake| {
			let weight = <Jobs as Voiding>::void(&model.id());
			assert!(weight.all_lte(<Jobs as Voiding>::heaviest()));
			check_invariants();
			ids.iter().filter(|id| !done(&phase(**id))).count()
		};
		assert_eq!(void(OTHER), 2);
		assert_eq!(void(MODEL), 1);
		assert_eq!(void(MODEL), 0);
		assert_eq!(void(MODEL), 0);
		assert!(ids
			.map(job)
			.iter()
			.all(|job| job.ending == Some(Ending::Voided)));
		assert_eq!(world::Slashed::<Test>::iter().count(), 0);
	});
}

#[test]
fn only_the_administrator_sets_parameters_that_make_sense() {
	run(|| {
		let set = |params| Jobs::set_params(RuntimeOrigin::root(), params);
		assert_noop!(
			Jobs::set_params(RuntimeOrigin::signed(1), params()),
			sp_runtime::DispatchError::BadOrigin
		);
		type P = noema_primitives::jobs::JobParams<u64, u64>;
		let breaks: [fn(&mut P); 14] = [
			|params| params.commit_period = 0,
			|params| params.reveal_period = 0,
			|params| params.challenge_period = 0,
			|params| params.renewed_period = 0,
			|params| params.posting_period = 0,
			|params| params.referee_period = 0,
			|params| params.result_window = 0,
			|params| params.refills = 17,
			|params| params.min_committee = 0,
			|params| params.min_committee = 9,
			|params| params.max_committee = 17,
			|params| params.auditors = 17,
			|params| params.challenge_bond = 0,
			|params| params.min_job_stake = 0,
		];
		for break_it in breaks {
			let mut changed = params();
			break_it(&mut changed);
			assert_noop!(set(changed), Error::<Test>::InvalidParams);
		}
		let mut changed = params();
		changed.commit_period = 9;
		assert_ok!(set(changed.clone()));
		assert_eq!(Jobs::params(), changed);
	});
}

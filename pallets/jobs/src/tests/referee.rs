//! The referee: what it takes, what it refuses, and whom it puts out.

use frame_support::{assert_noop, assert_ok};
use noema_primitives::{
	jobs::{Ending, OperandData, Phase},
	Leaf,
};
use sp_runtime::DispatchResult;

use super::{
	fake::{Lie, Trace, LAST},
	mock::*,
	world,
};
use crate::{Error, HoldReason};

const DATA: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

/// A job of which two traces are in dispute, both posted.
fn dispute(stands: &Trace, challenger: &Trace) -> u64 {
	let id = ask(2, &DATA);
	answer(id, |_| stands.clone());
	assert_ok!(challenge(WATCHER, id, challenger));
	assert_ok!(post(WATCHER, id, stands));
	assert_ok!(post(WATCHER, id, challenger));
	id
}

fn brings(
	id: u64,
	step: u32,
	sources: Vec<(u32, Leaf)>,
	data: Vec<OperandData<u64>>,
) -> DispatchResult {
	call(|| {
		Jobs::referee(
			RuntimeOrigin::signed(STRANGER),
			id,
			Box::new(MODEL.step(step)),
			MODEL.step_proof(step),
			sources.try_into().expect("few"),
			data.try_into().expect("few"),
		)
	})
}

#[test]
fn the_first_leaf_that_differs_names_the_step() {
	for step in 1..=LAST {
		run(|| {
			let lie = MODEL.run(&DATA, Some(Lie::Step(step, 1)));
			let right = truth(&DATA);
			let id = dispute(&lie, &right);
			let committee = members(id);
			let Phase::Refereeing { step: found, .. } = phase(id) else {
				panic!("no referee is awaited");
			};
			assert_eq!(found, step);
			let before = wealth(WATCHER);
			assert_ok!(referee(STRANGER, id, MODEL, &right));
			// One is left: it may be challenged again, then it is the answer.
			assert!(matches!(phase(id), Phase::Challengeable { .. }));
			run_until(id, |phase| *phase == Phase::Done);
			assert_eq!(job(id).answer, Some(right.root));
			for host in &committee {
				assert_eq!(world::Slashed::<Test>::get(host), JOB_STAKE);
			}
			assert_eq!(wealth(WATCHER) - before, JOB_STAKE);
			assert_eq!(held(WATCHER, HoldReason::Challenge), 0);
		});
	}
}

#[test]
fn a_challenger_who_is_wrong_pays_those_who_are_right() {
	run(|| {
		let lie = MODEL.run(&DATA, Some(Lie::Leaf(2, 1)));
		let before = wealth(WATCHER);
		let id = dispute(&truth(&DATA), &lie);
		let committee = members(id);
		assert_ok!(referee(STRANGER, id, MODEL, &truth(&DATA)));
		run_until(id, |phase| *phase == Phase::Done);
		assert_eq!(before - wealth(WATCHER), BOND);
		for host in committee {
			assert_eq!(world::Slashed::<Test>::get(host), 0);
			assert_eq!(
				world::Earned::<Test>::get(host),
				PRICE + host - HOST + BOND / 4
			);
		}
	});
}

#[test]
fn evidence_must_be_what_all_agree_on() {
	run(|| {
		let right = truth(&DATA);
		let lie = MODEL.run(&DATA, Some(Lie::Step(5, 1)));
		let id = dispute(&lie, &right);
		let leaf = |index: u32| (index, right.leaves[index as usize].clone());
		let data = |leaf: usize| OperandData::Inline(right.data[leaf].expect("there").to_vec());
		let sources = vec![leaf(4), leaf(2)];
		type E = Error<Test>;
		assert_noop!(
			brings(id, 4, sources.clone(), vec![data(4), data(2)]),
			E::StepNotProven
		);
		assert_noop!(
			brings(id, 5, vec![leaf(4)], vec![data(4), data(2)]),
			E::MissingSource { operand: 1 }
		);
		assert_noop!(
			brings(id, 5, vec![leaf(4), (2, leaf(3).1)], vec![]),
			E::WrongSource { source: 1 }
		);
		// A leaf that is in dispute itself.
		assert_noop!(
			brings(id, 5, vec![leaf(5)], vec![]),
			E::WrongSource { source: 0 }
		);
		assert_noop!(
			brings(id, 5, vec![(99, leaf(3).1)], vec![]),
			E::WrongSource { source: 0 }
		);
		assert_noop!(
			brings(id, 5, sources.clone(), vec![data(4)]),
			E::WrongDataCount
		);
		assert_noop!(
			brings(id, 5, sources.clone(), vec![data(4), data(3)]),
			E::WrongData { data: 1 }
		);
		assert_noop!(
			brings(
				id,
				5,
				sources.clone(),
				vec![OperandData::Inline(vec![0; 9]), data(2)]
			),
			E::WrongData { data: 0 }
		);
		assert_noop!(
			brings(
				id,
				5,
				sources.clone(),
				vec![OperandData::Blob { owner: STRANGER }, data(2)]
			),
			E::UnknownBlob
		);
		assert_ok!(brings(id, 5, sources, vec![data(4), data(2)]));
	});
}

#[test]
fn tensors_may_come_in_blobs() {
	run(|| {
		let right = truth(&DATA);
		let lie = MODEL.run(&DATA, Some(Lie::Step(5, 1)));
		let id = dispute(&lie, &right);
		let sources: Vec<_> = [4, 2]
			.map(|index: u32| (index, right.leaves[index as usize].clone()))
			.to_vec();
		for leaf in [4, 2] {
			let bytes = right.data[leaf].expect("there").to_vec();
			let hash = *blake3::hash(&bytes).as_bytes();
			assert_ok!(Jobs::upload_blob(
				RuntimeOrigin::signed(STRANGER),
				hash,
				8,
				0,
				bytes.try_into().expect("short"),
			));
		}
		let blob = || OperandData::Blob { owner: STRANGER };
		assert_ok!(brings(id, 5, sources, vec![blob(), blob()]));
		assert!(matches!(phase(id), Phase::Challengeable { .. }));
	});
}

#[test]
fn a_blob_with_other_bytes_is_no_evidence() {
	run(|| {
		let right = truth(&DATA);
		let lie = MODEL.run(&DATA, Some(Lie::Step(1, 1)));
		let id = dispute(&lie, &right);
		let hash = *blake3::hash(&DATA).as_bytes();
		assert_ok!(Jobs::upload_blob(
			RuntimeOrigin::signed(STRANGER),
			hash,
			8,
			0,
			vec![0; 8].try_into().expect("short"),
		));
		let sources = vec![(0, right.leaves[0].clone())];
		assert_noop!(
			brings(id, 1, sources, vec![OperandData::Blob { owner: STRANGER }]),
			Error::<Test>::WrongData { data: 0 }
		);
	});
}

#[test]
fn after_a_failure_there_is_nothing_to_run() {
	run(|| {
		let data = [255; 8];
		let right = truth(&data);
		// It says that a step after the failure has worked.
		let lie = MODEL.run(&data, Some(Lie::Leaf(4, 1)));
		let id = ask(2, &data);
		answer(id, |_| lie.clone());
		assert_ok!(challenge(WATCHER, id, &right));
		assert_ok!(post(WATCHER, id, &lie));
		assert_ok!(post(WATCHER, id, &right));
		let data = vec![OperandData::Inline(vec![0; 8])];
		assert_noop!(brings(id, 4, vec![], data), Error::<Test>::WrongDataCount);
		assert_ok!(brings(id, 4, vec![], vec![]));
		run_until(id, |phase| *phase == Phase::Done);
		assert_eq!(job(id).answer, Some(right.root));
		assert!(matches!(job(id).ending, Some(Ending::Failed(_))));
	});
}

#[test]
fn one_who_hides_a_failure_is_found() {
	run(|| {
		let data = [255; 8];
		let right = truth(&data);
		let lie = MODEL.run(&data, Some(Lie::Step(2, 1)));
		let id = ask(1, &data);
		answer(id, |_| lie.clone());
		assert_ok!(challenge(WATCHER, id, &right));
		assert_ok!(post(WATCHER, id, &lie));
		assert_ok!(post(WATCHER, id, &right));
		assert_ok!(referee(WATCHER, id, MODEL, &right));
		run_until(id, |phase| *phase == Phase::Done);
		assert_eq!(job(id).answer, Some(right.root));
	});
}

#[test]
fn what_no_step_can_make_puts_all_out_who_agree_on_it() {
	run(|| {
		// Both say that step 3 failed and step 4 did not, and differ at step 5, which needs nothing of
		// step 3: but of a leaf that is no tensor there is nothing to take.
		let failed = Leaf::Failed(noema_primitives::trace::Failure::InvalidValue);
		let forge = |by: u8| {
			let mut trace = MODEL.run(&DATA, Some(Lie::Step(5, by)));
			trace.leaves[2] = failed.clone();
			trace.hashes[2] = noema_primitives::trace::leaf_hash(2, &failed);
			trace.root = noema_primitives::trace::root(&trace.hashes);
			trace
		};
		let (a, b) = (forge(1), forge(2));
		let id = ask(1, &DATA);
		answer(id, |_| a.clone());
		let host = members(id)[0];
		assert_ok!(challenge(STRANGER, id, &b));
		assert_ok!(post(STRANGER, id, &a));
		assert_ok!(post(STRANGER, id, &b));
		let before = wealth(STRANGER);
		let sources = [4, 2]
			.map(|index: u32| (index, a.leaves[index as usize].clone()))
			.to_vec();
		assert_ok!(brings(id, 5, sources, vec![]));
		assert_eq!(job(id).ending, Some(Ending::Unanswered));
		assert_eq!(world::Slashed::<Test>::get(host), JOB_STAKE);
		assert_eq!(before - wealth(STRANGER), BOND);
	});
}

#[test]
fn three_roots_are_told_apart_step_by_step() {
	run(|| {
		let right = truth(&DATA);
		let early = MODEL.run(&DATA, Some(Lie::Step(2, 1)));
		let late = MODEL.run(&DATA, Some(Lie::Step(6, 1)));
		let id = ask(3, &DATA);
		run_until(id, |phase| matches!(phase, Phase::Committing { .. }));
		let committee = members(id);
		let says = [&early, &late, &right];
		for (host, trace) in committee.iter().zip(says) {
			assert_ok!(commit_to(*host, id, &trace.root));
		}
		for (host, trace) in committee.iter().zip(says) {
			assert_ok!(reveal(*host, id, trace));
		}
		for trace in says {
			assert_ok!(post(WATCHER, id, trace));
		}
		assert!(matches!(phase(id), Phase::Refereeing { step: 2, .. }));
		assert_ok!(referee(committee[2], id, MODEL, &right));
		assert!(matches!(phase(id), Phase::Refereeing { step: 6, .. }));
		assert_eq!(world::Slashed::<Test>::get(committee[0]), JOB_STAKE);
		assert_ok!(referee(committee[2], id, MODEL, &right));
		run_until(id, |phase| *phase == Phase::Done);
		assert_eq!(job(id).answer, Some(right.root));
		assert_eq!(
			world::Earned::<Test>::get(committee[2]),
			PRICE + committee[2] - HOST + JOB_STAKE
		);
	});
}

#[test]
fn whoever_is_left_over_may_be_challenged_again() {
	run(|| {
		let right = truth(&DATA);
		let lie = MODEL.run(&DATA, Some(Lie::Step(5, 1)));
		let id = ask(1, &DATA);
		answer(id, |_| lie.clone());
		let host = members(id)[0];
		// An accomplice is first, twice, and wrong at an earlier step.
		for by in [1, 2] {
			let worse = MODEL.run(&DATA, Some(Lie::Step(3, by)));
			assert_ok!(challenge(STRANGER, id, &worse));
			assert_noop!(challenge(WATCHER, id, &right), Error::<Test>::WrongPhase);
			if by == 1 {
				assert_ok!(post(STRANGER, id, &lie));
			}
			assert_ok!(post(STRANGER, id, &worse));
			assert_ok!(referee(WATCHER, id, MODEL, &right));
			assert!(matches!(phase(id), Phase::Challengeable { .. }));
		}
		assert_ok!(challenge(WATCHER, id, &right));
		assert_ok!(post(WATCHER, id, &right));
		assert_ok!(referee(WATCHER, id, MODEL, &right));
		let before = wealth(WATCHER);
		run_until(id, |phase| *phase == Phase::Done);
		assert_eq!(job(id).answer, Some(right.root));
		assert_eq!(world::Slashed::<Test>::get(host), JOB_STAKE);
		// Half of all that the liars had at stake.
		assert_eq!(wealth(WATCHER) - before, (JOB_STAKE + 2 * BOND) / 2);
	});
}

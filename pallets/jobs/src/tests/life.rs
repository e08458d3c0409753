//! The life of a job, from the request to the removal of its result.

use frame_support::{assert_ok, traits::fungible::InspectHold};
use noema_primitives::{
	jobs::{Ending, Phase},
	trace::Failure,
};
use sp_runtime::Perbill;

use super::{
	fake::{tensor, Lie},
	mock::*,
	world,
};
use crate::{Audit, Event, HoldReason, Params};

fn done(id: u64) {
	run_until(id, |phase| *phase == Phase::Done);
}

#[test]
fn an_answer_is_paid_and_the_rest_returns() {
	run(|| {
		let before = wealth(REQUESTER);
		let owner = wealth(OWNER);
		let id = ask(3, &input(1));
		// Three answers, two auditors, the royalty, and five percent of answers and royalty.
		let answers = 3 * 2 * PRICE + ROYALTY;
		let burnt = (answers * 5).div_ceil(100);
		let escrow = answers + 2 * 2 * PRICE + burnt;
		assert_eq!(held(REQUESTER, HoldReason::Escrow), escrow);
		assert!(held(REQUESTER, HoldReason::Job) > 0);

		let right = truth(&input(1));
		answer(id, |_| truth(&input(1)));
		let committee = members(id);
		assert_eq!(committee.len(), 3);
		assert!(matches!(phase(id), Phase::Challengeable { .. }));
		done(id);

		let prices: u64 = committee.iter().map(|host| PRICE + host - HOST).sum();
		for host in &committee {
			assert_eq!(world::Earned::<Test>::get(host), PRICE + host - HOST);
		}
		assert_eq!(wealth(OWNER) - owner, ROYALTY);
		assert_eq!(before - wealth(REQUESTER), prices + ROYALTY + burnt);
		assert_eq!(held(REQUESTER, HoldReason::Escrow), 0);
		let info = Jobs::job(id).expect("it is kept");
		assert_eq!(info.ending, Some(Ending::Answered));
		assert_eq!(info.outputs, right.outputs());
		assert_eq!(info.stake, 3 * JOB_STAKE);
		assert_eq!(info.claims, vec![]);

		// The result goes, and its deposit returns.
		run_to(System::block_number() + params().result_window + 1);
		assert_eq!(Jobs::job(id), None);
		assert_eq!(Balances::total_balance_on_hold(&REQUESTER), 0);
		assert_eq!(Jobs::jobs(None, 100), vec![]);
	});
}

#[test]
fn a_failure_of_the_model_is_an_answer() {
	run(|| {
		let data = [255; 8];
		let id = ask(2, &data);
		answer(id, |_| truth(&data));
		done(id);
		let info = Jobs::job(id).expect("it is kept");
		assert_eq!(info.ending, Some(Ending::Failed(Failure::InvalidValue)));
		assert_eq!(info.outputs, None);
		assert!(world::Earned::<Test>::iter_values().sum::<u64>() > 0);
	});
}

#[test]
fn an_audit_that_agrees_is_paid_too() {
	run(|| {
		let mut changed = params();
		changed.audit_rate = Perbill::one();
		Params::<Test>::put(&changed);
		let id = ask(2, &input(1));
		answer(id, |_| truth(&input(1)));
		let committee = members(id);
		run_until(id, |phase| matches!(phase, Phase::Committing { .. }));
		assert_eq!(job(id).audit, Audit::Running);
		let all = members(id);
		let auditors: Vec<u64> = all
			.into_iter()
			.filter(|host| !committee.contains(host))
			.collect();
		assert_eq!(auditors.len(), 2);
		for host in &auditors {
			assert_ok!(commit_to(*host, id, &truth(&input(1)).root));
		}
		for host in &auditors {
			assert_ok!(reveal(*host, id, &truth(&input(1))));
		}
		done(id);
		for host in committee.iter().chain(&auditors) {
			assert_eq!(world::Earned::<Test>::get(host), PRICE + host - HOST);
		}
		assert_eq!(job(id).backing, 4 * JOB_STAKE);
	});
}

#[test]
fn an_audit_finds_what_a_whole_committee_has_agreed_on() {
	run(|| {
		let mut changed = params();
		changed.audit_rate = Perbill::one();
		Params::<Test>::put(&changed);
		let data = input(3);
		let lie = MODEL.run(&data, Some(Lie::Step(4, 1)));
		let id = ask(2, &data);
		answer(id, |_| MODEL.run(&data, Some(Lie::Step(4, 1))));
		let committee = members(id);
		run_until(id, |phase| matches!(phase, Phase::Committing { .. }));
		let auditors: Vec<u64> = members(id)
			.into_iter()
			.filter(|host| !committee.contains(host))
			.collect();
		// One of two does not come; that does not save the liars.
		assert_ok!(commit_to(auditors[0], id, &truth(&data).root));
		run_until(id, |phase| matches!(phase, Phase::Revealing { .. }));
		assert_ok!(reveal(auditors[0], id, &truth(&data)));
		assert!(matches!(phase(id), Phase::Posting { .. }));
		assert_ok!(post(auditors[0], id, &truth(&data)));
		assert_ok!(post(committee[0], id, &lie));
		assert_ok!(referee(auditors[0], id, MODEL, &truth(&data)));
		done(id);
		assert_eq!(job(id).answer, Some(truth(&data).root));
		for host in committee {
			assert_eq!(world::Slashed::<Test>::get(host), JOB_STAKE);
			assert_eq!(world::Earned::<Test>::get(host), 0);
		}
		// Its price, and half of what the liars had at stake.
		assert_eq!(
			world::Earned::<Test>::get(auditors[0]),
			PRICE + auditors[0] - HOST + JOB_STAKE
		);
		assert_eq!(world::Slashed::<Test>::get(auditors[1]), JOB_STAKE / 100);
	});
}

#[test]
fn each_step_is_told() {
	run(|| {
		forget_events();
		let id = ask(1, &input(1));
		answer(id, |_| truth(&input(1)));
		done(id);
		let told: Vec<&str> = events()
			.iter()
			.map(|event| match event {
				Event::JobRequested { .. } => "requested",
				Event::Drawn { .. } => "drawn",
				Event::ShareBurnt { .. } => "burnt",
				Event::Committed { .. } => "committed",
				Event::RevealStarted { .. } => "revealing",
				Event::Revealed { .. } => "revealed",
				Event::Answered { .. } => "answered",
				Event::HostPaid { .. } => "paid",
				Event::JobDone { .. } => "done",
				_ => "something else",
			})
			.collect();
		let expected = [
			"requested",
			"burnt",
			"drawn",
			"committed",
			"revealing",
			"revealed",
			"answered",
			"paid",
			"done",
		];
		assert_eq!(told, expected);
	});
}

#[test]
fn readers_see_a_job_as_it_stands() {
	run(|| {
		let id = ask(2, &input(9));
		assert_eq!(Jobs::open_jobs(), vec![id]);
		assert_eq!(Jobs::inputs(id), Some(vec![tensor("x", &input(9))]));
		answer(id, |_| truth(&input(9)));
		let committee = members(id);
		assert_eq!(Jobs::assignments(committee[0]), vec![id]);
		let info = Jobs::job(id).expect("it is kept");
		let root = truth(&input(9)).root;
		assert_eq!(
			info.claims,
			vec![(root, committee[0]), (root, committee[1])]
		);
		assert_eq!(info.stake, 2 * JOB_STAKE);
		assert_eq!(info.outputs, None);
		assert_eq!(info.ending, None);
		assert_eq!(Jobs::jobs(None, 1), vec![info]);
		assert_eq!(Jobs::jobs(Some(id), 1), vec![]);
		done(id);
		assert_eq!(Jobs::open_jobs(), Vec::<u64>::new());
		assert_eq!(Jobs::assignments(committee[0]), Vec::<u64>::new());
		assert_eq!(Jobs::inputs(id), None);
	});
}

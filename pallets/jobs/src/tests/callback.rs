//! Callbacks: once, some blocks after the end, under an origin of their own.

use frame_support::{assert_noop, assert_ok, weights::Weight};
use noema_primitives::jobs::Phase;
use sp_runtime::{DispatchError, DispatchResult};

use super::mock::*;
use crate::{Callbacks, Error, Event};

fn ask_with_callback(call_back: RuntimeCall) -> DispatchResult {
	call(|| {
		Jobs::request(
			RuntimeOrigin::signed(REQUESTER),
			release_of(MODEL),
			inline("x", &input(1)),
			1,
			0,
			2 * PRICE,
			Some(Box::new(call_back)),
		)
	})
}

fn remark(len: usize) -> RuntimeCall {
	RuntimeCall::System(frame_system::Call::remark {
		remark: vec![0; len],
	})
}

fn called() -> Vec<DispatchResult> {
	events()
		.into_iter()
		.filter_map(|event| match event {
			Event::CalledBack { result, .. } => Some(result),
			_ => None,
		})
		.collect()
}

fn end() {
	answer(0, |_| truth(&input(1)));
	run_until(0, |phase| *phase == Phase::Done);
}

#[test]
fn a_callback_is_called_once_after_the_end() {
	run(|| {
		assert_ok!(ask_with_callback(remark(5)));
		end();
		assert_eq!(called(), vec![]);
		run_to(System::block_number() + 3);
		assert_eq!(called(), vec![Ok(())]);
		assert!(!Callbacks::<Test>::contains_key(0));
		run_to(System::block_number() + 30);
		assert_eq!(called().len(), 1);
	});
}

#[test]
fn a_callback_that_fails_changes_nothing() {
	run(|| {
		// Its origin signs nothing: so it can send no remark in its name, and ask for no job.
		let again = RuntimeCall::Jobs(crate::Call::request {
			release: release_of(MODEL),
			inputs: inline("x", &input(2)),
			committee: 1,
			min_stake: 0,
			max_price: 2 * PRICE,
			callback: Some(Box::new(remark(1))),
		});
		assert_ok!(ask_with_callback(again));
		end();
		run_to(System::block_number() + 3);
		assert_eq!(called(), vec![Err(DispatchError::BadOrigin)]);
		assert_eq!(crate::NextJob::<Test>::get(), 1);
		assert!(Jobs::job(0).expect("kept").outputs.is_some());
	});
}

#[test]
fn a_callback_must_be_allowed_light_and_short() {
	run(|| {
		let transfer = RuntimeCall::Balances(pallet_balances::Call::transfer_all {
			dest: OWNER,
			keep_alive: false,
		});
		assert_noop!(
			ask_with_callback(transfer),
			Error::<Test>::CallbackForbidden
		);
		assert_noop!(
			ask_with_callback(remark(5_000)),
			Error::<Test>::CallbackTooLarge
		);
		let heavy = RuntimeCall::Utility(pallet_utility::Call::with_weight {
			call: Box::new(remark(1)),
			weight: Weight::from_parts(2_000_000_000, 0),
		});
		assert_noop!(ask_with_callback(heavy), Error::<Test>::CallbackTooHeavy);
	});
}

#[test]
fn a_void_job_calls_nobody() {
	run(|| {
		assert_ok!(ask_with_callback(remark(5)));
		run_to(10);
		assert_ok!(Jobs::void(RuntimeOrigin::root(), 0));
		run_to(60);
		assert_eq!(called(), vec![]);
	});
}

#[test]
fn whoever_is_called_can_ask_for_the_answer() {
	run(|| {
		assert_ok!(ask_with_callback(remark(5)));
		end();
		let (ending, outputs) = Jobs::outcome(0).expect("it is over");
		assert_eq!(ending, noema_primitives::jobs::Ending::Answered);
		assert_eq!(outputs, truth(&input(1)).outputs());
		use frame_support::traits::EnsureOrigin;
		let origin = RuntimeOrigin::from(crate::Origin::Callback(0));
		assert_eq!(crate::EnsureCallback::try_origin(origin).ok(), Some(0));
		assert!(crate::EnsureCallback::try_origin(RuntimeOrigin::signed(1)).is_err());
	});
}

//! What the hosts of a model earn from a call of it.

use core::cell::Cell;
use frame_support::{
	assert_noop, assert_ok,
	traits::{fungible::Mutate, tokens::Preservation},
};
use noema_primitives::{hosting::HostShare, Cost, InferError, ModelId};
use sp_runtime::DispatchError;

use super::{
	executor::{runs, teach, Behaviour},
	mock::*,
};
use crate::{Error, WeightInfo};

/// Has what the hosts earn.
const POT: u64 = 50;
/// What they earn in these tests.
const SHARE: u64 = 30;

std::thread_local! {
	static EARNED: Cell<u64> = const { Cell::new(0) };
}

/// Takes what [`earn`] has set from whoever calls.
#[derive(Debug)]
pub struct Hosts;

impl HostShare<u64, u64> for Hosts {
	fn share(_: &Cost) -> u64 {
		EARNED.get()
	}

	fn pay(payer: &u64, _: &ModelId, share: u64) -> Result<(), DispatchError> {
		Balances::transfer(payer, &POT, share, Preservation::Preserve).map(|_| ())
	}
}

/// Has hosts earn so much from each call in this test.
fn earn(share: u64) {
	EARNED.set(share);
}

fn with_share(test: impl FnOnce()) {
	run(|| {
		earn(SHARE);
		test();
		earn(0);
	});
}

#[test]
fn the_caller_pays_owner_and_hosts() {
	with_share(|| {
		let release = classifier();
		assert_ok!(infer(ALICE, &release, vec![image(), bias()]));
		assert_eq!(Balances::free_balance(ALICE), PLENTY - ROYALTY - SHARE);
		assert_eq!(Balances::free_balance(POT), SHARE);
		assert_eq!(Balances::free_balance(OWNER), ED + ROYALTY);
	});
}

#[test]
fn the_quote_names_the_share_and_the_weight_covers_it() {
	run(|| {
		let release = classifier();
		let without = Inference::quote(&release).expect("callable");
		earn(SHARE);
		let with = Inference::quote(&release).expect("callable");
		earn(0);
		assert_eq!((without.hosts_share, with.hosts_share), (0, SHARE));
		let more = <() as WeightInfo>::hosts_share();
		assert_eq!(with.weight, without.weight.saturating_add(more));
	});
}

#[test]
fn a_caller_who_cannot_pay_the_hosts_is_refused_before_any_compute() {
	with_share(|| {
		let release = classifier();
		// Enough for the royalty, and too little for both.
		assert_ok!(Balances::mint_into(&BOB, SHARE));
		assert_noop!(
			infer(BOB, &release, vec![image(), bias()]),
			Error::<Test>::InsufficientFunds
		);
		assert_eq!(runs(), 0);
		assert_ok!(Balances::mint_into(&BOB, 1));
		assert_ok!(infer(BOB, &release, vec![image(), bias()]));
		assert_eq!(Balances::free_balance(BOB), ED);
	});
}

#[test]
fn a_run_that_fails_gives_the_share_back() {
	with_share(|| {
		let release = classifier();
		teach(
			classifier_entry().model,
			Behaviour::Fail(InferError::DivisionByZero),
		);
		assert_noop!(
			infer(ALICE, &release, vec![image(), bias()]),
			Error::<Test>::DivisionByZero
		);
		assert_eq!(Balances::free_balance(ALICE), PLENTY);
	});
}

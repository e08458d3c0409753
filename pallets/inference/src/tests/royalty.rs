//! What the owner of a release earns.

use frame_support::{assert_noop, assert_ok};
use noema_primitives::InferError;
use sp_runtime::{DispatchError, TokenError};

use super::{
	executor::{runs, teach, Behaviour},
	mock::*,
	registry::{Entry, Releases},
};
use crate::Error;

fn inputs() -> Vec<noema_primitives::NamedTensor> {
	vec![image(), bias()]
}

#[test]
fn the_caller_pays_the_owner() {
	run(|| {
		let release = classifier();
		for paid in 1..=3 {
			assert_ok!(infer(ALICE, &release, inputs()));
			assert_eq!(Balances::free_balance(ALICE), PLENTY - paid * ROYALTY);
			assert_eq!(Balances::free_balance(OWNER), ED + paid * ROYALTY);
		}
	});
}

#[test]
fn a_free_release_moves_nothing() {
	run(|| {
		let release = install(
			"free",
			Entry {
				royalty: 0,
				..classifier_entry()
			},
		);
		assert_ok!(infer(BOB, &release, inputs()));
		assert_eq!(Balances::free_balance(BOB), ED + ROYALTY - 1);
		assert_eq!(Balances::free_balance(OWNER), ED);
	});
}

#[test]
fn a_caller_who_could_pay_only_by_dying_is_refused_before_any_compute() {
	run(|| {
		let release = classifier();
		assert_noop!(
			infer(BOB, &release, inputs()),
			Error::<Test>::InsufficientFunds
		);
		assert_eq!(runs(), 0);

		// One unit more, and the account lives on with its existential deposit.
		assert_ok!(Balances::transfer_allow_death(
			RuntimeOrigin::signed(ALICE),
			BOB,
			1
		));
		assert_ok!(infer(BOB, &release, inputs()));
		assert_eq!(Balances::free_balance(BOB), ED);
	});
}

#[test]
fn a_caller_without_an_account_is_refused() {
	run(|| {
		let release = classifier();
		assert_noop!(
			infer(77, &release, inputs()),
			Error::<Test>::InsufficientFunds
		);
	});
}

#[test]
fn the_largest_royalty_is_beyond_anyone() {
	run(|| {
		let release = install(
			"dear",
			Entry {
				royalty: u64::MAX,
				..classifier_entry()
			},
		);
		assert_noop!(
			infer(ALICE, &release, inputs()),
			Error::<Test>::InsufficientFunds
		);
	});
}

#[test]
fn an_owner_who_calls_pays_nobody() {
	run(|| {
		let release = install(
			"own",
			Entry {
				royalty: ROYALTY,
				..classifier_entry()
			},
		);
		assert_ok!(Balances::transfer_allow_death(
			RuntimeOrigin::signed(ALICE),
			OWNER,
			ROYALTY
		));
		assert_ok!(infer(OWNER, &release, inputs()));
		assert_eq!(Balances::free_balance(OWNER), ED + ROYALTY);
	});
}

#[test]
fn a_royalty_too_small_to_found_the_owners_account_is_refused_by_the_currency() {
	run(|| {
		let mut release = release_id("orphan");
		release.owner = 78;
		Releases::<Test>::insert(
			&release,
			Entry {
				royalty: ED - 1,
				..classifier_entry()
			},
		);
		assert_noop!(
			infer(ALICE, &release, inputs()),
			DispatchError::Token(TokenError::BelowMinimum)
		);
		assert_eq!(runs(), 0);
	});
}

#[test]
fn a_run_that_fails_gives_the_royalty_back() {
	run(|| {
		let release = classifier();
		teach(
			classifier_entry().model,
			Behaviour::Fail(InferError::DivisionByZero),
		);
		assert_noop!(
			infer(ALICE, &release, inputs()),
			Error::<Test>::DivisionByZero
		);
		assert_eq!(runs(), 1);
		assert_eq!(Balances::free_balance(ALICE), PLENTY);
		assert_eq!(Balances::free_balance(OWNER), ED);
	});
}

#[test]
fn no_money_is_made_or_lost() {
	run(|| {
		let release = classifier();
		let before = Balances::total_issuance();
		assert_ok!(infer(ALICE, &release, inputs()));
		assert_eq!(Balances::total_issuance(), before);
		assert_eq!(
			[ALICE, BOB, OWNER]
				.into_iter()
				.map(Balances::free_balance)
				.sum::<u64>(),
			before
		);
	});
}

use frame_support::{assert_noop, assert_ok};
use sp_runtime::{DispatchError, TokenError};

use crate::{mock::*, types::Cause, types::MAX_UNBONDING, Backings, Error, Event, Hosts};

#[test]
fn tokens_become_shares_and_shares_tokens() {
	new_test(|| {
		host(ALICE, 100);
		events();
		assert_ok!(Hosting::back(signed(EVE), ALICE, 200));
		assert_eq!(
			events(),
			vec![Event::Backed {
				host: ALICE,
				backer: EVE,
				amount: 200,
				shares: 200
			}]
		);
		assert_eq!(free(EVE), PLENTY - 200);
		assert_eq!(record(ALICE).active(), 300);
		assert_ok!(unback(EVE, ALICE, 50));
		let at = 1 + UNBONDING_PERIOD;
		assert_eq!(
			events(),
			vec![Event::Unbacking {
				host: ALICE,
				backer: EVE,
				shares: 50,
				amount: 50,
				at
			}]
		);
		assert_eq!(record(ALICE).active(), 250);
		System::set_block_number(at - 1);
		assert_noop!(
			Hosting::withdraw(signed(EVE), ALICE),
			Error::<Test>::NothingToWithdraw
		);
		System::set_block_number(at);
		assert_ok!(Hosting::withdraw(signed(EVE), ALICE));
		assert_eq!(
			events(),
			vec![Event::BackingWithdrawn {
				host: ALICE,
				backer: EVE,
				amount: 50
			}]
		);
		assert_eq!(free(EVE), PLENTY - 150);
	});
}

#[test]
fn each_misuse_has_its_error() {
	new_test(|| {
		let back = |who, host, amount| Hosting::back(signed(who), host, amount);
		assert_noop!(back(EVE, ALICE, 100), Error::<Test>::NotHost);
		assert_noop!(unback(EVE, ALICE, 100), Error::<Test>::NotHost);
		assert_noop!(
			Hosting::withdraw(signed(EVE), ALICE),
			Error::<Test>::NotHost
		);
		host(ALICE, 100);
		assert_noop!(unback(EVE, ALICE, 100), Error::<Test>::NotBacker);
		assert_noop!(
			Hosting::withdraw(signed(EVE), ALICE),
			Error::<Test>::NothingToWithdraw
		);
		assert_noop!(back(ALICE, ALICE, 100), Error::<Test>::SelfBacking);
		assert_noop!(
			back(EVE, ALICE, MIN_BACKING - 1),
			Error::<Test>::BackingTooSmall
		);
		assert_noop!(back(EVE, ALICE, 401), Error::<Test>::BackingTooLarge);
		assert_noop!(
			back(NOBODY, ALICE, 100),
			DispatchError::Token(TokenError::FundsUnavailable)
		);
		assert_ok!(back(EVE, ALICE, 399));
		assert_noop!(back(FRED, ALICE, 20), Error::<Test>::BackingTooLarge);
		assert_noop!(unback(EVE, ALICE, 0), Error::<Test>::ZeroAmount);
		assert_ok!(unback(EVE, ALICE, 399));
		assert_noop!(unback(EVE, ALICE, 1), Error::<Test>::NotBacker);
	});
}

#[test]
fn who_would_leave_too_little_behind_takes_all() {
	new_test(|| {
		host(ALICE, 100);
		back(EVE, ALICE, 100);
		assert_ok!(unback(EVE, ALICE, 100 - MIN_BACKING));
		assert_eq!(record(ALICE).pool.leaving, 80);
		assert_ok!(unback(EVE, ALICE, 1));
		assert_eq!(record(ALICE).pool.leaving, 100);
		// More than there is means all, too.
		back(FRED, ALICE, 100);
		assert_ok!(unback(FRED, ALICE, u64::MAX));
		assert_eq!(record(ALICE).pool.active(), 0);
		wait();
		assert_ok!(Hosting::withdraw(signed(EVE), ALICE));
		assert_ok!(Hosting::withdraw(signed(FRED), ALICE));
		assert_eq!(Backings::<Test>::iter().count(), 0);
		assert_eq!((free(EVE), free(FRED)), (PLENTY, PLENTY));
	});
}

#[test]
fn the_queue_is_bounded() {
	new_test(|| {
		host(ALICE, 100);
		back(EVE, ALICE, 300);
		for _ in 0..MAX_UNBONDING {
			assert_ok!(unback(EVE, ALICE, 1));
			System::set_block_number(System::block_number() + 1);
		}
		assert_noop!(unback(EVE, ALICE, 1), Error::<Test>::TooManyUnbonding);
		System::set_block_number(1 + UNBONDING_PERIOD);
		assert_ok!(Hosting::withdraw(signed(EVE), ALICE));
		assert_ok!(unback(EVE, ALICE, 1));
	});
}

#[test]
fn commitments_shrink_in_proportion_when_backers_leave() {
	new_test(|| {
		host(ALICE, 100);
		back(EVE, ALICE, 300);
		let (one, two) = (admit(1), admit(2));
		commit(ALICE, one, 300);
		commit(ALICE, two, 60);
		assert_ok!(lock(ALICE, one, 60));
		changes();
		events();
		// 40 are free; the rest comes from 240 and 60 in proportion.
		assert_ok!(unback(EVE, ALICE, 140));
		assert_eq!((stake(ALICE, one), stake(ALICE, two)), (220, 40));
		assert_eq!(record(ALICE).free(), 0);
		let mut told = changes();
		told.sort();
		assert_eq!(told, [one, two]);
		let shrunk = events()
			.into_iter()
			.filter(|event| {
				matches!(
					event,
					Event::CommitmentChanged {
						cause: Cause::BackersLeft,
						..
					}
				)
			})
			.count();
		assert_eq!(shrunk, 2);
		// What would be too small a commitment goes whole.
		assert_ok!(unback(EVE, ALICE, 159));
		assert_eq!((stake(ALICE, one), stake(ALICE, two)), (92, 0));
		assert_eq!(record(ALICE).committed, 92);
	});
}

#[test]
fn what_is_locked_shrinks_when_it_is_unlocked() {
	new_test(|| {
		host(ALICE, 100);
		back(EVE, ALICE, 300);
		let (one, two) = (admit(1), admit(2));
		commit(ALICE, one, 200);
		commit(ALICE, two, 200);
		assert_ok!(lock(ALICE, one, 100));
		assert_ok!(lock(ALICE, one, 100));
		assert_ok!(lock(ALICE, two, 150));
		assert_ok!(unback(EVE, ALICE, 300));
		assert_eq!((stake(ALICE, one), stake(ALICE, two)), (200, 150));
		check_invariants();
		// No new job on what is not there.
		assert_noop!(lock(ALICE, one, 1), Error::<Test>::NotEnoughCommitted);
		unlock(ALICE, one, 100);
		assert_eq!((stake(ALICE, one), stake(ALICE, two)), (100, 150));
		check_invariants();
		unlock(ALICE, two, 150);
		assert_eq!((stake(ALICE, one), stake(ALICE, two)), (100, 0));
		check_invariants();
		unlock(ALICE, one, 100);
		assert_eq!(stake(ALICE, one), 100);
	});
}

#[test]
fn shares_on_their_way_out_earn_and_lose() {
	new_test(|| {
		host(ALICE, 100);
		back(EVE, ALICE, 100);
		let model = admit(1);
		commit(ALICE, model, 100);
		assert_ok!(lock(ALICE, model, 40));
		assert_ok!(unback(EVE, ALICE, 100));
		infer(model);
		assert_eq!(slash(ALICE, model, 40), 40);
		wait();
		assert_ok!(Hosting::withdraw(signed(EVE), ALICE));
		// Half of the fee came; of the slash 125 of 225 parts went, rounded down.
		assert_eq!(free(EVE), PLENTY + 25 - 22);
		assert_eq!(held(ALICE), 100 - 18);
	});
}

#[test]
fn shares_that_are_worthless_go_before_others_come() {
	new_test(|| {
		host(ALICE, 100);
		back(EVE, ALICE, 300);
		let model = admit(1);
		commit(ALICE, model, 400);
		assert_ok!(lock(ALICE, model, 400));
		assert_eq!(slash(ALICE, model, 400), 400);
		assert_eq!(held(ALICE), 0);
		assert!(record(ALICE).pool.is_worthless());
		assert_ok!(Hosting::bond_extra(signed(ALICE), 200));
		assert_noop!(
			Hosting::back(signed(FRED), ALICE, 100),
			Error::<Test>::BackingWorthless
		);
		assert_ok!(unback(EVE, ALICE, 1));
		wait();
		assert_ok!(Hosting::withdraw(signed(EVE), ALICE));
		assert_eq!(free(EVE), PLENTY - 300);
		assert_ok!(Hosting::back(signed(FRED), ALICE, 100));
	});
}

#[test]
fn a_host_of_whom_only_backers_are_left_is_kept_for_them() {
	new_test(|| {
		host(ALICE, 100);
		back(EVE, ALICE, 100);
		assert_ok!(Hosting::unbond(signed(ALICE), 100));
		wait();
		assert_ok!(Hosting::withdraw_unbonded(signed(ALICE)));
		assert!(Hosts::<Test>::contains_key(ALICE));
		assert_noop!(
			Hosting::back(signed(FRED), ALICE, 100),
			Error::<Test>::BackingTooLarge
		);
		assert_ok!(unback(EVE, ALICE, 100));
		wait();
		assert_ok!(Hosting::withdraw(signed(EVE), ALICE));
		assert!(!Hosts::<Test>::contains_key(ALICE));
	});
}

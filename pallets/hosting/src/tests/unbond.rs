use frame_support::{assert_noop, assert_ok};

use crate::{mock::*, types::MAX_UNBONDING, Error, Event, Hosts};

#[test]
fn a_part_leaves_after_the_period() {
	new_test(|| {
		host(ALICE, 300);
		events();
		assert_ok!(Hosting::unbond(signed(ALICE), 50));
		let at = 1 + UNBONDING_PERIOD;
		assert_eq!(
			events(),
			vec![Event::Unbonding {
				host: ALICE,
				amount: 50,
				at
			}]
		);
		assert_eq!(record(ALICE).own(), 250);
		assert_eq!(held(ALICE), 300);
		System::set_block_number(at - 1);
		assert_noop!(
			Hosting::withdraw_unbonded(signed(ALICE)),
			Error::<Test>::NothingToWithdraw
		);
		System::set_block_number(at);
		assert_ok!(Hosting::withdraw_unbonded(signed(ALICE)));
		assert_eq!((held(ALICE), free(ALICE)), (250, PLENTY - 250));
		assert_eq!(
			events(),
			vec![Event::Withdrawn {
				host: ALICE,
				amount: 50
			}]
		);
		assert_noop!(
			Hosting::withdraw_unbonded(signed(ALICE)),
			Error::<Test>::NothingToWithdraw
		);
	});
}

#[test]
fn only_a_host_and_only_what_there_is() {
	new_test(|| {
		assert_noop!(Hosting::unbond(signed(ALICE), 1), Error::<Test>::NotHost);
		assert_noop!(
			Hosting::withdraw_unbonded(signed(ALICE)),
			Error::<Test>::NotHost
		);
		host(ALICE, 300);
		assert_noop!(Hosting::unbond(signed(ALICE), 0), Error::<Test>::ZeroAmount);
		assert_noop!(
			Hosting::unbond(signed(ALICE), 301),
			Error::<Test>::NotEnoughBond
		);
		assert_noop!(
			Hosting::unbond(signed(ALICE), 201),
			Error::<Test>::BondTooSmall
		);
		assert_ok!(Hosting::unbond(signed(ALICE), 200));
		assert_ok!(Hosting::unbond(signed(ALICE), 100));
	});
}

#[test]
fn what_is_committed_stays() {
	new_test(|| {
		host(ALICE, 300);
		let model = admit(1);
		commit(ALICE, model, 150);
		assert_noop!(
			Hosting::unbond(signed(ALICE), 151),
			Error::<Test>::NotEnoughFree
		);
		assert_ok!(Hosting::unbond(signed(ALICE), 150));
		assert_noop!(
			Hosting::unbond(signed(ALICE), 1),
			Error::<Test>::NotEnoughFree
		);
		assert_ok!(Hosting::uncommit(signed(ALICE), model, 150));
		assert_ok!(Hosting::unbond(signed(ALICE), 150));
	});
}

#[test]
fn backers_alone_answer_for_nothing() {
	new_test(|| {
		host(ALICE, 300);
		back(EVE, ALICE, 1_000);
		let model = admit(1);
		commit(ALICE, model, 500);
		// There is enough without her own bond, but she must share.
		assert_noop!(
			Hosting::unbond(signed(ALICE), 300),
			Error::<Test>::StakeCommitted
		);
		// Four times what she would keep.
		assert_noop!(
			Hosting::unbond(signed(ALICE), 51),
			Error::<Test>::BackingTooLarge
		);
		assert_ok!(Hosting::unbond(signed(ALICE), 50));
		assert_ok!(Hosting::uncommit(signed(ALICE), model, 500));
		assert_ok!(Hosting::unbond(signed(ALICE), 250));
	});
}

#[test]
fn the_queue_is_bounded() {
	new_test(|| {
		host(ALICE, 300);
		for _ in 0..MAX_UNBONDING {
			assert_ok!(Hosting::unbond(signed(ALICE), 1));
			assert_ok!(Hosting::unbond(signed(ALICE), 1));
			System::set_block_number(System::block_number() + 1);
		}
		assert_noop!(
			Hosting::unbond(signed(ALICE), 1),
			Error::<Test>::TooManyUnbonding
		);
		// The first two are due, in one place.
		System::set_block_number(1 + UNBONDING_PERIOD);
		assert_ok!(Hosting::withdraw_unbonded(signed(ALICE)));
		assert_eq!(held(ALICE), 298);
		assert_ok!(Hosting::unbond(signed(ALICE), 1));
	});
}

#[test]
fn who_has_left_is_forgotten_once_all_is_paid() {
	new_test(|| {
		host(ALICE, 300);
		let model = admit(1);
		commit(ALICE, model, 256);
		infer(model);
		assert_ok!(Hosting::uncommit(signed(ALICE), model, 256));
		assert_ok!(Hosting::unbond(signed(ALICE), 300));
		wait();
		assert_ok!(Hosting::withdraw_unbonded(signed(ALICE)));
		assert_eq!(record(ALICE).claimable, FEE);
		assert_ok!(claim(ALICE));
		assert!(!Hosts::<Test>::contains_key(ALICE));
		assert_eq!(free(ALICE), PLENTY + FEE);
		// And may come again.
		host(ALICE, 100);
	});
}

#[test]
fn nothing_leaves_from_under_a_lock() {
	new_test(|| {
		host(ALICE, 300);
		back(EVE, ALICE, 300);
		let model = admit(1);
		commit(ALICE, model, 500);
		assert_ok!(lock(ALICE, model, 500));
		// What is free leaves.
		assert_ok!(Hosting::unbond(signed(ALICE), 100));
		// What backs a lock may ask to leave, but not be withdrawn while it is needed.
		assert_ok!(unback(EVE, ALICE, 300));
		wait();
		assert_ok!(Hosting::withdraw_unbonded(signed(ALICE)));
		assert_noop!(
			Hosting::withdraw(signed(EVE), ALICE),
			Error::<Test>::StakeLocked
		);
		unlock(ALICE, model, 500);
		assert_ok!(Hosting::withdraw(signed(EVE), ALICE));
		assert_eq!(record(ALICE).committed, 200);
	});
}

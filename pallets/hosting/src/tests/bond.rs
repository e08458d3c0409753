use frame_support::{assert_noop, assert_ok};
use sp_runtime::{DispatchError, TokenError};

use crate::{mock::*, Error, Event, Hosts};

#[test]
fn a_bond_is_on_hold_and_makes_a_host() {
	new_test(|| {
		assert_ok!(Hosting::bond(signed(ALICE), 300));
		assert_eq!((held(ALICE), free(ALICE)), (300, PLENTY - 300));
		assert_eq!(record(ALICE).free(), 300);
		assert_eq!(
			events(),
			vec![Event::Bonded {
				host: ALICE,
				amount: 300,
				bond: 300
			}]
		);
		assert_noop!(
			Hosting::bond(signed(ALICE), 300),
			Error::<Test>::AlreadyHost
		);
	});
}

#[test]
fn a_bond_has_a_least_size_and_must_be_there() {
	new_test(|| {
		assert_noop!(
			Hosting::bond(signed(ALICE), MIN_BOND - 1),
			Error::<Test>::BondTooSmall
		);
		assert_noop!(
			Hosting::bond(signed(ALICE), PLENTY + 1),
			DispatchError::Token(TokenError::FundsUnavailable)
		);
		assert_ok!(Hosting::bond(signed(ALICE), MIN_BOND));
		assert_noop!(
			Hosting::bond(RuntimeOrigin::root(), MIN_BOND),
			DispatchError::BadOrigin
		);
	});
}

#[test]
fn more_may_be_bonded() {
	new_test(|| {
		assert_noop!(
			Hosting::bond_extra(signed(ALICE), 5),
			Error::<Test>::NotHost
		);
		host(ALICE, 200);
		events();
		assert_ok!(Hosting::bond_extra(signed(ALICE), 5));
		assert_eq!(held(ALICE), 205);
		assert_eq!(
			events(),
			vec![Event::Bonded {
				host: ALICE,
				amount: 5,
				bond: 205
			}]
		);
		assert_noop!(
			Hosting::bond_extra(signed(ALICE), 0),
			Error::<Test>::ZeroAmount
		);
		assert_noop!(
			Hosting::bond_extra(signed(ALICE), PLENTY),
			DispatchError::Token(TokenError::FundsUnavailable)
		);
	});
}

#[test]
fn who_has_unbonded_all_comes_back_with_a_whole_bond() {
	new_test(|| {
		host(ALICE, 200);
		assert_ok!(Hosting::unbond(signed(ALICE), 200));
		assert_noop!(
			Hosting::bond_extra(signed(ALICE), MIN_BOND - 1),
			Error::<Test>::BondTooSmall
		);
		assert_ok!(Hosting::bond_extra(signed(ALICE), MIN_BOND));
		assert_eq!(record(ALICE).own(), MIN_BOND);
		wait();
		assert_ok!(Hosting::withdraw_unbonded(signed(ALICE)));
		assert_eq!(held(ALICE), MIN_BOND);
		assert!(Hosts::<Test>::contains_key(ALICE));
	});
}

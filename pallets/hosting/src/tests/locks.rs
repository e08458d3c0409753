use frame_support::{assert_noop, assert_ok};

use crate::{mock::*, Error, Event};

#[test]
fn locked_stake_is_locked_once_and_given_back() {
	new_test(|| {
		host(ALICE, 300);
		let model = admit(1);
		commit(ALICE, model, 100);
		events();
		assert_ok!(lock(ALICE, model, 60));
		assert_eq!(
			events(),
			vec![Event::Locked {
				host: ALICE,
				model,
				stake: 60
			}]
		);
		assert_noop!(lock(ALICE, model, 41), Error::<Test>::NotEnoughCommitted);
		assert_ok!(lock(ALICE, model, 40));
		assert_eq!((record(ALICE).locked, record(ALICE).assigned), (100, 2));
		unlock(ALICE, model, 60);
		assert_eq!((record(ALICE).locked, record(ALICE).assigned), (40, 1));
		assert_eq!(
			events().pop(),
			Some(Event::Unlocked {
				host: ALICE,
				model,
				stake: 60
			})
		);
		unlock(ALICE, model, 40);
		assert_eq!((record(ALICE).locked, record(ALICE).assigned), (0, 0));
		assert_eq!(stake(ALICE, model), 100);
	});
}

#[test]
fn each_misuse_has_its_error() {
	new_test(|| {
		let model = admit(1);
		assert_noop!(lock(ALICE, model, 1), Error::<Test>::NotHost);
		host(ALICE, 300);
		assert_noop!(lock(ALICE, model, 1), Error::<Test>::NotCommitted);
		commit(ALICE, model, 100);
		assert_ok!(Hosting::set_terms(signed(ALICE), 0, 1, None));
		assert_ok!(lock(ALICE, model, 1));
		assert_noop!(lock(ALICE, model, 1), Error::<Test>::NoCapacity);
	});
}

#[test]
fn stake_that_was_slashed_meanwhile_is_not_given_back() {
	new_test(|| {
		host(ALICE, 300);
		let model = admit(1);
		commit(ALICE, model, 100);
		assert_ok!(lock(ALICE, model, 60));
		assert_ok!(lock(ALICE, model, 40));
		assert_eq!(slash(ALICE, model, 60), 60);
		assert_eq!((stake(ALICE, model), record(ALICE).locked), (40, 40));
		unlock(ALICE, model, 40);
		assert_eq!((stake(ALICE, model), record(ALICE).locked), (40, 0));
	});
}

#[test]
fn what_is_locked_outlives_the_model() {
	new_test(|| {
		host(ALICE, 300);
		let model = admit(1);
		commit(ALICE, model, 100);
		assert_ok!(lock(ALICE, model, 60));
		remove(model);
		assert_eq!(stake(ALICE, model), 60);
		check_invariants();
		unlock(ALICE, model, 60);
		assert_eq!(commitment(ALICE, model), None);
		assert_eq!(record(ALICE).free(), 300);
	});
}

#[test]
#[cfg(not(debug_assertions))]
fn an_unlock_of_nothing_changes_nothing() {
	new_test(|| {
		let model = admit(1);
		unlock(ALICE, model, 10);
		host(ALICE, 300);
		unlock(ALICE, model, 10);
		assert_eq!(slash(ALICE, model, 10), 0);
		assert_eq!(held(ALICE), 300);
	});
}

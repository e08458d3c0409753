use frame_support::{assert_noop, assert_ok};
use noema_primitives::hosting::ModelStake;

use crate::{
	mock::*,
	types::{Cause, Place},
	Error, Event, HostsOf,
};

#[test]
fn stake_is_committed_and_the_registry_is_told() {
	new_test(|| {
		host(ALICE, 300);
		let model = admit(1);
		events();
		changes();
		assert_ok!(Hosting::commit(signed(ALICE), model, 100));
		let changed = |stake| {
			vec![Event::CommitmentChanged {
				host: ALICE,
				model,
				stake,
				cause: Cause::Host,
			}]
		};
		assert_eq!(events(), changed(100));
		assert_eq!(changes(), [model]);
		assert_eq!(record(ALICE).free(), 200);
		assert!(!Hosting::is_covered(&model, &report()));

		assert_ok!(Hosting::commit(signed(ALICE), model, 30));
		assert_eq!(events(), changed(130));
		assert_eq!(Hosting::committed(&model), 130);
		assert!(Hosting::is_covered(&model, &report()));
		assert_eq!(
			(record(ALICE).committed, record(ALICE).commitments),
			(130, 1)
		);
	});
}

#[test]
fn each_misuse_has_its_error() {
	new_test(|| {
		let commit = |who, model, stake| Hosting::commit(signed(who), model, stake);
		let known = admit(1);
		assert_noop!(commit(ALICE, known, 10), Error::<Test>::NotHost);
		host(ALICE, 300);
		assert_noop!(commit(ALICE, known, 0), Error::<Test>::ZeroAmount);
		assert_noop!(commit(ALICE, model(9), 10), Error::<Test>::ModelNotAdmitted);
		assert_noop!(commit(ALICE, known, 301), Error::<Test>::NotEnoughFree);
		assert_noop!(
			commit(ALICE, known, MIN_COMMITMENT - 1),
			Error::<Test>::CommitmentTooSmall
		);
		assert_ok!(commit(ALICE, known, MIN_COMMITMENT));
		assert_ok!(commit(ALICE, known, 1));
		for seed in 2..=MAX_COMMITMENTS as u8 {
			assert_ok!(commit(ALICE, admit(seed), 10));
		}
		assert_noop!(
			commit(ALICE, admit(9), 10),
			Error::<Test>::TooManyCommitments
		);
		// More to an old one is none more.
		assert_ok!(commit(ALICE, known, 1));
	});
}

#[test]
fn who_has_no_bond_of_its_own_commits_nothing() {
	new_test(|| {
		host(ALICE, 300);
		back(EVE, ALICE, 500);
		assert_ok!(Hosting::unbond(signed(ALICE), 300));
		let model = admit(1);
		assert_noop!(
			Hosting::commit(signed(ALICE), model, 10),
			Error::<Test>::BondTooSmall
		);
	});
}

#[test]
fn what_backers_have_put_up_may_be_committed_too() {
	new_test(|| {
		host(ALICE, 100);
		back(EVE, ALICE, 200);
		let model = admit(1);
		assert_noop!(
			Hosting::commit(signed(ALICE), model, 301),
			Error::<Test>::NotEnoughFree
		);
		assert_ok!(Hosting::commit(signed(ALICE), model, 300));
	});
}

#[test]
fn a_full_model_takes_a_host_for_the_least_of_its_hosts() {
	new_test(|| {
		let model = admit(1);
		for (who, stake) in [(ALICE, 30), (BOB, 20), (CAROL, 40)] {
			host(who, 300);
			commit(who, model, stake);
		}
		host(DAVE, 300);
		assert_noop!(
			Hosting::commit(signed(DAVE), model, 20),
			Error::<Test>::ModelFull
		);
		// Not while it works.
		assert_ok!(lock(BOB, model, 5));
		assert_noop!(
			Hosting::commit(signed(DAVE), model, 25),
			Error::<Test>::ModelFull
		);
		unlock(BOB, model, 5);
		events();
		changes();
		assert_ok!(Hosting::commit(signed(DAVE), model, 21));
		assert_eq!(
			events()[0],
			Event::CommitmentChanged {
				host: BOB,
				model,
				stake: 0,
				cause: Cause::Displaced
			}
		);
		assert_eq!(changes(), [model]);
		assert_eq!(record(BOB).free(), 300);
		let place = |(host, stake)| Place { host, stake };
		assert_eq!(
			HostsOf::<Test>::get(model).to_vec(),
			[(ALICE, 30), (CAROL, 40), (DAVE, 21)].map(place)
		);
	});
}

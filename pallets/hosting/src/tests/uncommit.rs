use frame_support::{assert_noop, assert_ok};
use noema_primitives::hosting::ModelStake;

use crate::{mock::*, types::Cause, Error, Event, HostsOf, ModelPools};

#[test]
fn stake_is_free_at_once_for_another_model() {
	new_test(|| {
		host(ALICE, 300);
		let (one, two) = (admit(1), admit(2));
		commit(ALICE, one, 300);
		events();
		changes();
		assert_ok!(Hosting::uncommit(signed(ALICE), one, 100));
		assert_eq!(
			events(),
			vec![Event::CommitmentChanged {
				host: ALICE,
				model: one,
				stake: 200,
				cause: Cause::Host
			}]
		);
		assert_eq!(changes(), [one]);
		assert_ok!(Hosting::commit(signed(ALICE), two, 100));
		assert_ok!(Hosting::uncommit(signed(ALICE), one, 200));
		assert_eq!(commitment(ALICE, one), None);
		assert_eq!(Hosting::committed(&one), 0);
		assert!(!HostsOf::<Test>::contains_key(one));
		assert!(!ModelPools::<Test>::contains_key(one));
		assert_eq!(record(ALICE).commitments, 1);
	});
}

#[test]
fn each_misuse_has_its_error() {
	new_test(|| {
		let uncommit = |who, model, stake| Hosting::uncommit(signed(who), model, stake);
		let model = admit(1);
		assert_noop!(uncommit(ALICE, model, 10), Error::<Test>::NotHost);
		host(ALICE, 300);
		assert_noop!(uncommit(ALICE, model, 10), Error::<Test>::NotCommitted);
		commit(ALICE, model, 50);
		assert_noop!(uncommit(ALICE, model, 0), Error::<Test>::ZeroAmount);
		assert_noop!(
			uncommit(ALICE, model, 51),
			Error::<Test>::NotEnoughCommitted
		);
		assert_noop!(
			uncommit(ALICE, model, 41),
			Error::<Test>::CommitmentTooSmall
		);
		assert_ok!(lock(ALICE, model, 20));
		assert_noop!(uncommit(ALICE, model, 31), Error::<Test>::StakeLocked);
		assert_ok!(uncommit(ALICE, model, 30));
		unlock(ALICE, model, 20);
		assert_ok!(uncommit(ALICE, model, 20));
	});
}

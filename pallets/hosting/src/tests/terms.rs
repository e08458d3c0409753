use frame_support::{assert_noop, assert_ok};

use crate::{mock::*, types::Terms, Error, Event, StandingHosts};

#[test]
fn terms_are_set_and_told() {
	new_test(|| {
		host(ALICE, 300);
		events();
		assert_ok!(Hosting::set_terms(signed(ALICE), 7, 3, Some(20)));
		let terms = Terms {
			price: 7,
			capacity: 3,
			standing: Some(20),
		};
		assert_eq!(record(ALICE).terms, terms);
		assert_eq!(events(), vec![Event::TermsSet { host: ALICE, terms }]);
	});
}

#[test]
fn terms_have_limits() {
	new_test(|| {
		assert_noop!(
			Hosting::set_terms(signed(ALICE), 0, 0, None),
			Error::<Test>::NotHost
		);
		host(ALICE, 300);
		assert_noop!(
			Hosting::set_terms(signed(ALICE), 0, MAX_CAPACITY + 1, None),
			Error::<Test>::CapacityTooLarge
		);
		assert_noop!(
			Hosting::set_terms(signed(ALICE), 0, 0, Some(MIN_COMMITMENT - 1)),
			Error::<Test>::CommitmentTooSmall
		);
		assert_ok!(Hosting::set_terms(
			signed(ALICE),
			u64::MAX,
			MAX_CAPACITY,
			Some(u64::MAX)
		));
	});
}

#[test]
fn standing_commitments_are_listed_once_and_bounded() {
	new_test(|| {
		for who in [ALICE, BOB, CAROL] {
			host(who, 300);
		}
		let stand = |who, stake| Hosting::set_terms(signed(who), 0, 0, stake);
		assert_ok!(stand(ALICE, Some(10)));
		assert_ok!(stand(BOB, Some(10)));
		assert_ok!(stand(ALICE, Some(20)));
		assert_eq!(StandingHosts::<Test>::get().to_vec(), [ALICE, BOB]);
		assert_noop!(stand(CAROL, Some(10)), Error::<Test>::TooManyStanding);
		assert_ok!(stand(ALICE, None));
		assert_ok!(stand(CAROL, Some(10)));
		assert_eq!(StandingHosts::<Test>::get().to_vec(), [BOB, CAROL]);
		// It ends with the bond.
		assert_ok!(Hosting::unbond(signed(BOB), 300));
		assert_eq!(StandingHosts::<Test>::get().to_vec(), [CAROL]);
		check_invariants();
	});
}

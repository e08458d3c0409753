use frame_support::assert_ok;
use noema_primitives::hosting::{Candidate, JobStake};

use crate::mock::*;

fn candidates(seed: u8, stake: u64, max_price: u64) -> Vec<Candidate<AccountId, u64>> {
	<Hosting as JobStake<_, _>>::candidates(&model(seed), &COST, stake, max_price)
}

fn hosts(seed: u8, stake: u64, max_price: u64) -> Vec<AccountId> {
	candidates(seed, stake, max_price)
		.into_iter()
		.map(|candidate| candidate.host)
		.collect()
}

#[test]
fn they_come_in_the_order_of_their_accounts_with_stake_and_price() {
	new_test(|| {
		let model = admit(1);
		for (who, stake, price) in [(CAROL, 50, 5), (ALICE, 40, 11), (BOB, 60, 0)] {
			host(who, 300);
			assert_ok!(Hosting::set_terms(signed(who), price, 1, None));
			commit(who, model, stake);
		}
		let candidate = |(host, free, price)| Candidate { host, free, price };
		// A tenth of the price of a second, rounded up.
		assert_eq!(
			candidates(1, 0, 10),
			[(ALICE, 40, 2), (BOB, 60, 0), (CAROL, 50, 1)].map(candidate)
		);
		assert_eq!(hosts(1, 41, 10), [BOB, CAROL]);
		assert_eq!(hosts(1, 0, 1), [BOB, CAROL]);
		assert!(hosts(1, 61, 10).is_empty());
		assert!(hosts(2, 0, 10).is_empty());
	});
}

#[test]
fn only_those_that_take_jobs_now() {
	new_test(|| {
		let model = admit(1);
		for who in [ALICE, BOB, CAROL] {
			host(who, 300);
			assert_ok!(Hosting::set_terms(signed(who), 0, 1, None));
			commit(who, model, 50);
		}
		assert_eq!(hosts(1, 0, 0), [ALICE, BOB, CAROL]);
		// One rests, one is at work, one takes no jobs.
		assert_ok!(Hosting::chill(signed(ALICE), Some(3)));
		assert_ok!(lock(BOB, model, 10));
		assert_ok!(Hosting::set_terms(signed(CAROL), 0, 0, None));
		assert!(hosts(1, 0, 0).is_empty());
		System::set_block_number(3);
		assert_ok!(Hosting::set_terms(signed(BOB), 0, 2, None));
		assert_eq!(hosts(1, 0, 0), [ALICE, BOB]);
		// What stands behind one job counts for no other.
		assert_eq!(candidates(1, 0, 0)[1].free, 40);
		assert_ok!(lock(BOB, model, 40));
		unlock(BOB, model, 10);
		assert_eq!(candidates(1, 0, 0)[1].free, 10);
		assert_ok!(lock(BOB, model, 10));
		assert_eq!(hosts(1, 0, 0), [ALICE]);
	});
}

#[test]
fn none_without_a_bond_of_its_own() {
	new_test(|| {
		let model = admit(1);
		host(ALICE, 100);
		back(EVE, ALICE, 300);
		commit(ALICE, model, 200);
		assert_eq!(hosts(1, 0, 0), [ALICE]);
		assert_ok!(lock(ALICE, model, 100));
		assert_eq!(slash(ALICE, model, 100), 100);
		assert!(record(ALICE).own() < MIN_BOND);
		assert!(hosts(1, 0, 0).is_empty());
		assert_ok!(Hosting::bond_extra(signed(ALICE), MIN_BOND));
		assert_eq!(hosts(1, 0, 0), [ALICE]);
	});
}

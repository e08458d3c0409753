//! The hosts' share of the fees of inferences in a block.

use frame_support::{assert_err, assert_ok};
use noema_primitives::{hosting::HostShare, Cost};
use proptest::prelude::*;
use sp_runtime::{DispatchError, TokenError};

use crate::{mock::*, Event, ModelPools};

fn claimable(who: AccountId) -> u64 {
	Hosting::host(who).expect("a host").claimable
}

#[test]
fn a_share_is_for_the_time_of_a_run() {
	let share = |macs| <Hosting as HostShare<_, u64>>::share(&Cost { macs, ..COST });
	assert_eq!((share(0), share(100), share(1_000)), (0, FEE, 10 * FEE));
	// Rounded down.
	assert_eq!((share(1), share(3)), (0, 1));
}

#[test]
fn the_payer_pays_the_hosts_by_their_stake() {
	new_test(|| {
		let model = admit(1);
		for (who, stake) in [(ALICE, 32), (BOB, 96)] {
			host(who, 200);
			commit(who, model, stake);
		}
		events();
		assert_ok!(Hosting::pay(&GINA, &model, 40));
		assert_eq!(events(), vec![Event::FeePaid { model, amount: 40 }]);
		assert_eq!(free(GINA), PLENTY - 40);
		assert_eq!((claimable(ALICE), claimable(BOB)), (10, 30));
		// Another model's hosts have no part in it.
		host(CAROL, 200);
		commit(CAROL, admit(2), 100);
		infer(model);
		assert_eq!(claimable(CAROL), 0);
	});
}

#[test]
fn who_cannot_pay_is_told_and_nothing_moves() {
	new_test(|| {
		let model = admit(1);
		assert_err!(
			atomic(|| Hosting::pay(&NOBODY, &model, 1)),
			DispatchError::Token(TokenError::FundsUnavailable)
		);
		// The payer's account must live on.
		assert!(atomic(|| Hosting::pay(&GINA, &model, PLENTY)).is_err());
		assert_eq!(free(GINA), PLENTY);
		assert_ok!(Hosting::pay(&NOBODY, &model, 0));
	});
}

#[test]
fn who_comes_later_has_no_part_in_earlier_fees() {
	new_test(|| {
		let model = admit(1);
		host(ALICE, 300);
		host(BOB, 300);
		commit(ALICE, model, 64);
		infer(model);
		commit(BOB, model, 64);
		assert_eq!((claimable(ALICE), claimable(BOB)), (FEE, 0));
		infer(model);
		assert_eq!((claimable(ALICE), claimable(BOB)), (FEE + FEE / 2, FEE / 2));
		// And who leaves keeps what it has earned.
		assert_ok!(Hosting::uncommit(signed(ALICE), model, 64));
		infer(model);
		assert_eq!(
			(claimable(ALICE), claimable(BOB)),
			(FEE + FEE / 2, FEE + FEE / 2)
		);
	});
}

#[test]
fn fees_of_a_model_without_hosts_wait_for_some() {
	new_test(|| {
		let model = admit(1);
		infer(model);
		assert_eq!(ModelPools::<Test>::get(model).carry, FEE);
		check_invariants();
		host(ALICE, 300);
		commit(ALICE, model, 128);
		assert_eq!(claimable(ALICE), 0);
		infer(model);
		assert_eq!(claimable(ALICE), 2 * FEE);
	});
}

#[test]
fn what_a_division_leaves_stays_with_the_model() {
	new_test(|| {
		let model = admit(1);
		for who in [ALICE, BOB, CAROL] {
			host(who, 200);
			commit(who, model, 10);
		}
		assert_ok!(Hosting::pay(&GINA, &model, 10));
		assert_eq!(claimable(ALICE), 3);
		for who in [ALICE, BOB, CAROL] {
			assert_ok!(Hosting::uncommit(signed(who), model, 10));
			assert_eq!(record(who).claimable, 3);
		}
		let pool = ModelPools::<Test>::get(model);
		assert_eq!((pool.held, pool.carry), (1, 1));
		check_invariants();
		let issued = Balances::total_issuance();
		remove(model);
		assert!(!ModelPools::<Test>::contains_key(model));
		assert_eq!(Balances::total_issuance(), issued - 1);
	});
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(256))]
	/// Whatever the stakes and the fees, no more is earned than was paid, and all but a unit for
	/// each host.
	#[test]
	fn all_fees_are_earned_but_for_a_unit_each(
		stakes in prop::collection::vec(MIN_COMMITMENT..20_000, 1..=3),
		fees in prop::collection::vec(1u64..2_000, 1..20),
	) {
		new_test(|| {
			let model = admit(1);
			for (who, stake) in (ALICE..).zip(&stakes) {
				host(who, 20_000);
				commit(who, model, *stake);
			}
			for fee in &fees {
				Hosting::pay(&GINA, &model, *fee).expect("pays");
			}
			let paid: u64 = fees.iter().sum();
			let all: u64 = stakes.iter().sum();
			let mut earned = 0;
			for (who, stake) in (ALICE..).zip(&stakes) {
				let mine = claimable(who);
				let exact = paid * stake / all;
				assert!(mine <= exact && mine + 2 >= exact, "{mine} of {exact}");
				earned += mine;
			}
			assert!(earned <= paid && earned + 2 * stakes.len() as u64 >= paid);
		});
	}
}

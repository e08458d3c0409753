use frame_support::{assert_err, assert_noop, assert_ok};
use noema_primitives::hosting::JobStake;

use crate::{mock::*, Error, Event};

/// Pay for a job: it comes to the pot first.
fn pay(who: AccountId, amount: u64) {
	assert_ok!(Balances::transfer_allow_death(
		signed(GINA),
		Hosting::pot(),
		amount
	));
	<Hosting as JobStake<_, _>>::credit(&who, amount);
}

#[test]
fn pay_is_claimed_once() {
	new_test(|| {
		assert_noop!(
			Hosting::claim(signed(ALICE)).map_err(|error| error.error),
			Error::<Test>::NotHost
		);
		host(ALICE, 100);
		assert_err!(claim(ALICE), Error::<Test>::NothingToClaim);
		events();
		pay(ALICE, 70);
		assert_eq!(
			events(),
			vec![Event::Earned {
				host: ALICE,
				amount: 70,
				own: 70
			}]
		);
		assert_ok!(claim(ALICE));
		assert_eq!(
			events(),
			vec![Event::Claimed {
				host: ALICE,
				amount: 70
			}]
		);
		assert_eq!(free(ALICE), PLENTY - 100 + 70);
		assert_eq!(record(ALICE).earned, 70);
		assert_err!(claim(ALICE), Error::<Test>::NothingToClaim);
	});
}

#[test]
fn backers_have_their_part_in_what_their_shares_are_worth() {
	new_test(|| {
		host(ALICE, 100);
		back(EVE, ALICE, 200);
		pay(ALICE, 31);
		assert_eq!(record(ALICE).claimable, 11);
		assert_eq!(record(ALICE).pool.value, 220);
		assert_eq!(record(ALICE).earned, 31);
		// Stake that has been earned may be committed at once.
		assert_eq!(record(ALICE).active(), 320);
		assert_ok!(unback(EVE, ALICE, u64::MAX));
		wait();
		assert_ok!(Hosting::withdraw(signed(EVE), ALICE));
		assert_eq!(free(EVE), PLENTY + 20);
	});
}

#[test]
fn fees_are_settled_by_a_claim() {
	new_test(|| {
		host(ALICE, 500);
		let models = [admit(1), admit(2)];
		for model in models {
			commit(ALICE, model, 128);
			infer(model);
			infer(model);
		}
		let done = Hosting::claim(signed(ALICE)).expect("claims");
		let weight = <<Test as crate::Config>::WeightInfo as crate::WeightInfo>::claim(2);
		assert_eq!(done.actual_weight, Some(weight));
		assert_eq!(free(ALICE), PLENTY - 500 + 4 * FEE);
		assert_err!(claim(ALICE), Error::<Test>::NothingToClaim);
	});
}

#[test]
fn who_is_paid_after_it_has_left_may_claim() {
	new_test(|| {
		pay(ALICE, 70);
		assert_ok!(claim(ALICE));
		assert_eq!(free(ALICE), PLENTY + 70);
		assert!(!crate::Hosts::<Test>::contains_key(ALICE));
	});
}

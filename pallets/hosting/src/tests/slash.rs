use frame_support::assert_ok;
use noema_primitives::hosting::JobStake;
use proptest::prelude::*;

use crate::{mock::*, types::Cause, Event};

fn slash_for(
	who: AccountId,
	locked: u64,
	amount: u64,
	reward: u64,
	beneficiaries: &[AccountId],
) -> u64 {
	<Hosting as JobStake<_, _>>::slash(&who, &model(1), locked, amount, reward, beneficiaries)
}

#[test]
fn host_and_backers_lose_pro_rata_and_the_rest_is_unlocked() {
	new_test(|| {
		host(ALICE, 100);
		back(EVE, ALICE, 300);
		let model = admit(1);
		commit(ALICE, model, 200);
		assert_ok!(lock(ALICE, model, 120));
		let issued = Balances::total_issuance();
		events();
		changes();
		assert_eq!(slash_for(ALICE, 120, 80, 0, &[]), 80);
		assert_eq!(Balances::total_issuance(), issued - 80);
		assert_eq!((held(ALICE), record(ALICE).pool.value), (80, 240));
		assert_eq!(stake(ALICE, model), 120);
		let host = record(ALICE);
		assert_eq!((host.locked, host.assigned, host.slashed), (0, 0, 80));
		assert_eq!(
			events(),
			vec![
				Event::CommitmentChanged {
					host: ALICE,
					model,
					stake: 120,
					cause: Cause::Slashed
				},
				Event::Slashed {
					host: ALICE,
					model,
					amount: 80,
					own: 20,
					burnt: 80
				}
			]
		);
		assert_eq!(changes(), [model]);
	});
}

#[test]
fn a_reward_is_shared_in_equal_parts_and_what_is_left_is_burnt() {
	new_test(|| {
		host(ALICE, 200);
		let model = admit(1);
		commit(ALICE, model, 200);
		assert_ok!(lock(ALICE, model, 200));
		let issued = Balances::total_issuance();
		assert_eq!(slash_for(ALICE, 200, 200, 100, &[BOB, CAROL, DAVE]), 200);
		for who in [BOB, CAROL, DAVE] {
			assert_eq!(free(who), PLENTY + 33);
		}
		assert_eq!(Balances::total_issuance(), issued - 101);
	});
}

#[test]
fn nobody_gains_more_than_half_of_what_the_host_itself_loses() {
	new_test(|| {
		host(ALICE, 100);
		back(EVE, ALICE, 300);
		let model = admit(1);
		commit(ALICE, model, 200);
		assert_ok!(lock(ALICE, model, 200));
		let issued = Balances::total_issuance();
		// 50 of them are the host's own.
		assert_eq!(slash_for(ALICE, 200, 200, 100, &[BOB]), 200);
		assert_eq!(free(BOB), PLENTY + 25);
		assert_eq!(Balances::total_issuance(), issued - 175);
	});
}

#[test]
fn an_account_that_could_not_live_on_its_part_gets_none() {
	new_test(|| {
		host(ALICE, 200);
		let model = admit(1);
		commit(ALICE, model, 200);
		assert_ok!(lock(ALICE, model, 100));
		let issued = Balances::total_issuance();
		let reward = 2 * (ED - 1);
		assert_eq!(slash_for(ALICE, 100, 100, reward, &[NOBODY, BOB]), 100);
		assert_eq!((free(NOBODY), free(BOB)), (0, PLENTY + ED - 1));
		assert_eq!(Balances::total_issuance(), issued - 100 + ED - 1);
	});
}

#[test]
fn no_more_is_taken_than_is_locked_and_the_reward_gives_way() {
	new_test(|| {
		host(ALICE, 200);
		let model = admit(1);
		commit(ALICE, model, 200);
		assert_ok!(lock(ALICE, model, 50));
		let issued = Balances::total_issuance();
		// 60 were to be burnt at least, so nothing is left for a reward.
		assert_eq!(slash_for(ALICE, 70, 100, 40, &[BOB]), 50);
		assert_eq!(free(BOB), PLENTY);
		assert_eq!(Balances::total_issuance(), issued - 50);
	});
}

#[test]
fn what_is_on_its_way_out_loses_too() {
	new_test(|| {
		host(ALICE, 400);
		let model = admit(1);
		commit(ALICE, model, 100);
		assert_ok!(lock(ALICE, model, 100));
		assert_ok!(Hosting::unbond(signed(ALICE), 200));
		assert_eq!(slash(ALICE, model, 100), 100);
		assert_eq!(record(ALICE).own(), 150);
		wait();
		assert_ok!(Hosting::withdraw_unbonded(signed(ALICE)));
		assert_eq!(free(ALICE), PLENTY - 400 + 150);
	});
}

#[test]
fn fees_up_to_the_slash_are_those_of_all_the_stake() {
	new_test(|| {
		host(ALICE, 200);
		let model = admit(1);
		commit(ALICE, model, 128);
		assert_ok!(lock(ALICE, model, 64));
		infer(model);
		assert_eq!(slash(ALICE, model, 64), 64);
		assert_eq!(record(ALICE).claimable, FEE);
		infer(model);
		assert_eq!(Hosting::host(ALICE).expect("a host").claimable, 2 * FEE);
	});
}

#[test]
fn a_commitment_that_a_slash_leaves_too_small_goes() {
	new_test(|| {
		host(ALICE, 200);
		let model = admit(1);
		commit(ALICE, model, 100);
		assert_ok!(lock(ALICE, model, 95));
		assert_eq!(slash(ALICE, model, 95), 95);
		assert_eq!(commitment(ALICE, model), None);
	});
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(512))]
	/// To the unit: what is taken is what host and backers lose, and what is burnt and what others
	/// get is what is taken; at least what was to be burnt is.
	#[test]
	fn a_slash_balances(
		bond in MIN_BOND..5_000,
		backing in MIN_BACKING..20_000,
		unbond in 0u64..5_000,
		part in 1u64..20_000,
		amount in 0u64..20_000,
		reward in 0u64..20_000,
		count in 0usize..4,
	) {
		new_test(|| {
			host(ALICE, bond);
			let backing = backing.min(bond * u64::from(MAX_LEVERAGE));
			back(EVE, ALICE, backing);
			let model = admit(1);
			let unbond = unbond.min(bond.saturating_sub(MIN_BOND));
			if unbond > 0 {
				let _ = Hosting::unbond(signed(ALICE), unbond);
			}
			let part = part.min(record(ALICE).free()).max(MIN_COMMITMENT);
			commit(ALICE, model, part);
			lock(ALICE, model, part).expect("locks");

			let issued = Balances::total_issuance();
			let (held_before, pool) = (held(ALICE), record(ALICE).pool.value as u64);
			let beneficiaries = [BOB, CAROL, DAVE];
			let reward = reward.min(amount);
			let taken = slash_for(ALICE, part, amount, reward, &beneficiaries[..count]);
			prop_assert_eq!(taken, amount.min(part));
			let lost = held_before - held(ALICE) + (pool - record(ALICE).pool.value as u64);
			prop_assert_eq!(lost, taken);
			let gained: u64 = [BOB, CAROL, DAVE].iter().map(|who| free(*who) - PLENTY).sum();
			let burnt = issued - Balances::total_issuance();
			prop_assert_eq!(burnt + gained, taken);
			prop_assert!(gained <= reward);
			prop_assert!(burnt >= taken.min(amount - reward));
			Ok(())
		})?;
	}
}

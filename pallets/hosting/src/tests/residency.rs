//! What the registry of models asks, and what it tells.

use frame_support::{assert_ok, weights::Weight};
use noema_primitives::{
	hosting::{ModelStake, MAX_CANDIDATES},
	Cost, ModelReport,
};

use crate::{mock::*, types::Cause, weights::WeightInfo, Config, Event, HostsOf, ModelPools};

type Weights = <Test as Config>::WeightInfo;

#[test]
fn the_requirement_grows_with_plan_and_cost() {
	let requirement = |plan_bytes, macs| {
		let cost = Cost { macs, ..COST };
		Hosting::requirement_of(&ModelReport {
			plan_bytes,
			cost,
			..report()
		})
	};
	assert_eq!(requirement(0, 0), 0);
	assert_eq!(requirement(7, 0), 7);
	assert_eq!(requirement(7, 100), 107);
	assert_eq!(requirement(u64::MAX, u64::MAX), u64::MAX);
	new_test(|| {
		let model = admit(1);
		assert_eq!(Hosting::requirement(model), Some(REQUIREMENT));
		assert_eq!(Hosting::requirement(crate::mock::model(2)), None);
	});
}

#[test]
fn a_model_is_covered_from_its_requirement_on() {
	new_test(|| {
		let model = admit(1);
		host(ALICE, 300);
		host(BOB, 300);
		commit(ALICE, model, REQUIREMENT - 10);
		assert!(!Hosting::is_covered(&model, &report()));
		commit(BOB, model, 10);
		assert!(Hosting::is_covered(&model, &report()));
		assert_eq!(Hosting::committed(&model), u128::from(REQUIREMENT));
		assert!(Hosting::decides());
	});
}

#[test]
fn standing_commitments_take_up_new_models_while_there_is_stake() {
	new_test(|| {
		for who in [ALICE, BOB] {
			host(who, 300);
			assert_ok!(Hosting::set_terms(signed(who), 0, 0, Some(130)));
		}
		assert_ok!(Hosting::unbond(signed(BOB), 50));
		events();
		changes();
		let models = [admit(1), admit(2), admit(3)];
		assert_eq!(models.map(|model| stake(ALICE, model)), [130, 130, 0]);
		assert_eq!(models.map(|model| stake(BOB, model)), [130, 0, 0]);
		assert!(changes().is_empty(), "the registry asks by itself");
		let taken = events().into_iter().all(|event| {
			matches!(
				event,
				Event::CommitmentChanged {
					stake: 130,
					cause: Cause::Standing,
					..
				}
			)
		});
		assert!(taken);
	});
}

#[test]
fn a_standing_commitment_is_made_once() {
	new_test(|| {
		host(ALICE, 500);
		assert_ok!(Hosting::set_terms(signed(ALICE), 0, 1, Some(130)));
		let model = admit(1);
		assert_ok!(lock(ALICE, model, 100));
		remove(model);
		// The same file comes back before the job is over.
		assert_eq!(admit(1), model);
		assert_eq!(stake(ALICE, model), 100);
		unlock(ALICE, model, 100);
		assert_eq!(stake(ALICE, model), 100);
	});
}

#[test]
fn what_was_committed_to_a_model_that_is_gone_is_free() {
	new_test(|| {
		let model = admit(1);
		for (who, stake) in [(ALICE, 128), (BOB, 64)] {
			host(who, 300);
			commit(who, model, stake);
		}
		infer(model);
		events();
		remove(model);
		assert_eq!((record(ALICE).free(), record(BOB).free()), (300, 300));
		assert!(!HostsOf::<Test>::contains_key(model));
		assert!(!ModelPools::<Test>::contains_key(model));
		// What it has earned stays earned, but for what rounding has left.
		assert_eq!((record(ALICE).claimable, record(BOB).claimable), (33, 16));
		let gone = events()
			.into_iter()
			.filter(|event| {
				matches!(
					event,
					Event::CommitmentChanged {
						stake: 0,
						cause: Cause::ModelGone,
						..
					}
				)
			})
			.count();
		assert_eq!(gone, 2);
	});
}

#[test]
fn removal_weighs_the_hosts_that_are_told() {
	new_test(|| {
		let model = admit(1);
		assert_eq!(Hosting::removal_weight(&model), Weight::zero());
		host(ALICE, 300);
		commit(ALICE, model, 100);
		assert_eq!(Hosting::removal_weight(&model), Weights::on_removed(1));
		assert!(Hosting::removal_weight(&model).all_lte(Hosting::heaviest_removal()));
		assert_eq!(
			Hosting::admission_weight(),
			Weights::on_admitted(MAX_STANDING_HOSTS)
		);
		const { assert!(MAX_HOSTS_PER_MODEL <= MAX_CANDIDATES) };
	});
}

//! Stake decides which models are resident.

use frame_support::{assert_ok, traits::Hooks};
use noema_primitives::{ModelId, ModelRegistry, ModelStage, ResolveError, WorkStage};

use crate::{
	mock::*, types::Cause, weights::WeightInfo, Config, Contenders, Event, StakeChanges,
	WorkingBytes,
};

type Weights = <Test as Config>::WeightInfo;

/// Admits a model with a plan of `plan_bytes`, to which nobody is committed.
fn admit(seed: u64, plan_bytes: u64) -> ModelId {
	let id = submit(ALICE, &model(seed, plan_bytes));
	run_until(id, |stage| stage == Some(ModelStage::Dormant));
	id
}

/// And commits so much that it becomes resident.
fn settle(seed: u64, plan_bytes: u64, stake: u128) -> ModelId {
	let id = admit(seed, plan_bytes);
	commit(id, stake);
	run_until(id, |stage| stage == Some(ModelStage::Resident));
	id
}

fn with_stake(test: impl FnOnce()) {
	new_test(|| {
		stake_decides();
		test();
	});
}

fn leaving(id: ModelId) -> Option<u64> {
	match stage(id) {
		Some(ModelStage::Leaving { until }) => Some(until),
		_ => None,
	}
}

#[test]
fn a_model_matures_from_the_block_after_it_is_covered() {
	with_stake(|| {
		let id = submit(ALICE, &model(0, 100));
		run_to(1 + ADMISSION_DELAY);
		assert_eq!(stage(id), Some(ModelStage::Dormant));
		let admitted = Event::ModelAdmitted {
			model: id,
			plan_bytes: 100,
		};
		assert_eq!(events(), vec![admitted]);
		commit(id, 99);
		run_to(20);
		assert_eq!(stage(id), Some(ModelStage::Dormant));
		assert_eq!(WorkingBytes::<Test>::get(), 0, "nobody need hold its plan");

		commit(id, 100);
		assert_eq!(stage(id), Some(ModelStage::Dormant));
		next_block();
		let resident = 21 + MATURITY_PERIOD;
		assert_eq!(stage(id), Some(ModelStage::Maturing { resident }));
		assert_eq!(
			events(),
			vec![Event::ModelMaturing {
				model: id,
				resident
			}]
		);
		check_invariants();
		run_to(resident - 1);
		assert_eq!(stage(id), Some(ModelStage::Maturing { resident }));
		next_block();
		assert_eq!(stage(id), Some(ModelStage::Resident));
		assert_eq!(events(), vec![Event::ModelResident { model: id }]);
	});
}

#[test]
fn standing_commitments_make_a_model_mature_at_once() {
	with_stake(|| {
		standing(100);
		let covered = submit(ALICE, &model(0, 100));
		let other = submit(ALICE, &model(1, 101));
		run_to(1 + ADMISSION_DELAY);
		let resident = 1 + ADMISSION_DELAY + MATURITY_PERIOD;
		assert_eq!(stage(covered), Some(ModelStage::Maturing { resident }));
		next_block();
		assert_eq!(stage(other), Some(ModelStage::Dormant));
	});
}

#[test]
fn the_working_set_has_no_dormant_models_but_those_under_notice() {
	with_stake(|| {
		let resident = settle(0, 10, 10);
		admit(1, 10);
		let maturing = admit(2, 10);
		let stages = || {
			let items = ModelsPallet::working_set().into_iter();
			items
				.map(|item| (item.location.id, item.stage))
				.collect::<Vec<_>>()
		};
		commit(resident, 9);
		commit(maturing, 10);
		next_block();
		assert!(leaving(resident).is_some());
		let expected = [
			(resident, WorkStage::Resident),
			(maturing, WorkStage::Maturing),
		];
		assert_eq!(stages(), expected);
	});
}

#[test]
fn a_model_that_loses_its_cover_has_notice_then_sleeps() {
	with_stake(|| {
		let id = settle(0, 100, 100);
		let name = release_id(ALICE, "a", "1");
		assert_ok!(release(ALICE, id, "a", "1", 0));
		next_block();
		commit(id, 99);
		next_block();
		let until = System::block_number() + RESIDENCY_NOTICE;
		assert_eq!(leaving(id), Some(until));
		let notice = Event::NoticeGiven {
			model: id,
			until,
			cause: Cause::NotCovered,
		};
		assert_eq!(events(), vec![notice]);
		check_invariants();
		run_to(until - 1);
		assert!(ModelsPallet::resolve(&name).is_ok(), "it may be called");
		next_block();
		assert_eq!(stage(id), Some(ModelStage::Dormant));
		assert_eq!(events(), vec![Event::ModelDormant { model: id }]);
		assert_eq!(ModelsPallet::resolve(&name), Err(ResolveError::NotResident));
		assert_eq!(WorkingBytes::<Test>::get(), 0);
		check_invariants();

		// It returns as it has come.
		commit(id, 100);
		next_block();
		let resident = until + 1 + MATURITY_PERIOD;
		assert_eq!(stage(id), Some(ModelStage::Maturing { resident }));
		run_to(resident);
		assert!(ModelsPallet::resolve(&name).is_ok());
	});
}

#[test]
fn cover_that_returns_in_time_keeps_the_model() {
	with_stake(|| {
		let id = settle(0, 100, 100);
		commit(id, 0);
		next_block();
		let until = leaving(id).expect("it has notice");
		run_to(until - 1);
		commit(id, 100);
		next_block();
		assert_eq!(stage(id), Some(ModelStage::Resident));
		assert_eq!(events(), vec![Event::NoticeWithdrawn { model: id }]);
		run_to(until + 20);
		assert_eq!(stage(id), Some(ModelStage::Resident));
	});
}

#[test]
fn a_maturing_model_that_loses_its_cover_sleeps_when_it_would_be_resident() {
	with_stake(|| {
		let id = admit(0, 100);
		commit(id, 100);
		next_block();
		commit(id, 99);
		next_block();
		assert!(matches!(stage(id), Some(ModelStage::Maturing { .. })));
		run_until(id, |stage| stage == Some(ModelStage::Dormant));
		assert_eq!(events(), vec![Event::ModelDormant { model: id }]);
	});
}

#[test]
fn the_least_stake_by_byte_leaves_for_more() {
	with_stake(|| {
		// 1,000 bytes in all.
		let dear = settle(0, 400, 1_200);
		let cheap = settle(1, 300, 600);
		let dearest = settle(2, 300, 3_000);
		let id = admit(3, 200);
		commit(id, 400);
		run_to(System::block_number() + 10);
		assert_eq!(stage(id), Some(ModelStage::Dormant), "as much is not more");
		assert_eq!(Contenders::<Test>::get().len(), 1);

		commit(id, 401);
		next_block();
		let until = System::block_number() + RESIDENCY_NOTICE;
		let notice = Event::NoticeGiven {
			model: cheap,
			until,
			cause: Cause::Displaced,
		};
		assert_eq!(events(), vec![notice]);
		next_block();
		assert_eq!(events(), vec![], "one is enough");
		run_to(until);
		assert_eq!(stage(cheap), Some(ModelStage::Dormant));
		let resident = until + MATURITY_PERIOD;
		assert_eq!(stage(id), Some(ModelStage::Maturing { resident }));
		check_invariants();
		for kept in [dear, dearest] {
			assert_eq!(stage(kept), Some(ModelStage::Resident));
		}

		// What was displaced is covered: it returns once there is room.
		assert_ok!(ModelsPallet::remove_model(
			RuntimeOrigin::signed(ALICE),
			dear
		));
		next_block();
		assert_eq!(stage(cheap), Some(ModelStage::Dormant), "too much matures");
		run_to(resident);
		assert!(matches!(stage(cheap), Some(ModelStage::Maturing { .. })));
	});
}

#[test]
fn a_displaced_model_may_outbid() {
	with_stake(|| {
		let incumbent = settle(0, 400, 400);
		let other = settle(1, 400, 500);
		let id = admit(2, 300);
		commit(id, 301);
		next_block();
		let until = leaving(incumbent).expect("it has the least");
		commit(incumbent, 402);
		run_to(until);
		// 402 of 400 is more than 301 of 300.
		assert_eq!(events()[0], Event::NoticeWithdrawn { model: incumbent });
		assert_eq!(stage(incumbent), Some(ModelStage::Resident));
		assert_eq!(stage(other), Some(ModelStage::Resident));
		run_to(until + 20);
		assert_eq!(stage(id), Some(ModelStage::Dormant));
	});
}

#[test]
fn who_bids_and_withdraws_displaces_nobody() {
	with_stake(|| {
		let incumbent = settle(0, 400, 400);
		settle(1, 400, 500);
		let id = admit(2, 300);
		commit(id, 301);
		next_block();
		let until = leaving(incumbent).expect("it has the least");
		commit(id, 0);
		run_to(until);
		assert_eq!(stage(incumbent), Some(ModelStage::Resident));
		assert_eq!(stage(id), Some(ModelStage::Dormant));
		assert!(Contenders::<Test>::get().is_empty());
	});
}

#[test]
fn none_leave_if_all_lesser_ones_together_make_no_room() {
	with_stake(|| {
		let small = settle(0, 200, 200);
		let large = settle(1, 400, 4_000);
		let rest = settle(2, 400, 4_000);
		let id = admit(3, 300);
		commit(id, 600);
		run_to(System::block_number() + 20);
		for kept in [small, large, rest] {
			assert_eq!(stage(kept), Some(ModelStage::Resident));
		}
		assert_eq!(stage(id), Some(ModelStage::Dormant));

		// It does not keep out one behind it that has hope.
		let other = admit(4, 200);
		commit(other, 300);
		next_block();
		assert!(leaving(small).is_some());
		run_until(other, |stage| stage == Some(ModelStage::Resident));
	});
}

#[test]
fn several_leave_for_a_large_one() {
	with_stake(|| {
		let small: Vec<ModelId> = (0..5).map(|seed| settle(seed, 200, 200)).collect();
		let id = admit(9, 400);
		commit(id, 401);
		next_block();
		next_block();
		let left: Vec<bool> = small.iter().map(|id| leaving(*id).is_some()).collect();
		assert_eq!(left, [true, true, false, false, false], "the oldest first");
		run_until(id, |stage| stage == Some(ModelStage::Resident));
		check_invariants();
		assert_eq!(WorkingBytes::<Test>::get(), 1_000);
	});
}

#[test]
fn a_better_claim_is_first_and_others_wait_behind_it() {
	with_stake(|| {
		let first = settle(0, 400, 4_000);
		let second = settle(1, 400, 4_000);
		settle(2, 100, 100);
		// 100 bytes are free. The better one needs 200.
		let better = admit(3, 200);
		let small = admit(4, 100);
		commit(small, 110);
		commit(better, 400);
		next_block();
		assert_eq!(stage(small), Some(ModelStage::Dormant));
		run_until(better, |stage| stage == Some(ModelStage::Resident));
		run_to(System::block_number() + 10);
		assert_eq!(stage(small), Some(ModelStage::Dormant));
		for kept in [first, second] {
			assert_eq!(stage(kept), Some(ModelStage::Resident));
		}
	});
}

#[test]
fn a_place_counts_as_its_share_of_the_bytes() {
	with_stake(|| {
		let tiny: Vec<ModelId> = (0..10).map(|seed| settle(seed, 1, 90)).collect();
		// 100 bytes for each of ten places: 90 of 100 is less than 190 of 200.
		let id = admit(20, 200);
		commit(id, 200);
		next_block();
		assert!(leaving(tiny[0]).is_some());
		run_until(id, |stage| stage == Some(ModelStage::Resident));
		// And as much of a place is not more.
		let other = admit(21, 1);
		commit(other, 90);
		run_to(System::block_number() + 10);
		assert_eq!(stage(other), Some(ModelStage::Dormant));
	});
}

#[test]
fn contenders_wait_until_enough_has_matured() {
	with_stake(|| {
		let ids = [admit(0, 300), admit(1, 200), admit(2, 50)];
		commit(ids[0], 900);
		commit(ids[1], 400);
		commit(ids[2], 50);
		next_block();
		next_block();
		let maturing = |id| matches!(stage(id), Some(ModelStage::Maturing { .. }));
		assert!(maturing(ids[0]));
		// The small one would fit, but has the lesser claim.
		assert!(!maturing(ids[1]) && !maturing(ids[2]));
		run_until(ids[0], |stage| stage == Some(ModelStage::Resident));
		assert!(maturing(ids[1]));
		next_block();
		assert!(maturing(ids[2]));
	});
}

#[test]
fn a_plan_that_never_fits_is_for_jobs_alone() {
	with_stake(|| {
		for plan_bytes in [MAX_MATURING_BYTES + 1, MAX_RESIDENT_BYTES + 1] {
			let id = admit(plan_bytes, plan_bytes);
			commit(id, u128::MAX);
			run_to(System::block_number() + 5);
			assert_eq!(stage(id), Some(ModelStage::Dormant));
			assert!(Contenders::<Test>::get().is_empty());
			assert_ok!(open_job(id));
			end_job(id);
		}
	});
}

#[test]
fn any_model_that_can_be_paid_for_is_admitted_where_stake_decides() {
	with_stake(|| {
		// More than all places, and more than all bytes.
		let ids: Vec<ModelId> = (0..12).map(|seed| admit(seed, 300)).collect();
		for id in &ids {
			assert_eq!(stage(*id), Some(ModelStage::Dormant));
		}
		let last = ids[11];
		assert_ok!(ModelsPallet::remove_model(
			RuntimeOrigin::signed(ALICE),
			last
		));
		next_block();
		assert_eq!(stage(last), None);
	});
}

#[test]
fn looks_at_stake_are_bounded_and_each_model_is_looked_at_once() {
	with_stake(|| {
		let ids: Vec<ModelId> = (0..10).map(|seed| admit(seed, 1)).collect();
		for stake in 1..4 {
			for id in &ids {
				commit(*id, stake);
			}
		}
		assert_eq!(StakeChanges::<Test>::iter_keys().count(), 10);
		let now = System::block_number() + 1;
		System::set_block_number(now);
		let weight = ModelsPallet::on_initialize(now);
		let idle = Weights::on_initialize_idle();
		assert_eq!(weight, idle + Weights::look(8) + Weights::contend());
		assert_eq!(StakeChanges::<Test>::iter_keys().count(), 2);
		check_invariants();
		next_block();
		assert_eq!(StakeChanges::<Test>::iter_keys().count(), 0);
	});
}

#[test]
fn ends_of_notices_are_bounded_and_late_ones_stay_callable() {
	with_stake(|| {
		let ids: Vec<ModelId> = (0..6).map(|seed| settle(seed, 1, 1)).collect();
		for id in &ids {
			commit(*id, 0);
		}
		next_block();
		let until = leaving(ids[0]).expect("it has notice");
		run_to(until - 1);
		System::set_block_number(until);
		let weight = ModelsPallet::on_initialize(until);
		let idle = Weights::on_initialize_idle();
		assert_eq!(weight, idle + Weights::end_notice(4));
		let callable = |id: &&ModelId| stage(**id).is_some_and(|stage| stage.is_callable());
		assert_eq!(ids.iter().filter(callable).count(), 2);
		check_invariants();
		next_block();
		assert_eq!(ids.iter().filter(callable).count(), 0);
	});
}

#[test]
fn the_weakest_contender_makes_way_in_a_full_list() {
	with_stake(|| {
		let most = crate::residency::MAX_CONTENDERS as usize;
		let id = admit(0, 400);
		commit(id, 400);
		let waiting: Vec<_> = (0..most)
			.map(|seed| crate::types::Contender {
				id: ModelId([seed as u8; 32]),
				plan_bytes: 100,
				stake: 99 + seed as u128,
			})
			.collect();
		let list =
			|list: Vec<_>| Contenders::<Test>::put(frame_support::BoundedVec::truncate_from(list));
		list(waiting.clone());
		ModelsPallet::contend(id);
		let listed = Contenders::<Test>::get();
		// 400 of 400 is more than 99 of 100, and as much as 100 of 100.
		assert_eq!(listed[0].id, id);
		assert_eq!(listed[1..], waiting[1..]);
		list(waiting[1..].iter().chain([&waiting[1]]).cloned().collect());
		ModelsPallet::contend(id);
		assert!(Contenders::<Test>::get().iter().all(|known| known.id != id));
		Contenders::<Test>::kill();
		ModelsPallet::contend(id);
	});
}

#[test]
fn a_model_may_be_removed_whatever_its_stage() {
	with_stake(|| {
		let origin = || RuntimeOrigin::signed(ALICE);
		let dormant = admit(0, 10);
		let contender = admit(1, 10);
		let maturing = admit(2, 10);
		let resident = settle(3, 10, 10);
		let under_notice = settle(4, 10, 10);
		commit(under_notice, 0);
		commit(maturing, 10);
		next_block();
		assert!(leaving(under_notice).is_some());
		assert!(matches!(stage(maturing), Some(ModelStage::Maturing { .. })));
		commit(contender, 10);
		for id in [dormant, contender, maturing, resident, under_notice] {
			assert_ok!(ModelsPallet::remove_model(origin(), id));
			check_invariants();
		}
		for _ in 0..10 {
			next_block();
			check_invariants();
		}
		assert_eq!(crate::Models::<Test>::iter_keys().count(), 0);
		assert_eq!(StakeChanges::<Test>::iter_keys().count(), 0);
	});
}

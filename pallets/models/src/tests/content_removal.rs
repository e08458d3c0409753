//! `remove_content` and `lift_ban`.

use frame_support::{assert_noop, assert_ok, traits::Hooks};
use noema_primitives::{ModelId, ModelRegistry, ModelStage, ResolveError, CHUNK_SIZE};
use sp_runtime::DispatchError;

use crate::{mock::*, weights::WeightInfo, Banned, Config, Error, Event, Voids};

type Weights = <Test as Config>::WeightInfo;

#[test]
fn the_model_goes_its_releases_are_retired_and_it_stays_banned() {
	new_test(|| {
		let before = Balances::free_balance(ALICE);
		let file = model_sized(0, 1, 3 * CHUNK_SIZE);
		let id = make_resident(ALICE, &file);
		for version in 0..9 {
			assert_ok!(release(BOB, id, "a", &version.to_string(), 0));
		}
		next_block();
		let name = release_id(BOB, "a", "0");
		assert!(ModelsPallet::resolve(&name).is_ok());

		assert_ok!(ban(id));
		assert_eq!(ModelsPallet::resolve(&name), Err(ResolveError::NotResident));
		assert_eq!(Balances::free_balance(ALICE), before);
		assert_eq!(
			events(),
			vec![
				Event::ContentBanned { model: id },
				Event::ModelRemovalStarted { model: id }
			]
		);
		check_invariants();
		// The chunks first: then there is weight for five releases.
		let now = System::block_number() + 1;
		System::set_block_number(now);
		let weight = ModelsPallet::on_initialize(now);
		let expected = Weights::remove_chunks(8) + Weights::retire() * 5;
		assert_eq!(weight, Weights::on_initialize_idle() + expected);
		assert_eq!(crate::Chunks::<Test>::iter_keys().count(), 0);
		check_invariants();
		// The owner may be faster.
		let left = (0..9).find(|version| {
			let name = release_id(BOB, "a", &version.to_string());
			!ModelsPallet::release_info(&name).expect("kept").retired
		});
		assert_ok!(retire(BOB, "a", &left.expect("some are left").to_string()));
		check_invariants();
		next_block();
		assert_eq!(stage(id), None);
		assert_eq!(ModelsPallet::resolve(&name), Err(ResolveError::Retired));

		let begin = || ModelsPallet::begin_upload(RuntimeOrigin::signed(BOB), id, 1);
		assert_noop!(begin(), Error::<Test>::ContentBanned);
		assert_ok!(ModelsPallet::lift_ban(RuntimeOrigin::root(), id));
		assert_eq!(make_resident(ALICE, &file), id);
	});
}

#[test]
fn only_the_administrator() {
	new_test(|| {
		let id = make_resident(ALICE, &model(0, 1));
		let origin = || RuntimeOrigin::signed(ALICE);
		assert_noop!(
			ModelsPallet::remove_content(origin(), id),
			DispatchError::BadOrigin
		);
		assert_noop!(
			ModelsPallet::lift_ban(origin(), id),
			DispatchError::BadOrigin
		);
		assert_noop!(
			ModelsPallet::lift_ban(RuntimeOrigin::root(), id),
			Error::<Test>::NotBanned
		);
		assert_ok!(ban(id));
		assert_noop!(ban(id), Error::<Test>::AlreadyBanned);
	});
}

#[test]
fn a_model_is_banned_whatever_its_stage_and_before_it_comes() {
	new_test(|| {
		stake_decides();
		let unknown = ModelId([9; 32]);
		let untouched = ModelId([8; 32]);
		assert_ok!(ModelsPallet::begin_upload(
			RuntimeOrigin::signed(ALICE),
			untouched,
			9
		));
		let dormant = submit(ALICE, &model(2, 1));
		let maturing = submit(ALICE, &model(3, 1));
		run_until(maturing, |stage| stage == Some(ModelStage::Dormant));
		commit(maturing, 1);
		next_block();
		assert!(matches!(stage(maturing), Some(ModelStage::Maturing { .. })));
		let file = model(0, 1);
		let uploading = ModelId::of(&file);
		upload_as(ALICE, uploading, &file);
		let queued = submit(ALICE, &model(1, 1));
		let all = [unknown, untouched, uploading, queued, dormant, maturing];
		for id in all {
			assert_ok!(ban(id));
			check_invariants();
		}
		for _ in 0..5 {
			next_block();
			check_invariants();
		}
		assert_eq!(crate::Models::<Test>::iter_keys().count(), 0);
		assert_eq!(Banned::<Test>::iter_keys().count(), all.len());
	});
}

#[test]
fn open_jobs_end_one_a_block_by_turns() {
	new_test(|| {
		let ids = [0, 1].map(|seed| make_resident(ALICE, &model(seed, 1)));
		for id in [ids[0], ids[0], ids[1], ids[1]] {
			assert_ok!(open_job(id));
		}
		assert_ok!(ban(ids[0]));
		assert_ok!(ban(ids[1]));
		check_invariants();
		let mut open = Vec::new();
		for _ in 0..4 {
			next_block();
			open.push(jobs());
			check_invariants();
		}
		let [a, b] = ids;
		assert_eq!(open, [vec![a, b, b], vec![a, b], vec![b], vec![]]);
		assert!(Voids::<Test>::get().is_empty());
		assert_eq!(ids.map(stage), [None, None]);
	});
}

#[test]
fn the_end_of_a_job_weighs_and_is_put_off_by_a_large_admission() {
	new_test(|| {
		let id = make_resident(ALICE, &model(0, 1));
		let large = submit(ALICE, &model_sized(1, 10, CHUNK_SIZE));
		let Some(ModelStage::Queued { admission }) = stage(large) else {
			panic!("it is queued");
		};
		run_to(admission - 1);
		assert_ok!(open_job(id));
		assert_ok!(open_job(id));
		assert_ok!(ban(id));
		next_block();
		assert!(matches!(stage(large), Some(ModelStage::Maturing { .. })));
		assert_eq!(jobs().len(), 2);
		let now = System::block_number() + 1;
		System::set_block_number(now);
		let weight = ModelsPallet::on_initialize(now);
		let ended = Weights::void() + JOB_WEIGHT;
		assert_eq!(weight, Weights::on_initialize_idle() + ended);
		assert_eq!(jobs().len(), 1);
	});
}

#[test]
fn jobs_on_a_model_that_its_uploader_has_removed_end_too() {
	new_test(|| {
		let id = make_resident(ALICE, &model(0, 1));
		assert_ok!(open_job(id));
		assert_ok!(ModelsPallet::remove_model(RuntimeOrigin::signed(ALICE), id));
		assert_ok!(ban(id));
		// The ban may be lifted, but the jobs end.
		assert_ok!(ModelsPallet::lift_ban(RuntimeOrigin::root(), id));
		assert_ok!(ban(id));
		assert_eq!(Voids::<Test>::get().len(), 1);
		next_block();
		assert_eq!((jobs(), stage(id)), (vec![], None));
	});
}

#[test]
fn a_job_that_ends_by_itself_is_not_ended_again() {
	new_test(|| {
		let id = make_resident(ALICE, &model(0, 1));
		assert_ok!(open_job(id));
		assert_ok!(ban(id));
		end_job(id);
		next_block();
		assert_eq!(stage(id), None);
		assert!(Voids::<Test>::get().is_empty());
	});
}

#[test]
fn models_with_jobs_to_end_are_bounded() {
	new_test(|| {
		for seed in 0..crate::content::MAX_VOIDS {
			Voids::<Test>::try_append(ModelId([seed as u8; 32])).expect("there is place");
		}
		let id = make_resident_beside(ALICE);
		assert_ok!(open_job(id));
		assert_noop!(ban(id), Error::<Test>::TooManyVoids);
		next_block();
		assert_ok!(ban(id));
	});
}

/// A resident model, made without losing what is in the list of models with jobs to end.
fn make_resident_beside(who: AccountId) -> ModelId {
	let voids = Voids::<Test>::get();
	let id = make_resident(who, &model(0, 1));
	Voids::<Test>::put(voids);
	id
}

//! Pins, and what hosting and jobs ask.

use frame_support::{assert_noop, assert_ok, traits::Hooks};
use noema_primitives::{
	hosting::ModelCatalog, jobs::JobReleases, ModelId, ModelStage, ResolveError, CHUNK_SIZE,
};

use crate::{mock::*, weights::WeightInfo, Chunks, Config, Error, Reports};

type Weights = <Test as Config>::WeightInfo;

fn remove(id: ModelId) {
	assert_ok!(ModelsPallet::remove_model(RuntimeOrigin::signed(ALICE), id));
}

#[test]
fn a_pinned_model_keeps_its_bytes_until_the_last_job_is_over() {
	new_test(|| {
		let file = model_sized(0, 7, CHUNK_SIZE + 3);
		let id = make_resident(ALICE, &file);
		assert_ok!(open_job(id));
		assert_ok!(open_job(id));
		let before = Balances::free_balance(ALICE);
		remove(id);
		assert!(Balances::free_balance(ALICE) > before);
		assert_eq!(crate::WorkingBytes::<Test>::get(), 0);
		end_job(id);
		run_to(System::block_number() + 20);
		check_invariants();
		assert_eq!(stage(id), Some(ModelStage::Removing));
		let location =
			<ModelsPallet as ModelCatalog<u64>>::location(&id).expect("the bytes are kept");
		assert_eq!(read_model(&location), Some(file));
		let report = <ModelsPallet as ModelCatalog<_>>::report(&id);
		assert_eq!(report.map(|report| report.plan_bytes), Some(7));
		assert_noop!(open_job(id), Error::<Test>::ModelNotAdmitted);
		assert_noop!(
			ModelsPallet::begin_upload(RuntimeOrigin::signed(BOB), id, 9),
			Error::<Test>::RemovalInProgress
		);
		assert!(told().is_empty());

		end_job(id);
		assert_eq!(told(), [id]);
		assert_eq!(<ModelsPallet as ModelCatalog<u64>>::location(&id), None);
		check_invariants();
		next_block();
		assert_eq!(stage(id), None);
		assert_eq!(Chunks::<Test>::iter_keys().count(), 0);
	});
}

#[test]
fn a_pinned_model_that_is_not_removed_stays() {
	new_test(|| {
		let id = make_resident(ALICE, &model(0, 1));
		assert_ok!(open_job(id));
		end_job(id);
		run_to(System::block_number() + 10);
		assert_eq!(stage(id), Some(ModelStage::Resident));
		assert_eq!(crate::Pins::<Test>::iter().count(), 0);
	});
}

#[test]
fn only_admitted_models_are_pinned_or_reported() {
	new_test(|| {
		let unknown = ModelId([9; 32]);
		assert_noop!(open_job(unknown), Error::<Test>::UnknownModel);
		// It waits for room, so it has a report.
		submit(ALICE, &model(0, MAX_MATURING_BYTES));
		let id = submit(ALICE, &model(1, 1));
		run_until(id, |_| Reports::<Test>::contains_key(id));
		assert!(matches!(stage(id), Some(ModelStage::Queued { .. })));
		assert_noop!(open_job(id), Error::<Test>::ModelNotAdmitted);
		assert_eq!(<ModelsPallet as ModelCatalog<u64>>::report(&id), None);
		assert_eq!(<ModelsPallet as ModelCatalog<u64>>::location(&id), None);
	});
}

#[test]
fn hosting_is_told_once_the_bytes_are_about_to_go_one_model_a_block() {
	new_test(|| {
		stake_decides();
		standing(10);
		let ids = [0, 1].map(|seed| make_resident(ALICE, &model(seed, 10)));
		ids.into_iter().for_each(remove);
		assert!(told().is_empty(), "a call does not pay for it");
		check_invariants();
		for id in ids {
			let now = System::block_number() + 1;
			System::set_block_number(now);
			let weight = ModelsPallet::on_initialize(now);
			let removed = Weights::remove_chunks(1) + REMOVAL_WEIGHT;
			assert_eq!(weight, Weights::on_initialize_idle() + removed);
			assert_eq!(told(), [id]);
			assert_eq!(stage(id), None);
			check_invariants();
		}
	});
}

#[test]
fn a_block_with_a_large_admission_leaves_hosting_for_the_next() {
	new_test(|| {
		stake_decides();
		standing(10);
		let id = make_resident(ALICE, &model(0, 10));
		let large = submit(ALICE, &model_sized(1, 10, CHUNK_SIZE));
		let Some(ModelStage::Queued { admission }) = stage(large) else {
			panic!("it is queued");
		};
		run_to(admission - 1);
		remove(id);
		next_block();
		assert!(matches!(stage(large), Some(ModelStage::Maturing { .. })));
		assert!(told().is_empty());
		assert_eq!(stage(id), Some(ModelStage::Removing));
		check_invariants();
		next_block();
		assert_eq!(told(), [id]);
		assert_eq!(stage(id), None);
	});
}

#[test]
fn jobs_ask_for_releases_of_admitted_models() {
	new_test(|| {
		stake_decides();
		let id = submit(ALICE, &model(0, 10));
		run_until(id, |stage| stage == Some(ModelStage::Dormant));
		let name = release_id(BOB, "a", "1");
		let asked = || <ModelsPallet as JobReleases<_, _>>::release(&name);
		assert_eq!(asked(), Err(ResolveError::Unknown));
		assert_ok!(release(BOB, id, "a", "1", 3));
		assert_eq!(asked(), Ok((id, 3)), "it need not be resident");
		assert_ok!(retire(BOB, "a", "1"));
		assert_eq!(asked(), Err(ResolveError::Retired));

		assert_ok!(release(BOB, id, "b", "1", 0));
		let name = release_id(BOB, "b", "1");
		assert_ok!(open_job(id));
		assert_ok!(ban(id));
		let asked = <ModelsPallet as JobReleases<_, _>>::release(&name);
		assert_eq!(asked, Err(ResolveError::NotResident));
	});
}

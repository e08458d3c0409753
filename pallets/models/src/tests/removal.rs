use frame_support::{assert_ok, traits::Hooks};
use noema_primitives::{ModelId, ModelStage, CHUNK_SIZE};

use crate::{
	mock::*, removal::REMOVALS_PER_BLOCK, weights::WeightInfo, Chunks, Config, Removals, TotalBytes,
};

type Weights = <Test as Config>::WeightInfo;

#[test]
fn chunks_go_in_bounded_steps_and_the_id_is_free_only_then() {
	new_test(|| {
		let files: Vec<Vec<u8>> = (0..3)
			.map(|seed| model_sized(seed, 1, MAX_MODEL_SIZE))
			.collect();
		let ids: Vec<ModelId> = files.iter().map(|file| ModelId::of(file)).collect();
		for (id, file) in ids.iter().zip(&files) {
			upload_as(ALICE, *id, file);
		}
		for id in &ids {
			assert_ok!(ModelsPallet::cancel_upload(
				RuntimeOrigin::signed(ALICE),
				*id
			));
		}
		let left = || Chunks::<Test>::iter_keys().count() as u32;
		assert_eq!(left(), 15);
		assert_eq!(TotalBytes::<Test>::get(), 3 * u64::from(MAX_MODEL_SIZE));
		check_invariants();

		let mut block = System::block_number();
		let mut step = || {
			block += 1;
			System::set_block_number(block);
			let weight = ModelsPallet::on_initialize(block);
			check_invariants();
			weight
		};
		let full = Weights::on_initialize_idle() + Weights::remove_chunks(REMOVALS_PER_BLOCK);
		assert_eq!(step(), full);
		assert_eq!(left(), 15 - REMOVALS_PER_BLOCK);
		assert_eq!(stage(ids[0]), None);
		assert_eq!(stage(ids[1]), Some(ModelStage::Removing));
		assert_eq!(Removals::<Test>::get().cursor, 3);
		assert_eq!(TotalBytes::<Test>::get(), 2 * u64::from(MAX_MODEL_SIZE));
		assert_eq!(
			step(),
			Weights::on_initialize_idle() + Weights::remove_chunks(7)
		);
		assert_eq!((left(), TotalBytes::<Test>::get()), (0, 0));
		assert_eq!(step(), Weights::on_initialize_idle());
	});
}

#[test]
fn chunks_that_never_came_are_stepped_over() {
	new_test(|| {
		let file = model_sized(0, 1, MAX_MODEL_SIZE);
		let id = ModelId::of(&file);
		let origin = RuntimeOrigin::signed(ALICE);
		assert_ok!(ModelsPallet::begin_upload(
			origin.clone(),
			id,
			MAX_MODEL_SIZE
		));
		assert_ok!(upload_chunk(ALICE, id, 3, &file[..CHUNK_SIZE as usize]));
		assert_ok!(ModelsPallet::cancel_upload(origin, id));
		next_block();
		assert_eq!(stage(id), None);
		assert_eq!(Chunks::<Test>::iter_keys().count(), 0);
	});
}

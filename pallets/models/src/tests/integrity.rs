use codec::Encode;
use frame_support::traits::Hooks;
use noema_primitives::{ModelId, CHUNK_SIZE};

use crate::{mock::*, Chunks, TotalBytes};

#[test]
fn the_configuration_is_consistent() {
	new_test(ModelsPallet::integrity_test);
}

#[test]
fn chunks_lie_where_the_precompile_looks_for_them() {
	new_test(|| {
		let file = model_sized(0, 1, CHUNK_SIZE + 5);
		let id = submit(ALICE, &file);
		let mut key = [
			sp_io::hashing::twox_128(b"ModelsPallet"),
			sp_io::hashing::twox_128(b"Chunks"),
		]
		.concat();
		key.extend(id.0);
		key.extend(1u32.to_le_bytes());
		assert_eq!(Chunks::<Test>::hashed_key_for(id, 1), key);
		let value = sp_io::storage::get(&key).expect("stored");
		assert_eq!(value, file[CHUNK_SIZE as usize..].to_vec().encode());
	});
}

#[test]
fn broken_state_is_found() {
	let mut ext = new_test_ext();
	ext.execute_with(|| {
		submit(ALICE, &model(0, 1));
		check_invariants();
		let breaks: [fn(ModelId); 6] = [
			|_| TotalBytes::<Test>::put(1),
			|id| Chunks::<Test>::remove(id, 0),
			|id| crate::Subtrees::<Test>::remove(id),
			|_| crate::AdmissionQueue::<Test>::kill(),
			|_| crate::UploadPermit::<Test>::put(()),
			|id| crate::Expiries::<Test>::insert(9, id, ()),
		];
		let id = ModelId::of(&model(0, 1));
		for break_it in breaks {
			frame_support::storage::with_transaction(|| {
				break_it(id);
				let found = ModelsPallet::do_try_state();
				sp_runtime::TransactionOutcome::Rollback(Ok::<_, sp_runtime::DispatchError>(found))
			})
			.expect("nests")
			.expect_err("found");
		}
		check_invariants();
	});
}

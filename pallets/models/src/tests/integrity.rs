use codec::Encode;
use frame_support::{
	assert_ok,
	traits::{Consideration, Footprint, Hooks},
};
use noema_primitives::{ModelId, ReleaseId, CHUNK_SIZE};
use sp_runtime::TryRuntimeError;

use crate::{mock::*, Chunks, Config, ModelRecordOf, Models, Releases, TotalBytes};

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

fn change(id: ModelId, change: impl FnOnce(&mut ModelRecordOf<Test>)) {
	Models::<Test>::mutate(id, |record| change(record.as_mut().expect("known")));
}

fn footprint(size: usize) -> Footprint {
	Footprint::from_parts(1, size)
}

#[test]
fn a_deposit_for_other_bytes_is_found() {
	new_test(|| {
		let id = make_resident(ALICE, &model(0, 100));
		assert_ok!(release(ALICE, id, "a", "1", 0));
		assert_ok!(release(ALICE, id, "b", "1", 0));
		assert_ok!(retire(ALICE, "b", "1"));
		check_invariants();
		let found = |break_it: &dyn Fn()| {
			frame_support::storage::with_transaction(|| {
				break_it();
				let found = ModelsPallet::do_try_state();
				sp_runtime::TransactionOutcome::Rollback(Ok::<_, sp_runtime::DispatchError>(found))
			})
			.expect("nests")
			.expect_err("found")
		};
		let other = TryRuntimeError::Other("a model's deposit is for other bytes");
		for size in [HEADER as usize, 99, 101] {
			let shrink = || {
				change(id, |record| {
					let ticket = record.ticket.take().expect("there is one");
					record.ticket = Some(ticket.update(&ALICE, footprint(size)).expect("pays"));
				});
			};
			assert_eq!(found(&shrink), other);
		}
		let other = TryRuntimeError::Other("a release's deposit is for other bytes");
		for name in ["a", "b"] {
			let ReleaseId { name, version, .. } = release_id(ALICE, name, "1");
			let shrink = || {
				Releases::<Test>::mutate(ALICE, (&name, &version), |record| {
					let record = record.as_mut().expect("known");
					let ticket = record.ticket.clone().update(&ALICE, footprint(1));
					record.ticket = ticket.expect("pays");
				});
			};
			assert_eq!(found(&shrink), other);
		}
	});
}

#[test]
fn broken_state_is_found() {
	let mut ext = new_test_ext();
	ext.execute_with(|| {
		submit(ALICE, &model(0, 1));
		check_invariants();
		let breaks: [fn(ModelId); 9] = [
			|id| change(id, |record| record.size += 1),
			|id| change(id, |record| record.ticket = None),
			|id| {
				let ticket = <Test as Config>::UploadConsideration::new(&ALICE, footprint(18));
				let ticket = ticket.expect("Alice can pay");
				change(id, |record| record.ticket = Some(ticket));
			},
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

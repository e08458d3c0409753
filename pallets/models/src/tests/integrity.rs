use codec::Encode;
use frame_support::{
	assert_ok,
	traits::{Consideration, Footprint, Hooks},
};
use noema_primitives::{ModelId, ModelStage, ReleaseId, CHUNK_SIZE};
use sp_runtime::TryRuntimeError;

use crate::{
	mock::*, Banned, Chunks, Config, Contender, Contenders, ModelRecordOf, Models, Notices, Pins,
	Releases, Reports, StakeChanged, StakeQueue, TotalBytes, Voids, WorkingModels, WorkingStage,
};

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

#[test]
fn broken_residency_is_found() {
	new_test(|| {
		stake_decides();
		standing(10);
		let resident = make_resident(ALICE, &model(0, 10));
		let leaving = make_resident(ALICE, &model(1, 10));
		let removed = make_resident(ALICE, &model(2, 10));
		let dormant = submit(ALICE, &model(3, 11));
		run_until(dormant, |stage| stage == Some(ModelStage::Dormant));
		commit(leaving, 9);
		next_block();
		assert_ok!(ModelsPallet::remove_model(
			RuntimeOrigin::signed(ALICE),
			removed
		));
		commit(resident, 12);
		check_invariants();
		let contender = Contender {
			id: dormant,
			plan_bytes: 11,
			stake: 10,
		};
		let found = |break_it: &dyn Fn()| {
			frame_support::storage::with_transaction(|| {
				break_it();
				let found = ModelsPallet::do_try_state();
				sp_runtime::TransactionOutcome::Rollback(Ok::<_, sp_runtime::DispatchError>(found))
			})
			.expect("nests")
			.expect_err("found")
		};
		let breaks: [(&str, &dyn Fn()); 14] = [
			("a working model is listed twice", &|| {
				WorkingModels::<Test>::mutate(|working| {
					let first = working[0].clone();
					working.try_push(first).expect("there is place");
				});
			}),
			("a working model is listed in another stage", &|| {
				ModelsPallet::change_working(leaving, |of| of.stage = WorkingStage::Resident);
			}),
			("a working model's plan bytes are amiss", &|| {
				ModelsPallet::change_working(leaving, |of| of.plan_bytes = 1);
			}),
			("a working model's stake is amiss", &|| {
				ModelsPallet::change_working(leaving, |of| of.stake = 1);
			}),
			(
				"the notices are not the leaving models'",
				&Notices::<Test>::kill,
			),
			("an admitted model has no report", &|| {
				Reports::<Test>::remove(dormant);
			}),
			("a report of an unknown model", &|| {
				let report = Reports::<Test>::get(dormant).expect("admitted");
				Reports::<Test>::insert(ModelId([9; 32]), report);
			}),
			("the queue of changes of stake has gaps", &|| {
				StakeQueue::<Test>::mutate(|ends| ends.next += 1);
			}),
			(
				"the queue does not hold the models whose stake has changed",
				&|| StakeChanged::<Test>::insert(leaving, ()),
			),
			("a contender's stake is amiss", &|| {
				Contenders::<Test>::try_append(&contender).expect("there is place");
			}),
			("a model is pinned that is not there", &|| {
				Pins::<Test>::insert(ModelId([9; 32]), 1);
			}),
			(
				"the removal queue does not hold the models on their way out",
				&|| Pins::<Test>::insert(removed, 1),
			),
			("a banned model is still there", &|| {
				Banned::<Test>::insert(dormant, ());
			}),
			("a model is voided twice", &|| {
				for _ in 0..2 {
					Voids::<Test>::try_append(removed).expect("there is place");
				}
			}),
		];
		for (error, break_it) in breaks {
			assert_eq!(found(break_it), TryRuntimeError::Other(error));
		}
		// What is not in the queue must be as hosting has it.
		next_block();
		let error = TryRuntimeError::Other("a working model's stake is amiss");
		let stale = || ModelsPallet::change_working(resident, |of| of.stake = 10);
		assert_eq!(found(&stale), error);
	});
}

use frame_support::assert_ok;
use noema_primitives::{
	ModelId, ModelRegistry, ModelStage, ReleaseCost, ResolveError, RunCost, WorkStage, CHUNK_SIZE,
	PROFILE_1,
};

use crate::{mock::*, Models, Reports};

#[test]
fn a_release_resolves_once_it_is_callable() {
	new_test(|| {
		let file = model_sized(0, 7, CHUNK_SIZE + 3);
		let id = submit(ALICE, &file);
		let name = release_id(BOB, "a", "1");
		let resolve = || ModelsPallet::resolve(&name);
		assert_eq!(resolve(), Err(ResolveError::Unknown));
		run_until(id, |stage| {
			matches!(stage, Some(ModelStage::Maturing { .. }))
		});
		assert_ok!(release(BOB, id, "a", "1", 3));
		next_block();
		assert_eq!(resolve(), Err(ResolveError::NotResident));
		run_until(id, |stage| stage == Some(ModelStage::Resident));

		let resolved = resolve().expect("callable");
		assert_eq!((resolved.royalty, resolved.report.plan_bytes), (3, 7));
		assert_eq!(
			(resolved.location.id, resolved.location.size),
			(id, file.len() as u32)
		);
		assert_eq!(read_model(&resolved.location), Some(file));

		assert_ok!(retire(BOB, "a", "1"));
		assert_eq!(resolve(), Err(ResolveError::Retired));
		assert_ok!(ModelsPallet::remove_model(RuntimeOrigin::signed(ALICE), id));
		assert_eq!(resolve(), Err(ResolveError::Retired));
		run_until(id, |stage| stage.is_none());
		assert_eq!(resolve(), Err(ResolveError::Retired));
	});
}

#[test]
fn a_call_is_weighed_by_its_release_alone() {
	new_test(|| {
		let id = submit(ALICE, &model(0, 7));
		run_until(id, |stage| {
			matches!(stage, Some(ModelStage::Maturing { .. }))
		});
		let name = release_id(BOB, "a", "1");
		let free = release_id(BOB, "free", "1");
		let cost = || ModelsPallet::cost(&name);
		assert_eq!(cost(), None);
		assert_ok!(release(BOB, id, "a", "1", 3));
		assert_ok!(release(BOB, id, "free", "1", 0));
		assert_eq!(cost(), None, "no call of this block can succeed");
		next_block();
		let report = Reports::<Test>::get(id).expect("admitted");
		let found = ReleaseCost {
			run: RunCost::of(&report),
			has_royalty: true,
		};
		assert_eq!(
			cost(),
			Some(found),
			"whether it is callable is not looked up"
		);
		let unpaid = ModelsPallet::cost(&free).expect("may be called");
		assert_eq!((unpaid.run, unpaid.has_royalty), (found.run, false));
		run_until(id, |stage| stage == Some(ModelStage::Resident));
		assert_eq!(cost(), Some(found));
		let resolved = ModelsPallet::resolve(&name).expect("callable");
		assert_eq!(RunCost::of(&resolved.report), found.run);

		// Neither the model nor its report is read.
		let record = Models::<Test>::take(id).expect("known");
		Reports::<Test>::remove(id);
		assert_eq!(cost(), Some(found));
		Models::<Test>::insert(id, record);
		Reports::<Test>::insert(id, report);

		assert_ok!(retire(BOB, "a", "1"));
		assert_eq!(cost(), None);
	});
}

#[test]
fn a_release_is_not_callable_in_its_own_block() {
	new_test(|| {
		let id = make_resident(ALICE, &model(0, 1));
		assert_ok!(release(ALICE, id, "a", "1", 0));
		let name = release_id(ALICE, "a", "1");
		assert_eq!(ModelsPallet::resolve(&name), Err(ResolveError::NotResident));
		next_block();
		assert!(ModelsPallet::resolve(&name).is_ok());
		// Another owner's, name's or version's are others.
		for other in [("b", "1"), ("a", "2")] {
			let name = release_id(ALICE, other.0, other.1);
			assert_eq!(ModelsPallet::resolve(&name), Err(ResolveError::Unknown));
		}
		let name = release_id(BOB, "a", "1");
		assert_eq!(ModelsPallet::resolve(&name), Err(ResolveError::Unknown));
	});
}

#[test]
fn models_are_listed_in_pages_in_the_order_of_their_ids() {
	new_test(|| {
		let mut ids: Vec<ModelId> = (0..120u8).map(|i| ModelId::of(&[i])).collect();
		for id in &ids {
			assert_ok!(ModelsPallet::begin_upload(
				RuntimeOrigin::signed(ALICE),
				*id,
				1
			));
		}
		ids.sort();
		let list = |after, limit| -> Vec<ModelId> {
			ModelsPallet::models(after, limit)
				.into_iter()
				.map(|info| info.id)
				.collect()
		};
		assert_eq!(list(None, 7), ids[..7]);
		assert_eq!(list(Some(ids[6]), 7), ids[7..14]);
		assert_eq!(list(None, u32::MAX), ids[..100]);
		assert_eq!(list(Some(ids[118]), 100), ids[119..]);
		assert_eq!(list(Some(ids[119]), 100), []);
		assert_eq!(list(None, 0), []);
		// An id that is not there has its place, too.
		let between = ModelId::of(b"nobody's");
		let expected: Vec<ModelId> = ids
			.iter()
			.copied()
			.filter(|id| *id > between)
			.take(3)
			.collect();
		assert_eq!(list(Some(between), 3), expected);
	});
}

#[test]
fn one_model_is_told_with_its_report_once_it_has_one() {
	new_test(|| {
		let id = submit(ALICE, &model(0, 7));
		let info = ModelsPallet::model(id).expect("known");
		assert_eq!(
			(info.id, info.owner, info.size, info.releases),
			(id, ALICE, HEADER, 0)
		);
		assert_eq!(
			info.stage,
			ModelStage::Queued {
				admission: 1 + ADMISSION_DELAY
			}
		);
		assert_eq!(info.report, None);
		run_until(id, |stage| stage == Some(ModelStage::Resident));
		assert_ok!(release(BOB, id, "a", "1", 0));
		let info = ModelsPallet::model(id).expect("known");
		assert_eq!((info.stage, info.releases), (ModelStage::Resident, 1));
		assert_eq!(info.report.expect("admitted").plan_bytes, 7);
		assert_eq!(ModelsPallet::model(ModelId::of(b"unknown")), None);
	});
}

#[test]
fn releases_are_found_by_their_model() {
	new_test(|| {
		let id = make_resident(ALICE, &model(0, 1));
		let other = make_resident(ALICE, &model(1, 1));
		assert_ok!(release(ALICE, id, "a", "1", 1));
		assert_ok!(release(BOB, id, "b", "1", 2));
		assert_ok!(release(BOB, other, "c", "1", 3));
		assert_ok!(retire(BOB, "b", "1"));
		let found: Vec<_> = ModelsPallet::releases_of(id)
			.into_iter()
			.map(|(name, info)| (name.owner, info.royalty, info.retired))
			.collect();
		assert_eq!(found, [(ALICE, 1, false), (BOB, 2, true)]);
		assert!(ModelsPallet::releases_of(ModelId::of(b"unknown")).is_empty());

		for i in 0..120 {
			assert_ok!(release(ALICE, other, "many", &i.to_string(), 0));
		}
		assert_eq!(ModelsPallet::releases_of(other).len(), 100);

		// However many are retired, the others are seen first.
		for i in 0..118 {
			assert_ok!(retire(ALICE, "many", &i.to_string()));
		}
		let found = ModelsPallet::releases_of(other);
		assert_eq!(found.len(), 100);
		let retired: Vec<bool> = found.iter().map(|(_, info)| info.retired).collect();
		assert_eq!(retired, [vec![false; 3], vec![true; 97]].concat());
	});
}

#[test]
fn the_working_set_is_what_nodes_must_prepare() {
	new_test(|| {
		let resident = make_resident(ALICE, &model(0, 1));
		let maturing = submit(ALICE, &model(1, 1));
		run_until(maturing, |stage| {
			matches!(stage, Some(ModelStage::Maturing { .. }))
		});
		let queued = submit(ALICE, &model_sized(2, 1, CHUNK_SIZE));
		let uploading = ModelId::of(b"uploading");
		let refused = submit(ALICE, &no_model(0));
		assert_ok!(ModelsPallet::begin_upload(
			RuntimeOrigin::signed(ALICE),
			uploading,
			1
		));

		let set = ModelsPallet::working_set();
		let found: Vec<(ModelId, WorkStage)> = set
			.iter()
			.map(|item| (item.location.id, item.stage))
			.collect();
		let expected = [
			(resident, WorkStage::Resident),
			(maturing, WorkStage::Maturing),
			(refused, WorkStage::Queued),
			(queued, WorkStage::Queued),
		];
		assert_eq!(found, expected);
		assert!(set.iter().all(|item| item.profile == PROFILE_1));
		for item in set {
			let file = read_model(&item.location).expect("its chunks are there");
			assert_eq!(ModelId::of(&file), item.location.id);
			let size = Models::<Test>::get(item.location.id).expect("known").size;
			assert_eq!(item.location.size, size);
		}
	});
}

use frame_support::{assert_noop, assert_ok};
use noema_primitives::{ModelId, ReleaseInfo};
use sp_runtime::TokenError;

use crate::{mock::*, Error, Event, Models};

#[test]
fn anybody_releases_an_admitted_model_at_a_royalty() {
	new_test(|| {
		let model_id = make_resident(ALICE, &model(0, 1));
		for (who, royalty) in [(ALICE, 3), (BOB, 5)] {
			let before = Balances::free_balance(who);
			assert_ok!(release(
				who,
				model_id,
				"digits-8x8_a.b",
				"1.0.0-RC+2",
				royalty
			));
			assert_eq!(before - Balances::free_balance(who), RELEASE_DEPOSIT);
			let id = release_id(who, "digits-8x8_a.b", "1.0.0-RC+2");
			let created = System::block_number();
			let info = ReleaseInfo {
				model: model_id,
				royalty,
				created,
				retired: false,
			};
			assert_eq!(ModelsPallet::release_info(&id), Some(info));
			let event = Event::ModelReleased {
				release: id,
				model: model_id,
				royalty,
			};
			assert_eq!(events().pop(), Some(event));
		}
		assert_eq!(Models::<Test>::get(model_id).expect("known").releases, 2);
	});
}

#[test]
fn a_maturing_model_can_be_released() {
	new_test(|| {
		let id = submit(ALICE, &model(0, 1));
		assert_noop!(
			release(ALICE, id, "a", "1", 0),
			Error::<Test>::ModelNotAdmitted
		);
		run_to(1 + ADMISSION_DELAY);
		assert_ok!(release(ALICE, id, "a", "1", 0));
	});
}

#[test]
fn only_admitted_models_are_released() {
	new_test(|| {
		let file = model(0, 1);
		let id = ModelId::of(&file);
		assert_noop!(release(ALICE, id, "a", "1", 0), Error::<Test>::UnknownModel);
		upload_as(ALICE, id, &file);
		assert_noop!(
			release(ALICE, id, "a", "1", 0),
			Error::<Test>::ModelNotAdmitted
		);
		assert_ok!(ModelsPallet::cancel_upload(
			RuntimeOrigin::signed(ALICE),
			id
		));
		assert_noop!(
			release(ALICE, id, "a", "1", 0),
			Error::<Test>::ModelNotAdmitted
		);
	});
}

#[test]
fn names_and_versions_are_checked() {
	new_test(|| {
		let id = make_resident(ALICE, &model(0, 1));
		for name in ["", "Digits", "a b", "a/b", "a@b", "é", "a\0"] {
			assert_noop!(release(ALICE, id, name, "1", 0), Error::<Test>::InvalidName);
		}
		for version in ["", "1_0", "1 0", "1/0", "1@0", "é", "1\0"] {
			assert_noop!(
				release(ALICE, id, "a", version, 0),
				Error::<Test>::InvalidVersion
			);
		}
		assert_ok!(release(ALICE, id, &"a".repeat(64), &"1".repeat(32), 0));
	});
}

#[test]
fn a_name_and_version_are_used_once() {
	new_test(|| {
		let first = make_resident(ALICE, &model(0, 1));
		let second = make_resident(ALICE, &model(1, 1));
		assert_ok!(release(ALICE, first, "a", "1", 0));
		assert_noop!(
			release(ALICE, first, "a", "1", 0),
			Error::<Test>::ReleaseExists
		);
		assert_noop!(
			release(ALICE, second, "a", "1", 1),
			Error::<Test>::ReleaseExists
		);
		assert_ok!(release(ALICE, second, "a", "2", 0));
		// Names belong to their owners.
		assert_ok!(release(BOB, second, "a", "1", 0));
	});
}

#[test]
fn no_funds_no_release() {
	new_test(|| {
		let id = make_resident(ALICE, &model(0, 1));
		assert_noop!(release(POOR, id, "a", "1", 0), TokenError::FundsUnavailable);
	});
}

use frame_support::{assert_noop, assert_ok};

use crate::{mock::*, Error, Event, Models};

#[test]
fn it_leaves_a_tombstone_and_the_deposit_for_it() {
	new_test(|| {
		let id = make_resident(ALICE, &model(0, 1));
		let before = Balances::free_balance(BOB);
		assert_ok!(release(BOB, id, "a", "1", 0));
		assert_ok!(retire(BOB, "a", "1"));
		let held = before - Balances::free_balance(BOB);
		assert_eq!(held, tombstone_deposit(b"a", b"1"));
		assert!(held < RELEASE_DEPOSIT);
		let release_id = release_id(BOB, "a", "1");
		assert!(
			ModelsPallet::release_info(&release_id)
				.expect("kept")
				.retired
		);
		assert_eq!(
			events().pop(),
			Some(Event::ReleaseRetired {
				release: release_id
			})
		);
		assert_eq!(Models::<Test>::get(id).expect("known").releases, 0);
		assert_noop!(release(BOB, id, "a", "1", 0), Error::<Test>::ReleaseExists);
	});
}

#[test]
fn the_longest_name_keeps_the_whole_deposit() {
	new_test(|| {
		let id = make_resident(ALICE, &model(0, 1));
		let (name, version) = ("a".repeat(64), "1".repeat(32));
		let before = Balances::free_balance(BOB);
		assert_ok!(release(BOB, id, &name, &version, 0));
		assert_ok!(retire(BOB, &name, &version));
		// Every release deposits for the longest name and version there may be.
		assert_eq!(before - Balances::free_balance(BOB), RELEASE_DEPOSIT);
	});
}

#[test]
fn only_the_owner_and_only_once() {
	new_test(|| {
		let id = make_resident(ALICE, &model(0, 1));
		assert_noop!(retire(ALICE, "a", "1"), Error::<Test>::UnknownRelease);
		assert_ok!(release(ALICE, id, "a", "1", 0));
		assert_noop!(retire(BOB, "a", "1"), Error::<Test>::UnknownRelease);
		assert_noop!(retire(ALICE, "a", "2"), Error::<Test>::UnknownRelease);
		assert_ok!(retire(ALICE, "a", "1"));
		assert_noop!(retire(ALICE, "a", "1"), Error::<Test>::AlreadyRetired);
	});
}

#[test]
fn the_tombstone_outlives_the_model() {
	new_test(|| {
		let file = model(0, 1);
		let id = make_resident(ALICE, &file);
		assert_ok!(release(ALICE, id, "a", "1", 0));
		assert_ok!(retire(ALICE, "a", "1"));
		assert_ok!(ModelsPallet::remove_model(RuntimeOrigin::signed(ALICE), id));
		run_until(id, |stage| stage.is_none());
		assert_noop!(retire(ALICE, "a", "1"), Error::<Test>::AlreadyRetired);

		let other = make_resident(ALICE, &model(1, 1));
		assert_noop!(
			release(ALICE, other, "a", "1", 0),
			Error::<Test>::ReleaseExists
		);
		assert_eq!(make_resident(BOB, &file), id);
		assert_noop!(
			release(ALICE, id, "a", "1", 0),
			Error::<Test>::ReleaseExists
		);
		assert_eq!(Models::<Test>::get(id).expect("known").releases, 0);
	});
}

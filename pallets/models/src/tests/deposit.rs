//! The deposit of a model: for its file, then for its plan.

use frame_support::{assert_ok, traits::fungible::Mutate};
use noema_primitives::{ModelId, ModelStage, RefusalCode, CHUNK_SIZE};

use crate::{mock::*, AdmissionQueue, Event, Models, Reports};

/// What an account does not hold of what it had.
fn held(who: AccountId, before: u64) -> u64 {
	before - Balances::free_balance(who)
}

#[test]
fn it_covers_the_larger_of_file_and_plan() {
	new_test(|| {
		for (seed, size, plan_bytes) in [(0, HEADER, 300), (1, CHUNK_SIZE, 300), (2, HEADER, 17)] {
			let before = Balances::free_balance(ALICE);
			let id = submit(ALICE, &model_sized(seed, plan_bytes, size));
			assert_eq!(held(ALICE, before), model_deposit(size));
			check_invariants();
			run_until(id, |stage| stage == Some(ModelStage::Resident));
			assert_eq!(held(ALICE, before), plan_deposit(size, plan_bytes));
			check_invariants();

			assert_ok!(ModelsPallet::remove_model(RuntimeOrigin::signed(ALICE), id));
			assert_eq!(Balances::free_balance(ALICE), before);
			check_invariants();
		}
	});
}

#[test]
fn who_cannot_pay_for_the_plan_is_refused_and_gets_the_deposit_back() {
	new_test(|| {
		let before = Balances::free_balance(POOR);
		let id = submit(POOR, &model(0, 100));
		run_to(1 + ADMISSION_DELAY);
		let refusal = ModelsPallet::refusal(id).expect("kept");
		assert_eq!(refusal.code, RefusalCode::DepositTooSmall);
		assert_eq!(&refusal.subject[..], b"100 bytes of plan");
		assert_eq!(events()[0], Event::ModelRefused { model: id, refusal });
		assert_eq!(Balances::free_balance(POOR), before);
		assert!(!Reports::<Test>::contains_key(id));
		assert!(AdmissionQueue::<Test>::get().is_empty());
		check_invariants();
		run_until(id, |stage| stage.is_none());

		// The same file, of one who can; and of the same one, who can now.
		make_resident(ALICE, &model(0, 100));
		assert_ok!(ModelsPallet::remove_model(RuntimeOrigin::signed(ALICE), id));
		run_until(id, |stage| stage.is_none());
		assert_ok!(Balances::mint_into(&POOR, 61));
		make_resident(POOR, &model(0, 100));
		assert_eq!(Balances::free_balance(POOR), 1);
	});
}

#[test]
fn one_that_waits_for_room_has_paid_for_its_plan() {
	new_test(|| {
		submit(ALICE, &model(0, MAX_MATURING_BYTES));
		let before = Balances::free_balance(BOB);
		let id = submit(BOB, &model(1, 200));
		let poor = submit(POOR, &model(2, 300));
		run_to(2 + ADMISSION_DELAY);
		assert!(Reports::<Test>::contains_key(id));
		assert_eq!(held(BOB, before), plan_deposit(HEADER, 200));
		check_invariants();
		run_until(id, |stage| {
			matches!(stage, Some(ModelStage::Maturing { .. }))
		});
		assert_eq!(held(BOB, before), plan_deposit(HEADER, 200));
		run_until(poor, |stage| stage.is_none());
		let refusal = ModelsPallet::refusal(poor).expect("kept");
		assert_eq!(refusal.code, RefusalCode::DepositTooSmall);
	});
}

#[test]
fn one_that_waits_for_room_and_is_cancelled_gets_all_back() {
	new_test(|| {
		submit(ALICE, &model(0, MAX_MATURING_BYTES));
		let before = Balances::free_balance(BOB);
		let id = submit(BOB, &model(1, 200));
		run_to(2 + ADMISSION_DELAY);
		assert_ok!(ModelsPallet::cancel_upload(RuntimeOrigin::signed(BOB), id));
		assert_eq!(Balances::free_balance(BOB), before);
	});
}

#[test]
fn one_that_finds_no_room_pays_for_its_file_only() {
	new_test(|| {
		let before = Balances::free_balance(BOB);
		let id = submit(BOB, &model(0, MAX_RESIDENT_BYTES));
		run_to(1 + ADMISSION_DELAY);
		assert!(matches!(stage(id), Some(ModelStage::Uploading { .. })));
		assert_eq!(held(BOB, before), model_deposit(HEADER));
		check_invariants();

		// And after it has waited for room that another took meanwhile.
		submit(ALICE, &model(1, MAX_MATURING_BYTES));
		let waiting = submit(BOB, &model(2, 200));
		run_until(waiting, |_| Reports::<Test>::contains_key(waiting));
		let held_before = held(BOB, before);
		assert_eq!(
			held_before,
			model_deposit(HEADER) + plan_deposit(HEADER, 200)
		);
		fill_room();
		next_block();
		assert!(matches!(stage(waiting), Some(ModelStage::Uploading { .. })));
		assert_eq!(held(BOB, before), 2 * model_deposit(HEADER));
		empty_room();
	});
}

/// As if all places for models were taken.
fn fill_room() {
	let another = crate::WorkingModel {
		id: ModelId::of(b"another"),
		plan_bytes: 0,
		stake: 0,
		stage: crate::WorkingStage::Resident,
	};
	crate::WorkingModels::<Test>::mutate(
		|working| {
			while working.try_push(another.clone()).is_ok() {}
		},
	);
}

fn empty_room() {
	crate::WorkingModels::<Test>::mutate(|working| {
		working.retain(|model| Models::<Test>::contains_key(model.id));
	});
}

//! What is kept of an inference.

use codec::Encode;
use frame_support::{assert_noop, assert_ok, traits::Hooks};
use noema_primitives::{ModelId, Receipt};
use sp_io::hashing::blake2_256;
use sp_runtime::ArithmeticError;

use super::mock::*;
use crate::{Event, NextReceipt, Receipts};

#[test]
fn a_receipt_records_who_asked_what_and_the_answer() {
	run(|| {
		let release = classifier();
		System::set_block_number(7);
		assert_ok!(infer(ALICE, &release, vec![bias(), image()]));
		assert_eq!(
			Inference::receipt(0),
			Some(Receipt {
				caller: ALICE,
				release,
				model: ModelId::of(b"classifier"),
				block: 7,
				// In the schema's order, whatever the call's.
				input_hash: blake2_256(&vec![image(), bias()].encode()).into(),
				output_hash: blake2_256(&vec![scores()].encode()).into(),
				outputs: vec![scores()].try_into().unwrap(),
			})
		);
	});
}

#[test]
fn the_event_names_the_receipt_and_its_hashes() {
	run(|| {
		let release = classifier();
		assert_ok!(infer(ALICE, &release, vec![image(), bias()]));
		assert_ok!(infer(ALICE, &release, vec![image(), bias()]));
		let kept = Inference::receipt(1).unwrap();
		System::assert_last_event(
			Event::<Test>::Inferred {
				receipt: 1,
				caller: ALICE,
				release,
				model: kept.model,
				input_hash: kept.input_hash,
				output_hash: kept.output_hash,
			}
			.into(),
		);
	});
}

#[test]
fn the_window_holds_the_latest_receipts() {
	run(|| {
		let release = classifier();
		for id in 0..3 * WINDOW {
			System::set_block_number(id + 1);
			assert_eq!(NextReceipt::<Test>::get(), id);
			assert_ok!(infer(ALICE, &release, vec![image(), bias()]));
			Inference::do_try_state().unwrap();
			let oldest = (id + 1).saturating_sub(WINDOW);
			for old in 0..oldest {
				assert_eq!(Inference::receipt(old), None);
			}
			for kept in oldest..=id {
				assert_eq!(Inference::receipt(kept).unwrap().block, kept + 1);
			}
			assert_eq!(Inference::receipt(id + 1), None);
		}
		assert_eq!(Receipts::<Test>::iter().count() as u64, WINDOW);
	});
}

#[test]
fn a_failed_inference_takes_no_number() {
	run(|| {
		let release = classifier();
		assert_ok!(infer(ALICE, &release, vec![image(), bias()]));
		assert!(infer(ALICE, &release, vec![image()]).is_err());
		assert_ok!(infer(ALICE, &release, vec![image(), bias()]));
		assert_eq!(NextReceipt::<Test>::get(), 2);
	});
}

#[test]
fn numbers_do_not_start_again() {
	new_test_ext().execute_with(|| {
		let release = classifier();
		NextReceipt::<Test>::put(u64::MAX);
		assert_noop!(
			infer(ALICE, &release, vec![image(), bias()]),
			ArithmeticError::Overflow
		);
	});
}

#[test]
fn the_invariants_notice_a_hole_a_stranger_and_a_forgery() {
	new_test_ext().execute_with(|| {
		let release = classifier();
		for _ in 0..2 * WINDOW {
			assert_ok!(infer(ALICE, &release, vec![image(), bias()]));
		}
		assert_ok!(Inference::do_try_state());
		let last = NextReceipt::<Test>::get() - 1;
		let receipt = Inference::receipt(last).unwrap();

		Receipts::<Test>::remove(last);
		assert!(Inference::do_try_state().is_err(), "a hole");

		Receipts::<Test>::insert(last, &receipt);
		Receipts::<Test>::insert(0, &receipt);
		assert!(Inference::do_try_state().is_err(), "a stranger");

		Receipts::<Test>::remove(0);
		let mut forged = receipt.clone();
		forged.outputs[0] = image();
		Receipts::<Test>::insert(last, forged);
		assert!(Inference::do_try_state().is_err(), "a forgery");

		Receipts::<Test>::insert(
			last,
			Receipt {
				block: 99,
				..receipt.clone()
			},
		);
		assert!(
			Inference::do_try_state().is_err(),
			"a receipt from the future"
		);

		Receipts::<Test>::insert(
			last,
			Receipt {
				block: 0,
				..receipt.clone()
			},
		);
		assert!(
			Inference::do_try_state().is_err(),
			"a receipt from before its predecessor"
		);

		Receipts::<Test>::insert(last, receipt);
		assert_ok!(Inference::do_try_state());
	});
}

#[test]
fn the_constants_of_the_mock_pass_the_integrity_test() {
	run(<Inference as Hooks<u64>>::integrity_test);
}

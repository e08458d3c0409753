//! Another pallet asks and uses the answer in the same transaction.

use frame_support::{assert_noop, assert_ok, dispatch::GetDispatchInfo};
use noema_primitives::{InferError, InferenceOutcome, InferenceProvider, NamedTensor};

use super::{
	executor::{runs, teach, Behaviour},
	mock::*,
	oracle::{self, Verdict},
	registry::Entry,
};
use crate::{Error, NextReceipt, WeightInfo};

fn ask(release: &noema_primitives::ReleaseId<u64>, inputs: Vec<NamedTensor>) -> RuntimeCall {
	oracle::Call::<Test>::ask {
		release: release.clone(),
		inputs: inputs.try_into().unwrap(),
	}
	.into()
}

#[test]
fn the_answer_is_used_in_the_same_transaction() {
	run(|| {
		let release = classifier();
		assert_ok!(Oracle::ask(
			RuntimeOrigin::signed(ALICE),
			release.clone(),
			vec![image(), bias()].try_into().unwrap()
		));
		// Of 0.75, 2.5 and 7.
		assert_eq!(Verdict::<Test>::get(), Some((2, Some(0))));

		let dark = f32s("bias", &[3], &[0.0; 3]);
		assert_ok!(Oracle::ask(
			RuntimeOrigin::signed(ALICE),
			release,
			vec![dark, image()].try_into().unwrap()
		));
		// Of 0.25, 2 and -1.
		assert_eq!(Verdict::<Test>::get(), Some((1, Some(1))));
	});
}

#[test]
fn the_answer_is_that_of_the_receipt_and_the_caller_pays() {
	run(|| {
		let release = classifier();
		let InferenceOutcome { receipt, outputs } =
			<Inference as InferenceProvider<u64>>::infer(&ALICE, &release, vec![image(), bias()])
				.unwrap();
		let kept = Inference::receipt(receipt).unwrap();
		assert_eq!(kept.caller, ALICE);
		assert_eq!(kept.outputs.to_vec(), outputs);
		assert_eq!(outputs, vec![scores()]);
		assert_eq!(Balances::free_balance(OWNER), ED + ROYALTY);
	});
}

#[test]
fn the_asking_call_declares_the_weight_of_the_inference() {
	run(|| {
		let release = classifier();
		let asking = ask(&release, vec![image(), bias()])
			.get_dispatch_info()
			.call_weight;
		let inferring = infer_call(&release, vec![image(), bias()])
			.get_dispatch_info()
			.call_weight;
		let own = <Test as frame_system::Config>::DbWeight::get().writes(1);
		assert_eq!(asking, inferring + own);
		assert_eq!(
			<Inference as InferenceProvider<u64>>::infer_weight(&release_id("unknown")),
			<() as WeightInfo>::infer(0, 0)
		);
	});
}

#[test]
fn a_failed_inference_fails_the_asking_call() {
	run(|| {
		let release = classifier();
		let ask = |inputs: Vec<NamedTensor>| {
			Oracle::ask(
				RuntimeOrigin::signed(ALICE),
				release.clone(),
				inputs.try_into().unwrap(),
			)
		};
		assert_noop!(ask(vec![image()]), Error::<Test>::MissingInput { input: 1 });
		teach(
			classifier_entry().model,
			Behaviour::Fail(InferError::IndexOutOfRange),
		);
		assert_noop!(ask(vec![image(), bias()]), Error::<Test>::IndexOutOfRange);
		assert_eq!(Verdict::<Test>::get(), None);
	});
}

#[test]
fn a_pallet_that_swallows_the_error_has_paid_no_royalty() {
	run(|| {
		let release = classifier();
		teach(
			classifier_entry().model,
			Behaviour::Fail(InferError::InvalidValue),
		);
		assert_ok!(Oracle::ask_or(
			RuntimeOrigin::signed(ALICE),
			release,
			vec![image(), bias()].try_into().unwrap(),
			9
		));
		assert_eq!(runs(), 1);
		assert_eq!(Verdict::<Test>::get(), Some((9, None)));
		assert_eq!(Balances::free_balance(ALICE), PLENTY);
		assert_eq!(NextReceipt::<Test>::get(), 0);
	});
}

#[test]
fn a_model_without_a_number_in_its_answer_is_the_asking_pallets_error() {
	run(|| {
		let mut entry = classifier_entry();
		entry.model = noema_primitives::ModelId::of(b"empty");
		entry.report.outputs[0].shape = vec![0, 3].try_into().unwrap();
		let release = install(
			"empty",
			Entry {
				royalty: ROYALTY,
				..entry
			},
		);
		assert_noop!(
			Oracle::ask(
				RuntimeOrigin::signed(ALICE),
				release,
				vec![image(), bias()].try_into().unwrap()
			),
			oracle::Error::<Test>::NoAnswer
		);
	});
}

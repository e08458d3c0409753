//! What a call weighs, and that it weighs the model that runs.

use frame_support::{assert_ok, dispatch::GetDispatchInfo, weights::Weight};
use noema_primitives::{Cost, InferenceProvider};
use sp_runtime::traits::{Convert, Dispatchable};

use super::{
	executor::runs,
	mock::*,
	registry::{self, Entry},
};
use crate::{Error, Price, WeightInfo};

/// Bytes of [`image`] and [`bias`].
const IN: u32 = 24;
/// Bytes of [`scores`].
const OUT: u32 = 12;

fn weight_of(call: &RuntimeCall) -> Weight {
	call.get_dispatch_info().call_weight
}

fn model_weight() -> Weight {
	CostToWeight::convert(classifier_entry().report.cost)
}

#[test]
fn a_call_weighs_the_model_the_bytes_and_the_royalty() {
	run(|| {
		let release = classifier();
		let around = <() as WeightInfo>::infer(IN, OUT);
		assert_eq!(
			weight_of(&infer_call(&release, vec![image(), bias()])),
			around + model_weight() + <() as WeightInfo>::royalty()
		);
		let free = install(
			"free",
			Entry {
				royalty: 0,
				..classifier_entry()
			},
		);
		assert_eq!(
			weight_of(&infer_call(&free, vec![image(), bias()])),
			around + model_weight()
		);
	});
}

#[test]
fn each_part_of_the_cost_weighs() {
	run(|| {
		let base = install("base", classifier_entry());
		let base = weight_of(&infer_call(&base, vec![image(), bias()]));
		let cost = classifier_entry().report.cost;
		for cost in [
			Cost {
				macs: cost.macs + 1,
				..cost
			},
			Cost {
				bytes: cost.bytes + 1,
				..cost
			},
			Cost {
				steps: cost.steps + 1,
				..cost
			},
			Cost {
				transcendentals: cost.transcendentals + 1,
				..cost
			},
		] {
			let mut entry = classifier_entry();
			entry.report.cost = cost;
			let heavier = install("heavier", entry);
			let heavier = weight_of(&infer_call(&heavier, vec![image(), bias()]));
			assert!(heavier.ref_time() > base.ref_time());
		}
	});
}

#[test]
fn bytes_that_the_call_brings_weigh_even_if_they_do_not_fit() {
	run(|| {
		let release = classifier();
		let large = f32s("bias", &[1_000], &[0.0; 1_000]);
		let extra = weight_of(&infer_call(&release, vec![image(), large]))
			- weight_of(&infer_call(&release, vec![image(), bias()]));
		let bytes = <() as WeightInfo>::infer(4_000, 0) - <() as WeightInfo>::infer(12, 0);
		assert_eq!(extra, bytes);
		assert!(bytes.ref_time() > 0);
	});
}

#[test]
fn nothing_is_given_back_after_a_run_or_a_failure() {
	run(|| {
		let release = classifier();
		let ok = infer_call(&release, vec![image(), bias()])
			.dispatch(RuntimeOrigin::signed(ALICE))
			.unwrap();
		assert_eq!(ok.actual_weight, None);
		let failed = infer_call(&release, vec![image()])
			.dispatch(RuntimeOrigin::signed(ALICE))
			.unwrap_err();
		assert_eq!(failed.post_info.actual_weight, None);
	});
}

#[test]
fn a_call_that_cannot_run_does_not_pay_for_the_model() {
	run(|| {
		let refusal = <() as WeightInfo>::infer(IN, 0);
		let mut heavy = classifier_entry();
		heavy.report.cost.macs = u64::MAX;
		let mut large = classifier_entry();
		large.report.outputs[0].shape = vec![1, 100_000].try_into().unwrap();
		for release in [
			release_id("unknown"),
			install(
				"retired",
				Entry {
					retired: true,
					..classifier_entry()
				},
			),
			install("heavy", heavy),
			install("large", large),
		] {
			let call = infer_call(&release, vec![image(), bias()]);
			assert_eq!(weight_of(&call), refusal);
			let failed = call.dispatch(RuntimeOrigin::signed(ALICE)).unwrap_err();
			let actual = failed.post_info.actual_weight.unwrap_or(refusal);
			assert_eq!(actual, refusal);
		}
		assert_eq!(runs(), 0);
	});
}

#[test]
fn a_call_of_a_model_that_is_not_callable_yet_gets_the_model_s_weight_back() {
	run(|| {
		let entry = Entry {
			resident: 2,
			..classifier_entry()
		};
		let young = install("young", entry);
		let call = infer_call(&young, vec![image(), bias()]);
		let charged = weight_of(&call);
		assert_eq!(
			charged,
			weight_of(&infer_call(&classifier(), vec![image(), bias()]))
		);
		let failed = call
			.clone()
			.dispatch(RuntimeOrigin::signed(ALICE))
			.unwrap_err();
		assert_eq!(failed.error, Error::<Test>::ModelNotResident.into());
		let actual = failed.post_info.actual_weight.unwrap();
		assert_eq!(actual, <() as WeightInfo>::infer(IN, 0));
		assert!(actual.all_lte(charged));
		assert_eq!(runs(), 0);
		// In the block in which it is callable it weighs what it weighed before.
		System::set_block_number(2);
		assert_eq!(weight_of(&call), charged);
	});
}

#[test]
fn the_quote_is_the_weight_and_royalty_of_a_call_that_fits() {
	run(|| {
		let release = classifier();
		let weight = weight_of(&infer_call(&release, vec![image(), bias()]));
		let price = Price {
			weight,
			royalty: ROYALTY,
			hosts_share: 0,
		};
		assert_eq!(Inference::quote(&release), Ok(price));
		assert_eq!(
			<Inference as InferenceProvider<u64>>::infer_weight(&release),
			weight
		);
	});
}

#[test]
fn every_call_of_a_batch_weighs() {
	run(|| {
		let release = classifier();
		let call = infer_call(&release, vec![image(), bias()]);
		let batch = |calls: Vec<RuntimeCall>| pallet_utility::Call::<Test>::batch { calls }.into();
		let empty: RuntimeCall = batch(vec![]);
		let three: RuntimeCall = batch(vec![call.clone(); 3]);
		let around = <() as pallet_utility::WeightInfo>::batch(3)
			- <() as pallet_utility::WeightInfo>::batch(0);
		assert_eq!(
			weight_of(&three),
			weight_of(&empty) + around + weight_of(&call) * 3
		);

		let charged = weight_of(&three);
		let info = three.dispatch(RuntimeOrigin::signed(ALICE)).unwrap();
		assert_eq!(runs(), 3);
		assert_eq!(info.actual_weight.unwrap_or(charged), charged);
	});
}

#[test]
fn a_batch_cannot_release_and_run_a_model_that_it_was_not_charged_for() {
	run(|| {
		let release = release_id("fresh");
		let entry = Entry {
			created: 1,
			..classifier_entry()
		};
		let make: RuntimeCall = registry::Call::<Test>::release {
			id: release.clone(),
			entry,
		}
		.into();
		let call = infer_call(&release, vec![image(), bias()]);
		assert_eq!(weight_of(&call), <() as WeightInfo>::infer(IN, 0));

		assert_ok!(Utility::batch(
			RuntimeOrigin::signed(ALICE),
			vec![make, call]
		));
		System::assert_has_event(
			pallet_utility::Event::BatchInterrupted {
				index: 1,
				error: Error::<Test>::ModelNotResident.into(),
			}
			.into(),
		);
		assert_eq!(runs(), 0);
	});
}

#[test]
fn a_batch_that_retires_before_it_calls_has_paid_and_runs_nothing() {
	run(|| {
		let release = classifier();
		let retire: RuntimeCall = registry::Call::<Test>::retire {
			id: release.clone(),
		}
		.into();
		let call = infer_call(&release, vec![image(), bias()]);
		assert!(weight_of(&call).all_gte(model_weight()));

		assert_ok!(Utility::batch(
			RuntimeOrigin::signed(ALICE),
			vec![retire, call]
		));
		System::assert_has_event(
			pallet_utility::Event::BatchInterrupted {
				index: 1,
				error: Error::<Test>::ReleaseRetired.into(),
			}
			.into(),
		);
		assert_eq!(runs(), 0);
		assert_eq!(Balances::free_balance(ALICE), PLENTY);
	});
}

#[test]
fn an_atomic_batch_undoes_its_inferences_too() {
	run(|| {
		let release = classifier();
		let good = infer_call(&release, vec![image(), bias()]);
		let bad = infer_call(&release, vec![image()]);
		assert!(Utility::batch_all(RuntimeOrigin::signed(ALICE), vec![good, bad]).is_err());
		assert_eq!(Inference::receipt(0), None);
		assert_eq!(Balances::free_balance(ALICE), PLENTY);
	});
}

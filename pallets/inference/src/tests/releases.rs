//! Which releases can be called.

use frame_support::{assert_noop, assert_ok};
use noema_primitives::{Cost, DType};
use sp_runtime::DispatchError;

use super::{executor::runs, mock::*, registry::Entry};
use crate::Error;

/// A call with inputs that fit is refused with this error, by every way in, and nothing runs.
fn refused(entry: Option<Entry>, error: Error<Test>) {
	let release = release_id("candidate");
	if let Some(entry) = entry {
		install("candidate", entry);
	}
	let error = DispatchError::from(error);
	assert_noop!(infer(ALICE, &release, vec![image(), bias()]), error);
	assert_noop!(Inference::dry_run(&release, vec![image(), bias()]), error);
	assert_noop!(Inference::quote(&release), error);
	assert_eq!(runs(), 0);
}

#[test]
fn an_unknown_release_is_refused() {
	run(|| refused(None, Error::UnknownRelease));
}

#[test]
fn owner_name_and_version_all_count() {
	run(|| {
		let release = classifier();
		let mut other_owner = release.clone();
		other_owner.owner = ALICE;
		let mut other_name = release.clone();
		other_name.name = b"classifiers".to_vec().try_into().unwrap();
		let mut other_version = release.clone();
		other_version.version = b"1.0.1".to_vec().try_into().unwrap();
		for other in [other_owner, other_name, other_version] {
			assert_noop!(
				infer(ALICE, &other, vec![image(), bias()]),
				Error::<Test>::UnknownRelease
			);
		}
		assert_ok!(infer(ALICE, &release, vec![image(), bias()]));
	});
}

#[test]
fn a_retired_release_is_refused() {
	run(|| {
		refused(
			Some(Entry {
				retired: true,
				..classifier_entry()
			}),
			Error::ReleaseRetired,
		);
	});
}

#[test]
fn a_model_is_refused_until_it_is_resident() {
	run(|| {
		let release = install(
			"young",
			Entry {
				resident: 3,
				..classifier_entry()
			},
		);
		for block in 1..3 {
			System::set_block_number(block);
			assert_noop!(
				infer(ALICE, &release, vec![image(), bias()]),
				Error::<Test>::ModelNotResident
			);
		}
		System::set_block_number(3);
		assert_ok!(infer(ALICE, &release, vec![image(), bias()]));
		assert_eq!(runs(), 1);
	});
}

#[test]
fn a_release_of_this_block_is_refused_until_the_next() {
	run(|| {
		let release = release_id("fresh");
		let entry = Entry {
			created: 1,
			..classifier_entry()
		};
		assert_ok!(Registry::release(
			RuntimeOrigin::signed(OWNER),
			release.clone(),
			entry
		));
		assert_noop!(
			infer(ALICE, &release, vec![image(), bias()]),
			Error::<Test>::ModelNotResident
		);
		System::set_block_number(2);
		assert_ok!(infer(ALICE, &release, vec![image(), bias()]));
	});
}

#[test]
fn a_model_that_is_too_heavy_is_refused() {
	run(|| {
		let mut entry = classifier_entry();
		entry.report.cost = Cost {
			macs: 200_000_000,
			..entry.report.cost
		};
		refused(Some(entry), Error::TooHeavy);
	});
}

#[test]
fn a_cost_at_the_end_of_its_range_is_refused() {
	run(|| {
		let mut entry = classifier_entry();
		entry.report.cost = Cost {
			macs: u64::MAX,
			bytes: u64::MAX,
			steps: u32::MAX,
			transcendentals: u64::MAX,
		};
		refused(Some(entry), Error::TooHeavy);
	});
}

#[test]
fn the_heaviest_model_that_fits_is_called() {
	run(|| {
		let mut entry = classifier_entry();
		entry.report.cost = Cost {
			macs: 0,
			bytes: 0,
			steps: 0,
			transcendentals: 0,
		};
		let release = install("heavy", entry.clone());
		let around = Inference::quote(&release).unwrap().weight;
		let room = (MaxInferenceWeight::get() - around).ref_time();

		entry.report.cost.macs = room / 1_000;
		let release = install("heavy", entry.clone());
		assert_ok!(infer(ALICE, &release, vec![image(), bias()]));

		entry.report.cost.macs += 1;
		let release = install("heavy", entry);
		assert_noop!(
			infer(ALICE, &release, vec![image(), bias()]),
			Error::<Test>::TooHeavy
		);
	});
}

#[test]
fn outputs_beyond_the_bound_of_a_receipt_are_refused() {
	run(|| {
		let mut entry = classifier_entry();
		entry.report.outputs = vec![schema("scores", DType::U8, &[16 * 1024])]
			.try_into()
			.unwrap();
		refused(Some(entry), Error::OutputsTooLarge);
	});
}

#[test]
fn outputs_whose_size_overflows_are_refused() {
	run(|| {
		let mut entry = classifier_entry();
		entry.report.outputs = vec![schema("scores", DType::F64, &[u32::MAX, u32::MAX, 2])]
			.try_into()
			.unwrap();
		refused(Some(entry), Error::OutputsTooLarge);
	});
}

#[test]
fn the_largest_outputs_that_fit_are_stored() {
	run(|| {
		// One list of one tensor: 1 + (1 + 1) + 1 + (1 + 4) bytes, and 2 for the length of the data.
		let most = MaxOutputBytes::get() - 11;
		let mut entry = classifier_entry();
		entry.model = noema_primitives::ModelId::of(b"zeros");
		entry.report.outputs = vec![schema("y", DType::U8, &[most])].try_into().unwrap();
		let release = install("largest", entry.clone());
		assert_ok!(infer(ALICE, &release, vec![image(), bias()]));
		let receipt = Inference::receipt(0).unwrap();
		assert_eq!(codec::Encode::encoded_size(&receipt.outputs), 16 * 1024);

		entry.report.outputs = vec![schema("y", DType::U8, &[most + 1])]
			.try_into()
			.unwrap();
		let release = install("larger", entry);
		assert_noop!(
			infer(ALICE, &release, vec![image(), bias()]),
			Error::<Test>::OutputsTooLarge
		);
	});
}

#[test]
fn only_a_signed_origin_infers() {
	run(|| {
		let release = classifier();
		for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
			assert_noop!(
				Inference::infer(origin, release.clone(), Default::default()),
				DispatchError::BadOrigin
			);
		}
	});
}

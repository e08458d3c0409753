//! What may be asked, and what each misuse meets.

use codec::Encode;
use frame_support::{assert_noop, assert_ok};
use noema_primitives::{jobs::Payload, tensor::named, DType, ModelReport, NamedTensor, CHUNK_SIZE};
use sp_runtime::{DispatchResult, TokenError};

use super::{
	fake::{tensor, Fake},
	mock::*,
	world::{self, Releases, Reports},
};
use crate::{Error, HoldReason, OpenJobs, Params};

fn request(who: u64, inputs: Payload, k: u8) -> DispatchResult {
	call(|| {
		Jobs::request(
			RuntimeOrigin::signed(who),
			release_of(MODEL),
			inputs,
			k,
			0,
			2 * PRICE,
			None,
		)
	})
}

fn ask_tensors(tensors: Vec<NamedTensor>) -> DispatchResult {
	let payload = Payload::Inline(tensors.try_into().expect("few"));
	request(REQUESTER, payload, 1)
}

fn change_report(change: impl FnOnce(&mut ModelReport)) {
	Reports::<Test>::mutate(MODEL.id(), |report| {
		change(report.as_mut().expect("there is one"));
	});
}

#[test]
fn inputs_must_fit_the_schema() {
	run(|| {
		type E = Error<Test>;
		let x = |dtype, shape: &[u32], len: usize| {
			vec![named("x", dtype, shape, vec![0; len]).expect("short")]
		};
		let cases = [
			(vec![], E::MissingInput { input: 0 }),
			(vec![tensor("z", &[0; 8])], E::UnexpectedInput { input: 0 }),
			(
				vec![tensor("x", &[0; 8]), tensor("x", &[0; 8])],
				E::DuplicateInput { input: 1 },
			),
			(x(DType::I8, &[8], 8), E::WrongDType { input: 0 }),
			(x(DType::U8, &[8, 1], 8), E::WrongRank { input: 0 }),
			(
				x(DType::U8, &[9], 9),
				E::WrongDimension { input: 0, axis: 0 },
			),
			(x(DType::U8, &[8], 7), E::WrongByteLength { input: 0 }),
			(x(DType::U8, &[8], 300), E::InputsTooLarge),
		];
		for (tensors, error) in cases {
			assert_noop!(ask_tensors(tensors), error);
		}
	});
}

#[test]
fn inputs_must_have_the_bytes_that_traces_hash() {
	run(|| {
		let set = |dtype: DType, len: u32| {
			change_report(|report| {
				report.inputs[0].dtype = dtype;
				report.inputs[0].shape = vec![len].try_into().expect("short");
			});
		};
		let x =
			|dtype, len: u32, data: Vec<u8>| vec![named("x", dtype, &[len], data).expect("short")];
		set(DType::Bool, 3);
		assert_noop!(
			ask_tensors(x(DType::Bool, 3, vec![0, 1, 2])),
			Error::<Test>::NotCanonical { input: 0 }
		);
		assert_ok!(ask_tensors(x(DType::Bool, 3, vec![0, 1, 1])));
		set(DType::F32, 1);
		let nan = 0x7fc0_0001u32.to_le_bytes().to_vec();
		assert_noop!(
			ask_tensors(x(DType::F32, 1, nan)),
			Error::<Test>::NotCanonical { input: 0 }
		);
		assert_ok!(ask_tensors(x(
			DType::F32,
			1,
			f32::INFINITY.to_le_bytes().to_vec()
		)));
	});
}

#[test]
fn a_release_must_stand_for_an_admitted_model() {
	run(|| {
		Releases::<Test>::mutate(release_of(MODEL), |release| {
			release.as_mut().expect("released").2 = true;
		});
		let ask = || request(REQUESTER, inline("x", &input(1)), 1);
		assert_noop!(ask(), Error::<Test>::ReleaseRetired);
		Releases::<Test>::remove(release_of(MODEL));
		assert_noop!(ask(), Error::<Test>::UnknownRelease);
		Releases::<Test>::insert(release_of(MODEL), (Fake(9).id(), 0, false));
		assert_noop!(ask(), Error::<Test>::ModelNotAdmitted);
	});
}

#[test]
fn a_model_must_be_one_that_can_be_refereed() {
	run(|| {
		let ask = || request(REQUESTER, inline("x", &input(1)), 1);
		change_report(|report| report.plan.leaves = 0);
		assert_noop!(ask(), Error::<Test>::NotForJobs);
		change_report(|report| {
			report.plan.leaves = 8;
			report.plan.heaviest_step.macs = 1_000_001;
		});
		assert_noop!(ask(), Error::<Test>::StepTooHeavy);
		change_report(|report| {
			report.plan.heaviest_step.macs = 1_000;
			report.plan.most_step_bytes = 4 * u64::from(CHUNK_SIZE) + 1;
		});
		assert_noop!(ask(), Error::<Test>::StepTooLarge);
		change_report(|report| {
			report.plan.most_step_bytes = 1;
			report.outputs[0].shape = vec![2 * CHUNK_SIZE].try_into().expect("short");
		});
		assert_noop!(ask(), Error::<Test>::OutputsTooLarge);
	});
}

#[test]
fn a_committee_must_be_within_bounds_and_there_must_be_hosts() {
	run(|| {
		let ask = |k| request(REQUESTER, inline("x", &input(1)), k);
		for k in [0, 9, 255] {
			assert_noop!(ask(k), Error::<Test>::CommitteeSize);
		}
		let with = |min_stake, max_price| {
			call(|| {
				Jobs::request(
					RuntimeOrigin::signed(REQUESTER),
					release_of(MODEL),
					inline("x", &input(1)),
					2,
					min_stake,
					max_price,
					None,
				)
			})
		};
		// Nobody works for that, nobody has so much, and only one is so cheap.
		assert_noop!(with(0, PRICE - 1), Error::<Test>::TooFewHosts);
		assert_noop!(with(2 * STAKE + 1, 2 * PRICE), Error::<Test>::TooFewHosts);
		assert_noop!(with(2 * JOB_STAKE + 2, PRICE), Error::<Test>::TooFewHosts);
		assert_ok!(with(2 * STAKE, 2 * PRICE));
		// One host is there, and its stake suffices.
		assert_ok!(with(0, PRICE));
	});
}

#[test]
fn the_escrow_must_be_there() {
	run(|| {
		assert_noop!(
			request(POOR, inline("x", &input(1)), 1),
			TokenError::FundsUnavailable
		);
		let all = u64::MAX / 2;
		assert_noop!(
			call(|| Jobs::request(
				RuntimeOrigin::signed(REQUESTER),
				release_of(MODEL),
				inline("x", &input(1)),
				8,
				0,
				all,
				None,
			)),
			sp_runtime::ArithmeticError::Overflow
		);
	});
}

#[test]
fn open_jobs_are_bounded() {
	run(|| {
		for number in 0..MAX_OPEN_JOBS {
			ask(1, &input(number.into()));
		}
		assert_noop!(
			request(REQUESTER, inline("x", &input(1)), 1),
			Error::<Test>::TooManyJobs
		);
		// All end, although more of them are due at once than a block takes up.
		run_to(120);
		assert_eq!(OpenJobs::<Test>::count(), 0);
		assert_eq!(held(REQUESTER, HoldReason::Escrow), 0);
	});
}

#[test]
fn inputs_may_come_in_a_blob() {
	run(|| {
		let bytes = vec![tensor("x", &input(5))].encode();
		let hash = *blake3::hash(&bytes).as_bytes();
		let size = bytes.len() as u32;
		let ask = |size| request(REQUESTER, Payload::Blob { hash, size }, 2);
		assert_noop!(ask(size), Error::<Test>::UnknownBlob);
		assert_ok!(Jobs::upload_blob(
			RuntimeOrigin::signed(REQUESTER),
			hash,
			size,
			0,
			bytes.try_into().expect("short"),
		));
		assert_noop!(ask(size - 1), Error::<Test>::WrongBlobSize);
		assert_noop!(ask(2 * CHUNK_SIZE + 1), Error::<Test>::InputsTooLarge);
		assert_ok!(ask(size));
		assert_noop!(
			Jobs::remove_blob(RuntimeOrigin::signed(REQUESTER), hash),
			Error::<Test>::BlobInUse
		);
		assert_eq!(Jobs::inputs(0), Some(vec![tensor("x", &input(5))]));
		answer(0, |_| truth(&input(5)));
		run_to(System::block_number() + params().challenge_period + 2);
		assert_eq!(job(0).answer, Some(truth(&input(5)).root));
		assert_ok!(Jobs::remove_blob(RuntimeOrigin::signed(REQUESTER), hash));
	});
}

#[test]
fn a_blob_must_be_what_it_is_said_to_be() {
	run(|| {
		let upload = |hash: [u8; 32], bytes: &[u8]| {
			let size = bytes.len() as u32;
			assert_ok!(Jobs::upload_blob(
				RuntimeOrigin::signed(REQUESTER),
				hash,
				size,
				0,
				bytes.to_vec().try_into().expect("short"),
			));
			request(REQUESTER, Payload::Blob { hash, size }, 1)
		};
		let right = vec![tensor("x", &input(5))].encode();
		assert_eq!(
			upload([1; 32], &right),
			Err(Error::<Test>::BlobHashMismatch.into())
		);
		let noise = [255; 40];
		assert_eq!(
			upload(*blake3::hash(&noise).as_bytes(), &noise),
			Err(Error::<Test>::NotTensors.into())
		);
		let trailing = [&right[..], &[0]].concat();
		assert_eq!(
			upload(*blake3::hash(&trailing).as_bytes(), &trailing),
			Err(Error::<Test>::NotTensors.into())
		);
	});
}

#[test]
fn tensors_in_a_blob_are_in_the_schemas_order() {
	run(|| {
		change_report(|report| {
			let mut second = report.inputs[0].clone();
			second.name = b"a".to_vec().try_into().expect("short");
			report.inputs.try_push(second).expect("few");
		});
		let list = vec![tensor("a", &input(1)), tensor("x", &input(2))];
		let bytes = list.encode();
		let (hash, size) = (*blake3::hash(&bytes).as_bytes(), bytes.len() as u32);
		assert_ok!(Jobs::upload_blob(
			RuntimeOrigin::signed(REQUESTER),
			hash,
			size,
			0,
			bytes.try_into().expect("short"),
		));
		assert_noop!(
			request(REQUESTER, Payload::Blob { hash, size }, 1),
			Error::<Test>::InputsOutOfOrder
		);
		// In a call they are put into it.
		assert_ok!(ask_tensors(list));
		let names: Vec<_> = Jobs::inputs(0)
			.expect("kept")
			.into_iter()
			.map(|named| named.name.into_inner())
			.collect();
		assert_eq!(names, [b"x", b"a"]);
	});
}

#[test]
fn the_stake_asked_for_is_divided_and_rounded_up() {
	run(|| {
		let id = ask_with(3, &input(1), 100_000, 2 * PRICE);
		assert_eq!(job(id).stake, 33_334);
		let id = ask_with(3, &input(1), 1, 2 * PRICE);
		assert_eq!(job(id).stake, JOB_STAKE);
	});
}

#[test]
fn a_job_keeps_its_model_and_its_terms() {
	run(|| {
		let id = ask(1, &input(1));
		assert_eq!(world::Pins::<Test>::get(MODEL.id()), 1);
		Releases::<Test>::remove(release_of(MODEL));
		let mut changed = params();
		changed.auditors = 0;
		changed.burnt_share = sp_runtime::Perbill::zero();
		Params::<Test>::put(changed);
		let owner = wealth(OWNER);
		answer(id, |_| truth(&input(1)));
		run_to(60);
		assert_eq!(wealth(OWNER), owner + ROYALTY);
		assert_eq!(world::Pins::<Test>::get(MODEL.id()), 0);
	});
}

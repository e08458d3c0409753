//! Runs that give no answer, or a wrong one.

use frame_support::assert_noop;
use noema_primitives::{tensor::named, DType, InferError, NamedTensor};
use sp_runtime::DispatchError;

use super::{
	executor::{runs, teach, Behaviour},
	mock::*,
};
use crate::Error;

/// A run that ends like this changes nothing and gives this error.
fn fails(behaviour: Behaviour, error: Error<Test>) {
	run(|| {
		let release = classifier();
		teach(classifier_entry().model, behaviour.clone());
		let error = DispatchError::from(error);
		assert_noop!(infer(ALICE, &release, vec![image(), bias()]), error);
		assert_noop!(Inference::dry_run(&release, vec![image(), bias()]), error);
		assert_eq!(runs(), 2);
		assert!(System::events().is_empty());
	});
}

#[test]
fn each_failure_of_a_run_has_its_own_error() {
	let pairs = [
		(InferError::IndexOutOfRange, Error::IndexOutOfRange),
		(InferError::DivisionByZero, Error::DivisionByZero),
		(InferError::InvalidValue, Error::InvalidValue),
		(InferError::SchemaMismatch, Error::SchemaMismatch),
		(InferError::ModelMissing, Error::ModelMissing),
		(InferError::ModelRefused, Error::ModelRefused),
		(InferError::UnknownProfile, Error::UnknownProfile),
		(InferError::InternalFault, Error::InternalFault),
		(InferError::Busy, Error::Busy),
	];
	for (cause, error) in pairs {
		fails(Behaviour::Fail(cause), error);
	}
}

fn answers(outputs: Vec<NamedTensor>) {
	fails(Behaviour::Answer(outputs), Error::OutputMismatch);
}

#[test]
fn outputs_that_break_the_report_never_reach_the_state() {
	let data = || scores().tensor.data.into_inner();
	answers(vec![]);
	answers(vec![scores(), scores()]);
	answers(vec![f32s("score", &[1, 3], &[0.0; 3])]);
	answers(vec![named("scores", DType::I32, &[1, 3], data()).unwrap()]);
	answers(vec![named("scores", DType::F32, &[3], data()).unwrap()]);
	answers(vec![named("scores", DType::F32, &[3, 1], data()).unwrap()]);
	answers(vec![
		named("scores", DType::F32, &[1, 3], vec![0; 11]).unwrap()
	]);
	answers(vec![named(
		"scores",
		DType::F32,
		&[1, 3],
		vec![0; 16 * 1024],
	)
	.unwrap()]);
	answers(vec![scores(); 17]);
}

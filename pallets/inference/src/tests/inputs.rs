//! Inputs that do not fit the schema, each with an error that says which one and how.

use frame_support::{assert_noop, assert_ok};
use noema_primitives::{tensor::named, DType, NamedTensor};
use sp_runtime::DispatchError;

use super::{executor::runs, mock::*};
use crate::Error;

/// The classifier refuses these inputs before any compute, in a block and in a dry run.
fn refused(inputs: Vec<NamedTensor>, error: Error<Test>) {
	run(|| {
		let release = classifier();
		let error = DispatchError::from(error);
		assert_noop!(infer(ALICE, &release, inputs.clone()), error);
		assert_noop!(Inference::dry_run(&release, inputs), error);
		assert_eq!(runs(), 0);
	});
}

#[test]
fn a_missing_input_is_named_by_its_place_in_the_schema() {
	refused(vec![image()], Error::MissingInput { input: 1 });
	refused(vec![bias()], Error::MissingInput { input: 0 });
	refused(vec![], Error::MissingInput { input: 0 });
}

#[test]
fn a_misnamed_or_extra_input_is_unexpected() {
	refused(
		vec![image(), f32s("biases", &[3], &[0.0; 3])],
		Error::UnexpectedInput { input: 1 },
	);
	refused(
		vec![f32s("", &[], &[0.0]), image(), bias()],
		Error::UnexpectedInput { input: 0 },
	);
	refused(
		vec![image(), bias(), f32s("Image", &[1, 3], &[0.0; 3])],
		Error::UnexpectedInput { input: 2 },
	);
}

#[test]
fn an_input_given_twice_is_a_duplicate() {
	refused(
		vec![image(), bias(), image()],
		Error::DuplicateInput { input: 2 },
	);
	refused(vec![bias(), bias()], Error::DuplicateInput { input: 1 });
}

#[test]
fn an_output_is_no_input() {
	refused(
		vec![image(), bias(), scores()],
		Error::UnexpectedInput { input: 2 },
	);
}

#[test]
fn another_element_type_is_refused_even_of_the_same_size() {
	let bytes = bias().tensor.data.into_inner();
	refused(
		vec![image(), named("bias", DType::I32, &[3], bytes).unwrap()],
		Error::WrongDType { input: 1 },
	);
	refused(
		vec![
			named("image", DType::F64, &[1, 3], vec![0; 24]).unwrap(),
			bias(),
		],
		Error::WrongDType { input: 0 },
	);
}

#[test]
fn another_rank_is_refused_even_of_the_same_size() {
	refused(
		vec![bias(), f32s("image", &[3], &[0.0; 3])],
		Error::WrongRank { input: 1 },
	);
	refused(
		vec![f32s("image", &[1, 1, 3], &[0.0; 3]), bias()],
		Error::WrongRank { input: 0 },
	);
	refused(
		vec![image(), f32s("bias", &[], &[0.0])],
		Error::WrongRank { input: 1 },
	);
}

#[test]
fn another_dimension_is_refused_even_of_the_same_size() {
	refused(
		vec![image(), f32s("bias", &[2], &[0.0; 2])],
		Error::WrongDimension { input: 1, axis: 0 },
	);
	refused(
		vec![f32s("image", &[3, 1], &[0.0; 3]), bias()],
		Error::WrongDimension { input: 0, axis: 0 },
	);
	refused(
		vec![f32s("image", &[1, 4], &[0.0; 4]), bias()],
		Error::WrongDimension { input: 0, axis: 1 },
	);
	refused(
		vec![
			image(),
			named("bias", DType::F32, &[u32::MAX], vec![]).unwrap(),
		],
		Error::WrongDimension { input: 1, axis: 0 },
	);
}

#[test]
fn data_of_another_length_is_refused() {
	for len in [0, 11, 13, 24] {
		refused(
			vec![
				image(),
				named("bias", DType::F32, &[3], vec![0; len]).unwrap(),
			],
			Error::WrongByteLength { input: 1 },
		);
	}
}

#[test]
fn the_first_fault_in_the_order_of_the_call_is_told() {
	let image = f32s("image", &[1, 2], &[0.0; 2]);
	let bias = f32s("bias", &[1, 3], &[0.0; 3]);
	refused(
		vec![image.clone(), bias.clone()],
		Error::WrongDimension { input: 0, axis: 1 },
	);
	refused(vec![bias, image], Error::WrongRank { input: 0 });
}

#[test]
fn names_are_told_before_contents() {
	refused(
		vec![f32s("bias", &[1], &[0.0]), f32s("colour", &[1], &[0.0])],
		Error::UnexpectedInput { input: 1 },
	);
	refused(
		vec![f32s("image", &[1], &[0.0])],
		Error::MissingInput { input: 1 },
	);
}

#[test]
fn inputs_come_in_any_order() {
	run(|| {
		let release = classifier();
		assert_ok!(infer(ALICE, &release, vec![image(), bias()]));
		assert_ok!(infer(ALICE, &release, vec![bias(), image()]));
		let (first, second) = (
			Inference::receipt(0).unwrap(),
			Inference::receipt(1).unwrap(),
		);
		assert_eq!(first, second);
		assert_eq!(first.outputs.to_vec(), vec![scores()]);
	});
}

#[test]
fn a_model_without_inputs_takes_none() {
	run(|| {
		let mut entry = classifier_entry();
		entry.model = noema_primitives::ModelId::of(b"constant");
		entry.report.inputs = Default::default();
		let release = install("constant", entry);
		assert_ok!(infer(ALICE, &release, vec![]));
		assert_noop!(
			infer(ALICE, &release, vec![image()]),
			Error::<Test>::UnexpectedInput { input: 0 }
		);
	});
}

#[test]
fn more_inputs_over_rpc_than_a_call_can_hold_are_refused() {
	run(|| {
		let release = classifier();
		let inputs = vec![image(); 1_000];
		assert_noop!(
			Inference::dry_run(&release, inputs),
			Error::<Test>::DuplicateInput { input: 1 }
		);
		let mut inputs = vec![image(), bias()];
		inputs.extend((0..1_000).map(|_| f32s("x", &[], &[0.0])));
		assert_noop!(
			Inference::dry_run(&release, inputs),
			Error::<Test>::UnexpectedInput { input: 2 }
		);
	});
}

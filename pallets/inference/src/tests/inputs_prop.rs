//! Arbitrary inputs: none panics, and those that fit, and only those, are taken.

use noema_primitives::{
	schema::{arrange, Misfit},
	tensor::named,
	DType, NamedTensor, Tensor, TensorSchema,
};
use proptest::prelude::*;

use super::{executor::runs, mock::*};

const NAMES: [&str; 5] = ["", "a", "b", "ab", "image"];

fn dtypes() -> impl Strategy<Value = DType> {
	prop::sample::select(vec![
		DType::Bool,
		DType::U8,
		DType::I16,
		DType::F32,
		DType::U64,
	])
}

fn shapes() -> impl Strategy<Value = Vec<u32>> {
	prop::collection::vec(prop_oneof![8 => 0u32..4, 1 => any::<u32>()], 0..=8)
}

/// Tensors that take little room.
fn small_shapes() -> impl Strategy<Value = Vec<u32>> {
	prop::collection::vec(0u32..4, 0..=4)
}

/// Schemas with names that differ, as admission sees to.
fn schemas() -> impl Strategy<Value = Vec<TensorSchema>> {
	(
		Just(NAMES.to_vec()).prop_shuffle(),
		prop::collection::vec((dtypes(), small_shapes()), 0..=NAMES.len()),
	)
		.prop_map(|(names, rest)| {
			names
				.into_iter()
				.zip(rest)
				.map(|(name, (dtype, shape))| schema(name, dtype, &shape))
				.collect()
		})
}

fn any_tensor() -> impl Strategy<Value = NamedTensor> {
	(
		prop::sample::select(NAMES.to_vec()),
		dtypes(),
		shapes(),
		prop::collection::vec(0u8.., 0..40),
	)
		.prop_map(|(name, dtype, shape, data)| named(name, dtype, &shape, data).unwrap())
}

fn fitting(schema: &TensorSchema) -> NamedTensor {
	let len = Tensor::byte_len(schema.dtype, &schema.shape).unwrap();
	NamedTensor {
		name: schema.name.clone(),
		tensor: Tensor {
			dtype: schema.dtype,
			shape: schema.shape.clone(),
			data: vec![0; len as usize].try_into().unwrap(),
		},
	}
}

/// Schemas and inputs that fit, in any order.
fn fitting_case() -> impl Strategy<Value = (Vec<TensorSchema>, Vec<NamedTensor>)> {
	schemas().prop_flat_map(|schemas| {
		let inputs: Vec<NamedTensor> = schemas.iter().map(fitting).collect();
		(Just(schemas), Just(inputs).prop_shuffle())
	})
}

/// What may be wrong with a call.
#[derive(Clone, Debug)]
enum Tampering {
	/// Another tensor in the place of one, or one more.
	Replace(NamedTensor),
	/// One twice.
	Repeat,
	/// One left out.
	Drop,
	/// One with data of this length.
	Data(usize),
	/// One with a dimension more.
	Rank,
	/// One with this first dimension.
	Dimension(u32),
	/// One of another element type.
	DType(DType),
}

fn tampering() -> impl Strategy<Value = Tampering> {
	prop_oneof![
		any_tensor().prop_map(Tampering::Replace),
		Just(Tampering::Repeat),
		Just(Tampering::Drop),
		(0usize..40).prop_map(Tampering::Data),
		Just(Tampering::Rank),
		(0u32..4).prop_map(Tampering::Dimension),
		dtypes().prop_map(Tampering::DType),
	]
}

fn tamper(inputs: &mut Vec<NamedTensor>, at: usize, how: Tampering) {
	let Some(input) = inputs.get_mut(at) else {
		if let Tampering::Replace(tensor) = how {
			inputs.push(tensor);
		}
		return;
	};
	let tensor = &mut input.tensor;
	match how {
		Tampering::Replace(other) => *input = other,
		Tampering::Repeat => {
			let twice = input.clone();
			inputs.push(twice);
		}
		Tampering::Drop => drop(inputs.remove(at)),
		Tampering::Data(len) => tensor.data = vec![0; len].try_into().unwrap(),
		Tampering::Rank => drop(tensor.shape.try_push(1)),
		Tampering::Dimension(dim) => {
			if !tensor.shape.is_empty() {
				tensor.shape[0] = dim;
			}
		}
		Tampering::DType(dtype) => tensor.dtype = dtype,
	}
}

/// Schemas and inputs that fit, or nearly, or not at all.
fn any_case() -> impl Strategy<Value = (Vec<TensorSchema>, Vec<NamedTensor>)> {
	(
		fitting_case(),
		prop::collection::vec((0usize..6, tampering()), 0..3),
	)
		.prop_map(|((schemas, mut inputs), all)| {
			for (at, how) in all {
				tamper(&mut inputs, at, how);
			}
			(schemas, inputs)
		})
}

/// The rule, said in another way: as many inputs as the schema has, and for each of the schema's
/// exactly one that has its name, and that one fits.
fn fit(inputs: &[NamedTensor], schemas: &[TensorSchema]) -> bool {
	inputs.len() == schemas.len()
		&& schemas.iter().all(|schema| {
			let mut same = inputs.iter().filter(|input| input.name == schema.name);
			let one = same.next();
			same.next().is_none()
				&& one.is_some_and(|input| {
					let elements = schema
						.shape
						.iter()
						.map(|dim| *dim as usize)
						.product::<usize>();
					input.tensor.dtype == schema.dtype
						&& input.tensor.shape == schema.shape
						&& input.tensor.data.len() == elements * schema.dtype.size() as usize
				})
		})
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(2_000))]

	#[test]
	fn inputs_that_fit_are_put_into_the_schemas_order((schemas, inputs) in fitting_case()) {
		let arranged = arrange(inputs, &schemas);
		prop_assert_eq!(arranged, Ok(schemas.iter().map(fitting).collect::<Vec<_>>()));
	}

	#[test]
	fn inputs_are_taken_exactly_if_they_fit((schemas, inputs) in any_case()) {
		let arranged = arrange(inputs.clone(), &schemas);
		prop_assert_eq!(arranged.is_ok(), fit(&inputs, &schemas));
		if let Ok(arranged) = arranged {
			for (input, schema) in arranged.iter().zip(&schemas) {
				prop_assert_eq!(&input.name, &schema.name);
				prop_assert!(inputs.contains(input));
			}
		}
	}

	#[test]
	fn a_misfit_names_an_input_that_is_at_fault((schemas, inputs) in any_case()) {
		let of = |input: &NamedTensor| schemas.iter().find(|schema| schema.name == input.name);
		let at = |input: u8| &inputs[input as usize];
		match arrange(inputs.clone(), &schemas) {
			Ok(_) => {},
			Err(Misfit::Missing { input }) => {
				let name = &schemas[input as usize].name;
				prop_assert!(inputs.iter().all(|input| &input.name != name));
			},
			Err(Misfit::Unexpected { input }) => prop_assert!(of(at(input)).is_none()),
			Err(Misfit::Duplicate { input }) => {
				let before = &inputs[..input as usize];
				prop_assert!(before.iter().any(|other| other.name == at(input).name));
			},
			Err(Misfit::DType { input }) => {
				prop_assert_ne!(at(input).tensor.dtype, of(at(input)).unwrap().dtype);
			},
			Err(Misfit::Rank { input }) => {
				prop_assert_ne!(at(input).tensor.shape.len(), of(at(input)).unwrap().shape.len());
			},
			Err(Misfit::Dimension { input, axis }) => {
				let axis = axis as usize;
				prop_assert_ne!(at(input).tensor.shape[axis], of(at(input)).unwrap().shape[axis]);
			},
			Err(Misfit::ByteLength { input }) => {
				prop_assert_eq!(&at(input).tensor.shape, &of(at(input)).unwrap().shape);
				prop_assert!(!at(input).tensor.is_consistent());
			},
		}
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(500))]

	#[test]
	fn a_call_runs_exactly_if_its_inputs_fit((schemas, inputs) in any_case()) {
		run(|| {
			let mut entry = classifier_entry();
			entry.model = noema_primitives::ModelId::of(b"zeros");
			entry.report.inputs = schemas.clone().try_into().unwrap();
			let release = install("any", entry);
			let fits = fit(&inputs, &schemas);
			assert_eq!(infer(ALICE, &release, inputs).is_ok(), fits);
			assert_eq!(Inference::receipt(0).is_some(), fits);
			assert_eq!(runs(), u32::from(fits));
		});
	}
}

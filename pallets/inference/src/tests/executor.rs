//! A stand-in for the engine, told by each test how its models behave.

#![allow(unreachable_pub)]

use core::cell::{Cell, RefCell};
use noema_primitives::{
	tensor::named, InferError, ModelExecutor, ModelId, ModelLocation, ModelReport, NamedTensor,
	Tensor,
};
use std::collections::BTreeMap;

/// How a model behaves.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
	/// Takes `image` and `bias`, in this order, and returns `scores[i] = image[i] + bias[i]`.
	Classify,
	/// Fails.
	Fail(InferError),
	/// Returns these, whatever the report says.
	Answer(Vec<NamedTensor>),
}

thread_local! {
	static BEHAVIOURS: RefCell<BTreeMap<ModelId, Behaviour>> = const { RefCell::new(BTreeMap::new()) };
	static RUNS: Cell<u32> = const { Cell::new(0) };
}

/// Lets the model behave like this from now on.
pub(crate) fn teach(model: ModelId, behaviour: Behaviour) {
	BEHAVIOURS.with_borrow_mut(|all| all.insert(model, behaviour));
}

/// How often a model ran in this test.
pub(crate) fn runs() -> u32 {
	RUNS.get()
}

/// Forgets what other tests on this thread did.
pub(crate) fn reset() {
	BEHAVIOURS.with_borrow_mut(BTreeMap::clear);
	RUNS.set(0);
}

/// The stand-in. A model that nobody taught returns zeros that fit its report.
#[derive(Debug)]
pub struct MockExecutor;

impl ModelExecutor for MockExecutor {
	fn infer(
		model: &ModelLocation,
		report: &ModelReport,
		inputs: &[NamedTensor],
	) -> Result<Vec<NamedTensor>, InferError> {
		RUNS.set(RUNS.get() + 1);
		match BEHAVIOURS.with_borrow(|all| all.get(&model.id).cloned()) {
			Some(Behaviour::Classify) => Ok(vec![classify(report, inputs)]),
			Some(Behaviour::Fail(error)) => Err(error),
			Some(Behaviour::Answer(outputs)) => Ok(outputs),
			None => Ok(zeros(report)),
		}
	}
}

fn classify(report: &ModelReport, inputs: &[NamedTensor]) -> NamedTensor {
	let [image, bias] = inputs else {
		panic!("the pallet has checked how many inputs there are")
	};
	assert_eq!(
		image.name, report.inputs[0].name,
		"inputs come in the schema's order"
	);
	assert_eq!(
		bias.name, report.inputs[1].name,
		"inputs come in the schema's order"
	);
	let data = floats(&image.tensor)
		.zip(floats(&bias.tensor))
		.flat_map(|(pixel, bias)| (pixel + bias).to_le_bytes())
		.collect();
	let output = &report.outputs[0];
	let name = core::str::from_utf8(&output.name).expect("the mock's names are UTF-8");
	named(name, output.dtype, &output.shape, data).expect("as large as the image")
}

fn zeros(report: &ModelReport) -> Vec<NamedTensor> {
	report
		.outputs
		.iter()
		.map(|schema| {
			let len = Tensor::byte_len(schema.dtype, &schema.shape).expect("the mock's are small");
			NamedTensor {
				name: schema.name.clone(),
				tensor: Tensor {
					dtype: schema.dtype,
					shape: schema.shape.clone(),
					data: vec![0; len as usize]
						.try_into()
						.expect("the mock's are small"),
				},
			}
		})
		.collect()
}

/// The elements of an `f32` tensor.
pub(crate) fn floats(tensor: &Tensor) -> impl Iterator<Item = f32> + '_ {
	tensor
		.data
		.chunks_exact(4)
		.map(|bytes| f32::from_le_bytes(bytes.try_into().expect("chunks of four bytes")))
}

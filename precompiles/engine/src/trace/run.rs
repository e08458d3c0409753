//! Runs canonical steps one after the other.

use tract_onnx::prelude::{IntoTValue, TValue, TVec, Tensor};

use super::spec::{Failure, Leaf, TensorDigest};
use crate::{
	error::{EvalError, RunError},
	import::{Graph, Source},
	tensor::{canonicalise_nans, dtype},
	Value,
};

/// Why a run did not reach its end.
pub(super) enum Stopped {
	/// A step failed, as it does on every machine.
	Failed(Failure, RunError),
	/// A fault of the engine or of the machine.
	Internal(RunError),
}

impl From<RunError> for Stopped {
	fn from(error: RunError) -> Self {
		Self::Internal(error)
	}
}

/// A value, and how many still read it.
#[derive(Clone, Debug, Default)]
struct Cell {
	value: Option<TValue>,
	readers: u32,
}

/// The values that are alive in a run.
#[derive(Debug)]
pub(super) struct Values {
	inputs: Vec<Cell>,
	steps: Vec<Vec<Cell>>,
}

impl Values {
	fn new(graph: &Graph, inputs: TVec<TValue>) -> Self {
		let cell = |value| Cell {
			value: Some(value),
			readers: 0,
		};
		let steps = graph.steps.iter();
		Self {
			inputs: inputs.into_iter().map(cell).collect(),
			steps: steps
				.map(|step| vec![Cell::default(); step.output_facts.len()])
				.collect(),
		}
	}

	fn cell(&mut self, source: &Source) -> Option<&mut Cell> {
		match source {
			Source::Input(index) => self.inputs.get_mut(*index),
			Source::Step { step, slot } => self.steps.get_mut(*step)?.get_mut(*slot),
			Source::Constant(_) => None,
		}
	}

	fn count(&mut self, source: &Source) {
		if let Some(cell) = self.cell(source) {
			cell.readers += 1;
		}
	}

	/// A value that is alive.
	pub(super) fn get(&self, source: &Source) -> Result<TValue, RunError> {
		let value = match source {
			Source::Constant(value) => return Ok(value.clone().into_tvalue()),
			Source::Input(index) => self.inputs.get(*index),
			Source::Step { step, slot } => self.steps.get(*step).and_then(|step| step.get(*slot)),
		};
		value
			.and_then(|cell| cell.value.clone())
			.ok_or_else(|| RunError::Internal {
				reason: format!("{source:?} is no more"),
			})
	}

	/// The value for one of its readers: itself for the last one, which may then reuse its memory.
	fn take(&mut self, source: &Source) -> Result<TValue, RunError> {
		let value = self.get(source)?;
		if let Some(cell) = self.cell(source) {
			cell.readers -= 1;
			if cell.readers == 0 {
				cell.value = None;
			}
		}
		Ok(value)
	}
}

/// Runs the first `steps` steps, and gives `made` what each makes, with canonical NaNs. What comes
/// from the sources in `kept` is alive at the end; all else goes as soon as nothing reads it.
pub(super) fn run(
	graph: &Graph,
	inputs: TVec<TValue>,
	steps: usize,
	kept: &[&Source],
	made: &mut dyn FnMut(&[Tensor]) -> Result<(), RunError>,
) -> Result<Values, Stopped> {
	let mut values = Values::new(graph, inputs);
	let run = &graph.steps[..steps];
	let read = run.iter().flat_map(|step| &step.inputs);
	for source in read.chain(kept.iter().copied()) {
		values.count(source);
	}
	for (index, step) in run.iter().enumerate() {
		let operands = step
			.inputs
			.iter()
			.map(|source| values.take(source))
			.collect::<Result<TVec<_>, _>>()?;
		let stopped = |error: &EvalError| {
			let described = RunError::of_step(&step.label, error);
			match error {
				EvalError::Domain(error) => Stopped::Failed(error.into(), described),
				EvalError::Internal(_) => Stopped::Internal(described),
			}
		};
		let mut outputs = step
			.kernel
			.eval(operands)
			.map_err(|error| stopped(&error))?;
		outputs
			.iter_mut()
			.try_for_each(canonicalise_nans)
			.map_err(|error| stopped(&error))?;
		made(&outputs)?;
		for (cell, output) in values.steps[index].iter_mut().zip(outputs) {
			if cell.readers > 0 {
				cell.value = Some(output.into_tvalue());
			}
		}
	}
	Ok(values)
}

/// The leaf of tensors with canonical NaNs.
pub(super) fn leaf<'a>(tensors: impl Iterator<Item = &'a Tensor>) -> Result<Leaf, RunError> {
	let digests = tensors.map(digest).collect::<Result<_, _>>();
	digests.map(Leaf::Tensors).map_err(|error| internal(&error))
}

/// Type, shape and hash of a tensor with canonical NaNs.
pub(super) fn digest(tensor: &Tensor) -> Result<TensorDigest, EvalError> {
	Ok(TensorDigest {
		dtype: dtype(tensor)?,
		shape: tensor.shape().to_vec(),
		hash: *blake3::hash(tensor.as_bytes()).as_bytes(),
	})
}

/// A tensor as it crosses the crate's boundary.
pub(super) fn plain(tensor: &Tensor) -> Result<Value, RunError> {
	Ok(Value {
		dtype: dtype(tensor).map_err(|error| internal(&error))?,
		shape: tensor.shape().to_vec(),
		data: tensor.as_bytes().to_vec(),
	})
}

fn internal(error: &EvalError) -> RunError {
	RunError::Internal {
		reason: error.to_string(),
	}
}

//! Folds normalisation and scaling by channel into the convolution before them.
//!
//! A convolution with constant weights (and bias, if it has one) takes in the steps that follow it
//! one after the other, as long as each is the only reader of the one before and is a
//! BatchNormalization with constant parameters, or a Mul or Add with a constant that has one element
//! for each channel. A BatchNormalization that follows no such convolution takes in Mul and Add
//! likewise. `docs/numerics.md` has the arithmetic: this pass changes bits, and is part of the
//! profile.

use std::sync::Arc;

use tract_onnx::prelude::Tensor;

use super::{downcast, Users};
use crate::{
	error::{EvalError, ModelError},
	fact::Fact,
	import::{drop_dead, Graph, Source, Step},
	kernel::Kernel,
	limits::MAX_FOLDING_BYTES,
	math::Float,
	ops::{
		batch_normalization::{BatchNormalization, ChannelAffine},
		conv::Conv,
	},
	tensor::{dtype, from_slice, slice},
	DType,
};

/// What is done to each channel after the head: `x * factor + offset`, in binary64.
struct Affine {
	factor: Vec<f64>,
	offset: Vec<f64>,
}

/// A head's new kernel, and its inputs after the first.
type Folded = (Arc<dyn Kernel>, Vec<Arc<Tensor>>);

/// The step that takes in others.
enum Head {
	/// A convolution.
	Conv,
	/// A normalisation; the offset leaves its mean out.
	Normalisation { mean: Arc<Tensor> },
}

pub(super) fn fold(mut graph: Graph) -> Result<Graph, ModelError> {
	let users = Users::of(&graph);
	let mut replaced: Vec<usize> = (0..graph.steps.len()).collect();
	for index in 0..graph.steps.len() {
		// What another head has taken in is dropped in the end.
		if replaced[index] != index {
			continue;
		}
		let Some((head, mut affine)) = head(&graph.steps[index]) else {
			continue;
		};
		let mut tail = index;
		while let Some(next) = users.sole(tail) {
			if !affine.take_in(&head, &graph.steps[next], &graph.steps[index], tail) {
				break;
			}
			tail = next;
			replaced[tail] = index;
		}
		if tail == index && matches!(head, Head::Conv) {
			continue;
		}
		let step = &graph.steps[index];
		graph.folding_bytes = step
			.input_facts
			.iter()
			.filter(|fact| fact.konst().is_some())
			.fold(graph.folding_bytes, |sum, fact| {
				sum.saturating_add(fact.bytes())
			});
		if graph.folding_bytes > MAX_FOLDING_BYTES {
			return Err(ModelError::FoldingTooLarge {
				node: step.label.clone(),
				what: "bytes",
				needed: graph.folding_bytes,
				limit: MAX_FOLDING_BYTES,
			});
		}
		let (kernel, constants) = affine
			.into_step(&head, step)
			.unwrap_or_else(|error| panic!("the engine cannot fold {}: {error}", step.label));
		let origin = step.origin.as_ref().map(|origin| match head {
			Head::Conv => origin.with_constants(&constants),
			Head::Normalisation { .. } => origin.channel_affine(&constants),
		});
		let step = &mut graph.steps[index];
		step.kernel = kernel;
		step.origin = origin.map(Box::new);
		step.inputs.truncate(1);
		step.input_facts.truncate(1);
		for constant in constants {
			let fact = Fact::constant(Arc::clone(&constant))
				.map_err(|error| ModelError::of(&step.label, step.kernel.name(), error))?;
			step.input_facts.push(fact);
			step.inputs.push(Source::Constant(constant));
		}
	}
	let redirect = |source: &mut Source| {
		if let Source::Step { step, .. } = source {
			*step = replaced[*step];
		}
	};
	graph
		.outputs
		.iter_mut()
		.map(|(_, source)| source)
		.for_each(redirect);
	for (index, step) in graph.steps.iter_mut().enumerate() {
		// A step that was taken in would come to read itself.
		if replaced[index] == index {
			step.sources_mut().for_each(redirect);
		}
	}
	Ok(drop_dead(graph))
}

/// The step as a head, and what it already does to each channel.
fn head(step: &Step) -> Option<(Head, Affine)> {
	let constant = |index: usize| match step.inputs.get(index) {
		Some(Source::Constant(value)) => Some(value),
		_ => None,
	};
	if downcast::<Conv>(&*step.kernel).is_some() {
		let channels = step.output_facts[0].shape()[1];
		constant(1)?;
		let offset = match step.inputs.len() {
			2 => vec![0.0; channels],
			_ => values(constant(2)?).ok()?,
		};
		let factor = vec![1.0; channels];
		return Some((Head::Conv, Affine { factor, offset }));
	}
	let parameters = Normalisation::of(step)?;
	let mean = Arc::clone(constant(3)?);
	let affine = Affine {
		factor: parameters.factor,
		offset: parameters.offset,
	};
	Some((Head::Normalisation { mean }, affine))
}

/// The constant parameters of a BatchNormalization.
struct Normalisation {
	/// scale / sqrt(var + epsilon).
	factor: Vec<f64>,
	mean: Vec<f64>,
	offset: Vec<f64>,
}

impl Normalisation {
	fn of(step: &Step) -> Option<Self> {
		let kernel = downcast::<BatchNormalization>(&*step.kernel)
			.filter(|kernel| kernel.is_by_channel())?;
		let parameter = |index: usize| match &step.inputs[index] {
			Source::Constant(value) => values(value).ok(),
			_ => None,
		};
		let (scale, var) = (parameter(1)?, parameter(4)?);
		Some(Self {
			factor: scale
				.iter()
				.zip(&var)
				.map(|(scale, var)| kernel.factor(*scale, *var))
				.collect(),
			mean: parameter(3)?,
			offset: parameter(2)?,
		})
	}
}

impl Affine {
	/// Takes in a step that reads step `tail`, if it is of the kind.
	fn take_in(&mut self, head: &Head, step: &Step, first: &Step, tail: usize) -> bool {
		let reads = |index: usize| matches!(step.inputs.get(index), Some(Source::Step { step, slot: 0 }) if *step == tail);
		if matches!(head, Head::Conv) && reads(0) {
			if let Some(norm) = Normalisation::of(step) {
				for (channel, offset) in self.offset.iter_mut().enumerate() {
					self.factor[channel] *= norm.factor[channel];
					*offset = (*offset - norm.mean[channel]) * norm.factor[channel]
						+ norm.offset[channel];
				}
				return true;
			}
		}
		let name = step.kernel.name();
		if !(name == "Mul" || name == "Add") || step.inputs.len() != 2 {
			return false;
		}
		let shape = first.output_facts[0].shape();
		if step.output_facts[0].shape() != shape {
			return false;
		}
		let other = match (&step.inputs[0], &step.inputs[1]) {
			(Source::Constant(value), _) if reads(1) => value,
			(_, Source::Constant(value)) if reads(0) => value,
			_ => return false,
		};
		let Some(other) = per_channel(other, shape) else {
			return false;
		};
		for (channel, other) in other.iter().enumerate() {
			if name == "Mul" {
				self.factor[channel] *= other;
				self.offset[channel] *= other;
			} else {
				self.offset[channel] += other;
			}
		}
		true
	}

	/// The head's new kernel and constants, rounded.
	fn into_step(self, head: &Head, step: &Step) -> Result<Folded, EvalError> {
		let channels = [self.offset.len()];
		let made = |tensor: Result<Tensor, EvalError>| tensor.map(Arc::new);
		let dtype = step.output_facts[0].dtype();
		crate::with_float!(dtype, T => {
			let rounded = |values: &[f64]| -> Vec<T> {
				values.iter().map(|value| T::from_f64(*value)).collect()
			};
			let offset = made(from_slice(&channels, &rounded(&self.offset)))?;
			match (head, &step.inputs.get(1)) {
				(Head::Normalisation { mean }, _) => {
					let factor = made(from_slice(&channels, &rounded(&self.factor)))?;
					let kernel: Arc<dyn Kernel> = Arc::new(ChannelAffine::default());
					Ok((kernel, vec![Arc::clone(mean), factor, offset]))
				}
				(Head::Conv, Some(Source::Constant(weights))) => {
					let conv = downcast::<Conv>(&*step.kernel)
						.ok_or_else(|| EvalError::Internal("not a convolution".into()))?;
					let mut scaled = slice::<T>(weights)?.to_vec();
					let per_channel = scaled.len() / channels[0].max(1);
					for (weights, factor) in
						scaled.chunks_exact_mut(per_channel.max(1)).zip(&self.factor)
					{
						for weight in weights {
							*weight = T::from_f64(weight.to_f64() * factor);
						}
					}
					let weights = made(from_slice(weights.shape(), &scaled))?;
					let kernel: Arc<dyn Kernel> = Arc::new(conv.with_bias());
					Ok((kernel, vec![weights, offset]))
				}
				_ => Err(EvalError::Internal("weights are not constant".into())),
			}
		})
	}
}

/// The elements of a constant in binary64.
fn values(tensor: &Tensor) -> Result<Vec<f64>, EvalError> {
	Ok(match dtype(tensor)? {
		DType::F32 => slice::<f32>(tensor)?
			.iter()
			.map(|x| f64::from(*x))
			.collect(),
		DType::F64 => slice::<f64>(tensor)?.to_vec(),
		other => return Err(EvalError::unexpected_dtype(other)),
	})
}

/// A constant that broadcasts to `shape` along all axes but that of channels: one element for each
/// channel.
fn per_channel(constant: &Tensor, shape: &[usize]) -> Option<Vec<f64>> {
	let skipped = shape.len().checked_sub(constant.rank())?;
	let only_channels = constant
		.shape()
		.iter()
		.enumerate()
		.all(|(axis, dim)| *dim == 1 || axis + skipped == 1);
	if !only_channels {
		return None;
	}
	match values(constant).ok()?.as_slice() {
		[one] => Some(vec![*one; shape[1]]),
		values if values.len() == shape[1] => Some(values.to_vec()),
		_ => None,
	}
}

//! A concatenation along the channels, which lie last, whose convolutions write to their place in it.

use std::sync::Arc;

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::conv_channels_last::ConvChannelsLast;
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	tensor::{build, slice},
};

/// What an input gives to the output.
#[derive(Clone, Debug)]
pub(crate) enum Part {
	/// Itself.
	Copied,
	/// The output of a convolution of it.
	Convolved(Arc<ConvChannelsLast>),
}

/// A concatenation of binary32, one part for each input.
#[derive(Debug)]
pub(crate) struct Joined {
	parts: Vec<Part>,
}

impl Joined {
	/// Joins these parts.
	pub(crate) fn new(parts: Vec<Part>) -> Self {
		Self { parts }
	}

	/// The facts of what is joined.
	fn made(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		if inputs.len() != self.parts.len() {
			return Err(super::internal_arity(inputs));
		}
		inputs
			.iter()
			.zip(&self.parts)
			.map(|(input, part)| match part {
				Part::Copied => Ok(input.without_value()),
				Part::Convolved(conv) => Ok(conv.infer(std::slice::from_ref(input))?.remove(0)),
			})
			.collect()
	}
}

fn channels(fact: &Fact) -> usize {
	fact.shape().last().copied().unwrap_or(0)
}

impl Kernel for Joined {
	fn name(&self) -> &'static str {
		"Concat"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let made = self.made(inputs)?;
		let first = made.first().ok_or_else(|| super::internal_arity(inputs))?;
		let mut shape = first.shape().to_vec();
		if let Some(last) = shape.last_mut() {
			*last = made.iter().map(channels).sum();
		}
		Ok(vec![Fact::new(first.dtype(), shape)?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let mut cost = Cost::touching(inputs, outputs);
		for (part, input) in self.parts.iter().zip(inputs) {
			if let Part::Convolved(conv) = part {
				cost = cost.plus(conv.cost(std::slice::from_ref(input), &[]));
			}
		}
		cost
	}

	fn scratch_bytes(&self, inputs: &[Fact], _outputs: &[Fact]) -> u64 {
		self.parts
			.iter()
			.zip(inputs)
			.map(|(part, input)| match part {
				Part::Copied => 0,
				Part::Convolved(conv) => conv.scratch_bytes(std::slice::from_ref(input), &[]),
			})
			.max()
			.unwrap_or(0)
	}

	fn constant_bytes(&self) -> u64 {
		self.parts.iter().fold(0, |bytes, part| match part {
			Part::Copied => bytes,
			Part::Convolved(conv) => bytes.saturating_add(conv.constant_bytes()),
		})
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let facts = inputs
			.iter()
			.map(|input| Ok(Fact::new(crate::tensor::dtype(input)?, input.shape())?))
			.collect::<Result<Vec<_>, EvalError>>()?;
		let made = self.made(&facts)?;
		let shape = self.infer(&facts)?.remove(0);
		let mut done = Ok(());
		let y = build::<f32>(shape.shape(), |output| {
			let stride = channels(&shape);
			let mut first = 0;
			for ((part, input), fact) in self.parts.iter().zip(&inputs).zip(&made) {
				let width = channels(fact);
				let wrote = match part {
					Part::Convolved(conv) => conv.run_into(input, output, first, stride),
					Part::Copied => copy(input, output, first, stride, width),
				};
				if wrote.is_err() {
					done = wrote;
					return;
				}
				first += width;
			}
		})?;
		done?;
		Ok(vec![y])
	}
}

/// Writes all channels of each pixel from `first` on to pixels of `stride` channels.
fn copy(
	input: &Tensor,
	output: &mut [f32],
	first: usize,
	stride: usize,
	width: usize,
) -> Result<(), EvalError> {
	if width > 0 {
		let pixels = slice::<f32>(input)?.chunks_exact(width);
		for (x, y) in pixels.zip(output.chunks_exact_mut(stride)) {
			y[first..first + width].copy_from_slice(x);
		}
	}
	Ok(())
}

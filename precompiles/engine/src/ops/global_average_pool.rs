//! GlobalAveragePool: the mean of each channel: its elements summed in order from +0, divided by
//! how many there are, in binary64, rounded once.

use std::sync::Arc;

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{pool::planes, Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{ChannelsLast, Cost, Kernel, Layout},
	math::Float,
	simd::vectorized,
	tensor::{build as build_tensor, slice},
	DType,
};

#[derive(Debug)]
struct GlobalAveragePool {
	layout: Layout,
}

pub(super) fn build(_: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let layout = Layout::Given;
	Ok(Lowered::step(GlobalAveragePool { layout }, inputs))
}

/// The shape of the output of a global pooling.
pub(super) fn infer(inputs: &[Fact], dtypes: &[DType]) -> Result<Vec<Fact>, OpError> {
	let [x] = inputs else {
		return Err(super::internal_arity(inputs));
	};
	x.expect("X", dtypes)?;
	x.expect_rank("X", 2..)?;
	if x.shape()[2..].contains(&0) {
		return Err(OpError::mismatch(format!(
			"X of {:?} has nothing to pool",
			x.shape()
		)));
	}
	let mut shape = x.shape().to_vec();
	shape[2..].fill(1);
	Ok(vec![Fact::new(x.dtype(), shape)?])
}

/// With channels last all channels of an image are summed side by side.
fn run_channels_last<T: Float + Datum>(x: &Tensor) -> Result<Tensor, EvalError> {
	let channels = super::pool::channels(x.shape(), Layout::ChannelsLast);
	let mut shape = vec![1; x.rank()];
	(shape[0], shape[x.rank() - 1]) = (x.shape()[0], channels);
	let pixels: usize = x.shape()[1..x.rank() - 1].iter().product();
	let (input, count) = (slice::<T>(x)?, pixels as f64);
	build_tensor::<T>(&shape, |output| {
		if input.is_empty() {
			return;
		}
		let mut sums = vec![0.0; channels];
		vectorized(
			#[inline(always)]
			|| {
				let images = input.chunks_exact(pixels * channels);
				for (x, y) in images.zip(output.chunks_exact_mut(channels)) {
					sums.fill(0.0);
					for x in x.chunks_exact(channels) {
						for (sum, x) in sums.iter_mut().zip(x) {
							*sum += x.to_f64();
						}
					}
					for (y, sum) in y.iter_mut().zip(&sums) {
						*y = T::from_f64(sum / count);
					}
				}
			},
		);
	})
}

fn run<T: Float + Datum>(x: &Tensor) -> Result<Tensor, EvalError> {
	let mut shape = x.shape().to_vec();
	shape[2..].fill(1);
	let (input, (_, len)) = (slice::<T>(x)?, planes(x.shape()));
	build_tensor::<T>(&shape, |output| {
		for (y, x) in output.iter_mut().zip(input.chunks_exact(len)) {
			let sum = x.iter().fold(0.0, |sum, x| sum + x.to_f64());
			*y = T::from_f64(sum / len as f64);
		}
	})
}

impl Kernel for GlobalAveragePool {
	fn name(&self) -> &'static str {
		"GlobalAveragePool"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		if self.layout == Layout::Given {
			return infer(inputs, &DType::FLOATS);
		}
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		let mut shape = vec![1; x.rank()];
		shape[0] = x.shape()[0];
		shape[x.rank() - 1] = super::pool::channels(x.shape(), self.layout);
		Ok(vec![Fact::new(x.dtype(), shape)?])
	}

	fn channels_last(&self, _: &[Fact]) -> Option<ChannelsLast> {
		let layout = Layout::ChannelsLast;
		Some(ChannelsLast {
			kernel: Some(Arc::new(Self { layout })),
			..ChannelsLast::elementwise(1)
		})
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		// One chain of additions for each channel.
		Cost::touching(inputs, outputs).with_scalars(inputs[0].len() as u64)
	}

	fn scratch_bytes(&self, _: &[Fact], outputs: &[Fact]) -> u64 {
		// A sum for each channel of an image.
		outputs[0].len() as u64 * 8
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		Ok(vec![
			crate::with_float!(crate::tensor::dtype(x)?, T => match self.layout {
				Layout::Given => run::<T>(x)?,
				Layout::ChannelsLast => run_channels_last::<T>(x)?,
			}),
		])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, tensor, OpTest},
	};

	#[test]
	fn the_mean_of_each_channel() {
		let (shape, y) = OpTest::new("GlobalAveragePool")
			.input(f32s(
				&[1, 2, 2, 2],
				&[1.0, 2.0, 3.0, 4.0, 10.0, 20.0, 30.0, 40.0],
			))
			.elements::<f32>();
		assert_eq!((shape, y), (vec![1, 2, 1, 1], vec![2.5, 25.0]));
		let (_, y) = OpTest::new("GlobalAveragePool")
			.input(tensor(&[1, 1, 3], &[1.0f64, 2.0, 6.0]))
			.elements::<f64>();
		assert_eq!(y, [3.0]);
	}

	#[test]
	fn nothing_to_pool_is_refused() {
		let error = OpTest::new("GlobalAveragePool")
			.input(f32s(&[1, 1, 0], &[]))
			.refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
		let error = OpTest::new("GlobalAveragePool")
			.input(f32s(&[1], &[1.0]))
			.refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
	}
}

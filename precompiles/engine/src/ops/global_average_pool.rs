//! GlobalAveragePool: the mean of each channel: its elements summed in order from +0, divided by
//! how many there are.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{pool::planes, Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	math::Float,
	tensor::{build as build_tensor, slice},
	DType,
};

#[derive(Debug)]
struct GlobalAveragePool;

pub(super) fn build(_: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	Ok(Lowered::step(GlobalAveragePool, inputs))
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

fn run<T: Float + Datum>(x: &Tensor) -> Result<Tensor, EvalError> {
	let mut shape = x.shape().to_vec();
	shape[2..].fill(1);
	let (input, (_, len)) = (slice::<T>(x)?, planes(x.shape()));
	build_tensor::<T>(&shape, |output| {
		for (y, x) in output.iter_mut().zip(input.chunks_exact(len)) {
			*y = x.iter().fold(T::ZERO, |sum, x| sum + *x) / T::from_f64(len as f64);
		}
	})
}

impl Kernel for GlobalAveragePool {
	fn name(&self) -> &'static str {
		"GlobalAveragePool"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		infer(inputs, &DType::FLOATS)
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		// One chain of additions for each channel.
		Cost::touching(inputs, outputs).with_macs(inputs[0].len() as u64 * 16)
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		Ok(vec![
			crate::with_float!(crate::tensor::dtype(x)?, T => run::<T>(x)?),
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

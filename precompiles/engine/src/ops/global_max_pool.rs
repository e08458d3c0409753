//! GlobalMaxPool: the largest element of each channel; a NaN wins, and +0 is larger than -0.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{global_average_pool, pool::planes, Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	select::Select,
	tensor::{build as build_tensor, slice},
	DType,
};

#[derive(Debug)]
struct GlobalMaxPool;

pub(super) fn build(_: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	Ok(Lowered::step(GlobalMaxPool, inputs))
}

fn run<T: Select + Datum>(x: &Tensor) -> Result<Tensor, EvalError> {
	let mut shape = x.shape().to_vec();
	shape[2..].fill(1);
	let (input, (_, len)) = (slice::<T>(x)?, planes(x.shape()));
	build_tensor::<T>(&shape, |output| {
		for (y, x) in output.iter_mut().zip(input.chunks_exact(len)) {
			*y = x.iter().fold(T::LOWEST, |largest, x| largest.larger(*x));
		}
	})
}

impl Kernel for GlobalMaxPool {
	fn name(&self) -> &'static str {
		"GlobalMaxPool"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		global_average_pool::infer(inputs, &DType::FLOATS)
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).with_scalars(inputs[0].len() as u64 * 4)
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
	use crate::testing::{f32s, OpTest};

	#[test]
	fn the_largest_of_each_channel() {
		let (shape, y) = OpTest::new("GlobalMaxPool")
			.input(f32s(&[1, 3, 2], &[1.0, 2.0, -5.0, -4.0, f32::NAN, 7.0]))
			.elements::<f32>();
		assert_eq!(shape, [1, 3, 1]);
		assert_eq!(y[..2], [2.0, -4.0]);
		assert_eq!(y[2].to_bits(), 0x7fc0_0000);
	}
}

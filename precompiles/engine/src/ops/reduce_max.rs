//! ReduceMax: the largest element over the reduced axes, by [`Select::larger`]: a NaN wins. Of no
//! elements it is -infinity, or the least integer.

use tract_onnx::prelude::Tensor;

use super::{
	reduce::{lower, Reduction, Walk},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	select::Select,
	tensor::dtype,
	DType,
};

#[derive(Debug)]
struct ReduceMax;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(ReduceMax, node, inputs)
}

impl Reduction for ReduceMax {
	const NAME: &'static str = "ReduceMax";
	const DTYPES: &'static [DType] = &DType::ALL;
	const CHAIN: u64 = 128;

	fn reduce(&self, x: &Tensor, walk: &Walk) -> Result<Tensor, EvalError> {
		crate::with_any!(dtype(x)?, T => {
			walk.reduce::<T>(x, <T as Select>::LOWEST, |a, x| a.larger(x), |a| a)
		})
	}
}

#[cfg(test)]
mod tests {
	use crate::testing::{f32s, tensor, OpTest};

	#[test]
	fn a_nan_wins_over_everything() {
		let x = f32s(&[3], &[f32::INFINITY, -f32::NAN, f32::NEG_INFINITY]);
		assert_eq!(
			OpTest::new("ReduceMax").input(x).elements::<f32>().1[0].to_bits(),
			0x7fc0_0000
		);
	}

	#[test]
	fn bools_and_small_integers() {
		let (_, y) = OpTest::new("ReduceMax")
			.input(tensor(&[2], &[true, false]))
			.elements::<bool>();
		assert_eq!(y, [true]);
		let (_, y) = OpTest::new("ReduceMax")
			.input(tensor(&[2], &[-3i8, 4]))
			.elements::<i8>();
		assert_eq!(y, [4]);
	}
}

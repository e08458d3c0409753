//! ReduceMean: the sum over the reduced axes divided by the number of elements.
//!
//! Integers are summed without overflow and divided towards zero; the mean of no integers is a
//! deterministic failure, that of no floats is NaN.

use tract_onnx::prelude::Tensor;

use super::{
	reduce::{lower, Reduction, Walk},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{DomainError, EvalError, OpError},
	tensor::{build as fill, dtype, slice},
	DType,
};

#[derive(Debug)]
struct ReduceMean;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(ReduceMean, node, inputs)
}

impl Reduction for ReduceMean {
	const NAME: &'static str = "ReduceMean";
	const DTYPES: &'static [DType] = &super::reduce::NUMBERS;

	fn reduce(&self, x: &Tensor, walk: &Walk) -> Result<Tensor, EvalError> {
		match dtype(x)? {
			DType::F32 => walk.sum::<f32>(x, |x| x, |sum| sum / walk.count as f64),
			DType::F64 => walk.sum::<f64>(x, |x| x, |sum| sum / walk.count as f64),
			dtype => {
				if walk.count == 0 && walk.outputs > 0 {
					return Err(DomainError::DivisionByZero { op: "ReduceMean" }.into());
				}
				crate::with_integer!(dtype, T => {
					let mut sums = vec![0i128; walk.outputs];
					walk.fold(slice::<T>(x)?, &mut sums, |a, x| a + i128::from(x));
					fill::<T>(&[walk.outputs], |means| {
						for (mean, sum) in means.iter_mut().zip(sums) {
							// A mean lies between its elements, so it fits.
							*mean = (sum / walk.count as i128) as T;
						}
					})
				})
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::DomainError,
		testing::{ints, tensor, OpTest},
	};

	#[test]
	fn integers_do_not_overflow_on_the_way() {
		let (_, y) = OpTest::new("ReduceMean")
			.input(tensor(&[3], &[i64::MAX, i64::MAX, i64::MAX - 3]))
			.elements::<i64>();
		assert_eq!(y, [i64::MAX - 1]);
		let (_, y) = OpTest::new("ReduceMean")
			.input(tensor(&[2], &[-3i32, 0]))
			.elements::<i32>();
		assert_eq!(y, [-1]);
	}

	#[test]
	fn the_mean_of_no_integers_fails() {
		let error = OpTest::new("ReduceMean")
			.attr(ints("axes", &[1]))
			.input(tensor::<i32>(&[2, 0], &[]))
			.fails();
		assert_eq!(error, DomainError::DivisionByZero { op: "ReduceMean" });
	}
}

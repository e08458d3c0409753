//! ReduceLogSumExp: `m + ln(sum of exp(x - m))` over the reduced axes, with m the largest element.
//!
//! Where m is infinite it is the result itself; a NaN gives NaN; no elements give -infinity.

use tract_onnx::prelude::Tensor;

use super::{
	reduce::{lower, Reduction, Walk},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	math::Float,
	select::Select,
	simd::vectorized,
	tensor::{build as fill, dtype, slice},
	DType,
};

#[derive(Debug)]
struct ReduceLogSumExp;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(ReduceLogSumExp, node, inputs)
}

impl Reduction for ReduceLogSumExp {
	const NAME: &'static str = "ReduceLogSumExp";
	const DTYPES: &'static [DType] = &DType::FLOATS;
	const TRANSCENDENTALS: u64 = 1;

	fn reduce(&self, x: &Tensor, walk: &Walk) -> Result<Tensor, EvalError> {
		crate::with_float!(dtype(x)?, T => {
			let x = slice::<T>(x)?;
			let mut sums = vec![(T::LOWEST, T::ZERO); walk.outputs];
			vectorized(
				#[inline(always)]
				|| {
					walk.fold(x, &mut sums, |(m, s), x| (m.larger(x), s));
					walk.fold(x, &mut sums, |(m, s), x| (m, s + Float::exp(x - m)));
				},
			);
			fill::<T>(&[walk.outputs], |output| {
				for (y, (m, s)) in output.iter_mut().zip(sums) {
					*y = if m.is_infinite() { m } else { m + Float::ln(s) };
				}
			})
		})
	}
}

#[cfg(test)]
mod tests {
	use crate::testing::{f32s, OpTest};

	fn reduced(x: &[f32]) -> f32 {
		OpTest::new("ReduceLogSumExp")
			.input(f32s(&[x.len()], x))
			.elements::<f32>()
			.1[0]
	}

	#[test]
	fn large_elements_do_not_overflow() {
		assert_eq!(reduced(&[1000.0, 1000.0]), 1000.0 + std::f32::consts::LN_2);
	}

	#[test]
	fn infinities_and_nan() {
		let inf = f32::INFINITY;
		assert_eq!(reduced(&[-inf, -inf]), -inf);
		assert_eq!(reduced(&[-inf, 1.0]), 1.0);
		assert_eq!(reduced(&[inf, 1.0, -inf]), inf);
		assert!(reduced(&[inf, f32::NAN]).is_nan());
	}
}

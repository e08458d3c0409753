//! PRelu: `slope x` for x below zero, else x (-0.0 included). The slope broadcasts to x.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	broadcast::{broadcast_shape, zip},
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	simd::vectorized,
	tensor::dtype,
	DType,
};

#[derive(Debug)]
struct PRelu;

pub(super) fn build(_: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (x, slope) = (inputs.required(0)?, inputs.required(1)?);
	if broadcast_shape(x.shape(), slope.shape())? != x.shape() {
		return Err(OpError::mismatch(format!(
			"a slope of shape {:?} does not broadcast to {:?}",
			slope.shape(),
			x.shape()
		)));
	}
	Ok(Lowered::step(PRelu, inputs))
}

impl Kernel for PRelu {
	fn name(&self) -> &'static str {
		"PRelu"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x, slope] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		x.expect(
			"X",
			&[
				DType::F32,
				DType::F64,
				DType::I32,
				DType::I64,
				DType::U32,
				DType::U64,
			],
		)?;
		slope.expect_same_dtype("slope", x)?;
		Ok(vec![x.without_value()])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).with_macs(outputs[0].len() as u64)
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let (x, slope) = (&inputs[0], &inputs[1]);
		let y = match dtype(x)? {
			DType::F32 => vectorized(|| {
				zip(
					x,
					slope,
					x.shape(),
					|x: f32, a: f32| if x < 0.0 { a * x } else { x },
				)
			}),
			DType::F64 => vectorized(|| {
				zip(
					x,
					slope,
					x.shape(),
					|x: f64, a: f64| if x < 0.0 { a * x } else { x },
				)
			}),
			dtype => crate::with_integer!(dtype, T => zip(x, slope, x.shape(), |x: T, a: T| {
				if x < T::default() {
					a.wrapping_mul(x)
				} else {
					x
				}
			})),
		}?;
		Ok(vec![y])
	}
}

#[cfg(test)]
mod tests {
	use crate::testing::{f32s, OpTest};

	#[test]
	fn each_channel_has_its_slope() {
		let x = f32s(&[1, 2, 2], &[-1.0, 2.0, -3.0, -0.0]);
		let (_, y) = OpTest::new("PRelu")
			.input(x)
			.constant(f32s(&[2, 1], &[0.5, 2.0]))
			.elements::<f32>();
		assert_eq!(y, [-0.5, 2.0, -6.0, -0.0]);
	}
}

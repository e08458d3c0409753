//! PRelu: `slope x` for x below zero, else x (-0.0 included). The slope broadcasts to x.

use tract_onnx::prelude::{TVec, TValue, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	broadcast::{broadcast_shape, zip},
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	simd::vectorized,
	tensor::{dtype, reshape},
	DType,
};

#[derive(Debug)]
struct PRelu {
	/// The slope's shape, lined up with x.
	slope: Vec<usize>,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (x, slope) = (inputs.required(0)?, inputs.required(1)?);
	let mut shape = slope.shape().to_vec();
	if node.opset < 7 && slope.rank() == 1 && x.rank() > 1 {
		// One slope for all, or one for each channel, the second axis.
		shape.resize(x.rank() - 1, 1);
	}
	if broadcast_shape(x.shape(), &shape)? != x.shape() {
		return Err(OpError::mismatch(format!(
			"a slope of shape {:?} does not broadcast to {:?}",
			slope.shape(),
			x.shape()
		)));
	}
	Ok(Lowered::step(PRelu { slope: shape }, inputs))
}

impl Kernel for PRelu {
	fn name(&self) -> &'static str {
		"PRelu"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x, slope] = inputs else { return Err(super::internal_arity(inputs)) };
		x.expect(
			"X",
			&[DType::F32, DType::F64, DType::I32, DType::I64, DType::U32, DType::U64],
		)?;
		slope.expect_same_dtype("slope", x)?;
		Ok(vec![x.without_value()])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).with_macs(outputs[0].len() as u64)
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		inputs[1].bytes()
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		let slope = &reshape((*inputs[1]).clone(), &self.slope)?;
		let y = match dtype(x)? {
			DType::F32 => vectorized(|| {
				zip(x, slope, x.shape(), |x: f32, a: f32| if x < 0.0 { a * x } else { x })
			}),
			DType::F64 => vectorized(|| {
				zip(x, slope, x.shape(), |x: f64, a: f64| if x < 0.0 { a * x } else { x })
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
			.input(x.clone())
			.constant(f32s(&[2, 1], &[0.5, 2.0]))
			.elements::<f32>();
		assert_eq!(y, [-0.5, 2.0, -6.0, -0.0]);
		let (_, old) = OpTest::new("PRelu")
			.opset(6)
			.input(x)
			.constant(f32s(&[2], &[0.5, 2.0]))
			.elements::<f32>();
		assert_eq!(old, y);
	}
}

//! PRelu: `slope x` for x below zero, else x (-0.0 included).
//!
//! The slope broadcasts to x. Up to opset 6 it has one element, the shape of x, or one element for
//! each channel, which is axis 1.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	broadcast::{broadcast_shape, zip},
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{of_vectors, Cost, Kernel},
	simd::vectorized,
	tensor::dtype,
	DType,
};

#[derive(Debug)]
struct PRelu;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (x, slope) = (inputs.required(0)?.shape(), inputs.required(1)?.shape());
	let aligned = if node.opset < 7 {
		by_channel(x, slope)?
	} else {
		slope.to_vec()
	};
	if broadcast_shape(x, &aligned)? != x {
		return Err(OpError::mismatch(format!(
			"a slope of shape {slope:?} does not broadcast to {x:?}"
		)));
	}
	Ok(Lowered::step(PRelu, inputs).taking(1, slope, aligned))
}

/// The shape in which the slope of an old opset broadcasts to `x`.
fn by_channel(x: &[usize], slope: &[usize]) -> Result<Vec<usize>, OpError> {
	if slope == x {
		return Ok(slope.to_vec());
	}
	match (slope, x) {
		(slope, _) if slope.iter().all(|dim| *dim == 1) => Ok(vec![1; slope.len().min(x.len())]),
		([slopes], [_, channels, rest @ ..]) if slopes == channels => {
			let mut shape = vec![*slopes];
			shape.resize(1 + rest.len(), 1);
			Ok(shape)
		}
		_ => Err(OpError::mismatch(format!(
			"a slope of shape {slope:?} for X of {x:?}: before opset 7 it has one element, one for \
			 each channel (axis 1), or the shape of X"
		))),
	}
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

	fn subnormals(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		let len = inputs[0].len() as u64;
		of_vectors(inputs[0].dtype(), len.saturating_mul(1))
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
	use crate::{
		error::OpError,
		testing::{f32s, OpTest},
	};

	#[test]
	fn each_channel_has_its_slope() {
		let x = f32s(&[1, 2, 2], &[-1.0, 2.0, -3.0, -0.0]);
		let (_, y) = OpTest::new("PRelu")
			.input(x)
			.constant(f32s(&[2, 1], &[0.5, 2.0]))
			.elements::<f32>();
		assert_eq!(y, [-0.5, 2.0, -6.0, -0.0]);
	}

	#[test]
	fn old_slopes_are_shared_or_those_of_channels() {
		let test = |slope: &[usize], data: &[f32]| {
			OpTest::new("PRelu")
				.opset(6)
				.input(f32s(&[1, 2, 2], &[-1.0, 2.0, -3.0, -4.0]))
				.input(f32s(slope, data))
		};
		let y = |slope: &[usize], data: &[f32]| test(slope, data).elements::<f32>().1;
		// By NumPy's rules these two would lie on the last axis.
		assert_eq!(y(&[2], &[0.5, 2.0]), [-0.5, 2.0, -6.0, -8.0]);
		for shared in [&[][..], &[1], &[1, 1, 1, 1]] {
			assert_eq!(y(shared, &[2.0]), [-2.0, 2.0, -6.0, -8.0]);
		}
		let each = [1.0, 1.0, 2.0, 3.0];
		assert_eq!(y(&[1, 2, 2], &each), [-1.0, 2.0, -6.0, -12.0]);
		let error = test(&[2, 1], &[0.5, 2.0]).refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }), "{error}");
		let error = test(&[4], &each).refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }), "{error}");
	}
}

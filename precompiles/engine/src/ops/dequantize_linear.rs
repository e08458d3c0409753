//! DequantizeLinear: `(x - zero point) · scale`, per tensor, per axis or per block.
//!
//! The difference of integers is exact and then rounded to binary32; the product is one operation.

use std::sync::Arc;

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	quantized::{expect_same_shape, integers, Grid},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{one_by_one, Cost, Kernel},
	operand::may_be_subnormal,
	tensor::{build as build_tensor, dtype, slice},
	DType,
};

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = &["axis", "block_size", "output_dtype"];

#[derive(Debug)]
struct DequantizeLinear {
	grid: Grid,
	has_zero: bool,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (x, scale) = (inputs.required(0)?, inputs.required(1)?);
	x.expect(
		"x",
		&[
			DType::U8,
			DType::I8,
			DType::U16,
			DType::I16,
			DType::I32,
			DType::F32,
		],
	)?;
	scale.expect("x_scale", &[DType::F32])?;
	if !matches!(node.attrs.int_or("output_dtype", 0)?, 0 | 1 | 10 | 16) {
		return Err(OpError::unsupported("the output is a float"));
	}
	let grid = Grid::new(node, x, scale)?;
	if let Some(zero) = inputs.optional(2) {
		zero.expect_same_dtype("x_zero_point", x)?;
		expect_same_shape(zero, scale)?;
	}
	// The zero point of small floats is zero.
	let has_zero = inputs.optional(2).is_some() && x.dtype() != DType::F32;
	let consumed = if has_zero { vec![0, 1, 2] } else { vec![0, 1] };
	Ok(Lowered::step_of(
		DequantizeLinear { grid, has_zero },
		consumed,
	))
}

impl Kernel for DequantizeLinear {
	fn name(&self) -> &'static str {
		"DequantizeLinear"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let x = inputs
			.first()
			.ok_or_else(|| super::internal_arity(inputs))?;
		Ok(vec![x.with_dtype(DType::F32)?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).with_macs((outputs[0].len() as u64).saturating_mul(2))
	}

	fn subnormals(&self, inputs: &[Fact], outputs: &[Fact]) -> u64 {
		// No integer makes a scale of a middling size smaller.
		let is_middling = |scale: &Arc<Tensor>| !may_be_subnormal(scale);
		if inputs[0].dtype() != DType::F32 && inputs[1].konst().is_some_and(is_middling) {
			return 0;
		}
		one_by_one(DType::F32, outputs[0].len() as u64)
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		inputs.get(2).map_or(0, |zero| zero.len() as u64 * 8)
	}

	#[allow(
		clippy::unnecessary_cast,
		reason = "one of the element types is the target"
	)]
	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let (x, scale) = (&inputs[0], slice::<f32>(&inputs[1])?);
		let zeros = if self.has_zero {
			integers(&inputs[2])?
		} else {
			vec![]
		};
		let y = match dtype(x)? {
			DType::F32 => {
				let source = slice::<f32>(x)?;
				build_tensor::<f32>(x.shape(), |y| {
					self.grid.for_each_run(source.len(), |run, first, step| {
						for (i, at) in run.enumerate() {
							y[at] = source[at] * scale[first + i * step];
						}
					});
				})
			}
			dtype => crate::with_integer!(dtype, T => {
				let source = slice::<T>(x)?;
				build_tensor::<f32>(x.shape(), |y| {
					self.grid.for_each_run(source.len(), |run, first, step| {
						for (i, at) in run.enumerate() {
							let index = first + i * step;
							let zero = zeros.get(index).copied().unwrap_or(0);
							y[at] = (source[at] as i64).wrapping_sub(zero) as f32 * scale[index];
						}
					});
				})
			}),
		}?;
		Ok(vec![y])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, int, tensor, OpTest},
	};

	#[test]
	fn per_tensor_axis_and_block() {
		let (_, y) = OpTest::new("DequantizeLinear")
			.input(tensor(&[4], &[0u8, 3, 128, 255]))
			.input(f32s(&[], &[2.0]))
			.input(tensor(&[], &[128u8]))
			.elements::<f32>();
		assert_eq!(y, [-256.0, -250.0, 0.0, 254.0]);
		let x = || OpTest::new("DequantizeLinear").input(tensor(&[2, 2], &[1i8, 2, 3, -4]));
		let (_, y) = x()
			.attr(int("axis", 0))
			.input(f32s(&[2], &[1.0, 0.5]))
			.input(tensor(&[2], &[0i8, 1]))
			.elements::<f32>();
		assert_eq!(y, [1.0, 2.0, 1.0, -2.5]);
		let (_, y) = x()
			.opset(21)
			.attr(int("axis", 0))
			.attr(int("block_size", 2))
			.input(f32s(&[1, 2], &[1.0, 10.0]))
			.elements::<f32>();
		assert_eq!(y, [1.0, 20.0, 3.0, -40.0]);
	}

	#[test]
	fn wide_integers_do_not_overflow() {
		let (_, y) = OpTest::new("DequantizeLinear")
			.input(tensor(&[1], &[i32::MIN]))
			.input(f32s(&[], &[1.0]))
			.input(tensor(&[], &[i32::MAX]))
			.elements::<f32>();
		assert_eq!(y, [-4_294_967_295i64 as f32]);
	}

	#[test]
	fn a_zero_point_of_another_type_is_refused() {
		let error = OpTest::new("DequantizeLinear")
			.input(tensor(&[1], &[1u8]))
			.input(f32s(&[], &[1.0]))
			.input(tensor(&[], &[1i8]))
			.refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
	}
}

//! Neg: `-x`. Flips the sign of a float, zero and NaN included; integers wrap around.

use tract_onnx::prelude::Tensor;

use super::{
	unary::{lower, UnaryOp},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	simd::vectorized,
	tensor::{dtype, map},
	DType,
};

#[derive(Debug)]
struct Neg;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(Neg)
}

impl UnaryOp for Neg {
	const NAME: &'static str = "Neg";
	const DTYPES: &'static [DType] = &[
		DType::F32,
		DType::F64,
		DType::I8,
		DType::I16,
		DType::I32,
		DType::I64,
	];

	fn apply(&self, x: &Tensor) -> Result<Tensor, EvalError> {
		match dtype(x)? {
			DType::F32 => vectorized(|| map(x, |x: f32| -x)),
			DType::F64 => vectorized(|| map(x, |x: f64| -x)),
			DType::I8 => map(x, i8::wrapping_neg),
			DType::I16 => map(x, i16::wrapping_neg),
			DType::I32 => map(x, i32::wrapping_neg),
			DType::I64 => map(x, i64::wrapping_neg),
			other => Err(EvalError::unexpected_dtype(other)),
		}
	}
}

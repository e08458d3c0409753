//! Abs: the magnitude. Clears the sign of a float, that of zero and NaN included; the magnitude of
//! the least integer wraps around to itself.

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
struct Abs;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(Abs)
}

impl UnaryOp for Abs {
	const NAME: &'static str = "Abs";
	const DTYPES: &'static [DType] = &DType::NUMBERS;

	fn apply(&self, x: &Tensor) -> Result<Tensor, EvalError> {
		match dtype(x)? {
			DType::F32 => vectorized(|| map(x, |x: f32| x.abs())),
			DType::F64 => vectorized(|| map(x, |x: f64| x.abs())),
			DType::I8 => map(x, i8::wrapping_abs),
			DType::I16 => map(x, i16::wrapping_abs),
			DType::I32 => map(x, i32::wrapping_abs),
			DType::I64 => map(x, i64::wrapping_abs),
			_ => Ok(x.clone()),
		}
	}
}

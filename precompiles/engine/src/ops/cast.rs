//! Cast: the elements in another type.
//!
//! * float to integer: truncated towards zero, saturating; a NaN gives 0,
//! * integer to integer: the low bits, in two's complement,
//! * integer to float, and binary64 to binary32: rounded to nearest, ties to even; a NaN becomes
//!   canonical,
//! * to bool: whether it is not zero (a NaN is not),
//! * from bool: 0 or 1.

use tract_onnx::prelude::Tensor;

use super::{
	unary::{lower, UnaryOp},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	math::{NAN_F32, NAN_F64},
	simd::vectorized,
	tensor::{dtype, map},
	DType,
};

#[derive(Debug)]
struct Cast {
	to: DType,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let to = node
		.attrs
		.int("to")?
		.ok_or_else(|| crate::attrs::Attrs::missing("to"))?;
	lower_to(data_type("to", to)?, inputs)
}

/// Lowers to a conversion of input 0.
pub(super) fn lower_to(to: DType, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	// Not even the payload of a NaN could change: model inputs and constants are canonical, and
	// plan outputs are made so.
	if inputs.required(0)?.dtype() == to {
		return Ok(Lowered::Alias(0));
	}
	lower(Cast { to })
}

/// The element type with a number of ONNX's, as an attribute has it.
pub(super) fn data_type(attribute: &'static str, number: i64) -> Result<DType, OpError> {
	i32::try_from(number)
		.map_err(|_| format!("data type number {number}"))
		.and_then(DType::from_onnx)
		.map_err(|found| OpError::UnsupportedDType {
			reason: format!(
				"attribute '{attribute}' asks for {found}, which the engine does not have"
			),
		})
}

/// `$x as $To`, and what Rust's `as` does not say about bools and NaNs.
macro_rules! numbers {
	($tensor:expr, $From:ty, $to:expr) => {
		match $to {
			DType::Bool => map($tensor, |x: $From| x != <$From>::default()),
			DType::F32 => vectorized(|| map($tensor, |x: $From| {
				let y = x as f32;
				if y.is_nan() { NAN_F32 } else { y }
			})),
			DType::F64 => vectorized(|| map($tensor, |x: $From| {
				let y = x as f64;
				if y.is_nan() { NAN_F64 } else { y }
			})),
			to => crate::with_integer!(to, To => vectorized(|| map($tensor, |x: $From| x as To))),
		}
	};
}

impl UnaryOp for Cast {
	const NAME: &'static str = "Cast";
	const DTYPES: &'static [DType] = &DType::ALL;

	fn output(&self, _: DType) -> DType {
		self.to
	}

	fn apply(&self, x: &Tensor) -> Result<Tensor, EvalError> {
		match dtype(x)? {
			DType::Bool if self.to == DType::Bool => Ok(x.clone()),
			DType::Bool => {
				let bytes = map(x, u8::from as fn(bool) -> u8)?;
				numbers!(&bytes, u8, self.to)
			}
			from => crate::with_number!(from, From => numbers!(x, From, self.to)),
		}
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, int, tensor, OpTest},
	};
	use proptest::prelude::*;
	use tract_onnx::prelude::{Datum, Tensor};

	fn cast<T: Datum + Copy>(x: Tensor, to: i64) -> Vec<T> {
		OpTest::new("Cast")
			.attr(int("to", to))
			.input(x)
			.elements::<T>()
			.1
	}

	#[test]
	fn floats_truncate_and_saturate() {
		let x = [
			-1.9f32,
			1.9,
			f32::NAN,
			f32::INFINITY,
			f32::NEG_INFINITY,
			300.0,
			-0.0,
			1e-45,
		];
		assert_eq!(
			cast::<i8>(f32s(&[8], &x), 3),
			[-1, 1, 0, 127, -128, 127, 0, 0]
		);
		assert_eq!(cast::<u8>(f32s(&[8], &x), 2), [0, 1, 0, 255, 0, 255, 0, 0]);
		assert_eq!(
			cast::<bool>(f32s(&[8], &x), 9),
			[true, true, true, true, true, true, false, true]
		);
		assert_eq!(cast::<u64>(f32s(&[1], &[1e30]), 13), [u64::MAX]);
	}

	#[test]
	fn integers_keep_their_low_bits() {
		assert_eq!(
			cast::<u8>(tensor(&[3], &[256i32, -1, 511]), 2),
			[0, 255, 255]
		);
		assert_eq!(cast::<i8>(tensor(&[2], &[200u8, 127]), 3), [-56, 127]);
		assert_eq!(cast::<u64>(tensor(&[1], &[-1i8]), 13), [u64::MAX]);
	}

	#[test]
	fn numbers_round_to_even_on_the_way_to_floats() {
		assert_eq!(
			cast::<f32>(tensor(&[2], &[16_777_217i32, 16_777_219]), 1),
			[16_777_216.0, 16_777_220.0]
		);
		let x = [1.0 + 2f64.powi(-24), f64::MAX, 1e-46, -f64::NAN];
		let y = cast::<f32>(tensor(&[4], &x), 1);
		assert_eq!(y[..3], [1.0, f32::INFINITY, 0.0]);
		assert_eq!(y[3].to_bits(), 0x7fc0_0000);
		assert_eq!(cast::<f32>(tensor(&[2], &[true, false]), 1), [1.0, 0.0]);
	}

	#[test]
	fn unknown_types_are_refused() {
		for to in [8, 10, 16, 99, i64::MAX] {
			let error = OpTest::new("Cast")
				.attr(int("to", to))
				.input(f32s(&[1], &[0.0]))
				.refused();
			assert!(
				matches!(error, OpError::UnsupportedDType { .. }),
				"{to}: {error}"
			);
		}
	}

	proptest! {
		#[test]
		fn any_float_converts_to_any_type(x: u64) {
			for to in [1, 2, 3, 4, 5, 6, 7, 9, 12, 13] {
				let x = tensor(&[1], &[f64::from_bits(x)]);
				OpTest::new("Cast").attr(int("to", to)).input(x).ok();
			}
		}
	}
}

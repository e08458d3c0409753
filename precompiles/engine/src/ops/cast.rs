//! Cast: the elements in another type, which up to opset 5 is given by its name.
//!
//! * float to integer: truncated towards zero, saturating; a NaN gives 0,
//! * integer to integer: the low bits, in two's complement,
//! * integer to float, and binary64 to binary32: rounded to nearest, ties to even; a NaN becomes
//!   canonical,
//! * to bool: whether it is not zero (a NaN is not),
//! * from bool: 0 or 1,
//! * to a float of 16 bits or less: by binary64 (exact but for integers of more than 53 bits) to the
//!   nearest number of the format, ties to even, held as binary32.

use tract_onnx::{pb::tensor_proto::DataType, prelude::Tensor};

use super::{
	unary::{lower, UnaryOp},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	math::{NAN_F32, NAN_F64},
	simd::vectorized,
	storage::{SmallFloat, Storage},
	tensor::{dtype, map},
	DType,
};

#[derive(Debug)]
struct Cast {
	to: DType,
	/// The format that the elements are rounded to, and whether it saturates.
	format: Option<(SmallFloat, bool)>,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let to = if node.opset < 6 {
		node.attrs.string("to")?.map(number_of).transpose()?
	} else {
		node.attrs.int("to")?
	};
	let to = to.ok_or_else(|| crate::attrs::Attrs::missing("to"))?;
	match i32::try_from(to).ok().and_then(Storage::from_onnx) {
		Some(storage) => lower_to_storage(storage, node),
		None => lower_to(data_type("to", to)?, inputs),
	}
}

/// The number of the element type with this name.
fn number_of(name: &str) -> Result<i64, OpError> {
	// Those of later versions are not among them.
	(DataType::Float as i32..=DataType::Bfloat16 as i32)
		.find(|number| DataType::try_from(*number).is_ok_and(|known| known.as_str_name() == name))
		.map(i64::from)
		.ok_or_else(|| {
			let name: String = name.chars().take(32).collect();
			OpError::bad_attribute("to", format!("'{name}' is no element type of ONNX"))
		})
}

/// Lowers to a conversion of input 0 to a type of storage only.
pub(super) fn lower_to_storage(storage: Storage, node: &NodeCtx<'_>) -> Result<Lowered, OpError> {
	let Storage::Float(format) = storage else {
		return Err(OpError::UnsupportedDType {
			reason: "Cast to an integer of less than 8 bits: use QuantizeLinear".into(),
		});
	};
	// Floats of 16 bits overflow to infinity in any case.
	let saturate = node.attrs.flag_or("saturate", true)? && storage.bits() <= 8;
	lower(Cast {
		to: storage.dtype(),
		format: Some((format, saturate)),
	})
}

/// Lowers to a conversion of input 0.
pub(super) fn lower_to(to: DType, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	// Not even the payload of a NaN could change: model inputs and constants are canonical, and
	// plan outputs are made so.
	if inputs.required(0)?.dtype() == to {
		return Ok(Lowered::Alias(0));
	}
	lower(Cast { to, format: None })
}

/// The element type with a number of ONNX's, as an attribute has it.
pub(super) fn data_type(attribute: &'static str, number: i64) -> Result<DType, OpError> {
	i32::try_from(number)
		.map_err(|_| format!("data type number {number}"))
		.and_then(|number| match Storage::from_onnx(number) {
			Some(storage @ Storage::Float(_)) => Ok(storage.dtype()),
			_ => DType::from_onnx(number),
		})
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

	#[allow(
		clippy::unnecessary_cast,
		reason = "one of the element types is the target"
	)]
	fn apply(&self, x: &Tensor) -> Result<Tensor, EvalError> {
		if let Some((format, saturate)) = self.format {
			return match dtype(x)? {
				DType::Bool => map(x, |x: bool| if x { 1f32 } else { 0.0 }),
				from => crate::with_number!(from, From => {
					map(x, |x: From| format.round(x as f64, saturate))
				}),
			};
		}
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
		testing::{f32s, int, string, tensor, OpTest},
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
	fn small_floats_are_held_as_binary32() {
		let x = [1.0f32 + f32::EPSILON, 65519.0, 1e6, -0.0, f32::NAN];
		let half = cast::<f32>(f32s(&[5], &x), 10);
		assert_eq!(half[..4], [1.0, 65504.0, f32::INFINITY, -0.0]);
		assert!(half[4].is_nan());
		assert_eq!(cast::<f32>(f32s(&[1], &[1.01]), 16), [1.007_812_5]);
		assert_eq!(cast::<f32>(f32s(&[1], &[1e6]), 17), [448.0]);
		assert_eq!(cast::<f32>(tensor(&[2], &[true, false]), 10), [1.0, 0.0]);
		// Directly: by way of binary32 this would be a tie, and go to 1.
		let x = 1.0 + 2f64.powi(-11) + 2f64.powi(-40);
		assert_eq!(cast::<f32>(tensor(&[1], &[x]), 10), [1.0 + 2f32.powi(-10)]);
	}

	#[test]
	fn the_first_opsets_name_the_type() {
		let named = |opset, name: &str| {
			OpTest::new("Cast")
				.opset(opset)
				.attr(string("to", name))
				.input(f32s(&[2], &[1.9, -1.9]))
		};
		assert_eq!(named(1, "INT32").elements::<i32>().1, [1, -1]);
		assert_eq!(named(5, "DOUBLE").elements::<f64>().1[0], f64::from(1.9f32));
		assert_eq!(named(5, "FLOAT16").elements::<f32>().1[0], 1.900_390_6);
		for name in ["int32", "", "FLOAT32"] {
			let error = named(5, name).refused();
			assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
		}
		let error = named(5, "STRING").refused();
		assert!(matches!(error, OpError::UnsupportedDType { .. }), "{error}");
		let number = OpTest::new("Cast")
			.opset(5)
			.attr(int("to", 6))
			.input(f32s(&[], &[1.0]));
		assert!(matches!(number.refused(), OpError::BadAttribute { .. }));
		let error = named(6, "INT32").refused();
		assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
	}

	#[test]
	fn unknown_types_are_refused() {
		for to in [8, 14, 21, 22, 99, i64::MAX] {
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

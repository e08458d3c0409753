//! Element types that a file may store, but the engine does not compute with.
//!
//! Tensors of them are unpacked when they are read: the small floats to binary32, which holds all
//! their values, and the small integers to i8 or u8.
//!
//! Formats: <https://onnx.ai/onnx/technical/float8.html>, <https://onnx.ai/onnx/technical/float4.html>,
//! <https://onnx.ai/onnx/technical/int4.html>

use crate::{
	math::{Float, NAN_F32},
	DType,
};

/// A type of storage only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
	/// A float of at most 16 bits.
	Float(SmallFloat),
	/// An integer of less than 8 bits.
	Integer {
		/// Its bits: 2 or 4.
		bits: u32,
		/// Whether it is in two's complement.
		signed: bool,
	},
}

/// What a format does with its largest exponent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Specials {
	/// IEEE 754's infinities and NaNs.
	Ieee,
	/// A NaN whose bits, but for the sign, are all ones; no infinity.
	OneNan,
	/// A NaN in the place of the negative zero; no infinity.
	NoNegativeZero,
	/// Numbers only.
	None,
}

/// A binary floating-point format with a sign bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmallFloat {
	exponent_bits: u32,
	mantissa_bits: u32,
	bias: i32,
	specials: Specials,
}

const fn small(
	exponent_bits: u32,
	mantissa_bits: u32,
	bias: i32,
	specials: Specials,
) -> SmallFloat {
	SmallFloat {
		exponent_bits,
		mantissa_bits,
		bias,
		specials,
	}
}

impl Storage {
	/// The type with this number in ONNX's `TensorProto.DataType`, if it is one of storage only.
	pub const fn from_onnx(number: i32) -> Option<Self> {
		let float = match number {
			10 => small(5, 10, 15, Specials::Ieee),
			16 => small(8, 7, 127, Specials::Ieee),
			17 => small(4, 3, 7, Specials::OneNan),
			18 => small(4, 3, 8, Specials::NoNegativeZero),
			19 => small(5, 2, 15, Specials::Ieee),
			20 => small(5, 2, 16, Specials::NoNegativeZero),
			23 => small(2, 1, 1, Specials::None),
			21 | 22 => {
				return Some(Self::Integer {
					bits: 4,
					signed: number == 22,
				})
			}
			25 | 26 => {
				return Some(Self::Integer {
					bits: 2,
					signed: number == 26,
				})
			}
			_ => return None,
		};
		Some(Self::Float(float))
	}

	/// The type's number in ONNX's `TensorProto.DataType`.
	pub fn onnx(self) -> u8 {
		let numbers = [10, 16, 17, 18, 19, 20, 21, 22, 23, 25, 26];
		let number = numbers
			.into_iter()
			.find(|number| Self::from_onnx(i32::from(*number)) == Some(self));
		number.expect("each type has a number")
	}

	/// The type that holds the elements once they are unpacked.
	pub const fn dtype(self) -> DType {
		match self {
			Self::Float(_) => DType::F32,
			Self::Integer { signed: true, .. } => DType::I8,
			Self::Integer { signed: false, .. } => DType::U8,
		}
	}

	/// Bits of an element in the file.
	pub const fn bits(self) -> usize {
		match self {
			Self::Float(float) => (1 + float.exponent_bits + float.mantissa_bits) as usize,
			Self::Integer { bits, .. } => bits as usize,
		}
	}

	/// Least and largest value of an integer type.
	pub const fn range(self) -> Option<(i64, i64)> {
		match self {
			Self::Float(_) => None,
			Self::Integer { bits, signed: true } => {
				Some((-(1 << (bits - 1)), (1 << (bits - 1)) - 1))
			}
			Self::Integer {
				bits,
				signed: false,
			} => Some((0, (1 << bits) - 1)),
		}
	}
}

impl SmallFloat {
	/// `2^(1 - bias - mantissa_bits)`, the smallest positive number.
	fn quantum(self, exponent: i32) -> f64 {
		let power = exponent - self.mantissa_bits as i32;
		// Within binary64's normal range for all formats.
		f64::from_bits(((power + 1023) as u64) << 52)
	}

	fn smallest_exponent(self) -> i32 {
		1 - self.bias
	}

	/// The largest finite number.
	fn largest(self) -> f64 {
		let fields = (1i32 << self.exponent_bits) - 1;
		let mantissas = (1i64 << (self.mantissa_bits + 1)) - 1;
		let (exponent, mantissa) = match self.specials {
			Specials::Ieee => (fields - 1, mantissas),
			Specials::OneNan => (fields, mantissas - 1),
			Specials::NoNegativeZero | Specials::None => (fields, mantissas),
		};
		mantissa as f64 * self.quantum(exponent - self.bias)
	}

	/// The number that a code means.
	pub fn decode(self, code: u32) -> f32 {
		let mantissa = code & ((1 << self.mantissa_bits) - 1);
		let field = (code >> self.mantissa_bits) & ((1 << self.exponent_bits) - 1);
		let negative = (code >> (self.mantissa_bits + self.exponent_bits)) & 1 == 1;
		let last = (1 << self.exponent_bits) - 1;
		let special = match self.specials {
			Specials::Ieee if field == last => Some(if mantissa == 0 {
				f32::INFINITY
			} else {
				NAN_F32
			}),
			Specials::OneNan if field == last && mantissa == (1 << self.mantissa_bits) - 1 => {
				Some(NAN_F32)
			}
			Specials::NoNegativeZero if negative && field == 0 && mantissa == 0 => {
				return NAN_F32;
			}
			_ => None,
		};
		let magnitude = special.unwrap_or_else(|| {
			let (significand, exponent) = if field == 0 {
				(mantissa, self.smallest_exponent())
			} else {
				(
					mantissa | (1 << self.mantissa_bits),
					field as i32 - self.bias,
				)
			};
			(f64::from(significand) * self.quantum(exponent)) as f32
		});
		match (magnitude.is_nan(), negative) {
			(true, _) => NAN_F32,
			(false, true) => -magnitude,
			(false, false) => magnitude,
		}
	}

	/// The nearest number of the format, ties to even.
	///
	/// What is too large becomes the largest finite number with `saturate`, else infinity, or NaN in
	/// formats without it. The formats without a NaN give zero for one.
	pub fn round(self, x: f64, saturate: bool) -> f32 {
		if x.is_nan() {
			return if self.specials == Specials::None {
				0.0
			} else {
				NAN_F32
			};
		}
		let magnitude = x.abs();
		let largest = self.largest();
		let exponent =
			((magnitude.to_bits() >> 52) as i32 - 1023).clamp(self.smallest_exponent(), 1000);
		let quantum = self.quantum(exponent);
		// Both the quotient and the product are exact but for the rounding in between.
		let rounded = if magnitude > 2.0 * largest {
			f64::INFINITY
		} else {
			Float::round_even(magnitude / quantum) * quantum
		};
		let magnitude = if rounded <= largest {
			rounded
		} else if saturate || self.specials == Specials::None {
			largest
		} else if self.specials == Specials::Ieee {
			f64::INFINITY
		} else {
			return NAN_F32;
		};
		let negative = x.is_sign_negative()
			&& !(self.specials == Specials::NoNegativeZero && magnitude == 0.0);
		let rounded = magnitude as f32;
		if negative {
			-rounded
		} else {
			rounded
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	fn float(number: i32) -> SmallFloat {
		match Storage::from_onnx(number) {
			Some(Storage::Float(float)) => float,
			other => panic!("{other:?}"),
		}
	}

	#[test]
	fn codes_of_each_format() {
		let cases: [(i32, u32, f32); 22] = [
			(10, 0x3c00, 1.0),
			(10, 0x0001, 5.960_464_5e-8),
			(10, 0x7bff, 65504.0),
			(10, 0xfc00, f32::NEG_INFINITY),
			(10, 0x8000, -0.0),
			(16, 0x3f80, 1.0),
			(16, 0x7f7f, 3.389_531_4e38),
			(16, 0x0001, 9.183_55e-41),
			(17, 0x38, 1.0),
			(17, 0x7e, 448.0),
			(17, 0x01, 0.001_953_125),
			(18, 0x7f, 240.0),
			(18, 0x40, 1.0),
			(19, 0x7b, 57344.0),
			(19, 0x7c, f32::INFINITY),
			(20, 0x7f, 57344.0),
			(20, 0x40, 1.0),
			(23, 0b0001, 0.5),
			(23, 0b0010, 1.0),
			(23, 0b0111, 6.0),
			(23, 0b1111, -6.0),
			(23, 0b0101, 3.0),
		];
		for (number, code, expected) in cases {
			let found = float(number).decode(code);
			assert_eq!(
				found.to_bits(),
				expected.to_bits(),
				"{number} {code:x}: {found}"
			);
		}
		for (number, code) in [
			(10, 0x7e01),
			(17, 0x7f),
			(17, 0xff),
			(18, 0x80),
			(19, 0x7d),
			(20, 0x80),
		] {
			assert_eq!(float(number).decode(code).to_bits(), NAN_F32.to_bits());
		}
	}

	#[test]
	fn every_type_knows_its_number() {
		let numbered = (0..=255u8).filter_map(|n| Some((n, Storage::from_onnx(n.into())?)));
		let numbered: Vec<_> = numbered.collect();
		assert_eq!(numbered.len(), 11);
		for (number, storage) in numbered {
			assert_eq!(storage.onnx(), number);
		}
	}

	#[test]
	fn every_number_rounds_to_itself() {
		for number in [10, 16, 17, 18, 19, 20, 23] {
			let float = float(number);
			let bits = 1 + float.exponent_bits + float.mantissa_bits;
			for code in 0..1u32 << bits {
				let x = float.decode(code);
				let back = float.round(f64::from(x), false);
				assert_eq!(back.to_bits(), x.to_bits(), "{number} {code:x}");
			}
		}
	}

	#[test]
	fn ties_go_to_even_and_what_is_too_large_overflows_or_saturates() {
		let half = float(10);
		assert_eq!(half.round(1.0 + 2f64.powi(-11), false), 1.0);
		assert_eq!(
			half.round(1.0 + 3.0 * 2f64.powi(-11), false),
			1.0 + 2f32.powi(-9)
		);
		assert_eq!(half.round(65519.0, false), 65504.0);
		assert_eq!(half.round(65520.0, false), f32::INFINITY);
		assert_eq!(half.round(-65520.0, true), -65504.0);
		assert_eq!(half.round(2f64.powi(-25), false).to_bits(), 0);
		assert_eq!(half.round(2f64.powi(-25) * 1.001, false), 2f32.powi(-24));
		assert!(float(17).round(465.0, false).is_nan());
		assert_eq!(float(17).round(464.0, false), 448.0);
		assert_eq!(float(17).round(f64::INFINITY, true), 448.0);
		assert_eq!(float(18).round(-1e-9, true).to_bits(), 0);
		assert_eq!(float(23).round(-100.0, false), -6.0);
		assert_eq!(float(23).round(2.5, false), 2.0);
		assert_eq!(float(19).round(f64::NEG_INFINITY, false), f32::NEG_INFINITY);
	}

	proptest! {
		#[test]
		fn bfloat16_rounds_as_its_bits_do(bits: u32) {
			let x = f32::from_bits(bits);
			let found = float(16).round(f64::from(x), false);
			if x.is_nan() {
				prop_assert!(found.is_nan());
			} else {
				let rounded = (u64::from(bits) + 0x7fff + u64::from((bits >> 16) & 1)) as u32;
				prop_assert_eq!(found.to_bits(), rounded & 0xffff_0000);
			}
		}
	}
}

//! Conversion between element types: only when no value changes, unless asked.

use crate::tensor::DType;

/// The value of one element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
	/// Of an integer or bool.
	Int(i128),
	/// Of a float.
	Float(f64),
}

impl Number {
	/// Reads an element; `bytes` holds exactly one, little endian.
	pub fn read(dtype: DType, bytes: &[u8]) -> Self {
		/// The first `N` bytes; missing ones are zero.
		fn le<const N: usize>(bytes: &[u8]) -> [u8; N] {
			let mut array = [0; N];
			for (to, from) in array.iter_mut().zip(bytes) {
				*to = *from;
			}
			array
		}
		match dtype {
			DType::F32 => Self::Float(f64::from(f32::from_le_bytes(le(bytes)))),
			DType::F64 => Self::Float(f64::from_le_bytes(le(bytes))),
			DType::U8 | DType::Bool => Self::Int(u8::from_le_bytes(le(bytes)).into()),
			DType::I8 => Self::Int(i8::from_le_bytes(le(bytes)).into()),
			DType::U16 => Self::Int(u16::from_le_bytes(le(bytes)).into()),
			DType::I16 => Self::Int(i16::from_le_bytes(le(bytes)).into()),
			DType::U32 => Self::Int(u32::from_le_bytes(le(bytes)).into()),
			DType::I32 => Self::Int(i32::from_le_bytes(le(bytes)).into()),
			DType::U64 => Self::Int(u64::from_le_bytes(le(bytes)).into()),
			DType::I64 => Self::Int(i64::from_le_bytes(le(bytes)).into()),
		}
	}

	/// Appends the value as an element of `dtype` and says whether it is still the same value.
	///
	/// A value that does not fit is rounded to the nearest float, cut off towards zero, or held at
	/// the nearest end of the range; anything but zero is true.
	pub fn write(self, dtype: DType, out: &mut Vec<u8>) -> bool {
		macro_rules! integer {
			($ty:ty) => {
				match self {
					Self::Int(value) => {
						let kept = value.clamp(<$ty>::MIN.into(), <$ty>::MAX.into());
						out.extend((kept as $ty).to_le_bytes());
						kept == value
					}
					Self::Float(value) => {
						let kept = value as $ty;
						out.extend(kept.to_le_bytes());
						// Back by way of i128, which holds every integer exactly.
						let negative_zero = value == 0.0 && value.is_sign_negative();
						value.fract() == 0.0 && !negative_zero && value as i128 == kept as i128
					}
				}
			};
		}
		match dtype {
			DType::U8 => integer!(u8),
			DType::I8 => integer!(i8),
			DType::U16 => integer!(u16),
			DType::I16 => integer!(i16),
			DType::U32 => integer!(u32),
			DType::I32 => integer!(i32),
			DType::U64 => integer!(u64),
			DType::I64 => integer!(i64),
			DType::Bool => {
				let (set, exact) = match self {
					Self::Int(value) => (value != 0, matches!(value, 0 | 1)),
					Self::Float(value) => (value != 0.0, value == 1.0 || value.to_bits() == 0),
				};
				out.push(set.into());
				exact
			}
			DType::F32 => {
				let (kept, exact) = match self {
					Self::Int(value) => {
						let kept = value as f32;
						(kept, kept as i128 == value)
					}
					Self::Float(value) => {
						let kept = value as f32;
						(kept, f64::from(kept) == value || value.is_nan())
					}
				};
				out.extend(kept.to_le_bytes());
				exact
			}
			DType::F64 => {
				let (kept, exact) = match self {
					Self::Int(value) => {
						let kept = value as f64;
						(kept, kept as i128 == value)
					}
					Self::Float(value) => (value, true),
				};
				out.extend(kept.to_le_bytes());
				exact
			}
		}
	}
}

/// Converts elements. An error is the index of the first element whose value would change.
pub fn convert(data: &[u8], from: DType, to: DType, lossy: bool) -> Result<Vec<u8>, usize> {
	if from == to {
		return Ok(data.to_vec());
	}
	let elements = data.chunks_exact(from.size());
	let mut out = Vec::with_capacity(elements.len() * to.size());
	for (index, bytes) in elements.enumerate() {
		let exact = Number::read(from, bytes).write(to, &mut out);
		if !exact && !lossy {
			return Err(index);
		}
	}
	Ok(out)
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	fn f64s(values: &[f64]) -> Vec<u8> {
		values
			.iter()
			.flat_map(|value| value.to_le_bytes())
			.collect()
	}

	#[test]
	fn exact_values_pass() {
		let data = f64s(&[1.0, -2.0, 0.5]);
		let expected: Vec<u8> = [1.0f32, -2.0, 0.5]
			.iter()
			.flat_map(|v| v.to_le_bytes())
			.collect();
		assert_eq!(convert(&data, DType::F64, DType::F32, false), Ok(expected));
		assert_eq!(
			convert(&[7], DType::U8, DType::I64, false),
			Ok(7i64.to_le_bytes().to_vec())
		);
		assert_eq!(
			convert(&f64s(&[3.0]), DType::F64, DType::U8, false),
			Ok(vec![3])
		);
	}

	#[test]
	fn changed_values_are_refused_unless_asked_for() {
		assert_eq!(
			convert(&f64s(&[1.0, 0.1]), DType::F64, DType::F32, false),
			Err(1)
		);
		assert_eq!(
			convert(&f64s(&[300.0]), DType::F64, DType::U8, false),
			Err(0)
		);
		assert_eq!(
			convert(&f64s(&[300.0]), DType::F64, DType::U8, true),
			Ok(vec![255])
		);
		assert_eq!(
			convert(&f64s(&[-0.0]), DType::F64, DType::I8, false),
			Err(0)
		);
		assert_eq!(
			convert(&f64s(&[f64::NAN]), DType::F64, DType::I8, false),
			Err(0)
		);
		assert_eq!(
			convert(&f64s(&[1e300]), DType::F64, DType::I64, false),
			Err(0)
		);
		assert_eq!(convert(&[2], DType::U8, DType::Bool, false), Err(0));
		assert_eq!(convert(&[2], DType::U8, DType::Bool, true), Ok(vec![1]));
		let big = (1u64 << 24) + 1;
		assert_eq!(
			convert(&big.to_le_bytes(), DType::U64, DType::F32, false),
			Err(0)
		);
	}

	proptest! {
		#[test]
		fn what_passes_comes_back(value: u64, from in 0usize..11, to in 0usize..11) {
			let (from, to) = (DType::ALL[from], DType::ALL[to]);
			let value = if from == DType::Bool { value % 2 } else { value };
			let data = &value.to_le_bytes()[..from.size()];
			if let Ok(there) = convert(data, from, to, false) {
				prop_assert_eq!(there.len(), to.size());
				let back = convert(&there, to, from, true).unwrap();
				let (a, b) = (Number::read(from, data), Number::read(from, &back));
				let nan = matches!(a, Number::Float(x) if x.is_nan());
				prop_assert!(nan || a == b, "{:?} {:?}", a, b);
			}
		}
	}
}

//! Element types.

use std::fmt;

use tract_onnx::{pb::tensor_proto::DataType, prelude::DatumType};

/// The element types that the engine computes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DType {
	/// IEEE-754 binary32.
	F32,
	/// IEEE-754 binary64.
	F64,
	/// Unsigned 8-bit integer.
	U8,
	/// Signed 8-bit integer.
	I8,
	/// Unsigned 16-bit integer.
	U16,
	/// Signed 16-bit integer.
	I16,
	/// Unsigned 32-bit integer.
	U32,
	/// Signed 32-bit integer.
	I32,
	/// Unsigned 64-bit integer.
	U64,
	/// Signed 64-bit integer.
	I64,
	/// One byte per element, 0 or 1.
	Bool,
}

impl DType {
	/// All of them.
	pub const ALL: [Self; 11] = [
		Self::F32,
		Self::F64,
		Self::U8,
		Self::I8,
		Self::U16,
		Self::I16,
		Self::U32,
		Self::I32,
		Self::U64,
		Self::I64,
		Self::Bool,
	];
	/// The floating-point types.
	pub const FLOATS: [Self; 2] = [Self::F32, Self::F64];
	/// The integer types, signed and unsigned.
	pub const INTEGERS: [Self; 8] = [
		Self::U8,
		Self::I8,
		Self::U16,
		Self::I16,
		Self::U32,
		Self::I32,
		Self::U64,
		Self::I64,
	];
	/// All but bool.
	pub const NUMBERS: [Self; 10] = [
		Self::F32,
		Self::F64,
		Self::U8,
		Self::I8,
		Self::U16,
		Self::I16,
		Self::U32,
		Self::I32,
		Self::U64,
		Self::I64,
	];

	/// Bytes that one element takes.
	pub const fn size(self) -> usize {
		match self {
			Self::Bool | Self::U8 | Self::I8 => 1,
			Self::U16 | Self::I16 => 2,
			Self::F32 | Self::U32 | Self::I32 => 4,
			Self::F64 | Self::U64 | Self::I64 => 8,
		}
	}

	/// The name in lower case, `f32` for instance.
	pub const fn name(self) -> &'static str {
		match self {
			Self::F32 => "f32",
			Self::F64 => "f64",
			Self::U8 => "u8",
			Self::I8 => "i8",
			Self::U16 => "u16",
			Self::I16 => "i16",
			Self::U32 => "u32",
			Self::I32 => "i32",
			Self::U64 => "u64",
			Self::I64 => "i64",
			Self::Bool => "bool",
		}
	}

	/// Whether this is a floating-point type.
	pub const fn is_float(self) -> bool {
		matches!(self, Self::F32 | Self::F64)
	}

	/// tract's name of the type.
	pub const fn datum_type(self) -> DatumType {
		match self {
			Self::F32 => DatumType::F32,
			Self::F64 => DatumType::F64,
			Self::U8 => DatumType::U8,
			Self::I8 => DatumType::I8,
			Self::U16 => DatumType::U16,
			Self::I16 => DatumType::I16,
			Self::U32 => DatumType::U32,
			Self::I32 => DatumType::I32,
			Self::U64 => DatumType::U64,
			Self::I64 => DatumType::I64,
			Self::Bool => DatumType::Bool,
		}
	}

	/// The type that tract calls `datum_type`, if the engine has it.
	pub fn from_datum_type(datum_type: DatumType) -> Option<Self> {
		Self::ALL
			.into_iter()
			.find(|dtype| dtype.datum_type() == datum_type)
	}

	/// The type's number in ONNX's `TensorProto.DataType`.
	pub const fn onnx(self) -> DataType {
		match self {
			Self::F32 => DataType::Float,
			Self::F64 => DataType::Double,
			Self::U8 => DataType::Uint8,
			Self::I8 => DataType::Int8,
			Self::U16 => DataType::Uint16,
			Self::I16 => DataType::Int16,
			Self::U32 => DataType::Uint32,
			Self::I32 => DataType::Int32,
			Self::U64 => DataType::Uint64,
			Self::I64 => DataType::Int64,
			Self::Bool => DataType::Bool,
		}
	}

	/// The type with this number in ONNX's `TensorProto.DataType`, or the name of one that the
	/// engine does not have.
	pub fn from_onnx(number: i32) -> Result<Self, String> {
		Ok(match DataType::try_from(number) {
			Ok(DataType::Float) => Self::F32,
			Ok(DataType::Double) => Self::F64,
			Ok(DataType::Uint8) => Self::U8,
			Ok(DataType::Int8) => Self::I8,
			Ok(DataType::Uint16) => Self::U16,
			Ok(DataType::Int16) => Self::I16,
			Ok(DataType::Uint32) => Self::U32,
			Ok(DataType::Int32) => Self::I32,
			Ok(DataType::Uint64) => Self::U64,
			Ok(DataType::Int64) => Self::I64,
			Ok(DataType::Bool) => Self::Bool,
			Ok(other) => return Err(other.as_str_name().to_string()),
			Err(_) => return Err(format!("data type number {number}")),
		})
	}
}

impl fmt::Display for DType {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(self.name())
	}
}

/// Runs an expression with `$T` standing for the Rust type of a [`DType`]; any of the eleven.
#[macro_export]
macro_rules! with_any {
	($dtype:expr, $T:ident => $body:expr) => {
		match $dtype {
			$crate::DType::Bool => {
				type $T = bool;
				$body
			},
			other => $crate::with_number!(other, $T => $body),
		}
	};
}

/// Runs an expression with `$T` standing for the Rust type of a [`DType`]: floats and integers.
/// Bool is an engine bug there: [`Fact::expect`](crate::fact::Fact::expect) has refused it.
#[macro_export]
macro_rules! with_number {
	($dtype:expr, $T:ident => $body:expr) => {
		match $dtype {
			$crate::DType::F32 => {
				type $T = f32;
				$body
			},
			$crate::DType::F64 => {
				type $T = f64;
				$body
			},
			other => $crate::with_integer!(other, $T => $body),
		}
	};
}

/// Runs an expression with `$T` standing for the Rust type of a [`DType`]: integers only.
#[macro_export]
macro_rules! with_integer {
	($dtype:expr, $T:ident => $body:expr) => {
		match $dtype {
			$crate::DType::U8 => {
				type $T = u8;
				$body
			}
			$crate::DType::I8 => {
				type $T = i8;
				$body
			}
			$crate::DType::U16 => {
				type $T = u16;
				$body
			}
			$crate::DType::I16 => {
				type $T = i16;
				$body
			}
			$crate::DType::U32 => {
				type $T = u32;
				$body
			}
			$crate::DType::I32 => {
				type $T = i32;
				$body
			}
			$crate::DType::U64 => {
				type $T = u64;
				$body
			}
			$crate::DType::I64 => {
				type $T = i64;
				$body
			}
			other => return Err($crate::error::EvalError::unexpected_dtype(other).into()),
		}
	};
}

/// Runs an expression with `$T` standing for `f32` or `f64`.
#[macro_export]
macro_rules! with_float {
	($dtype:expr, $T:ident => $body:expr) => {
		match $dtype {
			$crate::DType::F32 => {
				type $T = f32;
				$body
			}
			$crate::DType::F64 => {
				type $T = f64;
				$body
			}
			other => return Err($crate::error::EvalError::unexpected_dtype(other).into()),
		}
	};
}

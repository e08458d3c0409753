//! What the matrix products share.

use std::sync::Arc;

use tract_onnx::prelude::Tensor;

use crate::{
	error::{EvalError, OpError},
	limits::MAX_TENSOR_BYTES,
	linalg::{self, Packed, Scalar},
	panels::{self, Epilogue, Panels, Target},
	tensor::slice,
	DType,
};

/// The element types of matrix products.
pub(super) const DTYPES: [DType; 6] = [
	DType::F32,
	DType::F64,
	DType::I32,
	DType::I64,
	DType::U32,
	DType::U64,
];

/// A constant right-hand matrix, packed once.
#[derive(Clone, Debug)]
pub(super) enum PackedMatrix {
	F32(Arc<Panels>),
	F64(Arc<Packed<f64>>),
	I32(Arc<Packed<i32>>),
	I64(Arc<Packed<i64>>),
	U32(Arc<Packed<u32>>),
	U64(Arc<Packed<u64>>),
}

/// An element type of matrix products, with the form that its right-hand matrices are packed in.
pub(super) trait Element: Scalar {
	/// A packed matrix.
	type Matrix;

	/// Packs the matrix whose element in row `k` and column `n` is `at(k, n)`.
	fn pack(k: usize, columns: usize, at: impl Fn(usize, usize) -> Self) -> Self::Matrix;
	/// Packs the matrix whose rows of this many columns lie one after the other in `b`.
	fn pack_rows(b: &[Self], k: usize, columns: usize) -> Self::Matrix {
		Self::pack(k, columns, |row, column| b[row * columns + column])
	}
	/// Wraps a matrix.
	fn wrap(packed: Arc<Self::Matrix>) -> PackedMatrix;
	/// The matrix, if it is of this type.
	fn unwrap(packed: &PackedMatrix) -> Option<&Self::Matrix>;
	/// `output = a x b`, all row-major.
	fn product(a: &[Self], k: usize, packed: &Self::Matrix, output: &mut [Self], columns: usize);
}

macro_rules! elements {
	($($element:ty, $variant:ident;)*) => {$(
		impl Element for $element {
			type Matrix = Packed<Self>;

			fn pack(k: usize, columns: usize, at: impl Fn(usize, usize) -> Self) -> Packed<Self> {
				Packed::new(k, columns, at)
			}
			fn wrap(packed: Arc<Packed<Self>>) -> PackedMatrix {
				PackedMatrix::$variant(packed)
			}
			fn unwrap(packed: &PackedMatrix) -> Option<&Packed<Self>> {
				match packed {
					PackedMatrix::$variant(packed) => Some(packed),
					_ => None,
				}
			}
			fn product(
				a: &[Self],
				k: usize,
				packed: &Packed<Self>,
				output: &mut [Self],
				columns: usize,
			) {
				let bases = bases(output.len() / columns.max(1), k);
				let rows = linalg::Rows { data: a, bases: &bases, taps: &[0], run: k };
				linalg::multiply(rows, packed, |row, column, width, tile| {
					for (offset, sums) in tile.iter().enumerate() {
						output[(row + offset) * columns + column..][..width]
							.copy_from_slice(&sums[..width]);
					}
				});
			}
		}
	)*};
}

elements! { f64, F64; i32, I32; i64, I64; u32, U32; u64, U64; }

impl Element for f32 {
	type Matrix = Panels;

	fn pack(k: usize, columns: usize, at: impl Fn(usize, usize) -> Self) -> Panels {
		Panels::new(k, columns, at)
	}
	fn pack_rows(b: &[f32], k: usize, columns: usize) -> Panels {
		Panels::of_rows(b, k, columns)
	}
	fn wrap(packed: Arc<Panels>) -> PackedMatrix {
		PackedMatrix::F32(packed)
	}
	fn unwrap(packed: &PackedMatrix) -> Option<&Panels> {
		match packed {
			PackedMatrix::F32(packed) => Some(packed),
			_ => None,
		}
	}
	fn product(a: &[f32], k: usize, packed: &Panels, output: &mut [f32], columns: usize) {
		product_through(a, k, packed, output, columns, Epilogue::default());
	}
}

/// `output = a x b` of binary32, through an epilogue.
pub(super) fn product_through(
	a: &[f32],
	k: usize,
	packed: &Panels,
	output: &mut [f32],
	columns: usize,
	epilogue: Epilogue<'_>,
) {
	let bases = bases(output.len() / columns.max(1), k);
	let rows = panels::Rows {
		data: a,
		bases: &bases,
		taps: &[0],
		run: k,
	};
	let target = Target {
		data: output,
		first: 0,
		stride: columns,
	};
	panels::multiply(rows, packed, target, epilogue);
}

/// Where the rows of a matrix begin.
fn bases(rows: usize, k: usize) -> Vec<usize> {
	(0..rows).map(|row| row * k).collect()
}

/// Runs an expression with `$T` standing for the Rust type of one of [`DTYPES`].
macro_rules! with_product {
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
			$crate::DType::I32 => {
				type $T = i32;
				$body
			}
			$crate::DType::I64 => {
				type $T = i64;
				$body
			}
			$crate::DType::U32 => {
				type $T = u32;
				$body
			}
			$crate::DType::U64 => {
				type $T = u64;
				$body
			}
			other => return Err($crate::error::EvalError::unexpected_dtype(other)),
		}
	};
}
pub(super) use with_product;

/// Packs a matrix of `k` rows and `columns` columns, stored row-major or, if `transposed`, the
/// other way round.
#[inline(always)]
pub(super) fn pack<T: Element>(b: &[T], k: usize, columns: usize, transposed: bool) -> T::Matrix {
	if transposed {
		T::pack(k, columns, |row, column| b[column * k + row])
	} else {
		T::pack_rows(b, k, columns)
	}
}

/// Bytes of a packed matrix.
pub(super) fn packed_bytes(dtype: DType, k: usize, columns: usize) -> u64 {
	match dtype.size() {
		8 => Packed::<f64>::bytes(k, columns),
		4 if dtype == DType::F32 => Panels::bytes(k, columns),
		_ => Packed::<i32>::bytes(k, columns),
	}
}

/// Packs a constant matrix once and for all; refuses one that filling up makes too large.
pub(super) fn pack_constant(
	b: &Tensor,
	k: usize,
	columns: usize,
	transposed: bool,
) -> Result<PackedMatrix, OpError> {
	fn typed(
		b: &Tensor,
		dtype: DType,
		k: usize,
		columns: usize,
		transposed: bool,
	) -> Result<PackedMatrix, EvalError> {
		with_product!(dtype, T => {
			Ok(<T as Element>::wrap(Arc::new(pack(slice::<T>(b)?, k, columns, transposed))))
		})
	}
	let internal = |error: EvalError| OpError::mismatch(error.to_string());
	let dtype = crate::tensor::dtype(b).map_err(internal)?;
	let bytes = packed_bytes(dtype, k, columns);
	if bytes > MAX_TENSOR_BYTES {
		return Err(OpError::TensorTooLarge {
			shape: b.shape().to_vec(),
			dtype,
			bytes,
		});
	}
	typed(b, dtype, k, columns, transposed).map_err(internal)
}

/// Whether packing is worth its memory: narrow matrices would be filled up many times over.
pub(super) fn is_wide(columns: usize) -> bool {
	columns >= 4
}

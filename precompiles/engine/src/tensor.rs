//! Small helpers around tract's tensor, which carries all values inside a run.

use tract_onnx::prelude::{Datum, Tensor};

use crate::{error::EvalError, DType};

pub use crate::math::{NAN_F32, NAN_F64};

/// The elements of a tensor, row-major.
pub fn slice<T: Datum>(tensor: &Tensor) -> Result<&[T], EvalError> {
	Ok(tensor.try_as_plain_ram()?.as_slice::<T>()?)
}

/// The elements of a tensor, row-major, to be written.
pub fn slice_mut<T: Datum>(tensor: &mut Tensor) -> Result<&mut [T], EvalError> {
	// The view borrows the tensor, so that its slice cannot outlive this call; the detour over
	// ndarray's view keeps the tensor's own lifetime.
	let view = tensor.to_plain_array_view_mut::<T>()?;
	view.into_slice()
		.ok_or_else(|| EvalError::Internal("a tensor is not contiguous".into()))
}

/// The element type of a tensor.
pub fn dtype(tensor: &Tensor) -> Result<DType, EvalError> {
	DType::from_datum_type(tensor.datum_type())
		.ok_or_else(|| EvalError::Internal(format!("unexpected {:?}", tensor.datum_type())))
}

/// A tensor of zeros (of `false`).
pub fn zeros(dtype: DType, shape: &[usize]) -> Result<Tensor, EvalError> {
	Ok(Tensor::zero_dt(dtype.datum_type(), shape)?)
}

/// A tensor with these elements, row-major.
pub fn from_slice<T: Datum + Copy>(shape: &[usize], data: &[T]) -> Result<Tensor, EvalError> {
	Ok(Tensor::from_shape(shape, data)?)
}

/// A tensor whose elements `fill` writes. It starts as zeros.
pub fn build<T: Datum + Copy>(
	shape: &[usize],
	fill: impl FnOnce(&mut [T]),
) -> Result<Tensor, EvalError> {
	let mut tensor = Tensor::zero_dt(T::datum_type(), shape)?;
	fill(slice_mut(&mut tensor)?);
	Ok(tensor)
}

/// A tensor from raw little-endian bytes. The caller has checked the length; a bool that is
/// neither 0 nor 1 gives its position as the inner error.
pub fn from_bytes(
	dtype: DType,
	shape: &[usize],
	bytes: &[u8],
) -> Result<Result<Tensor, usize>, EvalError> {
	if dtype == DType::Bool {
		if let Some(position) = bytes.iter().position(|byte| *byte > 1) {
			return Ok(Err(position));
		}
	}
	let mut tensor = zeros(dtype, shape)?;
	let target = tensor.as_bytes_mut();
	if target.len() != bytes.len() {
		return Err(EvalError::Internal(format!(
			"{} bytes for {}",
			bytes.len(),
			target.len()
		)));
	}
	target.copy_from_slice(bytes);
	canonicalise_nans(&mut tensor)?;
	Ok(Ok(tensor))
}

/// Gives every NaN the canonical payload and sign.
pub fn canonicalise_nans(tensor: &mut Tensor) -> Result<(), EvalError> {
	match dtype(tensor)? {
		DType::F32 => {
			for x in slice_mut::<f32>(tensor)? {
				if x.is_nan() {
					*x = NAN_F32;
				}
			}
		}
		DType::F64 => {
			for x in slice_mut::<f64>(tensor)? {
				if x.is_nan() {
					*x = NAN_F64;
				}
			}
		}
		_ => {}
	}
	Ok(())
}

/// Whether a NaN lacks the canonical payload or sign.
pub fn has_foreign_nan(tensor: &Tensor) -> Result<bool, EvalError> {
	Ok(match dtype(tensor)? {
		DType::F32 => slice::<f32>(tensor)?
			.iter()
			.any(|x| x.is_nan() && x.to_bits() != NAN_F32.to_bits()),
		DType::F64 => slice::<f64>(tensor)?
			.iter()
			.any(|x| x.is_nan() && x.to_bits() != NAN_F64.to_bits()),
		_ => false,
	})
}

/// One element of `f` for each element of `x`.
#[inline(always)]
pub fn map<T: Datum + Copy, U: Datum + Copy>(
	x: &Tensor,
	f: impl Fn(T) -> U,
) -> Result<Tensor, EvalError> {
	let input = slice::<T>(x)?;
	build::<U>(x.shape(), |output| {
		for (y, x) in output.iter_mut().zip(input) {
			*y = f(*x);
		}
	})
}

/// The elements of an integer tensor (i32 or i64) as i64.
pub fn indices(tensor: &Tensor) -> Result<Vec<i64>, EvalError> {
	Ok(match dtype(tensor)? {
		DType::I64 => slice::<i64>(tensor)?.to_vec(),
		DType::I32 => slice::<i32>(tensor)?
			.iter()
			.map(|x| i64::from(*x))
			.collect(),
		other => return Err(EvalError::unexpected_dtype(other)),
	})
}

/// The same elements in another shape of the same size, without a copy where the tensor is the
/// last reference to its memory.
pub fn reshape(tensor: Tensor, shape: &[usize]) -> Result<Tensor, EvalError> {
	Ok(tensor.into_shape(shape)?)
}

/// Row-major strides of a shape, in elements.
pub fn strides(shape: &[usize]) -> Vec<usize> {
	let mut strides = vec![1; shape.len()];
	for axis in (1..shape.len()).rev() {
		strides[axis - 1] = strides[axis] * shape[axis];
	}
	strides
}

//! What the gathering and scattering operators with an index for each element share.

use tract_onnx::prelude::Tensor;

use super::index::{position, DTYPES};
use crate::{
	error::{DomainError, EvalError, OpError},
	fact::Fact,
	select::Select,
	tensor::strides,
};

/// The places of an index tensor in the data, but for the coordinate along one axis.
#[derive(Debug)]
pub(super) struct Places {
	/// Shape of the indices.
	shape: Vec<usize>,
	/// Strides of the data.
	strides: Vec<usize>,
	axis: usize,
	/// Length of the axis in the data.
	len: usize,
}

impl Places {
	/// Refuses indices of another rank, or longer than the data along another axis.
	pub(super) fn new(data: &[usize], indices: &[usize], axis: usize) -> Result<Self, OpError> {
		let fits = data.len() == indices.len()
			&& (0..data.len()).all(|i| i == axis || indices[i] <= data[i]);
		if !fits {
			return Err(OpError::mismatch(format!(
				"indices of shape {indices:?} do not fit data of shape {data:?} beside axis {axis}"
			)));
		}
		Ok(Self {
			shape: indices.to_vec(),
			strides: strides(data),
			axis,
			len: data[axis],
		})
	}

	/// Calls `visit(index, base, axis length, axis stride)` for each index, in order. The element
	/// that it means lies at `base + position * stride`.
	pub(super) fn visit(
		&self,
		indices: &[i64],
		mut visit: impl FnMut(i64, usize, usize, usize) -> Result<(), DomainError>,
	) -> Result<(), DomainError> {
		let mut at = vec![0usize; self.shape.len()];
		let mut base = 0;
		for index in indices {
			visit(*index, base, self.len, self.strides[self.axis])?;
			for axis in (0..at.len()).rev() {
				let stride = if axis == self.axis {
					0
				} else {
					self.strides[axis]
				};
				at[axis] += 1;
				base += stride;
				if at[axis] < self.shape[axis] {
					break;
				}
				base -= stride * self.shape[axis];
				at[axis] = 0;
			}
		}
		Ok(())
	}
}

/// The slices of the data that tuples of indices point at.
#[derive(Debug)]
pub(super) struct Coordinates {
	/// Dimensions of the data that the tuples index.
	indexed: Vec<usize>,
	/// Dimensions of a slice.
	slice: Vec<usize>,
	/// Tuples for each batch.
	tuples: usize,
	/// Elements of the data for each batch.
	batch_len: usize,
	/// Batches.
	batches: usize,
}

impl Coordinates {
	/// Refuses tuples that are longer than the data's rank behind the batch axes, batches that
	/// differ, and constant indices out of range.
	pub(super) fn new(
		op: &'static str,
		data: &Fact,
		indices: &Fact,
		batch: usize,
	) -> Result<Self, OpError> {
		indices.expect("indices", &DTYPES)?;
		let misfit = || {
			OpError::mismatch(format!(
				"indices of shape {:?} do not fit data of shape {:?}",
				indices.shape(),
				data.shape()
			))
		};
		let (places, tuple) = match indices.shape().split_last() {
			Some((tuple, places)) => (places, *tuple),
			None => return Err(misfit()),
		};
		let fits = batch <= places.len()
			&& batch <= data.rank()
			&& places[..batch] == data.shape()[..batch]
			&& tuple <= data.rank() - batch;
		if !fits {
			return Err(misfit());
		}
		let (batches, rest) = data.shape().split_at(batch);
		let (indexed, slice) = rest.split_at(tuple);
		let coordinates = Self {
			indexed: indexed.to_vec(),
			slice: slice.to_vec(),
			tuples: places[batch..].iter().product(),
			batch_len: rest.iter().product(),
			batches: batches.iter().product(),
		};
		if let Some(value) = indices.konst() {
			let values = crate::tensor::indices(value).map_err(|error| OpError::BadTensor {
				reason: error.to_string(),
			})?;
			if tuple > 0 {
				for tuple in values.chunks_exact(tuple) {
					coordinates
						.offset(op, tuple)
						.map_err(|error| OpError::bad_attribute("indices", error.to_string()))?;
				}
			}
		}
		Ok(coordinates)
	}

	/// Dimensions of a slice.
	pub(super) fn slice(&self) -> &[usize] {
		&self.slice
	}

	/// Elements of a slice.
	pub(super) fn slice_len(&self) -> usize {
		self.slice.iter().product()
	}

	/// The number of slices.
	pub(super) fn places(&self) -> u64 {
		(self.batches * self.tuples) as u64
	}

	fn offset(&self, op: &'static str, tuple: &[i64]) -> Result<usize, DomainError> {
		let mut offset = 0;
		for (index, len) in tuple.iter().zip(&self.indexed) {
			offset = offset * len + position(op, *index, *len)?;
		}
		Ok(offset * self.slice_len())
	}

	/// Where in the data each slice begins, in the order of the tuples.
	pub(super) fn offsets(
		&self,
		op: &'static str,
		indices: &[i64],
	) -> Result<Vec<usize>, DomainError> {
		let mut offsets = Vec::with_capacity(self.batches * self.tuples);
		let tuple = self.indexed.len();
		for place in 0..self.batches * self.tuples {
			let own = &indices[place * tuple..][..tuple];
			offsets.push(place / self.tuples * self.batch_len + self.offset(op, own)?);
		}
		Ok(offsets)
	}
}

/// What becomes of an element that an update meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Update {
	/// It is replaced; where indices repeat, the last update in row-major order stays.
	Replace,
	/// The update is added; integers wrap around.
	Add,
	/// It is multiplied by the update; integers wrap around.
	Mul,
	/// The larger stays, by [`Select::larger`].
	Max,
	/// The smaller stays, by [`Select::smaller`].
	Min,
}

impl Update {
	/// The value of the attribute `reduction`.
	pub(super) fn from_name(name: &str) -> Result<Self, OpError> {
		Ok(match name {
			"none" => Self::Replace,
			"add" => Self::Add,
			"mul" => Self::Mul,
			"max" => Self::Max,
			"min" => Self::Min,
			other => {
				return Err(OpError::bad_attribute(
					"reduction",
					format!("is '{other}', but must be none, add, mul, max or min"),
				))
			}
		})
	}

	/// The element after an update.
	#[inline(always)]
	pub(super) fn apply<T: Combine>(self, element: T, update: T) -> T {
		match self {
			Self::Replace => update,
			Self::Add => element.plus(update),
			Self::Mul => element.times(update),
			Self::Max => element.larger(update),
			Self::Min => element.smaller(update),
		}
	}
}

/// Sum and product of elements; of bools, `or` and `and`.
pub(super) trait Combine: Select {
	/// The sum.
	fn plus(self, other: Self) -> Self;
	/// The product.
	fn times(self, other: Self) -> Self;
}

macro_rules! combine {
	($($T:ty, $plus:expr, $times:expr;)*) => {$(
		impl Combine for $T {
			#[inline(always)]
			fn plus(self, other: Self) -> Self {
				$plus(self, other)
			}
			#[inline(always)]
			fn times(self, other: Self) -> Self {
				$times(self, other)
			}
		}
	)*};
}
combine! {
	f32, |a: f32, b: f32| a + b, |a: f32, b: f32| a * b;
	f64, |a: f64, b: f64| a + b, |a: f64, b: f64| a * b;
	u8, u8::wrapping_add, u8::wrapping_mul;
	i8, i8::wrapping_add, i8::wrapping_mul;
	u16, u16::wrapping_add, u16::wrapping_mul;
	i16, i16::wrapping_add, i16::wrapping_mul;
	u32, u32::wrapping_add, u32::wrapping_mul;
	i32, i32::wrapping_add, i32::wrapping_mul;
	u64, u64::wrapping_add, u64::wrapping_mul;
	i64, i64::wrapping_add, i64::wrapping_mul;
	bool, |a: bool, b: bool| a | b, |a: bool, b: bool| a & b;
}

/// Updates slices of `data`, of `len` elements each and beginning at `offsets`, in order.
pub(super) fn update(
	mut data: Tensor,
	offsets: &[usize],
	len: usize,
	updates: &Tensor,
	how: Update,
) -> Result<Tensor, EvalError> {
	if len > 0 {
		crate::with_any!(crate::tensor::dtype(&data)?, T => {
			let updates = crate::tensor::slice::<T>(updates)?;
			let target = crate::tensor::slice_mut::<T>(&mut data)?;
			for (offset, updates) in offsets.iter().zip(updates.chunks_exact(len)) {
				for (element, update) in target[*offset..offset + len].iter_mut().zip(updates) {
					*element = how.apply(*element, *update);
				}
			}
		});
	}
	Ok(data)
}

//! What is known of a tensor before any value is computed.

use std::sync::Arc;

use tract_onnx::prelude::Tensor;

use crate::{
	error::OpError,
	limits::{MAX_RANK, MAX_TENSOR_BYTES},
	storage::Storage,
	DType,
};

/// Type and static shape of a tensor, and its value where that is constant.
#[derive(Clone, Debug)]
pub struct Fact {
	dtype: DType,
	shape: Vec<usize>,
	konst: Option<Arc<Tensor>>,
	storage: Option<Storage>,
}

impl Fact {
	/// A tensor whose value is not known. Refuses more dimensions, or more bytes, than the limits
	/// allow, so that any [`Fact`] can be allocated and its products cannot overflow.
	pub fn new(dtype: DType, shape: impl Into<Vec<usize>>) -> Result<Self, OpError> {
		let shape = shape.into();
		check_bytes(dtype, &shape)?;
		Ok(Self {
			dtype,
			shape,
			konst: None,
			storage: None,
		})
	}

	/// A tensor with this value, of a type that the engine has.
	pub fn constant(value: Arc<Tensor>) -> Result<Self, OpError> {
		let dtype = DType::from_datum_type(value.datum_type()).ok_or_else(|| {
			OpError::UnsupportedDType {
				reason: format!("{:?}", value.datum_type()),
			}
		})?;
		let mut fact = Self::new(dtype, value.shape())?;
		fact.konst = Some(value);
		Ok(fact)
	}

	/// Element type.
	pub fn dtype(&self) -> DType {
		self.dtype
	}

	/// Dimensions, outermost first.
	pub fn shape(&self) -> &[usize] {
		&self.shape
	}

	/// The number of dimensions.
	pub fn rank(&self) -> usize {
		self.shape.len()
	}

	/// The number of elements.
	pub fn len(&self) -> usize {
		self.shape.iter().product()
	}

	/// Whether there are no elements.
	pub fn is_empty(&self) -> bool {
		self.len() == 0
	}

	/// Bytes that the elements take.
	pub fn bytes(&self) -> u64 {
		(self.len() * self.dtype.size()) as u64
	}

	/// The value, where it is constant.
	pub fn konst(&self) -> Option<&Arc<Tensor>> {
		self.konst.as_ref()
	}

	/// The same type and shape, with no known value.
	#[must_use]
	pub fn without_value(&self) -> Self {
		Self {
			dtype: self.dtype,
			shape: self.shape.clone(),
			konst: None,
			storage: None,
		}
	}

	/// The type that the file stores the elements in, if the engine has unpacked them.
	pub fn storage(&self) -> Option<Storage> {
		self.storage
	}

	/// The same, unpacked from a type of storage only.
	#[must_use]
	pub fn stored_as(mut self, storage: Option<Storage>) -> Self {
		self.storage = storage;
		self
	}

	/// The same shape with another element type, with no known value.
	pub fn with_dtype(&self, dtype: DType) -> Result<Self, OpError> {
		Self::new(dtype, self.shape.clone())
	}

	/// Refuses every element type but these. `tensor` names the input for the error.
	pub fn expect(&self, tensor: &str, dtypes: &[DType]) -> Result<(), OpError> {
		if dtypes.contains(&self.dtype) {
			return Ok(());
		}
		let taken = dtypes
			.iter()
			.map(|dtype| dtype.name())
			.collect::<Vec<_>>()
			.join(", ");
		Err(OpError::UnsupportedDType {
			reason: format!("{tensor} is {}, but must be one of: {taken}", self.dtype),
		})
	}

	/// Refuses an element type that differs from another input's.
	pub fn expect_same_dtype(&self, tensor: &str, other: &Self) -> Result<(), OpError> {
		if self.dtype == other.dtype {
			return Ok(());
		}
		Err(OpError::ShapeMismatch {
			reason: format!(
				"{tensor} is {}, but must be {} as the first input",
				self.dtype, other.dtype
			),
		})
	}

	/// Refuses every rank but those in the range. `tensor` names the input for the error.
	pub fn expect_rank(
		&self,
		tensor: &str,
		ranks: impl std::ops::RangeBounds<usize> + std::fmt::Debug,
	) -> Result<(), OpError> {
		if ranks.contains(&self.rank()) {
			return Ok(());
		}
		Err(OpError::ShapeMismatch {
			reason: format!(
				"{tensor} has shape {:?}: its rank must be in {ranks:?}",
				self.shape
			),
		})
	}

	/// The axis that `axis` means for this tensor; negative values count from the back.
	pub fn axis(&self, attribute: &'static str, axis: i64) -> Result<usize, OpError> {
		resolve_axis(attribute, axis, self.rank())
	}
}

/// The axis that `axis` means for a tensor of this rank; negative values count from the back.
pub fn resolve_axis(attribute: &'static str, axis: i64, rank: usize) -> Result<usize, OpError> {
	let signed = rank as i64;
	if (-signed..signed).contains(&axis) {
		Ok(if axis < 0 { axis + signed } else { axis } as usize)
	} else {
		Err(OpError::bad_attribute(
			attribute,
			format!("axis {axis} does not exist in a tensor of rank {rank}"),
		))
	}
}

/// The distinct axes that `axes` mean, in the order given.
pub fn resolve_axes(
	attribute: &'static str,
	axes: &[i64],
	rank: usize,
) -> Result<Vec<usize>, OpError> {
	if axes.len() > rank {
		return Err(OpError::bad_attribute(
			attribute,
			format!("{} axes for a tensor of rank {rank}", axes.len()),
		));
	}
	let mut resolved = Vec::with_capacity(axes.len());
	for axis in axes {
		let axis = resolve_axis(attribute, *axis, rank)?;
		if resolved.contains(&axis) {
			return Err(OpError::bad_attribute(
				attribute,
				format!("axis {axis} is named twice"),
			));
		}
		resolved.push(axis);
	}
	Ok(resolved)
}

/// The bytes of a tensor within rank and size limits, every product checked.
pub fn check_bytes(dtype: DType, shape: &[usize]) -> Result<u64, OpError> {
	if shape.len() > MAX_RANK {
		return Err(OpError::RankTooHigh { rank: shape.len() });
	}
	// Zeros count as ones, so that any product over a part of the dimensions is bounded as well.
	let bytes = shape
		.iter()
		.try_fold(dtype.size() as u64, |bytes, dim| {
			bytes.checked_mul((*dim as u64).max(1))
		})
		.ok_or_else(|| OpError::ShapeOverflow {
			shape: shape.to_vec(),
		})?;
	if bytes > MAX_TENSOR_BYTES {
		return Err(OpError::TensorTooLarge {
			shape: shape.to_vec(),
			dtype,
			bytes,
		});
	}
	Ok(if shape.contains(&0) { 0 } else { bytes })
}

//! What the quantised operators share: which scale an element has, and rounding to integers.
//!
//! A quantised integer is `saturate(round(x / scale) + zero point)`: one division, ties to even, the
//! zero point added without overflow, and only then cut to the type's ends. NaN rounds to zero.

use std::ops::Range;

use tract_onnx::prelude::{Datum, Tensor};

use super::NodeCtx;
use crate::{
	broadcast::broadcast_strides,
	error::{EvalError, OpError},
	fact::Fact,
	math::Float,
	tensor::{build, dtype, slice},
	DType,
};

/// The element types of quantised matrices and images.
pub(super) const BYTES: [DType; 2] = [DType::U8, DType::I8];

/// Which scale and zero point each element of a tensor has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
	/// Length of the axis, and elements behind it.
	len: usize,
	inner: usize,
	granularity: Granularity,
}

#[derive(Clone, Copy, Debug)]
enum Granularity {
	Tensor,
	Axis,
	/// Blocks of this many elements along the axis.
	Blocks(usize),
}

impl Grid {
	/// That of a node with the attributes `axis` and `block_size`.
	pub(super) fn new(node: &NodeCtx<'_>, x: &Fact, scale: &Fact) -> Result<Self, OpError> {
		let block = node.attrs.int_or("block_size", 0)?;
		if block == 0 && scale.len() == 1 && scale.rank() <= 1 {
			return Ok(Self {
				len: 1,
				inner: 1,
				granularity: Granularity::Tensor,
			});
		}
		let axis = x.axis("axis", node.attrs.int_or("axis", 1)?)?;
		let (len, inner) = (x.shape()[axis], x.shape()[axis + 1..].iter().product());
		let misfit = |expected: &[usize]| {
			OpError::mismatch(format!(
				"the scale has shape {:?}, but must have {expected:?}",
				scale.shape()
			))
		};
		if block == 0 {
			if scale.shape() != [len] {
				return Err(misfit(&[len]));
			}
			return Ok(Self {
				len,
				inner,
				granularity: Granularity::Axis,
			});
		}
		let block = usize::try_from(block)
			.ok()
			.filter(|block| *block <= len.max(1))
			.ok_or_else(|| {
				OpError::bad_attribute(
					"block_size",
					format!("{block} does not fit an axis of {len}"),
				)
			})?;
		let mut expected = x.shape().to_vec();
		expected[axis] = len.div_ceil(block);
		if scale.shape() != expected {
			return Err(misfit(&expected));
		}
		Ok(Self {
			len,
			inner,
			granularity: Granularity::Blocks(block),
		})
	}

	/// Calls `run(elements, scale, step)` for runs of neighbours in a tensor of `elements`: the
	/// first has the scale of index `scale`, each further one the scale `step` further on.
	#[inline(always)]
	pub(super) fn for_each_run(
		&self,
		elements: usize,
		mut run: impl FnMut(Range<usize>, usize, usize),
	) {
		let (len, inner) = (self.len, self.inner);
		match self.granularity {
			Granularity::Tensor => run(0..elements, 0, 0),
			_ if len * inner == 0 => {}
			Granularity::Axis if inner == 1 => {
				for first in (0..elements).step_by(len) {
					run(first..first + len, 0, 1);
				}
			}
			Granularity::Axis => {
				for (row, first) in (0..elements).step_by(inner).enumerate() {
					run(first..first + inner, row % len, 0);
				}
			}
			Granularity::Blocks(block) => {
				let blocks = len.div_ceil(block);
				for (row, first) in (0..elements).step_by(inner).enumerate() {
					let scale = (row / len * blocks + row % len / block) * inner;
					run(first..first + inner, scale, 1);
				}
			}
		}
	}
}

/// Refuses a zero point of another shape than its scale.
pub(super) fn expect_same_shape(zero: &Fact, scale: &Fact) -> Result<(), OpError> {
	if zero.shape() == scale.shape() || (zero.len() == 1 && scale.len() == 1) {
		return Ok(());
	}
	Err(OpError::mismatch(format!(
		"the zero point has shape {:?}, but must have the scale's, {:?}",
		zero.shape(),
		scale.shape()
	)))
}

/// `saturate(round(quotient) + zero)`.
#[inline(always)]
pub(super) fn saturated(quotient: f64, zero: i64, (least, largest): (i64, i64)) -> i64 {
	// The conversion saturates far beyond any type here, and takes NaN to 0.
	(Float::round_even(quotient) as i64)
		.saturating_add(zero)
		.clamp(least, largest)
}

/// Least and largest value of an integer type of at most 32 bits.
pub(super) fn range(dtype: DType) -> (i64, i64) {
	match dtype {
		DType::U8 => (0, 255),
		DType::I8 => (-128, 127),
		DType::U16 => (0, 65535),
		DType::I16 => (-32768, 32767),
		DType::U32 => (0, u32::MAX.into()),
		_ => (i32::MIN.into(), i32::MAX.into()),
	}
}

/// The elements of an integer tensor.
#[allow(
	clippy::unnecessary_cast,
	reason = "one of the element types is the target"
)]
pub(super) fn integers(tensor: &Tensor) -> Result<Vec<i64>, EvalError> {
	crate::with_integer!(dtype(tensor)?, T => {
		Ok(slice::<T>(tensor)?.iter().map(|x| *x as i64).collect())
	})
}

/// The shape in which a parameter of an axis (scale or zero point) broadcasts: a scalar, a list
/// along `axis` counted from the back, or anything that broadcasts as it is.
pub(super) fn parameter_shape(
	name: &str,
	parameter: &Fact,
	from_back: usize,
	output: &[usize],
) -> Result<Vec<usize>, OpError> {
	let shape = match parameter.shape() {
		[] | [1] => vec![],
		[len] => {
			let mut shape = vec![*len];
			shape.resize(from_back, 1);
			shape
		}
		other => other.to_vec(),
	};
	if crate::broadcast::broadcast_shape(&shape, output)? != output {
		return Err(OpError::mismatch(format!(
			"{name} of shape {:?} does not fit {output:?}",
			parameter.shape()
		)));
	}
	Ok(shape)
}

/// `x - zero` for integers of 8 bits, as `T`; the zero point broadcasts in `zero_shape`.
pub(super) fn centred<T: Datum + Copy + From<i16>>(
	x: &Tensor,
	zero: Option<(&Tensor, &[usize])>,
) -> Result<Tensor, EvalError> {
	fn typed<B: Datum + Copy + Into<i16>, T: Datum + Copy + From<i16>>(
		x: &Tensor,
		zero: Option<(&Tensor, &[usize])>,
	) -> Result<Tensor, EvalError> {
		let elements = slice::<B>(x)?;
		let Some((zero, zero_shape)) = zero else {
			return crate::tensor::map(x, |x: B| T::from(x.into()));
		};
		let zeros = slice::<B>(zero)?;
		let strides = broadcast_strides(zero_shape, x.shape());
		let step = strides.last().copied().unwrap_or(0);
		let inner = x.shape().last().copied().unwrap_or(1);
		build::<T>(x.shape(), |output| {
			crate::broadcast::for_each_row(x.shape(), [&strides], |at, [zero]| {
				let row = output[at..at + inner]
					.iter_mut()
					.zip(&elements[at..at + inner]);
				for (i, (y, x)) in row.enumerate() {
					// At most 255 in magnitude.
					*y = T::from((*x).into() - zeros[zero + i * step].into());
				}
			});
		})
	}
	match dtype(x)? {
		DType::U8 => typed::<u8, T>(x, zero),
		DType::I8 => typed::<i8, T>(x, zero),
		other => Err(EvalError::unexpected_dtype(other)),
	}
}

/// How sums of products become a quantised output: what the operators with the prefix QLinear end
/// with. All parameters broadcast to the output.
#[derive(Debug)]
pub(super) struct Requantize {
	/// Shapes in which the scales of both sides, the output's scale and its zero point broadcast.
	pub(super) shapes: [Vec<usize>; 4],
	/// The type of the output.
	pub(super) dtype: DType,
}

impl Requantize {
	/// `saturate(round(sum · (scale of a · scale of b) / scale of y) + zero point of y)`, computed in
	/// binary64: the product of the scales, the product with the sum, the quotient.
	pub(super) fn apply(
		&self,
		sums: &Tensor,
		scales: [&Tensor; 3],
		zero: &Tensor,
	) -> Result<Tensor, EvalError> {
		let shape = sums.shape();
		let strides = self
			.shapes
			.each_ref()
			.map(|parameter| broadcast_strides(parameter, shape));
		let step = strides
			.each_ref()
			.map(|strides| strides.last().copied().unwrap_or(0));
		let [a, b, y] = [
			slice::<f32>(scales[0])?,
			slice::<f32>(scales[1])?,
			slice::<f32>(scales[2])?,
		];
		let zeros = integers(zero)?;
		let sums = slice::<i32>(sums)?;
		let inner = shape.last().copied().unwrap_or(1);
		let range = range(self.dtype);
		crate::with_integer!(self.dtype, T => build::<T>(shape, |output| {
			let strides = strides.each_ref().map(|strides| &strides[..]);
			crate::broadcast::for_each_row(shape, strides, |at, from| {
				let row = output[at..at + inner].iter_mut().zip(&sums[at..at + inner]);
				for (i, (output, sum)) in row.enumerate() {
					let at = |parameter: usize| from[parameter] + i * step[parameter];
					let scale = f64::from(a[at(0)]) * f64::from(b[at(1)]);
					let quotient = f64::from(*sum) * scale / f64::from(y[at(2)]);
					*output = saturated(quotient, zeros[at(3)], range) as T;
				}
			});
		}))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn ties_go_to_even_and_the_zero_point_comes_before_the_cut() {
		let range = (0, 255);
		assert_eq!(saturated(0.5, 10, range), 10);
		assert_eq!(saturated(1.5, 10, range), 12);
		assert_eq!(saturated(-20.0, 10, range), 0);
		assert_eq!(saturated(300.0, -100, range), 200);
		assert_eq!(saturated(f64::NAN, 7, range), 7);
		assert_eq!(saturated(f64::INFINITY, 1, range), 255);
		assert_eq!(saturated(f64::NEG_INFINITY, -1, (-128, 127)), -128);
	}
}

//! MaxUnpool: a tensor of zeros in which each element of X goes where its index says, in row-major
//! order; of two that meet the later one stays.
//!
//! The indices count the tensor that `kernel_shape`, `strides` and `pads` would pool to X. With
//! `output_shape`, a constant, that tensor is the first corner of the output, as onnx's reference
//! and test cases have it.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{
	window::{explicit_pads, extents, kernel_shape, spatial_rank, AXES},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{DomainError, EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	math::Float,
	tensor::{build as build_tensor, dtype, slice, strides},
	DType,
};

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = &["kernel_shape", "pads", "strides"];

#[derive(Debug)]
struct MaxUnpool {
	/// Shape of the tensor that the indices count.
	counted: Vec<usize>,
	/// Shape of the output.
	shape: Vec<usize>,
	/// Of the output, where it is larger than the counted tensor.
	strides: Option<Vec<usize>>,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (x, indices) = (inputs.required(0)?, inputs.required(1)?);
	let rank = spatial_rank(x)?;
	x.expect("X", &DType::FLOATS)?;
	indices.expect("I", &[DType::I64])?;
	if indices.shape() != x.shape() {
		return Err(OpError::mismatch(format!(
			"I has shape {:?}, but must have {:?} as X",
			indices.shape(),
			x.shape()
		)));
	}
	let counted = unpooled(node, x, rank)?;
	Fact::new(x.dtype(), counted.clone())?;
	let shape = match inputs.constant_ints(2, "output_shape")? {
		None => counted.clone(),
		Some(dims) => {
			let shape = super::expand::dimensions("output_shape", &dims)?;
			let holds = |(counted, dim): (&usize, &usize)| counted <= dim;
			if shape.len() != counted.len() || !counted.iter().zip(&shape).all(holds) {
				return Err(OpError::bad_attribute(
					"output_shape",
					format!("{dims:?} does not hold the unpooled {counted:?}"),
				));
			}
			shape
		}
	};
	let strides = (counted != shape).then(|| strides(&shape));
	let kernel = MaxUnpool {
		counted,
		shape,
		strides,
	};
	Ok(Lowered::step_of(kernel, [0, 1]))
}

/// The shape of the tensor that the node's window would pool to `x`.
fn unpooled(node: &NodeCtx<'_>, x: &Fact, rank: usize) -> Result<Vec<usize>, OpError> {
	let kernel = kernel_shape(&node.attrs, rank)?;
	let steps = extents(&node.attrs, "strides", rank)?;
	let [before, after] = explicit_pads(&node.attrs, rank)?;
	let mut shape = x.shape().to_vec();
	for (axis, dim) in shape[2..].iter_mut().enumerate() {
		// Of 128 bits: each factor has up to 30.
		let at = AXES - rank + axis;
		let pad = (before[at] + after[at]) as i128;
		let len = (*dim as i128 - 1) * steps[at] as i128 + kernel[axis] as i128 - pad;
		*dim = usize::try_from(len).map_err(|_| {
			OpError::bad_attribute("pads", format!("leave {len} elements on axis {}", axis + 2))
		})?;
	}
	Ok(shape)
}

/// The element that an index means; none counts from the back.
fn place(index: i64, len: usize) -> Result<usize, DomainError> {
	let op = "MaxUnpool";
	usize::try_from(index)
		.ok()
		.filter(|place| *place < len)
		.ok_or(DomainError::IndexOutOfRange { op, index, len })
}

impl MaxUnpool {
	fn run<T: Float + Datum>(&self, x: &Tensor, indices: &Tensor) -> Result<Tensor, EvalError> {
		let len = self.counted.iter().product();
		let indices = slice::<i64>(indices)?;
		// As much memory as is reported, and no more as it grows.
		let mut places = Vec::with_capacity(indices.len());
		for index in indices {
			places.push(self.place(place(*index, len)?));
		}
		let x = slice::<T>(x)?;
		build_tensor::<T>(&self.shape, |y| {
			y.fill(T::ZERO);
			for (place, x) in places.iter().zip(x) {
				y[*place] = *x;
			}
		})
	}

	/// Where an element of the counted tensor lies in the output.
	fn place(&self, index: usize) -> usize {
		let Some(strides) = &self.strides else {
			return index;
		};
		let mut rest = index;
		let mut place = 0;
		for (dim, stride) in self.counted.iter().zip(strides).rev() {
			place += rest % dim * stride;
			rest /= dim;
		}
		place
	}
}

impl Kernel for MaxUnpool {
	fn name(&self) -> &'static str {
		"MaxUnpool"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x, _] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		Ok(vec![Fact::new(x.dtype(), self.shape.clone())?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).with_macs((inputs[0].len() as u64).saturating_mul(32))
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		(inputs[0].len() as u64).saturating_mul(8)
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let (x, indices) = (&inputs[0], &inputs[1]);
		Ok(vec![
			crate::with_float!(dtype(x)?, T => self.run::<T>(x, indices))?,
		])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::{DomainError, OpError},
		testing::{f32s, i64s, ints, tensor, OpTest},
	};

	fn test(indices: &[i64]) -> OpTest {
		OpTest::new("MaxUnpool")
			.attr(ints("kernel_shape", &[2, 2]))
			.attr(ints("strides", &[2, 2]))
			.input(f32s(&[1, 1, 1, 2], &[5.0, 6.0]))
			.input(tensor(&[1, 1, 1, 2], indices))
	}

	#[test]
	fn elements_go_back_where_they_came_from() {
		let (shape, y) = test(&[5, 2]).elements::<f32>();
		assert_eq!(shape, [1, 1, 2, 4]);
		assert_eq!(y, [0.0, 0.0, 6.0, 0.0, 0.0, 5.0, 0.0, 0.0]);
		// The later one of two stays.
		assert_eq!(test(&[1, 1]).elements::<f32>().1[1], 6.0);
		let (shape, y) = test(&[0, 3])
			.attr(ints("pads", &[0, 0, 1, 0]))
			.elements::<f32>();
		assert_eq!((shape, y), (vec![1, 1, 1, 4], vec![5.0, 0.0, 0.0, 6.0]));
	}

	#[test]
	fn a_larger_output_has_the_counted_tensor_in_its_corner() {
		let (shape, y) = test(&[5, 2])
			.constant(i64s(&[1, 1, 2, 5]))
			.elements::<f32>();
		assert_eq!(shape, [1, 1, 2, 5]);
		assert_eq!(y, [0.0, 0.0, 6.0, 0.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0]);
		for shape in [&[1, 1, 2, 3][..], &[1, 2, 4], &[1, 1, 2, -5]] {
			let error = test(&[5, 2]).constant(i64s(shape)).refused();
			assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
		}
		let error = test(&[5, 2]).constant(i64s(&[1, 1, 2, 1 << 40])).refused();
		assert!(matches!(error, OpError::TensorTooLarge { .. }), "{error}");
	}

	#[test]
	fn what_lies_outside_fails_or_is_refused() {
		for index in [8, -1, i64::MAX, i64::MIN] {
			let error = test(&[0, index]).fails();
			assert!(matches!(error, DomainError::IndexOutOfRange { .. }));
		}
		let error = test(&[0, 1]).attr(ints("pads", &[0, 0, 3, 0])).refused();
		assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
		let error = test(&[0, 1]).attr(ints("pads", &[0, 0])).refused();
		assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
		let error = OpTest::new("MaxUnpool")
			.attr(ints("kernel_shape", &[1]))
			.input(f32s(&[1, 1, 2], &[0.0; 2]))
			.input(tensor(&[1, 1, 1], &[0i64]))
			.refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }), "{error}");
	}
}

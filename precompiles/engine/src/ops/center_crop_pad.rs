//! CenterCropPad: some axes cut, or filled up with zeros, around the middle.
//!
//! What is cut or filled in is halved; the odd element is at the end.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	copy::{build as build_tensor, elements, with_size},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	attrs::Attrs,
	broadcast::for_each_row,
	error::{EvalError, OpError},
	fact::{resolve_axes, Fact},
	kernel::Kernel,
	tensor::{dtype, strides},
};

#[derive(Debug)]
struct CenterCropPad {
	/// Shape of the output, and of the region that is copied.
	shape: Vec<usize>,
	region: Vec<usize>,
	/// Where the region begins in the input and in the output.
	from: Vec<usize>,
	to: Vec<usize>,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let wanted = inputs
		.constant_ints(1, "shape")?
		.ok_or_else(|| Attrs::missing("shape"))?;
	let axes = match node.attrs.ints("axes")? {
		Some(axes) => resolve_axes("axes", axes, x.rank())?,
		None => (0..x.rank()).collect(),
	};
	if wanted.len() != axes.len() {
		return Err(OpError::bad_attribute(
			"shape",
			format!("has {} entries for {} axes", wanted.len(), axes.len()),
		));
	}
	let wanted = super::expand::dimensions("shape", &wanted)?;
	let mut shape = x.shape().to_vec();
	for (axis, len) in axes.into_iter().zip(wanted) {
		shape[axis] = len;
	}
	let fact = Fact::new(x.dtype(), shape)?;
	let dims = || x.shape().iter().zip(fact.shape());
	Ok(Lowered::step_of(
		CenterCropPad {
			region: dims().map(|(old, new)| *old.min(new)).collect(),
			from: dims()
				.map(|(old, new)| old.saturating_sub(*new) / 2)
				.collect(),
			to: dims()
				.map(|(old, new)| new.saturating_sub(*old) / 2)
				.collect(),
			shape: fact.shape().to_vec(),
		},
		[0],
	))
}

impl Kernel for CenterCropPad {
	fn name(&self) -> &'static str {
		"CenterCropPad"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		Ok(vec![Fact::new(x.dtype(), self.shape.clone())?])
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		let (from_strides, to_strides) = (strides(x.shape()), strides(&self.shape));
		let offset = |index: &[usize], strides: &[usize]| {
			index
				.iter()
				.zip(strides)
				.map(|(i, stride)| i * stride)
				.sum::<usize>()
		};
		let (from, to) = (
			offset(&self.from, &from_strides),
			offset(&self.to, &to_strides),
		);
		let inner = self.region.last().copied().unwrap_or(1);
		let dtype = dtype(x)?;
		let y = with_size!(dtype, N => build_tensor::<N>(dtype, &self.shape, |y| {
			let source = elements::<N>(x);
			for_each_row(&self.region, [&from_strides, &to_strides], |_, [i, j]| {
				y[to + j..][..inner].copy_from_slice(&source[from + i..][..inner]);
			});
		}))?;
		Ok(vec![y])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{i64s, ints, tensor, OpTest},
	};

	#[test]
	fn one_axis_is_cut_the_other_filled_up() {
		let x = || OpTest::new("CenterCropPad").input(tensor(&[4, 1], &[1u8, 2, 3, 4]));
		let (shape, y) = x().constant(i64s(&[1, 4])).elements::<u8>();
		assert_eq!((shape, y), (vec![1, 4], vec![0, 2, 0, 0]));
		let (shape, y) = x()
			.attr(ints("axes", &[-2]))
			.constant(i64s(&[7]))
			.elements::<u8>();
		assert_eq!((shape, y), (vec![7, 1], vec![0, 1, 2, 3, 4, 0, 0]));
		let error = x().constant(i64s(&[-1, 1])).refused();
		assert!(matches!(
			error,
			OpError::BadAttribute { .. } | OpError::ShapeOverflow { .. }
		));
		let error = x().constant(i64s(&[1])).refused();
		assert!(matches!(error, OpError::BadAttribute { .. }));
	}
}

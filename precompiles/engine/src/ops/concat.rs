//! Concat: the inputs one after the other along an axis, which up to opset 3 is 1 by default.

use std::sync::Arc;

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	copy::{build as fill, elements, with_size},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{ChannelsLast, Kernel},
	passes::channels_last_axes,
	tensor::dtype,
};

/// A concatenation. It takes any number of inputs whose lengths along the axis add up.
#[derive(Debug)]
pub(crate) struct Concat {
	axis: usize,
	/// Shape of the output.
	shape: Vec<usize>,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let facts = inputs.all()?;
	let first = inputs.required(0)?;
	let axis = match node.attrs.int("axis")? {
		Some(axis) => axis,
		None if node.opset < 4 => 1,
		None => return Err(crate::attrs::Attrs::missing("axis")),
	};
	let axis = first.axis("axis", axis)?;
	let mut shape = first.shape().to_vec();
	for other in &facts[1..] {
		let differs = |i: usize| i != axis && other.shape()[i] != shape[i];
		if other.rank() != shape.len() || (0..shape.len()).any(differs) {
			return Err(OpError::mismatch(format!(
				"shapes {:?} and {:?} differ beside axis {axis}",
				first.shape(),
				other.shape()
			)));
		}
		// At most 1,024 inputs of at most 2^29 elements each.
		shape[axis] += other.shape()[axis];
	}
	Ok(Lowered::step(Concat { axis, shape }, inputs))
}

impl Concat {
	/// The axis, if it is the last.
	pub(crate) fn is_along_last(&self) -> bool {
		self.axis + 1 == self.shape.len()
	}
}

impl Kernel for Concat {
	fn name(&self) -> &'static str {
		"Concat"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let Some(first) = inputs.first() else {
			return Err(super::internal_arity(inputs));
		};
		for other in inputs {
			other.expect_same_dtype("an input", first)?;
		}
		Ok(vec![Fact::new(first.dtype(), self.shape.clone())?])
	}

	fn channels_last(&self, inputs: &[Fact]) -> Option<ChannelsLast> {
		let axes = channels_last_axes(self.shape.len())?;
		let kernel = Self {
			axis: axes.iter().position(|axis| *axis == self.axis)?,
			shape: axes.iter().map(|axis| self.shape[*axis]).collect(),
		};
		Some(ChannelsLast {
			kernel: Some(Arc::new(kernel)),
			..ChannelsLast::elementwise(inputs.len())
		})
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let dtype = dtype(&inputs[0])?;
		let run = |shape: &[usize]| shape[self.axis..].iter().product::<usize>();
		let row = run(&self.shape);
		let joined = with_size!(dtype, N => fill::<N>(dtype, &self.shape, |target| {
			if target.is_empty() {
				return;
			}
			let mut start = 0;
			for input in &inputs {
				let len = run(input.shape());
				if len == 0 {
					continue;
				}
				let rows = target.chunks_exact_mut(row);
				for (row, piece) in rows.zip(elements::<N>(input).chunks_exact(len)) {
					row[start..start + len].copy_from_slice(piece);
				}
				start += len;
			}
		}))?;
		Ok(vec![joined])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, int, tensor, OpTest},
	};

	#[test]
	fn along_any_axis() {
		let a = || tensor(&[2, 1], &[1i64, 2]);
		let b = || tensor(&[2, 2], &[3i64, 4, 5, 6]);
		let empty = || tensor::<i64>(&[2, 0], &[]);
		let test = OpTest::new("Concat")
			.attr(int("axis", -1))
			.input(a())
			.input(empty())
			.input(b());
		assert_eq!(test.elements::<i64>(), (vec![2, 3], vec![1, 3, 4, 2, 5, 6]));
		let test = OpTest::new("Concat")
			.attr(int("axis", 0))
			.input(a())
			.input(a());
		assert_eq!(test.elements::<i64>(), (vec![4, 1], vec![1, 2, 1, 2]));
	}

	#[test]
	fn the_first_opsets_have_a_default_axis() {
		let test = |opset| {
			OpTest::new("Concat")
				.opset(opset)
				.input(f32s(&[2, 1], &[1.0, 2.0]))
				.input(f32s(&[2, 1], &[3.0, 4.0]))
		};
		let (shape, y) = test(3).elements::<f32>();
		assert_eq!((shape, y), (vec![2, 2], vec![1.0, 3.0, 2.0, 4.0]));
		assert!(matches!(test(4).refused(), OpError::BadAttribute { .. }));
	}

	#[test]
	fn what_does_not_fit_is_refused() {
		let test = || OpTest::new("Concat").input(f32s(&[2, 1], &[0.0; 2]));
		let error = test()
			.attr(int("axis", 1))
			.input(f32s(&[1, 1], &[0.0]))
			.refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
		let error = test()
			.attr(int("axis", 1))
			.input(tensor(&[2, 1], &[0i32; 2]))
			.refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
		assert!(matches!(test().refused(), OpError::BadAttribute { .. }));
	}
}

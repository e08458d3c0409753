//! What the operators share that only move elements: one kernel for those that keep the order, one
//! for those that walk the input in another.

use tract_onnx::prelude::{IntoTensor, TValue, TVec, Tensor};

use super::{
	copy::{build, elements, with_size, View},
	Lowered,
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::Kernel,
	tensor::{dtype, reshape},
};

/// The same elements in the same order in another shape.
#[derive(Debug)]
struct Reshaped {
	name: &'static str,
	shape: Vec<usize>,
}

/// Lowers to input 0 in another shape with as many elements.
pub(crate) fn reshaped(
	name: &'static str,
	x: &Fact,
	shape: Vec<usize>,
) -> Result<Lowered, OpError> {
	let fact = Fact::new(x.dtype(), shape)?;
	if fact.len() != x.len() {
		return Err(OpError::mismatch(format!(
			"shape {:?} has {} elements, but {:?} has {}",
			x.shape(),
			x.len(),
			fact.shape(),
			fact.len()
		)));
	}
	if fact.shape() == x.shape() {
		return Ok(Lowered::Alias(0));
	}
	Ok(Lowered::step_of(
		Reshaped {
			name,
			shape: fact.shape().to_vec(),
		},
		[0],
	))
}

impl Kernel for Reshaped {
	fn name(&self) -> &'static str {
		self.name
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		Ok(vec![Fact::new(x.dtype(), self.shape.clone())?])
	}

	fn eval(&self, mut inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = inputs.remove(0).into_tensor();
		Ok(vec![reshape(x, &self.shape)?])
	}
}

/// Views of one input, each an output.
#[derive(Debug)]
struct Viewed {
	name: &'static str,
	/// Each output's view and shape, which may differ in how axes are split.
	outputs: Vec<(View, Vec<usize>)>,
}

/// Lowers to one view of input 0, in a shape with as many elements.
pub(super) fn viewed(name: &'static str, view: View, shape: Vec<usize>) -> Lowered {
	views(name, vec![(view, shape)])
}

/// Lowers to views of input 0, one for each output.
pub(super) fn views(name: &'static str, outputs: Vec<(View, Vec<usize>)>) -> Lowered {
	Lowered::step_of(Viewed { name, outputs }, [0])
}

/// Whether a kernel permutes the axes of an input of this shape in this way.
pub(crate) fn is_permutation(kernel: &dyn Kernel, shape: &[usize], axes: &[usize]) -> bool {
	let view = View::of(shape).permuted(axes);
	(kernel as &dyn std::any::Any)
		.downcast_ref::<Viewed>()
		.is_some_and(|viewed| matches!(&viewed.outputs[..], [(found, _)] if *found == view))
}

impl Kernel for Viewed {
	fn name(&self) -> &'static str {
		self.name
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		self.outputs
			.iter()
			.map(|(_, shape)| Fact::new(x.dtype(), shape.clone()))
			.collect()
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		self.outputs
			.iter()
			.map(|(view, shape)| materialise(view, x, shape))
			.collect()
	}
}

/// The elements of a view as a tensor, in a shape with as many elements.
pub(crate) fn materialise(
	view: &View,
	source: &Tensor,
	shape: &[usize],
) -> Result<Tensor, EvalError> {
	let dtype = dtype(source)?;
	with_size!(dtype, N => build::<N>(dtype, shape, |target| {
		view.copy(elements::<N>(source), target);
	}))
}

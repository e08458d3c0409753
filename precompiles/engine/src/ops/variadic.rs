//! What the elementwise operators of any number of inputs share.

use std::fmt::Debug;

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	binary::{operand_layouts, sum_as_follow_up},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	broadcast::{broadcast_shape, broadcast_shapes},
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{of_vectors, ChannelsLast, Cost, FollowUp, Kernel},
	DType,
};

/// An elementwise operator that folds its inputs, from the first to the last.
pub(super) trait VariadicOp: Debug + Send + Sync + 'static {
	/// The ONNX operator type.
	const NAME: &'static str;
	/// The element types that the inputs may have.
	const DTYPES: &'static [DType];
	/// Whether two inputs are just added.
	const IS_SUM: bool = false;
	/// Whether the result is divided at the end.
	const DIVIDES: bool = false;

	/// One step of the fold; the result has this shape.
	fn combine(&self, a: &Tensor, b: &Tensor, shape: &[usize]) -> Result<Tensor, EvalError>;

	/// What is done to the result of folding this many inputs.
	fn finish(&self, folded: Tensor, _inputs: usize) -> Result<Tensor, EvalError> {
		Ok(folded)
	}
}

#[derive(Debug)]
struct Variadic<O>(O);

/// Lowers a node of one input or more. Below opset 8 they must not broadcast.
pub(super) fn lower(
	op: impl VariadicOp,
	node: &NodeCtx<'_>,
	inputs: Inputs<'_>,
) -> Result<Lowered, OpError> {
	let facts = inputs.all()?;
	if node.opset < 8 && facts.iter().any(|fact| fact.shape() != facts[0].shape()) {
		return Err(OpError::mismatch(format!(
			"the inputs differ in shape, which opset {} does not allow",
			node.opset
		)));
	}
	Ok(Lowered::step(Variadic(op), inputs))
}

impl<O: VariadicOp> Kernel for Variadic<O> {
	fn name(&self) -> &'static str {
		O::NAME
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let Some(first) = inputs.first() else {
			return Err(super::internal_arity(inputs));
		};
		first.expect("the first input", O::DTYPES)?;
		for other in &inputs[1..] {
			other.expect_same_dtype("an input", first)?;
		}
		let shape = broadcast_shapes(inputs.iter().map(Fact::shape))?;
		Ok(vec![Fact::new(first.dtype(), shape)?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		// Each step after the first reads and writes the result so far.
		let steps = inputs.len() as u64;
		let passes = outputs[0].bytes().saturating_mul(steps.saturating_sub(1));
		let mut cost = Cost::touching(inputs, outputs)
			.with_macs((outputs[0].len() as u64).saturating_mul(steps));
		cost.bytes = cost.bytes.saturating_add(passes);
		cost
	}

	fn scratch_bytes(&self, _: &[Fact], outputs: &[Fact]) -> u64 {
		outputs[0].bytes()
	}

	fn subnormals(&self, inputs: &[Fact], outputs: &[Fact]) -> u64 {
		// In vectors of 128 bits.
		let operations = if O::DIVIDES { 2 } else { 0 };
		of_vectors(
			inputs[0].dtype(),
			(outputs[0].len() as u64).saturating_mul(operations),
		)
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let combine = |a: &Tensor, b: &Tensor| {
			let shape = broadcast_shape(a.shape(), b.shape())
				.map_err(|error| EvalError::Internal(error.to_string()))?;
			self.0.combine(a, b, &shape)
		};
		let mut folded = match &inputs[..] {
			[first, second, ..] => combine(first, second)?,
			_ => (*inputs[0]).clone(),
		};
		for next in inputs.iter().skip(2) {
			folded = combine(&folded, next)?;
		}
		Ok(vec![self.0.finish(folded, inputs.len())?])
	}

	fn channels_last(&self, inputs: &[Fact]) -> Option<ChannelsLast> {
		let rank = inputs.iter().map(Fact::rank).max()?;
		Some(ChannelsLast {
			inputs: operand_layouts(inputs, rank)?,
			..ChannelsLast::elementwise(inputs.len())
		})
	}

	fn follow_up(&self, inputs: &[Fact]) -> Option<FollowUp> {
		match inputs {
			[a, b] if O::IS_SUM && a.dtype() == DType::F32 => sum_as_follow_up(a, b),
			_ => None,
		}
	}
}

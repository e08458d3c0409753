//! Operators that are made of others: a kernel inside another's step.

use std::sync::Arc;

use tract_onnx::{
	pb::AttributeProto,
	prelude::{TValue, TVec, Tensor},
};

use super::{Lowered, NodeCtx};
use crate::{
	attrs::Attrs,
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
};

/// An operator that another one's kernel evaluates on tensors of its own.
#[derive(Debug)]
pub(super) struct Part {
	kernel: Arc<dyn Kernel>,
	/// Which of the inputs the kernel takes; it has absorbed the others.
	consumed: Vec<usize>,
	inputs: Vec<Fact>,
	outputs: Vec<Fact>,
}

impl Part {
	/// Lowers an operator of one output with these inputs.
	pub(super) fn new(
		op_type: &str,
		opset: i64,
		attributes: &[AttributeProto],
		facts: &[Fact],
	) -> Result<Self, OpError> {
		let outputs = ["output".to_string()];
		let node = NodeCtx {
			op_type,
			opset,
			attrs: Attrs::new(attributes)?,
			outputs: &outputs,
		};
		let given: Vec<Option<Fact>> = facts.iter().cloned().map(Some).collect();
		let (kernel, consumed) = match super::build(&node, &given) {
			Some(Ok(Lowered::Step {
				kernel,
				inputs,
				reshaped,
			})) if reshaped.is_empty() => (kernel, inputs),
			Some(Err(error)) => return Err(error),
			_ => {
				return Err(OpError::unsupported(format!(
					"{op_type} makes no step of its own here"
				)))
			}
		};
		let inputs: Vec<Fact> = consumed.iter().map(|index| facts[*index].clone()).collect();
		let outputs = kernel.infer(&inputs)?;
		Ok(Self {
			kernel,
			consumed,
			inputs,
			outputs,
		})
	}

	/// The output.
	pub(super) fn output(&self) -> &Fact {
		&self.outputs[0]
	}

	/// Whether the kernel wants input `index`, or has absorbed it.
	pub(super) fn takes(&self, index: usize) -> bool {
		self.consumed.contains(&index)
	}

	/// What an evaluation adds to the cost of the step around it.
	pub(super) fn cost(&self) -> Cost {
		Cost {
			steps: 0,
			..self.kernel.cost(&self.inputs, &self.outputs)
		}
	}

	/// Scratch memory of an evaluation, with its output.
	pub(super) fn scratch_bytes(&self) -> u64 {
		self.kernel
			.scratch_bytes(&self.inputs, &self.outputs)
			.saturating_add(self.output().bytes())
	}

	/// Bytes of the constants that the kernel holds.
	pub(super) fn constant_bytes(&self) -> u64 {
		self.kernel.constant_bytes()
	}

	/// Evaluates it. Of the inputs, those that the kernel [takes](Self::takes) must be there.
	pub(super) fn eval<const N: usize>(
		&self,
		inputs: [Option<TValue>; N],
	) -> Result<Tensor, EvalError> {
		let mut inputs = inputs;
		let taken: TVec<TValue> = self
			.consumed
			.iter()
			.filter_map(|index| inputs.get_mut(*index).and_then(Option::take))
			.collect();
		if taken.len() != self.consumed.len() {
			return Err(EvalError::Internal("a part lacks an input".into()));
		}
		self.kernel
			.eval(taken)?
			.pop()
			.ok_or_else(|| EvalError::Internal("a part has no output".into()))
	}
}

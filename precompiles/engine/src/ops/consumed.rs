//! Which of a node's inputs a kernel gets, where some are optional or absorbed.

use tract_onnx::prelude::{TValue, Tensor};

use super::Inputs;
use crate::error::EvalError;

/// The indices of the node's inputs that the kernel consumes, ascending.
#[derive(Clone, Debug)]
pub(super) struct Consumed(Vec<usize>);

impl Consumed {
	/// All inputs that the node has, but for the absorbed ones.
	pub(super) fn all_but(inputs: Inputs<'_>, absorbed: &[usize]) -> Self {
		Self(
			(0..inputs.len())
				.filter(|index| inputs.optional(*index).is_some() && !absorbed.contains(index))
				.collect(),
		)
	}

	/// The indices, as a step wants them.
	pub(super) fn indices(&self) -> Vec<usize> {
		self.0.clone()
	}

	/// Input `index` of the node, if the kernel gets it.
	pub(super) fn get<'a>(&self, inputs: &'a [TValue], index: usize) -> Option<&'a TValue> {
		let place = self.0.iter().position(|consumed| *consumed == index)?;
		inputs.get(place)
	}

	/// Input `index` of the node, which the kernel gets.
	pub(super) fn expect<'a>(
		&self,
		inputs: &'a [TValue],
		index: usize,
	) -> Result<&'a Tensor, EvalError> {
		self.get(inputs, index)
			.map(|value| &**value)
			.ok_or_else(|| EvalError::Internal(format!("input {index} is missing")))
	}
}

//! Where a canonical step comes from.

use std::sync::Arc;

use tract_onnx::prelude::Tensor;

use super::{attributes, spec::CHANNEL_AFFINE};
use crate::{
	error::EvalError, fact::Fact, import::Source, ops::NodeCtx, storage::Storage,
	tensor::from_slice,
};

/// What the build function of a canonical step has seen of its node, from which the step's kernel
/// can be made again.
#[derive(Clone, Debug)]
pub struct Origin {
	/// The operator type.
	pub(super) op_type: String,
	/// The version of the default operator set.
	pub(super) opset: i64,
	/// The attributes, encoded; none if they are too long to describe the step.
	pub(super) attributes: Option<Vec<u8>>,
	/// Which outputs are used.
	pub(super) outputs: Vec<bool>,
	/// The node's operands.
	pub(super) operands: Vec<Input>,
}

/// An operand of a node.
#[derive(Clone, Debug)]
pub(crate) enum Input {
	/// Left out.
	Omitted,
	/// A constant, whether the kernel takes it in or has absorbed it.
	Constant(Arc<Tensor>, Option<Storage>),
	/// A value that the kernel takes in, directly or in another shape.
	Value(Source, Fact),
	/// A value of which the build function has seen type and shape, and the kernel takes in nothing.
	Typed(Fact),
}

impl Input {
	/// An operand that the node has.
	pub(crate) fn of(fact: &Fact, source: &Source, is_consumed: bool) -> Self {
		match fact.konst() {
			Some(value) => Self::Constant(Arc::clone(value), fact.storage()),
			None if is_consumed => Self::Value(source.clone(), fact.clone()),
			None => Self::Typed(fact.clone()),
		}
	}
}

/// The version of the default operator set by which a reshaping that no node asks for is described.
const RESHAPE_OPSET: i64 = 14;

impl Origin {
	/// A node of a file.
	pub(crate) fn node(node: &NodeCtx<'_>, operands: Vec<Input>) -> Self {
		Self {
			op_type: node.op_type.into(),
			opset: node.opset,
			attributes: attributes::encode(node.attrs.all()),
			outputs: node.outputs.iter().map(|name| !name.is_empty()).collect(),
			operands,
		}
	}

	/// The same elements in another shape: as a Reshape whose zeros mean zero.
	pub(crate) fn reshaped(x: Input, shape: &[usize]) -> Result<Self, EvalError> {
		let dims: Vec<i64> = shape.iter().map(|dim| *dim as i64).collect();
		let shape = Arc::new(from_slice(&[dims.len()], &dims)?);
		let allow_zero = tract_onnx::pb::AttributeProto {
			name: "allowzero".into(),
			r#type: tract_onnx::pb::attribute_proto::AttributeType::Int as i32,
			i: 1,
			..Default::default()
		};
		Ok(Self {
			op_type: "Reshape".into(),
			opset: RESHAPE_OPSET,
			attributes: attributes::encode(&[allow_zero]),
			outputs: vec![true],
			operands: vec![x, Input::Constant(shape, None)],
		})
	}

	/// The same node with these constants for all operands but the first.
	pub(crate) fn with_constants(&self, constants: &[Arc<Tensor>]) -> Self {
		Self {
			operands: self.first_and(constants),
			..self.clone()
		}
	}

	/// A normalisation with these constants, on the first operand of this node.
	pub(crate) fn channel_affine(&self, constants: &[Arc<Tensor>]) -> Self {
		Self {
			op_type: CHANNEL_AFFINE.into(),
			opset: 0,
			attributes: Some(vec![]),
			outputs: vec![true],
			operands: self.first_and(constants),
		}
	}

	fn first_and(&self, constants: &[Arc<Tensor>]) -> Vec<Input> {
		let constants = constants.iter().map(Arc::clone);
		let first = self.operands.first().cloned();
		first
			.into_iter()
			.chain(constants.map(|constant| Input::Constant(constant, None)))
			.collect()
	}

	/// Where the operands that are values come from.
	pub(crate) fn sources_mut(&mut self) -> impl Iterator<Item = &mut Source> {
		self.operands
			.iter_mut()
			.filter_map(|operand| match operand {
				Input::Value(source, _) => Some(source),
				_ => None,
			})
	}
}

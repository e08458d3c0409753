//! The operators, one a file, and the table that finds them.
//!
//! To add one: write `ops/<operator>.rs` with a `build` function and a [`Kernel`], list the module,
//! and add a row to [`find`]. `relu.rs` shows an elementwise operator, `add.rs` one that broadcasts.

mod add;
mod relu;

use std::{ops::RangeInclusive, sync::Arc};

use tract_onnx::prelude::Tensor;

use crate::{attrs::Attrs, error::OpError, fact::Fact, kernel::Kernel};

/// What an operator's `build` function sees of its node.
#[derive(Clone, Copy, Debug)]
pub struct NodeCtx<'a> {
	/// The operator type.
	pub op_type: &'a str,
	/// The version of the default operator set that the model imports.
	pub opset: i64,
	/// The attributes. Their names are among those of the operator's row in the table.
	pub attrs: Attrs<'a>,
	/// The names of the outputs as the node lists them; an empty one is not wanted. As many as
	/// the operator's row in the table allows.
	pub outputs: &'a [String],
}

impl NodeCtx<'_> {
	/// Whether the node wants its output `index`.
	pub fn wants(&self, index: usize) -> bool {
		self.outputs.get(index).is_some_and(|name| !name.is_empty())
	}
}

/// The inputs of a node, as its `build` function sees them.
///
/// The required ones are there, and there are never more than the operator's row in the table
/// allows: [`build`] has checked both.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a>(&'a [Option<Fact>]);

impl<'a> Inputs<'a> {
	/// The number of inputs as the node lists them, omitted ones included.
	pub fn len(&self) -> usize {
		self.0.len()
	}

	/// Whether there are none.
	pub fn is_empty(&self) -> bool {
		self.0.is_empty()
	}

	/// Input `index`, which the operator requires.
	pub fn required(&self, index: usize) -> Result<&'a Fact, OpError> {
		self.optional(index).ok_or_else(|| OpError::WrongArity {
			reason: format!("input {index} is missing, but required"),
		})
	}

	/// Input `index`, if the node has it.
	pub fn optional(&self, index: usize) -> Option<&'a Fact> {
		self.0.get(index).and_then(Option::as_ref)
	}

	/// All inputs of an operator that takes any number of them, none omitted.
	pub fn all(&self) -> Result<Vec<&'a Fact>, OpError> {
		(0..self.len()).map(|index| self.required(index)).collect()
	}

	/// The value of input `index`, if the node has it, which must be a constant then.
	pub fn constant(
		&self,
		index: usize,
		name: &'static str,
	) -> Result<Option<&'a Arc<Tensor>>, OpError> {
		match self.optional(index) {
			None => Ok(None),
			Some(fact) => fact
				.konst()
				.map(Some)
				.ok_or(OpError::NotConstant { input: name }),
		}
	}

	/// The elements of input `index`, a constant of at most one dimension, of i32 or i64.
	pub fn constant_ints(
		&self,
		index: usize,
		name: &'static str,
	) -> Result<Option<Vec<i64>>, OpError> {
		let Some(tensor) = self.constant(index, name)? else {
			return Ok(None);
		};
		if tensor.rank() > 1 {
			return Err(OpError::bad_attribute(
				name,
				format!("has shape {:?}, but must be a list", tensor.shape()),
			));
		}
		crate::tensor::indices(tensor)
			.map(Some)
			.map_err(|_| OpError::UnsupportedDType {
				reason: format!(
					"input '{name}' is {:?}, but must be i64 or i32",
					tensor.datum_type()
				),
			})
	}

	/// The one element of input `index`, a constant of i32 or i64.
	pub fn constant_int(&self, index: usize, name: &'static str) -> Result<Option<i64>, OpError> {
		match self.constant_ints(index, name)?.as_deref() {
			None => Ok(None),
			Some([value]) => Ok(Some(*value)),
			Some(other) => Err(OpError::bad_attribute(
				name,
				format!("has {} elements, but must have one", other.len()),
			)),
		}
	}
}

/// What a node becomes.
#[derive(Debug)]
pub enum Lowered {
	/// A step of the plan.
	Step {
		/// What the step does.
		kernel: Arc<dyn Kernel>,
		/// Which of the node's inputs it consumes at run time, in the kernel's order. Inputs that
		/// the build function has absorbed (axes, shapes) are left out.
		inputs: Vec<usize>,
	},
	/// Nothing: the node's one output is its input of this index.
	Alias(usize),
	/// Nothing: the node's outputs are constants.
	Constants(Vec<Arc<Tensor>>),
}

impl Lowered {
	/// A step that consumes all inputs, none of which may be omitted.
	pub fn step(kernel: impl Kernel + 'static, inputs: Inputs<'_>) -> Self {
		Self::Step {
			kernel: Arc::new(kernel),
			inputs: (0..inputs.len()).collect(),
		}
	}

	/// A step that consumes the inputs of these indices.
	pub fn step_of(kernel: impl Kernel + 'static, inputs: impl Into<Vec<usize>>) -> Self {
		Self::Step {
			kernel: Arc::new(kernel),
			inputs: inputs.into(),
		}
	}
}

type Build = fn(&NodeCtx<'_>, Inputs<'_>) -> Result<Lowered, OpError>;

/// A row of the table of operators.
#[derive(Clone, Debug)]
struct Spec {
	/// How many inputs the node may list; as many as the lower bound must not be omitted.
	inputs: RangeInclusive<usize>,
	/// How many outputs it may list.
	outputs: RangeInclusive<usize>,
	/// The attributes that it may have.
	attributes: &'static [&'static str],
	/// Lowers a node.
	build: Build,
}

/// No bound on the number of inputs or outputs but the one on all nodes.
const ANY: usize = crate::limits::MAX_NODE_TENSORS;

/// The row of an operator of the default domain.
fn find(op_type: &str) -> Option<Spec> {
	let row = |inputs, outputs, attributes, build| {
		Some(Spec {
			inputs,
			outputs,
			attributes,
			build,
		})
	};
	match op_type {
		"Add" => row(2..=2, 1..=1, &[], add::build),
		"Relu" => row(1..=1, 1..=1, &[], relu::build),
		_ => None,
	}
}

/// Whether the engine has this operator of the default domain, in some variant.
pub fn is_known(op_type: &str) -> bool {
	find(op_type).is_some()
}

/// Lowers a node, or `None` if the engine does not have its operator.
pub fn build(node: &NodeCtx<'_>, inputs: &[Option<Fact>]) -> Option<Result<Lowered, OpError>> {
	find(node.op_type).map(|spec| {
		check_arity("inputs", inputs.len(), &spec.inputs)?;
		check_arity("outputs", node.outputs.len(), &spec.outputs)?;
		node.attrs.only(spec.attributes)?;
		let inputs = Inputs(inputs);
		for index in 0..*spec.inputs.start() {
			inputs.required(index)?;
		}
		(spec.build)(node, inputs)
	})
}

fn check_arity(what: &str, found: usize, range: &RangeInclusive<usize>) -> Result<(), OpError> {
	if range.contains(&found) {
		return Ok(());
	}
	let (from, to) = range.clone().into_inner();
	let must = match (from, to) {
		(from, to) if from == to => format!("{from}"),
		(from, ANY) => format!("at least {from}"),
		(from, to) => format!("{from} to {to}"),
	};
	Err(OpError::WrongArity {
		reason: format!("{found} {what}, but there must be {must}"),
	})
}

/// The error of a kernel that got another number of inputs than its build function asked for.
fn internal_arity(inputs: &[Fact]) -> OpError {
	OpError::WrongArity {
		reason: format!("the kernel got {} inputs", inputs.len()),
	}
}

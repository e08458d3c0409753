//! Why a file is no model, why an operator cannot be lowered, why a run gave no outputs.

mod model;
mod run;

use tract_onnx::prelude::TractError;

pub use model::ModelError;
pub use run::RunError;

use crate::{
	limits::{MAX_RANK, MAX_TENSOR_BYTES},
	DType,
};

/// Why an operator cannot be lowered. The importer adds the node to make it a [`ModelError`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpError {
	/// A variant of the operator that the engine does not have.
	#[error("{reason}")]
	Unsupported {
		/// What is not supported, and what to use instead.
		reason: String,
	},
	/// An element type that the operator does not take.
	#[error("{reason}")]
	UnsupportedDType {
		/// Which tensor, and which types are taken.
		reason: String,
	},
	/// An attribute, or a constant input that takes an attribute's place, is missing, of the wrong
	/// type or out of range.
	#[error("attribute '{name}': {reason}")]
	BadAttribute {
		/// The attribute or input.
		name: String,
		/// What is wrong.
		reason: String,
	},
	/// Shapes or element types that the operator cannot combine.
	#[error("{reason}")]
	ShapeMismatch {
		/// What does not fit.
		reason: String,
	},
	/// Too few or too many inputs or outputs.
	#[error("{reason}")]
	WrongArity {
		/// How many there are, and how many there must be.
		reason: String,
	},
	/// An input that is needed at build time is no constant.
	#[error("input '{input}' must be a constant: make it an initializer, or fold the model first")]
	NotConstant {
		/// The input.
		input: &'static str,
	},
	/// A tensor of too many dimensions.
	#[error("a tensor of rank {rank}, at most {MAX_RANK} are possible")]
	RankTooHigh {
		/// The rank.
		rank: usize,
	},
	/// A product of dimensions overflows.
	#[error("a tensor of shape {shape:?} is beyond what can be counted")]
	ShapeOverflow {
		/// The shape.
		shape: Vec<usize>,
	},
	/// One tensor takes too many bytes.
	#[error(
		"a tensor of shape {shape:?} of {dtype} takes {bytes} bytes, more than {MAX_TENSOR_BYTES}"
	)]
	TensorTooLarge {
		/// The shape.
		shape: Vec<usize>,
		/// The element type.
		dtype: DType,
		/// Its bytes.
		bytes: u64,
	},
	/// The data of a tensor attribute is not as long as its shape says, or not of its type.
	#[error("{reason}")]
	BadTensor {
		/// What is wrong.
		reason: String,
	},
	/// A tensor attribute refers to a file outside the model.
	#[error("tensor '{tensor}' refers to an external file: store the data inside the model")]
	ExternalData {
		/// The tensor.
		tensor: String,
	},
}

impl OpError {
	/// A [`BadAttribute`](Self::BadAttribute).
	pub fn bad_attribute(name: impl Into<String>, reason: impl Into<String>) -> Self {
		Self::BadAttribute {
			name: name.into(),
			reason: reason.into(),
		}
	}

	/// A [`ShapeMismatch`](Self::ShapeMismatch).
	pub fn mismatch(reason: impl Into<String>) -> Self {
		Self::ShapeMismatch {
			reason: reason.into(),
		}
	}

	/// An [`Unsupported`](Self::Unsupported).
	pub fn unsupported(reason: impl Into<String>) -> Self {
		Self::Unsupported {
			reason: reason.into(),
		}
	}
}

/// A value that an operator cannot compute with. Deterministic: every machine gets the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
	/// An index lies outside the tensor that it points into.
	#[error("{op}: index {index} is outside an axis of {len} elements")]
	IndexOutOfRange {
		/// The operator.
		op: &'static str,
		/// The index, as the input has it.
		index: i64,
		/// The length of the axis.
		len: usize,
	},
	/// An integer was divided by zero.
	#[error("{op}: division of an integer by zero")]
	DivisionByZero {
		/// The operator.
		op: &'static str,
	},
	/// A value outside the operator's domain.
	#[error("{op}: {reason}")]
	InvalidValue {
		/// The operator.
		op: &'static str,
		/// What is wrong with it.
		reason: String,
	},
}

/// Why a kernel gave no outputs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
	/// A value that the operator cannot compute with.
	#[error(transparent)]
	Domain(#[from] DomainError),
	/// A bug of the engine: types or shapes that inference should have refused.
	#[error("internal: {0}")]
	Internal(String),
}

impl EvalError {
	/// A kernel met an element type that its inference should have refused.
	pub fn unexpected_dtype(dtype: DType) -> Self {
		Self::Internal(format!("unexpected element type {dtype}"))
	}
}

impl From<OpError> for EvalError {
	/// Facts that inference has seen cannot be refused any more.
	fn from(error: OpError) -> Self {
		Self::Internal(error.to_string())
	}
}

impl From<TractError> for EvalError {
	fn from(error: TractError) -> Self {
		Self::Internal(format!("{error:#}"))
	}
}

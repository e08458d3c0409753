//! Why a run gave no outputs.

use super::{DomainError, EvalError};

/// Why a run gave no outputs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
	/// An index (Gather, for instance) lies outside the tensor that it points into.
	#[error("index out of range in {subject}")]
	IndexOutOfRange {
		/// The step, and what is wrong.
		subject: String,
	},
	/// An integer was divided by zero.
	#[error("division by zero in {subject}")]
	DivisionByZero {
		/// The step.
		subject: String,
	},
	/// A value outside an operator's domain, or a bool that is neither 0 nor 1.
	#[error("invalid value: {subject}")]
	InvalidValue {
		/// The step or input, and what is wrong.
		subject: String,
	},
	/// The inputs do not fit the model's schema.
	#[error("the inputs do not fit the model: {subject}")]
	SchemaMismatch {
		/// Which input, what it is, what it must be.
		subject: String,
	},
	/// A fault of the engine or of the machine, and no finding about the inputs: on a chain, the
	/// node must stop rather than vote. A panic of a kernel means the same; catching it is up to
	/// the caller.
	#[error("internal fault: {reason}")]
	Internal {
		/// What happened.
		reason: String,
	},
}

impl RunError {
	/// What became of a step of a run. `step` names it.
	pub(crate) fn of_step(step: &str, error: &EvalError) -> Self {
		let subject = format!("{step}: {error}");
		match error {
			EvalError::Domain(DomainError::IndexOutOfRange { .. }) => {
				Self::IndexOutOfRange { subject }
			}
			EvalError::Domain(DomainError::DivisionByZero { .. }) => {
				Self::DivisionByZero { subject }
			}
			EvalError::Domain(DomainError::InvalidValue { .. }) => Self::InvalidValue { subject },
			EvalError::Internal(_) => Self::Internal { reason: subject },
		}
	}
}

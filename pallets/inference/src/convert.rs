//! What the registry, the schema check and the precompile find, as errors of the pallet: one to
//! one.

use noema_primitives::{schema::Misfit, InferError, ResolveError};

use sp_runtime::DispatchError;

use crate::{Config, Error, Pallet};

impl<T> From<ResolveError> for Error<T> {
	fn from(error: ResolveError) -> Self {
		match error {
			ResolveError::Unknown => Self::UnknownRelease,
			ResolveError::Retired => Self::ReleaseRetired,
			ResolveError::NotResident => Self::ModelNotResident,
		}
	}
}

impl<T: Config> Pallet<T> {
	/// Whether a call met this error because its release cannot be called now.
	pub(crate) fn is_unresolved(error: &DispatchError) -> bool {
		[
			ResolveError::Unknown,
			ResolveError::Retired,
			ResolveError::NotResident,
		]
		.into_iter()
		.any(|unresolved| *error == Error::<T>::from(unresolved).into())
	}
}

impl<T> From<Misfit> for Error<T> {
	fn from(misfit: Misfit) -> Self {
		match misfit {
			Misfit::Missing { input } => Self::MissingInput { input },
			Misfit::Unexpected { input } => Self::UnexpectedInput { input },
			Misfit::Duplicate { input } => Self::DuplicateInput { input },
			Misfit::DType { input } => Self::WrongDType { input },
			Misfit::Rank { input } => Self::WrongRank { input },
			Misfit::Dimension { input, axis } => Self::WrongDimension { input, axis },
			Misfit::ByteLength { input } => Self::WrongByteLength { input },
		}
	}
}

impl<T> From<InferError> for Error<T> {
	fn from(error: InferError) -> Self {
		match error {
			InferError::IndexOutOfRange => Self::IndexOutOfRange,
			InferError::DivisionByZero => Self::DivisionByZero,
			InferError::InvalidValue => Self::InvalidValue,
			InferError::SchemaMismatch => Self::SchemaMismatch,
			InferError::ModelMissing => Self::ModelMissing,
			InferError::ModelRefused => Self::ModelRefused,
			InferError::UnknownProfile => Self::UnknownProfile,
			InferError::InternalFault => Self::InternalFault,
			InferError::Busy => Self::Busy,
		}
	}
}

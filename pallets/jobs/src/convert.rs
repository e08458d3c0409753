//! What others find, as errors of the pallet: one to one.

use noema_primitives::{schema::Misfit, trace::RefereeError, ResolveError};

use crate::Error;

impl<T> From<ResolveError> for Error<T> {
	fn from(error: ResolveError) -> Self {
		match error {
			ResolveError::Unknown => Self::UnknownRelease,
			ResolveError::Retired => Self::ReleaseRetired,
			ResolveError::NotResident => Self::ModelNotAdmitted,
		}
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

impl<T> From<RefereeError> for Error<T> {
	fn from(error: RefereeError) -> Self {
		match error {
			RefereeError::WrongTensor(data) => Self::WrongData { data },
			RefereeError::BadStep => Self::BadStep,
			RefereeError::UnknownProfile => Self::UnknownProfile,
			RefereeError::InternalFault => Self::InternalFault,
			RefereeError::Busy => Self::Busy,
		}
	}
}

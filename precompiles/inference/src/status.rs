//! The integer that a host function returns.

use noema_primitives::{trace::RefereeError, InferError};

/// Why a host function wrote nothing. A call that succeeds returns the number of bytes written,
/// which is never negative; one that fails returns one of these.
///
/// The numbers are part of the ABI and never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum Status {
	/// A chunk of the model is not in the state, or the chunks are not as long as its size says.
	/// Only in a call that is not part of a block; there the node stops instead.
	ModelMissing = -1,
	/// The bytes are no model under this profile.
	ModelRefused = -2,
	/// This version of the host knows no such profile.
	UnknownProfile = -3,
	/// The inputs are no SCALE encoding of tensors, or do not fit the model's schema.
	SchemaMismatch = -4,
	/// The out-buffer is shorter than what there is to write.
	BufferTooSmall = -5,
	/// An index lies outside the tensor that it points into.
	IndexOutOfRange = -10,
	/// An integer was divided by zero.
	DivisionByZero = -11,
	/// A value outside an operator's domain.
	InvalidValue = -12,
	/// A fault of this machine, in a call that is not part of a block.
	InternalFault = -20,
	/// Too many calls that are not part of a block run at once.
	Busy = -21,
	/// The description of a step is none that the engine can have made.
	BadStep = -30,
}

/// What `run_step` returns if the tensor at this place is not the one that the description and its
/// digest name: from -1000 down, -1000 for the first.
pub(crate) const fn wrong_tensor(place: u16) -> i64 {
	WRONG_TENSOR - place as i64
}

/// The place of the tensor that is wrong, if this is what the number says.
pub(crate) const fn wrong_place(raw: i64) -> Option<u16> {
	if raw > WRONG_TENSOR || raw < wrong_tensor(u16::MAX) {
		return None;
	}
	Some((WRONG_TENSOR - raw) as u16)
}

const WRONG_TENSOR: i64 = -1000;

impl Status {
	/// The status with this number.
	pub const fn from_raw(raw: i64) -> Option<Self> {
		Some(match raw {
			-1 => Self::ModelMissing,
			-2 => Self::ModelRefused,
			-3 => Self::UnknownProfile,
			-4 => Self::SchemaMismatch,
			-5 => Self::BufferTooSmall,
			-10 => Self::IndexOutOfRange,
			-11 => Self::DivisionByZero,
			-12 => Self::InvalidValue,
			-20 => Self::InternalFault,
			-21 => Self::Busy,
			-30 => Self::BadStep,
			_ => return None,
		})
	}
}

impl From<Status> for InferError {
	fn from(status: Status) -> Self {
		match status {
			Status::ModelMissing => Self::ModelMissing,
			Status::ModelRefused => Self::ModelRefused,
			Status::UnknownProfile => Self::UnknownProfile,
			// The runtime sizes the buffer from the report's schema: one that is too small means
			// that the schema is not this model's. Models have no description of a step.
			Status::SchemaMismatch | Status::BufferTooSmall | Status::BadStep => {
				Self::SchemaMismatch
			}
			Status::IndexOutOfRange => Self::IndexOutOfRange,
			Status::DivisionByZero => Self::DivisionByZero,
			Status::InvalidValue => Self::InvalidValue,
			Status::InternalFault => Self::InternalFault,
			Status::Busy => Self::Busy,
		}
	}
}

impl From<Status> for RefereeError {
	fn from(status: Status) -> Self {
		match status {
			Status::UnknownProfile => Self::UnknownProfile,
			Status::InternalFault => Self::InternalFault,
			Status::Busy => Self::Busy,
			// No other one is of `run_step`'s, whose buffer holds any leaf.
			_ => Self::BadStep,
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn numbers_round_trip_and_are_negative() {
		let all: alloc::vec::Vec<_> = (-100..0).filter_map(Status::from_raw).collect();
		assert_eq!(all.len(), 11);
		for status in all {
			assert_eq!(Status::from_raw(status as i64), Some(status));
		}
		assert!((0..100).all(|raw| Status::from_raw(raw).is_none()));
	}

	#[test]
	fn places_have_numbers_of_their_own() {
		for place in [0, 1, 255, u16::MAX] {
			let raw = wrong_tensor(place);
			assert_eq!(wrong_place(raw), Some(place));
			assert_eq!(Status::from_raw(raw), None);
		}
		assert_eq!(wrong_place(-999), None);
		assert_eq!(wrong_place(-1000 - 65536), None);
		assert_eq!(wrong_place(5), None);
	}
}

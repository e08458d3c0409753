//! What can go wrong in the `inference_*` methods.

use jsonrpsee::types::ErrorObjectOwned;

/// The numbers of errors in JSON-RPC answers. They never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum ErrorCode {
	/// A parameter is not what the method wants. The message says what to change.
	InvalidParams = -32602,
	/// There is no such release.
	UnknownRelease = 7001,
	/// The release's owner has retired it.
	ReleaseRetired = 7002,
	/// The release's model cannot be called at this block: it waits for admission, matures or is
	/// being removed, or the release was made in the block itself.
	NotResident = 7003,
	/// There is no such model.
	UnknownModel = 7004,
	/// The inputs do not fit the model's schema. The message names the input.
	SchemaMismatch = 7005,
	/// The model, on these inputs, has no answer: an index out of range, a division by zero, a
	/// value outside an operator's domain. Every node says the same.
	NoAnswer = 7006,
	/// The model is too heavy for a block, or its outputs too large for a receipt.
	TooHeavy = 7007,
	/// Too many inferences run at once on this node. Ask again, or ask another node.
	Busy = 7008,
	/// More dry runs or look-ups a second than this node answers. Ask more slowly, or ask another node.
	RateLimited = 7009,
	/// This machine failed. Ask another node.
	InternalFault = 7010,
	/// The runtime refused the call for a reason that has no number of its own. The message names
	/// it.
	Refused = 7011,
	/// The block is unknown, or its state is no longer kept.
	UnknownBlock = 7012,
	/// The client could not call the runtime.
	Client = 7013,
	/// There is no such job, or none any more.
	UnknownJob = 7014,
}

/// An error of an `inference_*` method.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
	/// Its number.
	pub code: ErrorCode,
	/// What is wrong, and what to change.
	pub message: String,
}

impl Error {
	/// An error with this number and text.
	pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
		Self {
			code,
			message: message.into(),
		}
	}

	/// A parameter is not what the method wants.
	pub fn invalid(message: impl Into<String>) -> Self {
		Self::new(ErrorCode::InvalidParams, message)
	}
}

impl From<Error> for ErrorObjectOwned {
	fn from(error: Error) -> Self {
		Self::owned(error.code as i32, error.message, None::<()>)
	}
}

impl From<sp_api::ApiError> for Error {
	fn from(error: sp_api::ApiError) -> Self {
		match error {
			sp_api::ApiError::UnknownBlock(reason) => Self::new(
				ErrorCode::UnknownBlock,
				format!("this node does not have the block's state: {reason}"),
			),
			other => Self::new(ErrorCode::Client, other.to_string()),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn code_and_message_reach_the_wire() {
		let object: ErrorObjectOwned = Error::new(ErrorCode::Busy, "later").into();
		assert_eq!((object.code(), object.message()), (7008, "later"));
		let object: ErrorObjectOwned = Error::invalid("no").into();
		assert_eq!((object.code(), object.message()), (-32602, "no"));
	}
}

//! What the command ends with.

use crate::amount::AmountError;
use crate::chain::ChainError;
use crate::conformance::ConformanceError;
use crate::inputs::InputError;
use crate::keys::KeyError;
use crate::model::ModelFileError;
use crate::outputs::OutputError;
use crate::release::ReleaseError;

/// Exit code of everything that is wrong with what the user gave: arguments, files, keys, models,
/// inputs. Nothing was sent to the chain.
pub const EXIT_USER: u8 = 1;
/// Exit code of everything that is wrong on the other side: the node cannot be reached, does not
/// know what was asked for, or the chain refused the transaction.
pub const EXIT_CHAIN: u8 = 2;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
	/// A model file.
	#[error(transparent)]
	Model(#[from] ModelFileError),
	/// Test cases.
	#[error(transparent)]
	Conformance(#[from] ConformanceError),
	/// Inputs.
	#[error(transparent)]
	Input(#[from] InputError),
	/// Outputs.
	#[error(transparent)]
	Output(#[from] OutputError),
	/// Keys.
	#[error(transparent)]
	Key(#[from] KeyError),
	/// The name of a release.
	#[error(transparent)]
	Release(#[from] ReleaseError),
	/// An amount.
	#[error(transparent)]
	Amount(#[from] AmountError),
	/// The chain.
	#[error(transparent)]
	Chain(#[from] ChainError),
	/// Something cannot be shown as JSON.
	#[error("cannot write JSON")]
	Json(#[from] serde_json::Error),
	/// The machine has no threads or sockets left.
	#[error("cannot start")]
	Runtime(#[source] std::io::Error),
}

impl Error {
	/// What the process exits with.
	pub const fn exit_code(&self) -> u8 {
		match self {
			Self::Chain(ChainError::Url(_)) => EXIT_USER,
			Self::Chain(_) => EXIT_CHAIN,
			_ => EXIT_USER,
		}
	}

	/// What `--json` prints instead of an answer: `{"error": {"message", "causes", "exitCode"}}`.
	/// None if the answer has been printed, and is bad.
	pub fn as_json(&self) -> Option<serde_json::Value> {
		if matches!(self, Self::Conformance(ConformanceError::Failed { .. })) {
			return None;
		}
		let causes: Vec<String> =
			std::iter::successors(std::error::Error::source(self), |cause| cause.source())
				.map(ToString::to_string)
				.collect();
		Some(serde_json::json!({
			"error": {
				"message": self.to_string(),
				"causes": causes,
				"exitCode": self.exit_code(),
			}
		}))
	}

	/// The error and its causes, a line each.
	pub fn chain_of_causes(&self) -> String {
		let mut text = format!("error: {self}");
		let mut source = std::error::Error::source(self);
		while let Some(cause) = source {
			text.push_str(&format!("\n  because {cause}"));
			source = cause.source();
		}
		text
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn causes_are_told_and_codes_differ() {
		let io = std::io::Error::other("disk on fire");
		let error = Error::from(ModelFileError::Read {
			path: "x.onnx".into(),
			source: io,
		});
		assert_eq!(
			error.chain_of_causes(),
			"error: cannot read the model x.onnx\n  because disk on fire"
		);
		assert_eq!(error.exit_code(), EXIT_USER);
		assert_eq!(
			error.as_json(),
			Some(serde_json::json!({"error": {
				"message": "cannot read the model x.onnx",
				"causes": ["disk on fire"],
				"exitCode": 1,
			}}))
		);
		assert_eq!(
			Error::from(ChainError::UnknownReceipt(1)).exit_code(),
			EXIT_CHAIN
		);
	}
}

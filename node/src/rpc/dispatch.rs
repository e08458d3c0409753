//! Turns the errors of the runtime into those of JSON-RPC.
//!
//! The runtime names its errors by numbers, and the texts are the doc comments of the pallets that
//! this node was built with. A runtime that was upgraded since may know errors that the node does
//! not; they come out as numbers.

use codec::Decode;
use frame_support::traits::PalletInfoAccess;
use noema_runtime::{Inference, Models, Runtime};
use scale_info::{TypeDef, TypeInfo};
use sp_runtime::{DispatchError, ModuleError};

use super::error::{Error, ErrorCode};

/// The error of a call of `release`.
pub fn from_dispatch(error: &DispatchError, release: &str) -> Error {
	match error {
		DispatchError::Module(module) if usize::from(module.index) == Inference::index() => {
			let text = text::<pallet_inference::Error<Runtime>>(module);
			Error::new(inference_code(module), format!("{release}: {text}"))
		}
		DispatchError::Module(module) if usize::from(module.index) == Models::index() => {
			let text = text::<pallet_models::Error<Runtime>>(module);
			Error::new(ErrorCode::Refused, format!("{release}: {text}"))
		}
		other => Error::new(ErrorCode::Refused, format!("{release}: {other:?}")),
	}
}

/// The number of an error of pallet-inference.
fn inference_code(error: &ModuleError) -> ErrorCode {
	use pallet_inference::Error as E;
	match E::<Runtime>::decode(&mut &error.error[..]) {
		Ok(E::UnknownRelease) => ErrorCode::UnknownRelease,
		Ok(E::ReleaseRetired) => ErrorCode::ReleaseRetired,
		Ok(E::ModelNotResident) => ErrorCode::NotResident,
		Ok(E::TooHeavy | E::OutputsTooLarge) => ErrorCode::TooHeavy,
		Ok(
			E::MissingInput { .. }
			| E::UnexpectedInput { .. }
			| E::DuplicateInput { .. }
			| E::WrongDType { .. }
			| E::WrongRank { .. }
			| E::WrongDimension { .. }
			| E::WrongByteLength { .. }
			| E::SchemaMismatch,
		) => ErrorCode::SchemaMismatch,
		Ok(E::IndexOutOfRange | E::DivisionByZero | E::InvalidValue) => ErrorCode::NoAnswer,
		Ok(
			E::ModelMissing
			| E::ModelRefused
			| E::UnknownProfile
			| E::InternalFault
			| E::OutputMismatch,
		) => ErrorCode::InternalFault,
		Ok(E::Busy) => ErrorCode::Busy,
		_ => ErrorCode::Refused,
	}
}

/// The name and the doc comment of an error of a pallet whose error type is `E`.
fn text<E: TypeInfo>(error: &ModuleError) -> String {
	let unknown = || {
		format!(
			"error {:?} of pallet {}, which this node does not know",
			error.error, error.index
		)
	};
	let TypeDef::Variant(errors) = E::type_info().type_def else {
		return unknown();
	};
	errors
		.variants
		.iter()
		.find(|variant| variant.index == error.error[0])
		.map_or_else(unknown, |variant| {
			let docs = variant.docs.join(" ");
			let docs = docs.split_whitespace().collect::<Vec<_>>().join(" ");
			if docs.is_empty() {
				variant.name.to_string()
			} else {
				format!("{}: {docs}", variant.name)
			}
		})
}

#[cfg(test)]
mod tests {
	use super::*;
	use pallet_inference::Error as E;

	fn of(error: E<Runtime>) -> Error {
		// As it comes over the boundary: without the text that native code attaches.
		let error: DispatchError = error.into();
		let bytes = codec::Encode::encode(&error);
		let error = DispatchError::decode(&mut &bytes[..]).expect("it was just encoded");
		from_dispatch(&error, "a/b@1")
	}

	#[test]
	fn errors_keep_their_meaning_and_get_their_docs() {
		let cases = [
			(
				E::UnknownRelease,
				ErrorCode::UnknownRelease,
				"UnknownRelease",
			),
			(
				E::ReleaseRetired,
				ErrorCode::ReleaseRetired,
				"ReleaseRetired",
			),
			(
				E::ModelNotResident,
				ErrorCode::NotResident,
				"ModelNotResident",
			),
			(
				E::WrongDimension { input: 1, axis: 2 },
				ErrorCode::SchemaMismatch,
				"WrongDimension",
			),
			(E::DivisionByZero, ErrorCode::NoAnswer, "DivisionByZero"),
			(E::Busy, ErrorCode::Busy, "Busy"),
			(E::InternalFault, ErrorCode::InternalFault, "InternalFault"),
			(
				E::InsufficientFunds,
				ErrorCode::Refused,
				"InsufficientFunds",
			),
		];
		for (error, code, name) in cases {
			let error = of(error);
			assert_eq!(error.code, code, "{error}");
			assert!(
				error.message.starts_with(&format!("a/b@1: {name}: ")),
				"{error}"
			);
		}
	}

	#[test]
	fn unknown_errors_come_out_as_numbers() {
		let index = u8::try_from(Inference::index()).expect("indices are bytes");
		let error = ModuleError {
			index,
			error: [250, 0, 0, 0],
			message: None,
		};
		let error = from_dispatch(&DispatchError::Module(error), "r");
		assert_eq!(error.code, ErrorCode::Refused);
		assert!(error.message.contains("250"), "{error}");
		let error = from_dispatch(&DispatchError::Exhausted, "r");
		assert_eq!(error.message, "r: Exhausted");
	}
}

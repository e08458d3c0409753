//! What became of an extrinsic: read from its block's events.

use std::collections::HashMap;

use subxt::config::Hasher;
use subxt::events::{Event, Events, Phase};
use subxt::ext::scale_decode::DecodeAsType;
use subxt::ext::scale_value::{Value, ValueDef};
use subxt::utils::{AccountId32, H256};
use subxt::{Metadata, SubstrateConfig};

use super::client::AtBlock;
use super::{Chain, ChainError, Hash};
use crate::model::ModelId;

/// The events of a block, and which extrinsic is which.
#[derive(Debug)]
pub struct BlockEvents {
	/// The block.
	pub hash: Hash,
	/// Its number.
	pub number: u64,
	at: AtBlock,
	extrinsics: HashMap<Hash, u32>,
	events: Events<SubstrateConfig>,
}

/// What became of an extrinsic.
#[derive(Clone, Debug)]
pub struct Outcome {
	/// The extrinsic.
	pub extrinsic: Hash,
	/// Its block.
	pub block: Hash,
	/// Its block's number.
	pub number: u64,
	/// Its place in the block.
	pub index: u32,
	/// What it paid for inclusion.
	pub fee: Option<u128>,
	/// The inferences that it made.
	pub inferred: Vec<Inferred>,
	/// The jobs that it asked for.
	pub requested: Vec<JobRequested>,
	/// Why it failed, if it did.
	pub failure: Option<Failure>,
}

/// `Jobs.JobRequested`, as far as it is of interest.
#[derive(Clone, Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct JobRequested {
	/// The job's number.
	pub job: u64,
	/// What is in escrow for it.
	pub escrow: u128,
}

/// `Inference.Inferred`.
#[derive(Clone, Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct Inferred {
	/// The receipt's number.
	pub receipt: u64,
	/// Who asked.
	pub caller: AccountId32,
	/// The model.
	pub model: ModelId,
	/// Hash of the inputs.
	pub input_hash: H256,
	/// Hash of the outputs.
	pub output_hash: H256,
}

/// A dispatch error, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
	/// The pallet, if the error is one of a pallet's.
	pub pallet: Option<String>,
	/// The error's name.
	pub name: String,
	/// Values that the error carries, by name.
	pub fields: Vec<(String, u8)>,
	/// The first line of its documentation.
	pub docs: String,
}

impl std::fmt::Display for Failure {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		if let Some(pallet) = &self.pallet {
			write!(f, "{pallet}::")?;
		}
		f.write_str(&self.name)?;
		if !self.fields.is_empty() {
			let fields: Vec<String> = self
				.fields
				.iter()
				.map(|(name, value)| format!("{name} {value}"))
				.collect();
			write!(f, " ({})", fields.join(", "))?;
		}
		if !self.docs.is_empty() {
			write!(f, ": {}", self.docs)?;
		}
		Ok(())
	}
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct FeePaid {
	actual_fee: u128,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct ExtrinsicFailed {
	dispatch_error: Value<()>,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct ModuleFailed {
	dispatch_error: ModuleOnly,
}

/// `sp_runtime::DispatchError`, the errors of pallets alone.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
enum ModuleOnly {
	Module(ModuleError),
}

/// `sp_runtime::ModuleError`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct ModuleError {
	index: u8,
	error: [u8; 4],
}

impl BlockEvents {
	/// Reads a block's extrinsics and events.
	pub async fn fetch(chain: &Chain, block: Hash) -> Result<Self, ChainError> {
		let at = chain.at(block).await?;
		let body = chain
			.methods()
			.chain_get_block(Some(block))
			.await
			.map_err(|error| ChainError::request("chain_getBlock", error))?
			.ok_or_else(|| ChainError::Inconsistent(format!("the block {block:?} is gone")))?;
		let hasher = *at.hasher();
		let extrinsics = (0..)
			.zip(&body.block.extrinsics)
			.map(|(index, extrinsic)| (hasher.hash(&extrinsic.0), index))
			.collect();
		let events = at
			.events()
			.fetch()
			.await
			.map_err(|error| ChainError::client("read the block's events", error))?;
		Ok(Self {
			hash: block,
			number: at.block_number(),
			at,
			extrinsics,
			events,
		})
	}

	/// What became of an extrinsic of this block.
	pub fn outcome(&self, extrinsic: Hash) -> Result<Outcome, ChainError> {
		let missing = || ChainError::NoOutcome {
			hash: extrinsic,
			block: self.hash,
		};
		let index = *self.extrinsics.get(&extrinsic).ok_or_else(missing)?;
		let mut outcome = Outcome {
			extrinsic,
			block: self.hash,
			number: self.number,
			index,
			fee: None,
			inferred: Vec::new(),
			requested: Vec::new(),
			failure: None,
		};
		let mut ended = false;
		for event in self.events.iter() {
			let event = event.map_err(|error| ChainError::client("decode an event", error))?;
			if event.phase() != Phase::ApplyExtrinsic(index) {
				continue;
			}
			match (event.pallet_name(), event.event_name()) {
				("System", "ExtrinsicSuccess") => ended = true,
				("System", "ExtrinsicFailed") => {
					ended = true;
					outcome.failure = Some(failure(&event, self.at.metadata_ref())?);
				}
				("TransactionPayment", "TransactionFeePaid") => {
					outcome.fee = Some(decode::<FeePaid>(&event)?.actual_fee);
				}
				("Inference", "Inferred") => outcome.inferred.push(decode(&event)?),
				("Jobs", "JobRequested") => outcome.requested.push(decode(&event)?),
				_ => (),
			}
		}
		if ended {
			Ok(outcome)
		} else {
			Err(missing())
		}
	}
}

impl Outcome {
	/// The outcome, or the failure as an error.
	pub fn into_result(self) -> Result<Self, ChainError> {
		match self.failure {
			None => Ok(self),
			Some(failure) => Err(ChainError::Dispatch {
				failure: Box::new(failure),
				block: self.block,
				fee: self.fee,
			}),
		}
	}
}

fn decode<E: subxt::ext::scale_decode::DecodeAsFields>(
	event: &Event<'_, SubstrateConfig>,
) -> Result<E, ChainError> {
	event
		.decode_fields_unchecked_as()
		.map_err(|error| ChainError::client("decode an event", error))
}

/// Finds the words for `System.ExtrinsicFailed`.
fn failure(event: &Event<'_, SubstrateConfig>, metadata: &Metadata) -> Result<Failure, ChainError> {
	let of_a_pallet: Result<ModuleFailed, _> = event.decode_fields_unchecked_as();
	if let Ok(ModuleFailed {
		dispatch_error: ModuleOnly::Module(ModuleError { index, error }),
	}) = of_a_pallet
	{
		return Ok(module_failure(index, error, metadata));
	}
	let ExtrinsicFailed { dispatch_error } = decode(event)?;
	Ok(Failure {
		pallet: None,
		name: words(&dispatch_error),
		fields: Vec::new(),
		docs: String::new(),
	})
}

/// The words for an error of a pallet: name and documentation come from the metadata.
pub fn module_failure(pallet: u8, error: [u8; 4], metadata: &Metadata) -> Failure {
	let known = metadata.pallet_by_error_index(pallet).and_then(|known| {
		known
			.error_variant_by_index(error[0])
			.map(|variant| (known, variant))
	});
	match known {
		Some((known, variant)) => Failure {
			pallet: Some(known.name().to_owned()),
			name: variant.name.clone(),
			// The errors' fields are single bytes.
			fields: variant
				.fields
				.iter()
				.zip(&error[1..])
				.map(|(field, value)| (field.name.clone().unwrap_or_default(), *value))
				.collect(),
			docs: first_line(&variant.docs),
		},
		None => Failure {
			pallet: None,
			name: format!("error {} of pallet {pallet}", error[0]),
			fields: Vec::new(),
			docs: String::new(),
		},
	}
}

fn first_line(docs: &[String]) -> String {
	docs.iter()
		.map(|line| line.trim())
		.find(|line| !line.is_empty())
		.unwrap_or_default()
		.to_owned()
}

/// The names of nested variants: `Token(FundsUnavailable)` is `Token: FundsUnavailable`.
fn words(value: &Value<()>) -> String {
	match &value.value {
		ValueDef::Variant(variant) => match variant.values.values().next() {
			Some(inner) if matches!(inner.value, ValueDef::Variant(_)) => {
				format!("{}: {}", variant.name, words(inner))
			}
			_ => variant.name.clone(),
		},
		_ => value.to_string(),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn failures_read_as_sentences() {
		let failure = Failure {
			pallet: Some("Inference".into()),
			name: "WrongDimension".into(),
			fields: vec![("input".into(), 0), ("axis".into(), 2)],
			docs: "A dimension of the input is not the one in the model's schema.".into(),
		};
		assert_eq!(
			failure.to_string(),
			"Inference::WrongDimension (input 0, axis 2): A dimension of the input is not the one in \
			 the model's schema."
		);
	}

	#[test]
	fn nested_errors_are_named_in_full() {
		let inner = Value::unnamed_variant("FundsUnavailable", []);
		assert_eq!(
			words(&Value::unnamed_variant("Token", [inner])),
			"Token: FundsUnavailable"
		);
		assert_eq!(words(&Value::unnamed_variant("BadOrigin", [])), "BadOrigin");
	}

	#[test]
	fn documentation_begins_after_empty_lines() {
		assert_eq!(
			first_line(&["".into(), " Why. ".into(), " More.".into()]),
			"Why."
		);
		assert_eq!(first_line(&[]), "");
	}
}

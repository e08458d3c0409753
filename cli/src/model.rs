//! Models as files on this machine: what they are called, what the engine says about them, how they
//! run without a chain.

use std::path::{Path, PathBuf};

use noema_engine::{Engine, Plan, Profile1, Report, Value};
use serde::{Deserialize, Serialize};
use subxt::ext::{scale_decode::DecodeAsType, scale_encode::EncodeAsType};

use crate::tensor::{Tensor, TensorSchema};

/// Bytes of an uploaded chunk; every chunk but the last is exactly this long.
pub const CHUNK_SIZE: usize = 512 * 1024;

/// The name of a model: the BLAKE3 hash of its file, as `b3sum` prints it.
#[derive(
	Clone,
	Copy,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Hash,
	Serialize,
	Deserialize,
	EncodeAsType,
	DecodeAsType,
)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct ModelId(#[serde(with = "crate::hex_bytes")] pub [u8; 32]);

impl ModelId {
	/// The id of these bytes.
	pub fn of(file: &[u8]) -> Self {
		Self(*blake3::hash(file).as_bytes())
	}
}

impl std::fmt::Display for ModelId {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.write_str(&hex::encode(self.0))
	}
}

impl std::fmt::Debug for ModelId {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		std::fmt::Display::fmt(self, f)
	}
}

impl std::str::FromStr for ModelId {
	type Err = hex::FromHexError;

	fn from_str(s: &str) -> Result<Self, Self::Err> {
		let mut id = [0; 32];
		hex::decode_to_slice(s.strip_prefix("0x").unwrap_or(s), &mut id)?;
		Ok(Self(id))
	}
}

/// Why a model file cannot be used or run.
#[derive(Debug, thiserror::Error)]
pub enum ModelFileError {
	/// The file cannot be read.
	#[error("cannot read the model {}", path.display())]
	Read {
		/// The file.
		path: PathBuf,
		/// What the system says.
		source: std::io::Error,
	},
	/// The engine refuses it, and so would the chain.
	#[error("the chain would refuse {}, at fault: {subject}", path.display())]
	Refused {
		/// The file.
		path: PathBuf,
		/// The operator, tensor or limit at fault.
		subject: String,
		/// What is wrong and what to change.
		source: Box<noema_engine::ModelError>,
	},
	/// The run failed, as it would on chain.
	#[error("the model cannot compute an answer for these inputs")]
	Run {
		/// What went wrong.
		source: noema_engine::RunError,
	},
}

/// A model file that the engine accepts.
#[derive(Debug)]
pub struct LocalModel {
	/// Its content hash.
	pub id: ModelId,
	/// The file's bytes.
	pub bytes: Vec<u8>,
	plan: Plan,
}

impl LocalModel {
	/// Reads a file and builds its plan.
	pub fn open(path: &Path) -> Result<Self, ModelFileError> {
		let bytes = read(path)?;
		let plan = Profile1
			.build(&bytes)
			.map_err(|source| ModelFileError::Refused {
				path: path.to_path_buf(),
				subject: source.subject(),
				source: Box::new(source),
			})?;
		Ok(Self {
			id: ModelId::of(&bytes),
			bytes,
			plan,
		})
	}

	/// What the engine found out about it.
	pub fn report(&self) -> &Report {
		self.plan.report()
	}

	/// What a run needs, in the graph's order.
	pub fn inputs(&self) -> Vec<TensorSchema> {
		self.report()
			.inputs
			.iter()
			.map(TensorSchema::from)
			.collect()
	}

	/// What a run returns, in the graph's order.
	pub fn outputs(&self) -> Vec<TensorSchema> {
		self.report()
			.outputs
			.iter()
			.map(TensorSchema::from)
			.collect()
	}

	/// Runs the model. `inputs` are in the order of [`inputs`](Self::inputs) and fit it.
	pub fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>, ModelFileError> {
		let values: Vec<Value> = inputs.iter().cloned().map(Value::from).collect();
		let outputs = Profile1
			.run(&self.plan, &values)
			.map_err(|source| ModelFileError::Run { source })?;
		Ok(self
			.outputs()
			.into_iter()
			.zip(outputs)
			.map(|(schema, value)| Tensor {
				name: schema.name,
				dtype: value.dtype.into(),
				shape: schema.shape,
				data: value.data,
			})
			.collect())
	}
}

/// Reads a model file.
pub fn read(path: &Path) -> Result<Vec<u8>, ModelFileError> {
	std::fs::read(path).map_err(|source| ModelFileError::Read {
		path: path.to_path_buf(),
		source,
	})
}

impl From<&noema_engine::TensorSchema> for TensorSchema {
	fn from(schema: &noema_engine::TensorSchema) -> Self {
		Self {
			name: schema.name.clone(),
			dtype: schema.dtype.into(),
			// The engine admits no dimension beyond 32 bits.
			shape: schema.shape.iter().map(|dim| *dim as u32).collect(),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn model_ids_print_and_parse_as_b3sum_does() {
		let id = ModelId::of(b"");
		let hex = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
		assert_eq!(id.to_string(), hex);
		assert_eq!(hex.parse(), Ok(id));
		assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"0x{hex}\""));
		assert!("abc".parse::<ModelId>().is_err());
	}
}

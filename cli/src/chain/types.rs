//! What `inference_*` answers, as JSON has it.

use serde::{Deserialize, Serialize};

use super::Hash;
use crate::model::ModelId;
use crate::tensor::{Tensor, TensorSchema};

/// A part of the list of models.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelsPage {
	/// The models, in the order of their ids.
	pub models: Vec<ModelInfo>,
	/// What to ask for `after` next; `None` at the end.
	pub next: Option<ModelId>,
}

/// A model as the chain knows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelInfo {
	/// Its content hash.
	pub id: ModelId,
	/// Who uploaded it.
	pub owner: String,
	/// Bytes of the file.
	pub size: u32,
	/// How far it has come.
	pub stage: Stage,
	/// Releases that are not retired.
	pub release_count: u32,
	/// What admission found; `None` before admission.
	pub report: Option<Report>,
	/// Its releases, retired ones included; only in the answer about one model.
	#[serde(default)]
	pub releases: Vec<ReleaseInfo>,
}

/// How far a model has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Stage {
	/// Chunks are missing.
	Uploading {
		/// The block at which the upload is dropped.
		expires: u32,
	},
	/// It waits for admission.
	Queued {
		/// The first block that may admit or refuse it.
		admission: u32,
	},
	/// Admitted; nodes build its plan.
	Maturing {
		/// The first block in which it may be called.
		resident: u32,
	},
	/// Callable.
	Resident,
	/// On its way out.
	Removing,
	/// Admitted, but not callable for want of stake or room.
	Dormant,
	/// Callable, but under notice.
	Leaving {
		/// The first block in which it may not be callable any more.
		until: u32,
	},
}

impl Stage {
	/// Whether it has been admitted, and is not being removed.
	pub fn is_admitted(&self) -> bool {
		match self {
			Self::Maturing { .. } | Self::Resident | Self::Dormant | Self::Leaving { .. } => true,
			Self::Uploading { .. } | Self::Queued { .. } | Self::Removing => false,
		}
	}

	/// Whether it may be called.
	pub fn is_callable(&self) -> bool {
		matches!(self, Self::Resident | Self::Leaving { .. })
	}
}

impl std::fmt::Display for Stage {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		match self {
			Self::Uploading { expires } => write!(f, "uploading until block {expires}"),
			Self::Queued { admission } => write!(f, "queued for admission at block {admission}"),
			Self::Maturing { resident } => write!(f, "maturing until block {resident}"),
			Self::Resident => f.write_str("resident"),
			Self::Removing => f.write_str("being removed"),
			Self::Dormant => f.write_str("dormant: too little stake is committed to it"),
			Self::Leaving { until } => write!(f, "resident, under notice until block {until}"),
		}
	}
}

/// What admission found out about a model.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
	/// The numerics profile.
	pub profile: u16,
	/// What a call must bring.
	pub inputs: Vec<TensorSchema>,
	/// What a call returns.
	pub outputs: Vec<TensorSchema>,
	/// What one run costs.
	pub cost: Cost,
	/// Bytes that the plan keeps in memory.
	pub plan_bytes: u64,
	/// Most bytes of activations alive at once.
	pub peak_bytes: u64,
	/// Nodes of the ONNX graph.
	pub node_count: u32,
}

/// What one run of a model costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
	/// Multiply-accumulates.
	pub macs: u64,
	/// Bytes that the steps read and write.
	pub bytes: u64,
	/// Plan steps.
	pub steps: u32,
	/// Evaluations of exp, ln, tanh and their kin.
	pub transcendentals: u64,
}

/// A release.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseInfo {
	/// `owner/name@version`.
	pub release: String,
	/// The model that it points at.
	pub model: ModelId,
	/// What its owner earns from each inference.
	#[serde(with = "balance")]
	pub royalty: u128,
	/// The block that made it.
	pub created: u32,
	/// Whether its owner has withdrawn it.
	pub retired: bool,
}

/// What an inference will cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quote {
	/// The weight that is charged.
	pub weight: Weight,
	/// Bytes of the signed extrinsic that the node reckons with.
	pub extrinsic_length: u32,
	/// The part of the fee that depends on neither weight nor length.
	#[serde(with = "balance")]
	pub base_fee: u128,
	/// The part that pays for the extrinsic's bytes.
	#[serde(with = "balance")]
	pub length_fee: u128,
	/// The part that pays for the weight.
	#[serde(with = "balance")]
	pub weight_fee: u128,
	/// What the release's owner earns.
	#[serde(with = "balance")]
	pub royalty: u128,
	/// What the model's hosts earn.
	#[serde(with = "balance")]
	pub hosts_share: u128,
	/// The sum, without a tip.
	#[serde(with = "balance")]
	pub total: u128,
}

/// A weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Weight {
	/// Picoseconds on the reference machine.
	pub ref_time: u64,
	/// Bytes of storage proof.
	pub proof_size: u64,
}

/// What a dry run returns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DryRun {
	/// The model that ran.
	pub model: ModelId,
	/// Hash of the inputs, as a receipt would hold it.
	pub input_hash: Hash,
	/// Hash of the outputs, as a receipt would hold it.
	pub output_hash: Hash,
	/// The answer.
	pub outputs: Vec<Tensor>,
}

/// The record of an inference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
	/// Its number.
	pub id: u64,
	/// Who asked.
	pub caller: String,
	/// What was called.
	pub release: String,
	/// The model that ran.
	pub model: ModelId,
	/// The block in which the answer was computed.
	pub block: u32,
	/// Hash of the inputs.
	pub input_hash: Hash,
	/// Hash of the outputs.
	pub output_hash: Hash,
	/// The answer.
	pub outputs: Vec<Tensor>,
}

/// What an account holds, in the token's smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Balance {
	/// What it can spend, less what must stay for the account to exist.
	#[serde(with = "balance")]
	pub free: u128,
	/// What is held, as deposits are.
	#[serde(with = "balance")]
	pub reserved: u128,
	/// What of the free balance is frozen.
	#[serde(with = "balance")]
	pub frozen: u128,
}

/// Balances are decimal strings, for they may be beyond 2^53.
pub(crate) mod balance {
	use serde::{de::Error, Deserialize, Deserializer, Serializer};

	pub(crate) fn serialize<S: Serializer>(value: &u128, serializer: S) -> Result<S::Ok, S::Error> {
		serializer.collect_str(value)
	}

	pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
		deserializer: D,
	) -> Result<u128, D::Error> {
		String::deserialize(deserializer)?
			.parse()
			.map_err(D::Error::custom)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::json;

	#[test]
	fn models_are_read_as_the_node_writes_them() {
		let model: ModelInfo = serde_json::from_value(json!({
			"id": format!("0x{}", "01".repeat(32)),
			"owner": "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
			"size": 3,
			"stage": { "kind": "maturing", "resident": 9 },
			"releaseCount": 2,
			"report": {
				"profile": 1,
				"inputs": [{ "name": "x", "dtype": "f32", "shape": [1, 64] }],
				"outputs": [],
				"cost": { "macs": 5, "bytes": 6, "steps": 7, "transcendentals": 8 },
				"planBytes": 10,
				"peakBytes": 11,
				"nodeCount": 12,
			},
			"releases": [{
				"release": "a/b@1",
				"model": format!("0x{}", "01".repeat(32)),
				"royalty": "340282366920938463463374607431768211455",
				"created": 4,
				"retired": false,
			}],
		}))
		.unwrap();
		assert_eq!(model.stage, Stage::Maturing { resident: 9 });
		assert_eq!(model.releases[0].royalty, u128::MAX);
		assert_eq!(model.report.unwrap().inputs[0].to_string(), "x f32 [1, 64]");
	}
}

//! JSON as `inference_*` speaks it.
//!
//! Field names are camelCase. Ids, hashes and tensor data are hexadecimal with `0x`; balances are
//! decimal strings, for they may be larger than 2^53; a release is `owner/name@version`, the owner
//! as an SS58 address.

use noema_primitives::{
	Cost, DType, DryRun, ModelId, ModelInfo, ModelReport, ModelStage, NamedTensor, Quote, Receipt,
	ReleaseId, ReleaseInfo, Shape, Tensor, TensorSchema,
};
use noema_runtime::{AccountId, Balance, BlockNumber};
use serde::{Deserialize, Serialize};
use sp_core::{
	crypto::{Ss58AddressFormat, Ss58Codec},
	H256,
};

use super::error::Error;
use crate::chain_spec::SS58_FORMAT;

/// Which models to list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PageRequest {
	/// List models that come after this id; from the start without it.
	pub after: Option<String>,
	/// How many to list at most: 1 to 100, and 100 without it.
	pub limit: Option<u32>,
}

/// A part of the list of models, in the order of their ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelsPage {
	/// The models.
	pub models: Vec<ModelView>,
	/// What to ask for `after` next; null at the end of the list.
	pub next: Option<String>,
}

/// A model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelView {
	/// The BLAKE3 hash of its file.
	pub id: String,
	/// Who uploaded it.
	pub owner: String,
	/// Bytes of the file.
	pub size: u32,
	/// How far it has come.
	pub stage: StageView,
	/// Releases that point at it and are not retired.
	pub release_count: u32,
	/// What admission found; null before admission.
	pub report: Option<ReportView>,
}

/// A model with its releases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelDetail {
	/// The model.
	#[serde(flatten)]
	pub model: ModelView,
	/// Its releases, retired ones included, at most 100.
	pub releases: Vec<ReleaseView>,
}

/// How far a model has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum StageView {
	/// Chunks are missing.
	Uploading {
		/// The block at which the upload is dropped.
		expires: BlockNumber,
	},
	/// It waits for admission.
	Queued {
		/// The first block that may admit or refuse it.
		admission: BlockNumber,
	},
	/// Admitted; nodes build its plan.
	Maturing {
		/// The first block in which it may be called.
		resident: BlockNumber,
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
		until: BlockNumber,
	},
}

/// What admission found out about a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportView {
	/// The numerics profile.
	pub profile: u16,
	/// What a call must bring.
	pub inputs: Vec<SchemaView>,
	/// What a call returns.
	pub outputs: Vec<SchemaView>,
	/// What one run costs.
	pub cost: CostView,
	/// Bytes that the plan keeps in memory.
	pub plan_bytes: u64,
	/// Most bytes of activations alive at once in a run.
	pub peak_bytes: u64,
	/// Nodes of the ONNX graph.
	pub node_count: u32,
}

/// Name, element type and shape of an input or output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SchemaView {
	/// As the ONNX file spells it.
	pub name: String,
	/// `f32`, `i64`, `bool` and so on.
	pub dtype: &'static str,
	/// Outermost dimension first; empty for a scalar.
	pub shape: Vec<u32>,
}

/// What one run of a model costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CostView {
	/// Multiply-accumulates.
	pub macs: u64,
	/// Bytes that the plan's steps read and write.
	pub bytes: u64,
	/// Plan steps.
	pub steps: u32,
	/// Evaluations of exp, ln, tanh and their kin.
	pub transcendentals: u64,
}

/// A release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseView {
	/// `owner/name@version`.
	pub release: String,
	/// The model that it points at.
	pub model: String,
	/// What its owner earns from each inference.
	pub royalty: String,
	/// The block that made it.
	pub created: BlockNumber,
	/// Whether its owner has withdrawn it.
	pub retired: bool,
}

/// A tensor, coming or going.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TensorJson {
	/// The graph input or output that it is for.
	pub name: String,
	/// `f32`, `i64`, `bool` and so on.
	pub dtype: String,
	/// Outermost dimension first; empty for a scalar.
	pub shape: Vec<u32>,
	/// Elements: row-major, little endian, densely packed, one byte per bool; hexadecimal.
	pub data: String,
}

/// What an inference will cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuoteView {
	/// The weight that is charged.
	pub weight: WeightView,
	/// Bytes of the signed extrinsic, as far as they can be known before it is signed.
	pub extrinsic_length: u32,
	/// The part of the fee that depends on neither weight nor length.
	pub base_fee: String,
	/// The part of the fee that pays for the extrinsic's bytes.
	pub length_fee: String,
	/// The part of the fee that pays for the weight.
	pub weight_fee: String,
	/// What the release's owner earns.
	pub royalty: String,
	/// What the model's hosts earn.
	pub hosts_share: String,
	/// The sum of all, without a tip.
	pub total: String,
}

/// A weight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WeightView {
	/// Picoseconds of computation on the reference machine.
	pub ref_time: u64,
	/// Bytes of storage proof.
	pub proof_size: u64,
}

/// What a dry run returns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DryRunView {
	/// The model that ran.
	pub model: String,
	/// The hash of the inputs, as a receipt would hold it.
	pub input_hash: H256,
	/// The hash of the outputs, as a receipt would hold it.
	pub output_hash: H256,
	/// The answer.
	pub outputs: Vec<TensorJson>,
}

/// The record of an inference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptView {
	/// Its number.
	pub id: u64,
	/// Who asked.
	pub caller: String,
	/// What was called.
	pub release: String,
	/// The model that ran.
	pub model: String,
	/// The block in which the answer was computed.
	pub block: BlockNumber,
	/// The hash of the inputs.
	pub input_hash: H256,
	/// The hash of the outputs.
	pub output_hash: H256,
	/// The answer.
	pub outputs: Vec<TensorJson>,
}

/// A model's id as JSON spells it.
pub fn id_text(id: &ModelId) -> String {
	format!("0x{id}")
}

/// A model's id from JSON.
///
/// # Errors
///
/// Says so if it is no 32 bytes of hexadecimal.
pub fn parse_id(text: &str) -> Result<ModelId, Error> {
	text.parse().map_err(|e| {
		Error::invalid(format!(
			"model id `{text}`: {e}; it is the file's BLAKE3 hash, 64 hex digits"
		))
	})
}

/// An account as an SS58 address.
pub fn account_text(account: &AccountId) -> String {
	account.to_ss58check_with_version(Ss58AddressFormat::custom(SS58_FORMAT))
}

/// An account from an SS58 address.
///
/// # Errors
///
/// Says what is wrong with it.
pub fn parse_account(text: &str) -> Result<AccountId, Error> {
	AccountId::from_ss58check(text)
		.map_err(|e| Error::invalid(format!("account `{text}`: {e}; it is an SS58 address")))
}

/// Bytes that should be UTF-8, as text.
pub fn name_text(name: &[u8]) -> String {
	String::from_utf8_lossy(name).into_owned()
}

/// A release as `owner/name@version`.
pub fn release_text(release: &ReleaseId<AccountId>) -> String {
	format!(
		"{}/{}@{}",
		account_text(&release.owner),
		name_text(&release.name),
		name_text(&release.version),
	)
}

/// A release from `owner/name@version`.
///
/// # Errors
///
/// Says which part is missing or malformed.
pub fn parse_release(text: &str) -> Result<ReleaseId<AccountId>, Error> {
	let form = "a release is owner/name@version, with the owner as an SS58 address";
	let (owner, rest) = text
		.split_once('/')
		.ok_or_else(|| Error::invalid(format!("release `{text}` has no `/`: {form}")))?;
	let (name, version) = rest
		.rsplit_once('@')
		.ok_or_else(|| Error::invalid(format!("release `{text}` has no `@`: {form}")))?;
	let owner = AccountId::from_ss58check(owner)
		.map_err(|e| Error::invalid(format!("release `{text}`: owner `{owner}`: {e}; {form}")))?;
	let bounded = |what: &str, limit: usize| {
		Error::invalid(format!(
			"release `{text}`: the {what} must be 1 to {limit} characters"
		))
	};
	if name.is_empty() {
		return Err(bounded("name", 64));
	}
	if version.is_empty() {
		return Err(bounded("version", 32));
	}
	Ok(ReleaseId {
		owner,
		name: name
			.as_bytes()
			.to_vec()
			.try_into()
			.map_err(|_| bounded("name", 64))?,
		version: version
			.as_bytes()
			.to_vec()
			.try_into()
			.map_err(|_| bounded("version", 32))?,
	})
}

/// Element type and shape as messages show them: `f32 [1, 8]`.
pub fn describe(dtype: DType, shape: &[u32]) -> String {
	format!("{} {shape:?}", dtype.name())
}

impl From<&NamedTensor> for TensorJson {
	fn from(named: &NamedTensor) -> Self {
		Self {
			name: name_text(&named.name),
			dtype: named.tensor.dtype.name().into(),
			shape: named.tensor.shape.to_vec(),
			data: format!("0x{}", hex::encode(&named.tensor.data)),
		}
	}
}

impl TryFrom<TensorJson> for NamedTensor {
	type Error = Error;

	fn try_from(json: TensorJson) -> Result<Self, Error> {
		let TensorJson {
			name,
			dtype,
			shape,
			data,
		} = json;
		let invalid = |what: String| Error::invalid(format!("tensor `{name}`: {what}"));
		let dtype = DType::from_name(&dtype).ok_or_else(|| {
			invalid(format!(
				"dtype `{dtype}` is none of f32, f64, u8, i8, u16, i16, u32, i32, u64, i64, bool",
			))
		})?;
		let rank = shape.len();
		let shape = Shape::try_from(shape)
			.map_err(|_| invalid(format!("rank {rank}, but at most 8 is allowed")))?;
		let digits = data
			.strip_prefix("0x")
			.ok_or_else(|| invalid("data must be hexadecimal and begin with 0x".into()))?;
		let bytes = hex::decode(digits).map_err(|e| invalid(format!("data: {e}")))?;
		let len = bytes.len();
		let data = bytes.try_into().map_err(|_| {
			invalid(format!(
				"{len} bytes of data, but a tensor of a call holds at most 4 MiB"
			))
		})?;
		let bounded = name.as_bytes().to_vec().try_into();
		let name = bounded.map_err(|_| invalid("the name is longer than 128 bytes".into()))?;
		Ok(Self {
			name,
			tensor: Tensor { dtype, shape, data },
		})
	}
}

impl From<&TensorSchema> for SchemaView {
	fn from(schema: &TensorSchema) -> Self {
		Self {
			name: name_text(&schema.name),
			dtype: schema.dtype.name(),
			shape: schema.shape.to_vec(),
		}
	}
}

impl From<&Cost> for CostView {
	fn from(cost: &Cost) -> Self {
		Self {
			macs: cost.macs,
			bytes: cost.bytes,
			steps: cost.steps,
			transcendentals: cost.transcendentals,
		}
	}
}

impl From<&ModelReport> for ReportView {
	fn from(report: &ModelReport) -> Self {
		Self {
			profile: report.profile,
			inputs: report.inputs.iter().map(Into::into).collect(),
			outputs: report.outputs.iter().map(Into::into).collect(),
			cost: (&report.cost).into(),
			plan_bytes: report.plan_bytes,
			peak_bytes: report.peak_bytes,
			node_count: report.node_count,
		}
	}
}

impl From<ModelStage<BlockNumber>> for StageView {
	fn from(stage: ModelStage<BlockNumber>) -> Self {
		match stage {
			ModelStage::Uploading { expires } => Self::Uploading { expires },
			ModelStage::Queued { admission } => Self::Queued { admission },
			ModelStage::Maturing { resident } => Self::Maturing { resident },
			ModelStage::Resident => Self::Resident,
			ModelStage::Removing => Self::Removing,
			ModelStage::Dormant => Self::Dormant,
			ModelStage::Leaving { until } => Self::Leaving { until },
		}
	}
}

impl From<&ModelInfo<AccountId, BlockNumber>> for ModelView {
	fn from(info: &ModelInfo<AccountId, BlockNumber>) -> Self {
		Self {
			id: id_text(&info.id),
			owner: account_text(&info.owner),
			size: info.size,
			stage: info.stage.into(),
			release_count: info.releases,
			report: info.report.as_ref().map(Into::into),
		}
	}
}

impl ReleaseView {
	/// A release as JSON shows it.
	pub fn new(id: &ReleaseId<AccountId>, info: &ReleaseInfo<Balance, BlockNumber>) -> Self {
		Self {
			release: release_text(id),
			model: id_text(&info.model),
			royalty: info.royalty.to_string(),
			created: info.created,
			retired: info.retired,
		}
	}
}

impl QuoteView {
	/// A quote as JSON shows it.
	pub fn new(quote: &Quote<Balance>, extrinsic_length: u32) -> Self {
		Self {
			weight: WeightView {
				ref_time: quote.weight.ref_time(),
				proof_size: quote.weight.proof_size(),
			},
			extrinsic_length,
			base_fee: quote.base_fee.to_string(),
			length_fee: quote.length_fee.to_string(),
			weight_fee: quote.weight_fee.to_string(),
			royalty: quote.royalty.to_string(),
			hosts_share: quote.hosts_share.to_string(),
			total: quote.total.to_string(),
		}
	}
}

impl From<&DryRun> for DryRunView {
	fn from(run: &DryRun) -> Self {
		Self {
			model: id_text(&run.model),
			input_hash: run.input_hash,
			output_hash: run.output_hash,
			outputs: run.outputs.iter().map(Into::into).collect(),
		}
	}
}

impl ReceiptView {
	/// A receipt as JSON shows it.
	pub fn new(id: u64, receipt: &Receipt<AccountId, BlockNumber>) -> Self {
		Self {
			id,
			caller: account_text(&receipt.caller),
			release: release_text(&receipt.release),
			model: id_text(&receipt.model),
			block: receipt.block,
			input_hash: receipt.input_hash,
			output_hash: receipt.output_hash,
			outputs: receipt.outputs.iter().map(Into::into).collect(),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::{super::error::ErrorCode, *};
	use noema_primitives::tensor::named;
	use serde_json::json;

	const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

	#[test]
	fn tensors_round_trip_through_json() {
		let tensor = named("x", DType::I16, &[1, 2], vec![1, 0, 255, 255]).expect("in bounds");
		let value = serde_json::to_value(TensorJson::from(&tensor)).expect("it is plain data");
		assert_eq!(
			value,
			json!({ "name": "x", "dtype": "i16", "shape": [1, 2], "data": "0x0100ffff" }),
		);
		let json: TensorJson = serde_json::from_value(value).expect("it was just written");
		assert_eq!(NamedTensor::try_from(json), Ok(tensor));
	}

	#[test]
	fn bad_tensors_are_refused_with_what_to_change() {
		let good = TensorJson {
			name: "x".into(),
			dtype: "u8".into(),
			shape: vec![1],
			data: "0x00".into(),
		};
		let cases = [
			(
				TensorJson {
					dtype: "float".into(),
					..good.clone()
				},
				"dtype `float`",
			),
			(
				TensorJson {
					shape: vec![1; 9],
					..good.clone()
				},
				"rank 9",
			),
			(
				TensorJson {
					data: "00".into(),
					..good.clone()
				},
				"begin with 0x",
			),
			(
				TensorJson {
					data: "0x0".into(),
					..good.clone()
				},
				"data: ",
			),
			(
				TensorJson {
					data: "0xzz".into(),
					..good.clone()
				},
				"data: ",
			),
			(
				TensorJson {
					data: format!("0x{}", "00".repeat((4 << 20) + 1)),
					..good.clone()
				},
				"4 MiB",
			),
			(
				TensorJson {
					name: "n".repeat(129),
					..good
				},
				"128 bytes",
			),
		];
		for (tensor, text) in cases {
			let error = NamedTensor::try_from(tensor).expect_err(text);
			assert_eq!(error.code, ErrorCode::InvalidParams);
			assert!(error.message.contains(text), "{error}");
		}
		let unknown = json!({ "name": "x", "dtype": "u8", "shape": [], "data": "0x", "more": 1 });
		assert!(serde_json::from_value::<TensorJson>(unknown).is_err());
	}

	#[test]
	fn releases_round_trip() {
		let text = format!("{ALICE}/digits@1.0.0+b");
		let release = parse_release(&text).expect("it is well formed");
		assert_eq!(&release.name[..], b"digits");
		assert_eq!(&release.version[..], b"1.0.0+b");
		assert_eq!(release_text(&release), text);
	}

	#[test]
	fn bad_releases_are_refused_with_the_part_at_fault() {
		let long = format!("{ALICE}/{}@1", "n".repeat(65));
		let cases = [
			("digits", "no `/`"),
			("alice/digits", "no `@`"),
			("alice/digits@1", "owner `alice`"),
			(&format!("{ALICE}/@1"), "the name"),
			(&format!("{ALICE}/digits@"), "the version"),
			(&long, "the name"),
		];
		for (text, part) in cases {
			let error = parse_release(text).expect_err(part);
			assert_eq!(error.code, ErrorCode::InvalidParams);
			assert!(error.message.contains(part), "{error}");
		}
	}

	#[test]
	fn ids_are_hexadecimal() {
		let id = ModelId([0xab; 32]);
		assert_eq!(parse_id(&id_text(&id)), Ok(id));
		assert_eq!(parse_id(&id.to_string()), Ok(id));
		assert!(parse_id("0x12")
			.expect_err("too short")
			.message
			.contains("`0x12`"));
	}

	#[test]
	fn a_model_shows_its_stage_and_schema() {
		let tensor = named("x", DType::F32, &[1, 64], vec![]).expect("in bounds");
		let schema = TensorSchema {
			name: tensor.name,
			dtype: DType::F32,
			shape: tensor.tensor.shape,
		};
		let info = ModelInfo {
			id: ModelId([1; 32]),
			owner: AccountId::from_ss58check(ALICE).expect("a known account"),
			size: 3,
			stage: ModelStage::Maturing { resident: 9 },
			releases: 2,
			report: Some(ModelReport {
				profile: 1,
				inputs: vec![schema].try_into().expect("in bounds"),
				outputs: Default::default(),
				cost: Cost {
					macs: 5,
					bytes: 6,
					steps: 7,
					transcendentals: 8,
				},
				plan_bytes: 10,
				peak_bytes: 11,
				node_count: 12,
				plan: Default::default(),
			}),
		};
		let detail = ModelDetail {
			model: (&info).into(),
			releases: vec![],
		};
		assert_eq!(
			serde_json::to_value(detail).expect("it is plain data"),
			json!({
				"id": format!("0x{}", "01".repeat(32)),
				"owner": ALICE,
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
				"releases": [],
			}),
		);
	}

	#[test]
	fn balances_are_strings() {
		let quote = Quote {
			weight: sp_runtime::Weight::from_parts(1, 2),
			base_fee: 1,
			length_fee: 2,
			weight_fee: 3,
			royalty: u128::MAX,
			hosts_share: 5,
			total: 4,
		};
		assert_eq!(
			serde_json::to_value(QuoteView::new(&quote, 200)).expect("it is plain data"),
			json!({
				"weight": { "refTime": 1, "proofSize": 2 },
				"extrinsicLength": 200,
				"baseFee": "1",
				"lengthFee": "2",
				"weightFee": "3",
				"royalty": u128::MAX.to_string(),
				"hostsShare": "5",
				"total": "4",
			}),
		);
	}
}

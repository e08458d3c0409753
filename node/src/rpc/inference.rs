//! The `inference_*` methods.

use std::{fmt, sync::Arc};

use codec::Encode;
use jsonrpsee::proc_macros::rpc;
use noema_primitives::{
	api::{InferenceApi as _, ModelsApi as _},
	ModelId, ModelStage, NamedTensor, ReleaseId,
};
use noema_runtime::{AccountId, BlockNumber, Hash};
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;

use super::{
	dispatch::from_dispatch,
	error::{Error, ErrorCode},
	limit::{Denied, Limiter},
	schema,
	types::{
		id_text, parse_id, parse_release, DryRunView, ModelDetail, ModelView, ModelsPage,
		PageRequest, QuoteView, ReceiptView, ReleaseView, TensorJson,
	},
};
use crate::{metrics::Metrics, service::FullClient};

/// The most items in a page.
const MAX_PAGE: u32 = 100;

/// Models in a page that count as one look-up.
const MODELS_PER_LOOKUP: u32 = 10;

/// Bytes that a signed extrinsic takes beside its call and its length prefix: version (1), address
/// (33), signature (65), and of the extensions the mortal era (2), the nonce (at most 5), a tip of
/// zero (1) and the mode of the metadata-hash check (1).
const SIGNED_OVERHEAD: usize = 1 + 33 + 65 + 2 + 5 + 1 + 1;

/// Models, quotes, dry runs and receipts, without any knowledge of the storage's layout.
///
/// `at` is the hash of a block, the best one without it. Errors have the numbers of
/// [`ErrorCode`].
#[rpc(server, namespace = "inference")]
pub trait InferenceApi {
	/// Lists models in the order of their ids.
	#[method(name = "models", blocking)]
	fn models(&self, page: Option<PageRequest>, at: Option<Hash>) -> Result<ModelsPage, Error>;

	/// One model with its report and releases, by its id or by the name of a release.
	#[method(name = "model", blocking)]
	fn model(&self, model: String, at: Option<Hash>) -> Result<ModelDetail, Error>;

	/// What an `infer` extrinsic with these inputs will cost.
	#[method(name = "quote", blocking)]
	fn quote(
		&self,
		release: String,
		inputs: Vec<TensorJson>,
		at: Option<Hash>,
	) -> Result<QuoteView, Error>;

	/// The answer that an `infer` extrinsic in the next block would store. Nothing is paid.
	#[method(name = "dryRun", blocking)]
	fn dry_run(
		&self,
		release: String,
		inputs: Vec<TensorJson>,
		at: Option<Hash>,
	) -> Result<DryRunView, Error>;

	/// The receipt with this number; null if there is none, or none any more.
	#[method(name = "receipt", blocking)]
	fn receipt(&self, id: u64, at: Option<Hash>) -> Result<Option<ReceiptView>, Error>;
}

/// Answers them from the client's states.
pub struct Inference {
	client: Arc<FullClient>,
	limiter: Arc<Limiter>,
	metrics: Metrics,
}

impl fmt::Debug for Inference {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str("Inference")
	}
}

impl Inference {
	/// Answers from `client`, as often as `limiter` lets it.
	pub const fn new(client: Arc<FullClient>, limiter: Arc<Limiter>, metrics: Metrics) -> Self {
		Self {
			client,
			limiter,
			metrics,
		}
	}

	/// Checks all that can be checked before anything is computed.
	fn check(
		&self,
		at: Hash,
		name: &str,
		release: &ReleaseId<AccountId>,
		inputs: &[NamedTensor],
	) -> Result<(), Error> {
		let api = self.client.runtime_api();
		let info = api
			.release(at, release.clone())?
			.ok_or_else(|| unknown_release(name))?;
		if info.retired {
			return Err(Error::new(
				ErrorCode::ReleaseRetired,
				format!("release {name} is retired; call another version"),
			));
		}
		let model = api.model(at, info.model)?;
		let report = model.as_ref().and_then(|model| model.report.as_ref());
		let stage = model.as_ref().map(|model| model.stage);
		match (stage, report) {
			(Some(stage), Some(report)) if stage.is_callable() => {
				schema::check(inputs, &report.inputs)
			}
			(stage, _) => Err(Error::new(
				ErrorCode::NotResident,
				format!("model {} of release {name} {}", info.model, waiting(stage)),
			)),
		}
	}

	/// Counts `count` look-ups.
	fn look_up(&self, count: u32) -> Result<(), Error> {
		self.limiter.look_up(count).map_err(refused)
	}

	fn dry_run_at(
		&self,
		at: Hash,
		name: &str,
		inputs: Vec<TensorJson>,
	) -> Result<DryRunView, Error> {
		// What cannot be answered takes nothing from those whose calls can.
		let release = parse_release(name)?;
		let inputs = tensors(inputs)?;
		self.look_up(1)?;
		self.check(at, name, &release, &inputs)?;
		let _place = self.limiter.enter().map_err(refused)?;
		self.client
			.runtime_api()
			.dry_run(at, release, inputs)?
			.map(|run| (&run).into())
			.map_err(|e| from_dispatch(&e, name))
	}
}

impl InferenceApiServer for Inference {
	fn models(&self, page: Option<PageRequest>, at: Option<Hash>) -> Result<ModelsPage, Error> {
		let PageRequest { after, limit } = page.unwrap_or_default();
		let after = after.as_deref().map(parse_id).transpose()?;
		let limit = page_limit(limit, "models")?;
		self.look_up(limit.div_ceil(MODELS_PER_LOOKUP))?;
		let models = self
			.client
			.runtime_api()
			.models(or_best(&self.client, at), after, limit)?;
		let full = models.len() == limit as usize;
		let next = models.last().filter(|_| full).map(|last| id_text(&last.id));
		Ok(ModelsPage {
			models: models.iter().map(ModelView::from).collect(),
			next,
		})
	}

	fn model(&self, model: String, at: Option<Hash>) -> Result<ModelDetail, Error> {
		let at = or_best(&self.client, at);
		self.look_up(1)?;
		let api = self.client.runtime_api();
		let id: ModelId = if model.contains('/') {
			let release = api.release(at, parse_release(&model)?)?;
			release.ok_or_else(|| unknown_release(&model))?.model
		} else {
			parse_id(&model)?
		};
		let info = api.model(at, id)?.ok_or_else(|| {
			Error::new(
				ErrorCode::UnknownModel,
				format!("there is no model {model}"),
			)
		})?;
		let releases = api.releases_of(at, id)?;
		Ok(ModelDetail {
			model: (&info).into(),
			releases: releases
				.iter()
				.map(|(id, info)| ReleaseView::new(id, info))
				.collect(),
		})
	}

	fn quote(
		&self,
		name: String,
		inputs: Vec<TensorJson>,
		at: Option<Hash>,
	) -> Result<QuoteView, Error> {
		let at = or_best(&self.client, at);
		let release = parse_release(&name)?;
		let inputs = tensors(inputs)?;
		self.look_up(1)?;
		self.check(at, &name, &release, &inputs)?;
		let length = extrinsic_length(&release, &inputs);
		self.client
			.runtime_api()
			.quote(at, release, inputs, length)?
			.map(|quote| QuoteView::new(&quote, length))
			.map_err(|e| from_dispatch(&e, &name))
	}

	fn dry_run(
		&self,
		name: String,
		inputs: Vec<TensorJson>,
		at: Option<Hash>,
	) -> Result<DryRunView, Error> {
		let answer = self.dry_run_at(or_best(&self.client, at), &name, inputs);
		match &answer {
			Ok(_) => self.metrics.dry_runs_answered.inc(),
			Err(e) if matches!(e.code, ErrorCode::RateLimited | ErrorCode::Busy) => {
				self.metrics.dry_runs_refused.inc();
			}
			Err(_) => self.metrics.dry_runs_failed.inc(),
		}
		answer
	}

	fn receipt(&self, id: u64, at: Option<Hash>) -> Result<Option<ReceiptView>, Error> {
		let receipt = self
			.client
			.runtime_api()
			.receipt(or_best(&self.client, at), id)?;
		Ok(receipt.map(|receipt| ReceiptView::new(id, &receipt)))
	}
}

/// The most bytes of tensor data that an `infer` extrinsic, and so a quote or a dry run, may
/// bring: what Normal extrinsics may fill of a block.
fn max_input_bytes() -> usize {
	use frame_support::dispatch::DispatchClass;
	let lengths = <noema_runtime::Runtime as frame_system::Config>::BlockLength::get();
	*lengths.max.get(DispatchClass::Normal) as usize
}

/// The inputs of a call, within the bounds of an extrinsic.
fn tensors(inputs: Vec<TensorJson>) -> Result<Vec<NamedTensor>, Error> {
	const MAX_TENSORS: usize = noema_primitives::tensor::MAX_TENSORS as usize;
	let count = inputs.len();
	if count > MAX_TENSORS {
		return Err(Error::invalid(format!(
			"{count} inputs, but a call brings at most {MAX_TENSORS}"
		)));
	}
	// Each byte is two digits of JSON; what is too long is not decoded first.
	let bytes: usize = inputs.iter().map(|input| input.data.len() / 2).sum();
	let most = max_input_bytes();
	if bytes > most {
		return Err(Error::invalid(format!(
			"{bytes} bytes of inputs, but no extrinsic can bring more than {most}",
		)));
	}
	inputs.into_iter().map(TryInto::try_into).collect()
}

/// Bytes of the signed `infer` extrinsic: what its length fee is for.
///
/// The nonce is counted at its longest, so the fee is never more than quoted, but for a tip.
fn extrinsic_length(release: &ReleaseId<AccountId>, inputs: &[NamedTensor]) -> u32 {
	// Two bytes name the call.
	let body = SIGNED_OVERHEAD + 2 + release.encoded_size() + inputs.encoded_size();
	let body = u32::try_from(body).unwrap_or(u32::MAX);
	body.saturating_add(codec::Compact(body).encoded_size() as u32)
}

/// The block `at`, or the best one.
pub(super) fn or_best(client: &FullClient, at: Option<Hash>) -> Hash {
	at.unwrap_or_else(|| client.info().best_hash)
}

/// How many `items` a page shall have at most.
pub(super) fn page_limit(limit: Option<u32>, items: &str) -> Result<u32, Error> {
	let limit = limit.unwrap_or(MAX_PAGE);
	if !(1..=MAX_PAGE).contains(&limit) {
		return Err(Error::invalid(format!(
			"limit {limit}: ask for 1 to {MAX_PAGE} {items}"
		)));
	}
	Ok(limit)
}

/// The caller must come later.
pub(super) fn refused(denied: Denied) -> Error {
	let code = match denied {
		Denied::RateLimited { .. } | Denied::TooManyLookups { .. } => ErrorCode::RateLimited,
		Denied::Busy { .. } => ErrorCode::Busy,
	};
	Error::new(code, denied.to_string())
}

fn unknown_release(name: &str) -> Error {
	Error::new(
		ErrorCode::UnknownRelease,
		format!("there is no release {name}; check owner, name and version"),
	)
}

/// Why a model cannot be called, after "the model ...".
fn waiting(stage: Option<ModelStage<BlockNumber>>) -> String {
	match stage {
		None => "is gone".into(),
		Some(ModelStage::Uploading { .. }) => "is not uploaded yet".into(),
		Some(ModelStage::Queued { admission }) => {
			format!("waits for admission, at block {admission} or soon after")
		}
		Some(ModelStage::Maturing { resident }) => {
			format!("may be called from block {resident} on")
		}
		Some(ModelStage::Removing) => "is being removed".into(),
		Some(ModelStage::Dormant) => {
			"is dormant: hosts must commit more stake to it before it may be called in a block"
				.into()
		}
		Some(ModelStage::Resident | ModelStage::Leaving { .. }) => "has no report".into(),
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use noema_primitives::{tensor::named, DType};
	use noema_runtime::{tx_extension, Address, RuntimeCall, Signature, UncheckedExtrinsic};
	use sp_runtime::generic::Era;

	fn tensor(bytes: usize) -> TensorJson {
		TensorJson {
			name: "x".into(),
			dtype: "u8".into(),
			shape: vec![bytes as u32],
			data: format!("0x{}", "00".repeat(bytes)),
		}
	}

	#[test]
	fn inputs_that_no_extrinsic_can_bring_are_refused() {
		assert_eq!(tensors(vec![tensor(3)]).expect("in bounds").len(), 1);
		let error = tensors(vec![tensor(max_input_bytes() + 1)]).expect_err("too long");
		assert_eq!(error.code, ErrorCode::InvalidParams);
		let error = tensors(vec![tensor(1); 17]).expect_err("too many");
		assert!(error.message.contains("17 inputs"), "{error}");
	}

	/// The extrinsic as a wallet signs it, with the longest nonce.
	fn signed(release: ReleaseId<AccountId>, inputs: Vec<NamedTensor>) -> usize {
		let inputs = inputs.try_into().expect("in bounds");
		let call = RuntimeCall::Inference(pallet_inference::Call::infer { release, inputs });
		let extension = tx_extension(Era::mortal(64, 0), u32::MAX, 0, true);
		let account = AccountId::new([1; 32]);
		let signature = Signature::Sr25519(sp_core::sr25519::Signature::from_raw([0; 64]));
		UncheckedExtrinsic::new_signed(call, Address::Id(account), signature, extension)
			.encoded_size()
	}

	#[test]
	fn the_quoted_length_is_that_of_a_signed_extrinsic() {
		let release = ReleaseId {
			owner: AccountId::new([2; 32]),
			name: b"digits".to_vec().try_into().expect("in bounds"),
			version: b"1.0.0".to_vec().try_into().expect("in bounds"),
		};
		for bytes in [0usize, 1, 1000, 100_000] {
			let data = vec![0; bytes];
			let input = named("x", DType::U8, &[bytes as u32], data).expect("in bounds");
			let inputs = vec![input];
			let quoted = extrinsic_length(&release, &inputs) as usize;
			assert_eq!(quoted, signed(release.clone(), inputs), "{bytes} bytes");
		}
	}

	#[test]
	fn stages_tell_when_to_come_back() {
		assert!(waiting(Some(ModelStage::Maturing { resident: 7 })).contains("block 7"));
		assert!(waiting(Some(ModelStage::Queued { admission: 5 })).contains("block 5"));
		assert!(waiting(Some(ModelStage::Dormant)).contains("more stake"));
	}
}

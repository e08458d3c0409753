//! What the chain knows: models, quotes, receipts, balances.

use subxt::dynamic;
use subxt::ext::codec::Compact;
use subxt::ext::codec::{Decode, Encode};
use subxt::ext::scale_decode::DecodeAsType;
use subxt::ext::scale_value::{Value, ValueDef};
use subxt::rpcs::client::rpc_params;
use subxt::utils::AccountId32;

use super::types::{Balance, Cost, DryRun, ModelInfo, ModelsPage, Quote, Receipt, ReleaseInfo};
use super::{Chain, ChainError, Hash};
use crate::model::ModelId;
use crate::release::Release;
use crate::tensor::Tensor;

/// Codes of the `inference_*` methods.
mod code {
	pub(super) const UNKNOWN_RELEASE: i32 = 7001;
	pub(super) const UNKNOWN_MODEL: i32 = 7004;
}

/// A release and the model that it points at.
#[derive(Clone, Debug)]
pub struct ResolvedRelease {
	/// The release.
	pub info: ReleaseInfo,
	/// The model.
	pub model: ModelInfo,
}

impl Chain {
	/// A page of models, the first one after `after`.
	pub async fn models_page(&self, after: Option<ModelId>) -> Result<ModelsPage, ChainError> {
		let page = serde_json::json!({ "after": after, "limit": 100 });
		self.request("inference_models", rpc_params![page]).await
	}

	/// All models.
	pub async fn models(&self) -> Result<Vec<ModelInfo>, ChainError> {
		let mut models = Vec::new();
		let mut after = None;
		loop {
			let page = self.models_page(after).await?;
			models.extend(page.models);
			match page.next {
				Some(next) => after = Some(next),
				None => return Ok(models),
			}
		}
	}

	/// A model with its releases, at a block or else at the best one.
	pub async fn model(
		&self,
		id: ModelId,
		at: Option<Hash>,
	) -> Result<Option<ModelInfo>, ChainError> {
		let params = rpc_params![crate::hex_bytes::to_text(&id.0), at];
		match self.request("inference_model", params).await {
			Ok(model) => Ok(Some(model)),
			Err(ChainError::Rpc {
				code: code::UNKNOWN_MODEL,
				..
			}) => Ok(None),
			Err(error) => Err(error),
		}
	}

	/// A release and its model, at the best block.
	pub async fn release(&self, release: &Release) -> Result<ResolvedRelease, ChainError> {
		let name = release.to_string();
		let model: ModelInfo = self
			.request("inference_model", rpc_params![&name])
			.await
			.map_err(|error| match error {
				ChainError::Rpc {
					code: code::UNKNOWN_RELEASE,
					..
				} => ChainError::UnknownRelease(name.clone()),
				error => error,
			})?;
		let info = model
			.releases
			.iter()
			.find(|info| info.release == name)
			.cloned();
		let info = info.ok_or_else(|| {
			ChainError::Inconsistent(format!("{name} is not among the releases of its model"))
		})?;
		Ok(ResolvedRelease { info, model })
	}

	/// What an inference will cost, at the best block.
	pub async fn quote(&self, release: &Release, inputs: &[Tensor]) -> Result<Quote, ChainError> {
		self.request("inference_quote", rpc_params![release.to_string(), inputs])
			.await
	}

	/// The answer that an inference in the next block would store.
	pub async fn dry_run(
		&self,
		release: &Release,
		inputs: &[Tensor],
		at: Option<Hash>,
	) -> Result<DryRun, ChainError> {
		self.request(
			"inference_dryRun",
			rpc_params![release.to_string(), inputs, at],
		)
		.await
	}

	/// A receipt, at a block or else at the best one.
	pub async fn receipt(&self, id: u64, at: Option<Hash>) -> Result<Receipt, ChainError> {
		let receipt: Option<Receipt> = self
			.request("inference_receipt", rpc_params![id, at])
			.await?;
		receipt.ok_or(ChainError::UnknownReceipt(id))
	}

	/// Refuses, before anything is sent, what an account cannot pay.
	pub async fn check_can_pay(
		&self,
		account: &AccountId32,
		needed: u128,
	) -> Result<(), ChainError> {
		let free = self.balance(account).await?.free;
		if free < needed {
			return Err(ChainError::NotEnough {
				account: account.to_string(),
				free,
				needed,
			});
		}
		Ok(())
	}

	/// What an account holds, at the best block.
	pub async fn balance(&self, account: &AccountId32) -> Result<Balance, ChainError> {
		#[derive(DecodeAsType)]
		#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
		struct Account {
			data: Data,
		}
		#[derive(DecodeAsType)]
		#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
		struct Data {
			free: u128,
			reserved: u128,
			frozen: u128,
		}
		let failed = |error| ChainError::client("read the account", error);
		let at = self.at_best().await?;
		let address = dynamic::storage::<(AccountId32,), Account>("System", "Account");
		let account = at
			.storage()
			.fetch(address, (*account,))
			.await
			.map_err(|error| failed(subxt::Error::from(error)))?
			.decode()
			.map_err(|error| failed(subxt::Error::from(error)))?;
		let Data {
			free,
			reserved,
			frozen,
		} = account.data;
		Ok(Balance {
			free,
			reserved,
			frozen,
		})
	}

	/// Why the chain refused a model lately: code and subject.
	pub async fn refusal(&self, id: ModelId) -> Result<Option<(String, String)>, ChainError> {
		#[derive(DecodeAsType)]
		#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
		struct Record {
			id: ModelId,
			refusal: Refusal,
		}
		#[derive(DecodeAsType)]
		#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
		struct Refusal {
			code: Value<()>,
			subject: Vec<u8>,
		}
		let failed = |error| ChainError::client("read the refusals", error);
		let at = self.at_best().await?;
		let address = dynamic::storage::<(), Vec<Record>>("Models", "Refusals");
		let records = at
			.storage()
			.try_fetch(address, ())
			.await
			.map_err(|error| failed(subxt::Error::from(error)))?
			.map(|value| value.decode())
			.transpose()
			.map_err(|error| failed(subxt::Error::from(error)))?
			.unwrap_or_default();
		Ok(records
			.into_iter()
			.rev()
			.find(|record| record.id == id)
			.map(|record| {
				let code = match record.refusal.code.value {
					ValueDef::Variant(variant) => variant.name,
					_ => "unknown code".to_owned(),
				};
				(
					code,
					String::from_utf8_lossy(&record.refusal.subject).into_owned(),
				)
			}))
	}

	/// The indices of a model's chunks that are on the chain, at a block or else at the best one.
	pub async fn stored_chunks(
		&self,
		id: ModelId,
		at: Option<Hash>,
	) -> Result<Vec<u32>, ChainError> {
		const PAGE: u32 = 512;
		let at = match at {
			Some(block) => self.at(block).await?,
			None => self.at_best().await?,
		};
		let address = dynamic::storage::<(ModelId, u32), Value<()>>("Models", "Chunks");
		let prefix = at
			.storage()
			.entry(address)
			.and_then(|entry| entry.iter_key((id,)))
			.map_err(|error| ChainError::client("find the model's chunks", error))?;
		let mut indices = Vec::new();
		let mut start: Option<Vec<u8>> = None;
		loop {
			let keys = self
				.methods()
				.state_get_keys_paged(&prefix, PAGE, start.as_deref(), Some(at.block_hash()))
				.await
				.map_err(|error| ChainError::request("state_getKeysPaged", error))?;
			for key in &keys {
				let index = key
					.get(prefix.len()..)
					.and_then(|index| <[u8; 4]>::try_from(index).ok())
					.map(u32::from_le_bytes)
					.ok_or_else(|| ChainError::Inconsistent("a chunk has a strange key".into()))?;
				indices.push(index);
			}
			if keys.len() < PAGE as usize {
				return Ok(indices);
			}
			start = keys.last().cloned();
		}
	}

	/// The `ref_time` that a run of this cost is charged, in picoseconds.
	pub async fn run_weight(&self, cost: &Cost) -> Result<u64, ChainError> {
		self.weight_of("InferenceApi_run_weight", cost).await
	}

	/// The `ref_time`, in picoseconds, that a call of a model of this cost is charged beyond one that
	/// finds no release.
	pub async fn added_weight(&self, cost: &Cost) -> Result<u64, ChainError> {
		self.weight_of("InferenceApi_added_weight", cost).await
	}

	async fn weight_of(&self, method: &'static str, cost: &Cost) -> Result<u64, ChainError> {
		let cost = (cost.macs, cost.bytes, cost.steps, cost.transcendentals).encode();
		let bytes: Vec<u8> = self
			.methods()
			.state_call(method, Some(&cost), None)
			.await
			.map_err(|error| ChainError::request(method, error))?;
		// A weight: its time, and the size of its proof.
		let (ref_time, _) = <(Compact<u64>, Compact<u64>)>::decode(&mut bytes.as_slice())
			.map_err(|_| ChainError::Inconsistent("a weight is no weight".to_owned()))?;
		Ok(ref_time.0)
	}

	/// What this much `ref_time` costs, in picoseconds.
	pub async fn weight_to_fee(&self, ref_time: u64) -> Result<u128, ChainError> {
		const METHOD: &str = "TransactionPaymentApi_query_weight_to_fee";
		let weight = (Compact(ref_time), Compact(0u64)).encode();
		let bytes: Vec<u8> = self
			.methods()
			.state_call(METHOD, Some(&weight), None)
			.await
			.map_err(|error| ChainError::request(METHOD, error))?;
		u128::decode(&mut bytes.as_slice())
			.map_err(|_| ChainError::Inconsistent("a fee is no number".to_owned()))
	}
}

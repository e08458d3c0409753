//! The connection to a node: blocks, nonces, signing.

use std::sync::Arc;

use subxt::backend::LegacyBackend;
use subxt::client::OnlineClientAtBlock;
use subxt::config::{DefaultExtrinsicParamsBuilder, Hasher, RpcConfigFor};
use subxt::ext::scale_encode::EncodeAsFields;
use subxt::rpcs::client::{RpcClient, RpcParams, RpcSubscription};
use subxt::rpcs::methods::legacy::LegacyRpcMethods;
use subxt::transactions::DynamicPayload;
use subxt::utils::AccountId32;
use subxt::{OnlineClient, SubstrateConfig};
use subxt_signer::sr25519::Keypair;

use super::{ChainError, Hash};
use crate::keys::account_of;

/// Blocks for which a signed transaction stays valid.
pub(super) const MORTALITY: u64 = 256;

/// A block to work at: its metadata, storage and events.
pub type AtBlock = OnlineClientAtBlock<SubstrateConfig>;
/// The node's methods other than `inference_*`.
pub type Methods = LegacyRpcMethods<RpcConfigFor<SubstrateConfig>>;

/// A chain behind one node.
#[derive(Clone, Debug)]
pub struct Chain {
	client: OnlineClient<SubstrateConfig>,
	rpc: RpcClient,
	methods: Methods,
	url: String,
}

/// A signed extrinsic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
	/// The bytes for the pool.
	pub bytes: Vec<u8>,
	/// Their hash.
	pub hash: Hash,
	/// Who signed.
	pub account: AccountId32,
}

impl Chain {
	/// Connects to a node's WebSocket.
	pub async fn connect(url: &str) -> Result<Self, ChainError> {
		if !url.starts_with("ws://") && !url.starts_with("wss://") {
			return Err(ChainError::Url(url.to_owned()));
		}
		let connect = |source| ChainError::Connect {
			url: url.to_owned(),
			source,
		};
		let rpc = RpcClient::from_insecure_url(url).await.map_err(connect)?;
		let backend: LegacyBackend<SubstrateConfig> = LegacyBackend::builder().build(rpc.clone());
		let client =
			OnlineClient::from_backend_with_config(SubstrateConfig::new(), Arc::new(backend))
				.await
				.map_err(|error| ChainError::client("read the genesis block", error))?;
		let methods = LegacyRpcMethods::new(rpc.clone());
		Ok(Self {
			client,
			rpc,
			methods,
			url: url.to_owned(),
		})
	}

	/// The node's URL.
	pub fn url(&self) -> &str {
		&self.url
	}

	/// The node's methods other than `inference_*`.
	pub fn methods(&self) -> &Methods {
		&self.methods
	}

	/// Any request.
	pub async fn request<R: serde::de::DeserializeOwned>(
		&self,
		method: &str,
		params: RpcParams,
	) -> Result<R, ChainError> {
		self.rpc
			.request(method, params)
			.await
			.map_err(|error| ChainError::request(method, error))
	}

	/// Any subscription.
	pub async fn subscribe<R: serde::de::DeserializeOwned>(
		&self,
		method: &str,
		params: RpcParams,
		unsubscribe: &str,
	) -> Result<RpcSubscription<R>, ChainError> {
		self.rpc
			.subscribe(method, params, unsubscribe)
			.await
			.map_err(|error| ChainError::request(method, error))
	}

	/// The best block's hash.
	pub async fn best(&self) -> Result<Hash, ChainError> {
		let hash = self
			.methods
			.chain_get_block_hash(None)
			.await
			.map_err(|error| ChainError::request("chain_getBlockHash", error))?;
		hash.ok_or_else(|| ChainError::Inconsistent("it has no best block".to_owned()))
	}

	/// The last finalised block's hash.
	pub async fn finalized(&self) -> Result<Hash, ChainError> {
		self.methods
			.chain_get_finalized_head()
			.await
			.map_err(|error| ChainError::request("chain_getFinalizedHead", error))
	}

	/// A block's metadata, storage and events.
	pub async fn at(&self, block: Hash) -> Result<AtBlock, ChainError> {
		self.client
			.at_block(block)
			.await
			.map_err(|error| ChainError::client("read the block", error))
	}

	/// The best block's metadata, storage and events.
	pub async fn at_best(&self) -> Result<AtBlock, ChainError> {
		self.at(self.best().await?).await
	}

	/// The last finalised block's metadata, storage and events.
	pub async fn at_finalized(&self) -> Result<AtBlock, ChainError> {
		self.client
			.at_current_block()
			.await
			.map_err(|error| ChainError::client("read the last finalised block", error))
	}

	/// The account's next nonce, transactions in the pool included.
	pub async fn next_nonce(&self, account: &AccountId32) -> Result<u64, ChainError> {
		self.methods
			.system_account_next_index(account)
			.await
			.map_err(|error| ChainError::request("system_accountNextIndex", error))
	}

	/// Signs a call with this nonce, valid for 256 blocks.
	pub async fn sign<Args: EncodeAsFields>(
		&self,
		call: &DynamicPayload<Args>,
		key: &Keypair,
		nonce: u64,
	) -> Result<Signed, ChainError> {
		let at = self.at_finalized().await?;
		sign_at(&at, call, key, nonce)
	}

	/// The inclusion fee of a signed extrinsic, as the chain reckons it.
	pub async fn inclusion_fee(&self, signed: &Signed) -> Result<u128, ChainError> {
		#[derive(serde::Deserialize)]
		#[serde(rename_all = "camelCase")]
		struct FeeInfo {
			partial_fee: String,
		}
		let params = subxt::rpcs::client::rpc_params![crate::hex_bytes::to_text(&signed.bytes)];
		let info: FeeInfo = self.request("payment_queryInfo", params).await?;
		info.partial_fee
			.parse()
			.map_err(|_| ChainError::Inconsistent(format!("a fee of `{}`", info.partial_fee)))
	}
}

/// Signs a call at a block that was looked up before, so that many can be signed at once.
pub fn sign_at<Args: EncodeAsFields>(
	at: &AtBlock,
	call: &DynamicPayload<Args>,
	key: &Keypair,
	nonce: u64,
) -> Result<Signed, ChainError> {
	let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new()
		.nonce(nonce)
		.mortal_from_unchecked(MORTALITY, at.block_number(), at.block_hash())
		.build();
	let failed = |error| ChainError::client("sign the transaction", error);
	let extrinsic = at
		.transactions()
		.create_signable_offline(call, params)
		.map_err(|error| failed(subxt::Error::from(error)))?
		.sign(key)
		.map_err(|error| failed(subxt::Error::from(error)))?;
	let bytes = extrinsic.encoded().to_vec();
	let hash = at.hasher().hash(&bytes);
	Ok(Signed {
		bytes,
		hash,
		account: account_of(key),
	})
}

//! Why a chain did not do what was asked.

use subxt::rpcs;

use super::events::Failure;
use super::Hash;
use crate::amount;
use crate::model::ModelId;

/// Why a chain did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
	/// Nobody answers.
	#[error(
		"no node answers at {url}; start one with `noema-node --dev`, or name another with --url or NOEMA_URL"
	)]
	Connect {
		/// Where.
		url: String,
		/// What the connection says.
		source: rpcs::Error,
	},
	/// Not a WebSocket URL.
	#[error("`{0}` is no WebSocket URL; write ws://HOST:PORT or wss://HOST")]
	Url(String),
	/// A request failed.
	#[error("the node refuses {method}: {message}")]
	Rpc {
		/// The method.
		method: String,
		/// The node's words.
		message: String,
		/// The JSON-RPC error code.
		code: i32,
	},
	/// A request was not answered, or not in the form it should be.
	#[error("the request {method} failed")]
	Request {
		/// The method.
		method: String,
		/// What happened.
		source: rpcs::Error,
	},
	/// The client library failed: metadata, encoding, decoding.
	#[error("cannot {what}; is this a Noema chain, and this tool as new as the chain?")]
	Client {
		/// What was tried.
		what: &'static str,
		/// What happened.
		source: Box<subxt::Error>,
	},
	/// The pool refuses the transaction.
	#[error("the node's pool refuses the transaction: {reason}")]
	Pool {
		/// Why, and what to do.
		reason: String,
	},
	/// Another transaction has the nonce that this one was signed with.
	#[error("another transaction of this account took the nonce; wait until it is in a block, then try again")]
	NonceTaken,
	/// The account cannot pay.
	#[error("the account {account} cannot pay for this: it has {} free; send it some with `noema account transfer`", amount::format(*.free))]
	NoFunds {
		/// The account.
		account: String,
		/// What it can spend.
		free: u128,
	},
	/// The account has less than what is about to be taken from it.
	#[error("the account {account} has {} free, but this takes {} and more; send it some with `noema account transfer`", amount::format(*.free), amount::format(*.needed))]
	NotEnough {
		/// The account.
		account: String,
		/// What it can spend.
		free: u128,
		/// What it needs at least.
		needed: u128,
	},
	/// The pool gave the transaction up before it was in a block.
	#[error("the transaction {hash:?} was given up by the pool ({status}); send it again")]
	Dropped {
		/// The transaction.
		hash: Hash,
		/// The pool's word for it.
		status: &'static str,
	},
	/// The node stopped telling about the transaction.
	#[error("the node stopped reporting on the transaction {hash:?}; look for it with your account's nonce, or send it again")]
	Lost {
		/// The transaction.
		hash: Hash,
	},
	/// The transaction is in a block and failed there.
	#[error("the chain refuses this: {failure}")]
	Dispatch {
		/// Why.
		failure: Box<Failure>,
		/// The block.
		block: Hash,
		/// The fee, which is paid all the same.
		fee: Option<u128>,
	},
	/// The transaction is in a block whose events do not mention it.
	#[error("the block {block:?} holds no outcome of the transaction {hash:?}")]
	NoOutcome {
		/// The transaction.
		hash: Hash,
		/// The block.
		block: Hash,
	},
	/// The release is not on the chain.
	#[error("the chain has no release {0}; `noema model list` shows what it has")]
	UnknownRelease(String),
	/// The model is not on the chain.
	#[error("the chain has no model {0}; `noema model list` shows what it has")]
	UnknownModel(ModelId),
	/// There is no such receipt, or it is no longer kept.
	#[error("there is no receipt {0}; the chain keeps only the latest ones")]
	UnknownReceipt(u64),
	/// There is no such job, or it is no longer kept.
	#[error("there is no job {0}; the chain keeps results only for a time")]
	UnknownJob(u64),
	/// The job has no answer yet.
	#[error("job {id} has no answer yet: {phase}; follow it with `noema job watch {id}`")]
	NotAnswered {
		/// The job.
		id: u64,
		/// Where it stands.
		phase: super::jobs::Phase,
	},
	/// The job ended without outputs.
	#[error("job {id} has no outputs; {ending}")]
	NoOutputs {
		/// The job.
		id: u64,
		/// How it ended.
		ending: super::jobs::Ending,
	},
	/// The model waits for admission.
	#[error("the model {0} is not admitted yet; wait until it is")]
	NotAdmitted(ModelId),
	/// Nobody has staked on the model.
	#[error("no host has committed stake to the model {0}; ask another time, or host it yourself: `noema host --help`")]
	NoHosts(ModelId),
	/// Fewer hosts than asked for would take the job.
	#[error("{willing} of the hosts of the model {model} ask at most {}, and {asked} are to answer; offer more with --max-price, or ask fewer with --hosts", amount::format(*.max_price))]
	TooFewHosts {
		/// The model.
		model: ModelId,
		/// Hosts that would do it for the price.
		willing: usize,
		/// Hosts that are asked for.
		asked: u8,
		/// The price.
		max_price: u128,
	},
	/// The host has staked nothing on the model.
	#[error(
		"you have nothing staked on the model {0}; `noema host status` shows your commitments"
	)]
	NotCommitted(ModelId),
	/// The account hosts nothing.
	#[error("{0} is no host; it becomes one with `noema host bond`")]
	NotAHost(String),
	/// Somebody else is uploading the same file.
	#[error("{owner} is uploading the same file; wait until it is admitted, then release it")]
	ForeignUpload {
		/// Who.
		owner: String,
	},
	/// The model is on its way out.
	#[error("the model {0} is being removed; wait until it is gone, then register it again")]
	BeingRemoved(ModelId),
	/// The chain refused the model at admission.
	#[error("the chain refused the model: {code}, at fault: {subject}")]
	Refused {
		/// The refusal's code.
		code: String,
		/// The operator, tensor or limit at fault.
		subject: String,
	},
	/// The nodes have no room for another model's plan.
	#[error("the model {0} is fit, but nodes have no room for its plan now; run the command again when other models have been removed")]
	NoRoom(ModelId),
	/// The model is admitted, but there is no stake behind it, or no room for its plan.
	#[error("the model {0} is admitted, but dormant: it may be called in a block once hosts have committed enough stake to it and nodes have room for its plan")]
	Dormant(ModelId),
	/// The model vanished while it was waited for.
	#[error(
		"the model {0} is gone from the chain: it was cancelled, removed or refused meanwhile"
	)]
	Vanished(ModelId),
	/// The upload does not come to an end.
	#[error("the upload is not complete after {attempts} attempts: {missing} chunks are missing; run the command again to go on")]
	UploadIncomplete {
		/// How often it was tried.
		attempts: u32,
		/// Chunks that are not on the chain.
		missing: usize,
	},
	/// The fee is beyond what the user allows.
	#[error("the inference costs {}, more than --max-fee {}", amount::format(*.cost), amount::format(*.max))]
	TooExpensive {
		/// Fee, royalty and the share of the model's hosts.
		cost: u128,
		/// The user's limit.
		max: u128,
	},
	/// The node says one thing here and another thing there.
	#[error("the node contradicts itself: {0}")]
	Inconsistent(String),
}

impl ChainError {
	/// An error of a plain request.
	pub(crate) fn request(method: &str, error: rpcs::Error) -> Self {
		match error {
			rpcs::Error::User(error) => {
				let data = error.data.as_ref().map(|data| data.get().trim_matches('"'));
				let message = match data {
					Some(data) if !data.is_empty() && data != "null" => {
						format!("{} ({data})", error.message)
					}
					_ => error.message.clone(),
				};
				Self::Rpc {
					method: method.to_owned(),
					message,
					code: error.code,
				}
			}
			source => Self::Request {
				method: method.to_owned(),
				source,
			},
		}
	}

	/// An error of the client library.
	pub(crate) fn client(what: &'static str, error: impl Into<subxt::Error>) -> Self {
		Self::Client {
			what,
			source: Box::new(error.into()),
		}
	}

	/// The name of the pallet's error, such as `UnknownRelease`, if it is one.
	pub fn dispatch_name(&self) -> Option<&str> {
		match self {
			Self::Dispatch { failure, .. } => Some(&failure.name),
			_ => None,
		}
	}
}

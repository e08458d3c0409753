//! Noema's runtime.
//!
//! * [`configs`]: the pallets' configuration, one file an area,
//! * [`apis`]: what the node and wallets may ask,
//! * [`genesis`]: the presets of development chains,
//! * [`constants`]: time, money and the block's limits,
//! * [`weights`]: how an inference's cost becomes weight.
//!
//! The precompile is not part of the runtime: the runtime imports it from the node that executes
//! it (see `noema-precompile-inference`).

#![cfg_attr(not(feature = "std"), no_std)]
#![recursion_limit = "512"]
// FRAME's macros generate public items of the crate's root that cannot be documented from here.
#![allow(missing_docs)]

#[cfg(feature = "std")]
include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));

extern crate alloc;

pub mod apis;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarks;
pub mod configs;
pub mod constants;
pub mod genesis;
pub mod weights;

use alloc::{borrow::Cow, vec::Vec};
use sp_runtime::{
	generic, impl_opaque_keys,
	traits::{BlakeTwo256, IdentifyAccount, Verify},
	MultiAddress, MultiSignature,
};
use sp_version::RuntimeVersion;

pub use apis::{RuntimeApi, RUNTIME_API_VERSIONS};

/// Any of the three signature schemes of Substrate.
pub type Signature = MultiSignature;
/// The public key, or the hash of one, by which an account is known.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// Pico-NOE: 12 decimals.
pub type Balance = u128;
/// The number of a transaction of one account.
pub type Nonce = u32;
/// The height of a block.
pub type BlockNumber = u32;
/// BLAKE2b-256.
pub type Hash = sp_core::H256;
/// How an extrinsic names an account.
pub type Address = MultiAddress<AccountId, ()>;
/// The header of a block.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// A block.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;

/// What a transaction carries beside its call, in this order.
pub type TxExtension = (
	frame_system::AuthorizeCall<Runtime>,
	frame_system::CheckNonZeroSender<Runtime>,
	frame_system::CheckSpecVersion<Runtime>,
	frame_system::CheckTxVersion<Runtime>,
	frame_system::CheckGenesis<Runtime>,
	frame_system::CheckEra<Runtime>,
	frame_system::CheckNonce<Runtime>,
	frame_system::CheckWeight<Runtime>,
	pallet_models::CheckUploads<Runtime>,
	pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
	frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
	frame_system::WeightReclaim<Runtime>,
);

/// What a transaction carries, for this era, with this nonce and tip; and whether the signature covers the
/// metadata's hash.
pub fn tx_extension(
	era: generic::Era,
	nonce: Nonce,
	tip: Balance,
	covers_metadata: bool,
) -> TxExtension {
	(
		frame_system::AuthorizeCall::new(),
		frame_system::CheckNonZeroSender::new(),
		frame_system::CheckSpecVersion::new(),
		frame_system::CheckTxVersion::new(),
		frame_system::CheckGenesis::new(),
		frame_system::CheckEra::from(era),
		frame_system::CheckNonce::from(nonce),
		frame_system::CheckWeight::new(),
		pallet_models::CheckUploads::new(),
		pallet_transaction_payment::ChargeTransactionPayment::from(tip),
		frame_metadata_hash_extension::CheckMetadataHash::new(covers_metadata),
		frame_system::WeightReclaim::new(),
	)
}

/// An extrinsic as it travels.
pub type UncheckedExtrinsic =
	generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;

/// What a signature covers.
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;

/// Runs blocks.
pub type Executive = frame_executive::Executive<
	Runtime,
	Block,
	frame_system::ChainContext<Runtime>,
	Runtime,
	AllPalletsWithSystem,
>;

impl_opaque_keys! {
	/// The keys by which a validator authors and finalises.
	pub struct SessionKeys {
		/// Authors blocks (sr25519).
		pub babe: Babe,
		/// Finalises them (ed25519).
		pub grandpa: Grandpa,
	}
}

/// The version of this runtime.
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
	spec_name: Cow::Borrowed("noema"),
	impl_name: Cow::Borrowed("noema-node"),
	authoring_version: 1,
	spec_version: 100,
	impl_version: 1,
	apis: RUNTIME_API_VERSIONS,
	transaction_version: 1,
	system_version: 1,
};

#[frame_support::runtime]
mod runtime {
	/// The composition of all pallets.
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeSlashReason,
		RuntimeLockId,
		RuntimeTask,
		RuntimeViewFunction
	)]
	pub struct Runtime;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;
	#[runtime::pallet_index(1)]
	pub type Timestamp = pallet_timestamp;
	#[runtime::pallet_index(2)]
	pub type Babe = pallet_babe;
	#[runtime::pallet_index(3)]
	pub type Authorship = pallet_authorship;
	#[runtime::pallet_index(4)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(5)]
	pub type TransactionPayment = pallet_transaction_payment;
	#[runtime::pallet_index(6)]
	pub type Historical = pallet_session::historical;
	#[runtime::pallet_index(7)]
	pub type Session = pallet_session;
	#[runtime::pallet_index(8)]
	pub type Offences = pallet_offences;
	#[runtime::pallet_index(9)]
	pub type Grandpa = pallet_grandpa;
	#[runtime::pallet_index(10)]
	pub type Finality = pallet_finality;

	#[runtime::pallet_index(20)]
	pub type Utility = pallet_utility;
	#[runtime::pallet_index(21)]
	pub type Proxy = pallet_proxy;
	#[runtime::pallet_index(22)]
	pub type Multisig = pallet_multisig;
	#[runtime::pallet_index(23)]
	pub type Preimage = pallet_preimage;
	#[runtime::pallet_index(24)]
	pub type Scheduler = pallet_scheduler;
	#[runtime::pallet_index(25)]
	pub type Sudo = pallet_sudo;

	#[runtime::pallet_index(40)]
	pub type Models = pallet_models;
	#[runtime::pallet_index(41)]
	pub type Inference = pallet_inference;
	#[runtime::pallet_index(42)]
	pub type Hosting = pallet_hosting;
	#[runtime::pallet_index(43)]
	pub type Jobs = pallet_jobs;
}

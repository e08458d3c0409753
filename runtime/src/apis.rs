//! What the node and wallets may ask of the runtime.

// The expansion exports functions to the host; nothing here is unsafe by hand.
#![allow(unsafe_code, missing_docs)]

use alloc::vec::Vec;
use frame_support::{
	dispatch::GetDispatchInfo,
	genesis_builder_helper::{build_state, get_preset},
};
use noema_primitives::{
	hosting::HostInfo,
	jobs::{BlobInfo, JobInfo, JobParams},
	Cost, DryRun, JobId, ModelId, ModelInfo, NamedTensor, Quote, Receipt, ReceiptId, ReleaseId,
	ReleaseInfo, WorkItem,
};
use pallet_grandpa::AuthorityId as GrandpaId;
use sp_api::impl_runtime_apis;
use sp_core::{crypto::KeyTypeId, OpaqueMetadata, H256};
use sp_runtime::{
	traits::{Block as BlockT, Convert, NumberFor},
	transaction_validity::{TransactionSource, TransactionValidity},
	ApplyExtrinsicResult, DispatchError, Weight,
};
use sp_session::OpaqueGeneratedSessionKeys;
use sp_version::RuntimeVersion;

use crate::{
	configs::EPOCH_CONFIGURATION, genesis, weights::CostToWeight, AccountId, Babe, Balance, Block,
	BlockNumber, Executive, Grandpa, Historical, Hosting, Inference, InherentDataExt, Jobs, Models,
	Nonce, Runtime, RuntimeCall, RuntimeGenesisConfig, SessionKeys, System, TransactionPayment,
	VERSION,
};

impl_runtime_apis! {
	impl sp_api::Core<Block> for Runtime {
		fn version() -> RuntimeVersion {
			VERSION
		}

		fn execute_block(block: <Block as BlockT>::LazyBlock) {
			Executive::execute_block(block);
		}

		fn initialize_block(
			header: &<Block as BlockT>::Header,
		) -> sp_runtime::ExtrinsicInclusionMode {
			Executive::initialize_block(header)
		}
	}

	impl sp_api::Metadata<Block> for Runtime {
		fn metadata() -> OpaqueMetadata {
			OpaqueMetadata::new(Runtime::metadata().into())
		}

		fn metadata_at_version(version: u32) -> Option<OpaqueMetadata> {
			Runtime::metadata_at_version(version)
		}

		fn metadata_versions() -> Vec<u32> {
			Runtime::metadata_versions()
		}
	}

	impl frame_support::view_functions::runtime_api::RuntimeViewFunction<Block> for Runtime {
		fn execute_view_function(
			id: frame_support::view_functions::ViewFunctionId,
			input: Vec<u8>,
		) -> Result<Vec<u8>, frame_support::view_functions::ViewFunctionDispatchError> {
			Runtime::execute_view_function(id, input)
		}
	}

	impl sp_block_builder::BlockBuilder<Block> for Runtime {
		fn apply_extrinsic(extrinsic: <Block as BlockT>::Extrinsic) -> ApplyExtrinsicResult {
			Executive::apply_extrinsic(extrinsic)
		}

		fn finalize_block() -> <Block as BlockT>::Header {
			Executive::finalize_block()
		}

		fn inherent_extrinsics(
			data: sp_inherents::InherentData,
		) -> Vec<<Block as BlockT>::Extrinsic> {
			data.create_extrinsics()
		}

		fn check_inherents(
			block: <Block as BlockT>::LazyBlock,
			data: sp_inherents::InherentData,
		) -> sp_inherents::CheckInherentsResult {
			data.check_extrinsics(&block)
		}
	}

	impl sp_transaction_pool::runtime_api::TaggedTransactionQueue<Block> for Runtime {
		fn validate_transaction(
			source: TransactionSource,
			tx: <Block as BlockT>::Extrinsic,
			block_hash: <Block as BlockT>::Hash,
		) -> TransactionValidity {
			Executive::validate_transaction(source, tx, block_hash)
		}
	}

	impl sp_offchain::OffchainWorkerApi<Block> for Runtime {
		fn offchain_worker(header: &<Block as BlockT>::Header) {
			Executive::offchain_worker(header);
		}
	}

	impl sp_consensus_babe::BabeApi<Block> for Runtime {
		fn configuration() -> sp_consensus_babe::BabeConfiguration {
			let epoch = Babe::epoch_config().unwrap_or(EPOCH_CONFIGURATION);
			sp_consensus_babe::BabeConfiguration {
				slot_duration: Babe::slot_duration(),
				epoch_length: <Runtime as pallet_babe::Config>::EpochDuration::get(),
				c: epoch.c,
				authorities: Babe::authorities().to_vec(),
				randomness: Babe::randomness(),
				allowed_slots: epoch.allowed_slots,
			}
		}

		fn current_epoch_start() -> sp_consensus_babe::Slot {
			Babe::current_epoch_start()
		}

		fn current_epoch() -> sp_consensus_babe::Epoch {
			Babe::current_epoch()
		}

		fn next_epoch() -> sp_consensus_babe::Epoch {
			Babe::next_epoch()
		}

		fn generate_key_ownership_proof(
			_slot: sp_consensus_babe::Slot,
			authority: sp_consensus_babe::AuthorityId,
		) -> Option<sp_consensus_babe::OpaqueKeyOwnershipProof> {
			prove_key(sp_consensus_babe::KEY_TYPE, authority)
				.map(sp_consensus_babe::OpaqueKeyOwnershipProof::new)
		}

		fn submit_report_equivocation_unsigned_extrinsic(
			equivocation: sp_consensus_babe::EquivocationProof<<Block as BlockT>::Header>,
			ownership: sp_consensus_babe::OpaqueKeyOwnershipProof,
		) -> Option<()> {
			Babe::submit_unsigned_equivocation_report(equivocation, ownership.decode()?)
		}
	}

	impl sp_consensus_grandpa::GrandpaApi<Block> for Runtime {
		fn grandpa_authorities() -> sp_consensus_grandpa::AuthorityList {
			Grandpa::grandpa_authorities()
		}

		fn current_set_id() -> sp_consensus_grandpa::SetId {
			pallet_grandpa::CurrentSetId::<Runtime>::get()
		}

		fn generate_key_ownership_proof(
			_set: sp_consensus_grandpa::SetId,
			authority: GrandpaId,
		) -> Option<sp_consensus_grandpa::OpaqueKeyOwnershipProof> {
			prove_key(sp_consensus_grandpa::KEY_TYPE, authority)
				.map(sp_consensus_grandpa::OpaqueKeyOwnershipProof::new)
		}

		fn submit_report_equivocation_unsigned_extrinsic(
			equivocation: sp_consensus_grandpa::EquivocationProof<
				<Block as BlockT>::Hash,
				NumberFor<Block>,
			>,
			ownership: sp_consensus_grandpa::OpaqueKeyOwnershipProof,
		) -> Option<()> {
			Grandpa::submit_unsigned_equivocation_report(equivocation, ownership.decode()?)
		}
	}

	impl sp_session::SessionKeys<Block> for Runtime {
		fn generate_session_keys(
			owner: Vec<u8>,
			seed: Option<Vec<u8>>,
		) -> OpaqueGeneratedSessionKeys {
			SessionKeys::generate(&owner, seed).into()
		}

		fn decode_session_keys(encoded: Vec<u8>) -> Option<Vec<(Vec<u8>, KeyTypeId)>> {
			SessionKeys::decode_into_raw_public_keys(&encoded)
		}
	}

	impl frame_system_rpc_runtime_api::AccountNonceApi<Block, AccountId, Nonce> for Runtime {
		fn account_nonce(account: AccountId) -> Nonce {
			System::account_nonce(account)
		}
	}

	impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentApi<Block, Balance>
		for Runtime
	{
		fn query_info(
			uxt: <Block as BlockT>::Extrinsic,
			len: u32,
		) -> pallet_transaction_payment_rpc_runtime_api::RuntimeDispatchInfo<Balance> {
			enter_next_block();
			TransactionPayment::query_info(uxt, len)
		}

		fn query_fee_details(
			uxt: <Block as BlockT>::Extrinsic,
			len: u32,
		) -> pallet_transaction_payment::FeeDetails<Balance> {
			enter_next_block();
			TransactionPayment::query_fee_details(uxt, len)
		}

		fn query_weight_to_fee(weight: frame_support::weights::Weight) -> Balance {
			TransactionPayment::weight_to_fee(weight)
		}

		fn query_length_to_fee(length: u32) -> Balance {
			TransactionPayment::length_to_fee(length)
		}
	}

	impl noema_primitives::api::ModelsApi<Block, AccountId, Balance, BlockNumber> for Runtime {
		fn models(
			after: Option<ModelId>,
			limit: u32,
		) -> Vec<ModelInfo<AccountId, BlockNumber>> {
			Models::models(after, limit)
		}

		fn model(id: ModelId) -> Option<ModelInfo<AccountId, BlockNumber>> {
			Models::model(id)
		}

		fn release(id: ReleaseId<AccountId>) -> Option<ReleaseInfo<Balance, BlockNumber>> {
			Models::release_info(&id)
		}

		fn releases_of(
			id: ModelId,
		) -> Vec<(ReleaseId<AccountId>, ReleaseInfo<Balance, BlockNumber>)> {
			Models::releases_of(id)
		}

		fn working_set() -> Vec<WorkItem> {
			Models::working_set()
		}
	}

	impl noema_primitives::api::InferenceApi<Block, AccountId, Balance, BlockNumber> for Runtime {
		fn quote(
			release: ReleaseId<AccountId>,
			inputs: Vec<NamedTensor>,
			extrinsic_len: u32,
		) -> Result<Quote<Balance>, DispatchError> {
			enter_next_block();
			let found = Inference::quote(&release)?;
			let inputs = inputs
				.try_into()
				.map_err(|_| DispatchError::Other("more inputs than a call may bring"))?;
			let call = RuntimeCall::Inference(pallet_inference::Call::infer { release, inputs });
			let mut info = call.get_dispatch_info();
			info.extension_weight = extension_weight(&call);
			let fees = TransactionPayment::compute_fee_details(extrinsic_len, &info, 0);
			let inclusion = fees.inclusion_fee.ok_or(DispatchError::Unavailable)?;
			Ok(Quote {
				weight: info.total_weight(),
				base_fee: inclusion.base_fee,
				length_fee: inclusion.len_fee,
				weight_fee: inclusion.adjusted_weight_fee,
				royalty: found.royalty,
				hosts_share: found.hosts_share,
				total: inclusion
					.inclusion_fee()
					.saturating_add(found.royalty)
					.saturating_add(found.hosts_share),
			})
		}

		fn dry_run(
			release: ReleaseId<AccountId>,
			inputs: Vec<NamedTensor>,
		) -> Result<DryRun, DispatchError> {
			enter_next_block();
			Inference::dry_run(&release, inputs)
		}

		fn run_weight(cost: Cost) -> Weight {
			CostToWeight::convert(cost)
		}

		fn added_weight(cost: Cost) -> Weight {
			Inference::added_weight(&cost)
		}

		fn receipt(id: ReceiptId) -> Option<Receipt<AccountId, BlockNumber>> {
			Inference::receipt(id)
		}
	}

	impl noema_primitives::api::HostingApi<Block, AccountId, Balance, BlockNumber> for Runtime {
		fn host(account: AccountId) -> Option<HostInfo<AccountId, Balance, BlockNumber>> {
			Hosting::host(account)
		}

		fn hosts(
			model: Option<ModelId>,
			after: Option<AccountId>,
			limit: u32,
		) -> Vec<HostInfo<AccountId, Balance, BlockNumber>> {
			Hosting::hosts(model, after, limit)
		}

		fn requirement(model: ModelId) -> Option<Balance> {
			Hosting::requirement(model)
		}
	}

	impl noema_primitives::api::JobsApi<Block, AccountId, Balance, BlockNumber> for Runtime {
		fn job(id: JobId) -> Option<JobInfo<AccountId, Balance, BlockNumber>> {
			Jobs::job(id)
		}

		fn jobs(
			after: Option<JobId>,
			limit: u32,
		) -> Vec<JobInfo<AccountId, Balance, BlockNumber>> {
			Jobs::jobs(after, limit)
		}

		fn inputs(id: JobId) -> Option<Vec<NamedTensor>> {
			Jobs::inputs(id)
		}

		fn assignments(host: AccountId) -> Vec<JobId> {
			Jobs::assignments(host)
		}

		fn open_jobs() -> Vec<JobId> {
			Jobs::open_jobs()
		}

		fn leaves(id: JobId, trace_root: H256) -> Option<Vec<H256>> {
			Jobs::leaves(id, trace_root)
		}

		fn blob(owner: AccountId, hash: [u8; 32]) -> Option<BlobInfo<BlockNumber>> {
			Jobs::blob(owner, hash)
		}

		fn params() -> JobParams<Balance, BlockNumber> {
			Jobs::params()
		}
	}

	impl sp_genesis_builder::GenesisBuilder<Block> for Runtime {
		fn build_state(config: Vec<u8>) -> sp_genesis_builder::Result {
			build_state::<RuntimeGenesisConfig>(config)
		}

		fn get_preset(id: &Option<sp_genesis_builder::PresetId>) -> Option<Vec<u8>> {
			get_preset::<RuntimeGenesisConfig>(id, genesis::get_preset)
		}

		fn preset_names() -> Vec<sp_genesis_builder::PresetId> {
			genesis::preset_names()
		}
	}

	#[cfg(feature = "runtime-benchmarks")]
	impl frame_benchmarking::Benchmark<Block> for Runtime {
		fn benchmark_metadata(
			extra: bool,
		) -> (Vec<frame_benchmarking::BenchmarkList>, Vec<frame_support::traits::StorageInfo>) {
			crate::benchmarks::metadata(extra)
		}

		fn dispatch_benchmark(
			config: frame_benchmarking::BenchmarkConfig,
		) -> Result<Vec<frame_benchmarking::BenchmarkBatch>, alloc::string::String> {
			crate::benchmarks::dispatch(config)
		}
	}

	#[cfg(feature = "try-runtime")]
	impl frame_try_runtime::TryRuntime<Block> for Runtime {
		fn on_runtime_upgrade(
			checks: frame_try_runtime::UpgradeCheckSelect,
		) -> (frame_support::weights::Weight, frame_support::weights::Weight) {
			let weight = Executive::try_runtime_upgrade(checks).expect("the upgrade is sound");
			(weight, crate::constants::block::MAX_WEIGHT)
		}

		fn execute_block(
			block: <Block as BlockT>::LazyBlock,
			state_root_check: bool,
			signature_check: bool,
			select: frame_try_runtime::TryStateSelect,
		) -> frame_support::weights::Weight {
			Executive::try_execute_block(block, state_root_check, signature_check, select)
				.expect("the block is sound")
		}
	}
}

/// What may be called is what may be called in the next block, the first that a transaction can
/// reach: a release of this very block, for one.
fn enter_next_block() {
	let next = System::block_number().saturating_add(1);
	System::initialize(&next, &System::parent_hash(), &Default::default());
}

/// Proves that `key` belongs to a validator of the current session.
fn prove_key(kind: KeyTypeId, key: impl codec::Encode) -> Option<Vec<u8>> {
	use frame_support::traits::KeyOwnerProofSystem;
	Historical::prove((kind, key.encode())).map(|proof| codec::Encode::encode(&proof))
}

/// The weight of the transaction extensions that a signed `call` carries.
fn extension_weight(call: &RuntimeCall) -> frame_support::weights::Weight {
	use sp_runtime::{generic::Era, traits::TransactionExtension};
	let extension: crate::TxExtension = (
		frame_system::AuthorizeCall::new(),
		frame_system::CheckNonZeroSender::new(),
		frame_system::CheckSpecVersion::new(),
		frame_system::CheckTxVersion::new(),
		frame_system::CheckGenesis::new(),
		frame_system::CheckEra::from(Era::Immortal),
		frame_system::CheckNonce::from(0),
		frame_system::CheckWeight::new(),
		pallet_models::CheckUploads::new(),
		pallet_transaction_payment::ChargeTransactionPayment::from(0),
		frame_metadata_hash_extension::CheckMetadataHash::new(false),
		frame_system::WeightReclaim::new(),
	);
	extension.weight(call)
}

//! Which pallets the node's benchmark command measures.

use alloc::{
	string::{String, ToString},
	vec::Vec,
};
use frame_benchmarking::{BenchmarkBatch, BenchmarkConfig, BenchmarkList};
use frame_support::traits::{
	StorageInfo, StorageInfoTrait, TrackedStorageKey, WhitelistedStorageKeys,
};

use noema_primitives::{ModelId, ModelRegistry, ReleaseId, ReleaseName, ReleaseVersion};
use pallet_models::BenchmarkHelper as _;

use crate::{
	AccountId, AllPalletsWithSystem, Babe, Balances, Grandpa, Hosting, Inference, Jobs, Models,
	Multisig, Preimage, Proxy, Runtime, Scheduler, Sudo, Timestamp, TransactionPayment, Utility,
};

frame_benchmarking::define_benchmarks!(
	[frame_benchmarking, BaselineBench::<Runtime>]
	[frame_system, frame_system_benchmarking::Pallet::<Runtime>]
	[frame_system_extensions, frame_system_benchmarking::extensions::Pallet::<Runtime>]
	[pallet_babe, Babe]
	[pallet_balances, Balances]
	[pallet_grandpa, Grandpa]
	[pallet_hosting, Hosting]
	[pallet_inference, Inference]
	[pallet_jobs, Jobs]
	[pallet_models, Models]
	[pallet_multisig, Multisig]
	[pallet_preimage, Preimage]
	[pallet_proxy, Proxy]
	[pallet_scheduler, Scheduler]
	[pallet_sudo, Sudo]
	[pallet_timestamp, Timestamp]
	[pallet_transaction_payment, TransactionPayment]
	[pallet_utility, Utility]
);

use frame_benchmarking::baseline::Pallet as BaselineBench;

impl frame_system_benchmarking::Config for Runtime {}
impl frame_benchmarking::baseline::Config for Runtime {}
impl pallet_transaction_payment::BenchmarkConfig for Runtime {}

/// Admits a model of the registry's benchmarks.
#[derive(Debug)]
pub struct AdmittedModels;

impl pallet_hosting::BenchmarkHelper for AdmittedModels {
	fn admit(seed: u32) -> ModelId {
		// Each is larger than the one before by more than what the files may be larger than asked.
		let file = pallet_models::OnnxFiles::model_file(seed.saturating_mul(128 * 1024));
		let release = ReleaseId {
			owner: AccountId::new([7; 32]),
			name: ReleaseName::truncate_from(b"hosted".to_vec()),
			version: ReleaseVersion::truncate_from(seed.to_string().into_bytes()),
		};
		<Models as ModelRegistry<_, _>>::make_callable(&release, &file);
		ModelId::of(&file)
	}
}

pub(crate) fn metadata(extra: bool) -> (Vec<BenchmarkList>, Vec<StorageInfo>) {
	let mut list = Vec::new();
	list_benchmarks!(list, extra);
	(list, AllPalletsWithSystem::storage_info())
}

pub(crate) fn dispatch(config: BenchmarkConfig) -> Result<Vec<BenchmarkBatch>, String> {
	let whitelist: Vec<TrackedStorageKey> = AllPalletsWithSystem::whitelisted_storage_keys();
	let mut batches = Vec::new();
	let params = (&config, &whitelist);
	add_benchmarks!(params, batches);
	Ok(batches)
}

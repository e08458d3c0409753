//! Measures weights: `noema-node benchmark`.

use clap::Subcommand;
use frame_benchmarking_cli::{
	BlockCmd, MachineCmd, PalletCmd, StorageCmd, SUBSTRATE_REFERENCE_HARDWARE,
};
use sc_cli::SubstrateCli;
use sp_runtime::traits::HashingFor;

use crate::{
	cli::Cli,
	service::{full, Options},
	Block,
};

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum Benchmark {
	/// The dispatchables of pallets.
	Pallet(PalletCmd),
	/// The execution of blocks that are in the database, against their weights.
	Block(BlockCmd),
	/// Reads and writes of the database.
	Storage(StorageCmd),
	/// This machine, against the reference machine.
	Machine(MachineCmd),
}

/// Runs a benchmark.
///
/// # Errors
///
/// Whatever made it fail; the text is for the user.
pub fn run(cli: &Cli, benchmark: &Benchmark, options: &Options) -> sc_cli::Result<()> {
	match benchmark {
		Benchmark::Pallet(command) => cli.create_runner(command)?.sync_run(|config| {
			command.run_with_spec::<HashingFor<Block>, noema_precompile_inference::HostFunctions>(
				Some(config.chain_spec),
			)
		}),
		Benchmark::Block(command) => cli.create_runner(command)?.sync_run(|config| {
			let (parts, _) = full::chain_ops(&config, options)?;
			command.run(parts.client)
		}),
		Benchmark::Storage(command) => cli.create_runner(command)?.sync_run(|config| {
			let (parts, _) = full::chain_ops(&config, options)?;
			let db = parts.backend.expose_db();
			let storage = parts.backend.expose_storage();
			let cache = parts.backend.expose_shared_trie_cache();
			command.run(config, parts.client, db, storage, cache)
		}),
		Benchmark::Machine(command) => cli
			.create_runner(command)?
			.sync_run(|config| command.run(&config, SUBSTRATE_REFERENCE_HARDWARE.clone())),
	}
}

//! What Substrate's own commands measure: the runtime, the database, the machine.

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

pub(super) fn pallet(cli: &Cli, command: &PalletCmd) -> sc_cli::Result<()> {
	cli.create_runner(command)?.sync_run(|config| {
		command.run_with_spec::<HashingFor<Block>, noema_precompile_inference::HostFunctions>(Some(
			config.chain_spec,
		))
	})
}

pub(super) fn block(cli: &Cli, command: &BlockCmd, options: &Options) -> sc_cli::Result<()> {
	cli.create_runner(command)?.sync_run(|config| {
		let (parts, _) = full::chain_ops(&config, options)?;
		command.run(parts.client)
	})
}

pub(super) fn storage(cli: &Cli, command: &StorageCmd, options: &Options) -> sc_cli::Result<()> {
	cli.create_runner(command)?.sync_run(|config| {
		let (parts, _) = full::chain_ops(&config, options)?;
		let db = parts.backend.expose_db();
		let storage = parts.backend.expose_storage();
		let cache = parts.backend.expose_shared_trie_cache();
		command.run(config, parts.client, db, storage, cache)
	})
}

pub(super) fn machine(cli: &Cli, command: &MachineCmd) -> sc_cli::Result<()> {
	cli.create_runner(command)?
		.sync_run(|config| command.run(&config, SUBSTRATE_REFERENCE_HARDWARE.clone()))
}

//! What each command does.

use std::sync::Arc;

use noema_runtime::{BlockNumber, Hash};
use sc_cli::SubstrateCli;
use sc_network::config::NetworkBackendType;
use sc_service::{ChainType, Configuration, TaskManager};

use crate::{
	cli::{Cli, Command, Sealing},
	service::{full, instant, FullBackend, FullClient, Options},
	Block,
};

/// Runs what the command line asks for.
///
/// # Errors
///
/// Whatever made the command fail; the text is for the user.
pub fn run() -> sc_cli::Result<()> {
	let cli = Cli::from_args().complete();
	let options = Options {
		noema: cli.noema.clone(),
	};
	match &cli.subcommand {
		None => {
			check_chain(&cli)?;
			check_sealing(&cli)?;
			let runner = cli.create_runner(&cli.run)?;
			runner.run_node_until_exit(|config| async move {
				start(config, &options).map_err(sc_cli::Error::Service)
			})
		}
		Some(Command::Key(command)) => command.run(&cli),
		Some(Command::ExportChainSpec(command)) => command.run(cli.load_spec(&command.chain)?),
		Some(Command::BuildSpec(command)) => {
			let runner = cli.create_runner(command)?;
			runner.sync_run(|config| command.run(config.chain_spec, config.network))
		}
		Some(Command::CheckBlock(command)) => {
			let runner = cli.create_runner(command)?;
			runner.async_run(|config| {
				let (parts, import_queue) = full::chain_ops(&config, &options)?;
				Ok((command.run(parts.client, import_queue), parts.task_manager))
			})
		}
		Some(Command::ExportBlocks(command)) => {
			let runner = cli.create_runner(command)?;
			runner.async_run(|config| {
				let (parts, _) = full::chain_ops(&config, &options)?;
				Ok((
					command.run(parts.client, config.database),
					parts.task_manager,
				))
			})
		}
		Some(Command::ImportBlocks(command)) => {
			let runner = cli.create_runner(command)?;
			runner.async_run(|config| {
				let (parts, import_queue) = full::chain_ops(&config, &options)?;
				Ok((command.run(parts.client, import_queue), parts.task_manager))
			})
		}
		Some(Command::PurgeChain(command)) => {
			let runner = cli.create_runner(command)?;
			runner.sync_run(|config| command.run(config.database))
		}
		Some(Command::Revert(command)) => {
			let runner = cli.create_runner(command)?;
			runner.async_run(|config| {
				let (parts, _) = full::chain_ops(&config, &options)?;
				let revert_consensus = Box::new(
					|client: Arc<FullClient>,
					 backend: Arc<FullBackend>,
					 blocks: BlockNumber|
					 -> sc_cli::Result<()> {
						sc_consensus_babe::revert(client.clone(), backend, blocks)?;
						sc_consensus_grandpa::revert(client, blocks)?;
						Ok(())
					},
				);
				let reverted = command.run(parts.client, parts.backend, Some(revert_consensus));
				Ok((reverted, parts.task_manager))
			})
		}
		Some(Command::ChainInfo(command)) => {
			let runner = cli.create_runner(command)?;
			runner.sync_run(|config| command.run::<Block>(&config))
		}
		Some(Command::Check(command)) => command.run(),
		Some(Command::Benchmark(command)) => crate::benchmark::run(&cli, command, &options),
	}
}

/// Refuses to run a chain that the user has not named.
fn check_chain(cli: &Cli) -> sc_cli::Result<()> {
	let params = &cli.run.shared_params;
	if params.chain.is_none() && !params.dev {
		return Err(sc_cli::Error::Input(
			"which chain? Say --dev for a development chain, --chain local for a local test \
			 network, or --chain FILE for a chain specification"
				.into(),
		));
	}
	Ok(())
}

/// Refuses to seal at will where others are to agree.
fn check_sealing(cli: &Cli) -> sc_cli::Result<()> {
	if cli.noema.sealing == Sealing::Instant && !cli.run.shared_params.dev {
		return Err(sc_cli::Error::Input(
			"--sealing instant is for development chains: say --dev too".into(),
		));
	}
	Ok(())
}

/// Starts a node.
fn start(config: Configuration, options: &Options) -> Result<TaskManager, sc_service::Error> {
	use sc_network::{Litep2pNetworkBackend as Litep2p, NetworkWorker as Libp2p};

	let sealing = options.noema.sealing;
	if sealing == Sealing::Instant && config.chain_spec.chain_type() != ChainType::Development {
		return Err(sc_service::Error::Other(format!(
			"--sealing instant is for development chains, and {} is none",
			config.chain_spec.name(),
		)));
	}
	match (sealing, config.network.network_backend) {
		(Sealing::Babe, NetworkBackendType::Libp2p) => {
			full::new_full::<Libp2p<Block, Hash>>(config, options)
		}
		(Sealing::Babe, NetworkBackendType::Litep2p) => full::new_full::<Litep2p>(config, options),
		(Sealing::Instant, NetworkBackendType::Libp2p) => {
			instant::new_instant::<Libp2p<Block, Hash>>(config, options)
		}
		(Sealing::Instant, NetworkBackendType::Litep2p) => {
			instant::new_instant::<Litep2p>(config, options)
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn parse(args: &[&str]) -> Cli {
		let args = std::iter::once("noema-node").chain(args.iter().copied());
		<Cli as SubstrateCli>::try_from_iter(args)
			.expect("the arguments are valid")
			.complete()
	}

	#[test]
	fn a_node_wants_to_know_its_chain() {
		assert!(check_chain(&parse(&["--dev"])).is_ok());
		assert!(check_chain(&parse(&["--chain", "local"])).is_ok());
		let refused = check_chain(&parse(&["--validator"])).expect_err("no chain");
		assert!(refused.to_string().contains("--chain"), "{refused}");
	}

	#[test]
	fn instant_sealing_needs_a_development_chain() {
		assert!(check_sealing(&parse(&["--dev", "--sealing", "instant"])).is_ok());
		assert!(check_sealing(&parse(&["--dev"])).is_ok());
		let refused = check_sealing(&parse(&["--chain", "local", "--sealing", "instant"]));
		assert!(refused
			.expect_err("no development chain")
			.to_string()
			.contains("--dev"));
	}
}

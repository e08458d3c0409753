//! The command line.

use std::num::{NonZeroU32, NonZeroU64};

use clap::{Args, Parser, Subcommand, ValueEnum};
use noema_precompile_inference::host::Isa;
use noema_primitives::ModelId;
use sc_cli::{Database, DatabasePruningMode, RunCmd, SubstrateCli};

use crate::chain_spec;

/// `noema-node`: without a subcommand, it runs a node.
#[derive(Debug, Parser)]
pub struct Cli {
	#[allow(missing_docs)]
	#[command(subcommand)]
	pub subcommand: Option<Command>,

	#[allow(missing_docs)]
	#[clap(flatten)]
	pub run: RunCmd,

	#[allow(missing_docs)]
	#[clap(flatten)]
	pub noema: NoemaParams,
}

/// What a node does for a host.
#[derive(Clone, Debug, Args)]
pub struct HostingParams {
	/// Answer the jobs for which this host is drawn, and challenge wrong answers to them.
	///
	/// An SS58 address whose sr25519 key is in the keystore under the type `nhos`; on development
	/// and local chains also a development key, such as //Alice//stash.
	#[arg(long, value_name = "ACCOUNT", help_heading = "Hosting")]
	pub host: Option<String>,

	/// Run all jobs again, and challenge their answers where they are wrong, with bonds of this
	/// account; spelt as for --host, and the same account if both are there.
	#[arg(long, value_name = "ACCOUNT", help_heading = "Hosting")]
	pub watch: Option<String>,

	/// How many models are run for jobs at a time.
	#[arg(
		long,
		value_name = "COUNT",
		default_value = "1",
		help_heading = "Hosting"
	)]
	pub host_threads: NonZeroU32,

	/// The highest tip of a transaction of --host or --watch, in thousandths of a NOE. Tips are
	/// given only to what gets stuck, or is due in a few blocks.
	#[arg(
		long,
		value_name = "MILLI_NOE",
		default_value = "1000",
		help_heading = "Hosting"
	)]
	pub host_max_tip: u32,

	/// How the host cheats, to see what the chain does to it. For development and local chains
	/// only.
	#[cfg(feature = "byzantine")]
	#[arg(long, value_enum, help_heading = "Hosting")]
	pub misdeed: Option<crate::hosting::conduct::Misdeed>,
}

/// How blocks come about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Sealing {
	/// By BABE, every three seconds, and finalised by GRANDPA.
	#[default]
	Babe,
	/// On a development chain of one node: sealed and finalised as soon as a transaction arrives,
	/// and while a model waits for admission or matures.
	Instant,
}

/// What only Noema's node has.
#[derive(Clone, Debug, Args)]
pub struct NoemaParams {
	/// How blocks come about. `instant` needs --dev.
	#[arg(long, value_enum, default_value_t)]
	pub sealing: Sealing,

	/// Memory for the plans of models that are not callable any more, in MiB: what dry runs at
	/// old blocks and a full sync call.
	///
	/// It comes beside the plans of the models that may be called or soon may be, which a node
	/// always holds. The chain bounds those, to 1 GiB on the best block.
	#[arg(long, value_name = "MIB", default_value = "1024")]
	pub plan_cache_mib: NonZeroU64,

	/// How many inferences that belong to no block (dry runs, state calls) may run at once.
	#[arg(long, value_name = "COUNT", default_value = "2")]
	pub offchain_inferences: NonZeroU32,

	/// How many dry runs a second are answered, over all connections, and twenty times as many
	/// look-ups. Twice as many may come in a burst.
	#[arg(long, value_name = "PER_SECOND", default_value = "100")]
	pub dry_run_rate: NonZeroU32,

	/// The instruction set to infer with, instead of the best that the machine has: the bits are
	/// the same, the speed is not. For development and local chains only.
	#[arg(long, value_name = "scalar|sse2|avx2|avx512|neon")]
	pub isa: Option<Isa>,

	/// Validate on a machine that `noema-node check` finds too small. For development and local
	/// chains only; one that computes other bits never validates.
	#[arg(long)]
	pub force: bool,

	/// Make every computation of this model panic, to see what an internal fault does to a node.
	/// For development and local chains only.
	#[arg(long, value_name = "MODEL_ID", hide = true)]
	pub inject_fault: Option<ModelId>,

	#[allow(missing_docs)]
	#[clap(flatten)]
	pub hosting: HostingParams,
}

/// What the binary does beside running a node.
#[derive(Debug, Subcommand)]
pub enum Command {
	/// Key management utilities.
	#[command(subcommand)]
	Key(sc_cli::KeySubcommand),

	/// Export a chain specification.
	ExportChainSpec(sc_cli::ExportChainSpecCmd),

	/// Export a chain specification, under the older name of the command.
	BuildSpec(sc_cli::BuildSpecCmd),

	/// Validate blocks.
	CheckBlock(sc_cli::CheckBlockCmd),

	/// Export blocks.
	ExportBlocks(sc_cli::ExportBlocksCmd),

	/// Import blocks.
	ImportBlocks(sc_cli::ImportBlocksCmd),

	/// Remove the whole chain.
	PurgeChain(sc_cli::PurgeChainCmd),

	/// Revert the chain to an earlier block.
	Revert(sc_cli::RevertCmd),

	/// Print what the database holds.
	ChainInfo(sc_cli::ChainInfoCmd),

	/// Check whether this machine can validate: its bits, memory and speed.
	Check(crate::gate::CheckCmd),

	/// Measure weights.
	#[command(subcommand)]
	Benchmark(Box<crate::benchmark::Benchmark>),
}

impl SubstrateCli for Cli {
	fn impl_name() -> String {
		"Noema Node".into()
	}

	fn impl_version() -> String {
		env!("SUBSTRATE_CLI_IMPL_VERSION").into()
	}

	fn executable_name() -> String {
		"noema-node".into()
	}

	fn description() -> String {
		env!("CARGO_PKG_DESCRIPTION").into()
	}

	fn author() -> String {
		"the Noema contributors".into()
	}

	fn support_url() -> String {
		"the repository's issues".into()
	}

	fn copyright_start_year() -> i32 {
		2026
	}

	fn load_spec(&self, id: &str) -> Result<Box<dyn sc_cli::ChainSpec>, String> {
		chain_spec::load(id)
	}
}

impl Cli {
	/// Fills in what the user left open.
	pub fn complete(mut self) -> Self {
		let run = &mut self.run;
		if self.noema.sealing == Sealing::Instant && run.shared_params.base_path.is_none() {
			run.tmp = true;
		}
		// A development chain keeps all states, so that the archive methods answer.
		if run.shared_params.dev {
			let pruning = &mut run.import_params.pruning_params.state_pruning;
			pruning.get_or_insert(DatabasePruningMode::Archive);
		}
		default_database(&mut run.import_params.database_params);
		match &mut self.subcommand {
			Some(Command::CheckBlock(c)) => default_database(&mut c.import_params.database_params),
			Some(Command::ExportBlocks(c)) => default_database(&mut c.database_params),
			Some(Command::ImportBlocks(c)) => {
				default_database(&mut c.import_params.database_params);
			}
			Some(Command::PurgeChain(c)) => default_database(&mut c.database_params),
			Some(Command::Revert(c)) => default_database(&mut c.database_params),
			Some(Command::ChainInfo(c)) => default_database(&mut c.database_params),
			_ => (),
		}
		self
	}
}

/// ParityDB, whatever the features of sc-cli that other crates turn on would make the default.
fn default_database(params: &mut sc_cli::DatabaseParams) {
	params.database.get_or_insert(Database::ParityDb);
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::benchmark::Benchmark;
	use clap::CommandFactory;

	fn parse(args: &[&str]) -> Cli {
		let args = std::iter::once("noema-node").chain(args.iter().copied());
		<Cli as SubstrateCli>::try_from_iter(args)
			.expect("the arguments are valid")
			.complete()
	}

	#[test]
	fn the_definition_is_sound() {
		Cli::command().debug_assert();
	}

	#[test]
	fn a_development_node_keeps_all_states() {
		let cli = parse(&["--dev"]);
		assert_eq!(cli.noema.sealing, Sealing::Babe);
		assert_eq!(
			cli.run.import_params.database_params.database,
			Some(Database::ParityDb)
		);
		let pruning = |cli: &Cli| cli.run.import_params.pruning_params.state_pruning;
		assert_eq!(pruning(&cli), Some(DatabasePruningMode::Archive));
		let cli = parse(&["--dev", "--base-path", "x"]);
		assert_eq!(pruning(&cli), Some(DatabasePruningMode::Archive));
		let cli = parse(&["--dev", "--state-pruning", "9"]);
		assert_eq!(pruning(&cli), Some(DatabasePruningMode::Custom(9)));
		assert_eq!(pruning(&parse(&["--chain", "local", "--alice"])), None);
	}

	#[test]
	fn instant_sealing_is_temporary_unless_a_path_is_named() {
		assert!(parse(&["--dev", "--sealing", "instant"]).run.tmp);
		assert!(
			!parse(&["--dev", "--sealing", "instant", "--base-path", "x"])
				.run
				.tmp
		);
	}

	#[test]
	fn subcommands_default_to_paritydb_too() {
		let cli = parse(&["purge-chain", "--chain", "local", "-y"]);
		let Some(Command::PurgeChain(purge)) = cli.subcommand else {
			panic!("{cli:?}")
		};
		assert_eq!(purge.database_params.database, Some(Database::ParityDb));
	}

	#[test]
	fn an_instruction_set_is_named() {
		assert_eq!(parse(&["--isa", "sse2"]).noema.isa, Some(Isa::Sse2));
		let args = ["noema-node", "--isa", "mmx"];
		assert!(<Cli as SubstrateCli>::try_from_iter(args).is_err());
	}

	#[test]
	fn force_and_check_are_plain_words() {
		assert!(parse(&["--dev", "--force"]).noema.force);
		assert!(!parse(&["--dev"]).noema.force);
		let cli = parse(&["check", "--json", "--plan-cache-mib", "64"]);
		let Some(Command::Check(check)) = cli.subcommand else {
			panic!("{cli:?}")
		};
		assert!(check.json);
		assert_eq!(check.plan_cache_mib.get(), 64);
	}

	#[test]
	fn a_host_and_a_watcher_are_named() {
		let cli = parse(&["--host", "//Alice//stash", "--host-threads", "2"]);
		let hosting = cli.noema.hosting;
		assert_eq!(hosting.host.as_deref(), Some("//Alice//stash"));
		assert_eq!((hosting.watch, hosting.host_threads.get()), (None, 2));
		let args = ["noema-node", "--host-threads", "0"];
		assert!(<Cli as SubstrateCli>::try_from_iter(args).is_err());
	}

	#[test]
	fn every_node_measures_the_engine() {
		let cli = parse(&["benchmark", "engine", "--rounds", "3", "--isa", "scalar"]);
		let Some(Command::Benchmark(benchmark)) = cli.subcommand else {
			panic!("{cli:?}")
		};
		match *benchmark {
			Benchmark::Engine(engine) => assert_eq!(engine.rounds, 3),
			#[cfg(feature = "runtime-benchmarks")]
			other => panic!("{other:?}"),
		}
		let none = ["noema-node", "benchmark", "engine", "--rounds", "0"];
		assert!(<Cli as SubstrateCli>::try_from_iter(none).is_err());
	}

	#[test]
	fn a_model_id_is_checked_as_it_is_read() {
		let args = ["noema-node", "--inject-fault", "abc"];
		assert!(<Cli as SubstrateCli>::try_from_iter(args).is_err());
		let id = "ab".repeat(32);
		let cli = parse(&["--inject-fault", &id]);
		assert_eq!(cli.noema.inject_fault, Some(ModelId([0xab; 32])));
	}
}

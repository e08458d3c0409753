//! Measures weights: `noema-node benchmark`.

pub(crate) mod engine;
#[cfg(feature = "runtime-benchmarks")]
mod runtime;

use clap::Subcommand;
#[cfg(feature = "runtime-benchmarks")]
use frame_benchmarking_cli::{BlockCmd, MachineCmd, PalletCmd, StorageCmd};
use noema_engine_benchmark::EngineCmd;

use crate::{cli::Cli, service::Options};

/// What can be measured.
///
/// The engine by any node; the runtime by one that is built with the feature `runtime-benchmarks`,
/// for its runtime is another.
#[derive(Debug, Subcommand)]
pub enum Benchmark {
	#[allow(missing_docs)] // clap shows what the command says of itself
	Engine(EngineCmd),
	/// The dispatchables of pallets.
	#[cfg(feature = "runtime-benchmarks")]
	Pallet(PalletCmd),
	/// The execution of blocks that are in the database, against their weights.
	#[cfg(feature = "runtime-benchmarks")]
	Block(BlockCmd),
	/// Reads and writes of the database.
	#[cfg(feature = "runtime-benchmarks")]
	Storage(StorageCmd),
	/// This machine, against the reference machine.
	#[cfg(feature = "runtime-benchmarks")]
	Machine(MachineCmd),
}

/// Runs a benchmark.
///
/// # Errors
///
/// Whatever made it fail; the text is for the user.
#[cfg_attr(not(feature = "runtime-benchmarks"), allow(unused_variables))]
pub fn run(cli: &Cli, benchmark: &Benchmark, options: &Options) -> sc_cli::Result<()> {
	match benchmark {
		Benchmark::Engine(command) => engine::run(command),
		#[cfg(feature = "runtime-benchmarks")]
		Benchmark::Pallet(command) => runtime::pallet(cli, command),
		#[cfg(feature = "runtime-benchmarks")]
		Benchmark::Block(command) => runtime::block(cli, command, options),
		#[cfg(feature = "runtime-benchmarks")]
		Benchmark::Storage(command) => runtime::storage(cli, command, options),
		#[cfg(feature = "runtime-benchmarks")]
		Benchmark::Machine(command) => runtime::machine(cli, command),
	}
}

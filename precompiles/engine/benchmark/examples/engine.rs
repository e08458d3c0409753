//! The command without a node around it, which builds faster:
//!
//! ```text
//! taskset -c 1 cargo run --release -p noema-engine-benchmark --example engine -- --help
//! ```

use std::process::ExitCode;

use clap::Parser;
use noema_engine_benchmark::EngineCmd;

#[derive(Debug, Parser)]
struct Command {
	#[command(flatten)]
	engine: EngineCmd,
}

fn main() -> ExitCode {
	match Command::parse().engine.run(None) {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("Error: {error}");
			ExitCode::FAILURE
		}
	}
}

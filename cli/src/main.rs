//! `noema`: see [`noema_cli`].

use std::process::ExitCode;

use clap::Parser;
use noema_cli::{args::Cli, error::EXIT_USER, run};

fn main() -> ExitCode {
	let cli = match Cli::try_parse() {
		Ok(cli) => cli,
		Err(error) => {
			// Nothing is left to be done if standard error is closed.
			let _ = error.print();
			return ExitCode::from(if error.use_stderr() { EXIT_USER } else { 0 });
		}
	};
	let json = cli.global.json;
	match run(cli) {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("{}", error.chain_of_causes());
			if let Some(object) = error.as_json().filter(|_| json) {
				println!("{object}");
			}
			ExitCode::from(error.exit_code())
		}
	}
}

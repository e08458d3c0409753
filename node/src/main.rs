//! The binary of Noema's node.

use std::process::ExitCode;

fn main() -> ExitCode {
	match noema_node::command::run() {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("Error: {error}");
			ExitCode::FAILURE
		}
	}
}

//! Runs mutated extrinsics against the native runtime, and watches panics, memory and invariants.
//!
//! ```text
//! cargo run --release -p noema-runtime-fuzzer -- [EXECUTIONS] [SEED]
//! ```
//!
//! ```text
//!   calls.rs        calls of models and inference, in batches, proxies, multisigs and sudo
//!   hosting.rs      calls of hosts, and about jobs
//!      |
//!   mutate.rs       bytes of calls and of signed extrinsics, changed
//!      |
//!   fuzz.rs         decode -> validate_transaction -> apply_extrinsic; blocks begin and end
//!      |
//!   chain.rs        genesis of the development preset in test externalities, with the precompile
//!   invariants.rs   try_state, money
//! ```
//!
//! Ends with figures, or with the seed, the number and the bytes of the first execution that
//! misbehaved: one that panicked, took more memory than its bound, or left a state whose invariants
//! do not hold. With the feature `try-runtime` the invariants are those of all pallets; the profile
//! `fuzz` also makes overflows and failed debug assertions panic.

mod calls;
mod chain;
mod extrinsics;
mod fuzz;
mod hosting;
mod invariants;
mod mutate;
mod random;

use std::process::ExitCode;

fn main() -> ExitCode {
	let mut arguments = std::env::args()
		.skip(1)
		.map(|argument| argument.parse::<u64>());
	let (Ok(executions), Ok(seed)) = (
		arguments.next().unwrap_or(Ok(100_000)),
		arguments.next().unwrap_or(Ok(1)),
	) else {
		eprintln!("usage: noema-runtime-fuzzer [EXECUTIONS] [SEED]");
		return ExitCode::FAILURE;
	};
	println!("seed {seed}");
	match fuzz::Fuzzer::new().run(executions, seed) {
		Ok(figures) => {
			print!("{figures}");
			ExitCode::SUCCESS
		}
		Err(finding) => {
			let hex: String = finding
				.bytes
				.iter()
				.map(|byte| format!("{byte:02x}"))
				.collect();
			eprintln!(
				"seed {seed}, execution {}: {}\n{hex}",
				finding.execution, finding.what
			);
			ExitCode::FAILURE
		}
	}
}

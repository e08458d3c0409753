//! Writes or checks the golden vectors.
//!
//! ```text
//! cargo run --release -p noema-engine --example golden -- write
//! cargo run --release -p noema-engine --example golden -- check [ISA] [THREADS]
//! cargo run --release -p noema-engine --example golden -- graphs COUNT
//! cargo run --release -p noema-engine --example golden -- isa
//! ```
//!
//! `write` puts them into `src/conformance/golden.txt`. `check` computes all of them, in so many
//! threads at once, on an instruction set or on all that this machine has, and compares. `graphs`
//! prints one hash of that many random graphs, `isa` the instruction set in use. All but `write` and
//! threads also work on wasm32-wasip1.

use std::{panic::resume_unwind, process::ExitCode, thread};

use noema_engine::{
	conformance::{
		golden::{compare, compute, parse, GOLDEN},
		graph::hash,
		random_graph::random_graph,
	},
	simd::{isa, with_isa},
	Isa,
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn write() -> Result<(), Failure> {
	let lines: Vec<String> = compute()?
		.iter()
		.map(|vector| format!("{vector}\n"))
		.collect();
	let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/conformance/golden.txt");
	std::fs::write(path, lines.concat())?;
	println!("{} golden vectors in {path}", lines.len());
	Ok(())
}

/// Computes all vectors on this thread and says what differs.
fn check_once(isa: Isa) -> Result<usize, Failure> {
	let found = with_isa(isa, compute)??;
	let mismatches = compare(&found, &parse(GOLDEN)?);
	for mismatch in mismatches.iter().take(20) {
		eprintln!("{isa}: {mismatch}");
	}
	if mismatches.is_empty() {
		Ok(found.len())
	} else {
		Err(format!("{isa}: {} golden vectors differ", mismatches.len()).into())
	}
}

fn check(isa: Isa, threads: usize) -> Result<(), Failure> {
	let count = if threads == 1 {
		check_once(isa)?
	} else {
		let handles: Vec<_> = (0..threads)
			.map(|_| thread::spawn(move || check_once(isa)))
			.collect();
		let mut count = 0;
		for handle in handles {
			count = handle.join().unwrap_or_else(|panic| resume_unwind(panic))?;
		}
		count
	};
	println!("{isa}, {threads} threads: {count} golden vectors agree");
	Ok(())
}

/// One hash over the outcomes of random graphs 0 to `count`.
fn graphs(count: u64) -> Result<(), Failure> {
	let mut hasher = blake3::Hasher::new();
	for seed in 0..count {
		hasher.update(hash(&random_graph(seed).run()?).as_bytes());
	}
	println!("{}", hasher.finalize());
	Ok(())
}

fn run() -> Result<(), Failure> {
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
	match arguments[..] {
		["write"] => write(),
		["check"] => Isa::available()
			.into_iter()
			.try_for_each(|isa| check(isa, 1)),
		["check", isa] => check(isa.parse()?, 1),
		["check", isa, threads] => check(isa.parse()?, threads.parse()?),
		["graphs", count] => graphs(count.parse()?),
		["isa"] => {
			println!("{}", isa());
			Ok(())
		}
		_ => Err("usage: golden write | check [ISA] [THREADS] | graphs COUNT | isa".into()),
	}
}

fn main() -> ExitCode {
	match run() {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("{error}");
			ExitCode::FAILURE
		}
	}
}

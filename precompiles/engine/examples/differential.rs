//! Builds and runs random graphs on the scalar path and on every other instruction set of this
//! machine, and compares the outputs bit for bit.
//!
//! ```text
//! cargo run --release -p noema-engine --example differential -- COUNT [FIRST]
//! ```
//!
//! Graph n of a version of the engine is always the same, so COUNT graphs from FIRST on can be
//! divided between processes. Ends with figures, or with the number of the first graph on which two
//! instruction sets disagree, or that makes the engine panic.

use std::{
	collections::BTreeMap,
	panic::{catch_unwind, AssertUnwindSafe},
	process::ExitCode,
};

use noema_engine::{
	conformance::random_graph::{compare_isas, random_graph},
	Engine, Isa, Profile1,
};

#[derive(Default)]
struct Figures {
	graphs: u64,
	nodes: u64,
	failures: u64,
	ops: BTreeMap<String, u64>,
}

fn run(count: u64, first: u64) -> Result<Figures, String> {
	let mut figures = Figures::default();
	for seed in first..first.saturating_add(count) {
		let checked = catch_unwind(AssertUnwindSafe(|| {
			let case = random_graph(seed);
			compare_isas(&case)?;
			Ok::<_, noema_engine::conformance::random_graph::Disagreement>(case)
		}));
		let case = match checked {
			Err(_) => return Err(format!("graph {seed}: the engine panicked")),
			Ok(Err(error)) => return Err(format!("graph {seed}: {error}")),
			Ok(Ok(case)) => case,
		};
		let plan = Profile1
			.build(&case.file)
			.map_err(|error| format!("graph {seed}: {error}"))?;
		figures.graphs += 1;
		figures.nodes += u64::from(plan.report().node_count);
		figures.failures += u64::from(Profile1.run(&plan, &case.inputs).is_err());
		for (op, times) in &plan.report().ops {
			*figures.ops.entry(op.clone()).or_default() += u64::from(*times);
		}
		if figures.graphs.is_multiple_of(10_000) {
			eprintln!("{} graphs", figures.graphs);
		}
	}
	Ok(figures)
}

fn main() -> ExitCode {
	let numbers: Result<Vec<u64>, _> = std::env::args().skip(1).map(|n| n.parse()).collect();
	let (count, first) = match numbers.as_deref() {
		Ok([count]) => (*count, 0),
		Ok([count, first]) => (*count, *first),
		_ => {
			eprintln!("usage: differential COUNT [FIRST]");
			return ExitCode::FAILURE;
		}
	};
	match run(count, first) {
		Ok(figures) => {
			let isas: Vec<&str> = Isa::available().iter().map(|isa| isa.name()).collect();
			println!(
				"{} graphs of {} nodes and {} operators agree on {}; {} fail by value, alike",
				figures.graphs,
				figures.nodes,
				figures.ops.len(),
				isas.join(", "),
				figures.failures
			);
			if let Some((op, times)) = figures.ops.iter().min_by_key(|(_, times)| **times) {
				println!("least often: {op}, {times} times");
			}
			ExitCode::SUCCESS
		}
		Err(error) => {
			eprintln!("{error}");
			ExitCode::FAILURE
		}
	}
}

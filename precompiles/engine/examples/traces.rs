//! Traces random graphs on every instruction set of this machine, and runs each step of them again
//! alone, from its description.
//!
//! ```text
//! cargo run --release -p noema-engine --example traces -- COUNT [FIRST]
//! ```
//!
//! A trace must give what a run gives, a step alone must give its leaf, and all instruction sets
//! must have the same leaves. Ends with figures, or with the number of the first graph that does
//! not hold to it, or that makes the engine panic.

use std::{
	panic::{catch_unwind, AssertUnwindSafe},
	process::ExitCode,
};

use noema_engine::{
	conformance::{
		random_graph::random_graph,
		trace::{check, Fault},
	},
	simd::with_isa,
	trace::{Leaf, Trace},
	Isa,
};

#[derive(Default)]
struct Figures {
	graphs: u64,
	leaves: u64,
	failures: u64,
	undescribed: u64,
}

/// The trace of a graph, the same on every instruction set; none if its steps have no description.
fn trace(seed: u64) -> Result<Option<Trace>, Fault> {
	let case = random_graph(seed);
	let on = |isa| match with_isa(isa, || check(&case)) {
		Ok(Ok(trace)) => Ok(Some(trace)),
		Ok(Err(Fault::Undescribed(_))) => Ok(None),
		Ok(Err(fault)) => Err(fault),
		Err(error) => unreachable!("the machine has it: {error}"),
	};
	let expected = on(Isa::Scalar)?;
	for isa in Isa::available() {
		let found = on(isa)?;
		if found != expected {
			let leaves = |trace: Option<Trace>| trace.map_or(vec![], |trace| trace.leaves);
			let (found, expected) = (leaves(found), leaves(expected));
			let differs = found.iter().zip(&expected).position(|(a, b)| a != b);
			let index = differs.unwrap_or_else(|| found.len().min(expected.len()));
			return Err(Fault::Materials {
				index,
				reason: format!("{isa} has another leaf than {}", Isa::Scalar),
			});
		}
	}
	Ok(expected)
}

fn run(count: u64, first: u64) -> Result<Figures, String> {
	let mut figures = Figures::default();
	for seed in first..first.saturating_add(count) {
		match catch_unwind(AssertUnwindSafe(|| trace(seed))) {
			Err(_) => return Err(format!("graph {seed}: the engine panicked")),
			Ok(Err(fault)) => return Err(format!("graph {seed}: {fault}")),
			Ok(Ok(None)) => figures.undescribed += 1,
			Ok(Ok(Some(trace))) => {
				figures.leaves += trace.leaves.len() as u64;
				figures.failures += u64::from(matches!(trace.leaves.last(), Some(Leaf::Failed(_))));
			}
		}
		figures.graphs += 1;
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
			eprintln!("usage: traces COUNT [FIRST]");
			return ExitCode::FAILURE;
		}
	};
	match run(count, first) {
		Ok(figures) => {
			let isas: Vec<&str> = Isa::available().iter().map(|isa| isa.name()).collect();
			println!(
				"{} graphs with {} leaves have one trace on {}, and each step alone gives its leaf; \
				 {} fail by value, {} have no description",
				figures.graphs,
				figures.leaves,
				isas.join(", "),
				figures.failures,
				figures.undescribed
			);
			ExitCode::SUCCESS
		}
		Err(error) => {
			eprintln!("{error}");
			ExitCode::FAILURE
		}
	}
}

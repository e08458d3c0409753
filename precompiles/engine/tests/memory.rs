//! What plans and runs take of memory, counted by the allocator, lies within what the report says.
//!
//! A binary of its own, with one test: the allocator counts for the whole process.

use noema_engine::{
	conformance::{graph::Case, networks::networks, random_graph::random_graph},
	Engine, Profile1,
};
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// The result of `f`, the most bytes that were held while it ran, and those that its result holds.
fn measured<R>(f: impl FnOnce() -> R) -> (R, u64, u64) {
	ALLOCATOR.reset_peak_usage();
	let before = ALLOCATOR.current_usage();
	let result = f();
	let beyond = |bytes: usize| bytes.saturating_sub(before) as u64;
	(
		result,
		beyond(ALLOCATOR.peak_usage()),
		beyond(ALLOCATOR.current_usage()),
	)
}

fn check(name: &str, case: &Case) {
	let (plan, _, held) = measured(|| Profile1.build(&case.file));
	let Ok(plan) = plan else { return };
	let report = plan.report();
	assert!(
		held <= report.plan_bytes,
		"the plan of {name} holds {held} bytes, but reports {}",
		report.plan_bytes
	);
	// Once before, for what is allocated once in a process.
	let _ = Profile1.run(&plan, &case.inputs);
	let (_, peak, _) = measured(|| Profile1.run(&plan, &case.inputs));
	assert!(
		peak <= report.peak_bytes,
		"a run of {name} holds {peak} bytes, but reports {}",
		report.peak_bytes
	);
}

#[test]
fn plans_and_runs_hold_no_more_than_they_report() {
	for network in networks() {
		check(network.name, &network.case);
		for (index, case) in network.all_values.iter().enumerate() {
			check(&format!("{} with all values, {index}", network.name), case);
		}
	}
	for seed in 0..300 {
		check(&format!("random graph {seed}"), &random_graph(seed));
	}
}

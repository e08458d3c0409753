//! Builds and runs mutants of models, and watches the memory that they take.
//!
//! ```text
//! cargo run --release -p noema-engine --example fuzz -- COUNT [SEED] [FILE.onnx ...]
//! ```
//!
//! Mutants are cases of the catalog's operators, of all versions and with long axes, and random graphs
//! of them, with a few parts of their protobuf or of their bytes changed. Every mutant must give a plan
//! or a refusal, and every plan that is small enough to be run must give outputs or a failure by value,
//! without a panic, and without more memory than the caps allow. Files given on the command line join
//! the corpus. Ends with figures, or with the seed and the bytes (in hex) of the first mutant that
//! misbehaved.

#[path = "../tests/engine/mutants.rs"]
mod mutants;

use std::{
	collections::BTreeMap,
	panic::{catch_unwind, AssertUnwindSafe},
	process::ExitCode,
};

use noema_engine::{
	conformance::{random::Random, random_graph::random_graph},
	limits, Engine, Profile1, RunError,
};
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Most bytes that a build may hold at once: the decoded file, what folding has written, the
/// constants, and one kernel's packed copy of them.
const MAX_BUILD_BYTES: u64 = limits::MAX_DECODED_BYTES
	+ limits::MAX_FOLDING_BYTES
	+ limits::MAX_PLAN_BYTES
	+ 2 * limits::MAX_TENSOR_BYTES;
/// Most bytes that a run may hold at once beside its plan: activations, and inputs and outputs.
const MAX_RUN_BYTES: u64 = 2 * limits::MAX_PEAK_BYTES + (64 << 20);
/// Plans that cost more are not run: they take long, and nothing new is learnt.
const MAX_WORK: u64 = 1 << 27;

/// Random graphs that the corpus begins with.
const GRAPHS: u64 = 300;
/// Most files of the corpus, and most bytes of a file that joins it.
const MAX_CORPUS: usize = 4096;
const MAX_CORPUS_BYTES: usize = 8192;

/// What became of mutants.
#[derive(Default)]
struct Figures {
	admitted: u64,
	run: u64,
	failed: BTreeMap<String, u64>,
	refused: BTreeMap<String, u64>,
	peak_build: u64,
	peak_run: u64,
}

fn variant(debug: &str) -> String {
	debug
		.split([' ', '{', '('])
		.next()
		.unwrap_or_default()
		.to_string()
}

/// Bytes held at most while `f` ran, beyond those held before.
fn measured<R>(f: impl FnOnce() -> R) -> (R, u64) {
	ALLOCATOR.reset_peak_usage();
	let before = ALLOCATOR.current_usage() as u64;
	let result = f();
	(
		result,
		(ALLOCATOR.peak_usage() as u64).saturating_sub(before),
	)
}

fn exercise(random: &mut Random, file: &[u8], figures: &mut Figures) -> Result<(), String> {
	let (built, bytes) = measured(|| Profile1.build(file));
	figures.peak_build = figures.peak_build.max(bytes);
	if bytes > MAX_BUILD_BYTES {
		return Err(format!("building took {bytes} bytes"));
	}
	let plan = match built {
		Ok(plan) => plan,
		Err(error) => {
			let _ = (error.to_string(), error.subject());
			*figures
				.refused
				.entry(variant(&format!("{error:?}")))
				.or_default() += 1;
			return Ok(());
		}
	};
	figures.admitted += 1;
	if plan.report().cost.work() > MAX_WORK {
		return Ok(());
	}
	let inputs = mutants::inputs(random, &plan);
	let (outputs, bytes) = measured(|| Profile1.run(&plan, &inputs));
	figures.peak_run = figures.peak_run.max(bytes);
	let allowed = MAX_RUN_BYTES.min(3 * plan.report().peak_bytes + (1 << 20));
	if bytes > allowed {
		return Err(format!(
			"a run took {bytes} bytes, reported {}",
			plan.report().peak_bytes
		));
	}
	match &outputs {
		Ok(_) => figures.run += 1,
		Err(RunError::Internal { reason }) => return Err(format!("internal: {reason}")),
		Err(error) => {
			*figures
				.failed
				.entry(variant(&format!("{error:?}")))
				.or_default() += 1;
		}
	}
	if Profile1.run(&plan, &inputs) != outputs {
		return Err("a second run differs".into());
	}
	Ok(())
}

fn main() -> ExitCode {
	let mut arguments = std::env::args().skip(1);
	let count: u64 = arguments
		.next()
		.and_then(|count| count.parse().ok())
		.unwrap_or(100_000);
	let seed: u64 = arguments
		.next()
		.and_then(|seed| seed.parse().ok())
		.unwrap_or(1);
	let mut corpus: Vec<Vec<u8>> = arguments
		.filter_map(|path| std::fs::read(path).ok())
		.collect();
	let graphs = (0..GRAPHS).map(|graph| random_graph(seed.wrapping_add(graph)).file);
	corpus.extend(graphs.filter(|file| file.len() < MAX_CORPUS_BYTES));
	let mut figures = Figures::default();
	for number in 0..count {
		let mut random = Random::new(seed.wrapping_mul(0x1000_0000_01b3).wrapping_add(number));
		let file = mutants::mutant(&mut random, &corpus);
		let admitted = figures.admitted;
		let result = catch_unwind(AssertUnwindSafe(|| {
			exercise(&mut random, &file, &mut figures)
		}))
		.unwrap_or_else(|_| Err("a panic".into()));
		if let Err(what) = result {
			let hex: String = file.iter().map(|byte| format!("{byte:02x}")).collect();
			eprintln!("seed {seed}, mutant {number}: {what}\n{hex}");
			return ExitCode::FAILURE;
		}
		// What is admitted is worth mutating.
		let is_new = figures.admitted > admitted;
		if is_new && corpus.len() < MAX_CORPUS && file.len() < MAX_CORPUS_BYTES {
			corpus.push(file);
		}
	}
	println!(
		"{count} mutants, seed {seed}: {} admitted, {} run; at most {} MiB to build, {} MiB to run",
		figures.admitted,
		figures.run,
		figures.peak_build >> 20,
		figures.peak_run >> 20
	);
	for (what, counts) in [
		("refused", &figures.refused),
		("failed by value", &figures.failed),
	] {
		println!("{what}:");
		for (variant, count) in counts {
			println!("  {count:9} {variant}");
		}
	}
	ExitCode::SUCCESS
}

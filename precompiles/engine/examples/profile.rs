//! Prints where the time of a run goes: for each kind of kernel, and for each step of the plan.
//!
//! ```text
//! taskset -c 1 cargo run --release -p noema-engine --example profile -- MODEL.onnx [RUNS] [STEPS]
//! ```
//!
//! Times are the least of all runs (50), in microseconds, for what else the machine does only adds; STEPS is how many of the slowest steps
//! are listed (25). The rate counts a multiply-accumulate of the cost model, padded tiles included,
//! as two operations. Beside them stand the time of whole runs without observation and the rate
//! that multiplications and additions in registers alone reach on this core.

use std::{collections::BTreeMap, process::ExitCode, time::Instant};

use fearless_simd::{dispatch, Simd, SimdBase, SimdFrom};
use noema_engine::{simd::level, Engine, Profile1, Value};

/// A step: node, kernel, shape of the output, multiply-accumulates, times.
type Timed = (String, String, Vec<usize>, u64, Vec<f64>);

/// Numbers in [-1, 1) by a linear congruence, as the inputs' elements.
fn numbers(len: usize) -> Vec<f32> {
	let mut state = 1u32;
	(0..len)
		.map(|_| {
			state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
			(state >> 8) as f32 / (1 << 23) as f32 - 1.0
		})
		.collect()
}

/// Independent chains of multiplications and of additions, as many as hide their latency.
#[inline(always)]
fn chains<S: Simd>(simd: S, rounds: u32) -> f32 {
	let splat = |x: f32| S::f32s::simd_from(simd, std::hint::black_box(x));
	let mut sums = [splat(1.0); 8];
	let mut products = [splat(1.0); 8];
	let (one, zero) = (splat(1.0), splat(0.0));
	for _ in 0..rounds {
		for i in 0..8 {
			sums[i] += zero;
			products[i] *= one;
		}
	}
	sums.iter().chain(&products).map(|x| x.as_slice()[0]).sum()
}

/// Most operations per second that additions and multiplications reach together, in billions.
fn peak() -> f64 {
	const ROUNDS: u32 = 200_000;
	let mut best = 0f64;
	for _ in 0..50 {
		let start = Instant::now();
		let lanes = dispatch!(level(), simd => {
			std::hint::black_box(chains(simd, ROUNDS));
			lanes(simd)
		});
		let operations = f64::from(ROUNDS) * 16.0 * lanes as f64;
		best = best.max(operations / start.elapsed().as_secs_f64() / 1e9);
	}
	best
}

#[inline(always)]
fn lanes<S: Simd>(_: S) -> usize {
	S::f32s::LEN
}

fn least(times: &[f64]) -> f64 {
	times.iter().copied().fold(f64::INFINITY, f64::min)
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
	let mut arguments = std::env::args().skip(1);
	let path = arguments
		.next()
		.ok_or("usage: profile MODEL.onnx [RUNS] [STEPS]")?;
	let runs = arguments.next().map_or(Ok(50), |runs| runs.parse())?;
	let listed: usize = arguments.next().map_or(Ok(25), |steps| steps.parse())?;
	let file = std::fs::read(&path)?;
	let start = Instant::now();
	let plan = Profile1.build(&file)?;
	let built = start.elapsed().as_secs_f64();
	let inputs: Vec<Value> = plan
		.report()
		.inputs
		.iter()
		.map(|schema| {
			let len = schema.shape.iter().product::<usize>();
			let data = match schema.dtype.size() {
				4 if schema.dtype == noema_engine::DType::F32 => {
					numbers(len).iter().flat_map(|x| x.to_le_bytes()).collect()
				}
				size => vec![0; len * size],
			};
			Value {
				dtype: schema.dtype,
				shape: schema.shape.clone(),
				data,
			}
		})
		.collect();

	let mut whole = vec![];
	for _ in 0..=runs {
		let start = Instant::now();
		Profile1.run(&plan, &inputs)?;
		whole.push(start.elapsed().as_secs_f64());
	}
	let mut steps: Vec<Timed> = vec![];
	for _ in 0..=runs {
		let mut index = 0;
		let mut last = Instant::now();
		Profile1.run_observed(&plan, &inputs, &mut |step| {
			let elapsed = last.elapsed().as_secs_f64();
			if index == steps.len() {
				let (label, kernel) = (step.step.to_owned(), step.kernel.to_owned());
				steps.push((label, kernel, step.shape.to_vec(), step.cost.macs, vec![]));
			}
			steps[index].4.push(elapsed);
			index += 1;
			last = Instant::now();
		})?;
	}
	let report = plan.report();
	whole.sort_unstable_by(f64::total_cmp);
	println!(
		"run {:.3} ms (least {:.3}), plan {:.1} ms, {} steps, {:.3} GMAC, {} MB plan, {} MB peak, \
		 registers alone {:.1} GFLOP/s",
		whole[whole.len() / 2] * 1e3,
		least(&whole) * 1e3,
		built * 1e3,
		report.cost.steps,
		report.cost.macs as f64 / 1e9,
		report.plan_bytes >> 20,
		report.peak_bytes >> 20,
		peak(),
	);
	let mut kinds: BTreeMap<String, (u32, f64, u64)> = BTreeMap::new();
	let mut rows = vec![];
	for (label, kernel, shape, macs, times) in steps {
		let time = least(&times);
		let kind = kinds.entry(kernel.clone()).or_default();
		*kind = (kind.0 + 1, kind.1 + time, kind.2 + macs);
		rows.push((time, label, kernel, shape, macs));
	}
	let rate = |macs: u64, time: f64| 2.0 * macs as f64 / time / 1e9;
	let mut kinds: Vec<_> = kinds.into_iter().collect();
	kinds.sort_unstable_by(|a, b| b.1 .1.total_cmp(&a.1 .1));
	for (kernel, (count, time, macs)) in kinds {
		let rate = rate(macs, time);
		println!(
			"{:9.1} us {rate:7.1} GFLOP/s {count:4} x {kernel}",
			time * 1e6
		);
	}
	rows.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
	for (time, label, kernel, shape, macs) in rows.iter().take(listed) {
		let rate = rate(*macs, *time);
		println!(
			"{:9.1} us {rate:7.1} GFLOP/s {kernel} {shape:?} {label}",
			time * 1e6
		);
	}
	Ok(())
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

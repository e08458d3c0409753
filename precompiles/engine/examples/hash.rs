//! Prints the BLAKE3 hash of a model's outputs on a seeded pseudo-random input, to compare between
//! processors.
//!
//! ```text
//! cargo run --release -p noema-engine --example hash -- MODEL.onnx [SEED] [RUNS]
//! ```
//!
//! With more than one run it also prints the fastest, in milliseconds (not on wasm32).

use std::process::ExitCode;

use noema_engine::{self_test, DType, Engine, Profile1, TensorSchema, Value};

/// SplitMix64 by Steele, Lea and Flood: small, and the same everywhere.
struct Random(u64);

impl Random {
	fn next(&mut self) -> u64 {
		self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
		let mut z = self.0;
		z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
		z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
		z ^ (z >> 31)
	}

	/// Floats are uniform in [-1, 1), integers below 128, bools fair.
	fn value(&mut self, schema: &TensorSchema) -> Value {
		let mut data = vec![];
		for _ in 0..schema.shape.iter().product::<usize>() {
			let bits = self.next();
			match schema.dtype {
				DType::F32 => {
					let x = (bits >> 40) as f32 / (1 << 23) as f32 - 1.0;
					data.extend(x.to_le_bytes());
				}
				DType::F64 => {
					let x = (bits >> 11) as f64 / (1u64 << 52) as f64 - 1.0;
					data.extend(x.to_le_bytes());
				}
				DType::Bool => data.push((bits & 1) as u8),
				other => data.extend(&(bits & 0x7f).to_le_bytes()[..other.size()]),
			}
		}
		Value {
			dtype: schema.dtype,
			shape: schema.shape.clone(),
			data,
		}
	}
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
	let mut arguments = std::env::args().skip(1);
	let path = arguments
		.next()
		.ok_or("usage: hash MODEL.onnx [SEED] [RUNS]")?;
	let seed = arguments.next().map_or(Ok(1), |seed| seed.parse())?;
	let runs: u32 = arguments.next().map_or(Ok(1), |runs| runs.parse())?;
	self_test()?;
	let plan = Profile1.build(&std::fs::read(&path)?)?;
	let mut random = Random(seed);
	let inputs: Vec<Value> = plan
		.report()
		.inputs
		.iter()
		.map(|schema| random.value(schema))
		.collect();
	let outputs = Profile1.run(&plan, &inputs)?;
	let mut hasher = blake3::Hasher::new();
	for output in &outputs {
		hasher.update(&output.data);
	}
	println!("{}", hasher.finalize());
	#[cfg(not(target_arch = "wasm32"))]
	if runs > 1 {
		let mut best = f64::INFINITY;
		for _ in 0..runs {
			let start = std::time::Instant::now();
			Profile1.run(&plan, &inputs)?;
			best = best.min(start.elapsed().as_secs_f64());
		}
		println!("{:.2} ms, {:?}", best * 1e3, plan.report().cost);
	}
	#[cfg(target_arch = "wasm32")]
	let _ = runs;
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

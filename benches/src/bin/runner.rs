//! Holds one model in one engine and runs it on command; see the crate's documentation.
//!
//! ```text
//! runner noema|tract MODEL.onnx INPUT.pb...
//! ```
//!
//! Builds for the machine, and for wasm32-wasip1.

use std::{
	error::Error,
	fs,
	io::{self, BufRead, Write},
	time::Instant,
};

use noema_benches::Ready;
use noema_engine::{attrs::decode_tensor, DType, Engine, Plan, Profile1, Value};
use prost::Message;
use tract_onnx::{
	pb::TensorProto,
	prelude::{
		Framework, InferenceModelExt, IntoRunnable, IntoTValue, IntoTensor, Tensor, TractResult,
		TypedRunnableModel,
	},
};

/// Counts what the process holds.
#[cfg(not(target_arch = "wasm32"))]
mod memory {
	#[global_allocator]
	static ALLOCATOR: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

	/// The result of `f`, the most bytes held while it ran, and those held after it, beyond those
	/// held before.
	pub(crate) fn measured<R>(f: impl FnOnce() -> R) -> (R, Option<u64>, Option<u64>) {
		ALLOCATOR.reset_peak_usage();
		let before = ALLOCATOR.current_usage();
		let result = f();
		let beyond = |bytes: usize| Some(bytes.saturating_sub(before) as u64);
		(
			result,
			beyond(ALLOCATOR.peak_usage()),
			beyond(ALLOCATOR.current_usage()),
		)
	}
}
#[cfg(target_arch = "wasm32")]
mod memory {
	/// The result of `f`: nothing is counted in Wasm.
	pub(crate) fn measured<R>(f: impl FnOnce() -> R) -> (R, Option<u64>, Option<u64>) {
		(f(), None, None)
	}
}

use memory::measured;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A model in an engine, with its inputs.
trait Model {
	/// Runs it once and forgets the outputs.
	fn run(&self) -> Result<()>;
	/// Runs it once and returns the elements of all outputs.
	fn outputs(&self) -> Result<Vec<f64>>;
}

struct Noema {
	plan: Plan,
	inputs: Vec<Value>,
}

impl Model for Noema {
	fn run(&self) -> Result<()> {
		std::hint::black_box(Profile1.run(&self.plan, &self.inputs)?);
		Ok(())
	}

	fn outputs(&self) -> Result<Vec<f64>> {
		let mut elements = vec![];
		for value in Profile1.run(&self.plan, &self.inputs)? {
			let size = value.dtype.size();
			elements.extend(value.data.chunks_exact(size).map(|bytes| {
				let mut word = [0; 8];
				word[..size].copy_from_slice(bytes);
				match value.dtype {
					DType::F32 => f64::from(f32::from_bits(u64::from_le_bytes(word) as u32)),
					DType::F64 => f64::from_le_bytes(word),
					_ => u64::from_le_bytes(word) as f64,
				}
			}));
		}
		Ok(elements)
	}
}

/// Reads and hashes the file, as a node does, and builds its plan.
fn noema(path: &str, inputs: Vec<Tensor>, ready: &mut Ready) -> Result<Box<dyn Model>> {
	ready.engine = format!("Noema, {}", noema_engine::simd::isa());
	let started = Instant::now();
	let file = fs::read(path)?;
	#[cfg(not(target_arch = "wasm32"))]
	std::hint::black_box(blake3::hash(&file));
	ready.read_ns = started.elapsed().as_nanos() as u64;
	let started = Instant::now();
	let (plan, peak, held) = measured(|| Profile1.build(&file));
	ready.build_ns = started.elapsed().as_nanos() as u64;
	(ready.build_peak_bytes, ready.held_bytes) = (peak, held);
	let plan = plan?;
	let report = plan.report();
	ready.report_plan_bytes = Some(report.plan_bytes);
	ready.report_peak_bytes = Some(report.peak_bytes);
	ready.report_macs = Some(report.cost.macs);
	let inputs = inputs
		.into_iter()
		.map(|tensor| {
			Ok(Value {
				dtype: DType::from_datum_type(tensor.datum_type()).ok_or("an unknown type")?,
				shape: tensor.shape().to_vec(),
				data: tensor.as_bytes().to_vec(),
			})
		})
		.collect::<Result<_>>()?;
	Ok(Box::new(Noema { plan, inputs }))
}

struct Tract {
	plan: std::sync::Arc<TypedRunnableModel>,
	inputs: Vec<Tensor>,
}

impl Tract {
	fn tensors(&self) -> TractResult<Vec<Tensor>> {
		let inputs = self
			.inputs
			.iter()
			.map(|tensor| tensor.clone().into_tvalue())
			.collect();
		Ok(self
			.plan
			.run(inputs)?
			.into_iter()
			.map(|output| output.into_tensor())
			.collect())
	}
}

impl Model for Tract {
	fn run(&self) -> Result<()> {
		std::hint::black_box(self.tensors()?);
		Ok(())
	}

	fn outputs(&self) -> Result<Vec<f64>> {
		let mut elements = vec![];
		for tensor in self.tensors()? {
			let tensor = tensor.cast_to::<f64>()?;
			let (words, _) = tensor.as_bytes().as_chunks::<8>();
			elements.extend(words.iter().map(|word| f64::from_le_bytes(*word)));
		}
		Ok(elements)
	}
}

/// The stock way: parse, analyse, declutter, optimise for this processor.
fn tract(path: &str, inputs: Vec<Tensor>, ready: &mut Ready) -> Result<Box<dyn Model>> {
	ready.engine = "tract-onnx".into();
	let started = Instant::now();
	let file = fs::read(path)?;
	ready.read_ns = started.elapsed().as_nanos() as u64;
	let started = Instant::now();
	let (plan, peak, held) = measured(|| {
		tract_onnx::onnx()
			.model_for_read(&mut &file[..])?
			.into_optimized()?
			.into_runnable()
	});
	ready.build_ns = started.elapsed().as_nanos() as u64;
	(ready.build_peak_bytes, ready.held_bytes) = (peak, held);
	Ok(Box::new(Tract {
		plan: plan.map_err(|error| format!("{error:#}"))?,
		inputs,
	}))
}

fn build(arguments: &[String], ready: &mut Ready) -> Result<Box<dyn Model>> {
	let [engine, path, inputs @ ..] = arguments else {
		return Err("usage: runner noema|tract MODEL.onnx INPUT.pb...".into());
	};
	let inputs = inputs
		.iter()
		.map(|path| {
			let proto = TensorProto::decode(&fs::read(path)?[..])?;
			Ok(decode_tensor(path, &proto).map_err(|error| error.to_string())?)
		})
		.collect::<Result<Vec<_>>>()?;
	let model = match engine.as_str() {
		"noema" => noema(path, inputs, ready)?,
		"tract" => tract(path, inputs, ready)?,
		other => return Err(format!("no engine {other}").into()),
	};
	// The first run is not measured: it fills caches. The second shows what a run takes.
	model.run()?;
	let (result, peak, _) = measured(|| model.run());
	result?;
	ready.run_peak_bytes = peak;
	Ok(model)
}

fn answer(model: &dyn Model, command: &str) -> Result<String> {
	match command.split_once(' ') {
		Some(("run", count)) => {
			let count: u32 = count.parse()?;
			let started = Instant::now();
			for _ in 0..count {
				model.run()?;
			}
			Ok(started.elapsed().as_nanos().to_string())
		}
		Some(("outputs", path)) => {
			let elements = model.outputs()?;
			let bytes: Vec<u8> = elements.iter().flat_map(|x| x.to_le_bytes()).collect();
			fs::write(path, bytes)?;
			Ok(elements.len().to_string())
		}
		_ => Err(format!("no command '{command}'").into()),
	}
}

fn main() -> Result<()> {
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	let mut ready = Ready::default();
	let model = build(&arguments, &mut ready);
	ready.refused = model.as_ref().err().map(ToString::to_string);
	let mut stdout = io::stdout();
	writeln!(stdout, "{}", serde_json::to_string(&ready)?)?;
	stdout.flush()?;
	let Ok(model) = model else { return Ok(()) };
	for command in io::stdin().lock().lines() {
		writeln!(stdout, "{}", answer(&*model, &command?)?)?;
		stdout.flush()?;
	}
	Ok(())
}

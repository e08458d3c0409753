//! Measures, and prints the tables.

use std::{
	fs,
	io::{self, ErrorKind},
	path::{Path, PathBuf},
};

use clap::Parser;
use noema_benches::Ready;
use rustix::thread::{sched_setaffinity, CpuSet};

use crate::{
	compare::{difference, geometric_mean, median},
	peak::{self, Form},
	runner::{read_elements, Runner, Start},
};

/// How long an engine runs in one round, in seconds, if one run takes less.
const ROUND_SECONDS: f64 = 0.05;
/// Runs in one round at most.
const MAX_RUNS: f64 = 10_000.0;
/// Operations of a product of two matrices of 1024 x 1024.
const GEMM_OPERATIONS: f64 = 2.0 * 1024.0 * 1024.0 * 1024.0;
/// The networks that are such a product.
const GEMMS: [&str; 2] = ["gemm_1024", "gemm_1024_inputs"];

#[derive(Debug, Parser)]
#[command(about = "Compares Noema with stock tract, tract in Wasm, and onnxruntime.")]
struct Options {
	/// A folder as `models.py` writes it.
	models: PathBuf,
	/// The networks to run; all in the folder if none is named.
	names: Vec<String>,
	/// The core to run on.
	#[arg(long, default_value_t = 0)]
	core: usize,
	/// Rounds for each network.
	#[arg(long, default_value_t = 15)]
	rounds: usize,
	/// The runner, if it does not lie beside this program.
	#[arg(long)]
	runner: Option<PathBuf>,
	/// The runner built for wasm32-wasip1 with simd128; without it there is no column for it.
	#[arg(long)]
	wasm: Option<PathBuf>,
	/// The Node.js that runs it.
	#[arg(long, default_value = "node")]
	node: PathBuf,
	/// A Python that has onnxruntime; without it there is no column for it.
	#[arg(long)]
	python: Option<PathBuf>,
}

/// The engines of the table, in the order of its columns.
const NOEMA: usize = 0;
const TRACT: usize = 1;
const WASM: usize = 2;
const ONNXRUNTIME: usize = 3;
const TITLES: [&str; 4] = ["Noema", "tract", "tract in Wasm", "onnxruntime"];

/// How one engine did on one network.
#[derive(Clone, Debug, Default)]
struct Result {
	ready: Ready,
	/// Seconds of one run, one sample a round.
	samples: Vec<f64>,
	outputs: Option<Vec<f64>>,
}

impl Result {
	/// The median, if the engine runs the network.
	fn seconds(&self) -> Option<f64> {
		(!self.samples.is_empty()).then(|| median(&self.samples))
	}
}

/// How all of them did on one network.
#[derive(Debug)]
struct Row {
	name: String,
	/// Bytes of the file that Noema reads.
	file_bytes: u64,
	/// By the order of [`TITLES`].
	results: Vec<Option<Result>>,
	/// The outputs in binary64.
	reference: Option<Vec<f64>>,
	/// The core's peaks while this network ran: one sample a round.
	mul_add: Vec<f64>,
	fused: Vec<f64>,
}

impl Row {
	fn result(&self, engine: usize) -> Option<&Result> {
		self.results[engine].as_ref()
	}

	fn seconds(&self, engine: usize) -> Option<f64> {
		self.result(engine)?.seconds()
	}

	/// How many times as long `engine` takes as `other`.
	fn ratio(&self, engine: usize, other: usize) -> Option<f64> {
		Some(self.seconds(engine)? / self.seconds(other)?)
	}

	/// How far the outputs of `engine` are from the reference.
	fn error(&self, engine: usize) -> Option<f64> {
		let outputs = self.result(engine)?.outputs.as_ref()?;
		difference(outputs, self.reference.as_ref()?)
	}

	/// How far the outputs of Noema are from those of `engine`.
	fn apart(&self, engine: usize) -> Option<f64> {
		let outputs = |engine| self.result(engine)?.outputs.as_ref();
		difference(outputs(NOEMA)?, outputs(engine)?)
	}
}

/// How each engine starts; `None` for those that are not wanted.
fn starts(options: &Options) -> io::Result<Vec<Option<Start>>> {
	let runner = match &options.runner {
		Some(runner) => runner.clone(),
		None => std::env::current_exe()?.with_file_name("runner"),
	};
	let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
	let native = |engine: &str| Start {
		command: vec![runner.clone(), engine.into()],
		root: None,
		compact: engine == "noema",
	};
	let root = fs::canonicalize(&options.models)?;
	let wasm = options.wasm.as_ref().map(|wasm| Start {
		command: vec![
			options.node.clone(),
			"--no-warnings".into(),
			manifest.join("../scripts/wasi.mjs"),
			wasm.clone(),
			root.clone(),
			"tract".into(),
		],
		root: Some(root.clone()),
		compact: false,
	});
	let onnxruntime = options.python.as_ref().map(|python| Start {
		command: vec![python.clone(), manifest.join("onnxruntime_runner.py")],
		root: None,
		compact: false,
	});
	Ok(vec![
		Some(native("noema")),
		Some(native("tract")),
		wasm,
		onnxruntime,
	])
}

/// Runs all engines on the network of a folder.
fn measure(folder: &Path, starts: &[Option<Start>], rounds: usize) -> io::Result<Row> {
	let name = folder
		.file_name()
		.unwrap_or_default()
		.to_string_lossy()
		.into_owned();
	let mut row = Row {
		file_bytes: fs::metadata(folder.join("model.onnx"))?.len(),
		results: vec![None; starts.len()],
		reference: read_elements(&folder.join("reference.f64")).ok(),
		mul_add: vec![],
		fused: vec![],
		name,
	};
	let outputs = folder.join("outputs.f64");
	// The engines that run the network, and how often each does in one round.
	let mut running: Vec<(usize, Runner, u32)> = vec![];
	for (engine, start) in starts.iter().enumerate() {
		let Some(start) = start else { continue };
		eprintln!("{}: {} builds", row.name, TITLES[engine]);
		let mut runner = start.start(folder)?;
		let mut result = Result {
			ready: runner.ready.clone(),
			..Result::default()
		};
		if result.ready.refused.is_none() {
			let seconds = runner.run(1)?;
			let count = (ROUND_SECONDS / seconds).clamp(1.0, MAX_RUNS) as u32;
			// What a compiler at run time has to warm up.
			runner.run(count)?;
			result.outputs = Some(runner.outputs(start, &outputs)?);
			running.push((engine, runner, count));
		}
		row.results[engine] = Some(result);
	}
	for round in 0..rounds {
		row.mul_add.push(peak::sample(Form::MulAdd));
		row.fused.push(peak::sample(Form::Fused));
		let count = running.len().max(1);
		for turn in 0..running.len() {
			let (engine, runner, runs) = &mut running[(turn + round) % count];
			let seconds = runner.run(*runs)?;
			if let Some(result) = &mut row.results[*engine] {
				result.samples.push(seconds);
			}
		}
	}
	match fs::remove_file(&outputs) {
		Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
		_ => Ok(row),
	}
}

/// The folders to run, sorted as `models.py` writes them if named, else by name.
fn folders(options: &Options) -> io::Result<Vec<PathBuf>> {
	let root = fs::canonicalize(&options.models)?;
	if !options.names.is_empty() {
		return Ok(options.names.iter().map(|name| root.join(name)).collect());
	}
	let mut folders: Vec<PathBuf> = fs::read_dir(root)?
		.map(|entry| Ok(entry?.path()))
		.collect::<io::Result<_>>()?;
	folders.retain(|folder| folder.join("model.onnx").is_file());
	folders.sort();
	Ok(folders)
}

fn processor() -> String {
	let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
	let field = |name: &str| {
		info.lines()
			.find_map(|line| {
				Some(
					line.strip_prefix(name)?
						.split_once(':')?
						.1
						.trim()
						.to_string(),
				)
			})
			.unwrap_or_else(|| "unknown".into())
	};
	format!(
		"{}, family {}, model {}",
		field("model name"),
		field("cpu family"),
		field("model\t")
	)
}

fn number(value: Option<f64>, digits: usize) -> String {
	value.map_or("-".into(), |value| format!("{value:.digits$}"))
}

fn small(value: Option<f64>) -> String {
	value.map_or("-".into(), |value| format!("{value:.1e}"))
}

fn mebibytes(bytes: Option<u64>) -> String {
	number(bytes.map(|bytes| bytes as f64 / (1 << 20) as f64), 1)
}

fn milliseconds(seconds: f64) -> String {
	let ms = seconds * 1e3;
	format!("{ms:.*}", if ms < 1.0 { 4 } else { 2 })
}

/// Milliseconds, or why there are none.
fn time(row: &Row, engine: usize) -> String {
	match (row.seconds(engine), row.result(engine)) {
		(Some(seconds), _) => milliseconds(seconds),
		(None, Some(_)) => "refused".into(),
		(None, None) => "-".into(),
	}
}

/// Prints a table of which the first column is text.
fn print(heads: &[&str], rows: &[Vec<String>]) {
	println!("| {} |", heads.join(" | "));
	println!("|---|{}", "---:|".repeat(heads.len() - 1));
	for row in rows {
		println!("| {} |", row.join(" | "));
	}
	println!();
}

fn print_speed(rows: &[Row]) {
	println!("Milliseconds of one run, and ratios of medians:\n");
	let mut lines: Vec<Vec<String>> = rows
		.iter()
		.map(|row| {
			let mut line = vec![row.name.clone()];
			line.extend((0..TITLES.len()).map(|engine| time(row, engine)));
			line.extend([
				number(row.ratio(TRACT, NOEMA), 2),
				number(row.ratio(WASM, NOEMA), 2),
				number(row.ratio(NOEMA, ONNXRUNTIME), 2),
			]);
			line
		})
		.collect();
	let mean = |engine, other| {
		let ratios: Vec<f64> = rows
			.iter()
			.filter_map(|row| row.ratio(engine, other))
			.collect();
		number((!ratios.is_empty()).then(|| geometric_mean(&ratios)), 2)
	};
	lines.push(vec![
		"geometric mean".into(),
		String::new(),
		String::new(),
		String::new(),
		String::new(),
		mean(TRACT, NOEMA),
		mean(WASM, NOEMA),
		mean(NOEMA, ONNXRUNTIME),
	]);
	let mut heads = vec!["network"];
	heads.extend(TITLES);
	heads.extend([
		"tract / Noema",
		"tract in Wasm / Noema",
		"Noema / onnxruntime",
	]);
	print(&heads, &lines);
	for row in rows {
		for (title, result) in TITLES.iter().zip(&row.results) {
			if let Some(reason) = result
				.as_ref()
				.and_then(|result| result.ready.refused.as_ref())
			{
				let reason: Vec<&str> = reason.split_whitespace().collect();
				let reason: String = reason.join(" ").chars().take(240).collect();
				println!("{title} refuses {}: {reason}\n", row.name);
			}
		}
	}
}

fn print_accuracy(rows: &[Row]) {
	println!(
		"Largest difference between outputs, as a share of the largest magnitude; errors are those \
		 against an evaluation in binary64:\n"
	);
	let lines: Vec<Vec<String>> = rows
		.iter()
		.map(|row| {
			let ours = row.error(NOEMA);
			let theirs = row.error(ONNXRUNTIME);
			vec![
				row.name.clone(),
				small(row.apart(ONNXRUNTIME)),
				small(row.apart(TRACT)),
				small(ours),
				small(theirs),
				small(row.error(TRACT)),
				number(ours.zip(theirs).map(|(ours, theirs)| ours / theirs), 2),
			]
		})
		.collect();
	print(
		&[
			"network",
			"Noema to onnxruntime",
			"Noema to tract",
			"error of Noema",
			"error of onnxruntime",
			"error of tract",
			"Noema / onnxruntime",
		],
		&lines,
	);
}

fn print_builds(rows: &[Row]) {
	println!(
		"Building a plan, against reading and hashing the file, and memory in MiB against the \
		 admission report (`plan` are constants, `run` activations):\n"
	);
	let lines: Vec<Vec<String>> = rows
		.iter()
		.filter_map(|row| {
			let ready = &row.result(NOEMA)?.ready;
			ready.refused.is_none().then_some(())?;
			Some(vec![
				row.name.clone(),
				mebibytes(Some(row.file_bytes)),
				milliseconds(ready.read_ns as f64 * 1e-9),
				milliseconds(ready.build_ns as f64 * 1e-9),
				number(Some(ready.build_ns as f64 / ready.read_ns as f64), 2),
				mebibytes(ready.report_plan_bytes),
				mebibytes(ready.held_bytes),
				mebibytes(ready.build_peak_bytes),
				mebibytes(ready.report_peak_bytes),
				mebibytes(ready.run_peak_bytes),
			])
		})
		.collect();
	print(
		&[
			"network",
			"file",
			"read and hash, ms",
			"build, ms",
			"build / read",
			"plan, reported",
			"plan, held",
			"build, most",
			"run, reported",
			"run, most",
		],
		&lines,
	);
}

fn print_peaks(rows: &[Row]) {
	let all = |samples: fn(&Row) -> &Vec<f64>| -> Vec<f64> {
		rows.iter()
			.flat_map(|row| samples(row).iter().copied())
			.collect()
	};
	let mul_add = median(&all(|row| &row.mul_add));
	let fused = median(&all(|row| &row.fused));
	println!(
		"Peak of the core on binary32, in registers alone: {:.1} GFLOP/s multiplying and adding, \
		 {:.1} GFLOP/s fused; ratio {:.3}.\n",
		mul_add * 1e-9,
		fused * 1e-9,
		mul_add / fused
	);
	for row in rows.iter().filter(|row| GEMMS.contains(&row.name.as_str())) {
		// The peak of the same rounds, for a core changes its clock.
		let peak = median(&row.mul_add);
		for (engine, title) in TITLES.iter().enumerate() {
			if let Some(seconds) = row.seconds(engine) {
				let rate = GEMM_OPERATIONS / seconds;
				println!(
					"{}: {title} reaches {:.1} GFLOP/s, {:.0} % of the peak of multiplying and adding.\n",
					row.name,
					rate * 1e-9,
					100.0 * rate / peak
				);
			}
		}
	}
}

/// Measures what the command line asks for, and prints it.
pub(crate) fn main() -> io::Result<()> {
	let options = Options::parse();
	let mut core = CpuSet::new();
	core.set(options.core);
	// Runners inherit it.
	sched_setaffinity(None, &core)?;
	let starts = starts(&options)?;
	let rows = folders(&options)?
		.iter()
		.map(|folder| measure(folder, &starts, options.rounds))
		.collect::<io::Result<Vec<Row>>>()?;
	let engines: Vec<&str> = rows
		.first()
		.map(|row| {
			let results = row.results.iter().flatten();
			results.map(|result| result.ready.engine.as_str()).collect()
		})
		.unwrap_or_default();
	println!(
		"{}; {}; one core, one thread, batch 1, medians of {} interleaved rounds; {}.\n",
		processor(),
		peak::instruction_set(),
		options.rounds,
		engines.join("; ")
	);
	print_peaks(&rows);
	print_speed(&rows);
	print_accuracy(&rows);
	print_builds(&rows);
	Ok(())
}

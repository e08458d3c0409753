//! The command: `noema-node benchmark engine`.

use std::{io, path::PathBuf};

use clap::Args;
use noema_engine::simd::{self, with_isa, Isa, IsaError};

use crate::{
	fit::{fit, Coefficients, FitError, Sample},
	machine,
	measure::{measure, Candidate, MeasureError},
	table::Table,
	weights_file::{render, Header},
	zoo::{self, Model},
};

/// Measures the engine on this machine, and fits what inferences are charged.
///
/// It wants a quiet machine and one core to itself, as by `taskset -c 1`.
#[derive(Args, Clone, Debug)]
pub struct EngineCmd {
	/// An ONNX file to measure and fit beside the built-in models. May be given more than once.
	#[arg(long, value_name = "FILE", num_args = 1..)]
	pub model: Vec<PathBuf>,

	/// How often each model runs; its time is the median.
	#[arg(long, value_name = "COUNT", default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..))]
	pub rounds: u32,

	/// MiB of memory that are written before each run, so that caches hold nothing of a model. By
	/// default, as much as the largest cache has, and 64 at most: between two runs of a model all
	/// others run.
	#[arg(long, value_name = "MIB")]
	pub evict_mib: Option<usize>,

	/// Kernels to measure, in place of the best that this machine has: those of the slowest
	/// instruction set that validators may have.
	#[arg(long, value_name = "ISA")]
	pub isa: Option<Isa>,

	/// How many times its time each model is charged at least.
	#[arg(long, value_name = "FACTOR", default_value_t = 1.1)]
	pub margin: f64,

	/// Where to write the coefficients: `runtime/src/weights/inference_coefficients.rs`.
	#[arg(long, value_name = "FILE")]
	pub output: Option<PathBuf>,
}

/// Why nothing was measured or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
	/// A file cannot be read or written.
	#[error("{}: {source}", path.display())]
	File {
		/// The file.
		path: PathBuf,
		/// Why.
		source: io::Error,
	},
	/// This machine has not the kernels that were asked for.
	#[error(transparent)]
	Isa(#[from] IsaError),
	/// A model does not run.
	#[error(transparent)]
	Measure(#[from] MeasureError),
	/// What was measured has no fit.
	#[error(transparent)]
	Fit(#[from] FitError),
}

impl EngineCmd {
	/// Measures, fits, prints the table, and writes the file. What is in use is shown for
	/// comparison.
	pub fn run(&self, in_use: Option<Coefficients>) -> Result<(), Error> {
		let isa = self.isa.unwrap_or_else(simd::isa);
		let evicted = self.evicted();
		let samples = with_isa(isa, || self.measure(evicted))??;
		let fitted = fit(&samples, self.margin)?;
		let table = |coefficients| Table {
			samples: &samples,
			coefficients,
		};
		println!("{}", table(fitted));
		if let Some(in_use) = in_use {
			println!("In use: {}", table(in_use).summary());
		}
		if let Some(path) = &self.output {
			let header = Header {
				date: chrono::Utc::now().format("%Y-%m-%d").to_string(),
				processor: machine::processor(),
				isa: isa.to_string(),
				models: samples.len(),
				rounds: self.rounds,
				evicted,
				margin: self.margin,
				arguments: std::env::args().collect(),
			};
			std::fs::write(path, render(&header, &fitted)).map_err(|source| Error::File {
				path: path.clone(),
				source,
			})?;
		}
		Ok(())
	}

	fn evicted(&self) -> usize {
		match self.evict_mib {
			Some(mib) => mib.saturating_mul(1 << 20),
			None => machine::bytes_to_evict(),
		}
	}

	fn measure(&self, evicted: usize) -> Result<Vec<Sample>, Error> {
		let mut models = zoo::models();
		for path in &self.model {
			let file = std::fs::read(path).map_err(|source| Error::File {
				path: path.clone(),
				source,
			})?;
			models.push(Model {
				name: path.display().to_string(),
				file,
				inputs: None,
			});
		}
		let candidates = models
			.into_iter()
			.map(Candidate::new)
			.collect::<Result<Vec<_>, _>>()?;
		let samples = measure(candidates, self.rounds, evicted, |round| {
			eprintln!("round {} of {}", round + 1, self.rounds);
		})?;
		Ok(samples)
	}
}

//! What a validator's machine must be like, and how far one falls short: pure functions of what was
//! measured.

use std::fmt;

use noema_precompile_inference::host::Isa;

use super::measure::{Memory, Speed};

/// The instruction sets of which validators need one. The others compute the same bits too slowly.
pub const INSTRUCTION_SETS: [Isa; 2] = [Isa::Avx2, Isa::Neon];

/// What a node needs beside plans: database caches, trie caches, pool, network, the activations of
/// a run.
pub const NODE_BYTES: u64 = 1 << 30;

/// The longest that a network may take, as a share of what it is charged.
pub const MAX_TIME_OVER_CHARGE: f64 = 1.0;

/// What was found out about a machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
	/// Whether threads round to nearest, ties to even, and keep subnormal numbers.
	pub ieee: bool,
	/// What the golden vectors gave; the error says which differ.
	pub golden: Result<(), String>,
	/// The instruction sets that the processor has, narrow ones first.
	pub instruction_sets: Vec<Isa>,
	/// The memory, if the system tells.
	pub memory: Option<Memory>,
	/// The engine's speed; the error says why there is none. `None` if it was not measured.
	pub speed: Option<Result<Vec<Speed>, String>>,
}

/// What is asked of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Required {
	/// Bytes of the plans of all models that may be called, as the chain bounds them.
	pub resident_bytes: u64,
	/// Bytes of the plans of all models that mature, as the chain bounds them.
	pub maturing_bytes: u64,
	/// Bytes of the plans that are kept beside these.
	pub plan_cache_bytes: u64,
	/// Which memory counts.
	pub basis: Basis,
}

/// Which of the machine's memory counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
	/// What is free or can be freed now.
	Available,
	/// All that there is: several nodes of a test network share a machine, whose plans are small.
	Total,
}

impl Required {
	/// Bytes that a validator must be able to fill.
	pub const fn memory(&self) -> u64 {
		self.resident_bytes
			.saturating_add(self.maturing_bytes)
			.saturating_add(self.plan_cache_bytes)
			.saturating_add(NODE_BYTES)
	}
}

/// How a machine falls short.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Shortfall {
	/// The floating-point environment is not that of IEEE 754.
	#[error(
		"threads of this process do not round to nearest, or flush subnormal numbers to zero: \
		 something has changed MXCSR (x86-64) or FPCR (aarch64), such as a preloaded library"
	)]
	Arithmetic,
	/// The golden vectors come out otherwise.
	#[error("the engine computes other bits than the network: {0}")]
	Golden(String),
	/// The processor is too old.
	#[error("the processor has neither AVX2 nor NEON, but only {found}")]
	InstructionSet {
		/// The widest that it has.
		found: String,
	},
	/// There is too little memory.
	#[error(
		"{} of memory are {} too few: the plans of all models that may be called must fit",
		gib(*found),
		gib(*missing)
	)]
	Memory {
		/// Bytes that there are.
		found: u64,
		/// Bytes that there must be more.
		missing: u64,
	},
	/// Runs take longer than they are charged.
	#[error(
		"'{model}' takes {ratio:.2} times what it is charged, where {MAX_TIME_OVER_CHARGE:.2} is \
		 the most: the machine is {:.0} % too slow",
		100.0 * (ratio / MAX_TIME_OVER_CHARGE - 1.0)
	)]
	Speed {
		/// The slowest of the built-in networks, by its charge.
		model: String,
		/// Its time over its charge.
		ratio: f64,
	},
	/// The engine does not even run what it is measured by.
	#[error("the engine's speed cannot be measured: {0}")]
	SpeedUnknown(String),
}

impl Shortfall {
	/// Whether the machine computes other bits. Nothing may pass over that.
	pub const fn is_of_bits(&self) -> bool {
		matches!(self, Self::Arithmetic | Self::Golden(_))
	}
}

/// One thing that is asked of a machine, and what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
	/// What is asked about.
	pub subject: Subject,
	/// What there must be.
	pub required: String,
	/// What there is.
	pub found: String,
	/// How that falls short, if it does.
	pub shortfall: Option<Shortfall>,
}

/// What is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
	/// Rounding and subnormal numbers.
	Arithmetic,
	/// The golden vectors.
	Golden,
	/// What the processor has.
	InstructionSet,
	/// Room for plans.
	Memory,
	/// Time against charge.
	Speed,
}

impl fmt::Display for Subject {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.pad(match self {
			Self::Arithmetic => "arithmetic",
			Self::Golden => "golden vectors",
			Self::InstructionSet => "instruction set",
			Self::Memory => "memory",
			Self::Speed => "speed",
		})
	}
}

/// Compares a machine with what is required.
pub fn judge(measured: &Measured, required: &Required) -> Vec<Check> {
	let mut checks = vec![
		arithmetic(measured.ieee),
		golden(&measured.golden),
		instruction_set(&measured.instruction_sets),
		memory(measured.memory, required),
	];
	checks.extend(measured.speed.as_ref().map(speed));
	checks
}

fn arithmetic(ieee: bool) -> Check {
	let found = if ieee {
		"as required"
	} else {
		"something else"
	};
	Check {
		subject: Subject::Arithmetic,
		required: "round to nearest even, no flush to zero".into(),
		found: found.into(),
		shortfall: (!ieee).then_some(Shortfall::Arithmetic),
	}
}

fn golden(golden: &Result<(), String>) -> Check {
	let found = if golden.is_ok() {
		"the same bits"
	} else {
		"other bits"
	};
	Check {
		subject: Subject::Golden,
		required: "the same bits".into(),
		found: found.into(),
		shortfall: golden.clone().err().map(Shortfall::Golden),
	}
}

fn instruction_set(has: &[Isa]) -> Check {
	let best = has.last().map_or("none", |isa| isa.name());
	let enough = has.iter().any(|isa| INSTRUCTION_SETS.contains(isa));
	Check {
		subject: Subject::InstructionSet,
		required: INSTRUCTION_SETS.map(Isa::name).join(" or "),
		found: best.into(),
		shortfall: (!enough).then(|| Shortfall::InstructionSet { found: best.into() }),
	}
}

fn memory(memory: Option<Memory>, required: &Required) -> Check {
	let needed = required.memory();
	let found = memory.map(|memory| match required.basis {
		Basis::Available => memory.available,
		Basis::Total => memory.total,
	});
	let of = match required.basis {
		Basis::Available => "available",
		Basis::Total => "in all",
	};
	let short = found.filter(|found| *found < needed);
	Check {
		subject: Subject::Memory,
		required: format!("{} {of}", gib(needed)),
		// A system that does not tell is the operator's to judge.
		found: found.map_or_else(|| "unknown".into(), gib),
		shortfall: short.map(|found| Shortfall::Memory {
			found,
			missing: needed - found,
		}),
	}
}

fn speed(speed: &Result<Vec<Speed>, String>) -> Check {
	let check = |found, shortfall| Check {
		subject: Subject::Speed,
		required: format!("at most {MAX_TIME_OVER_CHARGE:.2} of the charge"),
		found,
		shortfall,
	};
	let unknown = |reason: &str| {
		check(
			"unknown".into(),
			Some(Shortfall::SpeedUnknown(reason.into())),
		)
	};
	let models = match speed {
		Ok(models) => models,
		Err(reason) => return unknown(reason),
	};
	let slowest = models
		.iter()
		.max_by(|a, b| a.time_over_charge().total_cmp(&b.time_over_charge()));
	let Some(slowest) = slowest else {
		return unknown("nothing was run");
	};
	let ratio = slowest.time_over_charge();
	let model = slowest.model.clone();
	check(
		format!("{ratio:.2} of the charge, by '{model}'"),
		(ratio > MAX_TIME_OVER_CHARGE).then_some(Shortfall::Speed { model, ratio }),
	)
}

/// Bytes, for people.
fn gib(bytes: u64) -> String {
	format!("{:.2} GiB", bytes as f64 / (1u64 << 30) as f64)
}

#[cfg(test)]
mod tests;

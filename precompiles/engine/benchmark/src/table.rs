//! The table of what was measured and what is charged.

use std::fmt::{self, Display};

use crate::fit::{Coefficients, Sample};

/// The least share of its charge that a model is to take.
pub const LEAST_SHARE: f64 = 0.3;

/// A row for each model, the most overcharged first, and a summary.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
	/// What was measured.
	pub samples: &'a [Sample],
	/// What is charged for it.
	pub coefficients: Coefficients,
}

impl Display for Table<'_> {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		writeln!(
			f,
			"{:<40} {:>13} {:>12} {:>6} {:>11} {:>12} {:>12} {:>6}",
			"model", "macs", "bytes", "steps", "functions", "time, us", "charge, us", "share"
		)?;
		let mut rows: Vec<(f64, &Sample)> = self
			.samples
			.iter()
			.map(|sample| (1.0 / self.coefficients.ratio(sample), sample))
			.collect();
		rows.sort_by(|a, b| a.0.total_cmp(&b.0));
		for (share, sample) in &rows {
			writeln!(
				f,
				"{:<40} {:>13} {:>12} {:>6} {:>11} {:>12.1} {:>12.1} {:>6.3}",
				sample.name,
				sample.cost.macs,
				sample.cost.bytes,
				sample.cost.steps,
				sample.cost.transcendentals,
				sample.picoseconds / 1e6,
				self.coefficients.charge(&sample.cost) as f64 / 1e6,
				share
			)?;
		}
		f.write_str(&self.summary())
	}
}

impl Table<'_> {
	/// The coefficients, and how many models are charged as they should be.
	pub fn summary(&self) -> String {
		let Coefficients {
			mac,
			byte,
			step,
			transcendental,
		} = self.coefficients;
		let shares = || {
			let ratios = self.samples.iter();
			ratios.map(|sample| 1.0 / self.coefficients.ratio(sample))
		};
		let within = shares().filter(|share| (LEAST_SHARE..=1.0).contains(share));
		let over = shares().filter(|share| *share > 1.0);
		format!(
			"{mac} ps a multiply-accumulate, {byte} a byte, {step} a step, {transcendental} a \
			 transcendental function.\n\
			 {} of {} models take between {LEAST_SHARE} and 1.0 of their charge, {} more.",
			within.count(),
			self.samples.len(),
			over.count()
		)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use noema_engine::Cost;

	#[test]
	fn rows_say_what_share_of_the_charge_a_model_takes() {
		let sample = |name: &str, picoseconds: f64| Sample {
			name: name.into(),
			cost: Cost {
				macs: 1_000,
				bytes: 0,
				steps: 0,
				transcendentals: 0,
			},
			picoseconds,
		};
		let samples = [
			sample("half", 5e3),
			sample("tenth", 1e3),
			sample("twice", 2e4),
		];
		let coefficients = Coefficients {
			mac: 10,
			byte: 0,
			step: 0,
			transcendental: 0,
		};
		let table = Table {
			samples: &samples,
			coefficients,
		}
		.to_string();
		let rows: Vec<&str> = table.lines().collect();
		assert!(
			rows[1].starts_with("tenth") && rows[1].ends_with("0.100"),
			"{table}"
		);
		assert!(
			rows[2].starts_with("half") && rows[2].ends_with("0.500"),
			"{table}"
		);
		assert!(
			rows[3].starts_with("twice") && rows[3].ends_with("2.000"),
			"{table}"
		);
		assert!(
			rows[5].starts_with("1 of 3") && rows[5].ends_with(", 1 more."),
			"{table}"
		);
	}
}

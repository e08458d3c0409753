//! The coefficients that fit what was measured.
//!
//! With `x` the four figures of a model's cost, `t` its time and `c` the coefficients, the charge is
//! `c . x`, and the fit is the linear programme
//!
//! ```text
//!   minimise    sum over models of  c . x / t
//!   subject to  c . x / t >= margin  for each model,  c >= 0
//! ```
//!
//! Charges are compared with times as ratios, so that a model of microseconds weighs as much as one
//! of a second, and no model is charged less than its time and the margin, however much that takes.

use microlp::{ComparisonOp, OptimizationDirection, Problem};
use noema_engine::Cost;

/// Picoseconds for each figure of a [`Cost`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coefficients {
	/// For a multiply-accumulate.
	pub mac: u64,
	/// For a byte that a step reads or writes.
	pub byte: u64,
	/// For a step of the plan.
	pub step: u64,
	/// For a transcendental function.
	pub transcendental: u64,
}

impl Coefficients {
	/// Picoseconds that a run of this cost is charged. Saturates.
	pub fn charge(&self, cost: &Cost) -> u64 {
		let Cost {
			macs,
			bytes,
			steps,
			transcendentals,
		} = *cost;
		self.mac
			.saturating_mul(macs)
			.saturating_add(self.byte.saturating_mul(bytes))
			.saturating_add(self.step.saturating_mul(steps.into()))
			.saturating_add(self.transcendental.saturating_mul(transcendentals))
	}

	/// How many times its time a model is charged.
	pub fn ratio(&self, sample: &Sample) -> f64 {
		self.charge(&sample.cost) as f64 / sample.picoseconds
	}
}

/// What a model costs, and how long it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
	/// How the model is called.
	pub name: String,
	/// What its report says.
	pub cost: Cost,
	/// What one run took, in picoseconds.
	pub picoseconds: f64,
}

/// Why there are no coefficients.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
	/// There is nothing to fit.
	#[error("no model was measured: at least one is needed")]
	Empty,
	/// A time that no run can take.
	#[error("'{name}' took {picoseconds} ps, which is no positive time")]
	Time {
		/// The model.
		name: String,
		/// Its time.
		picoseconds: f64,
	},
	/// A margin that makes no sense.
	#[error("a margin of {0}: must be a number of at least 1")]
	Margin(f64),
	/// A model that is free, whatever the coefficients are.
	#[error("'{name}' takes time, but all figures of its cost are 0")]
	Free {
		/// The model.
		name: String,
	},
	/// The linear programme has no solution that the solver finds.
	#[error("the fit failed: {0}")]
	Solver(String),
}

/// The tightest coefficients that charge each model at least `margin` times what it took. They are
/// rounded up to whole picoseconds.
pub fn fit(samples: &[Sample], margin: f64) -> Result<Coefficients, FitError> {
	if samples.is_empty() {
		return Err(FitError::Empty);
	}
	if !(margin.is_finite() && margin >= 1.0) {
		return Err(FitError::Margin(margin));
	}
	let mut rows = Vec::with_capacity(samples.len());
	for sample in samples {
		let Sample {
			name,
			cost,
			picoseconds,
		} = sample;
		if !(picoseconds.is_finite() && *picoseconds > 0.0) {
			return Err(FitError::Time {
				name: name.clone(),
				picoseconds: *picoseconds,
			});
		}
		if *cost == Cost::default() {
			return Err(FitError::Free { name: name.clone() });
		}
		rows.push(figures(cost).map(|figure| figure / picoseconds));
	}
	// The solver wants numbers of one order of magnitude: each coefficient in units in which its
	// largest entry is 1.
	let scales: [f64; 4] =
		std::array::from_fn(|j| rows.iter().map(|row| row[j]).fold(0.0, f64::max));
	for row in &mut rows {
		for (entry, scale) in row.iter_mut().zip(scales) {
			*entry = if scale > 0.0 { *entry / scale } else { 0.0 };
		}
	}
	let solved = solve(&rows, margin)?;
	let of = |j: usize| {
		if scales[j] > 0.0 {
			solved[j] / scales[j]
		} else {
			0.0
		}
	};
	Ok(whole([of(0), of(1), of(2), of(3)], samples, margin))
}

fn figures(cost: &Cost) -> [f64; 4] {
	[
		cost.macs as f64,
		cost.bytes as f64,
		f64::from(cost.steps),
		cost.transcendentals as f64,
	]
}

fn solve(rows: &[[f64; 4]], margin: f64) -> Result<[f64; 4], FitError> {
	let mut problem = Problem::new(OptimizationDirection::Minimize);
	let variables: [_; 4] = std::array::from_fn(|j| {
		let objective = rows.iter().map(|row| row[j]).sum::<f64>() / rows.len() as f64;
		problem.add_var(objective, (0.0, f64::INFINITY))
	});
	for row in rows {
		// A term this small only lowers the charge that the solver counts on.
		let largest = row.iter().copied().fold(0.0, f64::max);
		let terms = variables.iter().copied().zip(row.iter().copied());
		let terms: Vec<_> = terms.filter(|(_, entry)| *entry > 1e-6 * largest).collect();
		problem.add_constraint(&terms[..], ComparisonOp::Ge, margin);
	}
	let outcome = problem
		.solve()
		.map_err(|error| FitError::Solver(error.to_string()))?;
	let solution = outcome
		.solution()
		.ok_or_else(|| FitError::Solver("the solver was interrupted".into()))?;
	Ok(variables.map(|variable| solution.var_value(variable)))
}

/// Rounds up, and makes up for what the solver's tolerance leaves open.
fn whole(solved: [f64; 4], samples: &[Sample], margin: f64) -> Coefficients {
	let rounded = |factor: f64| {
		// A negative zero, or less by the tolerance, becomes 0: the cast saturates.
		let [mac, byte, step, transcendental] = solved.map(|c| (c * factor).ceil() as u64);
		Coefficients {
			mac,
			byte,
			step,
			transcendental,
		}
	};
	let worst = |coefficients: &Coefficients| {
		let ratios = samples.iter();
		let ratios = ratios.map(|sample| coefficients.ratio(sample) / margin);
		ratios.fold(f64::INFINITY, f64::min)
	};
	// A coefficient that is whole but for the tolerance stays what it is, if that is enough.
	let coefficients = rounded(1.0 - 1e-6);
	if worst(&coefficients) >= 1.0 {
		return coefficients;
	}
	let coefficients = rounded(1.0);
	let share = worst(&coefficients);
	if share >= 1.0 {
		return coefficients;
	}
	rounded((1.0 + 1e-9) / share)
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	fn sample(cost: [u64; 4], picoseconds: f64) -> Sample {
		Sample {
			name: "model".into(),
			cost: Cost {
				macs: cost[0],
				bytes: cost[1],
				steps: cost[2] as u32,
				transcendentals: cost[3],
			},
			picoseconds,
		}
	}

	const TRUTH: Coefficients = Coefficients {
		mac: 12,
		byte: 90,
		step: 400_000,
		transcendental: 2_500,
	};

	/// A model that takes just what these coefficients say.
	fn exact(cost: [u64; 4], truth: &Coefficients) -> Sample {
		let mut sample = sample(cost, 0.0);
		sample.picoseconds = truth.charge(&sample.cost) as f64;
		sample
	}

	#[test]
	fn coefficients_that_made_the_times_are_found_again() {
		let samples = [
			exact([1 << 28, 1 << 20, 1, 0], &TRUTH),
			exact([1 << 16, 1 << 24, 3, 0], &TRUTH),
			exact([1 << 10, 1 << 12, 900, 17], &TRUTH),
			exact([1 << 20, 1 << 22, 2, 1 << 20], &TRUTH),
			exact([1 << 24, 1 << 22, 50, 1 << 12], &TRUTH),
		];
		assert_eq!(fit(&samples, 1.0).expect("it fits"), TRUTH);
	}

	#[test]
	fn a_model_above_the_plane_lifts_it_and_one_below_does_not() {
		let fast = exact([1 << 28, 0, 0, 0], &TRUTH);
		let mut slow = fast.clone();
		slow.picoseconds *= 3.0;
		let of = |samples: &[Sample]| fit(samples, 1.0).expect("it fits").mac;
		assert_eq!(of(&[fast.clone(), slow.clone()]), 36);
		slow.picoseconds /= 9.0;
		assert_eq!(of(&[fast, slow]), 12);
	}

	#[test]
	fn the_margin_is_on_top() {
		let samples = [exact([1 << 28, 0, 0, 0], &TRUTH)];
		assert_eq!(fit(&samples, 1.5).expect("it fits").mac, 18);
	}

	#[test]
	fn what_cannot_be_fitted_is_refused() {
		let good = exact([1, 1, 1, 1], &TRUTH);
		assert!(matches!(fit(&[], 1.1), Err(FitError::Empty)));
		for margin in [0.9, f64::NAN, f64::INFINITY] {
			let refused = fit(std::slice::from_ref(&good), margin);
			assert!(matches!(refused, Err(FitError::Margin(_))), "{refused:?}");
		}
		for time in [0.0, -1.0, f64::NAN, f64::INFINITY] {
			let refused = fit(&[good.clone(), sample([1, 1, 1, 1], time)], 1.1);
			assert!(matches!(refused, Err(FitError::Time { .. })), "{refused:?}");
		}
		let refused = fit(&[good, sample([0; 4], 1.0)], 1.1);
		assert!(matches!(refused, Err(FitError::Free { .. })), "{refused:?}");
	}

	#[test]
	fn a_charge_saturates() {
		let most = sample([u64::MAX, 1, 1, 1], 1.0);
		assert_eq!(TRUTH.charge(&most.cost), u64::MAX);
	}

	/// Costs of models, from tiny to the largest that a block takes.
	fn cost() -> impl Strategy<Value = [u64; 4]> {
		(0u64..1 << 33, 1u64..1 << 30, 1u64..2_000, 0u64..1 << 24)
			.prop_map(|(macs, bytes, steps, functions)| [macs, bytes, steps, functions])
	}

	proptest! {
		#[test]
		fn no_model_is_charged_less_than_it_takes(
			models in prop::collection::vec((cost(), 0.2f64..3.0), 1..40),
			margin in 1.0f64..2.0,
		) {
			let samples: Vec<Sample> = models
				.into_iter()
				.map(|(cost, factor)| {
					let mut sample = exact(cost, &TRUTH);
					sample.picoseconds *= factor;
					sample
				})
				.collect();
			let fitted = fit(&samples, margin).expect("it fits");
			for sample in &samples {
				prop_assert!(fitted.ratio(sample) >= margin, "{fitted:?} {sample:?}");
			}
		}
	}
}

//! How the cost of one run of a model becomes weight.
//!
//! `ref_time` = a * macs + b * bytes + c * steps + d * transcendentals, all of it charged before
//! execution. The cost is counted from the graph at admission and stored with the model's report,
//! so the weight of a model never depends on the machine that admits it.
//!
//! The coefficients are fitted by `noema-node benchmark engine` (one core, cold caches, the plan in
//! memory), which writes their file: they hold for the slowest shape of each kind of work that it
//! measures, and a model is charged more than it takes rather than less.

use frame_support::weights::Weight;
use noema_primitives::Cost;
use sp_runtime::traits::Convert;

use super::inference_coefficients::{PER_BYTE, PER_MAC, PER_STEP, PER_TRANSCENDENTAL};

/// Prices the cost of a run.
#[derive(Debug)]
pub struct CostToWeight;

impl Convert<Cost, Weight> for CostToWeight {
	fn convert(cost: Cost) -> Weight {
		let ref_time = PER_MAC
			.saturating_mul(cost.macs)
			.saturating_add(PER_BYTE.saturating_mul(cost.bytes))
			.saturating_add(PER_STEP.saturating_mul(cost.steps.into()))
			.saturating_add(PER_TRANSCENDENTAL.saturating_mul(cost.transcendentals));
		Weight::from_parts(ref_time, 0)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn cost_is_charged_in_full_and_never_wraps() {
		let cost = Cost {
			macs: 2,
			bytes: 3,
			steps: 5,
			transcendentals: 7,
		};
		let expected = 2 * PER_MAC + 3 * PER_BYTE + 5 * PER_STEP + 7 * PER_TRANSCENDENTAL;
		assert_eq!(CostToWeight::convert(cost), Weight::from_parts(expected, 0));
		let most = Cost {
			macs: u64::MAX,
			bytes: u64::MAX,
			steps: u32::MAX,
			transcendentals: 0,
		};
		assert_eq!(CostToWeight::convert(most), Weight::from_parts(u64::MAX, 0));
	}
}

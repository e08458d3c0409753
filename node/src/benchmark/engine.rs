//! The engine, against what the runtime charges for it.

use noema_engine_benchmark::{Coefficients, EngineCmd};
use noema_primitives::Cost;
use noema_runtime::weights::CostToWeight;
use sp_runtime::traits::Convert;

pub(super) fn run(command: &EngineCmd) -> sc_cli::Result<()> {
	command
		.run(Some(in_use()))
		.map_err(|error| sc_cli::Error::Application(Box::new(error)))
}

/// The coefficients of the runtime that the node carries: what it charges for one of each.
pub(crate) fn in_use() -> Coefficients {
	let price = |cost| CostToWeight::convert(cost).ref_time();
	let none = Cost::default();
	Coefficients {
		mac: price(Cost { macs: 1, ..none }),
		byte: price(Cost { bytes: 1, ..none }),
		step: price(Cost { steps: 1, ..none }),
		transcendental: price(Cost {
			transcendentals: 1,
			..none
		}),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_coefficients_in_use_are_all_that_a_weight_is_made_of() {
		let cost = Cost {
			macs: 1_234_567,
			bytes: 89_012,
			steps: 345,
			transcendentals: 6_789,
		};
		let Coefficients {
			mac,
			byte,
			step,
			transcendental,
		} = in_use();
		let charge = mac * cost.macs
			+ byte * cost.bytes
			+ step * u64::from(cost.steps)
			+ transcendental * cost.transcendentals;
		assert_eq!(charge, CostToWeight::convert(cost).ref_time());
	}
}

//! What a node does about its machine when it starts.

use noema_runtime::Runtime;
use sc_service::{ChainType, Configuration, Error as ServiceError};
use sp_core::Get;

use super::{
	judge::{judge, Basis, Required, Shortfall},
	measure::{measure, Depth},
};
use crate::cli::NoemaParams;

const LOG_TARGET: &str = "noema::gate";

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
	/// `--force` on a chain that others rely on.
	#[error(
		"--force is for development and local chains only: on any other, a validator that is too \
		 slow or too small harms all"
	)]
	Forced,
	/// The machine computes other bits.
	#[error("this machine must not run a node: {}", list(.0))]
	OtherBits(Vec<Shortfall>),
	/// The machine is too slow or too small to validate.
	#[error(
		"this machine cannot validate: {}. `noema-node check` shows all that is required; without \
		 --validator the node follows the chain and does not validate{}",
		list(.shortfalls),
		if *.may_force { "; --force validates all the same" } else { "" }
	)]
	TooLittle {
		/// What it falls short of.
		shortfalls: Vec<Shortfall>,
		/// Whether this is a chain for tests.
		may_force: bool,
	},
}

fn list(shortfalls: &[Shortfall]) -> String {
	let texts: Vec<_> = shortfalls.iter().map(ToString::to_string).collect();
	texts.join("; ")
}

/// What a node with a plan cache of this many MiB needs on the chain whose runtime it carries.
pub fn required(plan_cache_mib: u64, basis: Basis) -> Required {
	Required {
		resident_bytes: <Runtime as pallet_models::Config>::MaxResidentBytes::get(),
		maturing_bytes: <Runtime as pallet_models::Config>::MaxMaturingBytes::get(),
		plan_cache_bytes: plan_cache_mib.saturating_mul(1 << 20),
		basis,
	}
}

/// Lets a node start that has passed the self-test, or not.
///
/// # Errors
///
/// [`GateError`], as the service's error.
pub fn pass(config: &Configuration, params: &NoemaParams) -> Result<(), ServiceError> {
	let node = Node {
		validates: config.role.is_authority(),
		for_tests: matches!(
			config.chain_spec.chain_type(),
			ChainType::Development | ChainType::Local
		),
		force: params.force,
	};
	node.may_force()
		.map_err(|e| ServiceError::Application(e.into()))?;
	// Who does not validate may be slow, and need not wait to hear of it.
	let depth = if node.validates && !node.for_tests {
		Depth::Timed
	} else {
		Depth::Quick
	};
	let basis = if node.for_tests {
		Basis::Total
	} else {
		Basis::Available
	};
	let required = required(params.plan_cache_mib.get(), basis);
	// Without the golden bits the node would not have come so far.
	let checks = judge(&measure(depth, Ok(())), &required);
	for check in &checks {
		log::info!(
			target: LOG_TARGET,
			"{}: {}; required: {}",
			check.subject,
			check.found,
			check.required,
		);
	}
	let shortfalls = checks.into_iter().filter_map(|check| check.shortfall);
	let passed_over = node
		.decide(shortfalls.collect())
		.map_err(|e| ServiceError::Application(e.into()))?;
	for shortfall in passed_over {
		log::warn!(target: LOG_TARGET, "not fit to validate: {shortfall}");
	}
	Ok(())
}

/// What the gate knows of a node.
#[derive(Clone, Copy, Debug)]
struct Node {
	validates: bool,
	for_tests: bool,
	force: bool,
}

impl Node {
	/// Refuses `--force` where it is not for.
	const fn may_force(self) -> Result<(), GateError> {
		if self.force && !self.for_tests {
			return Err(GateError::Forced);
		}
		Ok(())
	}

	/// What the node passes over.
	fn decide(self, shortfalls: Vec<Shortfall>) -> Result<Vec<Shortfall>, GateError> {
		let (bits, others): (Vec<_>, Vec<_>) =
			shortfalls.into_iter().partition(Shortfall::is_of_bits);
		if !bits.is_empty() {
			return Err(GateError::OtherBits(bits));
		}
		if self.validates && !self.force && !others.is_empty() {
			return Err(GateError::TooLittle {
				shortfalls: others,
				may_force: self.for_tests,
			});
		}
		Ok(others)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const VALIDATOR: Node = Node {
		validates: true,
		for_tests: false,
		force: false,
	};

	fn slow() -> Vec<Shortfall> {
		vec![Shortfall::Speed {
			model: "a".into(),
			ratio: 2.0,
		}]
	}

	#[test]
	fn a_validator_is_refused_and_told_by_how_much() {
		let refused = VALIDATOR.decide(slow()).expect_err("it is too slow");
		let text = refused.to_string();
		assert!(text.contains("100 % too slow"), "{text}");
		assert!(!text.contains("--force"), "{text}");
		assert_eq!(VALIDATOR.decide(vec![]).expect("it is fit"), []);
	}

	#[test]
	fn a_full_node_is_warned() {
		let full = Node {
			validates: false,
			..VALIDATOR
		};
		assert_eq!(full.decide(slow()).expect("it only follows"), slow());
	}

	#[test]
	fn force_is_for_tests() {
		let forced = Node {
			force: true,
			..VALIDATOR
		};
		assert!(matches!(forced.may_force(), Err(GateError::Forced)));
		let local = Node {
			for_tests: true,
			..forced
		};
		assert!(local.may_force().is_ok());
		assert_eq!(local.decide(slow()).expect("forced"), slow());
		let unforced = Node {
			force: false,
			..local
		};
		let refused = unforced.decide(slow()).expect_err("not forced");
		assert!(refused.to_string().contains("--force"), "{refused}");
	}

	#[test]
	fn nothing_passes_over_other_bits() {
		let forced = Node {
			validates: false,
			for_tests: true,
			force: true,
		};
		assert!(matches!(
			forced.decide(vec![Shortfall::Arithmetic]),
			Err(GateError::OtherBits(_))
		));
	}

	#[test]
	fn the_chains_bounds_are_what_is_required() {
		let required = required(3, Basis::Total);
		assert_eq!(required.plan_cache_bytes, 3 << 20);
		assert!(required.memory() > required.resident_bytes + required.maturing_bytes);
	}
}

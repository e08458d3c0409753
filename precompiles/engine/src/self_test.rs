//! Whether this machine computes the profile's bits.
//!
//! A node runs it at start: of the golden vectors those of the networks, and those of all operators
//! for the element types that models mostly have. The `golden` example checks them all.

use crate::{
	conformance::{
		catalog,
		golden::{compare, network, operator, parse, Mismatch, GOLDEN},
		networks::networks,
	},
	engine::FOREIGN_ARITHMETIC,
	environment::is_ieee,
	error::RunError,
	DType,
};

/// The element types of the operators' cases that are run.
const TYPES: [DType; 2] = [DType::F32, DType::I64];

/// Runs the test. [`RunError::Internal`] says that this machine must not take part.
pub fn self_test() -> Result<(), RunError> {
	if !is_ieee() {
		return Err(RunError::Internal {
			reason: FOREIGN_ARITHMETIC.into(),
		});
	}
	let internal = |reason: String| RunError::Internal {
		reason: format!("the self-test gives other results: {reason}"),
	};
	match mismatches().map_err(|error| internal(error.to_string()))? {
		found if found.is_empty() => Ok(()),
		found => {
			let reasons: Vec<String> = found.iter().take(5).map(Mismatch::to_string).collect();
			let more = found.len() - reasons.len();
			Err(internal(format!("{}; and {more} more", reasons.join("; "))))
		}
	}
}

fn mismatches() -> Result<Vec<Mismatch>, Box<dyn std::error::Error>> {
	let mut expected = parse(GOLDEN)?;
	expected.retain(|vector| match vector.name.split_once('/') {
		Some(("network", _)) => true,
		Some((_, dtype)) => TYPES.iter().any(|other| other.name() == dtype),
		None => false,
	});
	let mut found = vec![];
	for entry in catalog::entries() {
		found.extend(TYPES.iter().filter_map(|dtype| operator(entry, *dtype)));
	}
	for each in networks() {
		found.extend(network(&each)?);
	}
	Ok(compare(&found, &expected))
}

#[cfg(test)]
mod tests {
	#[test]
	fn this_machine_computes_the_profile() {
		super::self_test().unwrap();
	}
}

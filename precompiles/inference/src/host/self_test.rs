//! Golden vectors that a node checks before it starts: a machine that computes other bits must
//! not vote.
//!
//! The models are in `golden/`, with the script that writes them. Inputs are made here from a
//! fixed generator, special values first.

use noema_engine::{DType, Engine, ModelError, Profile1, RunError, Value};
use noema_primitives::ModelId;
use thiserror::Error;

use super::cache::build;

/// A model, and the BLAKE3 hash of its outputs on the test's inputs.
struct Golden {
	name: &'static str,
	file: &'static [u8],
	outputs: &'static str,
}

const GOLDEN: [Golden; 2] = [
	Golden {
		name: "functions",
		file: include_bytes!("../../golden/functions.onnx"),
		outputs: "0000000000000000000000000000000000000000000000000000000000000000",
	},
	Golden {
		name: "network",
		file: include_bytes!("../../golden/network.onnx"),
		outputs: "0000000000000000000000000000000000000000000000000000000000000000",
	},
];

/// Why this machine, or this build, cannot take part.
#[derive(Debug, Error)]
pub enum SelfTestError {
	/// A golden model is refused: the build is broken.
	#[error("the golden model {name} is refused: {source}")]
	Refused {
		/// The model.
		name: &'static str,
		/// Why.
		source: ModelError,
	},
	/// A golden model does not run: the build or the machine is broken.
	#[error("the golden model {name} does not run: {source}")]
	Failed {
		/// The model.
		name: &'static str,
		/// Why.
		source: RunError,
	},
	/// This machine computes other bits than the network.
	#[error(
		"the golden model {name} gives {found} and not {expected}: this machine computes other \
		 bits than the network, and would be on a fork of its own. Check its memory and \
		 processor, and that the binary is an unmodified release build"
	)]
	Mismatch {
		/// The model.
		name: &'static str,
		/// What the network computes.
		expected: &'static str,
		/// What this machine computes.
		found: String,
	},
}

/// Runs the golden models. Takes some milliseconds.
pub fn self_test() -> Result<(), SelfTestError> {
	GOLDEN.iter().try_for_each(|golden| check(golden))
}

fn check(golden: &Golden) -> Result<(), SelfTestError> {
	let name = golden.name;
	let plan = build(golden.file).map_err(|source| SelfTestError::Refused { name, source })?;
	let inputs: Vec<Value> = plan
		.report()
		.inputs
		.iter()
		.zip(0..)
		.map(|(schema, seed)| input(&schema.shape, seed))
		.collect();
	let outputs =
		Profile1.run(&plan, &inputs).map_err(|source| SelfTestError::Failed { name, source })?;
	let bytes: Vec<u8> = outputs.into_iter().flat_map(|output| output.data).collect();
	let found = ModelId::of(&bytes).to_string();
	if found == golden.outputs {
		Ok(())
	} else {
		Err(SelfTestError::Mismatch { name, expected: golden.outputs, found })
	}
}

/// Values with an edge: zeros, infinities, NaN, denormals, the ends of exp's and tanh's domains.
const SPECIAL: [u32; 16] = [
	0x0000_0000, 0x8000_0000, 0x3f80_0000, 0xbf80_0000, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000,
	0x0000_0001, 0x807f_ffff, 0x0080_0000, 0x7f7f_ffff, 0x42b1_7218, 0xc2ae_ac50, 0x4110_2cb3,
	0x3eff_ffff, 0x4b00_0001,
];

/// A float tensor: a vector has special values first, as every fourth element of its first
/// hundred; a larger tensor has none, for one NaN would hide all others.
fn input(shape: &[usize], seed: u64) -> Value {
	let elements: usize = shape.iter().product();
	let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678_9abc_def1);
	let data = (0..elements)
		.flat_map(|i| {
			// Marsaglia's xorshift64.
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			let bits = if shape.len() == 1 && i < 4 * SPECIAL.len() && i % 4 == 0 {
				SPECIAL[(i / 4 + seed as usize * 5) % SPECIAL.len()]
			} else {
				// 24 bits, exactly, between -4 and 4; elements of two octaves more now and then.
				let unit = (state >> 40) as f32 / (1u32 << 21) as f32 - 4.0;
				(if i % 7 == 3 { unit * 8.0 } else { unit }).to_bits()
			};
			bits.to_le_bytes()
		})
		.collect();
	Value { dtype: DType::F32, shape: shape.to_vec(), data }
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn this_machine_computes_the_golden_bits() {
		self_test().unwrap();
	}

	#[test]
	fn other_bits_are_noticed() {
		let wrong = Golden { outputs: GOLDEN[0].outputs, ..GOLDEN[1] };
		assert!(matches!(check(&wrong), Err(SelfTestError::Mismatch { .. })));
		let broken = Golden { file: b"no model", ..GOLDEN[0] };
		assert!(matches!(check(&broken), Err(SelfTestError::Refused { .. })));
	}
}

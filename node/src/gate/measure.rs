//! Finds out what a machine is.

mod memory;
mod speed;

use noema_precompile_inference::host::{is_ieee, Isa};

use super::judge::Measured;

pub use memory::Memory;
pub use speed::Speed;

/// How thoroughly to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
	/// What takes no time.
	Quick,
	/// Runs networks as well, for a few seconds at most.
	Timed,
}

/// Looks at this machine. `golden` is what the self-test gave: a node that starts has run it before.
pub fn measure(depth: Depth, golden: Result<(), String>) -> Measured {
	Measured {
		ieee: is_ieee(),
		golden,
		instruction_sets: Isa::available(),
		memory: memory::read(),
		speed: match depth {
			Depth::Quick => None,
			Depth::Timed => Some(speed::measure()),
		},
	}
}

//! Whether this machine computes the network's bits. A node that does not must not vote.

use noema_engine::RunError;
use thiserror::Error;

/// Why this machine, or this build, cannot take part.
#[derive(Debug, Error)]
#[error(
	"{0}. This machine computes other bits than the network and would be on a fork of its own: \
	 check its memory and processor, and that the binary is an unmodified release build"
)]
pub struct SelfTestError(#[from] RunError);

/// Runs the engine's golden network on this machine. Takes some milliseconds.
pub fn self_test() -> Result<(), SelfTestError> {
	Ok(noema_engine::self_test::self_test()?)
}

#[cfg(test)]
mod tests {
	#[test]
	fn this_machine_computes_the_golden_bits() {
		super::self_test().unwrap();
	}
}

//! What one core can do at most: multiplications and additions that never leave its registers.

use std::{hint::black_box, time::Instant};

use fearless_simd::{dispatch, Level, Simd, SimdBase, SimdFloat};

/// How a multiplication and an addition are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
	/// Each rounded: two instructions.
	MulAdd,
	/// Rounded once: one instruction.
	Fused,
}

/// Turns of the loop that one sample takes: some milliseconds.
const TURNS: u32 = 200_000;

/// The most binary32 operations a second that this core reaches, over loops with as many independent
/// chains as might fill its pipelines without leaving its registers.
pub(crate) fn sample(form: Form) -> f64 {
	let samples = [
		chains::<8>(form),
		chains::<10>(form),
		chains::<12>(form),
		chains::<14>(form),
		chains::<20>(form),
		chains::<24>(form),
	];
	samples.into_iter().fold(0.0, f64::max)
}

/// Operations a second of a loop with `CHAINS` chains.
fn chains<const CHAINS: usize>(form: Form) -> f64 {
	let started = Instant::now();
	let lanes = match form {
		Form::MulAdd => dispatch!(Level::new(), simd => turns::<_, CHAINS, false>(simd)),
		Form::Fused => dispatch!(Level::new(), simd => turns::<_, CHAINS, true>(simd)),
	};
	let operations = 2.0 * (lanes * CHAINS) as f64 * f64::from(TURNS);
	operations / started.elapsed().as_secs_f64()
}

/// Runs the loop and returns the lanes of a register.
#[inline(always)]
fn turns<S: Simd, const CHAINS: usize, const FUSED: bool>(simd: S) -> usize {
	let scale = S::f32s::splat(simd, black_box(0.999_9));
	let shift = S::f32s::splat(simd, black_box(0.000_1));
	let mut chains = [S::f32s::splat(simd, black_box(0.5)); CHAINS];
	for _ in 0..TURNS {
		for chain in &mut chains {
			*chain = if FUSED {
				chain.mul_add(scale, shift)
			} else {
				*chain * scale + shift
			};
		}
	}
	for chain in chains {
		black_box(chain.as_slice());
	}
	S::f32s::LEN
}

/// The instruction set of this machine that kernels use.
pub(crate) fn instruction_set() -> String {
	format!("{:?}", Level::new())
		.split('(')
		.next()
		.unwrap_or_default()
		.to_string()
}

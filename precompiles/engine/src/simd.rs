//! The same scalar source, compiled for each vector width that the machine may have.
//!
//! Only code that rustc would vectorise anyway goes through here. Wider registers change how many
//! output elements are in flight, never the order in which one of them is computed, and rustc
//! neither contracts a multiply and an add nor reassociates: the bits stay the same.

use fearless_simd::{dispatch, Level, Simd, SimdBase};

/// Runs `f` compiled for the widest vectors of this machine.
///
/// `f`, and all that it calls in its hot loops, must be `#[inline(always)]`.
#[inline]
pub fn vectorized<R>(f: impl FnOnce() -> R) -> R {
	dispatch!(Level::new(), _simd => f())
}

/// The same for an `f` that chooses the size of its register tiles by the number of binary32 lanes
/// of a vector register: 4, 8 or 16.
#[inline]
pub fn vectorized_by_lanes<R>(f: impl FnOnce(usize) -> R) -> R {
	dispatch!(Level::new(), simd => f(lanes(simd)))
}

#[inline(always)]
fn lanes<S: Simd>(_: S) -> usize {
	S::f32s::LEN
}

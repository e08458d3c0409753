//! The same scalar source, compiled for each vector width that the machine may have.
//!
//! Only code that rustc would vectorise anyway goes through here. Wider registers change how many
//! output elements are in flight, never the order in which one of them is computed, and rustc
//! neither contracts a multiply and an add nor reassociates: the bits stay the same.

use fearless_simd::{dispatch, Level};

/// Runs `f` compiled for the widest vectors of this machine.
///
/// `f`, and all that it calls in its hot loops, must be `#[inline(always)]`.
#[inline]
pub fn vectorized<R>(f: impl FnOnce() -> R) -> R {
	dispatch!(Level::new(), _simd => f())
}

//! What the normalisations over a run of elements share.

use crate::math::Float;

/// Mean and standard deviation of a run of elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moments<T> {
	/// The elements summed in order from +0, divided by how many there are.
	pub(super) mean: T,
	/// The square root of epsilon plus the mean of `(x - mean)^2`, summed likewise.
	pub(super) deviation: T,
}

impl<T: Float> Moments<T> {
	/// The moments of `x`.
	#[inline(always)]
	pub(super) fn new(x: &[T], epsilon: T) -> Self {
		let len = T::from_f64(x.len() as f64);
		let mean = x.iter().fold(T::ZERO, |sum, x| sum + *x) / len;
		let squares = x.iter().fold(T::ZERO, |sum, x| {
			let d = *x - mean;
			sum + d * d
		});
		Self {
			mean,
			deviation: (squares / len + epsilon).sqrt(),
		}
	}

	/// An element in units of the standard deviation.
	#[inline(always)]
	pub(super) fn normalise(&self, x: T) -> T {
		(x - self.mean) / self.deviation
	}
}

//! What the normalisations over a run of elements share.

use super::NodeCtx;
use crate::{broadcast::broadcast_shape, error::OpError, fact::Fact, math::Float, DType};

/// Checks a node that normalises the axes of `x` from its attribute `axis` on, and that has
/// parameters which broadcast to `x`. Returns that axis.
pub(super) fn first_axis(
	node: &NodeCtx<'_>,
	x: &Fact,
	parameters: &[(&'static str, Option<&Fact>)],
) -> Result<usize, OpError> {
	x.expect("X", &DType::FLOATS)?;
	x.expect_rank("X", 1..)?;
	for (name, parameter) in parameters {
		let Some(parameter) = parameter else { continue };
		parameter.expect_same_dtype(name, x)?;
		if broadcast_shape(parameter.shape(), x.shape())? != x.shape() {
			return Err(OpError::mismatch(format!(
				"{name} of {:?} does not broadcast to {:?}",
				parameter.shape(),
				x.shape()
			)));
		}
	}
	if node.attrs.int_or("stash_type", 1)? != 1 {
		return Err(OpError::unsupported("stash_type must be 1 (float)"));
	}
	x.axis("axis", node.attrs.int_or("axis", -1)?)
}

/// The shape of what there is one of for each run: `x`'s, with ones from the first axis on.
pub(super) fn shape_of_runs(x: &[usize], first_axis: usize) -> Vec<usize> {
	let mut shape = x.to_vec();
	shape[first_axis..].fill(1);
	shape
}

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

	/// The moments of `N` runs of `len` elements, one after the other in `x`. Each sum waits for its
	/// own additions only.
	#[inline(always)]
	pub(super) fn side_by_side<const N: usize>(x: &[T], len: usize, epsilon: T) -> [Self; N] {
		let runs: [&[T]; N] = std::array::from_fn(|run| &x[run * len..][..len]);
		let count = T::from_f64(len as f64);
		let mut means = [T::ZERO; N];
		for i in 0..len {
			for (sum, run) in means.iter_mut().zip(runs) {
				*sum = *sum + run[i];
			}
		}
		for mean in &mut means {
			*mean = *mean / count;
		}
		let mut squares = [T::ZERO; N];
		for i in 0..len {
			for ((sum, run), mean) in squares.iter_mut().zip(runs).zip(means) {
				let d = run[i] - mean;
				*sum = *sum + d * d;
			}
		}
		std::array::from_fn(|run| Self {
			mean: means[run],
			deviation: (squares[run] / count + epsilon).sqrt(),
		})
	}

	/// An element in units of the standard deviation.
	#[inline(always)]
	pub(super) fn normalise(&self, x: T) -> T {
		(x - self.mean) / self.deviation
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn runs_side_by_side_have_the_moments_of_each() {
		let x: Vec<f32> = (0..8 * 37)
			.map(|i| (i * 7919 % 1009) as f32 / 7.0)
			.collect();
		let together = Moments::side_by_side::<8>(&x, 37, 1e-5);
		for (moments, x) in together.iter().zip(x.chunks_exact(37)) {
			let alone = Moments::new(x, 1e-5);
			assert_eq!(moments.mean.to_bits(), alone.mean.to_bits());
			assert_eq!(moments.deviation.to_bits(), alone.deviation.to_bits());
		}
	}
}

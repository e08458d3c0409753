//! Resizing by weights: cubic interpolation, antialiasing, what excludes the outside or crops.
//!
//! With l the largest integer below the place x, and r = x - l in (0, 1], the neighbours are l - t + 1
//! to l + t, cut to the axis, and have, in binary64, the weights
//!
//! * linear (t = 1): 1 - r, r;
//! * cubic (t = 2), with a = `cubic_coeff_a` and d the distance to the neighbour:
//!   ((a + 2) d - (a + 3)) d d + 1 up to 1, ((a d - 5 a) d + 8 a) d - 4 a up to 2;
//! * with `antialias` and c the smaller of 1 and the scale: t = ceil(1 / c), or ceil(2 / c) for cubic,
//!   the same functions of c d (1 - c d for linear), zero beyond, divided by their sum;
//! * with `exclude_outside`: zero outside the axis, then divided by their sum, unless that is zero.
//!
//! A weight is rounded to the element type; a result takes in `x w` in ascending order from +0.

use tract_onnx::prelude::{Datum, Tensor};

use super::resize::Rounding;
use crate::{
	error::EvalError,
	math::Float,
	simd::vectorized,
	tensor::{build, slice},
};

/// A function of the distance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shape {
	Nearest(Rounding),
	Linear,
	/// With its coefficient a.
	Cubic(f64),
}

/// How neighbours are weighed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Filter {
	pub(super) shape: Shape,
	pub(super) antialias: bool,
	pub(super) exclude_outside: bool,
	/// Whether places outside the axis have a value of their own.
	pub(super) cropped: bool,
}

/// The neighbours of all elements along an axis.
#[derive(Debug)]
pub(super) struct Weights {
	/// As many as each element has neighbours: index and weight.
	entries: Vec<(usize, f64)>,
	/// Whether an element lies outside.
	outside: Vec<bool>,
	taps: usize,
}

impl Filter {
	/// Neighbours of an element at this scale.
	pub(super) fn taps(self, scale: f64) -> u64 {
		match self.shape {
			Shape::Nearest(_) => 1,
			_ => 2 * self.half(scale) as u64,
		}
	}

	/// Neighbours on each side.
	fn half(self, scale: f64) -> i64 {
		let radius = match self.shape {
			Shape::Cubic(_) => 2.0,
			_ => 1.0,
		};
		Float::ceil(radius / self.compression(scale)) as i64
	}

	fn compression(self, scale: f64) -> f64 {
		if self.antialias && scale < 1.0 {
			scale
		} else {
			1.0
		}
	}

	fn weight(self, distance: f64) -> f64 {
		let d = distance.abs();
		match self.shape {
			Shape::Nearest(_) => 1.0,
			Shape::Linear if d < 1.0 => 1.0 - d,
			Shape::Cubic(a) if d <= 1.0 => ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0,
			Shape::Cubic(a) if d < 2.0 => ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a,
			_ => 0.0,
		}
	}

	/// The neighbours of elements at these places of an axis of `len` elements, at least one.
	pub(super) fn weights(self, places: Vec<f64>, len: usize, scale: f64) -> Weights {
		let taps = self.taps(scale) as usize;
		let last = (len - 1) as f64;
		let mut entries = Vec::with_capacity(places.len() * taps);
		let mut outside = Vec::with_capacity(places.len());
		for place in places {
			// A place that is no number is outside.
			outside.push(self.cropped && !(0.0 <= place && place <= last));
			let first = entries.len();
			if let Shape::Nearest(rounding) = self.shape {
				entries.push((rounding.source(place, len).low, 1.0));
				continue;
			}
			// Far beyond the axis all neighbours are its ends.
			let place = if place > -1e9 && place < 1e9 {
				place
			} else {
				0.0
			};
			let low = Float::ceil(place) - 1.0;
			let (ratio, low) = (place - low, low as i64);
			let half = self.half(scale);
			let compression = self.compression(scale);
			for step in 1 - half..=half {
				let index = low + step;
				let is_outside = index < 0 || index >= len as i64;
				let weight = if is_outside && self.exclude_outside {
					0.0
				} else {
					self.weight(compression * (step as f64 - ratio))
				};
				entries.push((index.clamp(0, len as i64 - 1) as usize, weight));
			}
			if self.antialias || self.exclude_outside {
				let of_element = &mut entries[first..];
				let sum = of_element.iter().fold(0.0, |sum, (_, weight)| sum + weight);
				if sum != 0.0 {
					for (_, weight) in of_element {
						*weight /= sum;
					}
				}
			}
		}
		Weights {
			entries,
			outside,
			taps,
		}
	}
}

/// Resizes one axis.
pub(super) fn weigh<T: Float + Datum>(
	x: &Tensor,
	axis: usize,
	weights: &Weights,
	outside: T,
) -> Result<Tensor, EvalError> {
	let len = x.shape()[axis];
	let inner: usize = x.shape()[axis + 1..].iter().product();
	let mut shape = x.shape().to_vec();
	shape[axis] = weights.outside.len();
	let source = slice::<T>(x)?;
	build::<T>(&shape, |target| {
		if target.is_empty() {
			return;
		}
		let targets = target.chunks_exact_mut(weights.outside.len() * inner);
		vectorized(
			#[inline(always)]
			|| {
				for (block, target) in source.chunks_exact(len * inner).zip(targets) {
					let rows = target.chunks_exact_mut(inner);
					let elements = weights.entries.chunks_exact(weights.taps);
					for ((row, entries), is_outside) in rows.zip(elements).zip(&weights.outside) {
						if *is_outside {
							row.fill(outside);
							continue;
						}
						for (index, weight) in entries {
							let weight = T::from_f64(*weight);
							let from = &block[index * inner..][..inner];
							for (y, x) in row.iter_mut().zip(from) {
								*y = *y + *x * weight;
							}
						}
					}
				}
			},
		);
	})
}

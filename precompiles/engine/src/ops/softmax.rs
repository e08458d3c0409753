//! Softmax and what it shares with LogSoftmax.
//!
//! Over each row: m is the largest element (a NaN wins), e_i = exp(x_i - m), s the sum of the e_i
//! with one accumulator in ascending order from +0, and y_i = e_i / s. So a row that holds a NaN or
//! +infinity, and one of -infinity only, is all NaN.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{of_vectors, Cost, Kernel},
	math::Float,
	select::Select,
	simd::vectorized,
	tensor::{build as fill, dtype, slice},
	DType,
};

/// The extents around the axis that is normalised: blocks of `len` rows of `inner` elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extents {
	pub(super) len: usize,
	pub(super) inner: usize,
}

impl Extents {
	/// Those of a node's `axis`.
	///
	/// From opset 13 on one axis is normalised, the last by default. Before, the input counts as a
	/// matrix whose rows begin at `axis`, 1 by default, and each row is normalised as a whole.
	pub(super) fn new(node: &NodeCtx<'_>, x: &Fact) -> Result<Self, OpError> {
		let coerces = node.opset < 13;
		let axis = node.attrs.int_or("axis", if coerces { 1 } else { -1 })?;
		let from = &x.shape()[x.axis("axis", axis)?..];
		Ok(if coerces {
			Self {
				len: from.iter().product(),
				inner: 1,
			}
		} else {
			Self {
				len: from[0],
				inner: from[1..].iter().product(),
			}
		})
	}
}

#[derive(Debug)]
struct Softmax {
	log: bool,
	extents: Extents,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(node, inputs, false)
}

/// Lowers Softmax or LogSoftmax.
pub(super) fn lower(node: &NodeCtx<'_>, inputs: Inputs<'_>, log: bool) -> Result<Lowered, OpError> {
	let extents = Extents::new(node, inputs.required(0)?)?;
	Ok(Lowered::step(Softmax { log, extents }, inputs))
}

impl Kernel for Softmax {
	fn name(&self) -> &'static str {
		if self.log {
			"LogSoftmax"
		} else {
			"Softmax"
		}
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		x.expect("the input", &DType::FLOATS)?;
		Ok(vec![x.without_value()])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let len = outputs[0].len() as u64;
		let Extents { len: row, inner } = self.extents;
		let neighbours = if inner == 1 { row } else { inner };
		// What is left over of a row that fills no vector is evaluated one by one.
		let rows = len / neighbours.max(1) as u64;
		let left_over = rows.saturating_mul(7 * neighbours.min(7) as u64);
		// Maximum, difference, and a sum whose additions wait for each other, and a division.
		Cost::touching(inputs, outputs)
			.with_macs(len.saturating_mul(32))
			.with_transcendentals(len.saturating_add(left_over))
	}

	fn subnormals(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		// The quotients.
		of_vectors(inputs[0].dtype(), inputs[0].len() as u64)
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		2 * (self.extents.inner * inputs[0].dtype().size()) as u64
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		let y = crate::with_float!(dtype(x)?, T => self.normalise::<T>(x))?;
		Ok(vec![y])
	}
}

impl Softmax {
	fn normalise<T: Float + Select + Datum>(&self, x: &Tensor) -> Result<Tensor, EvalError> {
		let Extents { len, inner } = self.extents;
		let source = slice::<T>(x)?;
		fill::<T>(x.shape(), |target| {
			if target.is_empty() {
				return;
			}
			vectorized(
				#[inline(always)]
				|| {
					let mut largest = vec![T::ZERO; inner];
					let mut sum = vec![T::ZERO; inner];
					if inner == 1 {
						rows(source, target, len, self.log);
						return;
					}
					let blocks = source.chunks_exact(len * inner);
					for (x, y) in blocks.zip(target.chunks_exact_mut(len * inner)) {
						block(x, y, &mut largest, &mut sum, self.log);
					}
				},
			);
		})
	}
}

/// Rows of `len` neighbours.
#[inline(always)]
fn rows<T: Float + Select>(x: &[T], y: &mut [T], len: usize, log: bool) {
	// Sums of several rows side by side: each waits for its own additions only.
	const SIDE: usize = 8;
	let mut largest = [T::ZERO; SIDE];
	for (x, y) in x.chunks(SIDE * len).zip(y.chunks_mut(SIDE * len)) {
		let pairs = x.chunks_exact(len).zip(y.chunks_exact_mut(len));
		for ((x, y), largest) in pairs.zip(&mut largest) {
			*largest = largest_of(x);
			for (y, x) in y.iter_mut().zip(x) {
				*y = (*x - *largest).exp();
			}
		}
		let sums: [T; SIDE] = if y.len() == SIDE * len {
			side_by_side(y, len)
		} else {
			let mut sums = [T::ZERO; SIDE];
			for (sum, y) in sums.iter_mut().zip(y.chunks_exact(len)) {
				[*sum] = side_by_side(y, len);
			}
			sums
		};
		let pairs = x.chunks_exact(len).zip(y.chunks_exact_mut(len));
		for ((x, y), (largest, sum)) in pairs.zip(largest.iter().zip(sums)) {
			if log {
				let shift = sum.ln();
				for (y, x) in y.iter_mut().zip(x) {
					*y = (*x - *largest) - shift;
				}
			} else {
				for y in y {
					*y = *y / sum;
				}
			}
		}
	}
}

/// The largest element; in which order they are compared does not matter.
#[inline(always)]
fn largest_of<T: Float + Select>(x: &[T]) -> T {
	const LANES: usize = 32;
	let (chunks, rest) = x.as_chunks::<LANES>();
	let mut lanes = [T::LOWEST; LANES];
	for chunk in chunks {
		for (lane, x) in lanes.iter_mut().zip(chunk) {
			*lane = lane.larger(*x);
		}
	}
	// Half against half, so that few comparisons wait for each other.
	let mut width = LANES / 2;
	while width > 0 {
		for lane in 0..width {
			lanes[lane] = lanes[lane].larger(lanes[lane + width]);
		}
		width /= 2;
	}
	rest.iter().fold(lanes[0], |largest, x| largest.larger(*x))
}

/// The sums of `N` rows of `len` elements, each in order from +0.
#[inline(always)]
fn side_by_side<T: Float, const N: usize>(y: &[T], len: usize) -> [T; N] {
	let rows: [&[T]; N] = std::array::from_fn(|row| &y[row * len..][..len]);
	let mut sums = [T::ZERO; N];
	for i in 0..len {
		for (sum, row) in sums.iter_mut().zip(rows) {
			*sum = *sum + row[i];
		}
	}
	sums
}

/// As many rows as there are accumulators, side by side.
#[inline(always)]
fn block<T: Float + Select>(x: &[T], y: &mut [T], largest: &mut [T], sum: &mut [T], log: bool) {
	let inner = largest.len();
	largest.copy_from_slice(&x[..inner]);
	for x in x.chunks_exact(inner).skip(1) {
		for (m, x) in largest.iter_mut().zip(x) {
			*m = m.larger(*x);
		}
	}
	sum.fill(T::ZERO);
	for (x, y) in x.chunks_exact(inner).zip(y.chunks_exact_mut(inner)) {
		for (((y, x), m), s) in y.iter_mut().zip(x).zip(largest.iter()).zip(sum.iter_mut()) {
			*y = (*x - *m).exp();
			*s = *s + *y;
		}
	}
	if log {
		for s in sum.iter_mut() {
			*s = s.ln();
		}
	}
	for (x, y) in x.chunks_exact(inner).zip(y.chunks_exact_mut(inner)) {
		for (((y, x), m), s) in y.iter_mut().zip(x).zip(largest.iter()).zip(sum.iter()) {
			*y = if log { (*x - *m) - *s } else { *y / *s };
		}
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		select::Select,
		testing::{f32s, int, tensor, OpTest},
	};

	fn close(a: &[f32], b: &[f32]) {
		assert_eq!(a.len(), b.len());
		for (a, b) in a.iter().zip(b) {
			assert!((a - b).abs() <= 1e-6 * b.abs(), "{a} {b}");
		}
	}

	#[test]
	fn the_largest_is_found_wherever_it_stands() {
		for len in [1, 31, 32, 33, 64, 100] {
			for place in 0..len {
				for largest in [7.0f32, f32::NAN] {
					let mut x = vec![-3.0f32; len];
					x[place] = largest;
					let expected = x.iter().fold(f32::LOWEST, |m, x| m.larger(*x));
					assert_eq!(super::largest_of(&x).to_bits(), expected.to_bits());
				}
			}
		}
	}

	#[test]
	fn the_last_axis_is_the_default() {
		let x = f32s(&[2, 3], &[1.0, 2.0, 3.0, 1000.0, 1001.0, 1002.0]);
		let (_, y) = OpTest::new("Softmax").input(x).elements::<f32>();
		let row = [0.09003057, 0.24472848, 0.66524094];
		close(&y, &[row, row].concat());
	}

	#[test]
	fn any_axis_gives_the_same_bits_as_the_last() {
		let x: Vec<f32> = (0..24).map(|i| (i * 7 % 11) as f32 / 3.0).collect();
		for (op, axis) in [("Softmax", 1), ("LogSoftmax", 1), ("Softmax", 0)] {
			let (_, y) = OpTest::new(op)
				.attr(int("axis", axis))
				.input(f32s(&[2, 3, 4], &x))
				.elements::<f32>();
			let (len, inner) = if axis == 1 { (3, 4) } else { (2, 12) };
			for start in (0..24).filter(|i| i / inner % len == 0) {
				let picked = |v: &[f32]| (0..len).map(|k| v[start + k * inner]).collect::<Vec<_>>();
				let (_, row) = OpTest::new(op)
					.input(f32s(&[len], &picked(&x)))
					.elements::<f32>();
				assert_eq!(picked(&y), row);
			}
		}
	}

	#[test]
	fn old_opsets_normalise_all_axes_from_the_given_one() {
		let x = f32s(&[1, 2, 2], &[0.0; 4]);
		let (_, y) = OpTest::new("Softmax")
			.opset(11)
			.input(x.clone())
			.elements::<f32>();
		assert_eq!(y, [0.25; 4]);
		let (_, y) = OpTest::new("Softmax").opset(13).input(x).elements::<f32>();
		assert_eq!(y, [0.5; 4]);
	}

	#[test]
	fn infinities_and_nan() {
		let inf = f32::INFINITY;
		let (_, y) = OpTest::new("Softmax")
			.input(f32s(
				&[4, 2],
				&[-inf, 0.0, -inf, -inf, inf, 0.0, f32::NAN, 0.0],
			))
			.elements::<f32>();
		assert_eq!(y[..2], [0.0, 1.0]);
		assert!(y[2..].iter().all(|y| y.is_nan()));
		let (_, y) = OpTest::new("LogSoftmax")
			.input(f32s(&[2], &[-inf, 0.0]))
			.elements::<f32>();
		assert_eq!(y, [-inf, 0.0]);
	}

	#[test]
	fn zero_sized_dimensions_and_bad_axes() {
		let (shape, _) = OpTest::new("Softmax")
			.input(f32s(&[2, 0], &[]))
			.elements::<f32>();
		assert_eq!(shape, [2, 0]);
		let error = OpTest::new("Softmax")
			.attr(int("axis", 2))
			.input(f32s(&[1, 1], &[0.0]));
		assert!(matches!(error.refused(), OpError::BadAttribute { .. }));
		let error = OpTest::new("Softmax")
			.input(tensor(&[1], &[0i32]))
			.refused();
		assert!(matches!(error, OpError::UnsupportedDType { .. }));
	}
}

//! The one inner loop of matrix products and convolutions.
//!
//! An output element is the sum of its [partial sums](BLOCK) in ascending order, from +0. A partial
//! sum starts at +0 and takes in `a * b` for ascending k: a multiplication, rounded, then an
//! addition, rounded. Vectors run across columns of the output, register tiles across its rows, so
//! neither can change a bit.

use tract_onnx::prelude::Datum;

use crate::simd::vectorized_by_lanes;

/// Terms of a partial sum: the term with index k is in partial sum `k / BLOCK`.
///
/// One accumulator for all terms would gather a rounding error that grows with their number; this
/// keeps it at that of some 64 terms, for one more addition in 64.
pub const BLOCK: usize = 64;

/// Columns of the output that one packed block holds.
pub const LANES: usize = 16;

/// An element type of matrix products. Integers wrap around.
pub trait Scalar: Datum + Copy + Default {
	/// `self + a * b`, rounded after the product and after the sum.
	#[must_use]
	fn mac(self, a: Self, b: Self) -> Self;
	/// `self + other`.
	#[must_use]
	fn plus(self, other: Self) -> Self;
	/// `self * other`.
	#[must_use]
	fn times(self, other: Self) -> Self;
	/// Whether it is too small to multiply, but not zero: see [`operand`](crate::operand).
	fn is_small(self) -> bool;
	/// What it counts as in a product: +0 if it [is too small](Self::is_small).
	#[inline(always)]
	#[must_use]
	fn operand(self) -> Self {
		if self.is_small() {
			Self::default()
		} else {
			self
		}
	}
	/// Whether it is neither infinite nor a NaN.
	fn is_finite(self) -> bool;
	/// An attribute's value in this type.
	fn from_attribute(value: f32) -> Self;
}

macro_rules! floats {
	($($float:ty, $smallest:expr;)*) => {$(
		impl Scalar for $float {
			#[inline(always)]
			fn mac(self, a: Self, b: Self) -> Self {
				self + a * b
			}
			#[inline(always)]
			fn plus(self, other: Self) -> Self {
				self + other
			}
			#[inline(always)]
			fn times(self, other: Self) -> Self {
				self * other
			}
			#[inline(always)]
			fn is_small(self) -> bool {
				let magnitude = self.to_bits() << 1 >> 1;
				magnitude.wrapping_sub(1) < $smallest - 1
			}
			#[inline(always)]
			fn is_finite(self) -> bool {
				<$float>::is_finite(self)
			}
			fn from_attribute(value: f32) -> Self {
				Self::from(value)
			}
		}
	)*};
}

macro_rules! integers {
	($($integer:ty)*) => {$(
		impl Scalar for $integer {
			#[inline(always)]
			fn mac(self, a: Self, b: Self) -> Self {
				self.wrapping_add(a.wrapping_mul(b))
			}
			#[inline(always)]
			fn plus(self, other: Self) -> Self {
				self.wrapping_add(other)
			}
			#[inline(always)]
			fn times(self, other: Self) -> Self {
				self.wrapping_mul(other)
			}
			#[inline(always)]
			fn is_small(self) -> bool {
				false
			}
			#[inline(always)]
			fn is_finite(self) -> bool {
				true
			}
			fn from_attribute(value: f32) -> Self {
				value as Self
			}
		}
	)*};
}

floats! {
	// The bits of 2^-63 and of 2^-511.
	f32, (127 - 63) << 23;
	f64, (1023 - 511) << 52;
}
integers! { i32 i64 u32 u64 }

/// The right-hand matrix of a product, [`LANES`] columns after [`LANES`] columns.
///
/// Block `c` holds the columns from `c * LANES` on, row after row; the last one is filled up with
/// zeros, whose products are never stored.
#[derive(Clone, Debug)]
pub struct Packed<T> {
	data: Vec<[T; LANES]>,
	k: usize,
	columns: usize,
}

impl<T: Scalar> Packed<T> {
	/// Packs the matrix whose element in row `k` and column `n` is `at(k, n)`; what is too small to
	/// multiply becomes zero.
	pub fn new(k: usize, columns: usize, at: impl Fn(usize, usize) -> T) -> Self {
		let mut data = Vec::with_capacity(k * columns.div_ceil(LANES));
		for first in (0..columns).step_by(LANES) {
			let width = LANES.min(columns - first);
			for row in 0..k {
				let mut lanes = [T::default(); LANES];
				for (lane, value) in lanes[..width].iter_mut().enumerate() {
					*value = at(row, first + lane).operand();
				}
				data.push(lanes);
			}
		}
		Self { data, k, columns }
	}

	/// Bytes that [`new`](Self::new) allocates for a matrix of this size.
	pub fn bytes(k: usize, columns: usize) -> u64 {
		(k as u64)
			.saturating_mul(columns.div_ceil(LANES) as u64)
			.saturating_mul((LANES * size_of::<T>()) as u64)
	}

	/// Whether all elements are finite.
	pub fn is_finite(&self) -> bool {
		self.data.iter().flatten().all(|x| x.is_finite())
	}
}

/// Where the rows of the left-hand matrix lie in memory.
///
/// Row `r` consists of one run of `run` contiguous elements for each of `taps`, which begins at
/// `bases[r] + tap`. A plain matrix has one tap; a row of a convolution has one for each element of
/// the window.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a, T> {
	/// The elements, as [`operands`](crate::operand::operands) gives them.
	pub data: &'a [T],
	/// Where each row begins.
	pub bases: &'a [usize],
	/// Where the runs of a row begin, from the row's base.
	pub taps: &'a [usize],
	/// Elements of a run. `taps.len() * run` is the packed matrix' k.
	pub run: usize,
}

/// Multiplies and hands each finished tile to `store(first row, first column, columns, tile)`; a
/// row of the tile holds [`LANES`] columns, of which the first `columns` count.
pub fn multiply<T: Scalar>(
	rows: Rows<'_, T>,
	packed: &Packed<T>,
	mut store: impl FnMut(usize, usize, usize, &[[T; LANES]]),
) {
	let store = &mut store;
	vectorized_by_lanes(
		#[inline(always)]
		|lanes| match (lanes, size_of::<T>()) {
			// As many rows as the registers hold accumulators for.
			(16, 4) => tiles::<T, 12>(rows, packed, store),
			(8 | 16, 4 | 8) => tiles::<T, 6>(rows, packed, store),
			(1, _) => tiles::<T, 1>(rows, packed, store),
			_ => tiles::<T, 3>(rows, packed, store),
		},
	);
}

#[inline(always)]
fn tiles<T: Scalar, const P: usize>(
	rows: Rows<'_, T>,
	packed: &Packed<T>,
	store: &mut impl FnMut(usize, usize, usize, &[[T; LANES]]),
) {
	let count = rows.bases.len();
	for first in (0..packed.columns).step_by(LANES) {
		let columns = LANES.min(packed.columns - first);
		let block = &packed.data[first / LANES * packed.k..][..packed.k];
		let mut row = 0;
		while count - row >= P {
			store(row, first, columns, &tile::<T, P>(rows, row, block));
			row += P;
		}
		while count - row >= 3 {
			store(row, first, columns, &tile::<T, 3>(rows, row, block));
			row += 3;
		}
		while row < count {
			store(row, first, columns, &tile::<T, 1>(rows, row, block));
			row += 1;
		}
	}
}

#[inline(always)]
fn tile<T: Scalar, const P: usize>(
	rows: Rows<'_, T>,
	first: usize,
	block: &[[T; LANES]],
) -> [[T; LANES]; P] {
	let zeros = [[T::default(); LANES]; P];
	let mut totals = zeros;
	// The run that comes next, and how much of it is done.
	let (mut tap, mut done) = (0, 0);
	let bases = &rows.bases[first..first + P];
	// A block of terms has registers of its own from its beginning to its end.
	for mut terms in block.chunks(BLOCK) {
		let mut sums = zeros;
		while !terms.is_empty() {
			let (b, next) = terms.split_at(terms.len().min(rows.run - done));
			terms = next;
			let start = rows.taps[tap] + done;
			let a: [&[T]; P] = std::array::from_fn(|p| &rows.data[bases[p] + start..][..b.len()]);
			for (k, b) in b.iter().enumerate() {
				for p in 0..P {
					let a = a[p][k];
					for lane in 0..LANES {
						sums[p][lane] = sums[p][lane].mac(a, b[lane]);
					}
				}
			}
			done += b.len();
			if done == rows.run {
				(tap, done) = (tap + 1, 0);
			}
		}
		for p in 0..P {
			for lane in 0..LANES {
				totals[p][lane] = totals[p][lane].plus(sums[p][lane]);
			}
		}
	}
	totals
}

/// The partial sums of many output elements that take in their terms together, in memory.
#[derive(Debug)]
pub struct PartialSums<T> {
	/// None where there is but one for each element, which then is the output itself.
	sums: Option<Vec<T>>,
	room: usize,
}

impl<T: Scalar> PartialSums<T> {
	/// For sums of `terms` terms in each of `len` elements.
	pub fn new(len: usize, terms: u64) -> Self {
		Self {
			sums: (terms > BLOCK as u64).then(|| vec![T::default(); len]),
			room: BLOCK,
		}
	}

	/// Bytes that [`new`](Self::new) allocates.
	pub fn bytes(len: usize, terms: u64) -> u64 {
		if terms > BLOCK as u64 {
			(len as u64).saturating_mul(size_of::<T>() as u64)
		} else {
			0
		}
	}

	/// Where the next term is added. `totals` are zeros when the first term comes.
	pub fn next_term<'a>(&'a mut self, totals: &'a mut [T]) -> &'a mut [T] {
		if self.room == 0 {
			self.finish(totals);
		}
		self.room = self.room.saturating_sub(1);
		match &mut self.sums {
			Some(sums) => sums,
			None => totals,
		}
	}

	/// Adds what has been summed up to the totals, and begins anew.
	pub fn finish(&mut self, totals: &mut [T]) {
		if let Some(sums) = &mut self.sums {
			for (total, sum) in totals.iter_mut().zip(sums) {
				*total = total.plus(std::mem::take(sum));
			}
		}
		self.room = BLOCK;
	}
}

/// What a product of these sizes costs: multiply-accumulates in padded tiles, and a charge for the
/// chain of additions where there are too few rows to hide it.
pub fn macs(rows: usize, k: usize, columns: usize) -> u64 {
	let rows = if rows < 4 { 4 } else { rows as u64 };
	let columns = columns.next_multiple_of(LANES) as u64;
	rows.saturating_mul(k as u64).saturating_mul(columns)
}

#[cfg(test)]
mod tests {
	use super::*;

	/// The rule itself: partial sums, ascending k.
	fn reference(a: &[f32], b: &[f32], m: usize, k: usize, n: usize) -> Vec<u32> {
		let mut out = vec![];
		for i in 0..m {
			for j in 0..n {
				let (mut total, mut sum) = (0f32, 0f32);
				for l in 0..k {
					let product = a[i * k + l] * b[l * n + j];
					sum += product;
					if (l + 1) % BLOCK == 0 {
						total += sum;
						sum = 0.0;
					}
				}
				total += sum;
				out.push(total.to_bits());
			}
		}
		out
	}

	#[test]
	fn every_tile_gives_the_bits_of_the_rule() {
		let value = |i: usize| ((i * 7919 + 13) % 1000) as f32 * 0.37 - 180.0;
		for (m, k, n) in [
			(1, 1, 1),
			(3, 5, 16),
			(12, 33, 17),
			(13, 64, 40),
			(29, 7, 5),
			(4, 0, 3),
			(5, 1000, 18),
		] {
			let a: Vec<f32> = (0..m * k).map(value).collect();
			let b: Vec<f32> = (0..k * n).map(|i| value(i + 5)).collect();
			let packed = Packed::new(k, n, |l, j| b[l * n + j]);
			let bases: Vec<usize> = (0..m).map(|i| i * k).collect();
			let rows = Rows {
				data: &a,
				bases: &bases,
				taps: &[0],
				run: k,
			};
			let mut out = vec![0u32; m * n];
			multiply(rows, &packed, |row, column, columns, tile| {
				for (r, values) in tile.iter().enumerate() {
					for (c, value) in values[..columns].iter().enumerate() {
						out[(row + r) * n + column + c] = value.to_bits();
					}
				}
			});
			assert_eq!(out, reference(&a, &b, m, k, n), "{m}x{k}x{n}");
		}
	}
}

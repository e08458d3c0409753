//! Products of binary32 matrices: the inner loop of Gemm, MatMul and Conv.
//!
//! An output element is the sum of its [partial sums](BLOCK) in ascending order, from +0. A partial
//! sum starts at +0 and takes in `a * b` for ascending k: a multiplication, rounded, then an
//! addition, rounded. Vectors run across columns of the output and register tiles across its rows, so
//! neither can change a bit. What follows a product (bias, a further summand, an activation) is
//! applied to the finished sums before they are stored.

use fearless_simd::{Select, Simd, SimdBase};

use crate::{
	linalg::{Scalar, BLOCK},
	simd,
};

/// Columns of a line, the unit that right-hand matrices are packed in.
pub const LINE: usize = 16;

/// Columns of a panel: two lines, or one at the right edge of a matrix.
pub const PANEL: usize = 2 * LINE;

/// The binary32 lanes that one register tile is filled from; aligned to a cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Line([f32; LINE]);

/// A right-hand matrix, panel after panel.
///
/// A panel holds its columns row after row; the last one is filled up with zeros, whose products are
/// never stored.
#[derive(Clone, Debug)]
pub struct Panels {
	lines: Vec<Line>,
	k: usize,
	columns: usize,
}

impl Panels {
	/// Packs the matrix whose element in row `k` and column `n` is `at(k, n)`; what is too small to
	/// multiply becomes zero.
	pub fn new(k: usize, columns: usize, at: impl Fn(usize, usize) -> f32) -> Self {
		let mut lines = Vec::with_capacity(k * columns.div_ceil(LINE));
		for first in (0..columns).step_by(PANEL) {
			let end = columns.min(first + PANEL);
			for row in 0..k {
				for start in (first..end).step_by(LINE) {
					let mut line = Line([0.0; LINE]);
					for (lane, column) in line.0.iter_mut().zip(start..end) {
						*lane = at(row, column).operand();
					}
					lines.push(line);
				}
			}
		}
		Self { lines, k, columns }
	}

	/// Packs the matrix whose rows of this many columns lie one after the other in `b`, as
	/// [`new`](Self::new) does, but line by line.
	pub fn of_rows(b: &[f32], k: usize, columns: usize) -> Self {
		let mut lines = Vec::with_capacity(k * columns.div_ceil(LINE));
		simd::vectorized(
			#[inline(always)]
			|| {
				for first in (0..columns).step_by(PANEL) {
					let end = columns.min(first + PANEL);
					for row in b.chunks_exact(columns).take(k) {
						for part in row[first..end].chunks(LINE) {
							let mut line = Line([0.0; LINE]);
							if let Ok(whole) = <&[f32; LINE]>::try_from(part) {
								line.0 = *whole;
							} else {
								line.0[..part.len()].copy_from_slice(part);
							}
							for lane in &mut line.0 {
								*lane = lane.operand();
							}
							lines.push(line);
						}
					}
				}
			},
		);
		Self { lines, k, columns }
	}

	/// Bytes that [`new`](Self::new) allocates for a matrix of this size.
	pub fn bytes(k: usize, columns: usize) -> u64 {
		(k as u64)
			.saturating_mul(columns.div_ceil(LINE) as u64)
			.saturating_mul(size_of::<Line>() as u64)
	}

	/// Columns of the matrix.
	pub fn columns(&self) -> usize {
		self.columns
	}
}

/// Where the rows of the left-hand matrix lie in memory.
///
/// Row `r` consists of one run of `run` contiguous elements for each of `taps`, which begins at
/// `bases[r] + tap`. A plain matrix has one tap; a row of a convolution has one for each contiguous
/// piece of the window.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
	/// The elements, as [`operands`](crate::operand::operands) gives them.
	pub data: &'a [f32],
	/// Where each row begins.
	pub bases: &'a [usize],
	/// Where the runs of a row begin, from the row's base.
	pub taps: &'a [usize],
	/// Elements of a run. `taps.len() * run` is the packed matrix' k.
	pub run: usize,
}

/// Where the output goes: row `r` begins at `first + r * stride`.
#[derive(Debug)]
pub struct Target<'a> {
	/// The elements.
	pub data: &'a mut [f32],
	/// Where the first row begins.
	pub first: usize,
	/// From one row to the next.
	pub stride: usize,
}

/// What replaces a finished value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Activation {
	/// Itself.
	#[default]
	None,
	/// +0 for `x <= 0`.
	Relu,
	/// `low` for `x <= low`, then `high` for `x >= high`. Neither bound is a NaN, `low` is not -0
	/// and `high` is not zero, so that this is Clip's rule.
	Clip {
		/// The lower bound.
		low: f32,
		/// The upper bound.
		high: f32,
	},
}

impl Activation {
	/// The value of one element.
	#[inline(always)]
	#[must_use]
	pub fn apply(self, x: f32) -> f32 {
		match self {
			Self::None => x,
			Self::Relu if x <= 0.0 => 0.0,
			Self::Relu => x,
			Self::Clip { low, high } => {
				let x = if x <= low { low } else { x };
				if x >= high {
					high
				} else {
					x
				}
			}
		}
	}

	/// The values of a vector of elements.
	#[inline(always)]
	#[must_use]
	pub fn apply_to<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s {
		use fearless_simd::SimdFrom;
		let splat = |x: f32| S::f32s::simd_from(simd, x);
		match self {
			Self::None => x,
			Self::Relu => x.simd_le(splat(0.0)).select(splat(0.0), x),
			Self::Clip { low, high } => {
				let x = x.simd_le(splat(low)).select(splat(low), x);
				x.simd_ge(splat(high)).select(splat(high), x)
			}
		}
	}
}

/// What is done with a finished sum, in this order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Epilogue<'a> {
	/// One summand for each column.
	pub bias: Option<&'a [f32]>,
	/// Whether what stands in the target is added.
	pub accumulate: bool,
	/// What the result goes through.
	pub activation: Activation,
}

/// `rows` x `panels` into `target`, through `epilogue`.
pub fn multiply(rows: Rows<'_>, panels: &Panels, target: Target<'_>, epilogue: Epilogue<'_>) {
	simd::run(Product {
		rows,
		panels,
		target,
		epilogue,
	});
}

struct Product<'a> {
	rows: Rows<'a>,
	panels: &'a Panels,
	target: Target<'a>,
	epilogue: Epilogue<'a>,
}

/// Bytes of left-hand rows that are multiplied with all panels before the next ones are: about a
/// quarter of a second-level cache.
const BLOCK_BYTES: usize = 512 * 1024;

/// Most rows of a register tile. Wide vectors come with 32 registers, as do those of aarch64.
const fn most_rows(lanes: usize) -> usize {
	if lanes == LINE || cfg!(target_arch = "aarch64") {
		12
	} else {
		6
	}
}

impl simd::Kernel for Product<'_> {
	type Output = ();

	fn run_scalar(self) {
		self.by_elements();
	}

	#[inline(always)]
	fn run<S: Simd>(mut self, simd: S) {
		let lanes = S::f32s::LEN;
		let (count, k, columns) = (self.rows.bases.len(), self.panels.k, self.panels.columns);
		let most = most_rows(lanes);
		// Of rows longer than a block, one tile at a time.
		let rows = (BLOCK_BYTES / size_of::<f32>() / k.max(1)).max(1);
		let block = rows.next_multiple_of(most);
		for start in (0..count).step_by(block) {
			let rows = start..count.min(start + block);
			// A lone row has too few chains of additions in one panel to hide their latency.
			let done = if count == 1 {
				match lanes {
					16 => self.lone_row::<S, 4, 2>(simd),
					8 => self.lone_row::<S, 2, 4>(simd),
					_ => self.lone_row::<S, 1, 8>(simd),
				}
			} else {
				0
			};
			for first in (done..columns).step_by(PANEL) {
				let width = (columns - first).min(PANEL);
				let lines = &self.panels.lines[first / LINE * k..];
				if width > LINE {
					let panel = lines[..2 * k].as_chunks::<2>().0;
					for lane in (0..width).step_by(2 * lanes) {
						let width = (width - lane).min(2 * lanes);
						self.sweep::<S, 2, 2>(simd, &rows, panel, lane, first + lane, width);
					}
				} else {
					let panel = lines[..k].as_chunks::<1>().0;
					if lanes == LINE {
						self.sweep::<S, 1, 1>(simd, &rows, panel, 0, first, width);
					} else {
						for lane in (0..width).step_by(2 * lanes) {
							let width = (width - lane).min(2 * lanes);
							self.sweep::<S, 2, 1>(simd, &rows, panel, lane, first + lane, width);
						}
					}
				}
			}
		}
	}
}

impl Product<'_> {
	/// One output element after the other: the rule itself.
	fn by_elements(self) {
		let (rows, panels, k) = (self.rows, self.panels, self.panels.k);
		for (row, base) in rows.bases.iter().enumerate() {
			for column in 0..panels.columns {
				// Lines of a panel alternate; the last panel may have one only.
				let first = column / PANEL * PANEL;
				let lines = (panels.columns - first).div_ceil(LINE).min(2);
				let panel = &panels.lines[first / LINE * k..];
				let (line, lane) = ((column - first) / LINE, column % LINE);
				let (mut total, mut sum) = (0.0f32, 0.0f32);
				let mut at = 0;
				for tap in rows.taps {
					for a in &rows.data[base + tap..][..rows.run] {
						sum += a * panel[at * lines + line].0[lane];
						at += 1;
						if at % BLOCK == 0 {
							total += sum;
							sum = 0.0;
						}
					}
				}
				let mut sum = total + sum;
				if let Some(bias) = self.epilogue.bias {
					sum += bias[column];
				}
				let place = self.target.first + row * self.target.stride + column;
				let target = &mut self.target.data[place];
				if self.epilogue.accumulate {
					sum += *target;
				}
				*target = self.epilogue.activation.apply(sum);
			}
		}
	}

	/// Multiplies rows with `V` vectors of columns, which begin at `lane` of the panel and at
	/// `column` of the output, and stores the first `width` of them.
	#[inline(always)]
	fn sweep<S: Simd, const V: usize, const L: usize>(
		&mut self,
		simd: S,
		rows: &std::ops::Range<usize>,
		panel: &[[Line; L]],
		lane: usize,
		column: usize,
		width: usize,
	) {
		let tiles = rows.len().div_ceil(most_rows(S::f32s::LEN));
		let mut row = rows.start;
		for tile in 1..=tiles {
			// As equal as possible: a tile of few rows would wait for its own additions.
			let next = rows.start + rows.len() * tile / tiles;
			macro_rules! tile {
				($($rows:literal)*) => {
					match next - row {
						$($rows => self.tile::<S, $rows, V, L>(simd, row, panel, lane, column, width),)*
						_ => unreachable!("a tile has as many rows as most_rows says"),
					}
				};
			}
			if S::f32s::LEN == LINE || cfg!(target_arch = "aarch64") {
				tile!(1 2 3 4 5 6 7 8 9 10 11 12);
			} else {
				tile!(1 2 3 4 5 6);
			}
			row = next;
		}
	}

	/// Multiplies the only row with `G` full panels of `V` vectors each at a time, as long as there are
	/// so many. Returns how many columns are done.
	#[inline(always)]
	fn lone_row<S: Simd, const G: usize, const V: usize>(&mut self, simd: S) -> usize {
		use fearless_simd::SimdFrom;
		let (lanes, rows, epilogue) = (S::f32s::LEN, self.rows, self.epilogue);
		let (k, base) = (self.panels.k, rows.bases[0]);
		let zeros = [[S::f32s::simd_from(simd, 0.0); V]; G];
		let groups = self.panels.columns / (G * PANEL);
		for group in 0..groups {
			let column = group * G * PANEL;
			let lines = &self.panels.lines[column / LINE * k..];
			let panels: [&[[Line; 2]]; G] =
				std::array::from_fn(|g| lines[g * 2 * k..][..2 * k].as_chunks::<2>().0);
			let mut totals = zeros;
			let (mut tap, mut done) = (0, 0);
			for start in (0..k).step_by(BLOCK) {
				let end = k.min(start + BLOCK);
				let mut sums = zeros;
				let mut at = start;
				while at < end {
					let len = (end - at).min(rows.run - done);
					let a = &rows.data[base + rows.taps[tap] + done..][..len];
					let lines: [&[[Line; 2]]; G] = std::array::from_fn(|g| &panels[g][at..][..len]);
					for (k, a) in a.iter().enumerate() {
						let a = S::f32s::simd_from(simd, *a);
						for (sums, lines) in sums.iter_mut().zip(lines) {
							for (v, sum) in sums.iter_mut().enumerate() {
								let lane = v * lanes;
								let line = &lines[k][lane / LINE].0[lane % LINE..][..lanes];
								*sum += a * S::f32s::from_slice(simd, line);
							}
						}
					}
					(at, done) = (at + len, done + len);
					if done == rows.run {
						(tap, done) = (tap + 1, 0);
					}
				}
				for (totals, sums) in totals.iter_mut().zip(sums) {
					for (total, sum) in totals.iter_mut().zip(sums) {
						*total += sum;
					}
				}
			}
			for (g, totals) in totals.iter().enumerate() {
				let column = column + g * PANEL;
				let target = &mut self.target.data[self.target.first + column..][..PANEL];
				for (v, total) in totals.iter().enumerate() {
					let mut y = *total;
					if let Some(bias) = epilogue.bias {
						y += load(simd, &bias[column..column + PANEL], v * lanes);
					}
					if epilogue.accumulate {
						y += load(simd, target, v * lanes);
					}
					store(epilogue.activation.apply_to(simd, y), target, v * lanes);
				}
			}
		}
		groups * G * PANEL
	}

	#[inline(always)]
	fn tile<S: Simd, const P: usize, const V: usize, const L: usize>(
		&mut self,
		simd: S,
		first: usize,
		panel: &[[Line; L]],
		lane: usize,
		column: usize,
		width: usize,
	) {
		use fearless_simd::SimdFrom;
		let rows = &self.rows;
		let lanes = S::f32s::LEN;
		let bases = &rows.bases[first..first + P];
		let zeros = [[S::f32s::simd_from(simd, 0.0); V]; P];
		let mut totals = zeros;
		// The run that comes next, and how much of it is done.
		let (mut tap, mut done) = (0, 0);
		// A block of terms has registers of its own from its beginning to its end.
		for mut terms in panel.chunks(BLOCK) {
			let mut sums = zeros;
			while !terms.is_empty() {
				let (lines, next) = terms.split_at(terms.len().min(rows.run - done));
				terms = next;
				let start = rows.taps[tap] + done;
				let a: [&[f32]; P] =
					std::array::from_fn(|p| &rows.data[bases[p] + start..][..lines.len()]);
				for (k, lines) in lines.iter().enumerate() {
					let b: [S::f32s; V] = std::array::from_fn(|v| {
						let lane = lane + v * lanes;
						S::f32s::from_slice(simd, &lines[lane / LINE].0[lane % LINE..][..lanes])
					});
					for p in 0..P {
						let a = S::f32s::simd_from(simd, a[p][k]);
						for v in 0..V {
							sums[p][v] += a * b[v];
						}
					}
				}
				done += lines.len();
				if done == rows.run {
					(tap, done) = (tap + 1, 0);
				}
			}
			for p in 0..P {
				for v in 0..V {
					totals[p][v] += sums[p][v];
				}
			}
		}
		let epilogue = &self.epilogue;
		let bias: Option<[S::f32s; V]> = epilogue.bias.map(|bias| {
			std::array::from_fn(|v| load(simd, &bias[column..column + width], v * lanes))
		});
		for (p, sums) in totals.iter().enumerate() {
			let start = self.target.first + (first + p) * self.target.stride + column;
			let target = &mut self.target.data[start..start + width];
			for (v, sum) in sums.iter().enumerate() {
				let mut y = *sum;
				if let Some(bias) = &bias {
					y += bias[v];
				}
				if epilogue.accumulate {
					y += load(simd, target, v * lanes);
				}
				store(epilogue.activation.apply_to(simd, y), target, v * lanes);
			}
		}
	}
}

/// The vector from `start` on, filled up with zeros where `from` ends.
#[inline(always)]
fn load<S: Simd>(simd: S, from: &[f32], start: usize) -> S::f32s {
	use fearless_simd::SimdFrom;
	let rest = from.get(start..).unwrap_or_default();
	match rest.get(..S::f32s::LEN) {
		Some(lanes) => S::f32s::from_slice(simd, lanes),
		None => {
			let mut lanes = S::f32s::simd_from(simd, 0.0);
			lanes.as_mut_slice()[..rest.len()].copy_from_slice(rest);
			lanes
		}
	}
}

/// Stores the vector from `start` on, as far as `to` reaches.
#[inline(always)]
fn store<S: Simd>(y: impl SimdBase<S, Element = f32>, to: &mut [f32], start: usize) {
	let rest = to.get_mut(start..).unwrap_or_default();
	let lanes = y.as_slice();
	match rest.get_mut(..lanes.len()) {
		Some(rest) => y.store_slice(rest),
		None => rest.copy_from_slice(&lanes[..rest.len()]),
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::simd::{with_isa, Isa};

	/// The rule itself: partial sums of ascending k, then bias, what stands there, Relu.
	fn reference(a: &[f32], b: &[f32], [m, k, n]: [usize; 3], bias: &[f32], y: &mut [f32]) {
		for i in 0..m {
			for j in 0..n {
				let (mut total, mut sum) = (0f32, 0f32);
				for l in 0..k {
					if l % BLOCK == 0 {
						total += sum;
						sum = 0.0;
					}
					let product = a[i * k + l] * b[l * n + j];
					sum += product;
				}
				sum = total + sum + bias[j];
				let sum = sum + y[i * n + j];
				y[i * n + j] = if sum <= 0.0 { 0.0 } else { sum };
			}
		}
	}

	fn values(len: usize, seed: usize) -> Vec<f32> {
		(0..len)
			.map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 * 0.37 - 370.0)
			.collect()
	}

	#[test]
	fn every_tile_of_every_width_gives_the_bits_of_the_rule() {
		for [m, k, n] in [
			[1, 1, 1],
			[3, 5, 16],
			[12, 33, 17],
			[13, 64, 40],
			[29, 7, 5],
			[40, 3, 100],
			[4, 0, 3],
			[0, 4, 3],
			[7, 70_000, 2],
			[14, 131_073, 2],
			[1, 130, 300],
			[1, 0, 256],
		] {
			let (a, b, bias) = (values(m * k, 1), values(k * n, 2), values(n, 3));
			let before = values(m * n, 4);
			let mut expected = before.clone();
			reference(&a, &b, [m, k, n], &bias, &mut expected);
			let panels = Panels::new(k, n, |l, j| b[l * n + j]);
			let bases: Vec<usize> = (0..m).map(|i| i * k).collect();
			for isa in Isa::available() {
				let mut found = before.clone();
				let rows = Rows {
					data: &a,
					bases: &bases,
					taps: &[0],
					run: k,
				};
				let target = Target {
					data: &mut found,
					first: 0,
					stride: n,
				};
				let epilogue = Epilogue {
					bias: Some(&bias),
					accumulate: true,
					activation: Activation::Relu,
				};
				with_isa(isa, || multiply(rows, &panels, target, epilogue)).unwrap();
				let bits = |y: &[f32]| y.iter().map(|y| y.to_bits()).collect::<Vec<_>>();
				assert_eq!(bits(&found), bits(&expected), "{m}x{k}x{n} {isa}");
			}
		}
	}

	#[test]
	fn rows_pack_as_elements_do() {
		for (k, columns) in [(3, 1), (2, 16), (5, 17), (4, 33), (3, 80), (0, 20), (2, 0)] {
			let mut b = values(k * columns, 3);
			b.iter_mut().step_by(7).for_each(|b| *b *= 1e-30);
			let bits = |panels: Panels| {
				let lines = panels
					.lines
					.iter()
					.flat_map(|line| line.0.map(f32::to_bits));
				(panels.k, panels.columns, lines.collect::<Vec<_>>())
			};
			let by_elements = Panels::new(k, columns, |row, column| b[row * columns + column]);
			for isa in Isa::available() {
				let by_rows = with_isa(isa, || Panels::of_rows(&b, k, columns)).unwrap();
				assert_eq!(
					bits(by_rows),
					bits(by_elements.clone()),
					"{k}x{columns} {isa}"
				);
			}
		}
	}

	#[test]
	fn rows_are_made_of_runs_and_stored_between_others() {
		// Two windows of two runs of two over a line, the second output column group of three.
		let data = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
		let panels = Panels::new(4, 2, |k, column| if column == 0 { 1.0 } else { k as f32 });
		let mut y = [9.0f32; 6];
		multiply(
			Rows {
				data: &data,
				bases: &[0, 1],
				taps: &[0, 3],
				run: 2,
			},
			&panels,
			Target {
				data: &mut y,
				first: 1,
				stride: 3,
			},
			Epilogue::default(),
		);
		assert_eq!(y, [9.0, 12.0, 25.0, 9.0, 16.0, 31.0]);
	}

	#[test]
	fn activations_follow_the_rules_of_their_operators() {
		let clip = Activation::Clip {
			low: 0.0,
			high: 6.0,
		};
		let x = [-0.0f32, 0.0, -1.0, 3.0, 6.0, 7.0, f32::INFINITY, f32::NAN];
		let expected = [0.0f32, 0.0, 0.0, 3.0, 6.0, 6.0, 6.0, f32::NAN];
		for (x, expected) in x.into_iter().zip(expected) {
			let y = clip.apply(x);
			assert!(y.to_bits() == expected.to_bits() || (y.is_nan() && expected.is_nan()));
			for activation in [Activation::None, Activation::Relu, clip] {
				for isa in Isa::available() {
					let y = with_isa(isa, || simd::run(Applied { activation, x })).unwrap();
					let scalar = activation.apply(x);
					assert!(y.to_bits() == scalar.to_bits() || (y.is_nan() && scalar.is_nan()));
				}
			}
		}
	}

	/// An activation on a vector of equal elements.
	struct Applied {
		activation: Activation,
		x: f32,
	}

	impl simd::Kernel for Applied {
		type Output = f32;

		#[inline(always)]
		fn run<S: Simd>(self, simd: S) -> f32 {
			use fearless_simd::SimdFrom;
			let x = S::f32s::simd_from(simd, self.x);
			let y: S::f32s = self.activation.apply_to(simd, x);
			y.as_slice()[S::f32s::LEN - 1]
		}

		fn run_scalar(self) -> f32 {
			self.activation.apply(self.x)
		}
	}
}

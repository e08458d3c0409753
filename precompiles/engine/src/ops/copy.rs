//! Moving elements without looking at them.
//!
//! An element is an array of as many bytes as it takes, so that eleven types share four loops.

use tract_onnx::prelude::Tensor;

use crate::{error::EvalError, tensor::zeros, DType};

/// Runs an expression with `$N` standing for the size of an element of a [`DType`].
macro_rules! with_size {
	($dtype:expr, $N:ident => $body:expr) => {
		match $crate::DType::size($dtype) {
			1 => {
				const $N: usize = 1;
				$body
			}
			2 => {
				const $N: usize = 2;
				$body
			}
			4 => {
				const $N: usize = 4;
				$body
			}
			_ => {
				const $N: usize = 8;
				$body
			}
		}
	};
}
pub(super) use with_size;

/// The elements of a tensor of a type of `N` bytes.
pub(super) fn elements<const N: usize>(tensor: &Tensor) -> &[[u8; N]] {
	tensor.as_bytes().as_chunks().0
}

/// A tensor whose elements, of `N` bytes, `fill` writes. It starts as zeros.
pub(super) fn build<const N: usize>(
	dtype: DType,
	shape: &[usize],
	fill: impl FnOnce(&mut [[u8; N]]),
) -> Result<Tensor, EvalError> {
	let mut tensor = zeros(dtype, shape)?;
	fill(tensor.as_bytes_mut().as_chunks_mut().0);
	Ok(tensor)
}

/// Where to find the elements of a tensor, row-major, in another's memory: element `i` lies at
/// `offset` plus the sum of `i[axis] * strides[axis]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
	/// Dimensions.
	pub(crate) shape: Vec<usize>,
	/// Steps between neighbours, in elements; may be zero or negative.
	pub(super) strides: Vec<isize>,
	/// The first element.
	pub(super) offset: usize,
}

impl View {
	/// All elements of a tensor of this shape, in order.
	pub(crate) fn of(shape: &[usize]) -> Self {
		let strides = crate::tensor::strides(shape)
			.into_iter()
			.map(|s| s as isize)
			.collect();
		Self {
			shape: shape.to_vec(),
			strides,
			offset: 0,
		}
	}

	/// The axes in another order.
	#[must_use]
	pub(crate) fn permuted(&self, axes: &[usize]) -> Self {
		Self {
			shape: axes.iter().map(|axis| self.shape[*axis]).collect(),
			strides: axes.iter().map(|axis| self.strides[*axis]).collect(),
			offset: self.offset,
		}
	}

	/// Whether the elements lie in order and without gaps from the first one on.
	pub(super) fn is_contiguous(&self) -> bool {
		let (shape, strides) = self.merged();
		self.offset == 0 && (shape.is_empty() || strides == [1])
	}

	/// The same walk with as few axes as possible: none of length 1, none that continues the next.
	fn merged(&self) -> (Vec<usize>, Vec<isize>) {
		let (mut shape, mut strides) = (Vec::<usize>::new(), Vec::<isize>::new());
		for (dim, stride) in self.shape.iter().zip(&self.strides) {
			if *dim == 1 {
				continue;
			}
			match (shape.last_mut(), strides.last_mut()) {
				(Some(outer), Some(step)) if *step == *stride * *dim as isize => {
					*outer *= dim;
					*step = *stride;
				}
				_ => {
					shape.push(*dim);
					strides.push(*stride);
				}
			}
		}
		(shape, strides)
	}

	/// Copies the view's elements into `target`, which has as many.
	pub(super) fn copy<const N: usize>(&self, source: &[[u8; N]], target: &mut [[u8; N]]) {
		if target.is_empty() {
			return;
		}
		let (shape, strides) = self.merged();
		let (Some((inner, outer)), Some((step, outer_strides))) =
			(shape.split_last(), strides.split_last())
		else {
			target[0] = source[self.offset];
			return;
		};
		// A transposition: neighbours in the source are neighbours along an outer axis here.
		let crossed = if *step == 1 || *step == 0 {
			None
		} else {
			(0..outer.len())
				.rev()
				.find(|axis| outer_strides[*axis] == 1)
		};
		if let Some(across) = crossed {
			return transpose(&shape, &strides, across, self.offset, source, target);
		}
		let places = crate::tensor::strides(&shape);
		let places: Vec<isize> = places[..outer.len()].iter().map(|s| *s as isize).collect();
		walk(
			outer,
			[outer_strides, &places],
			[self.offset as isize, 0],
			|[from, to]| {
				let (start, row) = (from as usize, &mut target[to as usize..][..*inner]);
				match step {
					1 => row.copy_from_slice(&source[start..start + inner]),
					0 => row.fill(source[start]),
					_ => {
						let mut at = from;
						for element in row {
							*element = source[at as usize];
							at += step;
						}
					}
				}
			},
		);
	}
}

/// Calls `visit(offsets)` for each element of two views of one shape, in row-major order.
fn walk(
	shape: &[usize],
	strides: [&[isize]; 2],
	mut offsets: [isize; 2],
	mut visit: impl FnMut([isize; 2]),
) {
	if shape.contains(&0) {
		return;
	}
	let mut index = vec![0usize; shape.len()];
	loop {
		visit(offsets);
		let mut axis = shape.len();
		loop {
			if axis == 0 {
				return;
			}
			axis -= 1;
			index[axis] += 1;
			for (offset, strides) in offsets.iter_mut().zip(strides) {
				*offset += strides[axis];
			}
			if index[axis] < shape[axis] {
				break;
			}
			for (offset, strides) in offsets.iter_mut().zip(strides) {
				*offset -= strides[axis] * shape[axis] as isize;
			}
			index[axis] = 0;
		}
	}
}

/// Copies a view whose stride is 1 along the axis `across`, not the last one, in square tiles of
/// that axis and the last, so that both sides stay in the cache.
fn transpose<const N: usize>(
	shape: &[usize],
	strides: &[isize],
	across: usize,
	offset: usize,
	source: &[[u8; N]],
	target: &mut [[u8; N]],
) {
	const TILE: usize = 32;
	let last = shape.len() - 1;
	let (rows, columns, step) = (shape[across], shape[last], strides[last]);
	let places: Vec<isize> = crate::tensor::strides(shape)
		.iter()
		.map(|s| *s as isize)
		.collect();
	let row_step = places[across] as usize;
	// All other axes, walked on both sides at once.
	let others: Vec<usize> = (0..last).filter(|axis| *axis != across).collect();
	let picked = |values: &[isize]| others.iter().map(|axis| values[*axis]).collect::<Vec<_>>();
	let outer: Vec<usize> = others.iter().map(|axis| shape[*axis]).collect();
	walk(
		&outer,
		[&picked(strides), &picked(&places)],
		[offset as isize, 0],
		|[from, to]| {
			if across + 1 == last && step > 0 {
				let target = &mut target[to as usize..][..rows * columns];
				let planes = (from as usize, step as usize);
				match columns {
					2 => return interleave::<N, 2>(source, planes, target),
					3 => return interleave::<N, 3>(source, planes, target),
					4 => return interleave::<N, 4>(source, planes, target),
					8 => return interleave::<N, 8>(source, planes, target),
					_ => {}
				}
			}
			for row_tile in (0..rows).step_by(TILE) {
				for column_tile in (0..columns).step_by(TILE) {
					let width = TILE.min(columns - column_tile);
					for row in row_tile..rows.min(row_tile + TILE) {
						let start = to as usize + row * row_step + column_tile;
						let mut at = from + row as isize + column_tile as isize * step;
						for element in &mut target[start..start + width] {
							*element = source[at as usize];
							at += step;
						}
					}
				}
			}
		},
	);
}

/// Copies `G` planes, the first of which begins at `start` and each next one `step` further, so
/// that elements at the same place in all of them become neighbours.
#[inline(always)]
fn interleave<const N: usize, const G: usize>(
	source: &[[u8; N]],
	(start, step): (usize, usize),
	target: &mut [[u8; N]],
) {
	let target = target.as_chunks_mut::<G>().0;
	let planes: [&[[u8; N]]; G] =
		std::array::from_fn(|plane| &source[start + plane * step..][..target.len()]);
	for (i, target) in target.iter_mut().enumerate() {
		for plane in 0..G {
			target[plane] = planes[plane][i];
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{tensor::slice, testing::tensor};
	use proptest::prelude::*;

	fn taken(view: &View, source: &[i32]) -> Vec<i32> {
		let source = tensor(&[source.len()], source);
		let taken = build::<4>(DType::I32, &view.shape, |target| {
			view.copy(elements::<4>(&source), target);
		});
		slice::<i32>(&taken.unwrap()).unwrap().to_vec()
	}

	#[test]
	fn contiguous_axes_merge_to_one_run() {
		assert_eq!(View::of(&[2, 1, 3, 4]).merged(), (vec![24], vec![1]));
		assert_eq!(View::of(&[]).merged(), (vec![], vec![]));
		let swapped = View::of(&[2, 3, 4]).permuted(&[1, 0, 2]);
		assert_eq!(swapped.merged(), (vec![3, 2, 4], vec![4, 12, 1]));
		let back = View::of(&[2, 3, 4]).permuted(&[2, 0, 1]);
		assert_eq!(back.merged(), (vec![4, 6], vec![1, 4]));
	}

	#[test]
	fn views_walk_backwards_repeat_and_skip() {
		let source = [0, 1, 2, 3, 4, 5];
		let view = |shape: &[usize], strides: &[isize], offset| View {
			shape: shape.to_vec(),
			strides: strides.to_vec(),
			offset,
		};
		assert_eq!(taken(&view(&[6], &[-1], 5), &source), [5, 4, 3, 2, 1, 0]);
		assert_eq!(
			taken(&view(&[2, 3], &[3, 0], 1), &source),
			[1, 1, 1, 4, 4, 4]
		);
		assert_eq!(
			taken(&view(&[3, 2], &[1, 3], 0), &source),
			[0, 3, 1, 4, 2, 5]
		);
		assert_eq!(taken(&view(&[2, 2], &[-3, -2], 5), &source), [5, 3, 2, 0]);
		assert_eq!(taken(&view(&[], &[], 4), &source), [4]);
		assert_eq!(taken(&view(&[2, 0], &[1, 1], 0), &source), [0; 0]);
	}

	proptest! {
		#[test]
		fn any_permutation_of_any_shape(
			shape in prop::collection::vec(prop_oneof![0usize..5, 30usize..40], 1..5),
			seed: u64,
		) {
			let len: usize = shape.iter().product();
			prop_assume!(len < 100_000);
			let mut axes: Vec<usize> = (0..shape.len()).collect();
			for i in (1..axes.len()).rev() {
				axes.swap(i, (seed >> (8 * i)) as usize % (i + 1));
			}
			let source: Vec<i32> = (0..len as i32).collect();
			let view = View::of(&shape).permuted(&axes);
			let mut expected = Vec::with_capacity(len);
			for i in 0..len {
				let mut rest = i;
				let mut at = 0;
				for (dim, stride) in view.shape.iter().zip(&view.strides).rev() {
					at += (rest % dim) as isize * stride;
					rest /= dim;
				}
				expected.push(at as i32);
			}
			prop_assert_eq!(taken(&view, &source), expected);
		}
	}
}

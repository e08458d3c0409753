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
pub(super) struct View {
	/// Dimensions.
	pub(super) shape: Vec<usize>,
	/// Steps between neighbours, in elements; may be zero or negative.
	pub(super) strides: Vec<isize>,
	/// The first element.
	pub(super) offset: usize,
}

impl View {
	/// All elements of a tensor of this shape, in order.
	pub(super) fn of(shape: &[usize]) -> Self {
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
	pub(super) fn permuted(&self, axes: &[usize]) -> Self {
		Self {
			shape: axes.iter().map(|axis| self.shape[*axis]).collect(),
			strides: axes.iter().map(|axis| self.strides[*axis]).collect(),
			offset: self.offset,
		}
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
		let mut index = vec![0usize; outer.len()];
		let mut from = self.offset as isize;
		for row in target.chunks_exact_mut(*inner) {
			let start = from as usize;
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
			for axis in (0..outer.len()).rev() {
				index[axis] += 1;
				from += outer_strides[axis];
				if index[axis] < outer[axis] {
					break;
				}
				from -= outer_strides[axis] * outer[axis] as isize;
				index[axis] = 0;
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{tensor::slice, testing::tensor};

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
}

//! Multidirectional broadcasting, as ONNX takes it from NumPy.

use tract_onnx::prelude::{Datum, Tensor};

use crate::{
	error::{EvalError, OpError},
	tensor::{build, slice, slice_mut},
};

/// The shape that two shapes broadcast to.
pub fn broadcast_shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>, OpError> {
	let rank = a.len().max(b.len());
	let dim = |shape: &[usize], axis: usize| {
		(axis + shape.len())
			.checked_sub(rank)
			.map_or(1, |axis| shape[axis])
	};
	(0..rank)
		.map(|axis| match (dim(a, axis), dim(b, axis)) {
			(x, y) if x == y => Ok(x),
			(1, y) => Ok(y),
			(x, 1) => Ok(x),
			(x, y) => Err(OpError::mismatch(format!(
				"shapes {a:?} and {b:?} do not broadcast: {x} against {y} on axis {axis}"
			))),
		})
		.collect()
}

/// The shape that all these shapes broadcast to.
pub fn broadcast_shapes<'a>(
	shapes: impl IntoIterator<Item = &'a [usize]>,
) -> Result<Vec<usize>, OpError> {
	shapes
		.into_iter()
		.try_fold(Vec::new(), |shape, next| broadcast_shape(&shape, next))
}

/// How far one step along each axis of `output` goes in a tensor of shape `input`, in elements;
/// zero along the axes that are broadcast. `input` must broadcast to `output`.
pub fn broadcast_strides(input: &[usize], output: &[usize]) -> Vec<usize> {
	let own = crate::tensor::strides(input);
	let skipped = output.len() - input.len();
	(0..output.len())
		.map(|axis| match axis.checked_sub(skipped) {
			Some(axis) if input[axis] != 1 => own[axis],
			_ => 0,
		})
		.collect()
}

/// Calls `row(output offset, input offsets)` for each innermost row of `output`, in order.
///
/// `strides[i]` are the [`broadcast_strides`] of input `i`. Rows have the length of the last axis
/// (one for a scalar); within a row input `i` advances by its last stride.
pub fn for_each_row<const N: usize>(
	output: &[usize],
	strides: [&[usize]; N],
	mut row: impl FnMut(usize, [usize; N]),
) {
	let (inner, outer) = match output.split_last() {
		Some((inner, outer)) => (*inner, outer),
		None => (1, output),
	};
	if inner == 0 || outer.contains(&0) {
		return;
	}
	let mut index = vec![0usize; outer.len()];
	let mut offsets = [0usize; N];
	let mut position = 0;
	loop {
		row(position, offsets);
		position += inner;
		// Odometer over the outer axes, innermost first.
		let mut axis = outer.len();
		loop {
			if axis == 0 {
				return;
			}
			axis -= 1;
			index[axis] += 1;
			for (offset, strides) in offsets.iter_mut().zip(strides) {
				*offset += strides[axis];
			}
			if index[axis] < outer[axis] {
				break;
			}
			for (offset, strides) in offsets.iter_mut().zip(strides) {
				*offset -= strides[axis] * outer[axis];
			}
			index[axis] = 0;
		}
	}
}

/// `f` of the broadcast elements of `a` and `b`. `shape` is their [`broadcast_shape`].
#[inline(always)]
pub fn zip<A: Datum + Copy, B: Datum + Copy, C: Datum + Copy>(
	a: &Tensor,
	b: &Tensor,
	shape: &[usize],
	f: impl Fn(A, B) -> C,
) -> Result<Tensor, EvalError> {
	let (x, y) = (slice::<A>(a)?, slice::<B>(b)?);
	let (xs, ys) = (
		broadcast_strides(a.shape(), shape),
		broadcast_strides(b.shape(), shape),
	);
	build::<C>(shape, |output| {
		if a.shape() == b.shape() {
			for ((z, x), y) in output.iter_mut().zip(x).zip(y) {
				*z = f(*x, *y);
			}
			return;
		}
		let inner = shape.last().copied().unwrap_or(1);
		let last = |strides: &[usize]| strides.last().copied().unwrap_or(0);
		let (dx, dy) = (last(&xs), last(&ys));
		for_each_row(shape, [&xs, &ys], |position, [i, j]| {
			let row = &mut output[position..position + inner];
			match (dx, dy) {
				(0, 0) => row.fill(f(x[i], y[j])),
				(0, _) => {
					for (z, y) in row.iter_mut().zip(&y[j..j + inner]) {
						*z = f(x[i], *y);
					}
				}
				(_, 0) => {
					for (z, x) in row.iter_mut().zip(&x[i..i + inner]) {
						*z = f(*x, y[j]);
					}
				}
				_ => {
					for ((z, x), y) in row.iter_mut().zip(&x[i..i + inner]).zip(&y[j..j + inner]) {
						*z = f(*x, *y);
					}
				}
			}
		});
	})
}

/// `f` of the elements of `a` and of `b`, which broadcasts to the shape of `a`, in the memory of `a`.
#[inline(always)]
pub fn zip_in_place<A: Datum + Copy, B: Datum + Copy>(
	mut a: Tensor,
	b: &Tensor,
	f: impl Fn(A, B) -> A,
) -> Result<Tensor, EvalError> {
	let shape = a.shape().to_vec();
	let y = slice::<B>(b)?;
	let x = slice_mut::<A>(&mut a)?;
	if b.shape() == shape {
		for (x, y) in x.iter_mut().zip(y) {
			*x = f(*x, *y);
		}
		return Ok(a);
	}
	if let [y] = y {
		for x in x {
			*x = f(*x, *y);
		}
		return Ok(a);
	}
	let inner = shape.last().copied().unwrap_or(1);
	let strides = broadcast_strides(b.shape(), &shape);
	let step = strides.last().copied().unwrap_or(0);
	for_each_row(&shape, [&strides], |position, [j]| {
		let row = &mut x[position..position + inner];
		if step == 0 {
			for x in row {
				*x = f(*x, y[j]);
			}
		} else {
			for (x, y) in row.iter_mut().zip(&y[j..j + inner]) {
				*x = f(*x, *y);
			}
		}
	});
	Ok(a)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::tensor::from_slice;

	#[test]
	fn shapes_broadcast_as_in_numpy() {
		assert_eq!(broadcast_shape(&[2, 1, 3], &[4, 1]).unwrap(), [2, 4, 3]);
		assert_eq!(broadcast_shape(&[], &[5]).unwrap(), [5]);
		assert_eq!(broadcast_shape(&[1], &[0]).unwrap(), [0]);
		assert!(broadcast_shape(&[2], &[3]).is_err());
		assert!(broadcast_shape(&[2], &[0]).is_err());
	}

	#[test]
	fn rows_and_columns_meet() {
		let a = from_slice(&[2, 1], &[10i32, 20]).unwrap();
		let b = from_slice(&[3], &[1i32, 2, 3]).unwrap();
		let sum = zip(&a, &b, &[2, 3], |x: i32, y: i32| x - y).unwrap();
		assert_eq!(slice::<i32>(&sum).unwrap(), [9, 8, 7, 19, 18, 17]);
		let sum = zip(&b, &a, &[2, 3], |x: i32, y: i32| x - y).unwrap();
		assert_eq!(slice::<i32>(&sum).unwrap(), [-9, -8, -7, -19, -18, -17]);
	}

	#[test]
	fn middle_axes_broadcast() {
		let a = from_slice(&[2, 1, 2], &[1i32, 2, 3, 4]).unwrap();
		let b = from_slice(&[1, 2, 1], &[10i32, 20]).unwrap();
		let sum = zip(&a, &b, &[2, 2, 2], |x: i32, y: i32| x + y).unwrap();
		assert_eq!(
			slice::<i32>(&sum).unwrap(),
			[11, 12, 21, 22, 13, 14, 23, 24]
		);
	}

	#[test]
	fn in_place_is_the_same() {
		let a = from_slice(&[2, 2, 3], &std::array::from_fn::<i32, 12, _>(|i| i as i32)).unwrap();
		for shape in [
			&[2, 2, 3][..],
			&[3],
			&[2, 1],
			&[2, 1, 1],
			&[1, 2, 3],
			&[1, 1, 1],
			&[],
		] {
			let values: Vec<i32> = (0..shape.iter().product())
				.map(|i: usize| 100 - i as i32)
				.collect();
			let b = from_slice(shape, &values).unwrap();
			let f = |x: i32, y: i32| 3 * x - y;
			let expected = zip(&a, &b, &[2, 2, 3], f).unwrap();
			let found = zip_in_place(a.clone(), &b, f).unwrap();
			assert_eq!(
				slice::<i32>(&found).unwrap(),
				slice::<i32>(&expected).unwrap()
			);
			assert_eq!(found.shape(), [2, 2, 3]);
		}
	}

	#[test]
	fn scalars_and_empty_tensors_broadcast() {
		let a = from_slice(&[], &[1i32]).unwrap();
		let b = from_slice::<i32>(&[0, 3], &[]).unwrap();
		assert_eq!(
			zip(&a, &b, &[0, 3], |x: i32, y: i32| x + y)
				.unwrap()
				.shape(),
			[0, 3]
		);
		let sum = zip(&a, &a, &[], |x: i32, y: i32| x + y).unwrap();
		assert_eq!(slice::<i32>(&sum).unwrap(), [2]);
	}
}

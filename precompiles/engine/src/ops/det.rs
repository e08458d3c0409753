//! Det: the determinant of square matrices, by elimination with partial pivoting.
//!
//! In the input's own type. For each column from the first on, the pivot is the first of the largest
//! magnitudes at or below the diagonal (a NaN counts as largest); its row is swapped up. From each
//! row below, the pivot's row times (element / pivot) is subtracted: a quotient, then a product and a
//! difference for each column behind. The determinant is the product of the pivots, from the first to
//! the last, negated for an odd number of swaps; +0 as soon as a pivot is zero.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{one_by_one, Cost, Kernel},
	math::Float,
	select::Select,
	tensor::{build as build_tensor, dtype, slice},
	DType,
};

#[derive(Debug)]
struct Det;

pub(super) fn build(_: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	x.expect("X", &DType::FLOATS)?;
	x.expect_rank("X", 2..)?;
	let [.., rows, columns] = x.shape() else {
		return Err(super::internal_arity(&[]));
	};
	if rows != columns {
		return Err(OpError::mismatch(format!(
			"matrices of {rows} x {columns} are not square"
		)));
	}
	Ok(Lowered::step(Det, inputs))
}

fn determinant<T: Float + Select>(a: &mut [T], n: usize) -> T {
	let mut product = T::ONE;
	for column in 0..n {
		let at = |row: usize| row * n + column;
		let mut pivot = column;
		for row in column + 1..n {
			let (best, own) = (a[at(pivot)].abs(), a[at(row)].abs());
			if own > best || (Float::is_nan(own) && !Float::is_nan(best)) {
				pivot = row;
			}
		}
		if a[at(pivot)] == T::ZERO {
			return T::ZERO;
		}
		if pivot != column {
			for i in column..n {
				a.swap(pivot * n + i, column * n + i);
			}
			product = -product;
		}
		let diagonal = a[at(column)];
		product = product * diagonal;
		for row in column + 1..n {
			let factor = a[at(row)] / diagonal;
			for i in column + 1..n {
				a[row * n + i] = a[row * n + i] - factor * a[column * n + i];
			}
		}
	}
	product
}

fn determinants<T: Float + Select + Datum>(x: &Tensor) -> Result<Tensor, EvalError> {
	let rank = x.rank();
	let n = x.shape()[rank - 1];
	let mut matrix = vec![T::ZERO; n * n];
	let source = slice::<T>(x)?;
	build_tensor::<T>(&x.shape()[..rank - 2], |y| {
		for (index, y) in y.iter_mut().enumerate() {
			matrix.copy_from_slice(&source[index * n * n..][..n * n]);
			*y = determinant(&mut matrix, n);
		}
	})
}

impl Kernel for Det {
	fn name(&self) -> &'static str {
		"Det"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		Ok(vec![Fact::new(x.dtype(), &x.shape()[..x.rank() - 2])?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let n = inputs[0].shape().last().copied().unwrap_or(0) as u64;
		// Each matrix is a step of its own, also an empty one.
		Cost::touching(inputs, outputs)
			.with_scalars((outputs[0].len() as u64).saturating_mul(8))
			.with_macs((inputs[0].len() as u64).saturating_mul(n.saturating_mul(8) + 32))
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		let n = inputs[0].shape().last().copied().unwrap_or(0);
		(n * n * inputs[0].dtype().size()) as u64
	}

	fn subnormals(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		let n = inputs[0].shape().last().copied().unwrap_or(0) as u64;
		let (dtype, len) = (inputs[0].dtype(), inputs[0].len() as u64);
		// A third of the products of all columns; short rows fill no vectors.
		one_by_one(dtype, len.saturating_mul(n / 3 + 2))
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		Ok(vec![
			crate::with_float!(dtype(x)?, T => determinants::<T>(x))?,
		])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, OpTest},
	};

	fn det(n: usize, x: &[f32]) -> f32 {
		let (shape, y) = OpTest::new("Det").input(f32s(&[n, n], x)).elements::<f32>();
		assert!(shape.is_empty());
		y[0]
	}

	#[test]
	fn pivots_are_swapped_up() {
		assert_eq!(det(2, &[1.0, 2.0, 4.0, 4.0]), -4.0);
		assert_eq!(
			det(3, &[0.0, 2.0, 0.0, 4.0, 0.0, 0.0, 0.0, 0.0, 8.0]),
			-64.0
		);
		assert_eq!(det(2, &[1.0, 2.0, 2.0, 4.0]), 0.0);
		assert_eq!(det(0, &[]), 1.0);
		assert!(det(2, &[1.0, 2.0, f32::NAN, 4.0]).is_nan());
		let error = OpTest::new("Det").input(f32s(&[1, 2], &[0.0; 2])).refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
	}
}

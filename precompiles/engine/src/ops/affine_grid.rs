//! AffineGrid: the places that an affine map takes a regular grid to.
//!
//! In binary64, rounded once: the normalised coordinate of index i on an axis of length n is
//! -1 + i · 2 / (n - 1) with `align_corners` (-1 for n = 1), else -1 + (i + 0.5) · 2 / n; an output is
//! `θ · x` summed over the coordinates, last axis first, from the first product on, then the last
//! column is added.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	math::Float,
	tensor::{build as build_tensor, dtype, slice},
	DType,
};

#[derive(Debug)]
struct AffineGrid {
	align_corners: bool,
	batch: usize,
	/// Spatial dimensions, two or three.
	dims: Vec<usize>,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let theta = inputs.required(0)?;
	theta.expect("theta", &DType::FLOATS)?;
	let size = inputs.constant_ints(1, "size")?.unwrap_or_default();
	let size = super::expand::dimensions("size", &size)?;
	if !matches!(size.len(), 4 | 5) {
		return Err(OpError::bad_attribute("size", "must have 4 or 5 entries"));
	}
	let (batch, dims) = (size[0], size[2..].to_vec());
	let rank = dims.len();
	if theta.shape() != [batch, rank, rank + 1] {
		return Err(OpError::mismatch(format!(
			"theta has shape {:?}, but must have {:?}",
			theta.shape(),
			[batch, rank, rank + 1]
		)));
	}
	Ok(Lowered::step_of(
		AffineGrid {
			align_corners: node.attrs.flag_or("align_corners", false)?,
			batch,
			dims,
		},
		[0],
	))
}

impl AffineGrid {
	fn shape(&self) -> Vec<usize> {
		let mut shape = vec![self.batch];
		shape.extend(&self.dims);
		shape.push(self.dims.len());
		shape
	}

	fn coordinate(&self, i: usize, len: usize) -> f64 {
		let (i, n) = (i as f64, len as f64);
		match self.align_corners {
			true if len == 1 => -1.0,
			true => -1.0 + i * 2.0 / (n - 1.0),
			false => -1.0 + (i + 0.5) * 2.0 / n,
		}
	}

	fn run<T: Float + Datum>(&self, theta: &Tensor) -> Result<Tensor, EvalError> {
		let rank = self.dims.len();
		let theta = slice::<T>(theta)?;
		let places: usize = self.dims.iter().product();
		build_tensor::<T>(&self.shape(), |y| {
			for (index, target) in y.chunks_exact_mut(rank).enumerate() {
				let theta = &theta[index / places * rank * (rank + 1)..][..rank * (rank + 1)];
				let mut rest = index % places;
				let mut x = [0.0; 3];
				for (x, len) in x.iter_mut().zip(self.dims.iter().rev()) {
					*x = self.coordinate(rest % len, *len);
					rest /= len;
				}
				for (y, row) in target.iter_mut().zip(theta.chunks_exact(rank + 1)) {
					let mut sum = row[0].to_f64() * x[0];
					for axis in 1..rank {
						sum += row[axis].to_f64() * x[axis];
					}
					*y = T::from_f64(sum + row[rank].to_f64());
				}
			}
		})
	}
}

impl Kernel for AffineGrid {
	fn name(&self) -> &'static str {
		"AffineGrid"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [theta] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		Ok(vec![Fact::new(theta.dtype(), self.shape())?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).with_scalars((outputs[0].len() as u64).saturating_mul(4))
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let theta = &inputs[0];
		Ok(vec![
			crate::with_float!(dtype(theta)?, T => self.run::<T>(theta))?,
		])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, i64s, int, OpTest},
	};

	#[test]
	fn the_identity_is_the_regular_grid() {
		let test = |align| {
			OpTest::new("AffineGrid")
				.opset(20)
				.attr(int("align_corners", align))
				.input(f32s(&[1, 2, 3], &[1.0, 0.0, 0.0, 0.0, 1.0, 0.5]))
				.constant(i64s(&[1, 1, 1, 2]))
		};
		assert_eq!(
			test(1).elements::<f32>(),
			(vec![1, 1, 2, 2], vec![-1.0, -0.5, 1.0, -0.5])
		);
		assert_eq!(test(0).elements::<f32>().1, [-0.5, 0.5, 0.5, 0.5]);
	}

	#[test]
	fn misfits_are_refused() {
		let error = OpTest::new("AffineGrid")
			.input(f32s(&[1, 2, 3], &[0.0; 6]))
			.constant(i64s(&[1, 1, 1, 1, 1]))
			.refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
	}
}

//! LpNormalization: x divided by its norm along an axis; +0 where the norm is zero.
//!
//! The norm is the sum of the magnitudes (`p` = 1) or the root of the sum of the squares (`p` = 2), in
//! ascending order from +0, in the input's own type.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{of_vectors, one_by_one, Cost, Kernel},
	math::Float,
	tensor::{build as build_tensor, dtype, slice},
	DType,
};

#[derive(Debug)]
struct LpNormalization {
	squares: bool,
	len: usize,
	inner: usize,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let axis = x.axis("axis", node.attrs.int_or("axis", -1)?)?;
	let squares = match node.attrs.int_or("p", 2)? {
		1 => false,
		2 => true,
		other => {
			return Err(OpError::bad_attribute(
				"p",
				format!("is {other}, but must be 1 or 2"),
			))
		}
	};
	Ok(Lowered::step(
		LpNormalization {
			squares,
			len: x.shape()[axis],
			inner: x.shape()[axis + 1..].iter().product(),
		},
		inputs,
	))
}

impl LpNormalization {
	fn run<T: Float + Datum>(&self, x: &Tensor) -> Result<Tensor, EvalError> {
		let source = slice::<T>(x)?;
		let block = self.len * self.inner;
		build_tensor::<T>(x.shape(), |y| {
			if y.is_empty() {
				return;
			}
			let mut norms = vec![T::ZERO; self.inner];
			for (x, y) in source.chunks_exact(block).zip(y.chunks_exact_mut(block)) {
				norms.fill(T::ZERO);
				for row in x.chunks_exact(self.inner) {
					for (norm, x) in norms.iter_mut().zip(row) {
						*norm = *norm + if self.squares { *x * *x } else { x.abs() };
					}
				}
				if self.squares {
					for norm in &mut norms {
						*norm = norm.sqrt();
					}
				}
				for (x, y) in x
					.chunks_exact(self.inner)
					.zip(y.chunks_exact_mut(self.inner))
				{
					for ((y, x), norm) in y.iter_mut().zip(x).zip(&norms) {
						*y = if *norm == T::ZERO {
							T::ZERO
						} else {
							*x / *norm
						};
					}
				}
			}
		})
	}
}

impl Kernel for LpNormalization {
	fn name(&self) -> &'static str {
		"LpNormalization"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		x.expect("input", &DType::FLOATS)?;
		Ok(vec![x.without_value()])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let len = outputs[0].len() as u64;
		Cost::touching(inputs, outputs)
			.with_scalars(len.saturating_mul(3))
			.with_transcendentals(len / self.len.max(1) as u64)
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		(self.inner * inputs[0].dtype().size()) as u64
	}

	fn subnormals(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		let (dtype, len) = (inputs[0].dtype(), inputs[0].len() as u64);
		one_by_one(dtype, len).saturating_add(of_vectors(dtype, len.saturating_mul(2)))
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		Ok(vec![crate::with_float!(dtype(x)?, T => self.run::<T>(x))?])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, int, OpTest},
	};

	#[test]
	fn both_norms_along_any_axis() {
		let x = || OpTest::new("LpNormalization").input(f32s(&[2, 2], &[3.0, 0.0, -4.0, 0.0]));
		let (_, y) = x().attr(int("axis", 0)).elements::<f32>();
		assert_eq!(y, [0.6, 0.0, -0.8, 0.0]);
		let (_, y) = x().attr(int("p", 1)).elements::<f32>();
		assert_eq!(y, [1.0, 0.0, -1.0, 0.0]);
		let error = x().attr(int("p", 3)).refused();
		assert!(matches!(error, OpError::BadAttribute { .. }));
	}
}

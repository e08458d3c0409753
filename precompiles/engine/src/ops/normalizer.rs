//! Normalizer of `ai.onnx.ml`: each row divided by its norm, or by 1e-30 where that is larger.
//!
//! The norm is the largest magnitude, the sum of the magnitudes, or the square root of the sum of the
//! squares, in binary32, in ascending order from +0. A NaN makes its whole row NaN.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	forest::{rows_and_features, FEATURES},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{of_vectors, one_by_one, Cost, Kernel},
	select::Select,
	tensor::{build as build_tensor, dtype, slice},
	DType,
};

#[derive(Clone, Copy, Debug)]
enum Norm {
	Max,
	L1,
	L2,
}

#[derive(Debug)]
struct Normalizer {
	norm: Norm,
	features: usize,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (_, features) = rows_and_features(inputs.required(0)?, &FEATURES)?;
	let norm = match node.attrs.string_or("norm", "MAX")? {
		"MAX" => Norm::Max,
		"L1" => Norm::L1,
		"L2" => Norm::L2,
		_ => return Err(OpError::bad_attribute("norm", "is none of MAX, L1, L2")),
	};
	Ok(Lowered::step(Normalizer { norm, features }, inputs))
}

impl Norm {
	fn of(self, row: &[f32]) -> f32 {
		match self {
			Self::Max => row.iter().fold(0f32, |m, x| m.larger(x.abs())),
			Self::L1 => row.iter().fold(0f32, |sum, x| sum + x.abs()),
			Self::L2 => row.iter().fold(0f32, |sum, x| sum + x * x).sqrt(),
		}
	}
}

impl Kernel for Normalizer {
	fn name(&self) -> &'static str {
		"Normalizer"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		Ok(vec![x.with_dtype(DType::F32)?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let len = outputs[0].len() as u64;
		Cost::touching(inputs, outputs)
			.with_scalars(len.saturating_mul(4))
			.with_transcendentals(len / self.features as u64)
	}

	fn subnormals(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		// Squares that wait for each other, and quotients in vectors of 128 bits.
		let len = inputs[0].len() as u64;
		one_by_one(DType::F32, len).saturating_add(of_vectors(DType::F32, len.saturating_mul(2)))
	}

	#[allow(
		clippy::unnecessary_cast,
		reason = "one of the element types is the target"
	)]
	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		let y = crate::with_number!(dtype(x)?, T => {
			let rows = slice::<T>(x)?.chunks_exact(self.features);
			build_tensor::<f32>(x.shape(), |y| {
				for (x, y) in rows.zip(y.chunks_exact_mut(self.features)) {
					for (y, x) in y.iter_mut().zip(x) {
						*y = *x as f32;
					}
					let norm = self.norm.of(y).larger(1e-30);
					for y in y {
						*y /= norm;
					}
				}
			})?
		});
		Ok(vec![y])
	}
}

#[cfg(test)]
mod tests {
	use crate::testing::{f32s, string, OpTest};

	fn normal(norm: &str, x: &[f32]) -> Vec<f32> {
		OpTest::new("Normalizer")
			.attr(string("norm", norm))
			.input(f32s(&[1, x.len()], x))
			.elements::<f32>()
			.1
	}

	#[test]
	fn every_norm() {
		assert_eq!(normal("MAX", &[3.0, -4.0]), [0.75, -1.0]);
		assert_eq!(normal("L1", &[3.0, -5.0]), [0.375, -0.625]);
		assert_eq!(normal("L2", &[3.0, -4.0]), [0.6, -0.8]);
		assert_eq!(normal("L2", &[0.0, 0.0]), [0.0, 0.0]);
		assert!(normal("MAX", &[f32::NAN, 1.0]).iter().all(|y| y.is_nan()));
	}
}

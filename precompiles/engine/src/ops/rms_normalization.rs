//! RMSNormalization: `x / sqrt(m + epsilon) * scale` over the axes from `axis` on, where m is the sum
//! of `x * x` in order from +0, divided by how many there are.
//!
//! SimplifiedLayerNormalization, as onnxruntime exports it in the default domain, is the same, with
//! `1 / sqrt(m + epsilon)` as an optional second output.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{
	normalization::{first_axis, shape_of_runs},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	broadcast::zip,
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{of_vectors, one_by_one, Cost, Kernel},
	math::Float,
	tensor::{slice, slice_mut},
};

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = &["axis", "epsilon", "stash_type"];

#[derive(Debug)]
struct RmsNormalization {
	name: &'static str,
	axis: usize,
	epsilon: f32,
	/// Whether the inverse root is wanted too.
	stash: bool,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (x, scale) = (inputs.required(0)?, inputs.required(1)?);
	let axis = first_axis(node, x, &[("scale", Some(scale))])?;
	let name = match node.op_type {
		"SimplifiedLayerNormalization" => "SimplifiedLayerNormalization",
		_ => "RMSNormalization",
	};
	Ok(Lowered::step(
		RmsNormalization {
			name,
			axis,
			epsilon: node.attrs.float_or("epsilon", 1e-5)?,
			stash: node.wants(1),
		},
		inputs,
	))
}

impl RmsNormalization {
	fn run<T: Float + Datum>(&self, x: &Tensor, scale: &Tensor) -> Result<Vec<Tensor>, EvalError> {
		let len: usize = x.shape()[self.axis..].iter().product();
		let epsilon = T::from_f64(f64::from(self.epsilon));
		let count = T::from_f64(len as f64);
		let mut y = Tensor::zero_dt(T::datum_type(), x.shape())?;
		let mut inverse = Tensor::zero_dt(T::datum_type(), &shape_of_runs(x.shape(), self.axis))?;
		if len > 0 {
			let rows = slice::<T>(x)?.chunks_exact(len);
			let outputs = slice_mut::<T>(&mut y)?.chunks_exact_mut(len);
			for ((x, y), inverse) in rows.zip(outputs).zip(slice_mut::<T>(&mut inverse)?) {
				let squares = x.iter().fold(T::ZERO, |sum, x| sum + *x * *x);
				let root = (squares / count + epsilon).sqrt();
				for (y, x) in y.iter_mut().zip(x) {
					*y = *x / root;
				}
				*inverse = T::ONE / root;
			}
		}
		let y = zip(&y, scale, x.shape(), |y: T, scale: T| y * scale)?;
		Ok(if self.stash {
			vec![y, inverse]
		} else {
			vec![y]
		})
	}
}

impl Kernel for RmsNormalization {
	fn name(&self) -> &'static str {
		self.name
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let x = inputs
			.first()
			.ok_or_else(|| super::internal_arity(inputs))?;
		let mut facts = vec![x.without_value()];
		if self.stash {
			facts.push(Fact::new(x.dtype(), shape_of_runs(x.shape(), self.axis))?);
		}
		Ok(facts)
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let rows: usize = inputs[0].shape()[..self.axis].iter().product();
		// A chain of additions, then two passes.
		Cost::touching(inputs, outputs)
			.with_scalars(inputs[0].len() as u64 * 3 + rows as u64 * 8)
			.with_transcendentals(rows as u64)
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		inputs[0].bytes().saturating_mul(2)
	}

	fn subnormals(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		// Squares that wait for each other, then what goes in vectors of 128 bits.
		let (dtype, len) = (inputs[0].dtype(), inputs[0].len() as u64);
		one_by_one(dtype, len).saturating_add(of_vectors(dtype, len.saturating_mul(4)))
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let dtype = crate::tensor::dtype(&inputs[0])?;
		crate::with_float!(dtype, T => self.run::<T>(&inputs[0], &inputs[1]))
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		tensor::slice,
		testing::{f32s, float, int, OpTest},
	};

	#[test]
	fn rows_are_divided_by_their_root_mean_square() {
		let (_, y) = OpTest::new("RMSNormalization")
			.attr(float("epsilon", 0.0))
			.input(f32s(&[2, 2], &[1.0, 7.0, -10.0, 70.0]))
			.input(f32s(&[2], &[1.0, 10.0]))
			.elements::<f32>();
		assert_eq!(y, [0.2, 14.0, -0.2, 14.0]);
		let (_, y) = OpTest::new("RMSNormalization")
			.attr(float("epsilon", 0.75))
			.attr(int("axis", 0))
			.input(f32s(&[2, 2], &[1.0, 0.0, 0.0, 0.0]))
			.input(f32s(&[], &[2.0]))
			.elements::<f32>();
		assert_eq!(y, [2.0, 0.0, 0.0, 0.0]);
	}

	#[test]
	fn the_second_output_is_the_inverse_root() {
		let outputs = OpTest::new("SimplifiedLayerNormalization")
			.attr(float("epsilon", 0.0))
			.input(f32s(&[1, 2], &[1.0, 7.0]))
			.input(f32s(&[2], &[1.0, 1.0]))
			.outputs(2)
			.ok();
		assert_eq!(slice::<f32>(&outputs[1]).unwrap(), [0.2]);
	}

	#[test]
	fn a_scale_that_does_not_fit_is_refused() {
		let error = OpTest::new("RMSNormalization")
			.input(f32s(&[2], &[0.0; 2]))
			.input(f32s(&[3], &[0.0; 3]))
			.refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
	}
}

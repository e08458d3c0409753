//! LayerNormalization: `(x - mean) / deviation * Scale + B` over the axes from `axis` on.
//!
//! Mean and deviation are those of [`Moments`], in the input's own type. The optional outputs are
//! the mean and `1 / deviation`.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{
	normalization::{first_axis, shape_of_runs, Moments},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	broadcast::zip,
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{of_vectors, one_by_one, Cost, Kernel},
	math::Float,
	tensor::{slice, slice_mut},
	DType,
};

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = &["axis", "epsilon", "stash_type"];

#[derive(Debug)]
struct LayerNormalization {
	axis: usize,
	epsilon: f32,
	has_bias: bool,
	/// Whether mean and inverse deviation are wanted too.
	stash: bool,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (x, scale) = (inputs.required(0)?, inputs.required(1)?);
	let parameters = [("Scale", Some(scale)), ("B", inputs.optional(2))];
	let axis = first_axis(node, x, &parameters)?;
	let stash = node.wants(1) || node.wants(2);
	if stash && x.dtype() != DType::F32 {
		return Err(OpError::unsupported(
			"the outputs Mean and InvStdDev need an input of f32",
		));
	}
	let has_bias = inputs.optional(2).is_some();
	let epsilon = node.attrs.float_or("epsilon", 1e-5)?;
	let consumed = if has_bias { vec![0, 1, 2] } else { vec![0, 1] };
	Ok(Lowered::step_of(
		LayerNormalization {
			axis,
			epsilon,
			has_bias,
			stash,
		},
		consumed,
	))
}

impl LayerNormalization {
	fn run<T: Float + Datum>(&self, inputs: &[TValue]) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		let len: usize = x.shape()[self.axis..].iter().product();
		let epsilon = T::from_f64(f64::from(self.epsilon));
		let mut y = Tensor::zero_dt(T::datum_type(), x.shape())?;
		let stash_shape = shape_of_runs(x.shape(), self.axis);
		let mut mean = Tensor::zero_dt(T::datum_type(), &stash_shape)?;
		let mut inverse = Tensor::zero_dt(T::datum_type(), &stash_shape)?;
		if len > 0 {
			let rows = slice::<T>(x)?.chunks_exact(len);
			let outputs = slice_mut::<T>(&mut y)?.chunks_exact_mut(len);
			let stashed = slice_mut::<T>(&mut mean)?
				.iter_mut()
				.zip(slice_mut::<T>(&mut inverse)?);
			for ((x, y), (mean, inverse)) in rows.zip(outputs).zip(stashed) {
				let moments = Moments::new(x, epsilon);
				for (y, x) in y.iter_mut().zip(x) {
					*y = moments.normalise(*x);
				}
				(*mean, *inverse) = (moments.mean, T::ONE / moments.deviation);
			}
		}
		let mut y = zip(&y, &inputs[1], x.shape(), |y: T, scale: T| y * scale)?;
		if self.has_bias {
			y = zip(&y, &inputs[2], x.shape(), |y: T, bias: T| y + bias)?;
		}
		Ok(if self.stash {
			vec![y, mean, inverse]
		} else {
			vec![y]
		})
	}
}

impl Kernel for LayerNormalization {
	fn name(&self) -> &'static str {
		"LayerNormalization"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let x = inputs
			.first()
			.ok_or_else(|| super::internal_arity(inputs))?;
		let mut facts = vec![x.without_value()];
		if self.stash {
			let stashed = Fact::new(x.dtype(), shape_of_runs(x.shape(), self.axis))?;
			facts.extend([stashed.clone(), stashed]);
		}
		Ok(facts)
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let len = inputs[0].len() as u64;
		let rows: usize = inputs[0].shape()[..self.axis].iter().product();
		// Two chains of additions, then three passes.
		Cost::touching(inputs, outputs)
			.with_scalars(len * 4 + rows as u64 * 16)
			.with_transcendentals(rows as u64)
	}

	fn scratch_bytes(&self, inputs: &[Fact], _outputs: &[Fact]) -> u64 {
		inputs[0].bytes().saturating_mul(4)
	}

	fn subnormals(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		// Squares that wait for each other, then what goes in vectors of 128 bits.
		let (dtype, len) = (inputs[0].dtype(), inputs[0].len() as u64);
		one_by_one(dtype, len).saturating_add(of_vectors(dtype, len.saturating_mul(4)))
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let dtype = crate::tensor::dtype(&inputs[0])?;
		crate::with_float!(dtype, T => self.run::<T>(&inputs))
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, float, int, OpTest},
	};

	#[test]
	fn rows_are_normalised_scaled_and_shifted() {
		let outputs = OpTest::new("LayerNormalization")
			.attr(float("epsilon", 0.0))
			.input(f32s(&[2, 2], &[1.0, 3.0, 10.0, 30.0]))
			.input(f32s(&[2], &[2.0, 4.0]))
			.input(f32s(&[2], &[0.5, 0.0]))
			.outputs(3)
			.ok();
		let data = |i: usize| crate::tensor::slice::<f32>(&outputs[i]).unwrap().to_vec();
		assert_eq!(data(0), [-1.5, 4.0, -1.5, 4.0]);
		assert_eq!(data(1), [2.0, 20.0]);
		assert_eq!(data(2), [1.0, 0.1]);
		assert_eq!(outputs[1].shape(), [2, 1]);
	}

	#[test]
	fn several_axes_without_bias() {
		let (_, y) = OpTest::new("LayerNormalization")
			.attr(float("epsilon", 0.0))
			.attr(int("axis", 1))
			.input(f32s(&[1, 2, 2], &[1.0, 1.0, 3.0, 3.0]))
			.input(f32s(&[2, 2], &[1.0, 2.0, 3.0, 4.0]))
			.elements::<f32>();
		assert_eq!(y, [-1.0, -2.0, 3.0, 4.0]);
	}

	#[test]
	fn misfits_are_refused() {
		let x = || OpTest::new("LayerNormalization").input(f32s(&[2, 2], &[0.0; 4]));
		let error = x().input(f32s(&[3], &[0.0; 3])).refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
		let error = x()
			.attr(int("axis", 2))
			.input(f32s(&[2], &[0.0; 2]))
			.refused();
		assert!(matches!(error, OpError::BadAttribute { .. }));
	}
}

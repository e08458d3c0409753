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
	simd::vectorized,
	tensor::{slice, slice_mut},
	DType,
};

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = &["axis", "epsilon", "stash_type"];

/// Runs whose sums are taken side by side.
const SIDE: usize = 8;

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
		// Parameters of one element for each of a run go into the pass that normalises.
		let whole = |parameter: &TValue| {
			let rest = parameter.shape().strip_suffix(&x.shape()[self.axis..]);
			rest.is_some_and(|ones| ones.iter().all(|dim| *dim == 1))
		};
		let bias = self.has_bias.then(|| &inputs[2]);
		let in_one = whole(&inputs[1]) && bias.is_none_or(whole);
		let parameters = if in_one {
			let bias = bias.map(|bias| slice::<T>(bias)).transpose()?;
			Some((slice::<T>(&inputs[1])?, bias))
		} else {
			None
		};
		if len > 0 {
			let (x, y) = (slice::<T>(x)?, slice_mut::<T>(&mut y)?);
			let (mean, inverse) = (slice_mut::<T>(&mut mean)?, slice_mut::<T>(&mut inverse)?);
			vectorized(
				#[inline(always)]
				|| normalise(x, y, len, epsilon, parameters, mean, inverse),
			);
		}
		if !in_one {
			y = zip(&y, &inputs[1], x.shape(), |y: T, scale: T| y * scale)?;
			if let Some(bias) = bias {
				y = zip(&y, bias, x.shape(), |y: T, bias: T| y + bias)?;
			}
		}
		Ok(if self.stash {
			vec![y, mean, inverse]
		} else {
			vec![y]
		})
	}
}

/// Normalises the runs of `len` elements, and scales and shifts them by `parameters`, if there are any.
#[inline(always)]
fn normalise<T: Float>(
	x: &[T],
	y: &mut [T],
	len: usize,
	epsilon: T,
	parameters: Option<(&[T], Option<&[T]>)>,
	mean: &mut [T],
	inverse: &mut [T],
) {
	let groups = x.chunks(SIDE * len).zip(y.chunks_mut(SIDE * len));
	let stashed = mean.chunks_mut(SIDE).zip(inverse.chunks_mut(SIDE));
	for ((x, y), (mean, inverse)) in groups.zip(stashed) {
		let runs = x.chunks_exact(len);
		let mut all = [Moments {
			mean: T::ZERO,
			deviation: T::ONE,
		}; SIDE];
		if x.len() == SIDE * len {
			all = Moments::side_by_side(x, len, epsilon);
		} else {
			for (moments, x) in all.iter_mut().zip(runs.clone()) {
				*moments = Moments::new(x, epsilon);
			}
		}
		for ((moments, x), y) in all.iter().zip(runs).zip(y.chunks_exact_mut(len)) {
			let pairs = y.iter_mut().zip(x);
			match parameters {
				None => {
					for (y, x) in pairs {
						*y = moments.normalise(*x);
					}
				}
				Some((scale, None)) => {
					for ((y, x), scale) in pairs.zip(scale) {
						*y = moments.normalise(*x) * *scale;
					}
				}
				Some((scale, Some(bias))) => {
					for (((y, x), scale), bias) in pairs.zip(scale).zip(bias) {
						*y = moments.normalise(*x) * *scale + *bias;
					}
				}
			}
		}
		for ((mean, inverse), moments) in mean.iter_mut().zip(inverse).zip(all) {
			(*mean, *inverse) = (moments.mean, T::ONE / moments.deviation);
		}
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
	fn runs_side_by_side_have_the_bits_of_runs_alone() {
		const LEN: usize = 5;
		let x: Vec<f32> = (0..19 * LEN).map(|i| (i * 31 % 97) as f32 / 3.0).collect();
		let (scale, bias) = ([0.3, -1.7, 2.0, 0.9, 1.1], [0.1, 0.2, -0.3, 0.4, 7.0]);
		let normalised = |x: &[f32], leading: usize| {
			// A scale for each row is not of one row's shape, but has the same values here.
			let of_rows = [x.len() / LEN, LEN];
			let count = if leading == 1 { 1 } else { of_rows[0] };
			OpTest::new("LayerNormalization")
				.input(f32s(&of_rows, x))
				.input(f32s(&[count, LEN], &scale.repeat(count)))
				.input(f32s(&[LEN], &bias))
				.elements::<f32>()
				.1
		};
		let alone: Vec<f32> = x.chunks(LEN).flat_map(|x| normalised(x, 1)).collect();
		assert_eq!(normalised(&x, 1), alone);
		assert_eq!(normalised(&x, 19), alone);
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

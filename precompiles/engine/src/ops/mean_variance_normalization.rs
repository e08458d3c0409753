//! MeanVarianceNormalization: `(x - mean) / (sqrt(v) + 1e-9)` over some axes.
//!
//! Sums run in row-major order from +0, in the input's own type: the mean is the sum divided by how
//! many there are, v the sum of `(x - mean) * (x - mean)`, divided likewise.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	broadcast::{broadcast_strides, for_each_row},
	error::{EvalError, OpError},
	fact::{resolve_axes, Fact},
	kernel::{of_vectors, one_by_one, Cost, Kernel},
	math::Float,
	tensor::{build as build_tensor, dtype, slice},
	DType,
};

#[derive(Debug)]
struct MeanVarianceNormalization {
	/// Shape of the means: 1 on the axes that are averaged over.
	means: Vec<usize>,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let axes = node.attrs.ints("axes")?.unwrap_or(&[0, 2, 3]);
	let mut means = x.shape().to_vec();
	for axis in resolve_axes("axes", axes, x.rank())? {
		means[axis] = 1;
	}
	Ok(Lowered::step(MeanVarianceNormalization { means }, inputs))
}

impl MeanVarianceNormalization {
	fn run<T: Float + Datum>(&self, x: &Tensor) -> Result<Tensor, EvalError> {
		let shape = x.shape();
		let source = slice::<T>(x)?;
		let groups: usize = self.means.iter().product();
		let strides = broadcast_strides(&self.means, shape);
		let step = strides.last().copied().unwrap_or(0);
		let inner = shape.last().copied().unwrap_or(1);
		let each = |visit: &mut dyn FnMut(usize, usize)| {
			for_each_row(shape, [&strides], |at, [group]| {
				for i in 0..inner {
					visit(at + i, group + i * step);
				}
			});
		};
		build_tensor::<T>(shape, |y| {
			if y.is_empty() {
				return;
			}
			let count = T::from_f64((source.len() / groups) as f64);
			let mut means = vec![T::ZERO; groups];
			each(&mut |at, group| means[group] = means[group] + source[at]);
			for mean in &mut means {
				*mean = *mean / count;
			}
			let mut deviations = vec![T::ZERO; groups];
			each(&mut |at, group| {
				let d = source[at] - means[group];
				deviations[group] = deviations[group] + d * d;
			});
			let epsilon = T::from_f64(1e-9);
			for deviation in &mut deviations {
				*deviation = (*deviation / count).sqrt() + epsilon;
			}
			each(&mut |at, group| y[at] = (source[at] - means[group]) / deviations[group]);
		})
	}
}

impl Kernel for MeanVarianceNormalization {
	fn name(&self) -> &'static str {
		"MeanVarianceNormalization"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		x.expect("X", &DType::FLOATS)?;
		Ok(vec![x.without_value()])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let groups: usize = self.means.iter().product();
		Cost::touching(inputs, outputs)
			.with_scalars((inputs[0].len() as u64).saturating_mul(9))
			.with_transcendentals(groups as u64)
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		let groups: usize = self.means.iter().product();
		(2 * groups * inputs[0].dtype().size()) as u64
	}

	fn subnormals(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		// Squares that wait for each other, then what goes in vectors of 128 bits.
		let (dtype, len) = (inputs[0].dtype(), inputs[0].len() as u64);
		one_by_one(dtype, len).saturating_add(of_vectors(dtype, len.saturating_mul(4)))
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
		testing::{f32s, ints, OpTest},
	};

	#[test]
	fn channels_by_default_or_other_axes() {
		let test = || {
			OpTest::new("MeanVarianceNormalization")
				.input(f32s(&[1, 2, 1, 2], &[1.0, 3.0, 10.0, 30.0]))
		};
		assert_eq!(test().elements::<f32>().1, [-1.0, 1.0, -1.0, 1.0]);
		let (_, y) = test().attr(ints("axes", &[1])).elements::<f32>();
		assert_eq!(y, [-1.0, -1.0, 1.0, 1.0]);
		let error = test().attr(ints("axes", &[4])).refused();
		assert!(matches!(error, OpError::BadAttribute { .. }));
	}
}

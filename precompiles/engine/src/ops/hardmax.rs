//! Hardmax: 1 for the first largest element of each row, +0 elsewhere, by the rules of ArgMax. Rows
//! are those of [`super::softmax`].

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{softmax::Extents, Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	math::Float,
	tensor::{build as fill, dtype, slice},
	DType,
};

#[derive(Debug)]
struct Hardmax(Extents);

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	Ok(Lowered::step(
		Hardmax(Extents::new(node, inputs.required(0)?)?),
		inputs,
	))
}

impl Kernel for Hardmax {
	fn name(&self) -> &'static str {
		"Hardmax"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		x.expect("the input", &DType::FLOATS)?;
		Ok(vec![x.without_value()])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).with_scalars((inputs[0].len() as u64).saturating_mul(4))
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		Ok(vec![crate::with_float!(dtype(x)?, T => self.mark::<T>(x))?])
	}
}

impl Hardmax {
	fn mark<T: Float + Datum>(&self, x: &Tensor) -> Result<Tensor, EvalError> {
		let Extents { len, inner } = self.0;
		let source = slice::<T>(x)?;
		fill::<T>(x.shape(), |target| {
			if target.is_empty() {
				return;
			}
			let blocks = source.chunks_exact(len * inner);
			for (x, y) in blocks.zip(target.chunks_exact_mut(len * inner)) {
				for column in 0..inner {
					let mut best = column;
					for at in (column..x.len()).step_by(inner) {
						let nan = x[at].is_nan() && !x[best].is_nan();
						if x[at] > x[best] || nan {
							best = at;
						}
					}
					y[best] = T::ONE;
				}
			}
		})
	}
}

#[cfg(test)]
mod tests {
	use crate::testing::{f32s, int, OpTest};

	#[test]
	fn the_first_largest_is_marked() {
		let x = f32s(&[2, 3], &[1.0, 3.0, 3.0, f32::NAN, 7.0, f32::INFINITY]);
		let (_, y) = OpTest::new("Hardmax").input(x.clone()).elements::<f32>();
		assert_eq!(y, [0.0, 1.0, 0.0, 1.0, 0.0, 0.0]);
		let (_, y) = OpTest::new("Hardmax")
			.attr(int("axis", 0))
			.input(x)
			.elements::<f32>();
		assert_eq!(y, [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
	}
}

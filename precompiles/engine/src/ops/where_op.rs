//! Where: the element of the second input where the first is true, else that of the third.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	copy::{build as fill, elements, with_size},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	broadcast::{broadcast_shapes, broadcast_strides, for_each_row},
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	tensor::{dtype, slice},
	DType,
};

#[derive(Debug)]
struct Where {
	/// Shape of the output.
	shape: Vec<usize>,
}

pub(super) fn build(_: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let shape = broadcast_shapes(inputs.all()?.into_iter().map(Fact::shape))?;
	Ok(Lowered::step(Where { shape }, inputs))
}

impl Kernel for Where {
	fn name(&self) -> &'static str {
		"Where"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [condition, x, y] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		condition.expect("condition", &[DType::Bool])?;
		y.expect_same_dtype("Y", x)?;
		Ok(vec![Fact::new(x.dtype(), self.shape.clone())?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).with_scalars(outputs[0].len() as u64 * 3)
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let (condition, x, y) = (&inputs[0], &inputs[1], &inputs[2]);
		let strides = [condition, x, y].map(|t| broadcast_strides(t.shape(), &self.shape));
		let condition = slice::<bool>(condition)?;
		let inner = self.shape.last().copied().unwrap_or(1);
		let [dc, dx, dy] = [0, 1, 2].map(|i| strides[i].last().copied().unwrap_or(0));
		let dtype = dtype(x)?;
		let output = with_size!(dtype, N => fill::<N>(dtype, &self.shape, |output| {
			let (x, y) = (elements::<N>(x), elements::<N>(y));
			for_each_row(&self.shape, [&strides[0], &strides[1], &strides[2]], |at, [c, i, j]| {
				for (k, z) in output[at..at + inner].iter_mut().enumerate() {
					*z = if condition[c + k * dc] { x[i + k * dx] } else { y[j + k * dy] };
				}
			});
		}))?;
		Ok(vec![output])
	}
}

#[cfg(test)]
mod tests {
	use crate::testing::{f32s, tensor, OpTest};

	#[test]
	fn all_three_broadcast() {
		let (shape, y) = OpTest::new("Where")
			.input(tensor(&[2, 1], &[true, false]))
			.input(f32s(&[3], &[1.0, 2.0, 3.0]))
			.input(f32s(&[], &[f32::INFINITY]))
			.elements::<f32>();
		assert_eq!(shape, [2, 3]);
		assert_eq!(
			y,
			[1.0, 2.0, 3.0, f32::INFINITY, f32::INFINITY, f32::INFINITY]
		);
	}

	#[test]
	fn bits_pass_unchanged() {
		let (_, y) = OpTest::new("Where")
			.input(tensor(&[2], &[true, false]))
			.input(f32s(&[2], &[-0.0, 0.0]))
			.input(f32s(&[2], &[1.0, -0.0]))
			.elements::<f32>();
		assert_eq!(
			y.iter().map(|y| y.to_bits()).collect::<Vec<_>>(),
			[1 << 31, 1 << 31]
		);
	}
}

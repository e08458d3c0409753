//! Add: the sum of two tensors that broadcast. Integers wrap around.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	broadcast::{broadcast_shape, zip},
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	simd::vectorized,
	DType,
};

#[derive(Debug)]
struct Add {
	/// Shape of the output.
	shape: Vec<usize>,
}

pub(super) fn build(_: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let shape = broadcast_shape(inputs.required(0)?.shape(), inputs.required(1)?.shape())?;
	Ok(Lowered::step(Add { shape }, inputs))
}

impl Kernel for Add {
	fn name(&self) -> &'static str {
		"Add"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [a, b] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		a.expect("A", &DType::NUMBERS)?;
		b.expect_same_dtype("B", a)?;
		Ok(vec![Fact::new(a.dtype(), self.shape.clone())?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).with_macs(outputs[0].len() as u64)
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let (a, b, shape) = (&inputs[0], &inputs[1], &self.shape[..]);
		let sum = match crate::tensor::dtype(a)? {
			DType::F32 => vectorized(|| zip(a, b, shape, |a: f32, b: f32| a + b)),
			DType::F64 => vectorized(|| zip(a, b, shape, |a: f64, b: f64| a + b)),
			dtype => {
				crate::with_integer!(dtype, T => zip(a, b, shape, |a: T, b: T| a.wrapping_add(b)))
			}
		}?;
		Ok(vec![sum])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, tensor, OpTest},
	};

	#[test]
	fn a_row_is_added_to_each_row() {
		let (shape, sum) = OpTest::new("Add")
			.input(f32s(&[2, 2], &[1.0, 2.0, 3.0, 4.0]))
			.input(f32s(&[2], &[10.0, 20.0]))
			.elements::<f32>();
		assert_eq!((shape, sum), (vec![2, 2], vec![11.0, 22.0, 13.0, 24.0]));
	}

	#[test]
	fn integers_wrap_around() {
		let (_, sum) = OpTest::new("Add")
			.input(tensor(&[1], &[i32::MAX]))
			.input(tensor(&[], &[1i32]))
			.elements::<i32>();
		assert_eq!(sum, [i32::MIN]);
	}

	#[test]
	fn what_does_not_fit_is_refused() {
		let test = || OpTest::new("Add").input(f32s(&[2], &[1.0, 2.0]));
		let error = test().input(f32s(&[3], &[1.0, 2.0, 3.0])).refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
		let error = test().input(tensor(&[2], &[1i32, 2])).refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
		assert!(matches!(test().refused(), OpError::WrongArity { .. }));
	}
}

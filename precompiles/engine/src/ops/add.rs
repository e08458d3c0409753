//! Add: the sum of two tensors that broadcast. Integers wrap around.

use super::{
	binary::{arithmetic, lower, BinaryOp},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, DType};

#[derive(Debug)]
struct Add;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(Add, node, inputs)
}

impl BinaryOp for Add {
	const NAME: &'static str = "Add";
	const DTYPES: &'static [DType] = &DType::NUMBERS;
	const IS_SUM: bool = true;

	arithmetic!(|a, b| a + b, |a, b| a.wrapping_add(b));
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

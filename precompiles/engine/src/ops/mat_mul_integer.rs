//! MatMulInteger: the product of matrices of 8-bit integers, less their zero points, in i32.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{consumed::Consumed, integer_product::IntegerProduct, Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
};

#[derive(Debug)]
struct MatMulInteger {
	product: IntegerProduct,
	consumed: Consumed,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let product = IntegerProduct::new(
		node.opset,
		inputs.required(0)?,
		inputs.required(1)?,
		[inputs.optional(2), inputs.optional(3)],
	)?;
	let absorbed: &[usize] = if product.absorbs_b() { &[1, 3] } else { &[] };
	let consumed = Consumed::all_but(inputs, absorbed);
	let indices = consumed.indices();
	Ok(Lowered::step_of(
		MatMulInteger { product, consumed },
		indices,
	))
}

impl Kernel for MatMulInteger {
	fn name(&self) -> &'static str {
		"MatMulInteger"
	}

	fn infer(&self, _: &[Fact]) -> Result<Vec<Fact>, OpError> {
		Ok(vec![self.product.output().without_value()])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).plus(self.product.cost())
	}

	fn scratch_bytes(&self, _: &[Fact], _: &[Fact]) -> u64 {
		self.product.scratch_bytes()
	}

	fn constant_bytes(&self) -> u64 {
		self.product.constant_bytes()
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let given = |index| self.consumed.get(&inputs, index).map(|value| &**value);
		let a = self.consumed.expect(&inputs, 0)?;
		Ok(vec![self.product.eval(
			a,
			given(1),
			[given(2), given(3)],
		)?])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{tensor, OpTest},
	};

	const A: [u8; 12] = [11, 7, 3, 10, 6, 2, 9, 5, 1, 8, 4, 0];
	const B: [u8; 6] = [1, 4, 2, 5, 3, 6];
	const Y: [i32; 8] = [-38, -83, -44, -98, -50, -113, -56, -128];

	#[test]
	fn zero_points_are_taken_off_first() {
		let a = || OpTest::new("MatMulInteger").input(tensor(&[4, 3], &A));
		let b = tensor(&[3, 2], &B);
		let (shape, y) = a()
			.input(b.clone())
			.input(tensor(&[1], &[12u8]))
			.input(tensor(&[1], &[0u8]))
			.elements::<i32>();
		assert_eq!((shape, &y[..]), (vec![4, 2], &Y[..]));
		let (_, y) = a()
			.constant(b)
			.constant(tensor(&[], &[12u8]))
			.constant(tensor(&[2], &[0u8; 2]))
			.elements::<i32>();
		assert_eq!(y, Y);
	}

	#[test]
	fn rows_and_columns_may_have_zero_points_of_their_own() {
		for constant in [false, true] {
			let test = OpTest::new("MatMulInteger").input(tensor(&[2, 2], &[1i8, 2, 3, 4]));
			let b = tensor(&[2, 2], &[-128i8, 0, 127, 1]);
			let test = if constant {
				test.constant(b)
			} else {
				test.input(b)
			};
			let zeros = tensor(&[2], &[127i8, -1]);
			let test = test.input(tensor(&[2], &[1i8, -1]));
			let test = if constant {
				test.constant(zeros)
			} else {
				test.input(zeros)
			};
			let (_, y) = test.elements::<i32>();
			assert_eq!(y, [0, 2, -1020, 14]);
		}
	}

	#[test]
	fn what_does_not_fit_is_refused() {
		let test = |zero| {
			OpTest::new("MatMulInteger")
				.input(tensor(&[2, 2], &[0u8; 4]))
				.input(tensor(&[2, 2], &[0i8; 4]))
				.input(zero)
				.refused()
		};
		for zero in [tensor(&[3], &[0u8; 3]), tensor(&[], &[0i8])] {
			assert!(matches!(test(zero), OpError::ShapeMismatch { .. }));
		}
	}
}

//! ConvInteger: the convolution of 8-bit integers, less their zero points, in i32.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{consumed::Consumed, integer_conv::IntegerConv, Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	DType,
};

#[derive(Debug)]
struct ConvInteger {
	conv: IntegerConv,
	consumed: Consumed,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let conv = IntegerConv::new(
		node,
		inputs.required(0)?,
		inputs.required(1)?,
		[inputs.optional(2), inputs.optional(3)],
	)?;
	let absorbed: &[usize] = if conv.absorbs_w() { &[1, 3] } else { &[] };
	let consumed = Consumed::all_but(inputs, absorbed);
	let indices = consumed.indices();
	Ok(Lowered::step_of(ConvInteger { conv, consumed }, indices))
}

impl Kernel for ConvInteger {
	fn name(&self) -> &'static str {
		"ConvInteger"
	}

	fn infer(&self, _: &[Fact]) -> Result<Vec<Fact>, OpError> {
		Ok(vec![Fact::new(DType::I32, self.conv.shape())?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).plus(self.conv.cost())
	}

	fn scratch_bytes(&self, _: &[Fact], _: &[Fact]) -> u64 {
		self.conv.scratch_bytes()
	}

	fn constant_bytes(&self) -> u64 {
		self.conv.constant_bytes()
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let given = |index| self.consumed.get(&inputs, index).map(|value| &**value);
		let x = self.consumed.expect(&inputs, 0)?;
		Ok(vec![self.conv.eval(x, given(1), [given(2), given(3)])?])
	}
}

#[cfg(test)]
mod tests {
	use crate::testing::{ints, tensor, OpTest};

	#[test]
	fn padding_is_the_zero_point() {
		let x = || {
			OpTest::new("ConvInteger").input(tensor(&[1, 1, 3, 3], &[2u8, 3, 4, 5, 6, 7, 8, 9, 10]))
		};
		let w = || tensor(&[1, 1, 2, 2], &[1u8; 4]);
		let zero = || tensor(&[], &[1u8]);
		let (shape, y) = x().input(w()).input(zero()).elements::<i32>();
		assert_eq!((shape, y), (vec![1, 1, 2, 2], vec![12, 16, 24, 28]));
		let (_, y) = x()
			.attr(ints("pads", &[1, 1, 1, 1]))
			.constant(w())
			.input(zero())
			.elements::<i32>();
		let expected = [1, 3, 5, 3, 5, 12, 16, 9, 11, 24, 28, 15, 7, 15, 17, 9];
		assert_eq!(y, expected);
	}

	#[test]
	fn many_channels_do_not_lose_a_bit() {
		// 600 products of 255 · 255 lie beyond what binary32 holds exactly.
		let x = tensor(&[1, 600, 1], &[255u8; 600]);
		let mut w = vec![255u8; 9 * 600];
		w[599] = 254;
		for constant in [false, true] {
			let w = tensor(&[9, 600, 1], &w);
			let test = OpTest::new("ConvInteger").input(x.clone());
			let test = if constant {
				test.constant(w)
			} else {
				test.input(w)
			};
			let (_, y) = test.elements::<i32>();
			assert_eq!(y[0], 600 * 255 * 255 - 255);
			assert_eq!(y[1..], [600 * 255 * 255; 8]);
		}
	}

	#[test]
	fn channels_have_zero_points_of_their_own() {
		let (_, y) = OpTest::new("ConvInteger")
			.input(tensor(&[1, 1, 2], &[3i8, -4]))
			.input(tensor(&[2, 1, 1], &[5i8, 5]))
			.omitted()
			.input(tensor(&[2], &[0i8, 4]))
			.elements::<i32>();
		assert_eq!(y, [15, -20, 3, -4]);
	}
}

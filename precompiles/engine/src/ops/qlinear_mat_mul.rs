//! QLinearMatMul: the product of quantised matrices, quantised.
//!
//! The sums are MatMulInteger's; what becomes of them is [`Requantize`]'s.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	consumed::Consumed,
	integer_product::IntegerProduct,
	quantized::{parameter_shape, Requantize, BYTES},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	DType,
};

#[derive(Debug)]
struct QLinearMatMul {
	product: IntegerProduct,
	requantize: Requantize,
	consumed: Consumed,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let product = IntegerProduct::new(
		node.opset,
		inputs.required(0)?,
		inputs.required(3)?,
		[inputs.optional(2), inputs.optional(5)],
	)?;
	let zero = inputs.required(7)?;
	zero.expect("y_zero_point", &BYTES)?;
	let output = product.output().shape();
	let shape = |index: usize, name: &str, from_back: usize| {
		let parameter = inputs.required(index)?;
		if index != 7 {
			parameter.expect(name, &[DType::F32])?;
		}
		parameter_shape(name, parameter, from_back, output)
	};
	let requantize = Requantize {
		shapes: [
			shape(1, "a_scale", 2)?,
			shape(4, "b_scale", 1)?,
			shape(6, "y_scale", 2)?,
			shape(7, "y_zero_point", 2)?,
		],
		dtype: zero.dtype(),
	};
	let absorbed: &[usize] = if product.absorbs_b() { &[3, 5] } else { &[] };
	let consumed = Consumed::all_but(inputs, absorbed);
	let indices = consumed.indices();
	Ok(Lowered::step_of(
		QLinearMatMul {
			product,
			requantize,
			consumed,
		},
		indices,
	))
}

impl Kernel for QLinearMatMul {
	fn name(&self) -> &'static str {
		"QLinearMatMul"
	}

	fn infer(&self, _: &[Fact]) -> Result<Vec<Fact>, OpError> {
		Ok(vec![self
			.product
			.output()
			.with_dtype(self.requantize.dtype)?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs)
			.plus(self.product.cost())
			.with_macs((outputs[0].len() as u64).saturating_mul(12))
	}

	fn scratch_bytes(&self, _: &[Fact], outputs: &[Fact]) -> u64 {
		// A zero point for each row takes no more than the sums.
		self.product
			.scratch_bytes()
			.saturating_add((outputs[0].len() as u64).saturating_mul(8))
	}

	fn constant_bytes(&self) -> u64 {
		self.product.constant_bytes()
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let get = |index| self.consumed.expect(&inputs, index);
		let given = |index| self.consumed.get(&inputs, index).map(|value| &**value);
		let sums = self.product.eval(get(0)?, given(3), [given(2), given(5)])?;
		let scales = [get(1)?, get(4)?, get(6)?];
		Ok(vec![self.requantize.apply(&sums, scales, get(7)?)?])
	}
}

#[cfg(test)]
mod tests {
	use crate::testing::{f32s, tensor, OpTest};

	#[test]
	fn the_example_of_the_specification() {
		for constant in [false, true] {
			let a = [208u8, 236, 0, 238, 3, 214, 255, 29];
			let b = [152u8, 51, 244, 60, 26, 255, 0, 127, 246, 127, 254, 247];
			let test = OpTest::new("QLinearMatMul")
				.input(tensor(&[2, 4], &a))
				.input(f32s(&[1], &[0.0066]))
				.input(tensor(&[1], &[113u8]));
			let b = tensor(&[4, 3], &b);
			let zero = tensor(&[1], &[114u8]);
			let test = if constant {
				test.constant(b)
					.input(f32s(&[1], &[0.00705]))
					.constant(zero)
			} else {
				test.input(b).input(f32s(&[1], &[0.00705])).input(zero)
			};
			let (_, y) = test
				.input(f32s(&[1], &[0.0107]))
				.input(tensor(&[1], &[118u8]))
				.elements::<u8>();
			assert_eq!(y, [168, 115, 255, 1, 66, 151]);
		}
	}

	#[test]
	fn scales_of_columns_and_of_rows() {
		let (_, y) = OpTest::new("QLinearMatMul")
			.input(tensor(&[2, 1], &[10i8, 20]))
			.input(f32s(&[2], &[1.0, 0.5]))
			.input(tensor(&[], &[0i8]))
			.input(tensor(&[1, 2], &[1i8, 2]))
			.input(f32s(&[2], &[1.0, 2.0]))
			.input(tensor(&[], &[0i8]))
			.input(f32s(&[], &[1.0]))
			.input(tensor(&[], &[1i8]))
			.elements::<i8>();
		assert_eq!(y, [11, 41, 11, 41]);
	}
}

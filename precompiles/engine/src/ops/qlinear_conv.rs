//! QLinearConv: the convolution of quantised images, quantised.
//!
//! The sums are ConvInteger's, to which the bias of i32 is added, wrapping around; what becomes of
//! them is [`Requantize`]'s.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	consumed::Consumed,
	integer_conv::IntegerConv,
	quantized::{parameter_shape, Requantize, BYTES},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	tensor::{slice, slice_mut},
	DType,
};

#[derive(Debug)]
struct QLinearConv {
	conv: IntegerConv,
	requantize: Requantize,
	consumed: Consumed,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let conv = IntegerConv::new(
		node,
		inputs.required(0)?,
		inputs.required(3)?,
		[inputs.optional(2), inputs.optional(5)],
	)?;
	let zero = inputs.required(7)?;
	zero.expect("y_zero_point", &BYTES)?;
	let channels = conv.shape()[1];
	if let Some(bias) = inputs.optional(8) {
		bias.expect("B", &[DType::I32])?;
		if bias.shape() != [channels] {
			return Err(OpError::mismatch(format!(
				"B has shape {:?}, but must have [{channels}]",
				bias.shape()
			)));
		}
	}
	let shape = |index: usize, name: &str| {
		let parameter = inputs.required(index)?;
		if index != 7 {
			parameter.expect(name, &[DType::F32])?;
		}
		if index != 4 && parameter.len() != 1 {
			return Err(OpError::mismatch(format!("{name} must be a scalar")));
		}
		parameter_shape(name, parameter, conv.shape().len() - 1, conv.shape())
	};
	let requantize = Requantize {
		shapes: [
			shape(1, "x_scale")?,
			shape(4, "w_scale")?,
			shape(6, "y_scale")?,
			shape(7, "y_zero_point")?,
		],
		dtype: zero.dtype(),
	};
	let absorbed: &[usize] = if conv.absorbs_w() { &[3, 5] } else { &[] };
	let consumed = Consumed::all_but(inputs, absorbed);
	let indices = consumed.indices();
	Ok(Lowered::step_of(
		QLinearConv {
			conv,
			requantize,
			consumed,
		},
		indices,
	))
}

impl Kernel for QLinearConv {
	fn name(&self) -> &'static str {
		"QLinearConv"
	}

	fn infer(&self, _: &[Fact]) -> Result<Vec<Fact>, OpError> {
		Ok(vec![Fact::new(self.requantize.dtype, self.conv.shape())?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs)
			.plus(self.conv.cost())
			.with_macs((outputs[0].len() as u64).saturating_mul(13))
	}

	fn scratch_bytes(&self, _: &[Fact], _: &[Fact]) -> u64 {
		self.conv.scratch_bytes().saturating_add(64)
	}

	fn constant_bytes(&self) -> u64 {
		self.conv.constant_bytes()
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let get = |index| self.consumed.expect(&inputs, index);
		let given = |index| self.consumed.get(&inputs, index).map(|value| &**value);
		let mut sums = self.conv.eval(get(0)?, given(3), [given(2), given(5)])?;
		if let Some(bias) = given(8) {
			let bias = slice::<i32>(bias)?;
			let plane: usize = sums.shape()[2..].iter().product();
			if plane > 0 {
				let planes = slice_mut::<i32>(&mut sums)?.chunks_exact_mut(plane);
				for (plane, bias) in planes.zip(bias.iter().cycle()) {
					for sum in plane {
						*sum = sum.wrapping_add(*bias);
					}
				}
			}
		}
		let scales = [get(1)?, get(4)?, get(6)?];
		Ok(vec![self.requantize.apply(&sums, scales, get(7)?)?])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, tensor, OpTest},
	};

	#[test]
	fn bias_channel_scales_and_output_zero_point() {
		for constant in [false, true] {
			let w = tensor(&[2, 1, 1], &[2i8, -2]);
			let test = OpTest::new("QLinearConv")
				.input(tensor(&[1, 1, 2], &[10u8, 20]))
				.input(f32s(&[], &[0.5]))
				.input(tensor(&[], &[10u8]));
			let test = if constant {
				test.constant(w)
			} else {
				test.input(w)
			};
			let (shape, y) = test
				.input(f32s(&[2], &[1.0, 2.0]))
				.constant(tensor(&[2], &[0i8, 0]))
				.input(f32s(&[], &[1.0]))
				.input(tensor(&[], &[100u8]))
				.input(tensor(&[2], &[3i32, 0]))
				.elements::<u8>();
			// (0, 20) + 3, halved: 1.5 and 11.5 go to the even neighbour; then (0, -20) times 1.
			assert_eq!((shape, y), (vec![1, 2, 2], vec![102, 112, 100, 80]));
		}
	}

	#[test]
	fn misfits_are_refused() {
		let error = OpTest::new("QLinearConv")
			.input(tensor(&[1, 1, 2], &[0u8; 2]))
			.input(f32s(&[2], &[0.5; 2]))
			.input(tensor(&[], &[10u8]))
			.input(tensor(&[1, 1, 1], &[0u8]))
			.input(f32s(&[], &[1.0]))
			.input(tensor(&[], &[0u8]))
			.input(f32s(&[], &[1.0]))
			.input(tensor(&[], &[0u8]))
			.refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
	}
}

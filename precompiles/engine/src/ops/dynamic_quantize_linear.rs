//! DynamicQuantizeLinear: to u8 with the scale that the data asks for.
//!
//! In binary32: with M the larger of 0 and the largest element, m the smaller of 0 and the smallest,
//! `scale = (M - m) / 255` (1/255 where M = m), `zero point = saturate(round(0 - m / scale))`, and
//! `y = saturate(round(x / scale) + zero point)`.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	quantized::{range, saturated},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{one_by_one, Cost, Kernel},
	select::Select,
	tensor::{from_slice, map, slice},
	DType,
};

#[derive(Debug)]
struct DynamicQuantizeLinear;

pub(super) fn build(_: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	Ok(Lowered::step(DynamicQuantizeLinear, inputs))
}

impl Kernel for DynamicQuantizeLinear {
	fn name(&self) -> &'static str {
		"DynamicQuantizeLinear"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		x.expect("x", &[DType::F32])?;
		Ok(vec![
			x.with_dtype(DType::U8)?,
			Fact::new(DType::F32, [])?,
			Fact::new(DType::U8, [])?,
		])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).with_scalars((outputs[0].len() as u64).saturating_mul(12))
	}

	fn subnormals(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		// The quotients.
		one_by_one(inputs[0].dtype(), inputs[0].len() as u64)
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = slice::<f32>(&inputs[0])?;
		let largest = x.iter().fold(0f32, |m, x| m.larger(*x));
		let smallest = x.iter().fold(0f32, |m, x| m.smaller(*x));
		let span = largest - smallest;
		let scale = if span == 0.0 { 1.0 } else { span } / 255.0;
		let range = range(DType::U8);
		let zero = saturated(f64::from(0.0 - smallest / scale), 0, range);
		let y = map(&inputs[0], |x: f32| {
			saturated(f64::from(x / scale), zero, range) as u8
		})?;
		Ok(vec![
			y,
			from_slice(&[], &[scale])?,
			from_slice(&[], &[zero as u8])?,
		])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		tensor::slice,
		testing::{f32s, OpTest},
	};

	fn quantized(x: &[f32]) -> (Vec<u8>, f32, u8) {
		let outputs = OpTest::new("DynamicQuantizeLinear")
			.input(f32s(&[x.len()], x))
			.outputs(3)
			.ok();
		(
			slice::<u8>(&outputs[0]).unwrap().to_vec(),
			slice::<f32>(&outputs[1]).unwrap()[0],
			slice::<u8>(&outputs[2]).unwrap()[0],
		)
	}

	#[test]
	fn the_range_always_holds_zero() {
		let (y, scale, zero) = quantized(&[0.0, 2.0, -3.0, -2.5, 1.34, 0.5]);
		assert_eq!(y, [153, 255, 0, 26, 221, 179]);
		assert_eq!((scale, zero), (5.0 / 255.0, 153));
		assert_eq!(quantized(&[51.0, 255.0]), (vec![51, 255], 1.0, 0));
		assert_eq!(quantized(&[-255.0]), (vec![0], 1.0, 255));
	}

	#[test]
	fn odd_values_have_a_result() {
		assert_eq!(quantized(&[0.0]), (vec![0], 1.0 / 255.0, 0));
		assert_eq!(quantized(&[]), (vec![], 1.0 / 255.0, 0));
		assert_eq!(quantized(&[f32::NAN, 1.0]).0, [0, 0]);
		assert_eq!(quantized(&[f32::INFINITY, 1.0]).0, [0, 0]);
		assert_eq!(quantized(&[f32::MAX, f32::MIN]).0, [0, 0]);
	}
}

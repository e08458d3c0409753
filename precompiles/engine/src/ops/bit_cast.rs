//! BitCast: the bits of the elements, taken for another type of the same size.
//!
//! NaNs are canonical on both sides. A byte that is neither 0 nor 1 is no bool: a deterministic
//! failure.

use tract_onnx::prelude::{IntoTensor, TValue, TVec, Tensor};

use super::{cast::data_type, Inputs, Lowered, NodeCtx};
use crate::{
	attrs::Attrs,
	error::{DomainError, EvalError, OpError},
	fact::Fact,
	kernel::Kernel,
	tensor::{canonicalise_nans, from_bytes},
	DType,
};

#[derive(Debug)]
struct BitCast {
	to: DType,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let to = node.attrs.int("to")?.ok_or_else(|| Attrs::missing("to"))?;
	if i32::try_from(to).is_ok_and(|number| crate::storage::Storage::from_onnx(number).is_some()) {
		return Err(OpError::unsupported(
			"small types have no bits of their own here",
		));
	}
	let to = data_type("to", to)?;
	if x.storage().is_some() || to.size() != x.dtype().size() {
		return Err(OpError::mismatch(format!(
			"{} and {to} do not have the same size",
			x.dtype()
		)));
	}
	if to == x.dtype() {
		return Ok(Lowered::Alias(0));
	}
	Ok(Lowered::step(BitCast { to }, inputs))
}

impl Kernel for BitCast {
	fn name(&self) -> &'static str {
		"BitCast"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		Ok(vec![x.with_dtype(self.to)?])
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		inputs[0].bytes()
	}

	fn eval(&self, mut inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let mut x = inputs.remove(0).into_tensor();
		canonicalise_nans(&mut x)?;
		let y = from_bytes(self.to, x.shape(), x.as_bytes())?;
		y.map(|y| vec![y]).map_err(|at| {
			EvalError::from(DomainError::InvalidValue {
				op: "BitCast",
				reason: format!("the byte at {at} is no bool"),
			})
		})
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::{DomainError, OpError},
		testing::{f32s, int, tensor, OpTest},
	};

	fn cast(to: i64, x: tract_onnx::prelude::Tensor) -> OpTest {
		OpTest::new("BitCast")
			.opset(26)
			.attr(int("to", to))
			.input(x)
	}

	#[test]
	fn bits_stay_but_for_those_of_nan() {
		let odd = f32::from_bits(0xffc1_2345);
		let (_, y) = cast(6, f32s(&[3], &[1.0, -0.0, odd])).elements::<i32>();
		assert_eq!(y, [0x3f80_0000, i32::MIN, 0x7fc0_0000]);
		let (_, y) = cast(1, tensor(&[1], &[0xffc1_2345u32])).elements::<f32>();
		assert_eq!(y[0].to_bits(), 0x7fc0_0000);
		assert_eq!(
			cast(9, tensor(&[2], &[0u8, 1])).elements::<bool>().1,
			[false, true]
		);
	}

	#[test]
	fn sizes_must_agree_and_bools_be_bools() {
		assert!(matches!(
			cast(7, f32s(&[1], &[1.0])).refused(),
			OpError::ShapeMismatch { .. }
		));
		assert!(matches!(
			cast(9, tensor(&[1], &[2u8])).fails(),
			DomainError::InvalidValue { .. }
		));
	}
}

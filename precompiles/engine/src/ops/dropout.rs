//! Dropout: the input itself, and a mask of `true` where the node asks for one.
//!
//! Inference drops nothing: `ratio` and `seed` are read past. A `training_mode` that is not
//! constantly false is refused, and so is, up to opset 6, an `is_test` of 0, which is the default.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::Kernel,
	tensor::{build as fill, slice},
	DType,
};

#[derive(Debug)]
struct MaskedDropout;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	inputs.required(0)?.expect("data", &DType::FLOATS)?;
	if let Some(training) = inputs.constant(2, "training_mode")? {
		let training = slice::<bool>(training).map_err(|_| OpError::UnsupportedDType {
			reason: format!(
				"training_mode is {:?}, but must be bool",
				training.datum_type()
			),
		})?;
		if training.contains(&true) {
			return Err(OpError::unsupported(
				"training_mode is on: export the model for inference",
			));
		}
	}
	// Any other number than 0 means true.
	if node.opset < 7 && node.attrs.int_or("is_test", 0)? == 0 {
		return Err(OpError::unsupported(
			"is_test is 0, which is training: set it to 1",
		));
	}
	if !node.wants(1) {
		return Ok(Lowered::Alias(0));
	}
	if node.opset < 10 {
		return Err(OpError::unsupported(
			"the mask output is not available before opset 10",
		));
	}
	Ok(Lowered::step_of(MaskedDropout, [0]))
}

impl Kernel for MaskedDropout {
	fn name(&self) -> &'static str {
		"Dropout"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		Ok(vec![x.without_value(), x.with_dtype(DType::Bool)?])
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		let mask = fill::<bool>(x.shape(), |mask| mask.fill(true))?;
		Ok(vec![(**x).clone(), mask])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		tensor::slice,
		testing::{f32s, int, tensor, OpTest},
	};

	#[test]
	fn nothing_is_dropped() {
		let x = || f32s(&[2], &[1.0, -0.0]);
		assert_eq!(
			OpTest::new("Dropout").input(x()).elements::<f32>().1,
			[1.0, -0.0]
		);
		let outputs = OpTest::new("Dropout")
			.input(x())
			.constant(f32s(&[], &[0.5]))
			.constant(tensor(&[], &[false]))
			.outputs(2)
			.ok();
		assert_eq!(slice::<bool>(&outputs[1]).unwrap(), [true, true]);
	}

	#[test]
	fn training_is_refused() {
		let test = |training| {
			OpTest::new("Dropout")
				.input(f32s(&[1], &[1.0]))
				.omitted()
				.constant(training)
		};
		assert!(matches!(
			test(tensor(&[], &[true])).refused(),
			OpError::Unsupported { .. }
		));
	}

	#[test]
	fn old_opsets_say_that_they_test() {
		let test = |opset| {
			OpTest::new("Dropout")
				.opset(opset)
				.input(f32s(&[1], &[2.0]))
		};
		for opset in [1, 6] {
			let tested = test(opset).attr(int("is_test", 1));
			assert_eq!(tested.elements::<f32>().1, [2.0]);
			let error = test(opset).refused();
			assert!(error.to_string().contains("is_test"), "{error}");
			let error = test(opset).attr(int("is_test", 1)).outputs(2).refused();
			assert!(matches!(error, OpError::Unsupported { .. }), "{error}");
		}
		let error = test(7).attr(int("is_test", 1)).refused();
		assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
	}
}

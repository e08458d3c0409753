//! ConstantOfShape: one value, binary32 +0 by default, in a constant shape.

use std::sync::Arc;

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{copy::View, expand::dimensions, shaped::materialise, Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::Kernel,
	tensor::zeros,
	DType,
};

#[derive(Debug)]
struct ConstantOfShape {
	value: Arc<Tensor>,
	fact: Fact,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let shape = inputs.constant_ints(0, "shape")?.unwrap_or_default();
	let value = match node.attrs.tensor("value")? {
		Some(value) => value,
		None => Arc::new(zeros(DType::F32, &[1]).map_err(|error| OpError::BadTensor {
			reason: error.to_string(),
		})?),
	};
	let element = Fact::constant(value.clone())?;
	if element.len() != 1 {
		return Err(OpError::bad_attribute(
			"value",
			format!("has {} elements, but must have one", element.len()),
		));
	}
	let fact = Fact::new(element.dtype(), dimensions("shape", &shape)?)?;
	// A step, not a constant: the importer counts its bytes before it evaluates it.
	Ok(Lowered::step_of(ConstantOfShape { value, fact }, []))
}

impl Kernel for ConstantOfShape {
	fn name(&self) -> &'static str {
		"ConstantOfShape"
	}

	fn infer(&self, _: &[Fact]) -> Result<Vec<Fact>, OpError> {
		Ok(vec![self.fact.clone()])
	}

	fn eval(&self, _: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let shape = self.fact.shape();
		let view = View {
			shape: shape.to_vec(),
			strides: vec![0; shape.len()],
			offset: 0,
		};
		Ok(vec![materialise(&view, &self.value, shape)?])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{i64s, OpTest},
	};

	#[test]
	fn zeros_of_binary32_by_default() {
		let test = OpTest::new("ConstantOfShape").constant(i64s(&[2, 2]));
		assert_eq!(test.elements::<f32>(), (vec![2, 2], vec![0.0; 4]));
		let test = OpTest::new("ConstantOfShape").constant(i64s(&[]));
		assert_eq!(test.elements::<f32>(), (vec![], vec![0.0]));
		let test = OpTest::new("ConstantOfShape").constant(i64s(&[0, 3]));
		assert_eq!(test.elements::<f32>(), (vec![0, 3], vec![]));
	}

	#[test]
	fn absurd_shapes_are_refused_before_anything_is_allocated() {
		let refused = |shape: &[i64]| {
			OpTest::new("ConstantOfShape")
				.constant(i64s(shape))
				.refused()
		};
		assert!(matches!(
			refused(&[1 << 40]),
			OpError::TensorTooLarge { .. }
		));
		assert!(matches!(
			refused(&[1 << 34, 1 << 34]),
			OpError::ShapeOverflow { .. }
		));
		assert!(matches!(refused(&[-1]), OpError::BadAttribute { .. }));
		let test = OpTest::new("ConstantOfShape").input(i64s(&[1]));
		assert!(matches!(test.refused(), OpError::NotConstant { .. }));
	}
}

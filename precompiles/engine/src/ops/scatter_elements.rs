//! ScatterElements: the data with single elements updated, each at the place of its index. See
//! [`Update`] for indices that repeat.

use tract_onnx::prelude::{IntoTensor, TValue, TVec, Tensor};

use super::{
	index::{check_constant, position},
	scatter::{update, Places, Update},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	tensor::indices,
};

#[derive(Debug)]
struct ScatterElements {
	places: Places,
	how: Update,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (data, picked) = (inputs.required(0)?, inputs.required(1)?);
	let axis = data.axis("axis", node.attrs.int_or("axis", 0)?)?;
	check_constant("ScatterElements", picked, data.shape()[axis])?;
	let how = Update::from_name(node.attrs.string_or("reduction", "none")?)?;
	let places = Places::new(data.shape(), picked.shape(), axis)?;
	Ok(Lowered::step(ScatterElements { places, how }, inputs))
}

impl Kernel for ScatterElements {
	fn name(&self) -> &'static str {
		"ScatterElements"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [data, picked, updates] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		updates.expect_same_dtype("updates", data)?;
		if updates.shape() != picked.shape() {
			return Err(OpError::mismatch(format!(
				"updates of shape {:?} for indices of shape {:?}",
				updates.shape(),
				picked.shape()
			)));
		}
		Ok(vec![data.without_value()])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).with_scalars((inputs[1].len() as u64).saturating_mul(12))
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		16 * inputs[1].len() as u64
	}

	fn eval(&self, mut inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let data = inputs.remove(0).into_tensor();
		let picked = indices(&inputs[0])?;
		let mut offsets = Vec::with_capacity(picked.len());
		self.places.visit(&picked, |index, base, len, stride| {
			offsets.push(base + position("ScatterElements", index, len)? * stride);
			Ok(())
		})?;
		Ok(vec![update(data, &offsets, 1, &inputs[1], self.how)?])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, i64s, int, string, tensor, OpTest},
	};

	#[test]
	fn elements_land_at_their_indices() {
		let test = OpTest::new("ScatterElements")
			.attr(int("axis", 1))
			.input(f32s(&[1, 5], &[1.0, 2.0, 3.0, 4.0, 5.0]))
			.input(tensor(&[1, 2], &[1i64, -2]))
			.input(f32s(&[1, 2], &[1.1, 2.1]));
		assert_eq!(test.elements::<f32>().1, [1.0, 1.1, 3.0, 2.1, 5.0]);
	}

	#[test]
	fn repeated_indices_combine_in_order() {
		let scattered = |how: &str| {
			OpTest::new("ScatterElements")
				.attr(string("reduction", how))
				.input(tensor(&[2], &[10i32, 3]))
				.input(i64s(&[0, 0, 1]))
				.input(tensor(&[3], &[2i32, 20, 1]))
				.elements::<i32>()
				.1
		};
		assert_eq!(scattered("none"), [20, 1]);
		assert_eq!(scattered("add"), [32, 4]);
		assert_eq!(scattered("mul"), [400, 3]);
		assert_eq!(scattered("max"), [20, 3]);
		assert_eq!(scattered("min"), [2, 1]);
	}

	#[test]
	fn what_does_not_fit() {
		let test = |indices, updates: &[f32]| {
			OpTest::new("ScatterElements")
				.input(f32s(&[2], &[0.0; 2]))
				.input(indices)
				.input(f32s(&[updates.len()], updates))
		};
		assert!(matches!(
			test(i64s(&[0]), &[1.0, 2.0]).refused(),
			OpError::ShapeMismatch { .. }
		));
		test(i64s(&[2]), &[1.0]).fails();
		test(i64s(&[i64::MIN]), &[1.0]).fails();
	}
}

//! ScatterND: the data with slices updated, each at the coordinates that the last axis of the
//! indices holds. See [`Update`] for coordinates that repeat.

use tract_onnx::prelude::{IntoTensor, TValue, TVec, Tensor};

use super::{
	scatter::{update, Coordinates, Update},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	tensor::indices,
};

#[derive(Debug)]
struct ScatterNd {
	coordinates: Coordinates,
	how: Update,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (data, picked) = (inputs.required(0)?, inputs.required(1)?);
	let coordinates = Coordinates::new("ScatterND", data, picked, 0)?;
	let how = Update::from_name(node.attrs.string_or("reduction", "none")?)?;
	let places = &picked.shape()[..picked.rank() - 1];
	let expected = [places, coordinates.slice()].concat();
	let updates = inputs.required(2)?;
	if updates.shape() != expected {
		return Err(OpError::mismatch(format!(
			"updates of shape {:?}, but these indices need {expected:?}",
			updates.shape()
		)));
	}
	Ok(Lowered::step(ScatterNd { coordinates, how }, inputs))
}

impl Kernel for ScatterNd {
	fn name(&self) -> &'static str {
		"ScatterND"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [data, _, updates] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		updates.expect_same_dtype("updates", data)?;
		Ok(vec![data.without_value()])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let work = (inputs[1].len() as u64)
			.saturating_mul(4)
			.saturating_add(inputs[2].len() as u64);
		Cost::touching(inputs, outputs).with_macs(work)
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		8 * inputs[1].len() as u64 + 8 * self.coordinates.places()
	}

	fn eval(&self, mut inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let data = inputs.remove(0).into_tensor();
		let offsets = self
			.coordinates
			.offsets("ScatterND", &indices(&inputs[0])?)?;
		Ok(vec![update(
			data,
			&offsets,
			self.coordinates.slice_len(),
			&inputs[1],
			self.how,
		)?])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{i64s, string, tensor, OpTest},
	};

	#[test]
	fn elements_and_slices_land_at_their_coordinates() {
		let test = OpTest::new("ScatterND")
			.input(tensor(&[4], &[1i32, 2, 3, 4]))
			.input(tensor(&[2, 1], &[3i64, -3]))
			.input(tensor(&[2], &[9i32, 8]));
		assert_eq!(test.elements::<i32>().1, [1, 8, 3, 9]);
		let test = OpTest::new("ScatterND")
			.attr(string("reduction", "add"))
			.input(tensor(&[2, 2], &[1i32, 2, 3, 4]))
			.input(tensor(&[2, 1], &[1i64, 1]))
			.input(tensor(&[2, 2], &[10i32, 20, 30, i32::MAX]));
		assert_eq!(test.elements::<i32>().1, [1, 2, 43, i32::MIN + 23]);
	}

	#[test]
	fn what_does_not_fit() {
		let test = |index| {
			OpTest::new("ScatterND")
				.input(tensor(&[4], &[0i32; 4]))
				.input(tensor(&[1, 1], &[index]))
		};
		test(4i64).input(tensor(&[1], &[0i32])).fails();
		let error = test(0).input(tensor(&[2], &[0i32; 2])).refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
		let test = OpTest::new("ScatterND")
			.input(tensor(&[4], &[0i32; 4]))
			.input(i64s(&[0, 0]))
			.input(tensor(&[], &[0i32]));
		assert!(matches!(test.refused(), OpError::ShapeMismatch { .. }));
	}
}

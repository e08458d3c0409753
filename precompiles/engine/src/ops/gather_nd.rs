//! GatherND: the slices of the data at the coordinates that the last axis of the indices holds.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	copy::{build as fill, elements, with_size},
	scatter::Coordinates,
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	tensor::{dtype, indices},
};

#[derive(Debug)]
struct GatherNd {
	coordinates: Coordinates,
	/// Shape of the output.
	shape: Vec<usize>,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (data, picked) = (inputs.required(0)?, inputs.required(1)?);
	let batch = node.attrs.int_or("batch_dims", 0)?;
	let batch = usize::try_from(batch)
		.ok()
		.filter(|batch| *batch < data.rank().min(picked.rank()))
		.ok_or_else(|| OpError::bad_attribute("batch_dims", format!("is {batch}")))?;
	let coordinates = Coordinates::new("GatherND", data, picked, batch)?;
	let places = &picked.shape()[..picked.rank() - 1];
	let shape = [places, coordinates.slice()].concat();
	Ok(Lowered::step(GatherNd { coordinates, shape }, inputs))
}

impl Kernel for GatherNd {
	fn name(&self) -> &'static str {
		"GatherND"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [data, _] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		Ok(vec![Fact::new(data.dtype(), self.shape.clone())?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).with_macs((inputs[1].len() as u64).saturating_mul(4))
	}

	fn scratch_bytes(&self, inputs: &[Fact], outputs: &[Fact]) -> u64 {
		// The indices, and an offset for each slice; slices may be one element or none.
		8 * inputs[1].len() as u64 + 8 * (outputs[0].len() as u64).max(self.coordinates.places())
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let data = &inputs[0];
		let offsets = self
			.coordinates
			.offsets("GatherND", &indices(&inputs[1])?)?;
		let len = self.coordinates.slice_len();
		let dtype = dtype(data)?;
		let gathered = with_size!(dtype, N => fill::<N>(dtype, &self.shape, |target| {
			if len == 0 {
				return;
			}
			let data = elements::<N>(data);
			for (target, offset) in target.chunks_exact_mut(len).zip(offsets) {
				target.copy_from_slice(&data[offset..offset + len]);
			}
		}))?;
		Ok(vec![gathered])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::{DomainError, OpError},
		testing::{int, tensor, OpTest},
	};
	use proptest::prelude::*;

	fn data() -> tract_onnx::prelude::Tensor {
		tensor(&[2, 2, 2], &[0i32, 1, 2, 3, 4, 5, 6, 7])
	}

	#[test]
	fn elements_slices_and_batches() {
		let test = OpTest::new("GatherND")
			.input(data())
			.input(tensor(&[2, 3], &[0i64, 0, 1, 1, -1, 0]));
		assert_eq!(test.elements::<i32>(), (vec![2], vec![1, 6]));
		let test = OpTest::new("GatherND")
			.input(data())
			.input(tensor(&[1, 1], &[1i64]));
		assert_eq!(test.elements::<i32>(), (vec![1, 2, 2], vec![4, 5, 6, 7]));
		let test = OpTest::new("GatherND")
			.attr(int("batch_dims", 1))
			.input(data())
			.input(tensor(&[2, 1], &[1i64, 0]));
		assert_eq!(test.elements::<i32>(), (vec![2, 2], vec![2, 3, 4, 5]));
	}

	#[test]
	fn what_does_not_fit_is_refused() {
		let error = OpTest::new("GatherND")
			.input(data())
			.input(tensor(&[1, 4], &[0i64; 4]))
			.refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
		let error = OpTest::new("GatherND")
			.input(data())
			.constant(tensor(&[1, 1], &[2i64]))
			.refused();
		assert!(matches!(error, OpError::BadAttribute { .. }));
		for batch in [-1, 2, i64::MAX] {
			let error = OpTest::new("GatherND")
				.attr(int("batch_dims", batch))
				.input(data())
				.input(tensor(&[2, 1], &[0i64; 2]))
				.refused();
			assert!(matches!(error, OpError::BadAttribute { .. }));
		}
	}

	proptest! {
		#[test]
		fn any_coordinates_give_an_element_or_a_failure(
			at in prop::array::uniform3(prop_oneof![any::<i64>(), -3i64..3]),
		) {
			let test = OpTest::new("GatherND").input(data()).input(tensor(&[3], &at));
			if at.iter().all(|i| (-2..2).contains(i)) {
				let expected = at.iter().fold(0, |n, i| n * 2 + i.rem_euclid(2) as i32);
				prop_assert_eq!(test.elements::<i32>().1, [expected]);
			} else {
				let failed = matches!(test.fails(), DomainError::IndexOutOfRange { .. });
				prop_assert!(failed);
			}
		}
	}
}

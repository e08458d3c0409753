//! GatherElements: for each place of the indices the element of the data at that place, but for its
//! coordinate along the axis, which is the index.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	copy::{build as fill, elements, with_size},
	index::{check_constant, position},
	scatter::Places,
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	tensor::{dtype, indices},
};

#[derive(Debug)]
struct GatherElements(Places);

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (data, picked) = (inputs.required(0)?, inputs.required(1)?);
	let axis = data.axis("axis", node.attrs.int_or("axis", 0)?)?;
	check_constant("GatherElements", picked, data.shape()[axis])?;
	Ok(Lowered::step(
		GatherElements(Places::new(data.shape(), picked.shape(), axis)?),
		inputs,
	))
}

impl Kernel for GatherElements {
	fn name(&self) -> &'static str {
		"GatherElements"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [data, picked] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		Ok(vec![Fact::new(data.dtype(), picked.shape())?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).with_scalars((outputs[0].len() as u64).saturating_mul(12))
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		16 * inputs[1].len() as u64
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let (data, picked) = (&inputs[0], &inputs[1]);
		let mut offsets = Vec::with_capacity(picked.len());
		self.0
			.visit(&indices(picked)?, |index, base, len, stride| {
				offsets.push(base + position("GatherElements", index, len)? * stride);
				Ok(())
			})?;
		let dtype = dtype(data)?;
		let gathered = with_size!(dtype, N => fill::<N>(dtype, picked.shape(), |target| {
			let data = elements::<N>(data);
			for (target, offset) in target.iter_mut().zip(&offsets) {
				*target = data[*offset];
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
		tensor(&[3, 3], &[1i32, 2, 3, 4, 5, 6, 7, 8, 9])
	}

	#[test]
	fn each_place_has_its_own_index() {
		let test = OpTest::new("GatherElements")
			.input(data())
			.input(tensor(&[2, 3], &[1i64, 2, 0, -1, 0, 0]));
		assert_eq!(test.elements::<i32>(), (vec![2, 3], vec![4, 8, 3, 7, 2, 3]));
		let test = OpTest::new("GatherElements")
			.attr(int("axis", 1))
			.input(data())
			.input(tensor(&[2, 1], &[2i32, 0]));
		assert_eq!(test.elements::<i32>(), (vec![2, 1], vec![3, 4]));
	}

	#[test]
	fn what_does_not_fit_is_refused() {
		let test = |shape: &[usize]| {
			let len = shape.iter().product();
			OpTest::new("GatherElements")
				.input(data())
				.input(tensor(shape, &vec![0i64; len]))
		};
		assert!(matches!(
			test(&[1]).refused(),
			OpError::ShapeMismatch { .. }
		));
		assert!(matches!(
			test(&[1, 4]).refused(),
			OpError::ShapeMismatch { .. }
		));
		assert_eq!(test(&[4, 1]).elements::<i32>().1, [1, 1, 1, 1]);
	}

	proptest! {
		#[test]
		fn any_index_gives_an_element_or_a_failure(index in prop_oneof![any::<i64>(), -6i64..6]) {
			let test = OpTest::new("GatherElements").input(data()).input(tensor(&[1, 1], &[index]));
			if (-3..3).contains(&index) {
				let expected = index.rem_euclid(3) as i32 * 3 + 1;
				prop_assert_eq!(test.elements::<i32>().1, [expected]);
			} else {
				let failed = matches!(test.fails(), DomainError::IndexOutOfRange { .. });
				prop_assert!(failed);
			}
		}
	}
}

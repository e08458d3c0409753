//! Gather: slices along an axis, picked by indices. Negative ones count from the back; one beyond
//! the axis is refused where it is a constant and a deterministic failure at run time.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	copy::{build as fill, elements, with_size},
	index::{check_constant, position},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	tensor::{dtype, indices},
};

#[derive(Debug)]
struct Gather {
	/// Length of the axis.
	len: usize,
	/// Elements behind the axis.
	inner: usize,
	/// Shape of the output.
	shape: Vec<usize>,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (data, picked) = (inputs.required(0)?, inputs.required(1)?);
	let axis = data.axis("axis", node.attrs.int_or("axis", 0)?)?;
	let len = data.shape()[axis];
	check_constant("Gather", picked, len)?;
	let (before, behind) = (&data.shape()[..axis], &data.shape()[axis + 1..]);
	let shape = [before, picked.shape(), behind].concat();
	Ok(Lowered::step(
		Gather {
			len,
			inner: behind.iter().product(),
			shape,
		},
		inputs,
	))
}

impl Kernel for Gather {
	fn name(&self) -> &'static str {
		"Gather"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [data, _] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		Ok(vec![Fact::new(data.dtype(), self.shape.clone())?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		// What no index names is not read.
		let rows = (outputs[0].len() / self.inner.max(1)) as u64;
		Cost::touching(&inputs[1..], outputs)
			.with_bytes(outputs[0].bytes())
			.with_scalars(rows.saturating_mul(4))
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		// The positions.
		16 * inputs[1].len() as u64
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let data = &inputs[0];
		let positions = indices(&inputs[1])?
			.into_iter()
			.map(|index| position("Gather", index, self.len))
			.collect::<Result<Vec<_>, _>>()?;
		let dtype = dtype(data)?;
		let inner = self.inner;
		let gathered = with_size!(dtype, N => fill::<N>(dtype, &self.shape, |target| {
			if target.is_empty() {
				return;
			}
			let blocks = elements::<N>(data).chunks_exact(self.len * inner);
			for (block, target) in blocks.zip(target.chunks_exact_mut(positions.len() * inner)) {
				if inner == 1 {
					for (target, at) in target.iter_mut().zip(&positions) {
						*target = block[*at];
					}
					continue;
				}
				for (target, at) in target.chunks_exact_mut(inner).zip(&positions) {
					target.copy_from_slice(&block[at * inner..][..inner]);
				}
			}
		}))?;
		Ok(vec![gathered])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::{DomainError, OpError},
		testing::{i64s, int, tensor, OpTest},
	};
	use proptest::prelude::*;

	fn data() -> tract_onnx::prelude::Tensor {
		tensor(&[3, 2], &[10u8, 11, 20, 21, 30, 31])
	}

	#[test]
	fn rows_and_columns() {
		let test = OpTest::new("Gather")
			.input(data())
			.input(tensor(&[2, 1], &[2i32, -3]));
		assert_eq!(test.elements::<u8>(), (vec![2, 1, 2], vec![30, 31, 10, 11]));
		let test = OpTest::new("Gather")
			.attr(int("axis", 1))
			.input(data())
			.input(tensor(&[], &[1i64]));
		assert_eq!(test.elements::<u8>(), (vec![3], vec![11, 21, 31]));
		let test = OpTest::new("Gather").input(data()).input(i64s(&[]));
		assert_eq!(test.elements::<u8>(), (vec![0, 2], vec![]));
	}

	#[test]
	fn indices_beyond_the_axis() {
		let error = OpTest::new("Gather")
			.input(data())
			.input(i64s(&[0, 3]))
			.fails();
		assert_eq!(
			error,
			DomainError::IndexOutOfRange {
				op: "Gather",
				index: 3,
				len: 3
			}
		);
		let error = OpTest::new("Gather")
			.input(data())
			.constant(i64s(&[-4]))
			.refused();
		assert!(matches!(error, OpError::BadAttribute { .. }));
		OpTest::new("Gather")
			.input(tensor::<u8>(&[0], &[]))
			.input(i64s(&[0]))
			.fails();
	}

	proptest! {
		#[test]
		fn any_index_gives_its_row_or_a_failure(index in prop_oneof![any::<i64>(), -6i64..6]) {
			let test = OpTest::new("Gather").input(data()).input(i64s(&[index]));
			if (-3..3).contains(&index) {
				let row = index.rem_euclid(3) as u8 * 10 + 10;
				prop_assert_eq!(test.elements::<u8>().1, [row, row + 1]);
			} else {
				let expected = DomainError::IndexOutOfRange { op: "Gather", index, len: 3 };
				prop_assert_eq!(test.fails(), expected);
			}
		}
	}
}

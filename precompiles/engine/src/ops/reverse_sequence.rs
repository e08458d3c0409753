//! ReverseSequence: the first elements of each sequence in reverse order, the others where they are.
//!
//! A length outside its axis is a deterministic failure.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	copy::{build as build_tensor, elements, with_size},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{DomainError, EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	tensor::{dtype, slice, strides},
	DType,
};

const NAME: &str = "ReverseSequence";

#[derive(Debug)]
struct ReverseSequence {
	batch_axis: usize,
	time_axis: usize,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (x, lens) = (inputs.required(0)?, inputs.required(1)?);
	x.expect_rank("input", 2..)?;
	let axis = |name: &'static str, default: i64| x.axis(name, node.attrs.int_or(name, default)?);
	let (batch_axis, time_axis) = (axis("batch_axis", 1)?, axis("time_axis", 0)?);
	if batch_axis == time_axis {
		return Err(OpError::bad_attribute("time_axis", "is the batch's axis"));
	}
	lens.expect("sequence_lens", &[DType::I64])?;
	if lens.shape() != [x.shape()[batch_axis]] {
		return Err(OpError::mismatch(format!(
			"sequence_lens has shape {:?}, but must have [{}]",
			lens.shape(),
			x.shape()[batch_axis]
		)));
	}
	Ok(Lowered::step(
		ReverseSequence {
			batch_axis,
			time_axis,
		},
		inputs,
	))
}

impl Kernel for ReverseSequence {
	fn name(&self) -> &'static str {
		NAME
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x, _] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		Ok(vec![x.without_value()])
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		inputs[1].len() as u64 * 8
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		// What lies behind both axes moves together.
		let inner: usize = inputs[0].shape()[self.batch_axis.max(self.time_axis) + 1..]
			.iter()
			.product();
		let runs = outputs[0].len() / inner.max(1);
		Cost::touching(inputs, outputs).with_scalars((runs as u64).saturating_mul(10))
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		let (shape, strides) = (x.shape(), strides(x.shape()));
		let steps = shape[self.time_axis];
		let lens = slice::<i64>(&inputs[1])?
			.iter()
			.map(|len| {
				usize::try_from(*len)
					.ok()
					.filter(|len| *len <= steps)
					.ok_or_else(|| DomainError::InvalidValue {
						op: NAME,
						reason: format!("a length of {len} in sequences of {steps}"),
					})
			})
			.collect::<Result<Vec<_>, _>>()?;
		// What lies behind both axes moves together.
		let inner_axis = self.batch_axis.max(self.time_axis);
		let inner = strides[inner_axis];
		let dtype = dtype(x)?;
		let y = with_size!(dtype, N => build_tensor::<N>(dtype, shape, |y| {
			if y.is_empty() {
				return;
			}
			let source = elements::<N>(x);
			let index = |at: usize, axis: usize| at / strides[axis] % shape[axis];
			for (run, target) in y.chunks_exact_mut(inner).enumerate() {
				let at = run * inner;
				let step = index(at, self.time_axis);
				let len = lens[index(at, self.batch_axis)];
				let from = if step < len {
					at - step * strides[self.time_axis]
						+ (len - 1 - step) * strides[self.time_axis]
				} else {
					at
				};
				target.copy_from_slice(&source[from..from + inner]);
			}
		}))?;
		Ok(vec![y])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::{DomainError, OpError},
		testing::{i64s, int, tensor, OpTest},
	};

	fn test(lens: &[i64]) -> OpTest {
		OpTest::new("ReverseSequence")
			.input(tensor(&[3, 2], &[1u8, 2, 3, 4, 5, 6]))
			.input(i64s(lens))
	}

	#[test]
	fn each_sequence_has_its_length() {
		assert_eq!(test(&[3, 2]).elements::<u8>().1, [5, 4, 3, 2, 1, 6]);
		assert_eq!(test(&[0, 1]).elements::<u8>().1, [1, 2, 3, 4, 5, 6]);
		let (_, y) = test(&[1, 2, 2])
			.attr(int("batch_axis", 0))
			.attr(int("time_axis", 1))
			.elements::<u8>();
		assert_eq!(y, [1, 2, 4, 3, 6, 5]);
	}

	#[test]
	fn impossible_lengths() {
		for lens in [[4, 0], [-1, 0]] {
			assert!(matches!(
				test(&lens).fails(),
				DomainError::InvalidValue { .. }
			));
		}
		assert!(matches!(
			test(&[1]).refused(),
			OpError::ShapeMismatch { .. }
		));
	}
}

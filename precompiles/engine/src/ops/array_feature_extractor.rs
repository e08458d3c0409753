//! ArrayFeatureExtractor of `ai.onnx.ml`: some of the last axis' elements.
//!
//! An index outside the axis, negative ones included, is refused where it is constant and is a
//! deterministic failure else. A list comes out as a matrix of one row.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	copy::{build as build_tensor, elements, with_size},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{DomainError, EvalError, OpError},
	fact::Fact,
	kernel::Kernel,
	tensor::{dtype, indices},
};

const NAME: &str = "ArrayFeatureExtractor";

#[derive(Debug)]
struct ArrayFeatureExtractor {
	/// Length of the last axis.
	len: usize,
	shape: Vec<usize>,
}

pub(super) fn build(_: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (x, y) = (inputs.required(0)?, inputs.required(1)?);
	x.expect_rank("X", 1..)?;
	y.expect("Y", &super::index::DTYPES)?;
	let len = x.shape()[x.rank() - 1];
	if let Some(constant) = y.konst() {
		let values = indices(constant).map_err(|error| OpError::BadTensor {
			reason: error.to_string(),
		})?;
		for index in values {
			place(index, len).map_err(|error| OpError::bad_attribute("Y", error.to_string()))?;
		}
	}
	let mut shape = match x.rank() {
		1 => vec![1],
		rank => x.shape()[..rank - 1].to_vec(),
	};
	shape.push(y.len());
	Ok(Lowered::step(ArrayFeatureExtractor { len, shape }, inputs))
}

fn place(index: i64, len: usize) -> Result<usize, DomainError> {
	usize::try_from(index)
		.ok()
		.filter(|place| *place < len)
		.ok_or(DomainError::IndexOutOfRange {
			op: NAME,
			index,
			len,
		})
}

impl Kernel for ArrayFeatureExtractor {
	fn name(&self) -> &'static str {
		NAME
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x, _] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		Ok(vec![Fact::new(x.dtype(), self.shape.clone())?])
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		inputs[1].len() as u64 * 16
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		let places = indices(&inputs[1])?
			.into_iter()
			.map(|index| place(index, self.len))
			.collect::<Result<Vec<_>, _>>()?;
		let dtype = dtype(x)?;
		let y = with_size!(dtype, N => build_tensor::<N>(dtype, &self.shape, |y| {
			if y.is_empty() {
				return;
			}
			let rows = elements::<N>(x).chunks_exact(self.len);
			for (x, y) in rows.zip(y.chunks_exact_mut(places.len())) {
				for (y, place) in y.iter_mut().zip(&places) {
					*y = x[*place];
				}
			}
		}))?;
		Ok(vec![y])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::{DomainError, OpError},
		testing::{f32s, i64s, OpTest},
	};

	#[test]
	fn columns_are_picked() {
		let test = || {
			OpTest::new("ArrayFeatureExtractor")
				.input(f32s(&[2, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]))
		};
		let found = test().input(i64s(&[2, 0])).elements::<f32>();
		assert_eq!(found, (vec![2, 2], vec![2.0, 0.0, 5.0, 3.0]));
		assert!(matches!(
			test().input(i64s(&[3])).fails(),
			DomainError::IndexOutOfRange { .. }
		));
		assert!(matches!(
			test().constant(i64s(&[-1])).refused(),
			OpError::BadAttribute { .. }
		));
		let list = OpTest::new("ArrayFeatureExtractor")
			.input(f32s(&[3], &[0.0, 1.0, 2.0]))
			.input(i64s(&[1]));
		assert_eq!(list.elements::<f32>(), (vec![1, 1], vec![1.0]));
	}
}

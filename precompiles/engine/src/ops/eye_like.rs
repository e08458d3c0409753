//! EyeLike: ones on the diagonal `k` of a matrix as large as the input, zeros elsewhere.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{cast::data_type, Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::Kernel,
	tensor::build as fill,
	DType,
};

#[derive(Debug)]
struct EyeLike {
	k: i64,
	fact: Fact,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	x.expect_rank("input", 2..=2)?;
	let dtype = match node.attrs.int("dtype")? {
		Some(number) => data_type("dtype", number)?,
		None => x.dtype(),
	};
	let kernel = EyeLike {
		k: node.attrs.int_or("k", 0)?,
		fact: x.with_dtype(dtype)?,
	};
	Ok(Lowered::step_of(kernel, []))
}

impl Kernel for EyeLike {
	fn name(&self) -> &'static str {
		"EyeLike"
	}

	fn infer(&self, _: &[Fact]) -> Result<Vec<Fact>, OpError> {
		Ok(vec![self.fact.clone()])
	}

	fn eval(&self, _: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let shape = self.fact.shape();
		let columns = shape[1];
		let ones = (0..shape[0]).filter_map(|row| {
			let column = usize::try_from((row as i64).saturating_add(self.k)).ok()?;
			(column < columns).then_some(row * columns + column)
		});
		let eye = match self.fact.dtype() {
			DType::Bool => fill::<bool>(shape, |eye| ones.for_each(|at| eye[at] = true)),
			dtype => crate::with_number!(dtype, T => {
				fill::<T>(shape, |eye| ones.for_each(|at| eye[at] = 1u8 as T))
			}),
		}?;
		Ok(vec![eye])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{int, tensor, OpTest},
	};

	#[test]
	fn any_diagonal_and_type() {
		let x = || tensor(&[2, 3], &[9i32; 6]);
		assert_eq!(
			OpTest::new("EyeLike").input(x()).elements::<i32>().1,
			[1, 0, 0, 0, 1, 0]
		);
		let test = OpTest::new("EyeLike")
			.attr(int("k", -1))
			.attr(int("dtype", 9))
			.input(x());
		assert_eq!(
			test.elements::<bool>().1,
			[false, false, false, true, false, false]
		);
		let test = OpTest::new("EyeLike").attr(int("k", i64::MIN)).input(x());
		assert_eq!(test.elements::<i32>().1, [0; 6]);
	}

	#[test]
	fn only_matrices() {
		let error = OpTest::new("EyeLike")
			.input(tensor(&[1], &[0i32]))
			.refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
	}
}

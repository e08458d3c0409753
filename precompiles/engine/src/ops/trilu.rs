//! Trilu: the upper, or lower, triangle of each matrix of the last two axes, zeros elsewhere. The
//! diagonal `k`, a constant, belongs to either.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	copy::{build as fill, elements, with_size},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::Kernel,
	tensor::dtype,
};

#[derive(Debug)]
struct Trilu {
	upper: bool,
	k: i64,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	inputs.required(0)?.expect_rank("input", 2..)?;
	let upper = node.attrs.flag_or("upper", true)?;
	let k = inputs.constant_int(1, "k")?.unwrap_or(0);
	Ok(Lowered::step_of(Trilu { upper, k }, [0]))
}

impl Kernel for Trilu {
	fn name(&self) -> &'static str {
		"Trilu"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		Ok(vec![x.without_value()])
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		let [.., rows, columns] = x.shape() else {
			return Err(EvalError::Internal("Trilu of no matrix".into()));
		};
		let (rows, columns, dtype) = (*rows, *columns, dtype(x)?);
		let triangle = with_size!(dtype, N => fill::<N>(dtype, x.shape(), |target| {
			if target.is_empty() {
				return;
			}
			let source = elements::<N>(x).chunks_exact(columns);
			for (i, (from, to)) in source.zip(target.chunks_exact_mut(columns)).enumerate() {
				// The column of the diagonal, cut to the row; the lower triangle includes it.
				let diagonal = ((i % rows) as i64).saturating_add(self.k);
				let upper_from = diagonal.clamp(0, columns as i64) as usize;
				let lower_to = diagonal.saturating_add(1).clamp(0, columns as i64) as usize;
				let kept = if self.upper { upper_from..columns } else { 0..lower_to };
				to[kept.clone()].copy_from_slice(&from[kept]);
			}
		}))?;
		Ok(vec![triangle])
	}
}

#[cfg(test)]
mod tests {
	use crate::testing::{int, tensor, OpTest};

	fn triangle(upper: i64, k: i64) -> Vec<i32> {
		OpTest::new("Trilu")
			.attr(int("upper", upper))
			.input(tensor(&[2, 3], &[1i32, 2, 3, 4, 5, 6]))
			.constant(tensor(&[], &[k]))
			.elements::<i32>()
			.1
	}

	#[test]
	fn both_triangles_on_any_diagonal() {
		assert_eq!(triangle(1, 0), [1, 2, 3, 0, 5, 6]);
		assert_eq!(triangle(0, 0), [1, 0, 0, 4, 5, 0]);
		assert_eq!(triangle(1, 1), [0, 2, 3, 0, 0, 6]);
		assert_eq!(triangle(0, -1), [0, 0, 0, 4, 0, 0]);
		for k in [i64::MIN, i64::MAX] {
			assert_eq!(
				triangle(1, k),
				if k < 0 { [1, 2, 3, 4, 5, 6] } else { [0; 6] }
			);
			assert_eq!(
				triangle(0, k),
				if k > 0 { [1, 2, 3, 4, 5, 6] } else { [0; 6] }
			);
		}
	}
}

//! OneHot: a new axis of constant length `depth`, on which the place of the index holds the second
//! of `values` and all others the first. Negative indices count from the back; one that lies
//! outside marks no place. Indices of a float type are truncated as Cast does.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	copy::{build as fill, elements, with_size},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::{resolve_axis, Fact},
	kernel::{Cost, Kernel},
	tensor::{dtype, slice},
	DType,
};

#[derive(Debug)]
struct OneHot {
	depth: usize,
	/// Elements of the indices behind the new axis.
	inner: usize,
	/// Shape of the output.
	shape: Vec<usize>,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let indices = inputs.required(0)?;
	let depth = constant_depth(inputs)?;
	let axis = resolve_axis("axis", node.attrs.int_or("axis", -1)?, indices.rank() + 1)?;
	let (before, behind) = indices.shape().split_at(axis);
	let shape = [before, &[depth], behind].concat();
	let kernel = OneHot {
		depth,
		inner: behind.iter().product(),
		shape,
	};
	Ok(Lowered::step_of(kernel, [0, 2]))
}

/// The depth, a constant of one element of any number type.
fn constant_depth(inputs: Inputs<'_>) -> Result<usize, OpError> {
	let fact = inputs.required(1)?;
	fact.expect("depth", &DType::NUMBERS)?;
	let value = fact
		.konst()
		.ok_or(OpError::NotConstant { input: "depth" })?;
	let depth = integers(value).map_err(|error| OpError::BadTensor {
		reason: error.to_string(),
	})?;
	match depth[..] {
		[depth] if depth >= 0 => Ok(depth as usize),
		_ => Err(OpError::bad_attribute("depth", format!("is {depth:?}"))),
	}
}

/// The elements as i64, converted as Cast does, but for u64, which saturates.
#[allow(clippy::unnecessary_cast, reason = "one of the element types is i64")]
fn integers(tensor: &Tensor) -> Result<Vec<i64>, EvalError> {
	Ok(match dtype(tensor)? {
		DType::U64 => slice::<u64>(tensor)?
			.iter()
			.map(|x| i64::try_from(*x).unwrap_or(i64::MAX))
			.collect(),
		other => crate::with_number!(other, T => {
			slice::<T>(tensor)?.iter().map(|x| *x as i64).collect()
		}),
	})
}

impl Kernel for OneHot {
	fn name(&self) -> &'static str {
		"OneHot"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [indices, values] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		indices.expect("indices", &DType::NUMBERS)?;
		if values.shape() != [2] {
			return Err(OpError::mismatch(format!(
				"values have shape {:?}, but must be [2]: off and on",
				values.shape()
			)));
		}
		Ok(vec![Fact::new(values.dtype(), self.shape.clone())?])
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		8 * inputs[0].len() as u64
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		// Two divisions for the place of each.
		Cost::touching(inputs, outputs).with_scalars((inputs[0].len() as u64).saturating_mul(12))
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let indices = integers(&inputs[0])?;
		let values = &inputs[1];
		let dtype = dtype(values)?;
		let (depth, inner) = (self.depth, self.inner);
		let encoded = with_size!(dtype, N => fill::<N>(dtype, &self.shape, |target| {
			let [off, on] = [0, 1].map(|i| elements::<N>(values)[i]);
			target.fill(off);
			if target.is_empty() {
				return;
			}
			for (i, index) in indices.into_iter().enumerate() {
				let at = if index < 0 { index.saturating_add(depth as i64) } else { index };
				if (0..depth as i64).contains(&at) {
					target[(i / inner * depth + at as usize) * inner + i % inner] = on;
				}
			}
		}))?;
		Ok(vec![encoded])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, i64s, int, tensor, OpTest},
	};
	use proptest::prelude::*;

	#[test]
	fn places_are_marked_along_any_axis() {
		let test = |axis| {
			OpTest::new("OneHot")
				.attr(int("axis", axis))
				.input(i64s(&[1, -1, 3]))
				.constant(i64s(&[3]))
				.input(f32s(&[2], &[-1.0, 1.0]))
				.elements::<f32>()
		};
		let rows = [-1.0, 1.0, -1.0, -1.0, -1.0, 1.0, -1.0, -1.0, -1.0];
		assert_eq!(test(-1), (vec![3, 3], rows.to_vec()));
		let columns = [-1.0, -1.0, -1.0, 1.0, -1.0, -1.0, -1.0, 1.0, -1.0];
		assert_eq!(test(0), (vec![3, 3], columns.to_vec()));
	}

	#[test]
	fn absurd_depths_are_refused() {
		let test = |depth: i64| {
			OpTest::new("OneHot")
				.input(i64s(&[0]))
				.constant(i64s(&[depth]))
				.input(f32s(&[2], &[0.0, 1.0]))
				.refused()
		};
		assert!(matches!(test(1 << 30), OpError::TensorTooLarge { .. }));
		assert!(matches!(test(-1), OpError::BadAttribute { .. }));
	}

	proptest! {
		#[test]
		fn any_index_marks_at_most_one_place(bits: u64) {
			for x in [tensor(&[1], &[f64::from_bits(bits)]), tensor(&[1], &[bits])] {
				let (_, y) = OpTest::new("OneHot")
					.input(x)
					.constant(i64s(&[5]))
					.input(tensor(&[2], &[0u8, 1]))
					.elements::<u8>();
				prop_assert!(y.iter().map(|y| u32::from(*y)).sum::<u32>() <= 1);
			}
		}
	}
}

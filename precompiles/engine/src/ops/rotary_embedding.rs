//! RotaryEmbedding: pairs of elements turned by an angle that belongs to their position.
//!
//! A pair (a, b) becomes `cos · a - sin · b` and `sin · a + cos · b`: two products, then one
//! difference or sum. The pairs of a head are neighbours with `interleaved`, else its first and second
//! half. Elements behind `rotary_embedding_dim` pass unchanged.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{index, Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{one_by_one, Cost, Kernel},
	math::Float,
	tensor::{build as build_tensor, dtype, indices, slice},
	DType,
};

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = &["interleaved", "num_heads", "rotary_embedding_dim"];

const NAME: &str = "RotaryEmbedding";

#[derive(Debug)]
struct RotaryEmbedding {
	batch: usize,
	heads: usize,
	len: usize,
	size: usize,
	/// Elements of a head that are turned.
	turned: usize,
	interleaved: bool,
	/// Whether the heads lie in the last axis.
	packed_heads: bool,
	/// Positions of the caches that `position_ids` choose from; without it they are per element.
	positions: Option<usize>,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (x, cos, sin) = (
		inputs.required(0)?,
		inputs.required(1)?,
		inputs.required(2)?,
	);
	x.expect("X", &DType::FLOATS)?;
	x.expect_rank("X", 3..=4)?;
	let packed_heads = x.rank() == 3;
	let [batch, heads, len, size] = match *x.shape() {
		[batch, heads, len, size] => [batch, heads, len, size],
		[batch, len, hidden] => {
			let heads = node.attrs.int_or("num_heads", 0)?;
			let heads = usize::try_from(heads)
				.ok()
				.filter(|heads| *heads > 0 && hidden % heads == 0)
				.ok_or_else(|| {
					OpError::bad_attribute("num_heads", format!("{heads} does not divide {hidden}"))
				})?;
			[batch, heads, len, hidden / heads]
		}
		_ => return Err(OpError::mismatch("X must have rank 3 or 4")),
	};
	let turned = match node.attrs.int_or("rotary_embedding_dim", 0)? {
		0 => size,
		turned => usize::try_from(turned).unwrap_or(usize::MAX),
	};
	if turned > size || turned % 2 == 1 {
		return Err(OpError::bad_attribute(
			"rotary_embedding_dim",
			format!("{turned} of {size} elements cannot be turned in pairs"),
		));
	}
	let positions = match inputs.optional(3) {
		None => None,
		Some(ids) => {
			ids.expect("position_ids", &[DType::I64])?;
			if ids.shape() != [batch, len] {
				return Err(OpError::mismatch(format!(
					"position_ids has shape {:?}, but must have [{batch}, {len}]",
					ids.shape()
				)));
			}
			Some(cos.shape().first().copied().unwrap_or(0))
		}
	};
	let expected = match positions {
		Some(positions) => vec![positions, turned / 2],
		None => vec![batch, len, turned / 2],
	};
	for (name, cache) in [("cos_cache", cos), ("sin_cache", sin)] {
		cache.expect_same_dtype(name, x)?;
		if cache.shape() != expected {
			return Err(OpError::mismatch(format!(
				"{name} has shape {:?}, but must have {expected:?}",
				cache.shape()
			)));
		}
	}
	Ok(Lowered::step(
		RotaryEmbedding {
			batch,
			heads,
			len,
			size,
			turned,
			interleaved: node.attrs.flag_or("interleaved", false)?,
			packed_heads,
			positions,
		},
		inputs,
	))
}

impl RotaryEmbedding {
	fn run<T: Float + Datum>(
		&self,
		inputs: &[TValue],
		rows: &[usize],
	) -> Result<Tensor, EvalError> {
		let (x, cos, sin) = (
			slice::<T>(&inputs[0])?,
			slice::<T>(&inputs[1])?,
			slice::<T>(&inputs[2])?,
		);
		let half = self.turned / 2;
		let (heads, len) = (self.heads, self.len);
		build_tensor::<T>(inputs[0].shape(), |y| {
			y.copy_from_slice(x);
			if self.size == 0 {
				return;
			}
			for (index, head) in y.chunks_exact_mut(self.size).enumerate() {
				let token = if self.packed_heads {
					index / heads
				} else {
					index / (heads * len) * len + index % len
				};
				let row = rows.get(token).copied().unwrap_or(token) * half;
				for pair in 0..half {
					let (first, second) = if self.interleaved {
						(2 * pair, 2 * pair + 1)
					} else {
						(pair, pair + half)
					};
					let (cos, sin) = (cos[row + pair], sin[row + pair]);
					let (a, b) = (head[first], head[second]);
					head[first] = cos * a - sin * b;
					head[second] = sin * a + cos * b;
				}
			}
		})
	}
}

impl Kernel for RotaryEmbedding {
	fn name(&self) -> &'static str {
		NAME
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let x = inputs
			.first()
			.ok_or_else(|| super::internal_arity(inputs))?;
		Ok(vec![x.without_value()])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).with_macs((outputs[0].len() as u64).saturating_mul(6))
	}

	fn scratch_bytes(&self, _: &[Fact], _: &[Fact]) -> u64 {
		(self.batch * self.len * 16) as u64
	}

	fn subnormals(&self, inputs: &[Fact], outputs: &[Fact]) -> u64 {
		one_by_one(
			inputs[0].dtype(),
			(outputs[0].len() as u64).saturating_mul(2),
		)
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let rows = match self.positions {
			None => vec![],
			Some(positions) => indices(&inputs[3])?
				.into_iter()
				.map(|id| index::position(NAME, id, positions))
				.collect::<Result<Vec<_>, _>>()?,
		};
		let dtype = dtype(&inputs[0])?;
		Ok(vec![
			crate::with_float!(dtype, T => self.run::<T>(&inputs, &rows))?,
		])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::{DomainError, OpError},
		testing::{f32s, int, tensor, OpTest},
	};

	fn test(ids: &[i64]) -> OpTest {
		OpTest::new("RotaryEmbedding")
			.opset(23)
			.input(f32s(
				&[1, 1, 2, 4],
				&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
			))
			.input(f32s(&[2, 2], &[1.0, 1.0, 0.0, 0.5]))
			.input(f32s(&[2, 2], &[0.0, 0.0, 1.0, 2.0]))
			.input(tensor(&[1, 2], ids))
	}

	#[test]
	fn halves_or_neighbours_are_turned() {
		let (_, y) = test(&[0, 1]).elements::<f32>();
		assert_eq!(y, [1.0, 2.0, 3.0, 4.0, -7.0, -13.0, 5.0, 16.0]);
		let (_, y) = test(&[0, 1]).attr(int("interleaved", 1)).elements::<f32>();
		assert_eq!(y, [1.0, 2.0, 3.0, 4.0, -6.0, 5.0, -12.5, 18.0]);
	}

	#[test]
	fn heads_in_the_last_axis_and_elements_that_stay() {
		let (_, y) = OpTest::new("RotaryEmbedding")
			.attr(int("num_heads", 2))
			.attr(int("rotary_embedding_dim", 2))
			.input(f32s(&[1, 1, 6], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
			.input(f32s(&[1, 1, 1], &[0.0]))
			.input(f32s(&[1, 1, 1], &[1.0]))
			.elements::<f32>();
		assert_eq!(y, [-2.0, 1.0, 3.0, -5.0, 4.0, 6.0]);
	}

	#[test]
	fn positions_beyond_the_caches_fail() {
		assert!(matches!(
			test(&[0, 2]).fails(),
			DomainError::IndexOutOfRange { .. }
		));
		let error = test(&[0, 0]).attr(int("rotary_embedding_dim", 3)).refused();
		assert!(matches!(error, OpError::BadAttribute { .. }));
	}
}

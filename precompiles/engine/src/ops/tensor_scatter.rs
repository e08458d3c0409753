//! TensorScatter: an update written into a cache along an axis, from a place of each batch entry on.
//!
//! With `circular` places wrap around the axis; else one outside it is a deterministic failure.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	copy::{build as build_tensor, elements, with_size},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{DomainError, EvalError, OpError},
	fact::Fact,
	kernel::Kernel,
	tensor::{dtype, slice},
	DType,
};

const NAME: &str = "TensorScatter";

#[derive(Debug)]
struct TensorScatter {
	circular: bool,
	/// Length of the axis in the cache and in the update; elements behind it.
	len: usize,
	updates: usize,
	inner: usize,
	batch: usize,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (cache, update) = (inputs.required(0)?, inputs.required(1)?);
	update.expect_same_dtype("update", cache)?;
	cache.expect_rank("past_cache", 2..)?;
	let axis = cache.axis("axis", node.attrs.int_or("axis", -2)?)?;
	let fits = cache.rank() == update.rank()
		&& axis > 0
		&& (0..cache.rank()).all(|i| {
			let (len, updates) = (cache.shape()[i], update.shape()[i]);
			updates == len || (i == axis && updates <= len)
		});
	if !fits {
		return Err(OpError::mismatch(format!(
			"an update of {:?} does not fit a cache of {:?} along axis {axis}",
			update.shape(),
			cache.shape()
		)));
	}
	let batch = cache.shape()[0];
	if let Some(places) = inputs.optional(2) {
		places.expect("write_indices", &[DType::I64])?;
		if places.shape() != [batch] {
			return Err(OpError::mismatch(format!(
				"write_indices has shape {:?}, but must have [{batch}]",
				places.shape()
			)));
		}
	}
	let circular = match node.attrs.string_or("mode", "linear")? {
		"linear" => false,
		"circular" => true,
		_ => {
			return Err(OpError::bad_attribute(
				"mode",
				"is none of linear, circular",
			))
		}
	};
	Ok(Lowered::step(
		TensorScatter {
			circular,
			len: cache.shape()[axis],
			updates: update.shape()[axis],
			inner: cache.shape()[axis + 1..].iter().product(),
			batch,
		},
		inputs,
	))
}

impl TensorScatter {
	/// Where the first update of a batch entry goes.
	fn first(&self, place: i64) -> Result<usize, DomainError> {
		if self.circular {
			return Ok(place.rem_euclid((self.len as i64).max(1)) as usize);
		}
		usize::try_from(place)
			.ok()
			.filter(|place| *place <= self.len - self.updates)
			.ok_or(DomainError::IndexOutOfRange {
				op: NAME,
				index: place,
				len: self.len,
			})
	}
}

impl Kernel for TensorScatter {
	fn name(&self) -> &'static str {
		NAME
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let cache = inputs
			.first()
			.ok_or_else(|| super::internal_arity(inputs))?;
		Ok(vec![cache.without_value()])
	}

	fn scratch_bytes(&self, _: &[Fact], _: &[Fact]) -> u64 {
		self.batch as u64 * 8
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let cache = &inputs[0];
		let firsts = match inputs.get(2) {
			None => vec![0; self.batch],
			Some(places) => slice::<i64>(places)?
				.iter()
				.map(|place| self.first(*place))
				.collect::<Result<Vec<_>, _>>()?,
		};
		let dtype = dtype(cache)?;
		let y = with_size!(dtype, N => build_tensor::<N>(dtype, cache.shape(), |y| {
			y.copy_from_slice(elements::<N>(cache));
			if y.is_empty() || self.updates == 0 {
				return;
			}
			let of_block = self.updates * self.inner;
			let updates = elements::<N>(&inputs[1]).chunks_exact(of_block);
			let blocks = y.chunks_exact_mut(self.len * self.inner);
			let of_entry = blocks.len() / self.batch;
			for (index, (block, update)) in blocks.zip(updates).enumerate() {
				let first = firsts[index / of_entry];
				for (step, row) in update.chunks_exact(self.inner).enumerate() {
					let at = (first + step) % self.len * self.inner;
					block[at..at + self.inner].copy_from_slice(row);
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
		testing::{i64s, string, tensor, OpTest},
	};

	fn test(places: &[i64], mode: &str) -> OpTest {
		OpTest::new("TensorScatter")
			.opset(24)
			.attr(string("mode", mode))
			.input(tensor(&[2, 3, 1], &[0u8; 6]))
			.input(tensor(&[2, 2, 1], &[1u8, 2, 3, 4]))
			.input(i64s(places))
	}

	#[test]
	fn updates_go_where_each_entry_says() {
		assert_eq!(
			test(&[0, 1], "linear").elements::<u8>().1,
			[1, 2, 0, 0, 3, 4]
		);
		assert_eq!(
			test(&[2, -1], "circular").elements::<u8>().1,
			[2, 0, 1, 4, 0, 3]
		);
	}

	#[test]
	fn places_outside_fail() {
		for places in [[2, 0], [0, -1], [i64::MAX, 0]] {
			assert!(matches!(
				test(&places, "linear").fails(),
				DomainError::IndexOutOfRange { .. }
			));
		}
		let error = test(&[0], "linear").refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
	}
}

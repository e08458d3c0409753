//! TopK: the k largest, or smallest, elements along an axis, sorted, and their indices.
//!
//! The order is [`Select::rank`]: a NaN is above everything else, -0.0 equals +0.0. Ties go to the
//! lower index. The result is sorted even where `sorted` is 0, for which ONNX leaves the order open.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	select::Select,
	tensor::{dtype, from_slice, slice},
	DType,
};

#[derive(Debug)]
struct TopK {
	k: usize,
	largest: bool,
	/// Extents before, of and behind the axis.
	extents: [usize; 3],
	/// Shape of the outputs.
	shape: Vec<usize>,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let axis = x.axis("axis", node.attrs.int_or("axis", -1)?)?;
	let k = match (node.attrs.int("k")?, inputs.constant_int(1, "K")?) {
		(Some(k), None) | (None, Some(k)) => k,
		(None, None) => return Err(crate::attrs::Attrs::missing("k")),
		(Some(_), Some(_)) => {
			return Err(OpError::bad_attribute(
				"k",
				"given both as attribute and as input",
			));
		}
	};
	let len = x.shape()[axis];
	let k = usize::try_from(k)
		.ok()
		.filter(|k| *k <= len)
		.ok_or_else(|| {
			OpError::bad_attribute("k", format!("is {k}, but axis {axis} has {len} elements"))
		})?;
	let largest = node.attrs.flag_or("largest", true)?;
	node.attrs.flag_or("sorted", true)?;
	let mut shape = x.shape().to_vec();
	shape[axis] = k;
	let extents = [
		x.shape()[..axis].iter().product(),
		len,
		x.shape()[axis + 1..].iter().product(),
	];
	Ok(Lowered::step_of(
		TopK {
			k,
			largest,
			extents,
			shape,
		},
		[0],
	))
}

impl Kernel for TopK {
	fn name(&self) -> &'static str {
		"TopK"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		x.expect("X", &DType::NUMBERS)?;
		Ok(vec![
			Fact::new(x.dtype(), self.shape.clone())?,
			Fact::new(DType::I64, self.shape.clone())?,
		])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		// A selection by partition, then a sort of what is selected; compares with branches.
		let chosen = outputs[0].len() as u64;
		let depth = u64::from(usize::BITS - self.k.leading_zeros());
		let compares = (inputs[0].len() as u64)
			.saturating_mul(8)
			.saturating_add(chosen.saturating_mul(depth).saturating_mul(4));
		Cost::touching(inputs, outputs).with_scalars(compares)
	}

	fn scratch_bytes(&self, _: &[Fact], outputs: &[Fact]) -> u64 {
		// One row of elements with their indices, and what becomes the outputs.
		(self.extents[1] * 24) as u64 + outputs.iter().map(Fact::bytes).sum::<u64>()
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &*inputs[0];
		crate::with_number!(dtype(x)?, T => self.choose::<T>(slice::<T>(x)?))
	}
}

impl TopK {
	fn choose<T: Select + Datum + Default>(&self, x: &[T]) -> Result<Vec<Tensor>, EvalError> {
		let [outer, len, inner] = self.extents;
		let count = self.shape.iter().product();
		let (mut values, mut indices) = (vec![T::default(); count], vec![0i64; count]);
		if count > 0 {
			let mut row: Vec<(T, usize)> = Vec::with_capacity(len);
			for i in 0..outer * inner {
				let (block, column) = (i / inner, i % inner);
				row.clear();
				row.extend((0..len).map(|k| (x[(block * len + k) * inner + column], k)));
				// A total order without equals, so that any sorting method gives the same.
				let order = |a: &(T, usize), b: &(T, usize)| {
					let by_value = if self.largest {
						b.0.rank(&a.0)
					} else {
						a.0.rank(&b.0)
					};
					by_value.then(a.1.cmp(&b.1))
				};
				if self.k < len {
					row.select_nth_unstable_by(self.k, order);
					row.truncate(self.k);
				}
				row.sort_unstable_by(order);
				for (k, (value, index)) in row.iter().enumerate() {
					let at = (block * self.k + k) * inner + column;
					values[at] = *value;
					indices[at] = *index as i64;
				}
			}
		}
		Ok(vec![
			from_slice(&self.shape, &values)?,
			from_slice(&self.shape, &indices)?,
		])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		tensor::slice,
		testing::{f32s, i64s, int, tensor, OpTest},
	};
	use proptest::prelude::*;

	fn chosen(largest: i64, k: i64, x: &[f32]) -> (Vec<f32>, Vec<i64>) {
		let outputs = OpTest::new("TopK")
			.attr(int("largest", largest))
			.input(f32s(&[x.len()], x))
			.constant(i64s(&[k]))
			.outputs(2)
			.ok();
		(
			slice(&outputs[0]).unwrap().to_vec(),
			slice(&outputs[1]).unwrap().to_vec(),
		)
	}

	#[test]
	fn ties_go_to_the_lower_index_and_nan_is_the_largest() {
		let x = [1.0, f32::NAN, 2.0, -0.0, 2.0, 0.0, f32::NAN];
		assert_eq!(chosen(1, 5, &x).1, [1, 6, 2, 4, 0]);
		assert_eq!(chosen(0, 6, &x).1, [3, 5, 0, 2, 4, 1]);
		assert!(chosen(1, 0, &x).1.is_empty());
	}

	#[test]
	fn any_axis_and_old_opsets() {
		let x = tensor(&[3, 2], &[1i32, 6, 3, 4, 5, 2]);
		let outputs = OpTest::new("TopK")
			.opset(9)
			.attr(int("axis", 0))
			.attr(int("k", 2))
			.input(x)
			.outputs(2)
			.ok();
		assert_eq!(slice::<i32>(&outputs[0]).unwrap(), [5, 6, 3, 4]);
		assert_eq!(slice::<i64>(&outputs[1]).unwrap(), [2, 0, 1, 1]);
	}

	#[test]
	fn k_beyond_the_axis_is_refused() {
		for k in [3, -1, i64::MAX] {
			let test = OpTest::new("TopK")
				.input(f32s(&[2], &[0.0; 2]))
				.constant(i64s(&[k]));
			assert!(matches!(
				test.outputs(2).refused(),
				OpError::BadAttribute { .. }
			));
		}
		let test = OpTest::new("TopK")
			.input(f32s(&[2], &[0.0; 2]))
			.input(i64s(&[1]))
			.outputs(2);
		assert!(matches!(test.refused(), OpError::NotConstant { .. }));
	}

	proptest! {
		#[test]
		fn any_values_are_sorted(bits in prop::collection::vec(any::<u32>(), 1..60), k in 0usize..60) {
			let x: Vec<f32> = bits.into_iter().map(f32::from_bits).collect();
			let k = k.min(x.len());
			let (values, indices) = chosen(1, k as i64, &x);
			// Against a stable sort of everything.
			let mut expected: Vec<usize> = (0..x.len()).collect();
			expected.sort_by(|a, b| match (x[*a].is_nan(), x[*b].is_nan()) {
				(false, false) => x[*b].partial_cmp(&x[*a]).unwrap(),
				(a, b) => b.cmp(&a),
			});
			let found: Vec<usize> = indices.iter().map(|i| *i as usize).collect();
			prop_assert_eq!(&found[..], &expected[..k]);
			for (value, index) in values.iter().zip(found) {
				prop_assert_eq!(value.to_bits(), x[index].to_bits());
			}
		}
	}
}

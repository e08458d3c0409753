//! Split: the input cut along an axis, in equal parts or in parts of given lengths. In opset 1 the axis
//! has no default, and the lengths may be an input of floats.

use super::{copy::View, shaped::views, Inputs, Lowered, NodeCtx};
use crate::error::OpError;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let first = node.opset < 2;
	if first && !node.attrs.has("axis") {
		return Err(crate::attrs::Attrs::missing("axis"));
	}
	let axis = x.axis("axis", node.attrs.int_or("axis", 0)?)?;
	let len = x.shape()[axis];
	let input = if first {
		inputs.constant_whole_numbers(1, "split")?
	} else {
		inputs.constant_ints(1, "split")?
	};
	let lengths = match (node.attrs.ints("split")?, input) {
		(Some(_), Some(_)) => {
			return Err(OpError::bad_attribute(
				"split",
				"given both as attribute and as input",
			));
		}
		(Some(lengths), None) => given(lengths, len, node)?,
		(None, Some(lengths)) => given(&lengths, len, node)?,
		(None, None) => equal(len, node)?,
	};
	let mut start = 0;
	let outputs = lengths
		.into_iter()
		.map(|length| {
			let mut view = View::of(x.shape());
			view.offset = start * view.strides[axis] as usize;
			view.shape[axis] = length;
			start += length;
			let shape = view.shape.clone();
			(view, shape)
		})
		.collect();
	Ok(views("Split", outputs))
}

fn given(lengths: &[i64], len: usize, node: &NodeCtx<'_>) -> Result<Vec<usize>, OpError> {
	let bad = |reason| Err(OpError::bad_attribute("split", reason));
	if node.attrs.has("num_outputs") {
		return bad("given together with num_outputs".to_string());
	}
	if lengths.len() != node.outputs.len() {
		return bad(format!(
			"{} lengths for {} outputs",
			lengths.len(),
			node.outputs.len()
		));
	}
	let sum = lengths.iter().try_fold(0usize, |sum, length| {
		sum.checked_add(usize::try_from(*length).ok()?)
	});
	if sum != Some(len) {
		return bad(format!(
			"{lengths:?} does not add up to the {len} elements of the axis"
		));
	}
	Ok(lengths.iter().map(|length| *length as usize).collect())
}

fn equal(len: usize, node: &NodeCtx<'_>) -> Result<Vec<usize>, OpError> {
	let parts = node.outputs.len();
	if let Some(wanted) = node.attrs.int("num_outputs")? {
		if wanted != parts as i64 {
			return Err(OpError::bad_attribute(
				"num_outputs",
				format!("is {wanted}, but the node has {parts} outputs"),
			));
		}
	}
	if node.opset < 18 && !len.is_multiple_of(parts) {
		return Err(OpError::mismatch(format!(
			"{len} elements do not split into {parts} equal parts"
		)));
	}
	// From opset 18 on the last part may be shorter.
	let length = len.div_ceil(parts);
	let mut left = len;
	Ok((0..parts)
		.map(|_| {
			let taken = length.min(left);
			left -= taken;
			taken
		})
		.collect())
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		tensor::slice,
		testing::{f32s, i64s, int, ints, tensor, OpTest},
	};

	fn parts(test: OpTest, count: usize) -> Vec<Vec<i32>> {
		let outputs = test
			.input(tensor(&[5], &[1i32, 2, 3, 4, 5]))
			.outputs(count)
			.ok();
		outputs
			.iter()
			.map(|output| slice(output).unwrap().to_vec())
			.collect()
	}

	#[test]
	fn equal_parts_and_a_shorter_last_one() {
		let test = OpTest::new("Split").opset(18).attr(int("num_outputs", 3));
		assert_eq!(parts(test, 3), [vec![1, 2], vec![3, 4], vec![5]]);
		let test = OpTest::new("Split").opset(18).attr(int("num_outputs", 4));
		assert_eq!(parts(test, 4), [vec![1, 2], vec![3, 4], vec![5], vec![]]);
	}

	#[test]
	fn given_parts_along_an_inner_axis() {
		let outputs = OpTest::new("Split")
			.attr(int("axis", 1))
			.input(tensor(&[2, 3], &[1i32, 2, 3, 4, 5, 6]))
			.constant(i64s(&[1, 2]))
			.outputs(2)
			.ok();
		assert_eq!(slice::<i32>(&outputs[0]).unwrap(), [1, 4]);
		assert_eq!(slice::<i32>(&outputs[1]).unwrap(), [2, 3, 5, 6]);
		let test = OpTest::new("Split").opset(11).attr(ints("split", &[0, 5]));
		assert_eq!(parts(test, 2), [vec![], vec![1, 2, 3, 4, 5]]);
	}

	#[test]
	fn the_first_opset_names_its_axis() {
		let test = || {
			OpTest::new("Split")
				.opset(1)
				.input(f32s(&[3], &[1.0, 2.0, 3.0]))
		};
		let outputs = test()
			.attr(int("axis", 0))
			.constant(f32s(&[2], &[1.0, 2.0]))
			.outputs(2)
			.ok();
		assert_eq!(slice::<f32>(&outputs[1]).unwrap(), [2.0, 3.0]);
		let error = test().attr(ints("split", &[1, 2])).outputs(2).refused();
		assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
		let error = test()
			.attr(int("axis", 0))
			.constant(f32s(&[2], &[1.5, 1.5]))
			.outputs(2)
			.refused();
		assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
		let old = test().opset(2).attr(ints("split", &[1, 2])).outputs(2).ok();
		assert_eq!(old[0].shape(), [1]);
	}

	#[test]
	fn what_does_not_fit_is_refused() {
		let test = || OpTest::new("Split").input(tensor(&[4], &[0i32; 4]));
		for lengths in [&[2, 1][..], &[5, -1], &[4], &[i64::MAX, i64::MAX]] {
			let error = test().constant(i64s(lengths)).outputs(2).refused();
			assert!(matches!(error, OpError::BadAttribute { .. }), "{lengths:?}");
		}
		assert!(matches!(
			test().outputs(3).refused(),
			OpError::ShapeMismatch { .. }
		));
	}
}

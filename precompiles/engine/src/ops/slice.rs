//! Slice: every `step`-th element of a range along each axis. Negative steps walk backwards, a
//! step of zero is refused; bounds beyond an axis are cut to it. All but the data are constants.

use super::{copy::View, shaped::viewed, Inputs, Lowered, NodeCtx};
use crate::{
	error::OpError,
	fact::{resolve_axes, Fact},
};

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let missing = crate::attrs::Attrs::missing;
	let (starts, ends, axes, steps) = if node.opset < 10 {
		if inputs.len() > 1 {
			return Err(OpError::WrongArity {
				reason: format!("opset {} has starts and ends as attributes", node.opset),
			});
		}
		let ints = |name| Ok::<_, OpError>(node.attrs.ints(name)?.map(<[i64]>::to_vec));
		(ints("starts")?, ints("ends")?, ints("axes")?, None)
	} else {
		for name in ["starts", "ends", "axes"] {
			if node.attrs.has(name) {
				return Err(OpError::bad_attribute(name, "is an input from opset 10 on"));
			}
		}
		(
			inputs.constant_ints(1, "starts")?,
			inputs.constant_ints(2, "ends")?,
			inputs.constant_ints(3, "axes")?,
			inputs.constant_ints(4, "steps")?,
		)
	};
	let starts = starts.ok_or_else(|| missing("starts"))?;
	let ends = ends.ok_or_else(|| missing("ends"))?;
	let axes = match axes {
		Some(axes) => resolve_axes("axes", &axes, x.rank())?,
		None => (0..starts.len().min(x.rank() + 1)).collect(),
	};
	let steps = steps.unwrap_or_else(|| vec![1; starts.len()]);
	if starts.len() != ends.len()
		|| starts.len() != axes.len()
		|| starts.len() != steps.len()
		|| axes.len() > x.rank()
	{
		return Err(OpError::mismatch(format!(
			"{} starts, {} ends, {} axes and {} steps for a tensor of rank {}",
			starts.len(),
			ends.len(),
			axes.len(),
			steps.len(),
			x.rank()
		)));
	}
	let view = ranges(x, &axes, &starts, &ends, &steps)?;
	let shape = view.shape.clone();
	Ok(viewed("Slice", view, shape))
}

fn ranges(
	x: &Fact,
	axes: &[usize],
	starts: &[i64],
	ends: &[i64],
	steps: &[i64],
) -> Result<View, OpError> {
	let mut view = View::of(x.shape());
	let mut offset = 0;
	for (((axis, start), end), step) in axes.iter().zip(starts).zip(ends).zip(steps) {
		if *step == 0 {
			return Err(OpError::bad_attribute(
				"steps",
				format!("the step of axis {axis} is 0"),
			));
		}
		let (first, count) = range(x.shape()[*axis], *start, *end, *step);
		if count > 0 {
			offset += first * view.strides[*axis] as usize;
		}
		view.shape[*axis] = count;
		// With one element or none the step is never taken, however large it is.
		view.strides[*axis] = if count > 1 {
			view.strides[*axis] * *step as isize
		} else {
			0
		};
	}
	view.offset = offset;
	Ok(view)
}

/// The first element of a range and how many there are.
fn range(len: usize, start: i64, end: i64, step: i64) -> (usize, usize) {
	let (len, step) = (len as i128, i128::from(step));
	if len == 0 {
		return (0, 0);
	}
	let from_back = |at: i64| {
		if at < 0 {
			i128::from(at) + len
		} else {
			i128::from(at)
		}
	};
	let (low, high) = if step > 0 { (0, len) } else { (-1, len - 1) };
	let start = from_back(start).clamp(low.max(0), high);
	let end = from_back(end).clamp(low, high);
	let distance = if step > 0 { end - start } else { start - end };
	if distance <= 0 {
		return (0, 0);
	}
	let step = step.abs();
	(start as usize, ((distance + step - 1) / step) as usize)
}

#[cfg(test)]
mod tests {
	use super::range;
	use crate::{
		error::OpError,
		testing::{i64s, ints, tensor, OpTest},
	};
	use proptest::prelude::*;

	fn matrix() -> tract_onnx::prelude::Tensor {
		tensor(&[2, 4], &[1i32, 2, 3, 4, 5, 6, 7, 8])
	}

	#[test]
	fn ranges_of_several_axes() {
		let test = OpTest::new("Slice")
			.input(matrix())
			.constant(i64s(&[1, 0]))
			.constant(i64s(&[2, 3]))
			.constant(i64s(&[0, 1]))
			.constant(i64s(&[1, 2]));
		assert_eq!(test.elements::<i32>(), (vec![1, 2], vec![5, 7]));
		let test = OpTest::new("Slice")
			.opset(9)
			.attr(ints("starts", &[0, 1]))
			.attr(ints("ends", &[-1, 1000]))
			.input(matrix());
		assert_eq!(test.elements::<i32>(), (vec![1, 3], vec![2, 3, 4]));
	}

	#[test]
	fn negative_steps_walk_backwards() {
		let sliced = |start, end, step| {
			OpTest::new("Slice")
				.input(tensor(&[5], &[0i32, 1, 2, 3, 4]))
				.constant(i64s(&[start]))
				.constant(i64s(&[end]))
				.omitted()
				.constant(i64s(&[step]))
				.elements::<i32>()
				.1
		};
		assert_eq!(sliced(-1, i64::MIN, -1), [4, 3, 2, 1, 0]);
		assert_eq!(sliced(3, 0, -2), [3, 1]);
		assert_eq!(sliced(100, -100, i64::MIN), [4]);
		assert_eq!(sliced(0, 5, i64::MAX), [0]);
		assert!(sliced(2, 4, -1).is_empty());
	}

	#[test]
	fn what_does_not_fit_is_refused() {
		let test = |starts: &[i64], axes: &[i64], steps: &[i64]| {
			OpTest::new("Slice")
				.input(matrix())
				.constant(i64s(starts))
				.constant(i64s(starts))
				.constant(i64s(axes))
				.constant(i64s(steps))
				.refused()
		};
		assert!(matches!(
			test(&[0], &[0], &[0]),
			OpError::BadAttribute { .. }
		));
		assert!(matches!(
			test(&[0], &[2], &[1]),
			OpError::BadAttribute { .. }
		));
		assert!(matches!(
			test(&[0, 0], &[0, 0], &[1, 1]),
			OpError::BadAttribute { .. }
		));
		assert!(matches!(
			test(&[0, 0], &[0], &[1]),
			OpError::ShapeMismatch { .. }
		));
		let test = OpTest::new("Slice")
			.input(matrix())
			.input(i64s(&[0]))
			.constant(i64s(&[1]));
		assert!(matches!(test.refused(), OpError::NotConstant { .. }));
	}

	proptest! {
		#[test]
		fn ranges_are_those_of_python(
			len in 0usize..8,
			start in prop_oneof![-10i64..10, any::<i64>()],
			end in prop_oneof![-10i64..10, any::<i64>()],
			step in prop_oneof![-4i64..5, any::<i64>()],
		) {
			prop_assume!(step != 0);
			let (first, count) = range(len, start, end, step);
			// By walking: the elements that the definition visits.
			let wide = len as i128;
			let back = |at: i64| if at < 0 { i128::from(at) + wide } else { i128::from(at) };
			let mut at = back(start);
			at = if step > 0 { at.max(0) } else { at.min(wide - 1) };
			let mut visited = vec![];
			let end = if step < 0 && back(end) < 0 { -1 } else { back(end) };
			while visited.len() <= len && (0..wide).contains(&at) && (if step > 0 { at < end } else { at > end }) {
				visited.push(at as usize);
				at += i128::from(step);
			}
			// A start before the first element clips to it when walking backwards.
			if !(step < 0 && back(start) < 0) {
				prop_assert_eq!(count, visited.len());
				if count > 0 {
					prop_assert_eq!(first, visited[0]);
				}
			}
			if count > 0 {
				let last = first as i128 + (count as i128 - 1) * i128::from(step);
				prop_assert!((0..wide).contains(&last));
			}
		}
	}
}

//! Broadcasting as opsets 1 to 6 had it, for arithmetic, comparisons and logic of two inputs.
//!
//! The inputs are of one shape, unless `broadcast` is 1. Then B may have one element; or its shape
//! is that of neighbouring axes of A, from `axis` on, the last ones by default. A dimension of 1 in it
//! stretches: ONNX says that this does not work yet, but has test cases of it, from PyTorch. A itself
//! never broadcasts.

use super::NodeCtx;
use crate::error::OpError;

/// The last opset that broadcasts this way.
pub(super) const LAST: i64 = 6;
/// The attributes that go with it.
pub(super) const ATTRIBUTES: &[(&str, i64)] = &[("axis", LAST), ("broadcast", LAST)];
/// The same of operators whose first version has `consumed_inputs` as well.
pub(super) const WITH_CONSUMED: &[(&str, i64)] =
	&[("axis", LAST), ("broadcast", LAST), ("consumed_inputs", 5)];

/// The shape in which `b` broadcasts to `a` as NumPy has it, with the elements of `b` in their order.
pub(super) fn aligned(node: &NodeCtx<'_>, a: &[usize], b: &[usize]) -> Result<Vec<usize>, OpError> {
	if !node.attrs.flag_or("broadcast", false)? {
		if a == b {
			return Ok(b.to_vec());
		}
		return Err(OpError::mismatch(format!(
			"A has shape {a:?} and B {b:?}, which opset {} allows with broadcast = 1 only",
			node.opset
		)));
	}
	let Some(room) = a.len().checked_sub(b.len()) else {
		return Err(OpError::mismatch(format!(
			"B of {b:?} has more axes than A of {a:?}"
		)));
	};
	if b.iter().all(|dim| *dim == 1) {
		return Ok(b.to_vec());
	}
	let axis = match node.attrs.int("axis")? {
		None => room,
		Some(axis) => usize::try_from(axis)
			.ok()
			.filter(|axis| *axis <= room)
			.ok_or_else(|| {
				OpError::bad_attribute(
					"axis",
					format!("is {axis}, where B of {b:?} does not lie within A of {a:?}"),
				)
			})?,
	};
	let fits = |(a, b): (&usize, &usize)| a == b || *b == 1;
	if !a[axis..].iter().zip(b).all(fits) {
		return Err(OpError::mismatch(format!(
			"B of {b:?} differs from the axes of A of {a:?} from axis {axis} on"
		)));
	}
	let mut shape = b.to_vec();
	shape.resize(a.len() - axis, 1);
	Ok(shape)
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, int, ints, tensor, OpTest},
	};

	fn add(a: &[usize], b: &[usize]) -> OpTest {
		let numbers = |shape: &[usize], step: f32| {
			let len = shape.iter().product();
			let data: Vec<f32> = (0..len).map(|i| i as f32 * step).collect();
			f32s(shape, &data)
		};
		OpTest::new("Add")
			.opset(6)
			.input(numbers(a, 1.0))
			.input(numbers(b, 100.0))
	}

	#[test]
	fn b_lies_on_the_last_axes_or_from_the_named_one_on() {
		let broadcast = |b: &[usize]| add(&[2, 3], b).attr(int("broadcast", 1));
		let (shape, y) = broadcast(&[3]).elements::<f32>();
		assert_eq!(shape, [2, 3]);
		assert_eq!(y, [0.0, 101.0, 202.0, 3.0, 104.0, 205.0]);
		let (shape, y) = broadcast(&[2]).attr(int("axis", 0)).elements::<f32>();
		assert_eq!(shape, [2, 3]);
		assert_eq!(y, [0.0, 1.0, 2.0, 103.0, 104.0, 105.0]);
		let (_, y) = broadcast(&[2, 3]).attr(int("axis", 0)).elements::<f32>();
		assert_eq!(y[5], 505.0);
		let (shape, y) = add(&[2, 2, 2], &[2])
			.attr(int("broadcast", 1))
			.attr(int("axis", 1))
			.elements::<f32>();
		assert_eq!(shape, [2, 2, 2]);
		assert_eq!(y, [0.0, 1.0, 102.0, 103.0, 4.0, 5.0, 106.0, 107.0]);
	}

	#[test]
	fn dimensions_of_one_stretch() {
		let broadcast = |b: &[usize]| add(&[2, 3], b).attr(int("broadcast", 1));
		let (shape, y) = broadcast(&[2, 1]).elements::<f32>();
		assert_eq!(shape, [2, 3]);
		assert_eq!(y, [0.0, 1.0, 2.0, 103.0, 104.0, 105.0]);
		let (_, y) = broadcast(&[1, 3]).attr(int("axis", 0)).elements::<f32>();
		assert_eq!(y, [0.0, 101.0, 202.0, 3.0, 104.0, 205.0]);
	}

	#[test]
	fn one_element_goes_everywhere() {
		for b in [&[][..], &[1], &[1, 1]] {
			let test = OpTest::new("Mul")
				.opset(1)
				.attr(int("broadcast", 1))
				.attr(ints("consumed_inputs", &[0, 0]))
				.input(f32s(&[2, 1], &[2.0, 3.0]))
				.constant(f32s(b, &[10.0]));
			assert_eq!(test.elements::<f32>(), (vec![2, 1], vec![20.0, 30.0]));
		}
	}

	#[test]
	fn comparisons_and_logic_broadcast_alike() {
		let (shape, y) = OpTest::new("Less")
			.opset(6)
			.attr(int("broadcast", 1))
			.attr(int("axis", 0))
			.input(f32s(&[2, 2], &[1.0, 2.0, 3.0, 4.0]))
			.input(f32s(&[2], &[2.0, 4.0]))
			.elements::<bool>();
		assert_eq!((shape, y), (vec![2, 2], vec![true, false, true, false]));
		let (_, y) = OpTest::new("And")
			.opset(1)
			.attr(int("broadcast", 1))
			.input(tensor(&[2, 2], &[true, true, false, true]))
			.input(tensor(&[2], &[true, false]))
			.elements::<bool>();
		assert_eq!(y, [true, false, false, false]);
	}

	#[test]
	fn nothing_broadcasts_unless_asked_for() {
		let error = add(&[2, 3], &[3]).refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }), "{error}");
		assert!(error.to_string().contains("broadcast = 1"));
		assert_eq!(add(&[2, 3], &[2, 3]).elements::<f32>().0, [2, 3]);
	}

	#[test]
	fn what_does_not_lie_in_a_is_refused() {
		let broadcast = |a: &[usize], b: &[usize]| add(a, b).attr(int("broadcast", 1));
		for test in [
			// A is not expanded.
			broadcast(&[3], &[2, 3]),
			broadcast(&[1, 3], &[2, 3]),
			broadcast(&[2, 3], &[1, 2]),
			broadcast(&[2, 3], &[2]),
		] {
			let error = test.refused();
			assert!(matches!(error, OpError::ShapeMismatch { .. }), "{error}");
		}
		for axis in [2, -1, i64::MAX, i64::MIN] {
			let error = broadcast(&[2, 3], &[3]).attr(int("axis", axis)).refused();
			assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
		}
	}

	#[test]
	fn later_opsets_do_not_have_the_attributes() {
		for name in ["broadcast", "axis"] {
			let error = add(&[3], &[3]).opset(7).attr(int(name, 1)).refused();
			assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
			assert!(error.to_string().contains("opset 6"), "{error}");
		}
		let error = add(&[3], &[3])
			.attr(ints("consumed_inputs", &[0, 0]))
			.refused();
		assert!(error.to_string().contains("opset 5"), "{error}");
	}
}

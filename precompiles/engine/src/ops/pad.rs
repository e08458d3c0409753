//! Pad: elements added before and behind each axis, or taken away where the count is negative.
//!
//! Negative counts cut first; then `constant` fills with a value (zero by default), `edge` repeats
//! the outermost elements, `reflect` mirrors about them, again and again where the pad is longer
//! than the axis, and `wrap` continues from the other end. The counts are constants; up to opset 10
//! an attribute, which in opset 1 is called `paddings` and holds none below zero.

use tract_onnx::prelude::{IntoArcTensor, TValue, TVec, Tensor};

use super::{
	copy::{build as fill, elements, with_size},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::{resolve_axes, Fact},
	kernel::{Cost, Kernel},
	tensor::{dtype, strides},
	DType,
};

/// What fills the added places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
	Constant,
	Edge,
	Reflect,
	Wrap,
}

/// What happens to one axis: `before` places, the input's `from..to`, then more places.
#[derive(Clone, Copy, Debug)]
struct Axis {
	before: usize,
	from: usize,
	to: usize,
	/// Length in the output.
	len: usize,
}

#[derive(Debug)]
struct Pad {
	mode: Mode,
	axes: Vec<Axis>,
	/// The value of the attribute of old opsets.
	value: f32,
	/// Whether the value is the second input of the kernel.
	has_value: bool,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let mode = match node.attrs.string_or("mode", "constant")? {
		"constant" => Mode::Constant,
		"edge" => Mode::Edge,
		"reflect" => Mode::Reflect,
		"wrap" => Mode::Wrap,
		other => {
			return Err(OpError::bad_attribute(
				"mode",
				format!("is '{other}', but must be constant, edge, reflect or wrap"),
			));
		}
	};
	let name = if node.opset < 2 { "paddings" } else { "pads" };
	let counts = if node.opset < 11 {
		node.attrs.ints(name)?.map(<[i64]>::to_vec)
	} else {
		inputs.constant_ints(1, "pads")?
	};
	let counts = counts.ok_or_else(|| crate::attrs::Attrs::missing(name))?;
	if node.opset < 2 && counts.iter().any(|count| *count < 0) {
		return Err(OpError::bad_attribute(
			name,
			"is below zero, which cuts from opset 2 on only",
		));
	}
	let named = match inputs.constant_ints(3, "axes")? {
		Some(axes) => resolve_axes("axes", &axes, x.rank())?,
		None => (0..x.rank()).collect(),
	};
	if counts.len() != 2 * named.len() {
		return Err(OpError::bad_attribute(
			"pads",
			format!("has {} entries for {} axes", counts.len(), named.len()),
		));
	}
	let mut axes: Vec<Axis> = x
		.shape()
		.iter()
		.map(|dim| Axis {
			before: 0,
			from: 0,
			to: *dim,
			len: *dim,
		})
		.collect();
	for (i, axis) in named.iter().enumerate() {
		axes[*axis] = padded(
			mode,
			*axis,
			x.shape()[*axis],
			counts[i],
			counts[i + named.len()],
		)?;
	}
	let used = match inputs.optional(2) {
		Some(value) => {
			value.expect_same_dtype("constant_value", x)?;
			if value.len() != 1 {
				return Err(OpError::bad_attribute(
					"constant_value",
					"must have one element",
				));
			}
			vec![0, 2]
		}
		None => vec![0],
	};
	let value = node.attrs.float_or("value", 0.0)?;
	if value != 0.0 {
		x.expect("the input, to be padded with a float,", &DType::FLOATS)?;
	}
	let kernel = Pad {
		mode,
		axes,
		value,
		has_value: used.len() == 2,
	};
	Ok(Lowered::step_of(kernel, used))
}

fn padded(mode: Mode, axis: usize, dim: usize, before: i64, behind: i64) -> Result<Axis, OpError> {
	let cut = |count: i64| {
		if count < 0 {
			count.unsigned_abs().min(dim as u64) as usize
		} else {
			0
		}
	};
	let (from, cut_behind) = (cut(before), cut(behind));
	let to = dim - cut_behind;
	if from > to || before < -(dim as i64) || behind < -(dim as i64) {
		return Err(OpError::bad_attribute(
			"pads",
			format!("take more than the {dim} elements of axis {axis}"),
		));
	}
	let (before, behind) = (before.max(0) as usize, behind.max(0) as usize);
	if from == to && (before > 0 || behind > 0) && mode != Mode::Constant {
		return Err(OpError::bad_attribute(
			"pads",
			format!("extend axis {axis}, which is empty: there is nothing to repeat"),
		));
	}
	let len = before
		.checked_add(to - from)
		.and_then(|len| len.checked_add(behind));
	let len = len.ok_or_else(|| OpError::ShapeOverflow {
		shape: vec![before, dim, behind],
	})?;
	Ok(Axis {
		before,
		from,
		to,
		len,
	})
}

impl Axis {
	/// Where in the input place `at` of the output comes from; `None` for the constant.
	fn source(&self, mode: Mode, at: usize) -> Option<usize> {
		let len = (self.to - self.from) as i64;
		let at = at as i64 - self.before as i64;
		let inside = match mode {
			_ if (0..len).contains(&at) => at,
			Mode::Constant => return None,
			Mode::Edge => at.clamp(0, len - 1),
			Mode::Wrap => at.rem_euclid(len),
			Mode::Reflect if len == 1 => 0,
			Mode::Reflect => {
				let period = 2 * (len - 1);
				let at = at.rem_euclid(period);
				at.min(period - at)
			}
		};
		Some(self.from + inside as usize)
	}
}

impl Kernel for Pad {
	fn name(&self) -> &'static str {
		"Pad"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let Some(x) = inputs.first() else {
			return Err(super::internal_arity(inputs));
		};
		let shape: Vec<usize> = self.axes.iter().map(|axis| axis.len).collect();
		Ok(vec![Fact::new(x.dtype(), shape)?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		// Each row of the output is put together by itself.
		let row = self.axes.last().map_or(1, |axis| axis.len).max(1);
		let rows = outputs[0].len() / row;
		Cost::touching(inputs, outputs)
			.with_scalars(outputs[0].len() as u64 * 2)
			.with_scalars((rows as u64).saturating_mul(24))
	}

	fn scratch_bytes(&self, _: &[Fact], _: &[Fact]) -> u64 {
		self.axes
			.iter()
			.fold(0, |bytes, axis| bytes + 16 * axis.len as u64)
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		let dtype = dtype(x)?;
		let value = if self.has_value {
			inputs[1].clone().into_arc_tensor()
		} else {
			match dtype {
				DType::F32 => crate::tensor::from_slice(&[], &[self.value])?,
				DType::F64 => crate::tensor::from_slice(&[], &[f64::from(self.value)])?,
				other => crate::tensor::zeros(other, &[])?,
			}
			.into()
		};
		let shape: Vec<usize> = self.axes.iter().map(|axis| axis.len).collect();
		let result = with_size!(dtype, N => fill::<N>(dtype, &shape, |target| {
			let value = elements::<N>(&value)[0];
			self.copy(elements::<N>(x), &strides(x.shape()), value, target);
		}))?;
		Ok(vec![result])
	}
}

impl Pad {
	fn copy<const N: usize>(
		&self,
		source: &[[u8; N]],
		strides: &[usize],
		value: [u8; N],
		target: &mut [[u8; N]],
	) {
		if target.is_empty() {
			return;
		}
		let Some((inner, outer)) = self.axes.split_last() else {
			target[0] = source[0];
			return;
		};
		let offsets = |axis: &Axis, stride: usize| -> Vec<Option<usize>> {
			(0..axis.len)
				.map(|at| axis.source(self.mode, at).map(|at| at * stride))
				.collect()
		};
		let maps: Vec<Vec<Option<usize>>> = outer
			.iter()
			.zip(strides)
			.map(|(axis, stride)| offsets(axis, *stride))
			.collect();
		let inner_map = offsets(inner, 1);
		let kept = inner.before..inner.before + (inner.to - inner.from);
		let mut index = vec![0usize; outer.len()];
		for row in target.chunks_exact_mut(inner.len) {
			let base = maps
				.iter()
				.zip(&index)
				.map(|(map, at)| map[*at])
				.sum::<Option<usize>>();
			match base {
				None => row.fill(value),
				Some(base) => {
					let middle = &source[base + inner.from..base + inner.to];
					row[kept.clone()].copy_from_slice(middle);
					for at in (0..kept.start).chain(kept.end..inner.len) {
						row[at] = inner_map[at].map_or(value, |from| source[base + from]);
					}
				}
			}
			for axis in (0..index.len()).rev() {
				index[axis] += 1;
				if index[axis] < outer[axis].len {
					break;
				}
				index[axis] = 0;
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::{padded, Mode};
	use crate::{
		error::OpError,
		testing::{f32s, float, i64s, ints, string, tensor, OpTest},
	};
	use proptest::prelude::*;

	fn row(mode: &str, pads: &[i64]) -> Vec<i32> {
		OpTest::new("Pad")
			.attr(string("mode", mode))
			.input(tensor(&[3], &[1i32, 2, 3]))
			.constant(i64s(pads))
			.elements::<i32>()
			.1
	}

	#[test]
	fn every_mode() {
		assert_eq!(row("constant", &[1, 2]), [0, 1, 2, 3, 0, 0]);
		assert_eq!(row("edge", &[1, 2]), [1, 1, 2, 3, 3, 3]);
		assert_eq!(row("reflect", &[2, 2]), [3, 2, 1, 2, 3, 2, 1]);
		assert_eq!(row("reflect", &[5, 0]), [2, 1, 2, 3, 2, 1, 2, 3]);
		assert_eq!(row("wrap", &[4, 1]), [3, 1, 2, 3, 1, 2, 3, 1]);
		assert_eq!(row("constant", &[-1, 1]), [2, 3, 0]);
		assert_eq!(row("edge", &[1, -2]), [1, 1]);
	}

	#[test]
	fn two_axes_named_axes_and_a_value() {
		let x = || f32s(&[2, 1], &[1.0, 2.0]);
		let test = OpTest::new("Pad")
			.input(x())
			.constant(i64s(&[1, 0, 0, 1]))
			.input(f32s(&[], &[9.0]));
		assert_eq!(
			test.elements::<f32>(),
			(vec![3, 2], vec![9.0, 9.0, 1.0, 9.0, 2.0, 9.0])
		);
		let test = OpTest::new("Pad")
			.opset(18)
			.input(x())
			.constant(i64s(&[1, 0]))
			.omitted()
			.constant(i64s(&[-1]));
		assert_eq!(
			test.elements::<f32>(),
			(vec![2, 2], vec![0.0, 1.0, 0.0, 2.0])
		);
		let test = OpTest::new("Pad")
			.opset(10)
			.attr(ints("pads", &[0, 0, 1, 0]))
			.attr(float("value", 0.5))
			.input(x());
		assert_eq!(test.elements::<f32>(), (vec![3, 1], vec![1.0, 2.0, 0.5]));
	}

	#[test]
	fn the_first_opset_has_another_name_and_cuts_nothing() {
		let test = |opset, name: &str, counts: &[i64]| {
			OpTest::new("Pad")
				.opset(opset)
				.attr(ints(name, counts))
				.input(f32s(&[2, 1], &[1.0, 2.0]))
		};
		let (shape, y) = test(1, "paddings", &[0, 0, 1, 0]).elements::<f32>();
		assert_eq!((shape, y), (vec![3, 1], vec![1.0, 2.0, 0.0]));
		let (shape, y) = test(2, "pads", &[-1, 0, 0, 0]).elements::<f32>();
		assert_eq!((shape, y), (vec![1, 1], vec![2.0]));
		for error in [
			test(1, "paddings", &[-1, 0, 0, 0]).refused(),
			test(1, "pads", &[0, 0, 1, 0]).refused(),
			test(2, "paddings", &[0, 0, 1, 0]).refused(),
		] {
			assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
		}
	}

	#[test]
	fn absurd_pads_are_refused() {
		let refused = |mode: &str, pads: &[i64]| {
			OpTest::new("Pad")
				.attr(string("mode", mode))
				.input(tensor(&[3], &[1i32, 2, 3]))
				.constant(i64s(pads))
				.refused()
		};
		assert!(matches!(
			refused("constant", &[1]),
			OpError::BadAttribute { .. }
		));
		assert!(matches!(
			refused("constant", &[-2, -2]),
			OpError::BadAttribute { .. }
		));
		assert!(matches!(
			refused("constant", &[-4, 9]),
			OpError::BadAttribute { .. }
		));
		assert!(matches!(
			refused("edge", &[-3, 1]),
			OpError::BadAttribute { .. }
		));
		assert!(matches!(
			refused("constant", &[1 << 40, 0]),
			OpError::TensorTooLarge { .. }
		));
		assert!(matches!(
			refused("wrap", &[i64::MAX, i64::MAX]),
			OpError::ShapeOverflow { .. } | OpError::TensorTooLarge { .. }
		));
		assert!(matches!(
			refused("mirror", &[0, 0]),
			OpError::BadAttribute { .. }
		));
	}

	proptest! {
		#[test]
		fn any_pads_are_refused_or_point_inside(
			dim in 0usize..5,
			before in prop_oneof![-6i64..9, any::<i64>()],
			behind in prop_oneof![-6i64..9, any::<i64>()],
		) {
			for mode in [Mode::Constant, Mode::Edge, Mode::Reflect, Mode::Wrap] {
				if let Ok(axis) = padded(mode, 0, dim, before, behind) {
					for at in 0..axis.len.min(100) {
						if let Some(from) = axis.source(mode, at) {
							prop_assert!(from < dim);
						}
					}
				}
			}
		}
	}
}

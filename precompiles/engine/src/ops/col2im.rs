//! Col2Im: the columns of sliding windows added up to an image.
//!
//! Each output element starts at +0 and takes in what the windows hold for it, for ascending positions
//! of the kernel, row-major. Integers wrap around.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	product::{with_product, DTYPES},
	window::{Window, AXES},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	attrs::Attrs,
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	linalg::Scalar,
	tensor::{build as build_tensor, dtype, slice},
};

/// Attributes.
pub(super) const ATTRIBUTES: &[&str] = &["dilations", "pads", "strides"];

#[derive(Debug)]
struct Col2Im {
	window: Window,
	/// Shape of the output.
	shape: Vec<usize>,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	x.expect("input", &DTYPES)?;
	x.expect_rank("input", 3..=3)?;
	let dims = |index: usize, name: &'static str| {
		let dims = inputs
			.constant_ints(index, name)?
			.ok_or_else(|| Attrs::missing(name))?;
		super::expand::dimensions(name, &dims)
	};
	let (image, block) = (dims(1, "image_shape")?, dims(2, "block_shape")?);
	if image.len() != block.len() || !(1..=AXES).contains(&image.len()) {
		return Err(OpError::bad_attribute(
			"block_shape",
			"must have as many entries as image_shape, at most three",
		));
	}
	let positions = block
		.iter()
		.try_fold(1usize, |positions, dim| positions.checked_mul(*dim))
		.filter(|positions| *positions > 0 && x.shape()[1] % positions == 0)
		.ok_or_else(|| {
			OpError::mismatch(format!(
				"input of {:?} does not hold blocks of {block:?}",
				x.shape()
			))
		})?;
	let mut shape = vec![x.shape()[0], x.shape()[1] / positions];
	shape.extend(&image);
	let fact = Fact::new(x.dtype(), shape)?;
	let window = Window::new(node, &fact, &block, false)?;
	if window.output_len_all() != x.shape()[2] {
		return Err(OpError::mismatch(format!(
			"input of {:?} has {} blocks, but the image {}",
			x.shape(),
			x.shape()[2],
			window.output_len_all()
		)));
	}
	Ok(Lowered::step_of(
		Col2Im {
			window,
			shape: fact.shape().to_vec(),
		},
		[0],
	))
}

impl Col2Im {
	fn run<T: Scalar>(&self, x: &Tensor) -> Result<Tensor, EvalError> {
		let source = slice::<T>(x)?;
		let (blocks, plane) = (self.window.output_len_all(), self.window.input_len_all());
		let of_channel = self.window.kernel_len() as usize * blocks;
		build_tensor::<T>(&self.shape, |y| {
			if y.is_empty() {
				return;
			}
			let channels = source.chunks_exact(of_channel);
			for (x, y) in channels.zip(y.chunks_exact_mut(plane)) {
				let mut columns = x.chunks_exact(blocks);
				self.window.for_each_tap(|tap| {
					let Some(column) = columns.next() else { return };
					self.window
						.for_each_pair_back(tap, y, column, |y, x| *y = y.plus(x));
				});
			}
		})
	}
}

impl Kernel for Col2Im {
	fn name(&self) -> &'static str {
		"Col2Im"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		Ok(vec![Fact::new(x.dtype(), self.shape.clone())?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let planes = self.shape[0] as u64 * self.shape[1] as u64;
		Cost::touching(inputs, outputs)
			.with_macs((inputs[0].len() as u64).saturating_mul(6))
			.with_macs(self.window.run_macs(planes))
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		let y = with_product!(dtype(x)?, T => self.run::<T>(x)?);
		Ok(vec![y])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, i64s, ints, OpTest},
	};

	#[test]
	fn overlapping_windows_add_up() {
		let x = || f32s(&[1, 2, 3], &[1.0, 2.0, 3.0, 10.0, 20.0, 30.0]);
		let test = |image: &[i64], block: &[i64]| {
			OpTest::new("Col2Im")
				.input(x())
				.constant(i64s(image))
				.constant(i64s(block))
		};
		let (shape, y) = test(&[4], &[2]).elements::<f32>();
		assert_eq!((shape, y), (vec![1, 1, 4], vec![1.0, 12.0, 23.0, 30.0]));
		let (_, y) = test(&[2], &[2])
			.attr(ints("pads", &[1, 1]))
			.elements::<f32>();
		assert_eq!(y, [12.0, 23.0]);
		for (image, block) in [(&[5][..], &[2][..]), (&[4], &[3]), (&[2, 2], &[2])] {
			let error = test(image, block).refused();
			assert!(!matches!(error, OpError::Unsupported { .. }), "{error}");
		}
	}
}

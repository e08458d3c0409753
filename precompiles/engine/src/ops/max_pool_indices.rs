//! MaxPool with its second output: where in the input each largest element lies.
//!
//! The values are those of [`super::max_pool`]. The index is that of the first NaN in the window, else
//! of the first of its largest elements, -0 equal to +0, in row-major order. It counts the elements of
//! the whole input in row-major order, or with `storage_order` = 1 those of each channel in
//! column-major order, channel after channel.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{window::Window, Lowered};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel, Layout},
	select::Select,
	tensor::{slice, slice_mut, zeros},
	DType,
};

#[derive(Debug)]
struct MaxPoolIndices {
	window: Window,
	/// Whether the first spatial axis is the fastest.
	column_major: bool,
}

/// Lowers a MaxPool of `x` that wants both outputs.
pub(super) fn lower(window: Window, x: &Fact, column_major: bool) -> Result<Lowered, OpError> {
	// Bounds the loop below.
	Fact::new(
		DType::I64,
		super::pool::output_shape(&window, x.shape(), Layout::Given),
	)?;
	let empty = |axis: usize| (0..window.output[axis]).any(|at| window.taps(axis, at).is_empty());
	if (0..window.output.len()).any(empty) {
		return Err(OpError::unsupported(
			"the output Indices where a window lies in the padding only: make pads smaller than the \
			 kernel",
		));
	}
	let kernel = MaxPoolIndices {
		window,
		column_major,
	};
	Ok(Lowered::step_of(kernel, [0]))
}

impl MaxPoolIndices {
	/// The index, within its channel, of an element at this place of the input.
	fn index(&self, place: usize) -> usize {
		if !self.column_major {
			return place;
		}
		let [depth, height, width] = self.window.input;
		let (d, h, w) = (
			place / (height * width),
			place / width % height,
			place % width,
		);
		(w * height + h) * depth + d
	}

	fn run<T: Select + Datum>(&self, x: &Tensor) -> Result<Vec<Tensor>, EvalError> {
		let shape = super::pool::output_shape(&self.window, x.shape(), Layout::Given);
		let mut values = zeros(crate::tensor::dtype(x)?, &shape)?;
		let mut indices = zeros(DType::I64, &shape)?;
		let (in_len, out_len) = (self.window.input_len_all(), self.window.output_len_all());
		if in_len > 0 && out_len > 0 {
			let planes = slice::<T>(x)?
				.chunks_exact(in_len)
				.zip(slice_mut::<T>(&mut values)?.chunks_exact_mut(out_len))
				.zip(slice_mut::<i64>(&mut indices)?.chunks_exact_mut(out_len));
			for (plane, ((x, y), found)) in planes.enumerate() {
				self.window.for_each_output(|position, inside| {
					let mut best = None;
					y[position] = T::LOWEST;
					for at in inside {
						y[position] = y[position].larger(x[*at]);
						if best.is_none_or(|best: usize| replaces(x[best], x[*at])) {
							best = Some(*at);
						}
					}
					found[position] = (plane * in_len + best.map_or(0, |at| self.index(at))) as i64;
				});
			}
		}
		Ok(vec![values, indices])
	}
}

/// Whether a later element takes the place of the best so far.
fn replaces<T: Select>(best: T, x: T) -> bool {
	!best.is_nan() && (x > best || x.is_nan())
}

impl Kernel for MaxPoolIndices {
	fn name(&self) -> &'static str {
		"MaxPool"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		x.expect("X", super::max_pool::DTYPES)?;
		let shape = super::pool::output_shape(&self.window, x.shape(), Layout::Given);
		Ok(vec![
			Fact::new(x.dtype(), shape.clone())?,
			Fact::new(DType::I64, shape)?,
		])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		// One element after the other, with branches that no processor foresees.
		let elements = (outputs[0].len() as u64).saturating_mul(self.window.kernel_len());
		let planes = outputs[0].shape()[0] as u64 * outputs[0].shape()[1] as u64;
		Cost::touching(inputs, outputs)
			.with_scalars(elements.saturating_mul(4))
			.with_macs(self.window.listing_macs().saturating_mul(planes))
	}

	fn scratch_bytes(&self, _: &[Fact], _: &[Fact]) -> u64 {
		super::pool::scratch(&self.window, Layout::ChannelsLast)
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		match crate::tensor::dtype(x)? {
			DType::F32 => self.run::<f32>(x),
			DType::F64 => self.run::<f64>(x),
			DType::I8 => self.run::<i8>(x),
			DType::U8 => self.run::<u8>(x),
			other => Err(EvalError::unexpected_dtype(other)),
		}
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		tensor::slice,
		testing::{f32s, int, ints, OpTest},
	};

	fn test(kernel: &[i64]) -> OpTest {
		OpTest::new("MaxPool")
			.attr(ints("kernel_shape", kernel))
			.outputs(2)
	}

	fn indices(test: OpTest) -> Vec<i64> {
		slice::<i64>(&test.ok()[1]).unwrap().to_vec()
	}

	#[test]
	fn indices_count_the_whole_input() {
		let x: Vec<f32> = (0..12).map(|i| (i * 7 % 12) as f32).collect();
		let test = |order| {
			test(&[2, 2])
				.attr(int("storage_order", order))
				.input(f32s(&[2, 1, 2, 3], &x))
		};
		let outputs = test(0).ok();
		assert_eq!(outputs[1].shape(), [2, 1, 1, 2]);
		// 0 7 2 / 9 4 11, and 6 1 8 / 3 10 5.
		assert_eq!(slice::<f32>(&outputs[0]).unwrap(), [9.0, 11.0, 10.0, 10.0]);
		assert_eq!(indices(test(0)), [3, 5, 10, 10]);
		assert_eq!(indices(test(1)), [1, 5, 9, 9]);
	}

	#[test]
	fn the_first_of_equals_and_the_first_nan() {
		let row = |x: &[f32]| indices(test(&[3]).input(f32s(&[1, 1, 3], x)));
		assert_eq!(row(&[1.0, 2.0, 2.0]), [1]);
		assert_eq!(row(&[-0.0, 0.0, -1.0]), [0]);
		assert_eq!(row(&[f32::INFINITY, f32::NAN, f32::NAN]), [1]);
		assert_eq!(row(&[f32::NEG_INFINITY; 3]), [0]);
	}

	#[test]
	fn the_padding_has_no_index() {
		let padded = |pads: &[i64]| {
			test(&[2])
				.attr(ints("pads", pads))
				.input(f32s(&[1, 1, 2], &[5.0, 4.0]))
		};
		assert_eq!(indices(padded(&[1, 1])), [0, 0, 1]);
		let error = padded(&[2, 0]).refused();
		assert!(matches!(error, OpError::Unsupported { .. }), "{error}");
	}
}

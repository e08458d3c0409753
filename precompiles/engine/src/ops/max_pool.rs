//! MaxPool: the largest element of each window; a NaN in it wins, and +0 is larger than -0.
//!
//! Elements in the padding take no part. With the second output, Indices, a node is
//! [`super::max_pool_indices`]'s.

use std::sync::Arc;

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	max_pool_indices,
	window::{self, Window},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{ChannelsLast, Cost, Kernel, Layout},
	select::Select,
	simd::vectorized,
	tensor::{slice, slice_mut},
	DType,
};

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = &[
	"auto_pad",
	"ceil_mode",
	"dilations",
	"kernel_shape",
	"pads",
	"storage_order",
	"strides",
];

/// Element types of the input.
pub(super) const DTYPES: &[DType] = &[DType::F32, DType::F64, DType::I8, DType::U8];

#[derive(Debug)]
struct MaxPool {
	window: Window,
	layout: Layout,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let kernel = window::kernel_shape(&node.attrs, window::spatial_rank(x)?)?;
	// Only matters for indices.
	let column_major = node.attrs.flag_or("storage_order", false)?;
	let ceil = node.attrs.flag_or("ceil_mode", false)?;
	let window = Window::new(node, x, &kernel, ceil)?;
	if node.wants(1) {
		if node.opset < 8 {
			return Err(OpError::WrongArity {
				reason: "the output Indices came with opset 8".into(),
			});
		}
		return max_pool_indices::lower(window, x, column_major);
	}
	let layout = Layout::Given;
	Ok(Lowered::step(MaxPool { window, layout }, inputs))
}

impl MaxPool {
	fn run<T: Select + tract_onnx::prelude::Datum>(
		&self,
		x: &Tensor,
		y: &mut Tensor,
	) -> Result<(), EvalError> {
		let (input, output) = (slice::<T>(x)?, slice_mut::<T>(y)?);
		let (in_len, out_len) = (self.window.input_len_all(), self.window.output_len_all());
		if in_len == 0 || out_len == 0 {
			output.fill(T::LOWEST);
			return Ok(());
		}
		if self.layout == Layout::ChannelsLast {
			let channels = super::pool::channels(x.shape(), self.layout);
			vectorized(
				#[inline(always)]
				|| {
					super::pool::channels_last(
						&self.window,
						channels,
						(input, output),
						T::LOWEST,
						#[inline(always)]
						|y, x| {
							for (y, x) in y.iter_mut().zip(x) {
								*y = y.larger(*x);
							}
						},
						|_, _| {},
					);
				},
			);
			return Ok(());
		}
		vectorized(
			#[inline(always)]
			|| {
				for (x, y) in input
					.chunks_exact(in_len)
					.zip(output.chunks_exact_mut(out_len))
				{
					y.fill(T::LOWEST);
					self.window.for_each_tap(|tap| {
						self.window.for_each_pair(
							tap,
							y,
							x,
							#[inline(always)]
							|y, x| *y = y.larger(x),
						);
					});
				}
			},
		);
		Ok(())
	}
}

impl Kernel for MaxPool {
	fn name(&self) -> &'static str {
		"MaxPool"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		x.expect("X", DTYPES)?;
		let shape = super::pool::output_shape(&self.window, x.shape(), self.layout);
		Ok(vec![Fact::new(x.dtype(), shape)?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		super::pool::cost(&self.window, self.layout, inputs, outputs)
	}

	fn scratch_bytes(&self, _: &[Fact], _: &[Fact]) -> u64 {
		super::pool::scratch(&self.window, self.layout)
	}

	fn channels_last(&self, _: &[Fact]) -> Option<ChannelsLast> {
		let kernel = Self {
			window: self.window.clone(),
			layout: Layout::ChannelsLast,
		};
		Some(ChannelsLast {
			kernel: Some(Arc::new(kernel)),
			..ChannelsLast::elementwise(1)
		})
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		let dtype = crate::tensor::dtype(x)?;
		let mut y = super::pool::output(&self.window, x, dtype, self.layout)?;
		match dtype {
			DType::F32 => self.run::<f32>(x, &mut y),
			DType::F64 => self.run::<f64>(x, &mut y),
			DType::I8 => self.run::<i8>(x, &mut y),
			DType::U8 => self.run::<u8>(x, &mut y),
			other => Err(EvalError::unexpected_dtype(other)),
		}?;
		Ok(vec![y])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, int, ints, tensor, OpTest},
	};

	fn test(kernel: &[i64]) -> OpTest {
		OpTest::new("MaxPool").attr(ints("kernel_shape", kernel))
	}

	#[test]
	fn windows_move_by_strides() {
		let x: Vec<f32> = (0..16).map(|x| x as f32).collect();
		let (shape, y) = test(&[2, 2])
			.attr(ints("strides", &[2, 2]))
			.input(f32s(&[1, 1, 4, 4], &x))
			.elements::<f32>();
		assert_eq!((shape, y), (vec![1, 1, 2, 2], vec![5.0, 7.0, 13.0, 15.0]));
	}

	#[test]
	fn the_padding_takes_no_part() {
		let (_, y) = test(&[3])
			.attr(ints("pads", &[1, 1]))
			.input(f32s(&[1, 1, 3], &[-3.0, -2.0, -1.0]))
			.elements::<f32>();
		assert_eq!(y, [-2.0, -1.0, -1.0]);
		let (_, y) = test(&[2])
			.input(tensor(&[1, 1, 3], &[-3i8, -2, -7]))
			.elements::<i8>();
		assert_eq!(y, [-2, -2]);
	}

	#[test]
	fn rounding_up_keeps_windows_that_begin_inside() {
		let x = || f32s(&[1, 1, 5], &[1.0, 2.0, 3.0, 4.0, 5.0]);
		let pool = |k: i64, s: i64| {
			test(&[k])
				.attr(ints("strides", &[s]))
				.attr(int("ceil_mode", 1))
				.input(x())
		};
		assert_eq!(pool(2, 2).elements::<f32>().1, [2.0, 4.0, 5.0]);
		// A third window would begin beyond the end.
		assert_eq!(pool(1, 3).elements::<f32>().1, [1.0, 4.0]);
	}

	#[test]
	fn dilated_windows() {
		let (_, y) = test(&[2])
			.attr(ints("dilations", &[2]))
			.input(f32s(&[1, 1, 4], &[9.0, 1.0, 2.0, 3.0]))
			.elements::<f32>();
		assert_eq!(y, [9.0, 3.0]);
	}

	#[test]
	fn nan_wins_and_plus_zero_is_larger() {
		let (_, y) = test(&[2])
			.attr(ints("strides", &[2]))
			.input(f32s(&[1, 1, 4], &[f32::NAN, f32::INFINITY, 0.0, -0.0]))
			.elements::<f32>();
		assert_eq!([y[0].to_bits(), y[1].to_bits()], [0x7fc0_0000, 0]);
	}

	#[test]
	fn impossible_windows_are_refused() {
		let x = || f32s(&[1, 1, 4], &[0.0; 4]);
		for (kernel, attribute) in [
			(0, ints("strides", &[1])),
			(1 << 40, ints("strides", &[1])),
			(2, ints("strides", &[0])),
			(2, ints("pads", &[1])),
			(2, ints("pads", &[1, 1 << 40])),
		] {
			let error = test(&[kernel]).attr(attribute).input(x()).refused();
			assert!(matches!(error, OpError::BadAttribute { .. }), "{error:?}");
		}
		let error = test(&[7]).input(x()).refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
		let error = test(&[2]).opset(7).input(x()).outputs(2).refused();
		assert!(matches!(error, OpError::WrongArity { .. }));
		assert!(matches!(
			OpTest::new("MaxPool").input(x()).refused(),
			OpError::BadAttribute { .. }
		));
	}
}

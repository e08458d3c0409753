//! RoiAlign: the mean, or the largest, of samples in each bin of regions of images.
//!
//! In binary64, rounded once. A region is `rois · spatial_scale`, less 0.5 with `half_pixel`, else at
//! least 1 wide and high; a bin is its size divided by the output's. A bin has `sampling_ratio` samples
//! along an axis, or, for 0, the ceiling of its size; sample i lies at
//! `start + bin · size + (i + 0.5) · size / samples`. A sample more than 1 outside the image is zero;
//! else its place is cut to the image, and the four neighbours, weighed by `(1 - fy)(1 - fx)`,
//! `(1 - fy) fx`, `fy (1 - fx)`, `fy fx`, are summed in this order (`max`: the largest product counts).
//! Samples are taken in row-major order.
//!
//! A batch index outside the images is a deterministic failure, and so is, for `sampling_ratio` 0, a
//! bin of more samples than a region of twice the image's size would have.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	error::{DomainError, EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	math::Float,
	select::Select,
	tensor::{build as build_tensor, dtype, slice},
	DType,
};

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = &[
	"coordinate_transformation_mode",
	"mode",
	"output_height",
	"output_width",
	"sampling_ratio",
	"spatial_scale",
];

const NAME: &str = "RoiAlign";

#[derive(Debug)]
struct RoiAlign {
	mean: bool,
	half_pixel: bool,
	/// Bins, height before width.
	bins: [usize; 2],
	/// Samples of a bin along an axis, or zero.
	samples: usize,
	scale: f64,
	images: usize,
	channels: usize,
	image: [usize; 2],
	rois: usize,
}

/// A sample: four places and their weights; nothing outside the image.
type Sample = Option<([usize; 4], [f64; 4])>;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (x, rois, batch) = (
		inputs.required(0)?,
		inputs.required(1)?,
		inputs.required(2)?,
	);
	x.expect("X", &DType::FLOATS)?;
	rois.expect_same_dtype("rois", x)?;
	batch.expect("batch_indices", &[DType::I64])?;
	let ([images, channels, height, width], [count, 4], [entries]) =
		(x.shape(), rois.shape(), batch.shape())
	else {
		return Err(OpError::mismatch(format!(
			"X, rois and batch_indices of {:?}, {:?} and {:?} do not fit",
			x.shape(),
			rois.shape(),
			batch.shape()
		)));
	};
	if count != entries || *height == 0 || *width == 0 {
		return Err(OpError::mismatch(
			"one batch index is needed for each region, and images",
		));
	}
	let size = |name: &'static str, least: i64, default: i64| {
		let value = node.attrs.int_or(name, default)?;
		usize::try_from(value)
			.ok()
			.filter(|_| (least..=1 << 16).contains(&value))
			.ok_or_else(|| OpError::bad_attribute(name, format!("{value} is impossible")))
	};
	let mean = match node.attrs.string_or("mode", "avg")? {
		"avg" => true,
		"max" => false,
		_ => return Err(OpError::bad_attribute("mode", "is none of avg, max")),
	};
	let default = if node.opset < 16 {
		"output_half_pixel"
	} else {
		"half_pixel"
	};
	let half_pixel = match node
		.attrs
		.string_or("coordinate_transformation_mode", default)?
	{
		"half_pixel" => true,
		"output_half_pixel" => false,
		_ => {
			return Err(OpError::bad_attribute(
				"coordinate_transformation_mode",
				"is none of half_pixel, output_half_pixel",
			))
		}
	};
	Ok(Lowered::step(
		RoiAlign {
			mean,
			half_pixel,
			bins: [size("output_height", 1, 1)?, size("output_width", 1, 1)?],
			samples: size("sampling_ratio", 0, 0)?,
			scale: f64::from(node.attrs.float_or("spatial_scale", 1.0)?),
			images: *images,
			channels: *channels,
			image: [*height, *width],
			rois: *count,
		},
		inputs,
	))
}

impl RoiAlign {
	/// The most samples of a bin along an axis.
	fn most_samples(&self, axis: usize) -> usize {
		match self.samples {
			0 => (2 * self.image[axis]).div_ceil(self.bins[axis]) + 1,
			samples => samples,
		}
	}

	/// Start, bin size and samples along an axis of a region.
	fn extent(&self, axis: usize, begin: f64, end: f64) -> Result<(f64, f64, usize), DomainError> {
		let offset = if self.half_pixel { 0.5 } else { 0.0 };
		let (begin, end) = (begin * self.scale - offset, end * self.scale - offset);
		let span = end - begin;
		let span = if self.half_pixel || span > 1.0 {
			span
		} else {
			1.0
		};
		let bin = span / self.bins[axis] as f64;
		if self.samples > 0 {
			return Ok((begin, bin, self.samples));
		}
		// A negative size, or none, has no samples.
		let samples = Float::ceil(bin);
		let most = self.most_samples(axis);
		if samples > most as f64 {
			return Err(DomainError::InvalidValue {
				op: NAME,
				reason: format!("a bin of {bin} elements on an axis of {}", self.image[axis]),
			});
		}
		Ok((begin, bin, samples as usize))
	}

	/// The neighbours of a place along an axis, and the fraction; `None` outside.
	fn neighbours(&self, axis: usize, place: f64) -> Option<(usize, usize, f64)> {
		let len = self.image[axis];
		// Also refuses NaN.
		if !(-1.0..=len as f64).contains(&place) {
			return None;
		}
		let place = if place > 0.0 { place } else { 0.0 };
		let low = place as usize;
		if low >= len - 1 {
			return Some((len - 1, len - 1, 0.0));
		}
		Some((low, low + 1, place - low as f64))
	}

	/// The samples of a region, bin after bin, and how many a bin has.
	fn samples(&self, roi: [f64; 4]) -> Result<(Vec<Sample>, usize), DomainError> {
		let (y, height, rows) = self.extent(0, roi[1], roi[3])?;
		let (x, width, columns) = self.extent(1, roi[0], roi[2])?;
		let mut samples = Vec::with_capacity(self.bins[0] * self.bins[1] * rows * columns);
		for bin_y in 0..self.bins[0] {
			for bin_x in 0..self.bins[1] {
				for row in 0..rows {
					let place =
						y + bin_y as f64 * height + (row as f64 + 0.5) * height / rows as f64;
					let vertical = self.neighbours(0, place);
					for column in 0..columns {
						let place = x
							+ bin_x as f64 * width
							+ (column as f64 + 0.5) * width / columns as f64;
						let horizontal = self.neighbours(1, place);
						samples.push(vertical.zip(horizontal).map(
							|((top, bottom, fy), (left, right, fx))| {
								let at = |row: usize, column: usize| row * self.image[1] + column;
								let (gy, gx) = (1.0 - fy, 1.0 - fx);
								(
									[
										at(top, left),
										at(top, right),
										at(bottom, left),
										at(bottom, right),
									],
									[gy * gx, gy * fx, fy * gx, fy * fx],
								)
							},
						));
					}
				}
			}
		}
		Ok((samples, rows * columns))
	}

	fn pool<T: Float>(&self, plane: &[T], samples: &[Sample]) -> f64 {
		let mut result = None;
		for sample in samples {
			let products = sample.map(|(places, weights)| {
				[0, 1, 2, 3].map(|i| weights[i] * plane[places[i]].to_f64())
			});
			let value = match products {
				None => 0.0,
				Some([a, b, c, d]) if self.mean => a + b + c + d,
				Some([a, b, c, d]) => a.larger(b).larger(c).larger(d),
			};
			result = Some(match result {
				None => value,
				Some(result) if self.mean => result + value,
				Some(result) => Select::larger(result, value),
			});
		}
		match result {
			None => 0.0,
			Some(sum) if self.mean => sum / samples.len() as f64,
			Some(largest) => largest,
		}
	}

	fn run<T: Float + Datum>(&self, inputs: &[TValue]) -> Result<Tensor, EvalError> {
		let (x, rois, batch) = (
			slice::<T>(&inputs[0])?,
			slice::<T>(&inputs[1])?,
			slice::<i64>(&inputs[2])?,
		);
		let plane = self.image[0] * self.image[1];
		let bins = self.bins[0] * self.bins[1];
		let mut pooled = Vec::with_capacity(self.rois * self.channels * bins);
		for (roi, image) in rois.as_chunks::<4>().0.iter().zip(batch) {
			let image = super::index::position(NAME, *image, self.images)?;
			let (samples, of_bin) = self.samples(roi.map(Float::to_f64))?;
			for channel in 0..self.channels {
				let plane = &x[(image * self.channels + channel) * plane..][..plane];
				for bin in 0..bins {
					let samples = &samples[bin * of_bin..][..of_bin];
					pooled.push(T::from_f64(self.pool(plane, samples)));
				}
			}
		}
		build_tensor::<T>(&self.shape(), |y| y.copy_from_slice(&pooled))
	}

	fn shape(&self) -> [usize; 4] {
		[self.rois, self.channels, self.bins[0], self.bins[1]]
	}

	/// The most samples of a region.
	fn samples_of_region(&self) -> u64 {
		[
			self.most_samples(0),
			self.most_samples(1),
			self.bins[0],
			self.bins[1],
		]
		.into_iter()
		.fold(1u64, |samples, factor| {
			samples.saturating_mul(factor as u64)
		})
	}
}

impl Kernel for RoiAlign {
	fn name(&self) -> &'static str {
		NAME
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let x = inputs
			.first()
			.ok_or_else(|| super::internal_arity(inputs))?;
		Ok(vec![Fact::new(x.dtype(), self.shape())?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let samples = self.samples_of_region().saturating_mul(self.rois as u64);
		// Where it lies, then in each channel four elements from anywhere, converted, and a sum that
		// waits for the one before.
		let of_sample = 640 + 192 * self.channels as u64;
		Cost::touching(inputs, outputs)
			.with_macs(samples.saturating_mul(of_sample))
			.with_scalars((outputs[0].len() as u64).saturating_mul(4))
	}

	fn scratch_bytes(&self, _: &[Fact], outputs: &[Fact]) -> u64 {
		self.samples_of_region()
			.saturating_mul(size_of::<Sample>() as u64)
			.saturating_add(outputs[0].bytes())
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let dtype = dtype(&inputs[0])?;
		Ok(vec![
			crate::with_float!(dtype, T => self.run::<T>(&inputs))?,
		])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::DomainError,
		testing::{f32s, i64s, int, string, OpTest},
	};
	use proptest::prelude::*;

	fn test(roi: [f32; 4], image: i64) -> OpTest {
		let x: Vec<f32> = (0..16).map(|i| i as f32).collect();
		OpTest::new("RoiAlign")
			.attr(int("output_height", 2))
			.attr(int("output_width", 2))
			.input(f32s(&[1, 1, 4, 4], &x))
			.input(f32s(&[1, 4], &roi))
			.input(i64s(&[image]))
	}

	#[test]
	fn bins_average_or_take_the_largest() {
		let whole = [0.0, 0.0, 4.0, 4.0];
		let (shape, y) = test(whole, 0).elements::<f32>();
		assert_eq!((shape, y), (vec![1, 1, 2, 2], vec![2.5, 4.5, 10.5, 12.5]));
		let (_, y) = test(whole, 0).attr(string("mode", "max")).elements::<f32>();
		assert_eq!(y, [5.0, 7.0, 13.0, 15.0]);
		let (_, y) = test(whole, 0)
			.attr(int("sampling_ratio", 1))
			.elements::<f32>();
		assert_eq!(y, [2.5, 4.5, 10.5, 12.5]);
	}

	#[test]
	fn images_and_sizes_out_of_range_fail() {
		assert!(matches!(
			test([0.0; 4], 1).fails(),
			DomainError::IndexOutOfRange { .. }
		));
		assert!(matches!(
			test([0.0, 0.0, 1e30, 1.0], 0).fails(),
			DomainError::InvalidValue { .. }
		));
	}

	proptest! {
		#[test]
		fn any_region_has_a_result_or_fails(bits: [u32; 4], ratio in 0i64..3) {
			let result = test(bits.map(f32::from_bits), 0).attr(int("sampling_ratio", ratio)).run();
			let failed = matches!(
				&result,
				Err(crate::testing::Failure::Failed(crate::error::EvalError::Domain(_)))
			);
			prop_assert!(result.is_ok() || failed);
		}
	}
}

//! Resize and Upsample: other lengths of some axes, by the nearest element or by linear or cubic
//! interpolation. Scales or sizes are constants.
//!
//! The place x of an output index i on the input's axis is computed in binary64, from the length n,
//! the new length m and the scale s (a given one, or m / n):
//!
//! | `coordinate_transformation_mode` | x |
//! |---|---|
//! | `half_pixel` | (i + 0.5) / s - 0.5 |
//! | `half_pixel_symmetric` | n/2 · (1 - m / (s n)) + (i + 0.5) / s - 0.5 |
//! | `pytorch_half_pixel` | as `half_pixel`, but 0 where m is 1 |
//! | `align_corners` | i (n - 1) / (m - 1), 0 where m is 1 |
//! | `asymmetric` | i / s |
//! | `tf_crop_and_resize` | b (n - 1) + i (e - b) (n - 1) / (m - 1), b and e the axis' `roi`; the middle of both where m is 1 |
//!
//! `nearest` takes the element at x rounded by `nearest_mode` and cut to the axis. `linear` cuts x to
//! [0, n - 1] and then goes over the axes from the first to the last: with f the fraction of x,
//! rounded to the element type, a result is `low (1 - f) + high f`, in this order of operations.
//! `cubic`, and whatever else has weights of its own, is [`super::resize_weights`]'s.

use tract_onnx::prelude::{Datum, IntoTensor, TValue, TVec, Tensor};

use super::{
	copy::{build as fill, elements, with_size},
	resize_weights::{weigh, Filter, Shape as FilterShape, Weights},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::{resolve_axes, Fact},
	kernel::{one_by_one, Cost, Kernel},
	math::Float,
	simd::vectorized,
	tensor::{dtype, slice},
	DType,
};

/// Attributes of all versions of Resize.
pub(super) const ATTRIBUTES: &[&str] = &[
	"antialias",
	"axes",
	"coordinate_transformation_mode",
	"cubic_coeff_a",
	"exclude_outside",
	"extrapolation_value",
	"keep_aspect_ratio_policy",
	"mode",
	"nearest_mode",
];

/// Bytes of a [`Source`] in the memory that is accounted for: a constant of the profile.
const SOURCE_BYTES: usize = 24;
const _: () = assert!(size_of::<Source>() <= SOURCE_BYTES);

/// What an output element comes from along one axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Source {
	/// The element, or the lower of two.
	pub(super) low: usize,
	/// The upper of two.
	high: usize,
	/// The upper one's share.
	fraction: f64,
}

#[derive(Debug)]
struct Resize {
	name: &'static str,
	method: Method,
	coordinates: Coordinates,
	rounding: Rounding,
	/// The axes whose length, or whose elements, change.
	axes: Vec<Target>,
	/// Shape of the output.
	shape: Vec<usize>,
}

/// How elements are made of their neighbours.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Method {
	Nearest,
	Linear,
	/// By weights; and what stands for places outside a region, if there is one.
	Weighted(Filter, f32),
}

/// How an output index becomes a place on the input's axis.
#[derive(Clone, Copy, Debug)]
enum Coordinates {
	HalfPixel,
	HalfPixelSymmetric,
	PytorchHalfPixel,
	AlignCorners,
	Asymmetric,
	TfCropAndResize,
}

/// How a place becomes an index.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rounding {
	PreferFloor,
	PreferCeil,
	Floor,
	Ceil,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let old = node.opset < 11;
	let coordinates = match node.attrs.string_or(
		"coordinate_transformation_mode",
		if old { "asymmetric" } else { "half_pixel" },
	)? {
		"half_pixel" => Coordinates::HalfPixel,
		"half_pixel_symmetric" => Coordinates::HalfPixelSymmetric,
		"pytorch_half_pixel" => Coordinates::PytorchHalfPixel,
		"align_corners" => Coordinates::AlignCorners,
		"asymmetric" => Coordinates::Asymmetric,
		"tf_crop_and_resize" => Coordinates::TfCropAndResize,
		other => {
			return Err(OpError::unsupported(format!(
				"coordinate_transformation_mode '{other}' is not supported"
			)));
		}
	};
	let rounding = match node.attrs.string_or(
		"nearest_mode",
		if old { "floor" } else { "round_prefer_floor" },
	)? {
		"round_prefer_floor" => Rounding::PreferFloor,
		"round_prefer_ceil" => Rounding::PreferCeil,
		"floor" => Rounding::Floor,
		"ceil" => Rounding::Ceil,
		other => {
			return Err(OpError::unsupported(format!(
				"nearest_mode '{other}' is unknown"
			)))
		}
	};
	let axes = match node.attrs.ints("axes")? {
		Some(axes) => resolve_axes("axes", axes, x.rank())?,
		None => (0..x.rank()).collect(),
	};
	let (scales, sizes) = if old {
		(1, None)
	} else {
		(2, inputs.constant_ints(3, "sizes")?)
	};
	let scales = constant_floats(inputs, scales, "scales")?;
	let mut targets = match (scales, sizes) {
		(Some(scales), None) => by_scale(x, &axes, &scales)?,
		(None, Some(sizes)) => by_size(node, x, &axes, &sizes)?,
		_ => {
			return Err(OpError::bad_attribute(
				"scales",
				"give scales, or sizes, and not both",
			))
		}
	};
	let cropped = matches!(coordinates, Coordinates::TfCropAndResize);
	if cropped {
		let roi = constant_floats(inputs, 1, "roi")?.unwrap_or_default();
		if roi.len() != 2 * axes.len() {
			return Err(OpError::bad_attribute(
				"roi",
				format!("has {} entries for {} axes", roi.len(), axes.len()),
			));
		}
		let (begins, ends) = roi.split_at(axes.len());
		for (target, roi) in targets.iter_mut().zip(begins.iter().zip(ends)) {
			target.roi = (f64::from(*roi.0), f64::from(*roi.1));
		}
	}
	let method = method(node, cropped, rounding)?;
	lower("Resize", x, targets, method, coordinates, rounding)
}

/// How a node's `mode` and what refines it make an element.
fn method(node: &NodeCtx<'_>, cropped: bool, rounding: Rounding) -> Result<Method, OpError> {
	let antialias = node.attrs.flag_or("antialias", false)?;
	let exclude_outside = node.attrs.flag_or("exclude_outside", false)?;
	let shape = match node.attrs.string_or("mode", "nearest")? {
		"nearest" if antialias => {
			return Err(OpError::bad_attribute(
				"antialias",
				"has no meaning for nearest",
			))
		}
		"nearest" if !cropped => return Ok(Method::Nearest),
		"nearest" => FilterShape::Nearest(rounding),
		"linear" if !(antialias || exclude_outside || cropped) => return Ok(Method::Linear),
		"linear" => FilterShape::Linear,
		"cubic" => FilterShape::Cubic(f64::from(node.attrs.float_or("cubic_coeff_a", -0.75)?)),
		_ => {
			return Err(OpError::bad_attribute(
				"mode",
				"is none of nearest, linear, cubic",
			))
		}
	};
	let filter = Filter {
		shape,
		antialias,
		exclude_outside,
		cropped,
	};
	Ok(Method::Weighted(
		filter,
		node.attrs.float_or("extrapolation_value", 0.0)?,
	))
}

/// Lowers an Upsample, which is a Resize of opset 10.
///
/// Up to opset 6 it has a scale for each of two axes of an image.
pub(super) fn upsample(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let method = if is_linear(node)? {
		Method::Linear
	} else {
		Method::Nearest
	};
	let attribute = if node.opset < 7 {
		x.expect_rank("X", 4..=4)?;
		let scale = |name: &'static str| {
			let scale = node.attrs.float(name)?;
			scale.ok_or_else(|| crate::attrs::Attrs::missing(name))
		};
		let (height, width) = (scale("height_scale")?, scale("width_scale")?);
		Some(vec![1.0, 1.0, height, width])
	} else {
		node.attrs.floats("scales")?.map(<[f32]>::to_vec)
	};
	let scales = match (attribute, constant_floats(inputs, 1, "scales")?) {
		(Some(scales), None) | (None, Some(scales)) => scales,
		_ => return Err(OpError::bad_attribute("scales", "must be given, and once")),
	};
	let axes: Vec<usize> = (0..x.rank()).collect();
	let targets = by_scale(x, &axes, &scales)?;
	lower(
		"Upsample",
		x,
		targets,
		method,
		Coordinates::Asymmetric,
		Rounding::Floor,
	)
}

fn is_linear(node: &NodeCtx<'_>) -> Result<bool, OpError> {
	match node.attrs.string_or("mode", "nearest")? {
		"nearest" => Ok(false),
		"linear" | "bilinear" => Ok(true),
		other => Err(OpError::unsupported(format!(
			"mode '{other}' is not supported: use nearest or linear"
		))),
	}
}

/// The elements of a constant list of binary32; `None` if it is omitted or empty.
fn constant_floats(
	inputs: Inputs<'_>,
	index: usize,
	name: &'static str,
) -> Result<Option<Vec<f32>>, OpError> {
	let Some(tensor) = inputs.constant(index, name)? else {
		return Ok(None);
	};
	let data = slice::<f32>(tensor).map_err(|_| OpError::UnsupportedDType {
		reason: format!(
			"input '{name}' is {:?}, but must be f32",
			tensor.datum_type()
		),
	})?;
	Ok(if data.is_empty() {
		None
	} else {
		Some(data.to_vec())
	})
}

/// The new length of an axis and its scale.
#[derive(Clone, Copy, Debug)]
struct Target {
	axis: usize,
	len: usize,
	scale: f64,
	/// The region of the axis that is resized, in units of its length.
	roi: (f64, f64),
}

/// A whole axis.
const WHOLE: (f64, f64) = (0.0, 1.0);

fn by_scale(x: &Fact, axes: &[usize], scales: &[f32]) -> Result<Vec<Target>, OpError> {
	if scales.len() != axes.len() {
		return Err(OpError::bad_attribute(
			"scales",
			format!("has {} entries for {} axes", scales.len(), axes.len()),
		));
	}
	axes.iter()
		.zip(scales)
		.map(|(axis, scale)| {
			// Also refuses NaN.
			if !(*scale > 0.0 && *scale < f32::INFINITY) {
				return Err(OpError::bad_attribute(
					"scales",
					format!("has the entry {scale}"),
				));
			}
			// What is too large saturates and is refused by its bytes.
			let len = (x.shape()[*axis] as f32 * scale).floor() as usize;
			Ok(Target {
				axis: *axis,
				len,
				scale: f64::from(*scale),
				roi: WHOLE,
			})
		})
		.collect()
}

fn by_size(
	node: &NodeCtx<'_>,
	x: &Fact,
	axes: &[usize],
	sizes: &[i64],
) -> Result<Vec<Target>, OpError> {
	if sizes.len() != axes.len() {
		return Err(OpError::bad_attribute(
			"sizes",
			format!("has {} entries for {} axes", sizes.len(), axes.len()),
		));
	}
	let sizes = super::expand::dimensions("sizes", sizes)?;
	let ratio = |axis: usize, size: usize| size as f64 / x.shape()[axis] as f64;
	let ratios = axes
		.iter()
		.zip(&sizes)
		.map(|(axis, size)| ratio(*axis, *size));
	let common = match node
		.attrs
		.string_or("keep_aspect_ratio_policy", "stretch")?
	{
		"stretch" => None,
		"not_larger" => ratios.reduce(|a, b| if b < a { b } else { a }),
		"not_smaller" => ratios.reduce(|a, b| if b > a { b } else { a }),
		other => {
			return Err(OpError::bad_attribute(
				"keep_aspect_ratio_policy",
				format!("is '{other}', but must be stretch, not_larger or not_smaller"),
			));
		}
	};
	Ok(axes
		.iter()
		.zip(sizes)
		.map(|(axis, size)| match common {
			None => Target {
				axis: *axis,
				len: size,
				scale: ratio(*axis, size),
				roi: WHOLE,
			},
			Some(scale) => {
				let len = (x.shape()[*axis] as f64 * scale + 0.5).floor() as usize;
				Target {
					axis: *axis,
					len,
					scale,
					roi: WHOLE,
				}
			}
		})
		.collect())
}

fn lower(
	name: &'static str,
	x: &Fact,
	targets: Vec<Target>,
	method: Method,
	coordinates: Coordinates,
	rounding: Rounding,
) -> Result<Lowered, OpError> {
	if method != Method::Nearest {
		x.expect("X, to be interpolated,", &DType::FLOATS)?;
	}
	let mut shape = x.shape().to_vec();
	for target in &targets {
		shape[target.axis] = target.len;
	}
	let fact = Fact::new(x.dtype(), shape)?;
	if x.is_empty() && !fact.is_empty() {
		return Err(OpError::mismatch(
			"an empty tensor has nothing to be resized from",
		));
	}
	let axes = targets
		.into_iter()
		.filter(|target| {
			(target.len, target.scale, target.roi) != (x.shape()[target.axis], 1.0, WHOLE)
		})
		.collect();
	let shape = fact.shape().to_vec();
	Ok(Lowered::step_of(
		Resize {
			name,
			method,
			coordinates,
			rounding,
			axes,
			shape,
		},
		[0],
	))
}

impl Coordinates {
	fn place(self, i: f64, len: f64, target: Target) -> f64 {
		let (new_len, scale) = (target.len as f64, target.scale);
		match self {
			Self::HalfPixel => (i + 0.5) / scale - 0.5,
			Self::HalfPixelSymmetric => {
				let offset = len / 2.0 * (1.0 - new_len / (scale * len));
				offset + (i + 0.5) / scale - 0.5
			}
			Self::PytorchHalfPixel if target.len == 1 => 0.0,
			Self::PytorchHalfPixel => (i + 0.5) / scale - 0.5,
			Self::AlignCorners if target.len == 1 => 0.0,
			Self::AlignCorners => i * (len - 1.0) / (new_len - 1.0),
			Self::Asymmetric => i / scale,
			Self::TfCropAndResize => {
				let ((begin, end), last) = (target.roi, len - 1.0);
				let inside = if target.len == 1 {
					(end - begin) * last / 2.0
				} else {
					i * (end - begin) * last / (new_len - 1.0)
				};
				inside + begin * last
			}
		}
	}
}

impl Rounding {
	pub(super) fn source(self, place: f64, len: usize) -> Source {
		let rounded = match self {
			Self::PreferFloor => (place - 0.5).ceil(),
			Self::PreferCeil => (place + 0.5).floor(),
			Self::Floor => place.floor(),
			Self::Ceil => place.ceil(),
		};
		// The conversion cuts below zero.
		let low = (rounded as usize).min(len - 1);
		Source {
			low,
			high: low,
			fraction: 0.0,
		}
	}
}

fn between(place: f64, len: usize) -> Source {
	let last = (len - 1) as f64;
	let place = if place > last { last } else { place };
	let place = if place > 0.0 { place } else { 0.0 };
	let low = place as usize;
	Source {
		low,
		high: (low + 1).min(len - 1),
		fraction: place - low as f64,
	}
}

impl Kernel for Resize {
	fn name(&self) -> &'static str {
		self.name
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		Ok(vec![Fact::new(x.dtype(), self.shape.clone())?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let passes = self.axes.len() as u64;
		let largest = self.largest(inputs[0].shape());
		let mut cost = Cost::touching(inputs, outputs).with_scalars(largest.saturating_mul(passes));
		cost.macs = cost
			.macs
			.saturating_add(self.weighted_macs(inputs[0].shape()));
		let bytes = largest.saturating_mul(2 * passes * inputs[0].dtype().size() as u64);
		cost.bytes = cost.bytes.saturating_add(bytes);
		cost
	}

	fn subnormals(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		// Rows may be short.
		let products = match self.method {
			Method::Nearest => 0,
			Method::Linear => self
				.largest(inputs[0].shape())
				.saturating_mul(2 * self.axes.len() as u64),
			Method::Weighted(..) => self.weighted_macs(inputs[0].shape()) / 16,
		};
		one_by_one(inputs[0].dtype(), products)
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		let tables = self
			.axes
			.iter()
			.map(|axis| axis.len * SOURCE_BYTES)
			.max()
			.unwrap_or(0);
		let weights = self.largest_table();
		self.largest(inputs[0].shape())
			.saturating_mul(2 * inputs[0].dtype().size() as u64)
			.saturating_add((tables as u64).max(weights))
	}

	fn eval(&self, mut inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let mut x = inputs.remove(0).into_tensor();
		if self.shape.contains(&0) {
			return Ok(vec![crate::tensor::zeros(dtype(&x)?, &self.shape)?]);
		}
		for target in &self.axes {
			if let Method::Weighted(filter, outside) = self.method {
				let weights = self.weights(filter, *target, x.shape()[target.axis]);
				x = match dtype(&x)? {
					DType::F64 => weigh::<f64>(&x, target.axis, &weights, f64::from(outside))?,
					_ => weigh::<f32>(&x, target.axis, &weights, outside)?,
				};
				continue;
			}
			let axis = Axis {
				axis: target.axis,
				sources: self.sources(*target, x.shape()),
			};
			x = match (dtype(&x)?, self.method == Method::Linear) {
				(DType::F32, true) => interpolate::<f32>(&x, &axis)?,
				(DType::F64, true) => interpolate::<f64>(&x, &axis)?,
				_ => pick(&x, &axis)?,
			};
		}
		Ok(vec![x])
	}
}

/// Where the elements along an axis come from.
#[derive(Debug)]
struct Axis {
	axis: usize,
	sources: Vec<Source>,
}

impl Resize {
	fn sources(&self, target: Target, shape: &[usize]) -> Vec<Source> {
		let len = shape[target.axis];
		(0..target.len)
			.map(|i| {
				let place = self.coordinates.place(i as f64, len as f64, target);
				if self.method == Method::Linear {
					between(place, len)
				} else {
					self.rounding.source(place, len)
				}
			})
			.collect()
	}

	fn weights(&self, filter: Filter, target: Target, len: usize) -> Weights {
		let places = (0..target.len)
			.map(|i| self.coordinates.place(i as f64, len as f64, target))
			.collect();
		filter.weights(places, len, target.scale)
	}

	/// Products of all passes that weigh.
	fn weighted_macs(&self, from: &[usize]) -> u64 {
		let Method::Weighted(filter, _) = self.method else {
			return 0;
		};
		let mut shape = from.to_vec();
		let mut macs = 0u64;
		for axis in &self.axes {
			shape[axis.axis] = axis.len;
			let elements = shape
				.iter()
				.fold(1u64, |len, dim| len.saturating_mul(*dim as u64));
			// The table's entries cost some operations each as well.
			let table = (axis.len as u64).saturating_mul(16);
			let products = elements.saturating_mul(16).saturating_add(table);
			macs = macs.saturating_add(products.saturating_mul(filter.taps(axis.scale)));
		}
		macs
	}

	/// Bytes of the largest table of weights.
	fn largest_table(&self) -> u64 {
		let Method::Weighted(filter, _) = self.method else {
			return 0;
		};
		let bytes = |axis: &Target| {
			let entries = filter.taps(axis.scale).saturating_add(2);
			(axis.len as u64).saturating_mul(entries).saturating_mul(16)
		};
		self.axes.iter().map(bytes).max().unwrap_or(0)
	}

	/// Elements of the largest tensor on the way, the input included. It may be far larger than
	/// input and output.
	fn largest(&self, from: &[usize]) -> u64 {
		let len = |shape: &[usize]| {
			shape
				.iter()
				.fold(1u64, |len, dim| len.saturating_mul(*dim as u64))
		};
		let mut shape = from.to_vec();
		let mut largest = len(&shape);
		for axis in &self.axes {
			shape[axis.axis] = axis.len;
			largest = largest.max(len(&shape));
		}
		largest
	}
}

/// The shape with another length of an axis, and the extents of that axis and behind it.
fn extents(x: &Tensor, axis: &Axis) -> (Vec<usize>, usize, usize) {
	let mut shape = x.shape().to_vec();
	let (len, inner) = (shape[axis.axis], shape[axis.axis + 1..].iter().product());
	shape[axis.axis] = axis.sources.len();
	(shape, len, inner)
}

fn pick(x: &Tensor, axis: &Axis) -> Result<Tensor, EvalError> {
	let (shape, len, inner) = extents(x, axis);
	let dtype = dtype(x)?;
	with_size!(dtype, N => fill::<N>(dtype, &shape, |target| {
		let blocks = elements::<N>(x).chunks_exact(len * inner);
		let targets = target.chunks_exact_mut(axis.sources.len() * inner);
		for (block, target) in blocks.zip(targets) {
			for (row, source) in target.chunks_exact_mut(inner).zip(&axis.sources) {
				row.copy_from_slice(&block[source.low * inner..][..inner]);
			}
		}
	}))
}

fn interpolate<T: Float + Datum>(x: &Tensor, axis: &Axis) -> Result<Tensor, EvalError> {
	let (shape, len, inner) = extents(x, axis);
	let source = slice::<T>(x)?;
	crate::tensor::build::<T>(&shape, |target| {
		vectorized(
			#[inline(always)]
			|| {
				let blocks = source.chunks_exact(len * inner);
				let targets = target.chunks_exact_mut(axis.sources.len() * inner);
				for (block, target) in blocks.zip(targets) {
					for (row, source) in target.chunks_exact_mut(inner).zip(&axis.sources) {
						let share = T::from_f64(source.fraction);
						let rest = T::ONE - share;
						let low = &block[source.low * inner..][..inner];
						let high = &block[source.high * inner..][..inner];
						for ((y, low), high) in row.iter_mut().zip(low).zip(high) {
							*y = *low * rest + *high * share;
						}
					}
				}
			},
		);
	})
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, float, i64s, int, string, tensor, OpTest},
	};
	use proptest::prelude::*;

	fn scaled(mode: &str, coordinates: &str, x: &[f32], scale: f32) -> Vec<f32> {
		OpTest::new("Resize")
			.attr(string("mode", mode))
			.attr(string("coordinate_transformation_mode", coordinates))
			.input(f32s(&[1, x.len()], x))
			.omitted()
			.constant(f32s(&[2], &[1.0, scale]))
			.elements::<f32>()
			.1
	}

	#[test]
	fn linear_in_every_coordinate_system() {
		let x = [0.0, 4.0];
		assert_eq!(
			scaled("linear", "half_pixel", &x, 2.0),
			[0.0, 1.0, 3.0, 4.0]
		);
		assert_eq!(
			scaled("linear", "asymmetric", &x, 2.0),
			[0.0, 2.0, 4.0, 4.0]
		);
		assert_eq!(
			scaled("linear", "align_corners", &[0.0, 3.0], 2.0),
			[0.0, 1.0, 2.0, 3.0]
		);
		assert_eq!(scaled("linear", "pytorch_half_pixel", &x, 0.5), [0.0]);
		assert_eq!(scaled("linear", "half_pixel", &x, 0.5), [2.0]);
	}

	#[test]
	fn cubic_passes_through_its_points_and_may_leave_out_what_is_outside() {
		let x = [1.0, 2.0, 4.0, 8.0];
		assert_eq!(scaled("cubic", "align_corners", &x, 1.75), {
			// Every other place is a point of the input.
			let y = scaled("cubic", "align_corners", &x, 1.75);
			assert_eq!([y[0], y[2], y[4], y[6]], x);
			y
		});
		let excluding = OpTest::new("Resize")
			.attr(string("mode", "cubic"))
			.attr(int("exclude_outside", 1))
			.input(f32s(&[2], &[3.0, 3.0]))
			.omitted()
			.constant(f32s(&[1], &[2.0]));
		for y in excluding.elements::<f32>().1 {
			assert!((y - 3.0).abs() < 1e-6);
		}
	}

	#[test]
	fn antialiasing_averages_what_it_drops() {
		let (_, y) = OpTest::new("Resize")
			.attr(string("mode", "linear"))
			.attr(int("antialias", 1))
			.input(f32s(&[4], &[0.0, 4.0, 0.0, 4.0]))
			.omitted()
			.constant(f32s(&[1], &[0.5]))
			.elements::<f32>();
		// Weights 1, 3, 3, 1 of eight, the outermost cut to the edge.
		assert_eq!(y, [1.5, 2.5]);
	}

	#[test]
	fn regions_are_cropped_and_extrapolated() {
		let test = |mode: &str| {
			OpTest::new("Resize")
				.attr(string("mode", mode))
				.attr(string(
					"coordinate_transformation_mode",
					"tf_crop_and_resize",
				))
				.attr(float("extrapolation_value", 9.0))
				.input(f32s(&[3], &[0.0, 2.0, 4.0]))
				.constant(f32s(&[2], &[0.25, 1.25]))
				.omitted()
				.constant(i64s(&[3]))
				.elements::<f32>()
				.1
		};
		assert_eq!(test("linear"), [1.0, 3.0, 9.0]);
		assert_eq!(test("nearest"), [0.0, 2.0, 9.0]);
	}

	#[test]
	fn nearest_repeats_and_drops() {
		let x = [1.0, 2.0, 3.0, 4.0];
		assert_eq!(scaled("nearest", "asymmetric", &x, 0.5), [1.0, 3.0]);
		assert_eq!(
			scaled("nearest", "half_pixel", &x, 2.0),
			[1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0]
		);
		let upsample = OpTest::new("Upsample")
			.opset(9)
			.input(tensor(&[1, 2], &[1u8, 2]))
			.constant(f32s(&[2], &[2.0, 1.5]));
		assert_eq!(
			upsample.elements::<u8>(),
			(vec![2, 3], vec![1, 1, 2, 1, 1, 2])
		);
	}

	#[test]
	fn the_first_opsets_scale_height_and_width() {
		let test = |opset| {
			OpTest::new("Upsample")
				.opset(opset)
				.attr(float("height_scale", 1.0))
				.attr(float("width_scale", 2.0))
		};
		let x = f32s(&[1, 1, 2, 2], &[1.0, 2.0, 3.0, 4.0]);
		let (shape, y) = test(6).input(x.clone()).elements::<f32>();
		assert_eq!(shape, [1, 1, 2, 4]);
		assert_eq!(y, [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0]);
		let error = test(6).input(f32s(&[2, 2], &[0.0; 4])).refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }), "{error}");
		let error = test(7).input(x.clone()).refused();
		assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
		let missing = OpTest::new("Upsample").opset(6).input(x);
		assert!(matches!(missing.refused(), OpError::BadAttribute { .. }));
	}

	#[test]
	fn sizes_and_two_axes() {
		let test = OpTest::new("Resize")
			.attr(string("mode", "linear"))
			.input(f32s(&[1, 1, 2, 2], &[1.0, 2.0, 3.0, 4.0]))
			.omitted()
			.omitted()
			.constant(i64s(&[1, 1, 1, 1]));
		assert_eq!(test.elements::<f32>(), (vec![1, 1, 1, 1], vec![2.5]));
	}

	#[test]
	fn what_does_not_fit_is_refused() {
		let refused = |scale: f32| {
			OpTest::new("Resize")
				.input(f32s(&[2], &[0.0; 2]))
				.omitted()
				.constant(f32s(&[1], &[scale]))
				.refused()
		};
		for scale in [0.0, -1.0, f32::NAN, f32::INFINITY] {
			assert!(matches!(refused(scale), OpError::BadAttribute { .. }));
		}
		assert!(matches!(refused(1e9), OpError::TensorTooLarge { .. }));
		assert!(matches!(refused(1e38), OpError::ShapeOverflow { .. }));
		let test = OpTest::new("Resize")
			.attr(string("mode", "quintic"))
			.input(f32s(&[1], &[0.0]))
			.omitted()
			.constant(f32s(&[1], &[1.0]));
		assert!(matches!(test.refused(), OpError::BadAttribute { .. }));
		let test = OpTest::new("Resize")
			.input(f32s(&[0], &[]))
			.omitted()
			.omitted()
			.constant(i64s(&[3]));
		assert!(matches!(test.refused(), OpError::ShapeMismatch { .. }));
	}

	proptest! {
		#[test]
		fn any_size_is_reached(
			len in 1usize..9,
			size in 0i64..20,
			mode in prop::sample::select(vec!["nearest", "linear"]),
			coordinates in prop::sample::select(vec![
				"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
			]),
		) {
			let x: Vec<f32> = (0..len).map(|i| i as f32).collect();
			let (shape, y) = OpTest::new("Resize")
				.attr(string("mode", mode))
				.attr(string("coordinate_transformation_mode", coordinates))
				.input(f32s(&[len], &x))
				.omitted()
				.omitted()
				.constant(i64s(&[size]))
				.elements::<f32>();
			prop_assert_eq!(shape, [size as usize]);
			prop_assert!(y.iter().all(|y| (0.0..len as f32).contains(y)));
			prop_assert!(y.windows(2).all(|pair| pair[0] <= pair[1]));
		}
	}
}

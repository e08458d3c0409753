//! GridSample: an image read at places that a grid says, over one to three spatial axes.
//!
//! Everything is computed in binary64 and rounded once. A normalised coordinate g (a NaN counts as -1)
//! means the place (g + 1) / 2 · (n - 1) with `align_corners`, else ((g + 1) · n - 1) / 2; `nearest`
//! rounds it, ties to even. A place outside the axis, [0, n - 1] with `align_corners`, else
//! [-0.5, n - 0.5], is cut to [0, n - 1] by `border`, and reflected at the ends by `reflection`.
//! `linear` weighs the two neighbours by 1 - f and f, f the place less the integer below; `cubic` the
//! four by Keys' function with a = -0.75. Neighbours outside are zero with `zeros`, the nearest element
//! with `border`, reflected with `reflection`. Products are summed in ascending order, first along the
//! last axis.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	math::Float,
	tensor::{build as build_tensor, dtype, slice},
	DType,
};

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = &["align_corners", "mode", "padding_mode"];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
	Nearest,
	Linear,
	Cubic,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Padding {
	Zeros,
	Border,
	Reflection,
}

#[derive(Debug)]
struct GridSample {
	mode: Mode,
	padding: Padding,
	align_corners: bool,
	/// Spatial dimensions of the image.
	image: Vec<usize>,
	/// Shape of the output.
	shape: Vec<usize>,
}

/// A neighbour along an axis, if it is not zero, and its weight.
type Tap = (Option<usize>, f64);

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (x, grid) = (inputs.required(0)?, inputs.required(1)?);
	x.expect("X", &DType::FLOATS)?;
	grid.expect("grid", &DType::FLOATS)?;
	x.expect_rank("X", 3..=5)?;
	let rank = x.rank() - 2;
	let fits = grid.rank() == x.rank()
		&& grid.shape()[0] == x.shape()[0]
		&& grid.shape()[rank + 1] == rank
		&& !x.shape()[2..].contains(&0);
	if !fits {
		return Err(OpError::mismatch(format!(
			"a grid of {:?} does not fit X of {:?}",
			grid.shape(),
			x.shape()
		)));
	}
	let mode = match node.attrs.string_or("mode", "linear")? {
		"nearest" => Mode::Nearest,
		"linear" | "bilinear" => Mode::Linear,
		"cubic" | "bicubic" => Mode::Cubic,
		_ => {
			return Err(OpError::bad_attribute(
				"mode",
				"is none of nearest, linear, cubic",
			))
		}
	};
	let padding = match node.attrs.string_or("padding_mode", "zeros")? {
		"zeros" => Padding::Zeros,
		"border" => Padding::Border,
		"reflection" => Padding::Reflection,
		_ => {
			return Err(OpError::bad_attribute(
				"padding_mode",
				"is none of zeros, border, reflection",
			))
		}
	};
	let mut shape = x.shape()[..2].to_vec();
	shape.extend(&grid.shape()[1..=rank]);
	Ok(Lowered::step(
		GridSample {
			mode,
			padding,
			align_corners: node.attrs.flag_or("align_corners", false)?,
			image: x.shape()[2..].to_vec(),
			shape,
		},
		inputs,
	))
}

/// Reflects a place at the ends of an interval until it lies inside.
fn reflect(place: f64, least: f64, largest: f64) -> f64 {
	let span = largest - least;
	if span == 0.0 || (least..=largest).contains(&place) {
		return if span == 0.0 { least } else { place };
	}
	let (beyond, from_below) = if place < least {
		(least - place, true)
	} else {
		(place - largest, false)
	};
	let turns = Float::floor(beyond / span);
	let rest = beyond - turns * span;
	let is_even = Float::floor(turns / 2.0) * 2.0 == turns;
	if from_below == is_even {
		least + rest
	} else {
		largest - rest
	}
}

impl GridSample {
	fn taps(&self, normalised: f64, len: usize, taps: &mut Vec<Tap>) {
		let n = len as f64;
		let g = if normalised.is_nan() {
			-1.0
		} else {
			normalised
		};
		let (least, largest, place) = if self.align_corners {
			(0.0, n - 1.0, (g + 1.0) / 2.0 * (n - 1.0))
		} else {
			(-0.5, n - 0.5, ((g + 1.0) * n - 1.0) / 2.0)
		};
		// An axis of one element times infinity is no number; and no image is as far away as this.
		let place = if place.is_nan() { 0.0 } else { place };
		let mut place = place.clamp(-1e12, 1e12);
		if self.mode == Mode::Nearest {
			place = Float::round_even(place);
		}
		if !(least..=largest).contains(&place) {
			place = match self.padding {
				Padding::Zeros => place,
				Padding::Border => place.clamp(0.0, n - 1.0),
				Padding::Reflection => reflect(place, least, largest),
			};
		}
		let tap = |index: i64, weight: f64| {
			let inside = (0..len as i64).contains(&index);
			let at = match self.padding {
				_ if inside => Some(index),
				Padding::Zeros => None,
				Padding::Border => Some(index.clamp(0, len as i64 - 1)),
				Padding::Reflection => {
					Some((reflect(index as f64, least, largest) as i64).clamp(0, len as i64 - 1))
				}
			};
			(at.map(|at| at as usize), weight)
		};
		let low = Float::floor(place);
		let (f, low) = (place - low, low as i64);
		taps.clear();
		match self.mode {
			Mode::Nearest => taps.push(tap(place as i64, 1.0)),
			Mode::Linear => taps.extend([tap(low, 1.0 - f), tap(low + 1, f)]),
			Mode::Cubic => {
				let a = -0.75;
				let near = |d: f64| ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0;
				let far = |d: f64| ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a;
				let weights = [far(f + 1.0), near(f), near(1.0 - f), far(2.0 - f)];
				for (step, weight) in weights.into_iter().enumerate() {
					taps.push(tap(low - 1 + step as i64, weight));
				}
			}
		}
	}

	fn run<T: Float + Datum, G: Float + Datum>(
		&self,
		x: &Tensor,
		grid: &Tensor,
	) -> Result<Tensor, EvalError> {
		let rank = self.image.len();
		let (source, grid) = (slice::<T>(x)?, slice::<G>(grid)?);
		let plane: usize = self.image.iter().product();
		let places: usize = self.shape[2..].iter().product();
		let channels = self.shape[1];
		build_tensor::<T>(&self.shape, |y| {
			if y.is_empty() {
				return;
			}
			let mut taps: Vec<Vec<Tap>> = vec![vec![]; rank];
			for (index, coordinates) in grid.chunks_exact(rank).enumerate() {
				// The grid names the last axis first.
				for (axis, taps) in taps.iter_mut().enumerate() {
					self.taps(
						coordinates[rank - 1 - axis].to_f64(),
						self.image[axis],
						taps,
					);
				}
				let (entry, place) = (index / places, index % places);
				for channel in 0..channels {
					let at = entry * channels + channel;
					let image = &source[at * plane..][..plane];
					let value = sample(image, &self.image, &taps, 0);
					y[at * places + place] = T::from_f64(value);
				}
			}
		})
	}

	/// Neighbours of one output element.
	fn neighbours(&self) -> u64 {
		let of_axis = match self.mode {
			Mode::Nearest => 1u64,
			Mode::Linear => 2,
			Mode::Cubic => 4,
		};
		of_axis.pow(self.image.len() as u32)
	}
}

/// The weighted sum over the axes that are left, from the element `base` on.
fn sample<T: Float>(image: &[T], dims: &[usize], taps: &[Vec<Tap>], base: usize) -> f64 {
	let (Some((len, dims)), Some((first, rest))) = (dims.split_first(), taps.split_first()) else {
		return image[base].to_f64();
	};
	let mut sum = 0.0;
	for (index, weight) in first {
		if let Some(index) = index {
			debug_assert!(index < len);
			sum += weight * sample(image, dims, rest, base * len + index);
		}
	}
	sum
}

impl Kernel for GridSample {
	fn name(&self) -> &'static str {
		"GridSample"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x, _] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		Ok(vec![Fact::new(x.dtype(), self.shape.clone())?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let elements = outputs[0].len() as u64;
		let places = inputs[1].len() as u64;
		Cost::touching(inputs, outputs).with_macs(
			elements
				.saturating_mul(48 * self.neighbours())
				.saturating_add(places.saturating_mul(128)),
		)
	}

	fn scratch_bytes(&self, _: &[Fact], _: &[Fact]) -> u64 {
		1024
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let (x, grid) = (&inputs[0], &inputs[1]);
		let y = crate::with_float!(dtype(x)?, T => crate::with_float!(dtype(grid)?, G => {
			self.run::<T, G>(x, grid)?
		}));
		Ok(vec![y])
	}
}

#[cfg(test)]
mod tests {
	use super::reflect;
	use crate::{
		error::OpError,
		testing::{f32s, int, string, OpTest},
	};
	use proptest::prelude::*;

	fn sampled(mode: &str, padding: &str, grid: &[f32]) -> Vec<f32> {
		OpTest::new("GridSample")
			.opset(20)
			.attr(string("mode", mode))
			.attr(string("padding_mode", padding))
			.attr(int("align_corners", 1))
			.input(f32s(&[1, 1, 3], &[1.0, 2.0, 4.0]))
			.input(f32s(&[1, grid.len(), 1], grid))
			.elements::<f32>()
			.1
	}

	#[test]
	fn places_between_and_outside() {
		assert_eq!(
			sampled("linear", "zeros", &[-1.0, 0.0, 0.5, 1.5]),
			[1.0, 2.0, 3.0, 2.0]
		);
		assert_eq!(sampled("linear", "border", &[-9.0, 9.0]), [1.0, 4.0]);
		assert_eq!(sampled("linear", "reflection", &[-2.0, 1.5]), [2.0, 3.0]);
		assert_eq!(
			sampled("nearest", "zeros", &[0.4, 1.6, -1.2]),
			[2.0, 0.0, 1.0]
		);
		assert_eq!(sampled("cubic", "border", &[0.0, 1.0]), [2.0, 4.0]);
	}

	#[test]
	fn two_axes_last_one_first() {
		let (_, y) = OpTest::new("GridSample")
			.opset(20)
			.input(f32s(&[1, 1, 2, 2], &[1.0, 2.0, 3.0, 4.0]))
			.input(f32s(&[1, 1, 2, 2], &[0.5, -0.5, 0.0, 0.0]))
			.elements::<f32>();
		assert_eq!(y, [2.0, 2.5]);
	}

	#[test]
	fn reflections_stay_inside() {
		assert_eq!(reflect(-1.0, 0.0, 2.0), 1.0);
		assert_eq!(reflect(3.0, 0.0, 2.0), 1.0);
		assert_eq!(reflect(5.0, 0.0, 2.0), 1.0);
		assert_eq!(reflect(-4.5, 0.0, 2.0), 0.5);
		assert_eq!(reflect(7.0, 0.0, 0.0), 0.0);
	}

	#[test]
	fn misfits_are_refused() {
		let error = OpTest::new("GridSample")
			.input(f32s(&[1, 1, 2, 2], &[0.0; 4]))
			.input(f32s(&[1, 1, 1, 3], &[0.0; 3]))
			.refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
	}

	proptest! {
		#[test]
		fn any_coordinate_gives_a_number_of_the_images_size(
			bits in prop::collection::vec(any::<u32>(), 4),
			mode in prop::sample::select(vec!["nearest", "linear", "cubic"]),
			padding in prop::sample::select(vec!["zeros", "border", "reflection"]),
		) {
			let grid: Vec<f32> = bits.into_iter().map(f32::from_bits).collect();
			for y in sampled(mode, padding, &grid) {
				prop_assert!(y.abs() <= 8.0);
			}
		}
	}
}

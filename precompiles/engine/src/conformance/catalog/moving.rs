//! What changes types, shapes and places.

use super::{unary, Accuracy, Draw, Drawn, Entry, Family};
use crate::conformance::graph::{self, i64_scalar};

pub(super) const FAMILY: Family = Family {
	title: "Types, shapes and places",
	entries: &[
		Entry::new("Cast", Accuracy::Rounded, cast).note("any type to any"),
		Entry::new("CastLike", Accuracy::Rounded, cast_like),
		Entry::new("Identity", Accuracy::Exact, unary),
		Entry::new("Reshape", Accuracy::Exact, reshape)
			.note("shape constant, to opset 4 an attribute; 0, -1 and `allowzero`"),
		Entry::new("Flatten", Accuracy::Exact, flatten),
		Entry::new("Squeeze", Accuracy::Exact, squeeze).note("axes: attribute or constant"),
		Entry::new("Unsqueeze", Accuracy::Exact, unsqueeze).note("axes: attribute or constant"),
		Entry::new("Transpose", Accuracy::Exact, transpose),
		Entry::new("Concat", Accuracy::Exact, concat),
		Entry::new("Split", Accuracy::Exact, split)
			.note("lengths: attribute or constant; `num_outputs`"),
		Entry::new("Slice", Accuracy::Exact, slice)
			.note("bounds and steps: attributes to opset 9, then constants; negative steps"),
		Entry::new("Pad", Accuracy::Exact, pad)
			.note("constant, edge, reflect, wrap; counts constant, negative ones cut"),
		Entry::new("Expand", Accuracy::Exact, expand).note("shape constant"),
		Entry::new("Tile", Accuracy::Exact, tile).note("repeats constant"),
		Entry::new("Gather", Accuracy::Exact, gather)
			.note("indices i32 or i64; out of range fails at run time"),
		Entry::new("GatherElements", Accuracy::Exact, gather_elements).note("as Gather"),
		Entry::new("GatherND", Accuracy::Exact, gather_nd).note("as Gather"),
		Entry::new("Scatter", Accuracy::Exact, scatter_elements).note("as ScatterElements"),
		Entry::new("ScatterElements", Accuracy::Rounded, scatter_elements)
			.note("`reduction` none, add, mul, max, min; in row-major order of the indices"),
		Entry::new("ScatterND", Accuracy::Rounded, scatter_nd)
			.note("`reduction` none, add, mul, max, min; in row-major order of the indices"),
		Entry::new("DepthToSpace", Accuracy::Exact, depth_to_space).note("DCR and CRD"),
		Entry::new("SpaceToDepth", Accuracy::Exact, space_to_depth).note("DCR and CRD"),
		Entry::new("Resize", Accuracy::Operations(3), resize).note(
			"nearest; linear, cubic, antialias, exclude_outside and cropping for floats; scales, \
			 sizes and roi constant",
		),
		Entry::new("Upsample", Accuracy::Operations(3), upsample)
			.note("to opset 9; nearest; linear for floats; scales constant"),
		Entry::new("CenterCropPad", Accuracy::Exact, center_crop_pad).note("shape constant"),
		Entry::new("Col2Im", Accuracy::Summed, col2im)
			.note("one to three spatial axes; shapes constant"),
		Entry::new("ReverseSequence", Accuracy::Exact, reverse_sequence)
			.note("a length out of range fails at run time"),
		Entry::new("TensorScatter", Accuracy::Exact, tensor_scatter)
			.note("an index out of range fails at run time"),
		Entry::new("BitCast", Accuracy::Exact, bit_cast)
			.note("types of one size; NaNs are canonical"),
		Entry::new("Trilu", Accuracy::Exact, trilu).note("`k` constant"),
	],
};

fn center_crop_pad(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(1..=4)?;
	let axes = draw.axes(shape.len());
	let lens: Vec<i64> = axes
		.iter()
		.map(|_| draw.random.between(0, 9) as i64)
		.collect();
	Some(draw.on(&shape).list(&lens).ints("axes", &axes))
}

fn col2im(draw: &mut Draw<'_>) -> Option<Drawn> {
	if draw.main.is_some() {
		return None;
	}
	let block = [draw.random.between(1, 2), draw.random.between(1, 3)];
	let image = [draw.random.between(2, 5), draw.random.between(3, 7)];
	let blocks = (image[0] - block[0] + 1) * (image[1] - block[1] + 1);
	let shape = [draw.random.between(1, 2), 2 * block[0] * block[1], blocks];
	let list = |dims: [usize; 2]| dims.map(|dim| dim as i64);
	Some(draw.on(&shape).list(&list(image)).list(&list(block)))
}

fn reverse_sequence(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(2..=4)?;
	let first = draw.random.below(2);
	let (batch, time) = (shape[first], shape[1 - first]);
	let lens: Vec<i64> = (0..batch)
		.map(|_| draw.random.between(0, time) as i64)
		.collect();
	Some(
		draw.on(&shape)
			.input(graph::i64s(&lens))
			.int("batch_axis", first as i64)
			.int("time_axis", 1 - first as i64),
	)
}

fn tensor_scatter(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(3..=4)?;
	let axis = shape.len() - 2;
	let mut update = shape.clone();
	update[axis] = draw.random.between(1, shape[axis]);
	let places: Vec<i64> = (0..shape[0])
		.map(|_| draw.random.below(shape[axis] + 1) as i64)
		.collect();
	let dtype = draw.dtype;
	let mode = *draw.random.pick(&["linear", "circular", "circular"]);
	Some(
		draw.on(&shape)
			.any(draw, dtype, &update)
			.input(graph::i64s(&places))
			.string("mode", mode),
	)
}

fn bit_cast(draw: &mut Draw<'_>) -> Option<Drawn> {
	let to = draw.dtype();
	Some(unary(draw)?.int("to", to.onnx() as i64))
}

fn cast(draw: &mut Draw<'_>) -> Option<Drawn> {
	let to = draw.dtype();
	let drawn = unary(draw)?;
	Some(if draw.opset < 6 {
		drawn.string("to", to.onnx().as_str_name())
	} else {
		drawn.int("to", to.onnx() as i64)
	})
}

fn cast_like(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(0..=4)?;
	let to = draw.dtype();
	Some(draw.on(&shape).any(draw, to, &[2]))
}

fn reshape(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(0..=5)?;
	let mut factors: Vec<i64> = vec![];
	let mut rest = shape.iter().product::<usize>();
	for prime in [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37] {
		while rest.is_multiple_of(prime) {
			factors.push(prime as i64);
			rest /= prime;
		}
	}
	let mut dims = vec![1; draw.random.between(1, 4)];
	for factor in factors {
		let axis = draw.random.below(dims.len());
		dims[axis] *= factor;
	}
	let axis = draw.random.below(dims.len());
	if draw.random.one_in(2) {
		dims[axis] = -1;
	} else if shape.get(axis).is_some_and(|len| *len as i64 == dims[axis]) {
		dims[axis] = 0;
	}
	let drawn = draw.on(&shape);
	Some(if draw.opset < 5 {
		drawn.ints("shape", &dims)
	} else {
		drawn.list(&dims)
	})
}

fn flatten(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(1..=5)?;
	let axis = draw.random.below(shape.len() + 1) as i64;
	Some(draw.on(&shape).int("axis", axis))
}

/// Axes as an attribute to opset 12, then as a constant.
fn with_axes(draw: &Draw<'_>, drawn: Drawn, axes: &[i64]) -> Drawn {
	if draw.opset < 13 {
		drawn.ints("axes", axes)
	} else {
		drawn.list(axes)
	}
}

fn squeeze(draw: &mut Draw<'_>) -> Option<Drawn> {
	let mut shape = draw.shape(1..=5)?;
	if draw.main.is_none() {
		let axis = draw.random.below(shape.len());
		shape[axis] = 1;
	}
	let ones: Vec<i64> = (0..shape.len())
		.filter(|axis| shape[*axis] == 1)
		.map(|axis| axis as i64)
		.collect();
	let drawn = draw.on(&shape);
	if draw.random.one_in(3) {
		return Some(drawn);
	}
	Some(with_axes(draw, drawn, &ones))
}

fn unsqueeze(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(0..=4)?;
	let rank = shape.len() + 1;
	let axis = draw.axis(rank);
	let axis = if draw.opset < 11 {
		axis.rem_euclid(rank as i64)
	} else {
		axis
	};
	let drawn = draw.on(&shape);
	Some(with_axes(draw, drawn, &[axis]))
}

fn transpose(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(0..=5)?;
	let mut permutation: Vec<i64> = (0..shape.len() as i64).collect();
	for i in (1..permutation.len()).rev() {
		permutation.swap(i, draw.random.below(i + 1));
	}
	let drawn = draw.on(&shape);
	if draw.random.one_in(4) {
		return Some(drawn);
	}
	Some(drawn.ints("perm", &permutation))
}

fn concat(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(1..=5)?;
	let axis = draw.axis(shape.len());
	let at = axis.rem_euclid(shape.len() as i64) as usize;
	let dtype = draw.dtype;
	let mut drawn = draw.on(&shape);
	for _ in 0..draw.random.below(3) {
		let mut other = shape.clone();
		if draw.random.one_in(2) {
			other[at] = draw.random.between(1, 5);
		}
		drawn = drawn.any(draw, dtype, &other);
	}
	Some(drawn.int("axis", axis))
}

fn split(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(1..=4)?;
	let axis = draw.axis(shape.len());
	let len = shape[axis.rem_euclid(shape.len() as i64) as usize];
	let first = draw.random.between(1, len) as i64;
	let rest = len as i64 - first;
	let lengths = if rest > 0 {
		vec![first, rest]
	} else {
		vec![first]
	};
	let drawn = draw.on(&shape).int("axis", axis).outputs(lengths.len());
	Some(match draw.opset {
		..13 => drawn.ints("split", &lengths),
		18.. if draw.random.one_in(2) => {
			let parts = draw.random.between(1, len.min(3));
			drawn.outputs(parts).int("num_outputs", parts as i64)
		}
		_ => drawn.list(&lengths),
	})
}

fn slice(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(1..=4)?;
	let mut axes = draw.axes(shape.len());
	if axes.is_empty() {
		axes.push(0);
	}
	let (mut starts, mut ends, mut steps) = (vec![], vec![], vec![]);
	for axis in &axes {
		let len = shape[*axis as usize] as i64;
		starts.push(draw.random.below(len as usize + 2) as i64 - 1);
		ends.push(draw.random.below(2 * len as usize + 2) as i64 - len);
		steps.push(*draw.random.pick(&[1, 1, 2, -1, -2]));
	}
	let drawn = draw.on(&shape);
	Some(if draw.opset < 10 {
		drawn
			.ints("axes", &axes)
			.ints("starts", &starts)
			.ints("ends", &ends)
	} else {
		drawn.list(&starts).list(&ends).list(&axes).list(&steps)
	})
}

fn pad(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(1..=4)?;
	let modes: &[&str] = if draw.opset < 19 {
		&["constant", "edge", "reflect"]
	} else {
		&["constant", "edge", "reflect", "wrap"]
	};
	let mode = *draw.random.pick(modes);
	let mut pads = vec![0; 2 * shape.len()];
	for (axis, len) in shape.iter().chain(&shape).enumerate() {
		let most = if mode == "reflect" { len - 1 } else { *len };
		pads[axis] = draw.random.below(most.min(3) + 1) as i64;
		if mode == "constant" && *len > 2 && draw.random.one_in(6) {
			pads[axis] = -1;
		}
	}
	let drawn = draw.on(&shape).string("mode", mode);
	if draw.opset < 2 {
		let paddings: Vec<i64> = pads.iter().map(|count| (*count).max(0)).collect();
		return Some(drawn.ints("paddings", &paddings));
	}
	if draw.opset < 11 {
		return Some(drawn.ints("pads", &pads));
	}
	let drawn = drawn.list(&pads);
	let dtype = draw.dtype;
	Some(if mode == "constant" && draw.random.one_in(2) {
		let filling = draw.value(dtype, &[]);
		drawn.constant(filling)
	} else {
		drawn
	})
}

fn expand(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(0..=4)?;
	let mut target: Vec<i64> = shape.iter().map(|dim| *dim as i64).collect();
	for dim in &mut target {
		if *dim == 1 && draw.random.one_in(2) {
			*dim = draw.random.between(1, 5) as i64;
		}
	}
	if target.len() < 5 && draw.random.one_in(2) {
		target.insert(0, draw.random.between(1, 3) as i64);
	}
	Some(draw.on(&shape).list(&target))
}

fn tile(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(1..=4)?;
	if draw.opset < 6 {
		let axis = draw.random.below(shape.len()) as i64;
		let tiles = draw.random.between(1, 3) as i64;
		return Some(draw.on(&shape).list(&[tiles]).list(&[axis]));
	}
	let repeats: Vec<i64> = shape
		.iter()
		.map(|_| draw.random.between(1, 2) as i64)
		.collect();
	Some(draw.on(&shape).list(&repeats))
}

fn gather(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(1..=4)?;
	let axis = draw.axis(shape.len());
	let len = shape[axis.rem_euclid(shape.len() as i64) as usize] as i64;
	let rank = draw.random.below(3);
	let dims = draw.dims(rank);
	// At run time an index outside fails, which is an outcome too.
	let beyond = i64::from(draw.random.one_in(8));
	let indices = draw.indices(&dims, -len, len - 1 + beyond);
	let drawn = draw.on(&shape);
	let drawn = if beyond == 0 && draw.random.one_in(2) {
		drawn.constant(indices)
	} else {
		drawn.input(indices)
	};
	Some(drawn.int("axis", axis))
}

fn gather_elements(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(1..=4)?;
	let axis = draw.axis(shape.len());
	let at = axis.rem_euclid(shape.len() as i64) as usize;
	let len = shape[at] as i64;
	let mut dims = shape.clone();
	dims[at] = draw.random.between(1, 5);
	let indices = draw.indices(&dims, -len, len - 1);
	Some(draw.on(&shape).input(indices).int("axis", axis))
}

fn gather_nd(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(1..=4)?;
	let depth = draw.random.between(1, shape.len());
	let least = shape[..depth].iter().min().copied().unwrap_or(1) as i64;
	let count = draw.random.between(1, 4);
	let mut indices = draw.indices(&[count, depth], -least, least - 1);
	graph::widen(&mut indices);
	Some(draw.on(&shape).input(indices))
}

/// A reduction that the version has.
fn reduction(draw: &mut Draw<'_>, drawn: Drawn) -> Drawn {
	let names: &[&str] = match draw.opset {
		..16 => return drawn,
		16..18 => &["none", "add", "mul"],
		_ => &["none", "add", "mul", "max", "min"],
	};
	let name = *draw.random.pick(names);
	drawn.string("reduction", name)
}

fn scatter_elements(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(1..=4)?;
	let axis = draw.axis(shape.len());
	let at = axis.rem_euclid(shape.len() as i64) as usize;
	let len = shape[at] as i64;
	let mut dims = shape.clone();
	dims[at] = draw.random.between(1, shape[at]);
	let indices = draw.indices(&dims, -len, len - 1);
	let dtype = draw.dtype;
	let drawn = draw
		.on(&shape)
		.input(indices)
		.any(draw, dtype, &dims)
		.int("axis", axis);
	Some(if draw.op == "Scatter" {
		drawn
	} else {
		reduction(draw, drawn)
	})
}

fn scatter_nd(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(1..=4)?;
	let depth = draw.random.between(1, shape.len());
	let least = shape[..depth].iter().min().copied().unwrap_or(1) as i64;
	let count = draw.random.between(1, 4);
	let mut indices = draw.indices(&[count, depth], -least, least - 1);
	graph::widen(&mut indices);
	let mut updates = vec![count];
	updates.extend(&shape[depth..]);
	let dtype = draw.dtype;
	let drawn = draw.on(&shape).input(indices).any(draw, dtype, &updates);
	Some(reduction(draw, drawn))
}

fn depth_to_space(draw: &mut Draw<'_>) -> Option<Drawn> {
	let mut shape = draw.filled(4..=4)?;
	if draw.main.is_none() {
		shape[1] = 4 * draw.random.between(1, 3);
	}
	let drawn = draw.on(&shape).int("blocksize", 2);
	if draw.opset < 11 {
		return Some(drawn);
	}
	let mode = *draw.random.pick(&["DCR", "CRD"]);
	Some(drawn.string("mode", mode))
}

fn space_to_depth(draw: &mut Draw<'_>) -> Option<Drawn> {
	let mut shape = draw.filled(4..=4)?;
	if draw.main.is_none() {
		shape[2] = 2 * draw.random.between(1, 3);
		shape[3] = 2 * draw.random.between(1, 3);
	}
	Some(draw.on(&shape).int("blocksize", 2))
}

fn resize(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(2..=4)?;
	let mode = *draw.random.pick(&["nearest", "linear", "cubic"]);
	let mut scales = vec![1.0; shape.len()];
	for scale in scales.iter_mut().rev().take(2) {
		*scale = *draw.random.pick(&[0.6, 1.0, 1.5, 2.0, 2.3]);
	}
	let drawn = draw.on(&shape).string("mode", mode);
	if draw.opset < 11 {
		return Some(drawn.constant(graph::f32s(&scales)));
	}
	let places = [
		"half_pixel",
		"pytorch_half_pixel",
		"align_corners",
		"asymmetric",
		"half_pixel_symmetric",
	];
	let known = if draw.opset < 19 { 4 } else { 5 };
	let place = *draw.random.pick(&places[..known]);
	let rounding = *draw
		.random
		.pick(&["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]);
	let mut drawn = drawn
		.string("coordinate_transformation_mode", place)
		.string("nearest_mode", rounding);
	if mode != "nearest" && draw.opset >= 18 {
		let antialias = draw.random.below(2) as i64;
		drawn = drawn.int("antialias", antialias);
	}
	if mode == "cubic" {
		let excluded = draw.random.below(2) as i64;
		drawn = drawn.int("exclude_outside", excluded);
	}
	drawn = if draw.opset < 13 {
		// The region of interest was required, and may be empty.
		drawn.constant(graph::f32s(&[]))
	} else {
		drawn.omitted()
	};
	if draw.random.one_in(3) {
		let sizes: Vec<i64> = shape
			.iter()
			.enumerate()
			.map(|(axis, dim)| {
				if axis + 2 >= shape.len() {
					draw.random.between(1, 9) as i64
				} else {
					*dim as i64
				}
			})
			.collect();
		drawn = if draw.opset < 13 {
			drawn.constant(graph::f32s(&[]))
		} else {
			drawn.omitted()
		};
		return Some(drawn.list(&sizes));
	}
	Some(drawn.constant(graph::f32s(&scales)))
}

fn upsample(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(if draw.opset < 7 { 4..=4 } else { 2..=4 })?;
	let mode = *draw.random.pick(&["nearest", "linear"]);
	let mut scales = vec![1.0; shape.len()];
	for scale in scales.iter_mut().rev().take(2) {
		*scale = *draw.random.pick(&[1.0, 1.5, 2.0, 2.3]);
	}
	let drawn = draw.on(&shape).string("mode", mode);
	Some(if draw.opset < 7 {
		drawn
			.float("height_scale", scales[2])
			.float("width_scale", scales[3])
	} else if draw.opset < 9 {
		drawn.attribute(graph::floats("scales", &scales))
	} else {
		drawn.constant(graph::f32s(&scales))
	})
}

fn trilu(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(2..=4)?;
	let upper = draw.random.below(2) as i64;
	let drawn = draw.on(&shape).int("upper", upper);
	if draw.random.one_in(2) {
		return Some(drawn);
	}
	let k = draw.random.below(7) as i64 - 3;
	Some(drawn.constant(i64_scalar(k)))
}

//! What makes constants.

use super::{unary, Accuracy, Draw, Drawn, Entry, Family};
use crate::conformance::graph::{self, i64_scalar};

pub(super) const FAMILY: Family = Family {
	title: "Constants",
	entries: &[
		Entry::new("Constant", Accuracy::Exact, constant).note("dense tensors, floats and ints"),
		Entry::new("ConstantOfShape", Accuracy::Exact, constant_of_shape).note("shape constant"),
		Entry::new("EyeLike", Accuracy::Exact, eye_like).note("matrices"),
		Entry::new("OneHot", Accuracy::Exact, one_hot).note("depth constant"),
		Entry::new("HannWindow", Accuracy::Operations(1), cosine_window).note("size constant"),
		Entry::new("HammingWindow", Accuracy::Operations(1), cosine_window).note("size constant"),
		Entry::new("BlackmanWindow", Accuracy::Operations(1), cosine_window).note("size constant"),
		Entry::new("Shape", Accuracy::Exact, unary).note("becomes a constant"),
		Entry::new("Size", Accuracy::Exact, unary).note("becomes a constant"),
	],
};

fn constant(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.dims(2);
	let dtype = draw.dtype;
	let value = draw.value(dtype, &shape);
	let mut drawn = draw.node(&[]);
	drawn.main = None;
	Some(drawn.attribute(graph::tensor_attribute("value", &value)))
}

fn cosine_window(draw: &mut Draw<'_>) -> Option<Drawn> {
	let (size, periodic) = (
		draw.random.between(0, 40) as i64,
		draw.random.below(2) as i64,
	);
	let mut drawn = draw.node(&[]).constant(i64_scalar(size));
	drawn.main = None;
	Some(
		drawn
			.int("periodic", periodic)
			.int("output_datatype", draw.dtype.onnx() as i64),
	)
}

fn constant_of_shape(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape: Vec<i64> = draw.dims(2).iter().map(|dim| *dim as i64).collect();
	let dtype = draw.dtype;
	let value = draw.value(dtype, &[1]);
	let mut drawn = draw.node(&[]).list(&shape);
	drawn.main = None;
	Some(drawn.attribute(graph::tensor_attribute("value", &value)))
}

fn eye_like(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(2..=2)?;
	let k = draw.random.below(5) as i64 - 2;
	let to = draw.dtype();
	let drawn = draw.on(&shape).int("k", k);
	Some(if draw.random.one_in(2) {
		drawn.int("dtype", to.onnx() as i64)
	} else {
		drawn
	})
}

fn one_hot(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(0..=3)?;
	let depth = draw.random.between(1, 9) as i64;
	let axis = draw.axis(shape.len() + 1);
	let dtype = draw.dtype();
	Some(
		draw.on(&shape)
			.constant(i64_scalar(depth))
			.any(draw, dtype, &[2])
			.int("axis", axis),
	)
}

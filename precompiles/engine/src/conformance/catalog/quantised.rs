//! Quantisation, and products of quantised tensors.

use super::{Accuracy, Draw, Drawn, Entry, Family};
use crate::{conformance::graph::f32s, DType, Value};

pub(super) const FAMILY: Family = Family {
	title: "Quantised operators",
	entries: &[
		Entry::new("QuantizeLinear", Accuracy::Rounded, quantize)
			.note("to u8, i8, u16, i16, 2 and 4 bits, and 8-bit floats; per tensor, axis or block"),
		Entry::new("DequantizeLinear", Accuracy::Operations(2), dequantize)
			.note("also of unpacked types; per tensor, axis or block"),
		Entry::new("DynamicQuantizeLinear", Accuracy::Rounded, dynamic).note("to u8"),
		Entry::new("MatMulInteger", Accuracy::Exact, mat_mul_integer)
			.note("to i32; zero points per tensor, row of A, column of B"),
		Entry::new("QLinearMatMul", Accuracy::Rounded, q_linear_mat_mul)
			.note("scales and zero points per tensor, row of A, column of B"),
		Entry::new("ConvInteger", Accuracy::Exact, conv_integer)
			.note("to i32; zero point of W per tensor or channel"),
		Entry::new("QLinearConv", Accuracy::Rounded, q_linear_conv)
			.note("scale and zero point of W per tensor or channel"),
	],
};

/// Positive scales.
fn scales(draw: &mut Draw<'_>, shape: &[usize]) -> Value {
	let count = shape.iter().product();
	let scales: Vec<f32> = (0..count)
		.map(|_| 0.01 + draw.random.unit().abs())
		.collect();
	Value {
		shape: shape.to_vec(),
		..f32s(&scales)
	}
}

/// A scalar, or a list of this length.
fn sometimes(draw: &mut Draw<'_>, len: usize) -> Vec<usize> {
	if draw.random.one_in(2) {
		vec![]
	} else {
		vec![len]
	}
}

/// The shape of scales, and the axis and block size for them.
fn granularity(draw: &mut Draw<'_>, shape: &[usize]) -> (Vec<usize>, i64, i64) {
	let axis = draw.random.below(shape.len());
	match draw.random.below(3) {
		0 => (vec![], axis as i64, 0),
		1 => (vec![shape[axis]], axis as i64, 0),
		_ => {
			let block = draw.random.between(1, shape[axis]);
			let mut scales = shape.to_vec();
			scales[axis] = shape[axis].div_ceil(block);
			(scales, axis as i64, block as i64)
		}
	}
}

fn scaled(draw: &mut Draw<'_>, zeros: DType) -> Option<Drawn> {
	let shape = draw.filled(1..=4)?;
	let (scale_shape, axis, block) = granularity(draw, &shape);
	let scale = scales(draw, &scale_shape);
	let mut drawn = draw.on(&shape).constant(scale).int("axis", axis);
	if block > 0 {
		drawn = drawn.int("block_size", block);
	}
	Some(if draw.random.one_in(3) {
		drawn
	} else {
		drawn.any(draw, zeros, &scale_shape)
	})
}

fn quantize(draw: &mut Draw<'_>) -> Option<Drawn> {
	let to = *draw
		.random
		.pick(&[DType::U8, DType::I8, DType::U16, DType::I16]);
	scaled(draw, to)
}

fn dequantize(draw: &mut Draw<'_>) -> Option<Drawn> {
	let dtype = draw.dtype;
	scaled(draw, dtype)
}

fn dynamic(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(0..=4)?;
	Some(draw.on(&shape).outputs(3))
}

/// The other operand's type.
fn bytes(draw: &mut Draw<'_>) -> DType {
	*draw.random.pick(&[DType::U8, DType::I8])
}

fn mat_mul_integer(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(2..=3)?;
	let (m, k) = (shape[shape.len() - 2], shape[shape.len() - 1]);
	let n = draw.random.between(1, 20);
	let (dtype, other) = (draw.dtype, bytes(draw));
	let mut drawn = draw.on(&shape).any(draw, other, &[k, n]);
	if draw.random.one_in(2) {
		let (rows, columns) = (sometimes(draw, m), sometimes(draw, n));
		drawn = drawn.any(draw, dtype, &rows).any(draw, other, &columns);
	}
	Some(drawn)
}

fn q_linear_mat_mul(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(2..=3)?;
	let k = shape[shape.len() - 1];
	let n = draw.random.between(1, 20);
	let (dtype, other) = (draw.dtype, bytes(draw));
	let columns = sometimes(draw, n);
	let (a, b, y) = (scales(draw, &[]), scales(draw, &columns), scales(draw, &[]));
	Some(
		draw.on(&shape)
			.constant(a)
			.any(draw, dtype, &[])
			.any(draw, other, &[k, n])
			.input(b)
			.any(draw, other, &columns)
			.constant(y)
			.any(draw, dtype, &[]),
	)
}

/// An image, the shape of weights for it, and the node's attributes.
fn convolution(draw: &mut Draw<'_>) -> Option<(Vec<usize>, Vec<usize>, i64)> {
	let shape = draw.filled(3..=4)?;
	let mut weights = vec![draw.random.between(1, 12), shape[1]];
	weights.extend(
		shape[2..]
			.iter()
			.map(|dim| draw.random.between(1, 3.min(*dim))),
	);
	let stride = draw.random.between(1, 2) as i64;
	Some((shape, weights, stride))
}

fn conv_integer(draw: &mut Draw<'_>) -> Option<Drawn> {
	let (shape, weights, stride) = convolution(draw)?;
	let (dtype, other) = (draw.dtype, bytes(draw));
	let channels = sometimes(draw, weights[0]);
	Some(
		draw.on(&shape)
			.any(draw, other, &weights)
			.any(draw, dtype, &[])
			.any(draw, other, &channels)
			.ints("strides", &vec![stride; shape.len() - 2])
			.string("auto_pad", "SAME_UPPER"),
	)
}

fn q_linear_conv(draw: &mut Draw<'_>) -> Option<Drawn> {
	let (shape, weights, stride) = convolution(draw)?;
	let (dtype, other) = (draw.dtype, bytes(draw));
	let channels = sometimes(draw, weights[0]);
	let (x, w, y) = (
		scales(draw, &[]),
		scales(draw, &channels),
		scales(draw, &[]),
	);
	let drawn = draw
		.on(&shape)
		.constant(x)
		.any(draw, dtype, &[])
		.any(draw, other, &weights)
		.constant(w)
		.any(draw, other, &channels)
		.constant(y)
		.any(draw, dtype, &[]);
	let drawn = if draw.random.one_in(2) {
		drawn.any(draw, DType::I32, &[weights[0]])
	} else {
		drawn
	};
	let strides = vec![stride; shape.len() - 2];
	Some(drawn.ints("strides", &strides))
}

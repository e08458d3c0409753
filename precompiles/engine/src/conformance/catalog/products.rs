//! Products of matrices, convolution, pooling, normalisation.

use super::{Accuracy, Draw, Drawn, Entry, Family};
use crate::conformance::graph;

pub(super) const FAMILY: Family = Family {
	title: "Products, convolution, pooling, normalisation",
	entries: &[
		Entry::new("Gemm", Accuracy::Summed, gemm),
		Entry::new("MatMul", Accuracy::Summed, mat_mul),
		Entry::new("Conv", Accuracy::Summed, conv)
			.note("one to three spatial axes; groups, strides, dilations, auto_pad"),
		Entry::new("ConvTranspose", Accuracy::Summed, conv_transpose)
			.note("one to three spatial axes; groups, strides, dilations, auto_pad, output_shape"),
		Entry::new("Einsum", Accuracy::Summed, einsum).note("at most 8 inputs"),
		Entry::new("Det", Accuracy::Summed, det).note("elimination with partial pivoting"),
		Entry::new("MaxPool", Accuracy::Exact, pool)
			.note("one to three spatial axes; Indices where no window lies in the padding only"),
		Entry::new("MaxUnpool", Accuracy::Exact, max_unpool).note(
			"one to three spatial axes; `output_shape` constant; an index out of range fails at run \
			 time",
		),
		Entry::new("AveragePool", Accuracy::Summed, average_pool).note("one to three spatial axes"),
		Entry::new("LpPool", Accuracy::Summed, lp_pool).note("one to three spatial axes"),
		Entry::new("GlobalLpPool", Accuracy::Summed, |draw| {
			let p = draw.random.between(1, 3);
			Some(with_p(draw.opset, global(draw)?, p))
		}),
		Entry::new("GlobalMaxPool", Accuracy::Exact, global),
		Entry::new("GlobalAveragePool", Accuracy::Summed, global),
		Entry::new(
			"BatchNormalization",
			Accuracy::Operations(6),
			batch_normalization,
		)
		.note("inference form; to opset 6 `is_test` must be 1"),
		Entry::new(
			"InstanceNormalization",
			Accuracy::Summed,
			instance_normalization,
		),
		Entry::new("LayerNormalization", Accuracy::Summed, layer_normalization)
			.note(
				"outputs Mean and InvStdDev for f32 only; ONNX's from 17 on, before as \
				 onnxruntime's optimiser writes it",
			),
		Entry::new("GroupNormalization", Accuracy::Summed, group_normalization),
		Entry::new("RMSNormalization", Accuracy::Summed, rms_normalization),
		Entry::new(
			"SimplifiedLayerNormalization",
			Accuracy::Summed,
			rms_normalization,
		)
		.note("RMSNormalization, as onnxruntime exports it"),
		Entry::new("LpNormalization", Accuracy::Summed, lp_normalization),
		Entry::new(
			"MeanVarianceNormalization",
			Accuracy::Summed,
			mean_variance_normalization,
		),
		Entry::new("LRN", Accuracy::SummedUlp(1.5), lrn),
	],
};

/// A length that fills registers, and one that does not.
fn length(draw: &mut Draw<'_>) -> usize {
	if draw.long && draw.random.one_in(8) {
		return draw.random.between(38, 700);
	}
	match draw.random.below(4) {
		0 => draw.random.between(15, 37),
		_ => draw.random.between(1, 9),
	}
}

fn gemm(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(2..=2)?;
	let (trans_a, trans_b) = (draw.random.one_in(3), draw.random.one_in(3));
	let (m, k) = if trans_a {
		(shape[1], shape[0])
	} else {
		(shape[0], shape[1])
	};
	let n = length(draw);
	let b = if trans_b { [n, k] } else { [k, n] };
	let dtype = draw.dtype;
	let mut drawn = draw.on(&shape).any(draw, dtype, &b);
	match draw.random.below(5) {
		_ if draw.opset < 7 => {
			let broadcast = draw.random.one_in(2);
			let c = if broadcast { vec![n] } else { vec![m, n] };
			drawn = drawn.any(draw, dtype, &c);
			if broadcast {
				drawn = drawn.int("broadcast", 1);
			}
		}
		0 => drawn = drawn.any(draw, dtype, &[m, n]),
		1 => drawn = drawn.any(draw, dtype, &[n]),
		2 => drawn = drawn.any(draw, dtype, &[m, 1]),
		3 => drawn = drawn.any(draw, dtype, &[]),
		_ => {}
	}
	if draw.random.one_in(3) {
		let (alpha, beta) = (draw.small(), draw.small());
		drawn = drawn.float("alpha", alpha).float("beta", beta);
	}
	Some(
		drawn
			.int("transA", i64::from(trans_a))
			.int("transB", i64::from(trans_b)),
	)
}

fn mat_mul(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(1..=4)?;
	let dtype = draw.dtype;
	let k = shape[shape.len() - 1];
	let n = length(draw);
	if shape.len() > 1 && draw.random.one_in(4) {
		// The main operand on the right.
		let k = shape[shape.len() - 2];
		let m = length(draw);
		return Some(draw.node(&shape).any(draw, dtype, &[m, k]).main());
	}
	let mut other = match draw.random.below(4) {
		0 => shape[..shape.len().saturating_sub(2)].to_vec(),
		_ => vec![],
	};
	if draw.random.one_in(8) {
		other = vec![k];
	} else {
		other.extend([k, n]);
	}
	Some(draw.on(&shape).any(draw, dtype, &other))
}

/// Window attributes over these spatial lengths.
struct Window {
	kernel: Vec<i64>,
	strides: Vec<i64>,
	dilations: Vec<i64>,
	pads: Vec<i64>,
	auto: Option<&'static str>,
}

impl Window {
	/// None if no window fits into an axis.
	fn draw(draw: &mut Draw<'_>, spatial: &[usize]) -> Self {
		let auto = match draw.random.below(6) {
			0 => Some("SAME_UPPER"),
			1 => Some("SAME_LOWER"),
			2 => Some("VALID"),
			_ => None,
		};
		let mut window = Self {
			kernel: vec![],
			strides: vec![],
			dilations: vec![],
			pads: vec![0; 2 * spatial.len()],
			auto,
		};
		let plain = draw.random.one_in(3);
		for (axis, len) in spatial.iter().enumerate() {
			let len = *len as i64;
			let wide = draw.long && draw.random.one_in(6);
			let widest = if wide { 300 } else { 3 };
			let kernel = draw.random.between(1, widest).min(len.max(1) as usize) as i64;
			let dilation = match draw.random.below(3) {
				0 if !plain && kernel > 1 && (kernel - 1) * 2 < len => 2,
				_ => 1,
			};
			window.kernel.push(kernel);
			window.dilations.push(dilation);
			let stride = if plain { 1 } else { draw.random.between(1, 3) };
			window.strides.push(stride as i64);
			if auto.is_none() {
				window.pads[axis] = draw.random.below(kernel as usize) as i64;
				window.pads[axis + spatial.len()] = draw.random.below(kernel as usize) as i64;
			}
		}
		window
	}

	fn onto(&self, mut drawn: Drawn, dilations: bool) -> Drawn {
		drawn = drawn
			.ints("kernel_shape", &self.kernel)
			.ints("strides", &self.strides);
		if dilations {
			drawn = drawn.ints("dilations", &self.dilations);
		}
		match self.auto {
			Some(auto) => drawn.string("auto_pad", auto),
			None => drawn.ints("pads", &self.pads),
		}
	}
}

/// A shape with a batch, channels and spatial axes.
fn image(draw: &mut Draw<'_>) -> Option<Vec<usize>> {
	draw.filled(3..=5)
}

fn conv(draw: &mut Draw<'_>) -> Option<Drawn> {
	let mut shape = image(draw)?;
	if draw.main.is_none() && draw.random.one_in(2) {
		// Channels enough for whole registers.
		shape = vec![1, *draw.random.pick(&[3, 4, 8, 16, 20, 33]), 5, 6];
	}
	let channels = shape[1];
	let divisors: Vec<usize> = (1..=channels)
		.filter(|d| channels.is_multiple_of(*d))
		.collect();
	let group = match draw.random.below(3) {
		0 => channels,
		1 => *draw.random.pick(&divisors),
		_ => 1,
	};
	let features = group
		* if group == channels {
			draw.random.between(1, 2)
		} else {
			length(draw).div_ceil(group)
		};
	let window = Window::draw(draw, &shape[2..]);
	let mut weights = vec![features, channels / group];
	weights.extend(window.kernel.iter().map(|dim| *dim as usize));
	let dtype = draw.dtype;
	let mut drawn = draw.on(&shape).any(draw, dtype, &weights);
	if draw.random.one_in(2) {
		drawn = drawn.any(draw, dtype, &[features]);
	}
	Some(window.onto(drawn, true).int("group", group as i64))
}

fn conv_transpose(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = image(draw)?;
	let channels = shape[1];
	let group = if draw.random.one_in(3) { channels } else { 1 };
	let features = draw.random.between(1, 9);
	let rank = shape.len() - 2;
	let mut drawn = draw.on(&shape);
	let kernel: Vec<usize> = (0..rank).map(|_| draw.random.between(1, 3)).collect();
	let mut some = |from: usize, to: usize| -> Vec<i64> {
		(0..rank)
			.map(|_| draw.random.between(from, to) as i64)
			.collect()
	};
	let (strides, dilations) = (some(1, 3), some(1, 2));
	let padding = some(0, 1);
	let mut weights = vec![channels, features];
	weights.extend(&kernel);
	let dtype = draw.dtype;
	drawn = drawn.any(draw, dtype, &weights);
	if draw.random.one_in(2) {
		drawn = drawn.any(draw, dtype, &[features * group]);
	}
	drawn = drawn
		.ints("strides", &strides)
		.ints("dilations", &dilations)
		.int("group", group as i64);
	Some(match draw.random.below(4) {
		0 => drawn.string("auto_pad", "SAME_UPPER"),
		1 => drawn.string("auto_pad", "SAME_LOWER"),
		2 => drawn.ints("output_padding", &padding),
		_ => drawn,
	})
}

fn einsum(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(2..=3)?;
	let dtype = draw.dtype;
	let n = length(draw);
	let (last, first) = (shape[shape.len() - 1], shape[0]);
	let drawn = draw.on(&shape);
	Some(if shape.len() == 3 {
		match draw.random.below(3) {
			0 => drawn
				.any(draw, dtype, &[first, last, n])
				.string("equation", "bij,bjk->bik"),
			1 => drawn
				.any(draw, dtype, &[n, last])
				.string("equation", "bij,kj->kbi"),
			_ => drawn.string("equation", "...j->..."),
		}
	} else {
		match draw.random.below(4) {
			0 => drawn
				.any(draw, dtype, &[last, n])
				.string("equation", "ij,jk->ki"),
			1 => drawn.any(draw, dtype, &[last]).string("equation", "ij,j"),
			2 => drawn
				.any(draw, dtype, &[last])
				.any(draw, dtype, &[n])
				.string("equation", "ij,j,k->ik"),
			_ => drawn.string("equation", "ij->ji"),
		}
	})
}

fn det(draw: &mut Draw<'_>) -> Option<Drawn> {
	if draw.main.is_some() {
		return None;
	}
	let n = draw.random.between(1, 6);
	let batch = draw.random.between(1, 3);
	Some(draw.on(&[batch, n, n]))
}

fn lp_pool(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = image(draw)?;
	let window = Window::draw(draw, &shape[2..]);
	let p = draw.random.between(1, 3);
	let drawn = window.onto(draw.on(&shape), draw.opset >= 18);
	Some(with_p(draw.opset, drawn, p))
}

/// With the order of a norm, which opset 1 has as a float.
fn with_p(opset: i64, drawn: Drawn, p: usize) -> Drawn {
	if opset < 2 {
		drawn.float("p", p as f32 * 0.5 + 0.5)
	} else {
		drawn.int("p", p as i64)
	}
}

fn rms_normalization(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(1..=4)?;
	let axis = draw.axis(shape.len());
	let first = axis.rem_euclid(shape.len() as i64) as usize;
	let dtype = draw.dtype;
	let drawn = draw.on(&shape).any(draw, dtype, &shape[first..]);
	Some(epsilon(draw, drawn.int("axis", axis)))
}

fn lp_normalization(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(1..=4)?;
	let (axis, p) = (draw.axis(shape.len()), draw.random.between(1, 2) as i64);
	Some(draw.on(&shape).int("axis", axis).int("p", p))
}

fn mean_variance_normalization(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(1..=4)?;
	let axes = draw.axes(shape.len());
	Some(draw.on(&shape).ints("axes", &axes))
}

fn pool(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = image(draw)?;
	let window = Window::draw(draw, &shape[2..]);
	let drawn = window.onto(draw.on(&shape), draw.opset >= 10);
	let ceil = draw.random.below(2) as i64;
	let drawn = if draw.opset >= 10 && window.auto.is_none() {
		drawn.int("ceil_mode", ceil)
	} else {
		drawn
	};
	// At other opsets the cases stay those whose hashes were stored first.
	Some(if (10..17).contains(&draw.opset) {
		let order = draw.random.below(2) as i64;
		drawn.int("storage_order", order).outputs(2)
	} else {
		drawn
	})
}

fn max_unpool(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = image(draw)?;
	let rank = shape.len() - 2;
	let kernel: Vec<i64> = (0..rank)
		.map(|_| draw.random.between(1, 3) as i64)
		.collect();
	let unpooled = shape[2..]
		.iter()
		.zip(&kernel)
		.map(|(dim, kernel)| dim * *kernel as usize);
	let len = unpooled.chain([shape[0], shape[1]]).product::<usize>() as i64;
	// At run time an index outside fails, which is an outcome too.
	let beyond = i64::from(draw.random.one_in(8));
	let mut indices = draw.indices(&shape, 0, len - 1 + beyond);
	graph::widen(&mut indices);
	Some(
		draw.on(&shape)
			.input(indices)
			.ints("kernel_shape", &kernel)
			.ints("strides", &kernel),
	)
}

fn average_pool(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = image(draw)?;
	let window = Window::draw(draw, &shape[2..]);
	let count = draw.random.below(2) as i64;
	let ceil = draw.random.below(2) as i64;
	let drawn = window.onto(draw.on(&shape), draw.opset >= 19);
	let drawn = if draw.opset < 7 {
		drawn
	} else {
		drawn.int("count_include_pad", count)
	};
	Some(if draw.opset >= 10 && window.auto.is_none() {
		drawn.int("ceil_mode", ceil)
	} else {
		drawn
	})
}

fn global(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = image(draw)?;
	Some(draw.on(&shape))
}

fn epsilon(draw: &mut Draw<'_>, drawn: Drawn) -> Drawn {
	let epsilon = *draw.random.pick(&[1e-5, 1e-3, 0.1]);
	drawn.float("epsilon", epsilon)
}

fn batch_normalization(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(2..=5)?;
	let dtype = draw.dtype;
	// In opsets 7 and 8 each place may have parameters of its own.
	let by_place = (7..9).contains(&draw.opset) && draw.random.one_in(2);
	let last = if by_place { shape.len() } else { 2 };
	let mut drawn = draw.on(&shape);
	for _ in 0..4 {
		let parameter = draw.value(dtype, &shape[1..last]);
		drawn = drawn.constant(parameter);
	}
	if by_place {
		drawn = drawn.int("spatial", 0);
	}
	if draw.opset < 7 {
		drawn = drawn.int("is_test", 1);
	}
	Some(epsilon(draw, drawn))
}

fn instance_normalization(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = image(draw)?;
	let dtype = draw.dtype;
	let channels = [shape[1]];
	let drawn = draw
		.on(&shape)
		.any(draw, dtype, &channels)
		.any(draw, dtype, &channels);
	Some(epsilon(draw, drawn))
}

fn layer_normalization(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(1..=4)?;
	let axis = draw.axis(shape.len());
	let first = axis.rem_euclid(shape.len() as i64) as usize;
	let dtype = draw.dtype;
	let mut drawn = draw.on(&shape).any(draw, dtype, &shape[first..]);
	if draw.random.one_in(2) {
		drawn = drawn.any(draw, dtype, &shape[first..]);
	}
	Some(epsilon(draw, drawn.int("axis", axis)))
}

fn group_normalization(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = image(draw)?;
	let channels = shape[1];
	let divisors: Vec<usize> = (1..=channels)
		.filter(|d| channels.is_multiple_of(*d))
		.collect();
	let groups = *draw.random.pick(&divisors);
	let parameters = [if draw.opset < 21 { groups } else { channels }];
	let dtype = draw.dtype;
	let drawn = draw
		.on(&shape)
		.any(draw, dtype, &parameters)
		.any(draw, dtype, &parameters)
		.int("num_groups", groups as i64);
	Some(epsilon(draw, drawn))
}

fn lrn(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = image(draw)?;
	let size = draw.random.between(1, 5) as i64;
	let drawn = draw.on(&shape).int("size", size);
	Some(if draw.random.one_in(2) {
		let (alpha, beta) = (draw.small().abs(), draw.small().abs());
		drawn
			.float("alpha", alpha)
			.float("beta", beta)
			.float("bias", 2.0)
	} else {
		drawn
	})
}

//! Arrangements that models have, at sizes that a block has room for.

use noema_engine::conformance::{
	draft::{Conv, Draft},
	graph::{f32s, float, int, ints, string},
};

use super::Recipe;

pub(super) const RECIPES: &[Recipe] = &[
	("perceptron", perceptron),
	("perceptron, batch of 64", perceptron_batch),
	("digits", digits),
	("residual", residual),
	("mobile", mobile),
	("fire", fire),
	("dense", dense),
	("detector", detector),
	("encoder", encoder),
	("decoder step", decoder_step),
	("recurrent", recurrent),
	("wavenet", wavenet),
];

/// Dense layers of one row.
fn perceptron(d: &mut Draft) -> String {
	layers(d, 1)
}

/// The same layers over a batch.
fn perceptron_batch(d: &mut Draft) -> String {
	layers(d, 64)
}

fn layers(d: &mut Draft, batch: usize) -> String {
	let mut y = d.input(&[batch, 256]);
	let mut width = 256;
	for next in [512, 512, 256, 10] {
		let (w, b) = (d.weights(&[next, width], width), d.weights(&[next], 1));
		y = d.op_with("Gemm", &[&y, &w, &b], vec![int("transB", 1)]);
		if next != 10 {
			y = d.op("Relu", &[&y]);
		}
		width = next;
	}
	d.op("Softmax", &[&y])
}

/// A small network for small images.
fn digits(d: &mut Draft) -> String {
	let x = d.input(&[1, 1, 28, 28]);
	let y = d.conv(&x, Conv::new(1, 8, 5).bias());
	let y = d.op("Relu", &[&y]);
	let y = d.pool(&y, "MaxPool", 2, 2);
	let y = d.conv(&y, Conv::new(8, 16, 5).bias());
	let y = d.op("Relu", &[&y]);
	let y = d.pool(&y, "MaxPool", 2, 2);
	let y = d.op("Flatten", &[&y]);
	let y = d.dense(&y, 16 * 7 * 7, 10);
	d.op("Softmax", &[&y])
}

/// Residual blocks over three sizes of images.
fn residual(d: &mut Draft) -> String {
	let x = d.input(&[1, 3, 112, 112]);
	let y = d.block(&x, Conv::new(3, 32, 7).stride(2));
	let mut y = d.pool(&y, "MaxPool", 2, 2);
	let mut channels = 32;
	for features in [32, 64, 128] {
		let stride = if features == channels { 1 } else { 2 };
		let convs = [
			Conv::new(channels, features, 3).stride(stride),
			Conv::new(features, features, 3),
		];
		y = d.residual(&y, &convs);
		channels = features;
	}
	d.classify(&y, channels, 100)
}

/// Inverted residuals over depthwise convolutions.
fn mobile(d: &mut Draft) -> String {
	let x = d.input(&[1, 3, 96, 96]);
	let mut y = d.block(&x, Conv::new(3, 16, 3).stride(2));
	let mut channels = 16;
	let (zero, six) = (d.scalar(0.0), d.scalar(6.0));
	for (features, stride) in [(16, 1), (24, 2), (24, 1), (40, 2), (40, 1)] {
		let wide = 6 * channels;
		let inner = d.conv(&y, Conv::new(channels, wide, 1));
		let inner = d.batch_norm(&inner, wide);
		let inner = d.op("Clip", &[&inner, &zero, &six]);
		let inner = d.conv(&inner, Conv::new(wide, wide, 3).stride(stride).group(wide));
		let inner = d.batch_norm(&inner, wide);
		let inner = d.op("HardSwish", &[&inner]);
		let inner = d.conv(&inner, Conv::new(wide, features, 1));
		let inner = d.batch_norm(&inner, features);
		y = if stride == 1 && features == channels {
			d.op("Add", &[&inner, &y])
		} else {
			inner
		};
		channels = features;
	}
	d.classify(&y, channels, 100)
}

/// Narrow and wide convolutions side by side, joined.
fn fire(d: &mut Draft) -> String {
	let x = d.input(&[1, 3, 96, 96]);
	let y = d.conv(&x, Conv::new(3, 32, 3).stride(2).bias());
	let y = d.op("Relu", &[&y]);
	let mut y = d.pool(&y, "MaxPool", 3, 2);
	let mut channels = 32;
	for features in [32, 48, 64] {
		let narrow = d.conv(&y, Conv::new(channels, features / 4, 1).bias());
		let narrow = d.op("Relu", &[&narrow]);
		let left = d.conv(&narrow, Conv::new(features / 4, features, 1).bias());
		let left = d.op("Relu", &[&left]);
		let right = d.conv(&narrow, Conv::new(features / 4, features, 3).bias());
		let right = d.op("Relu", &[&right]);
		y = d.op_with("Concat", &[&left, &right], vec![int("axis", 1)]);
		channels = 2 * features;
	}
	d.classify(&y, channels, 100)
}

/// Layers that read all before them.
fn dense(d: &mut Draft) -> String {
	let x = d.input(&[1, 3, 64, 64]);
	let y = d.block(&x, Conv::new(3, 24, 3).stride(2));
	let mut y = d.pool(&y, "AveragePool", 2, 2);
	let mut channels = 24;
	for _ in 0..6 {
		y = d.dense_block(&y, channels, 48, 12);
		channels += 12;
	}
	d.classify(&y, channels, 100)
}

/// A pyramid of two scales with heads for boxes.
fn detector(d: &mut Draft) -> String {
	let x = d.input(&[1, 3, 96, 96]);
	let y = d.conv(&x, Conv::new(3, 16, 3).stride(2).bias());
	let y = d.op_with("LeakyRelu", &[&y], vec![float("alpha", 0.1)]);
	let fine = d.conv(&y, Conv::new(16, 32, 3).stride(2).bias());
	let fine = d.op_with("LeakyRelu", &[&fine], vec![float("alpha", 0.1)]);
	let coarse = d.block(&fine, Conv::new(32, 32, 3).stride(2));
	let scales = d.graph.constant(&f32s(&[1.0, 1.0, 2.0, 2.0]));
	let up = d.op_with(
		"Resize",
		&[&coarse, "", &scales],
		vec![string("mode", "linear")],
	);
	let y = d.op_with("Concat", &[&fine, &up], vec![int("axis", 1)]);
	let y = d.conv(&y, Conv::new(64, 30, 1).bias());
	let shape = d.list(&[30, 24 * 24]);
	let y = d.op("Reshape", &[&y, &shape]);
	let y = d.op("Sigmoid", &[&y]);
	d.op_with("Transpose", &[&y], vec![ints("perm", &[1, 0])])
}

/// Two layers of a transformer's encoder over 64 tokens.
fn encoder(d: &mut Draft) -> String {
	let mut y = d.input(&[1, 64, 192]);
	for _ in 0..2 {
		y = layer(d, &y, 64, 192, 4, None);
	}
	y
}

/// A layer of a decoder for one token, which sees 255 before it.
fn decoder_step(d: &mut Draft) -> String {
	let x = d.input(&[1, 1, 256]);
	layer(d, &x, 1, 256, 4, Some(255))
}

/// Attention and two dense layers, each behind a layer norm. `past` tokens have keys and values
/// already.
fn layer(
	d: &mut Draft,
	x: &str,
	tokens: usize,
	width: usize,
	heads: usize,
	past: Option<usize>,
) -> String {
	let size = width / heads;
	let apart = d.list(&[1, tokens as i64, heads as i64, size as i64]);
	let whole = d.list(&[1, tokens as i64, width as i64]);
	let normal = d.layer_norm(x, width);
	let project = |d: &mut Draft| {
		let y = d.dense(&normal, width, width);
		let y = d.op("Reshape", &[&y, &apart]);
		d.op_with("Transpose", &[&y], vec![ints("perm", &[0, 2, 1, 3])])
	};
	let queries = project(d);
	let (mut keys, mut values) = (project(d), project(d));
	if let Some(past) = past {
		for state in [&mut keys, &mut values] {
			let old = d.input(&[1, heads, past, size]);
			*state = d.op_with("Concat", &[&old, state.as_str()], vec![int("axis", 2)]);
		}
	}
	let keys = d.op_with("Transpose", &[&keys], vec![ints("perm", &[0, 1, 3, 2])]);
	let scores = d.op("MatMul", &[&queries, &keys]);
	let root = d.scalar((size as f32).sqrt());
	let scores = d.op("Div", &[&scores, &root]);
	let weights = d.op_with("Softmax", &[&scores], vec![int("axis", -1)]);
	let mixed = d.op("MatMul", &[&weights, &values]);
	let mixed = d.op_with("Transpose", &[&mixed], vec![ints("perm", &[0, 2, 1, 3])]);
	let mixed = d.op("Reshape", &[&mixed, &whole]);
	let mixed = d.dense(&mixed, width, width);
	let x = d.op("Add", &[x, &mixed]);
	let normal = d.layer_norm(&x, width);
	let hidden = d.dense(&normal, width, 4 * width);
	let hidden = d.op("Gelu", &[&hidden]);
	let y = d.dense(&hidden, 4 * width, width);
	d.op("Add", &[&x, &y])
}

/// Two recurrent layers and a classifier.
fn recurrent(d: &mut Draft) -> String {
	let x = d.input(&[32, 1, 64]);
	let mut y = x;
	for (from, to) in [(64, 96), (96, 96)] {
		let w = d.weights(&[1, 4 * to, from], from);
		let r = d.weights(&[1, 4 * to, to], to);
		y = d.op_with("LSTM", &[&y, &w, &r], vec![int("hidden_size", to as i64)]);
		let shape = d.list(&[32, 1, to as i64]);
		y = d.op("Reshape", &[&y, &shape]);
	}
	let y = d.dense(&y, 96, 10);
	d.op_with("Softmax", &[&y], vec![int("axis", -1)])
}

/// Dilated convolutions over a signal, with gates.
fn wavenet(d: &mut Draft) -> String {
	let mut y = d.input(&[1, 16, 1024]);
	for dilation in [1i64, 2, 4, 8] {
		let gate = |d: &mut Draft, y: &str, function: &str| {
			let w = d.weights(&[16, 16, 3], 48);
			let attributes = vec![
				ints("dilations", &[dilation]),
				ints("pads", &[2 * dilation, 0]),
			];
			let y = d.op_with("Conv", &[y, &w], attributes);
			d.op(function, &[&y])
		};
		let (signal, gated) = (gate(d, &y, "Tanh"), gate(d, &y, "Sigmoid"));
		let inner = d.op("Mul", &[&signal, &gated]);
		y = d.op("Add", &[&y, &inner]);
	}
	y
}

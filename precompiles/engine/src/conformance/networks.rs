//! Small networks with random weights: the arrangements of operators that models are made of, which
//! an engine may fuse, fold or lay out differently.

use super::{
	draft::{Conv, Draft},
	graph::{float, int, ints, Case},
};
use crate::limits::MAX_INTERFACE_TENSORS;

/// A network under a name.
#[derive(Clone, Debug)]
pub struct Network {
	/// Its name.
	pub name: &'static str,
	/// The network as it would be used.
	pub case: Case,
	/// The same network with what its nodes make as outputs, so that it cannot be fused away: so many
	/// of the nodes at a time as a graph may have outputs.
	pub all_values: Vec<Case>,
}

/// The version of the operator set of all networks.
const OPSET: i64 = 17;

/// A network's name, and what draws its nodes and names its output.
type Recipe = (&'static str, fn(&mut Draft) -> String);

/// All networks.
pub fn networks() -> Vec<Network> {
	let all: [Recipe; 9] = [
		("perceptron", perceptron),
		("convolutions", convolutions),
		("residual", residual),
		("mobile", mobile),
		("shuffle", shuffle),
		("dense", dense),
		("encoder", encoder),
		("recurrent", recurrent),
		("detector", detector),
	];
	let network = |(name, draw): Recipe| {
		let mut draft = Draft::named(name);
		let output = draw(&mut draft);
		Network {
			name,
			case: draft.graph.case(OPSET, &[output]),
			all_values: draft
				.graph
				.made()
				.chunks(MAX_INTERFACE_TENSORS)
				.map(|outputs| draft.graph.case(OPSET, outputs))
				.collect(),
		}
	};
	all.into_iter().map(network).collect()
}

/// Dense layers over a batch.
fn perceptron(d: &mut Draft) -> String {
	let x = d.input(&[5, 200]);
	let (w, b) = (d.weights(&[200, 50], 200), d.weights(&[50], 1));
	let hidden = d.op("Gemm", &[&x, &w, &b]);
	let hidden = d.op("Relu", &[&hidden]);
	let (w, b) = (d.weights(&[10, 50], 50), d.weights(&[10], 1));
	let logits = d.op_with("Gemm", &[&hidden, &w, &b], vec![int("transB", 1)]);
	d.op("Softmax", &[&logits])
}

/// The convolutional networks of the first years: biases, local response, overlapping pools.
fn convolutions(d: &mut Draft) -> String {
	let x = d.input(&[1, 3, 19, 23]);
	let y = d.conv(&x, Conv::new(3, 20, 5).stride(2).bias());
	let y = d.op("Relu", &[&y]);
	let y = d.op_with("LRN", &[&y], vec![int("size", 5)]);
	let y = d.pool(&y, "MaxPool", 3, 2);
	let y = d.conv(&y, Conv::new(20, 36, 3).group(2).bias());
	let y = d.op("Tanh", &[&y]);
	let pool = vec![ints("kernel_shape", &[2, 2]), ints("pads", &[1, 0, 0, 1])];
	let y = d.op_with("AveragePool", &[&y], pool);
	let y = d.op("Flatten", &[&y]);
	let w = d.weights(&[36 * 4 * 5, 37], 720);
	let y = d.op("MatMul", &[&y, &w]);
	let y = d.op("Sigmoid", &[&y]);
	d.op_with("LogSoftmax", &[&y], vec![int("axis", 1)])
}

/// Residual blocks, one of which changes size.
fn residual(d: &mut Draft) -> String {
	let x = d.input(&[1, 3, 17, 17]);
	let y = d.block(&x, Conv::new(3, 16, 7).stride(2));
	let y = d.residual(&y, &[Conv::new(16, 16, 3); 2]);
	let changing = [Conv::new(16, 24, 1), Conv::new(24, 40, 3).stride(2)];
	let y = d.residual(&y, &changing);
	d.classify(&y, 40, 11)
}

/// Inverted residuals over depthwise convolutions, with Relu6 and squeeze-and-excitation.
fn mobile(d: &mut Draft) -> String {
	let x = d.input(&[2, 3, 13, 11]);
	let y = d.block(&x, Conv::new(3, 8, 3).stride(2));
	let (zero, six) = (d.scalar(0.0), d.scalar(6.0));
	let wide = d.conv(&y, Conv::new(8, 34, 1));
	let wide = d.batch_norm(&wide, 34);
	let wide = d.op("Clip", &[&wide, &zero, &six]);
	let deep = d.conv(&wide, Conv::new(34, 34, 3).group(34));
	let deep = d.batch_norm(&deep, 34);
	let deep = d.op("HardSwish", &[&deep]);
	let squeezed = d.op("GlobalAveragePool", &[&deep]);
	let squeezed = d.conv(&squeezed, Conv::new(34, 9, 1).bias());
	let squeezed = d.op("Relu", &[&squeezed]);
	let excited = d.conv(&squeezed, Conv::new(9, 34, 1).bias());
	let excited = d.op("HardSigmoid", &[&excited]);
	let deep = d.op("Mul", &[&deep, &excited]);
	let narrow = d.conv(&deep, Conv::new(34, 8, 1));
	let narrow = d.batch_norm(&narrow, 8);
	let y = d.op("Add", &[&narrow, &y]);
	d.classify(&y, 8, 7)
}

/// Grouped convolutions and a shuffle of channels.
fn shuffle(d: &mut Draft) -> String {
	let x = d.input(&[1, 12, 9, 10]);
	let y = d.block(&x, Conv::new(12, 24, 1).group(3));
	let shape = d.list(&[1, 3, 8, 9, 10]);
	let y = d.op("Reshape", &[&y, &shape]);
	let y = d.op_with("Transpose", &[&y], vec![ints("perm", &[0, 2, 1, 3, 4])]);
	let shape = d.list(&[1, 24, 9, 10]);
	let y = d.op("Reshape", &[&y, &shape]);
	let y = d.conv(&y, Conv::new(24, 24, 3).stride(2).group(24));
	let y = d.batch_norm(&y, 24);
	let y = d.conv(&y, Conv::new(24, 24, 1).group(3));
	let attributes = vec![
		ints("kernel_shape", &[3, 3]),
		ints("strides", &[2, 2]),
		ints("pads", &[1, 1, 1, 1]),
	];
	let shortcut = d.op_with("AveragePool", &[&x], attributes);
	let y = d.op_with("Concat", &[&shortcut, &y], vec![int("axis", 1)]);
	let y = d.op("Relu", &[&y]);
	d.classify(&y, 36, 5)
}

/// Layers that read all before them, batch norm in front.
fn dense(d: &mut Draft) -> String {
	let x = d.input(&[1, 6, 10, 9]);
	let mut features = x;
	let mut channels = 6;
	for _ in 0..3 {
		features = d.dense_block(&features, channels, 16, 7);
		channels += 7;
	}
	let y = d.batch_norm(&features, channels);
	let y = d.op("Relu", &[&y]);
	let y = d.conv(&y, Conv::new(channels, 13, 1));
	let y = d.pool(&y, "AveragePool", 2, 2);
	d.classify(&y, 13, 6)
}

/// A transformer's encoder layer: attention of four heads, and a gated sum.
fn encoder(d: &mut Draft) -> String {
	const TOKENS: i64 = 13;
	const HEADS: i64 = 4;
	const WIDTH: usize = 32;
	let x = d.input(&[1, TOKENS as usize, WIDTH]);
	let head = WIDTH as i64 / HEADS;
	let heads = d.list(&[1, TOKENS, HEADS, head]);
	let whole = d.list(&[1, TOKENS, WIDTH as i64]);
	let split = |d: &mut Draft, x: &str, perm: [i64; 4]| {
		let x = d.dense(x, WIDTH, WIDTH);
		let x = d.op("Reshape", &[&x, &heads]);
		d.op_with("Transpose", &[&x], vec![ints("perm", &perm)])
	};
	let normal = d.layer_norm(&x, WIDTH);
	let queries = split(d, &normal, [0, 2, 1, 3]);
	let keys = split(d, &normal, [0, 2, 3, 1]);
	let values = split(d, &normal, [0, 2, 1, 3]);
	let scores = d.op("MatMul", &[&queries, &keys]);
	let root = d.scalar(8f32.sqrt());
	let scores = d.op("Div", &[&scores, &root]);
	let weights = d.op_with("Softmax", &[&scores], vec![int("axis", -1)]);
	let mixed = d.op("MatMul", &[&weights, &values]);
	let mixed = d.op_with("Transpose", &[&mixed], vec![ints("perm", &[0, 2, 1, 3])]);
	let mixed = d.op("Reshape", &[&mixed, &whole]);
	let mixed = d.dense(&mixed, WIDTH, WIDTH);
	let x = d.op("Add", &[&x, &mixed]);
	let normal = d.layer_norm(&x, WIDTH);
	let hidden = d.dense(&normal, WIDTH, 2 * WIDTH);
	// Gelu as exporters of older operator sets write it.
	let (root, one, half) = (d.scalar(2f32.sqrt()), d.scalar(1.0), d.scalar(0.5));
	let inner = d.op("Div", &[&hidden, &root]);
	let inner = d.op("Erf", &[&inner]);
	let inner = d.op("Add", &[&inner, &one]);
	let hidden = d.op("Mul", &[&hidden, &inner]);
	let hidden = d.op("Mul", &[&hidden, &half]);
	let y = d.dense(&hidden, 2 * WIDTH, WIDTH);
	d.op("Add", &[&x, &y])
}

/// Three steps of a long short-term memory, gate by gate.
fn recurrent(d: &mut Draft) -> String {
	const INPUT: usize = 10;
	const HIDDEN: usize = 12;
	let x = d.input(&[3, 2, INPUT]);
	let (mut h, mut c) = (d.input(&[2, HIDDEN]), d.input(&[2, HIDDEN]));
	let w = d.weights(&[4 * HIDDEN, INPUT], INPUT);
	let r = d.weights(&[4 * HIDDEN, HIDDEN], HIDDEN);
	let b = d.weights(&[4 * HIDDEN], 4);
	let lengths = d.list(&[HIDDEN as i64; 4]);
	for step in 0..3 {
		let at = d.graph.constant(&super::graph::i64_scalar(step));
		let token = d.op_with("Gather", &[&x, &at], vec![int("axis", 0)]);
		let gates = d.op_with("Gemm", &[&token, &w, &b], vec![int("transB", 1)]);
		let old = d.op_with("Gemm", &[&h, &r], vec![int("transB", 1)]);
		let gates = d.op("Add", &[&gates, &old]);
		let gates = d.node(("", "Split"), &[&gates, &lengths], vec![int("axis", 1)], 4);
		let input = d.op("Sigmoid", &[&gates[0]]);
		let output = d.op("Sigmoid", &[&gates[1]]);
		let forget = d.op("Sigmoid", &[&gates[2]]);
		let cell = d.op("Tanh", &[&gates[3]]);
		let kept = d.op("Mul", &[&forget, &c]);
		let new = d.op("Mul", &[&input, &cell]);
		c = d.op("Add", &[&kept, &new]);
		let squashed = d.op("Tanh", &[&c]);
		h = d.op("Mul", &[&output, &squashed]);
	}
	h
}

/// A pyramid of two scales, boxes by exp, and the best of them.
fn detector(d: &mut Draft) -> String {
	let x = d.input(&[1, 4, 12, 12]);
	let fine = d.conv(&x, Conv::new(4, 12, 3).bias());
	let fine = d.op_with("LeakyRelu", &[&fine], vec![float("alpha", 0.1)]);
	let coarse = d.block(&fine, Conv::new(12, 12, 3).stride(2));
	let (ones, twos) = (d.floats(&[2], |_| 1.0), d.floats(&[2], |_| 2.0));
	// Folded at import.
	let scales = d.op_with("Concat", &[&ones, &twos], vec![int("axis", 0)]);
	let up = d.op_with(
		"Resize",
		&[&coarse, "", &scales],
		vec![super::graph::string("mode", "linear")],
	);
	let y = d.op("Add", &[&fine, &up]);
	let y = d.conv(&y, Conv::new(12, 5, 1).bias());
	let shape = d.list(&[5, 144]);
	let y = d.op("Reshape", &[&y, &shape]);
	let lengths = d.list(&[4, 1]);
	let parts = d.node(("", "Split"), &[&y, &lengths], vec![int("axis", 0)], 2);
	let boxes = d.op("Exp", &[&parts[0]]);
	let scores = d.op("Sigmoid", &[&parts[1]]);
	let k = d.list(&[5]);
	let best = d.node(("", "TopK"), &[&scores, &k], vec![], 2);
	let zero = d.list(&[0]);
	let places = d.op("Squeeze", &[&best[1], &zero]);
	let chosen = d.op_with("Gather", &[&boxes, &places], vec![int("axis", 1)]);
	d.op("Mul", &[&chosen, &best[0]])
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn networks_run_without_a_nan() {
		for network in networks() {
			for case in network.all_values.iter().chain([&network.case]) {
				let outputs = case
					.run()
					.unwrap_or_else(|error| panic!("{}: {error}", network.name))
					.unwrap_or_else(|error| panic!("{}: {error}", network.name));
				for output in outputs
					.iter()
					.filter(|output| output.dtype == crate::DType::F32)
				{
					for bytes in output.data.as_chunks::<4>().0 {
						assert!(f32::from_le_bytes(*bytes).is_finite(), "{}", network.name);
					}
				}
			}
		}
	}
}

//! Networks that are put together node by node, their weights drawn from a fixed seed.

use tract_onnx::pb::{AttributeProto, NodeProto};

use super::{
	graph::{int, ints, GraphBuilder},
	random::{Elements, Random},
};
use crate::{DType, Value};

/// A network that is being put together. What adds to it returns the names of what was added.
#[derive(Clone, Debug)]
pub struct Draft {
	/// The graph so far.
	pub graph: GraphBuilder,
	/// Where weights and inputs come from.
	pub random: Random,
}

impl Draft {
	/// An empty one, whose numbers are its name's.
	pub fn named(name: &str) -> Self {
		Self {
			graph: GraphBuilder::new(),
			random: Random::named(name, 1),
		}
	}

	/// A graph input of binary32 in [-4, 4).
	pub fn input(&mut self, shape: &[usize]) -> String {
		self.input_of(DType::F32, shape)
	}

	/// A graph input of small numbers.
	pub fn input_of(&mut self, dtype: DType, shape: &[usize]) -> String {
		let value = self.random.value(dtype, shape, Elements::Plain);
		self.graph.input(value)
	}

	/// An initializer of small numbers.
	pub fn constant_of(&mut self, dtype: DType, shape: &[usize]) -> String {
		let value = self.random.value(dtype, shape, Elements::Plain);
		self.graph.constant(&value)
	}

	/// Weights whose products with inputs of size one are of size one.
	pub fn weights(&mut self, shape: &[usize], fan_in: usize) -> String {
		// A power of two, so that scaling is exact.
		let scale = 1.0 / (1u32 << (fan_in.ilog2() / 2)) as f32;
		self.floats(shape, |random| random.unit() * scale)
	}

	/// An initializer of binary32, drawn one by one.
	pub fn floats(&mut self, shape: &[usize], draw: impl Fn(&mut Random) -> f32) -> String {
		let count = shape.iter().product::<usize>();
		let data = (0..count)
			.flat_map(|_| draw(&mut self.random).to_le_bytes())
			.collect();
		self.graph.constant(&Value {
			dtype: DType::F32,
			shape: shape.to_vec(),
			data,
		})
	}

	/// An initializer that is a list of i64.
	pub fn list(&mut self, elements: &[i64]) -> String {
		self.graph.constant(&super::graph::i64s(elements))
	}

	/// An initializer of rank zero.
	pub fn scalar(&mut self, x: f32) -> String {
		self.floats(&[], |_| x)
	}

	/// An operator without attributes, of one output.
	pub fn op(&mut self, op: &str, inputs: &[&str]) -> String {
		self.graph.apply(op, inputs, vec![])
	}

	/// An operator of one output.
	pub fn op_with(
		&mut self,
		op: &str,
		inputs: &[&str],
		attributes: Vec<AttributeProto>,
	) -> String {
		self.graph.apply(op, inputs, attributes)
	}

	/// An operator of a domain (empty for ONNX's default), of several outputs.
	pub fn node(
		&mut self,
		(domain, op): (&str, &str),
		inputs: &[&str],
		attributes: Vec<AttributeProto>,
		outputs: usize,
	) -> Vec<String> {
		let node = NodeProto {
			op_type: op.into(),
			domain: domain.into(),
			input: inputs.iter().map(|name| (*name).into()).collect(),
			attribute: attributes,
			..Default::default()
		};
		self.graph.node(node, outputs)
	}

	/// `features` filters of `size` by `size`, padded so that a stride of one keeps the size.
	pub fn conv(&mut self, x: &str, c: Conv) -> String {
		let shape = [c.features, c.channels / c.group, c.size, c.size];
		let w = self.weights(&shape, shape[1] * c.size * c.size);
		let pad = (c.size / 2) as i64;
		let attributes = vec![
			ints("kernel_shape", &[c.size as i64; 2]),
			ints("pads", &[pad; 4]),
			ints("strides", &[c.stride; 2]),
			int("group", c.group as i64),
		];
		if c.bias {
			let b = self.weights(&[c.features], 4);
			self.op_with("Conv", &[x, &w, &b], attributes)
		} else {
			self.op_with("Conv", &[x, &w], attributes)
		}
	}

	/// Batch norm of random parameters.
	pub fn batch_norm(&mut self, x: &str, channels: usize) -> String {
		let scale = self.floats(&[channels], |random| 1.0 + 0.5 * random.unit());
		let bias = self.floats(&[channels], Random::unit);
		let mean = self.floats(&[channels], |random| 0.25 * random.unit());
		let variance = self.floats(&[channels], |random| 1.0 + 0.75 * random.unit());
		self.op("BatchNormalization", &[x, &scale, &bias, &mean, &variance])
	}

	/// Convolution, batch norm, Relu.
	pub fn block(&mut self, x: &str, c: Conv) -> String {
		let y = self.conv(x, c);
		let y = self.batch_norm(&y, c.features);
		self.op("Relu", &[&y])
	}

	/// A pooling over windows of `size` by `size`.
	pub fn pool(&mut self, x: &str, op: &str, size: i64, stride: i64) -> String {
		let attributes = vec![
			ints("kernel_shape", &[size; 2]),
			ints("strides", &[stride; 2]),
		];
		self.op_with(op, &[x], attributes)
	}

	/// The sum of x and of convolutions of it, each but the last followed by Relu, then Relu. Where the
	/// sizes change, x is convolved too.
	pub fn residual(&mut self, x: &str, convs: &[Conv]) -> String {
		let Some((last, before)) = convs.split_last() else {
			return x.to_owned();
		};
		let mut inner = x.to_owned();
		for conv in before {
			inner = self.block(&inner, *conv);
		}
		inner = self.conv(&inner, *last);
		inner = self.batch_norm(&inner, last.features);
		let stride: i64 = convs.iter().map(|conv| conv.stride).product();
		let channels = convs[0].channels;
		let shortcut = if stride == 1 && channels == last.features {
			x.to_owned()
		} else {
			let y = self.conv(x, Conv::new(channels, last.features, 1).stride(stride));
			self.batch_norm(&y, last.features)
		};
		let sum = self.op("Add", &[&inner, &shortcut]);
		self.op("Relu", &[&sum])
	}

	/// x joined with `growth` channels more, of a narrow convolution and a wide one.
	pub fn dense_block(
		&mut self,
		x: &str,
		channels: usize,
		narrow: usize,
		growth: usize,
	) -> String {
		let y = self.batch_norm(x, channels);
		let y = self.op("Relu", &[&y]);
		let y = self.block(&y, Conv::new(channels, narrow, 1));
		let y = self.conv(&y, Conv::new(narrow, growth, 3));
		self.op_with("Concat", &[x, &y], vec![int("axis", 1)])
	}

	/// Global average, then a dense layer and Softmax.
	pub fn classify(&mut self, x: &str, channels: usize, classes: usize) -> String {
		let pooled = self.op("GlobalAveragePool", &[x]);
		let flat = self.op("Flatten", &[&pooled]);
		let w = self.weights(&[classes, channels], channels);
		let b = self.weights(&[classes], 1);
		let logits = self.op_with("Gemm", &[&flat, &w, &b], vec![int("transB", 1)]);
		self.op("Softmax", &[&logits])
	}

	/// A product with weights, and a bias.
	pub fn dense(&mut self, x: &str, from: usize, to: usize) -> String {
		let w = self.weights(&[from, to], from);
		let b = self.weights(&[to], 4);
		let product = self.op("MatMul", &[x, &w]);
		self.op("Add", &[&product, &b])
	}

	/// Layer norm of the last axis.
	pub fn layer_norm(&mut self, x: &str, features: usize) -> String {
		let scale = self.floats(&[features], |random| 1.0 + 0.5 * random.unit());
		let bias = self.floats(&[features], Random::unit);
		self.op_with(
			"LayerNormalization",
			&[x, &scale, &bias],
			vec![int("axis", -1)],
		)
	}
}

/// A convolution's sizes.
#[derive(Clone, Copy, Debug)]
pub struct Conv {
	/// Channels of the input.
	pub channels: usize,
	/// Channels of the output.
	pub features: usize,
	/// Length of the window along each of two axes.
	pub size: usize,
	/// Along both axes.
	pub stride: i64,
	/// Groups of channels.
	pub group: usize,
	/// Whether there is one.
	pub bias: bool,
}

impl Conv {
	/// One group, a stride of one, no bias.
	pub const fn new(channels: usize, features: usize, size: usize) -> Self {
		Self {
			channels,
			features,
			size,
			stride: 1,
			group: 1,
			bias: false,
		}
	}

	/// The same with this stride.
	#[must_use]
	pub const fn stride(mut self, stride: i64) -> Self {
		self.stride = stride;
		self
	}

	/// The same in so many groups.
	#[must_use]
	pub const fn group(mut self, group: usize) -> Self {
		self.group = group;
		self
	}

	/// The same with a bias.
	#[must_use]
	pub const fn bias(mut self) -> Self {
		self.bias = true;
		self
	}
}

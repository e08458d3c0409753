//! The passes on whole graphs: random ones must give the same bits before and after all that is
//! meant to be transparent, and known ones must lose the steps that they should.

use proptest::prelude::*;
use prost::Message;
use tract_onnx::{
	pb::{
		tensor_proto::DataType, tensor_shape_proto, type_proto, AttributeProto, GraphProto,
		ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto,
		ValueInfoProto,
	},
	prelude::{tvec, IntoTValue, Tensor},
};

use super::{canonical, optimise};
use crate::{
	emit::emit,
	guard::guard,
	import::{import, Graph},
	tensor::{canonicalise_nans, slice},
	testing::{f32s, float, int, ints},
};

/// A graph under construction: its only input is `x`.
#[derive(Clone, Debug, Default)]
struct Net {
	input: Vec<usize>,
	nodes: Vec<NodeProto>,
	constants: Vec<TensorProto>,
	seed: u32,
}

impl Net {
	fn new(input: &[usize]) -> Self {
		Self {
			input: input.to_vec(),
			seed: 1,
			..Self::default()
		}
	}

	/// A constant of numbers in [-1, 1).
	fn constant(&mut self, dims: &[usize]) -> String {
		let name = format!("c{}", self.constants.len());
		let float_data = (0..dims.iter().product())
			.map(|_| {
				self.seed = self
					.seed
					.wrapping_mul(1_664_525)
					.wrapping_add(1_013_904_223);
				(self.seed >> 8) as f32 / (1 << 23) as f32 - 1.0
			})
			.collect();
		self.constants.push(TensorProto {
			name: name.clone(),
			data_type: DataType::Float as i32,
			dims: dims.iter().map(|dim| *dim as i64).collect(),
			float_data,
			..TensorProto::default()
		});
		name
	}

	/// A constant of numbers in [0.5, 1.5).
	fn positive(&mut self, dims: &[usize]) -> String {
		let name = self.constant(dims);
		let data = &mut self.constants.last_mut().expect("just pushed").float_data;
		data.iter_mut().for_each(|x| *x = *x / 2.0 + 1.0);
		name
	}

	fn integers(&mut self, values: &[i64]) -> String {
		let name = format!("c{}", self.constants.len());
		self.constants.push(TensorProto {
			name: name.clone(),
			data_type: DataType::Int64 as i32,
			dims: vec![values.len() as i64],
			int64_data: values.to_vec(),
			..TensorProto::default()
		});
		name
	}

	fn node(&mut self, op: &str, inputs: &[&str], attribute: Vec<AttributeProto>) -> String {
		let output = format!("n{}", self.nodes.len());
		self.nodes.push(NodeProto {
			op_type: op.into(),
			input: inputs.iter().map(|name| (*name).into()).collect(),
			output: vec![output.clone()],
			attribute,
			..NodeProto::default()
		});
		output
	}

	fn conv(&mut self, x: &str, weights: &[usize], group: usize, pad: i64, bias: bool) -> String {
		let w = self.constant(weights);
		let b = bias.then(|| self.constant(&weights[..1]));
		let mut inputs = vec![x, &w];
		inputs.extend(b.as_deref());
		let attributes = vec![int("group", group as i64), ints("pads", &[pad; 4])];
		self.node("Conv", &inputs, attributes)
	}

	fn normalisation(&mut self, x: &str, channels: usize) -> String {
		let c = [channels];
		let (scale, bias) = (self.constant(&c), self.constant(&c));
		let (mean, var) = (self.constant(&c), self.positive(&c));
		let inputs = [x, &scale, &bias, &mean, &var];
		self.node("BatchNormalization", &inputs, vec![float("epsilon", 1e-3)])
	}

	/// The graph with these outputs.
	fn graph(&self, outputs: &[&str]) -> Graph {
		use tensor_shape_proto::{dimension::Value as Dim, Dimension};
		let dim = self
			.input
			.iter()
			.map(|dim| Dimension {
				value: Some(Dim::DimValue(*dim as i64)),
				..Dimension::default()
			})
			.collect();
		let tensor = type_proto::Tensor {
			elem_type: DataType::Float as i32,
			shape: Some(TensorShapeProto { dim }),
		};
		let r#type = Some(TypeProto {
			value: Some(type_proto::Value::TensorType(tensor)),
			..TypeProto::default()
		});
		let info = |name: &str, r#type| ValueInfoProto {
			name: name.into(),
			r#type,
			..ValueInfoProto::default()
		};
		let model = ModelProto {
			ir_version: 8,
			opset_import: vec![OperatorSetIdProto {
				domain: String::new(),
				version: 17,
			}],
			graph: Some(GraphProto {
				node: self.nodes.clone(),
				initializer: self.constants.clone(),
				input: vec![info("x", r#type)],
				output: outputs.iter().map(|name| info(name, None)).collect(),
				..GraphProto::default()
			}),
			..ModelProto::default()
		};
		let model = guard(&model.encode_to_vec()).expect("the guard lets it pass");
		import(model).expect("the graph is imported")
	}

	/// The kernels of the steps that run.
	fn kernels(&self, outputs: &[&str]) -> Vec<&'static str> {
		let graph = optimise(canonical(self.graph(outputs)).unwrap()).unwrap();
		graph.steps.iter().map(|step| step.kernel.name()).collect()
	}

	/// The outputs of the canonical steps, which must be those of the steps that run, to the bit.
	fn run(&self, outputs: &[&str]) -> Vec<Tensor> {
		let len = self.input.iter().product();
		let mut numbers = Net::new(&[]);
		numbers.seed = 77;
		numbers.constant(&[len]);
		let x = f32s(&self.input, &numbers.constants[0].float_data);
		let run = |graph: Graph| -> Vec<Tensor> {
			let plan = emit(&graph).expect("the plan is made").plan;
			let outputs = plan.run(tvec![x.clone().into_tvalue()]).expect("it runs");
			outputs
				.into_iter()
				.map(|output| {
					let mut output = (*output).clone();
					canonicalise_nans(&mut output).expect("a float");
					output
				})
				.collect()
		};
		let expected = run(canonical(self.graph(outputs)).unwrap());
		let found = run(optimise(canonical(self.graph(outputs)).unwrap()).unwrap());
		assert_eq!(found.len(), expected.len());
		for (found, expected) in found.iter().zip(&expected) {
			assert_eq!(found.shape(), expected.shape());
			assert_eq!(found.as_bytes(), expected.as_bytes());
		}
		expected
	}
}

#[test]
fn a_residual_block_is_one_step_for_each_convolution() {
	let mut net = Net::new(&[1, 16, 7, 9]);
	let mut y = net.conv("x", &[24, 16, 3, 3], 1, 1, false);
	y = net.normalisation(&y, 24);
	y = net.node("Relu", &[&y], vec![]);
	y = net.conv(&y, &[40, 24, 1, 1], 1, 0, true);
	y = net.normalisation(&y, 40);
	let mut shortcut = net.conv("x", &[40, 16, 1, 1], 1, 0, false);
	shortcut = net.normalisation(&shortcut, 40);
	y = net.node("Add", &[&y, &shortcut], vec![]);
	y = net.node("Relu", &[&y], vec![]);
	net.run(&[&y]);
	let expected = ["Transpose", "Conv", "Conv", "Conv", "Transpose"];
	assert_eq!(net.kernels(&[&y]), expected);
	// A value that is also an output stays a step of its own.
	net.run(&[&y, &shortcut]);
	assert_eq!(net.kernels(&[&y, &shortcut]).len(), 6);
}

#[test]
fn normalisation_scale_and_shift_fold_in_binary64() {
	let mut net = Net::new(&[1, 2, 1, 3]);
	let mut y = net.conv("x", &[3, 2, 1, 1], 1, 0, true);
	y = net.normalisation(&y, 3);
	let factor = net.constant(&[3, 1, 1]);
	y = net.node("Mul", &[&factor, &y], vec![]);
	let shift = net.constant(&[1, 3, 1, 1]);
	y = net.node("Add", &[&y, &shift], vec![]);
	let graph = canonical(net.graph(&[&y])).unwrap();
	assert_eq!(graph.steps.len(), 1);
	let constant = |index: usize| net.constants[index].float_data.clone();
	let folded = |input: usize| {
		let value = graph.steps[0].input_facts[input].konst().unwrap().clone();
		slice::<f32>(&value).unwrap().to_vec()
	};
	let epsilon = f64::from(1e-3f32);
	for channel in 0..3 {
		let of = |index: usize| f64::from(constant(index)[channel]);
		let (b, scale, bias, mean, var) = (of(1), of(2), of(3), of(4), of(5));
		let a = scale / (var + epsilon).sqrt();
		let expected = ((b - mean) * a + bias) * of(6) + of(7);
		assert_eq!(folded(2)[channel].to_bits(), (expected as f32).to_bits());
		for input in 0..2 {
			let w = f64::from(constant(0)[channel * 2 + input]);
			let expected = (w * (a * of(6))) as f32;
			assert_eq!(folded(1)[channel * 2 + input].to_bits(), expected.to_bits());
		}
	}
	net.run(&[&y]);
}

#[test]
fn what_is_read_elsewhere_is_not_folded() {
	let mut net = Net::new(&[1, 2, 1, 3]);
	let conv = net.conv("x", &[3, 2, 1, 1], 1, 0, true);
	let y = net.normalisation(&conv, 3);
	assert_eq!(canonical(net.graph(&[&y])).unwrap().steps.len(), 1);
	assert_eq!(canonical(net.graph(&[&y, &conv])).unwrap().steps.len(), 2);
	// A factor that differs within a channel.
	let mut net = Net::new(&[1, 2, 1, 3]);
	let conv = net.conv("x", &[3, 2, 1, 1], 1, 0, true);
	let factor = net.constant(&[1, 1, 3]);
	let y = net.node("Mul", &[&conv, &factor], vec![]);
	assert_eq!(canonical(net.graph(&[&y])).unwrap().steps.len(), 2);
	net.run(&[&y]);
	// A factor that makes the output larger.
	let mut net = Net::new(&[1, 2, 1, 3]);
	let conv = net.conv("x", &[3, 2, 1, 1], 1, 0, true);
	let factor = net.constant(&[2, 1, 1, 1]);
	let y = net.node("Mul", &[&conv, &factor], vec![]);
	assert_eq!(canonical(net.graph(&[&y])).unwrap().steps.len(), 2);
	net.run(&[&y]);
}

#[test]
fn a_normalisation_before_a_convolution_keeps_its_mean() {
	let mut net = Net::new(&[1, 20, 5, 4]);
	let mut y = net.node("MaxPool", &["x"], vec![ints("kernel_shape", &[2, 2])]);
	y = net.normalisation(&y, 20);
	let factor = net.constant(&[20, 1, 1]);
	y = net.node("Mul", &[&y, &factor], vec![]);
	y = net.node("Relu", &[&y], vec![]);
	y = net.conv(&y, &[16, 20, 3, 3], 1, 1, false);
	net.run(&[&y]);
	assert_eq!(canonical(net.graph(&[&y])).unwrap().steps.len(), 4);
}

#[test]
fn channels_are_shuffled_in_one_step() {
	let mut net = Net::new(&[2, 12, 3, 5]);
	let mut y = net.conv("x", &[24, 3, 1, 1], 4, 0, true);
	let split = net.integers(&[2, 4, 6, 3, 5]);
	y = net.node("Reshape", &[&y, &split], vec![]);
	y = net.node("Transpose", &[&y], vec![ints("perm", &[0, 2, 1, 3, 4])]);
	let merge = net.integers(&[2, 24, 3, 5]);
	y = net.node("Reshape", &[&y, &merge], vec![]);
	let given = net.clone();
	given.run(&[&y]);
	y = net.conv(&y, &[24, 1, 3, 3], 24, 1, true);
	net.run(&[&y]);
	let kernels = net.kernels(&[&y]);
	assert!(kernels.contains(&"ChannelShuffle"), "{kernels:?}");
	assert!(!kernels.contains(&"Reshape"), "{kernels:?}");
}

#[test]
fn a_dense_block_makes_no_concatenation() {
	let mut net = Net::new(&[2, 8, 4, 5]);
	let mut block = net.conv("x", &[20, 8, 3, 3], 1, 1, true);
	for layer in 0..3 {
		let channels = 20 + 9 * layer;
		let mut y = net.normalisation(&block, channels);
		y = net.node("Relu", &[&y], vec![]);
		y = net.conv(&y, &[9, channels, 3, 3], 1, 1, false);
		block = net.node("Concat", &[&block, &y], vec![int("axis", 1)]);
	}
	let mut y = net.normalisation(&block, 47);
	y = net.node("Relu", &[&y], vec![]);
	y = net.conv(&y, &[16, 47, 1, 1], 1, 0, false);
	net.run(&[&y]);
	assert!(!net.kernels(&[&y]).contains(&"Concat"));
	// What something else reads is made.
	net.run(&[&y, &block]);
	let pooled = net.node("GlobalAveragePool", &[&block], vec![]);
	net.run(&[&y, &pooled]);
}

#[test]
fn bias_sum_and_activation_follow_a_product_of_matrices() {
	let mut net = Net::new(&[2, 3, 40]);
	let (w, bias) = (net.constant(&[40, 40]), net.constant(&[40]));
	let mut y = net.node("MatMul", &["x", &w], vec![]);
	y = net.node("Add", &[&bias, &y], vec![]);
	y = net.node("Add", &["x", &y], vec![]);
	y = net.node("Relu", &[&y], vec![]);
	net.run(&[&y]);
	assert_eq!(net.kernels(&[&y]), ["MatMul"]);
	// A second summand finds no place, and a bias comes before a sum or not at all.
	let mut y = net.node("MatMul", &["x", &w], vec![]);
	y = net.node("Add", &[&y, "x"], vec![]);
	y = net.node("Add", &[&y, &bias], vec![]);
	net.run(&[&y]);
	assert_eq!(net.kernels(&[&y]), ["MatMul", "Add"]);
	// What is added is the product itself.
	let product = net.node("MatMul", &["x", &w], vec![]);
	let y = net.node("Add", &[&product, &product], vec![]);
	net.run(&[&y]);
	assert_eq!(net.kernels(&[&y]), ["MatMul", "Add"]);
}

#[test]
fn convolutions_write_into_their_concatenation() {
	let mut net = Net::new(&[2, 8, 4, 5]);
	let squeezed = net.conv("x", &[6, 8, 1, 1], 1, 0, true);
	let squeezed = net.node("Relu", &[&squeezed], vec![]);
	let mut parts = vec![];
	for (kernel, pad, out) in [(1, 0, 10), (3, 1, 21)] {
		let y = net.conv(&squeezed, &[out, 6, kernel, kernel], 1, pad, true);
		parts.push(net.node("Relu", &[&y], vec![]));
	}
	let inputs = [parts[0].as_str(), "x", &parts[1], &squeezed];
	let y = net.node("Concat", &inputs, vec![int("axis", 1)]);
	net.run(&[&y]);
	let expected = ["Transpose", "Conv", "Concat", "Transpose"];
	assert_eq!(net.kernels(&[&y]), expected);
	net.run(&[&y, &parts[1]]);
	assert_eq!(net.kernels(&[&y, &parts[1]]).len(), 6);
}

#[test]
fn infinite_weights_keep_the_layout_of_the_rule() {
	let mut net = Net::new(&[1, 2, 3, 3]);
	let y = net.conv("x", &[8, 2, 3, 3], 1, 1, false);
	net.constants[0].float_data[0] = f32::INFINITY;
	net.run(&[&y]);
	assert_eq!(net.kernels(&[&y]), ["Conv"]);
}

/// One more layer on top of `y`, whose shape is batch, channels, height, width.
fn layer(net: &mut Net, values: &mut Vec<(String, Vec<usize>)>, pick: [usize; 6]) {
	let [kind, source, a, b, c, d] = pick;
	let (y, shape) = values[source % values.len()].clone();
	let channels = shape[1];
	let smallest = shape[2].min(shape[3]);
	let (y, shape) = match kind % 12 {
		0 | 1 => {
			let (kernel, stride) = (1 + a % 3, 1 + b % 2);
			let pad = a % 3 % kernel;
			let dilation = if c % 4 == 0 { 2 } else { 1 };
			let span = (kernel - 1) * dilation + 1;
			if smallest + 2 * pad < span {
				return;
			}
			let groups: Vec<usize> = (1..=channels).filter(|g| channels % g == 0).collect();
			let group = groups[d % groups.len()];
			let each = [1, 3, 8, 16, 33][c % 5];
			let out = if group * each > 100 {
				group
			} else {
				group * each
			};
			let w = net.constant(&[out, channels / group, kernel, kernel]);
			let bias = net.constant(&[out]);
			let mut inputs = vec![y.as_str(), &w];
			if b % 3 > 0 {
				inputs.push(&bias);
			}
			let attributes = vec![
				int("group", group as i64),
				ints("pads", &[pad as i64; 4]),
				ints("strides", &[stride as i64; 2]),
				ints("dilations", &[dilation as i64; 2]),
			];
			let size = |n: usize| (n + 2 * pad - span) / stride + 1;
			let shape = vec![shape[0], out, size(shape[2]), size(shape[3])];
			(net.node("Conv", &inputs, attributes), shape)
		}
		2 => (net.normalisation(&y, channels), shape),
		3 => (net.node("Relu", &[&y], vec![]), shape),
		4 => {
			let (low, high) = (net.constant(&[]), net.positive(&[]));
			(net.node("Clip", &[&y, &low, &high], vec![]), shape)
		}
		5 => {
			let other = values.iter().rev().find(|(_, other)| *other == shape);
			let other = other.expect("it equals itself").0.clone();
			(net.node("Add", &[&y, &other], vec![]), shape)
		}
		6 => {
			let dims = [vec![channels, 1, 1], vec![1], vec![shape[3]], shape.clone()];
			let operand = net.constant(&dims[a % 4]);
			let op = ["Mul", "Add", "Sub", "PRelu"][b % 4];
			(net.node(op, &[&y, &operand], vec![]), shape)
		}
		7 | 8 if smallest >= 2 => {
			let op = ["MaxPool", "AveragePool"][kind % 2];
			let attributes = vec![
				ints("kernel_shape", &[2, 2]),
				ints("strides", &[1 + a as i64 % 2; 2]),
				ints("pads", &[b as i64 % 2; 4]),
			];
			let size = |n: usize| (n + 2 * (b % 2) - 2) / (1 + a % 2) + 1;
			let shape = vec![shape[0], channels, size(shape[2]), size(shape[3])];
			(net.node(op, &[&y], attributes), shape)
		}
		9 => {
			let fits = |other: &[usize]| other[2..] == shape[2..] && other[1] + channels < 100;
			let other = values.iter().rev().find(|(_, other)| fits(other));
			let Some((name, other)) = other else { return };
			let shape = vec![shape[0], channels + other[1], shape[2], shape[3]];
			let inputs = [y.as_str(), name];
			(net.node("Concat", &inputs, vec![int("axis", 1)]), shape)
		}
		10 => (
			net.node("LRN", &[&y], vec![int("size", 1 + a as i64 % 5)]),
			shape,
		),
		_ => {
			let perm = vec![ints("perm", &[0, 1, 3, 2])];
			let shape = vec![shape[0], channels, shape[3], shape[2]];
			(net.node("Transpose", &[&y], perm), shape)
		}
	};
	values.push((y, shape));
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(200))]
	#[test]
	fn random_networks_keep_their_bits(
		batch in 1usize..3,
		channels in prop_oneof![1usize..6, Just(16), Just(20), Just(40)],
		height in 1usize..9,
		width in 1usize..9,
		layers in prop::collection::vec(prop::array::uniform6(0usize..1000), 1..12),
		second: usize,
	) {
		let shape = vec![batch, channels, height, width];
		let mut net = Net::new(&shape);
		let mut values = vec![("x".to_owned(), shape)];
		for mut pick in layers {
			// Mostly chains.
			if pick[1] % 4 > 0 {
				pick[1] = values.len() - 1;
			}
			layer(&mut net, &mut values, pick);
		}
		prop_assume!(values.len() > 1);
		let last = values[values.len() - 1].0.clone();
		let other = values[1 + second % (values.len() - 1)].0.clone();
		if other == last {
			net.run(&[&last]);
		} else {
			net.run(&[&last, &other]);
		}
		let pooled = net.node("GlobalAveragePool", &[&last], vec![]);
		let flat = net.node("Flatten", &[&pooled], vec![]);
		net.run(&[&flat]);
	}
}

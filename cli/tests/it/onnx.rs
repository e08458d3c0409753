//! Small ONNX files, written by hand.
//!
//! Field numbers: <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>.

use prost::Message;

/// `onnx.TensorProto.DataType`.
pub(crate) const FLOAT: i32 = 1;
/// `onnx.TensorProto.DataType`.
pub(crate) const INT32: i32 = 6;
/// `onnx.TensorProto.DataType`.
pub(crate) const INT64: i32 = 7;
/// `onnx.TensorProto.DataType`.
pub(crate) const BOOL: i32 = 9;

#[derive(Clone, PartialEq, Message)]
struct Model {
	#[prost(int64, tag = "1")]
	ir_version: i64,
	#[prost(message, optional, tag = "7")]
	graph: Option<Graph>,
	#[prost(message, repeated, tag = "8")]
	opset_import: Vec<Opset>,
}

#[derive(Clone, PartialEq, Message)]
struct Opset {
	#[prost(string, tag = "1")]
	domain: String,
	#[prost(int64, tag = "2")]
	version: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Graph {
	#[prost(message, repeated, tag = "1")]
	node: Vec<Node>,
	#[prost(string, tag = "2")]
	name: String,
	#[prost(message, repeated, tag = "5")]
	initializer: Vec<Initializer>,
	#[prost(message, repeated, tag = "11")]
	input: Vec<ValueInfo>,
	#[prost(message, repeated, tag = "12")]
	output: Vec<ValueInfo>,
}

#[derive(Clone, PartialEq, Message)]
struct Node {
	#[prost(string, repeated, tag = "1")]
	input: Vec<String>,
	#[prost(string, repeated, tag = "2")]
	output: Vec<String>,
	#[prost(string, tag = "3")]
	name: String,
	#[prost(string, tag = "4")]
	op_type: String,
	#[prost(message, repeated, tag = "5")]
	attribute: Vec<Attribute>,
}

#[derive(Clone, PartialEq, Message)]
struct Attribute {
	#[prost(string, tag = "1")]
	name: String,
	#[prost(int64, tag = "3")]
	i: i64,
	#[prost(int32, tag = "20")]
	r#type: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Initializer {
	#[prost(int64, repeated, tag = "1")]
	dims: Vec<i64>,
	#[prost(int32, tag = "2")]
	data_type: i32,
	#[prost(string, tag = "8")]
	name: String,
	#[prost(bytes = "vec", tag = "9")]
	raw_data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct ValueInfo {
	#[prost(string, tag = "1")]
	name: String,
	#[prost(message, optional, tag = "2")]
	r#type: Option<Type>,
}

#[derive(Clone, PartialEq, Message)]
struct Type {
	#[prost(message, optional, tag = "1")]
	tensor_type: Option<TensorType>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorType {
	#[prost(int32, tag = "1")]
	elem_type: i32,
	#[prost(message, optional, tag = "2")]
	shape: Option<Shape>,
}

#[derive(Clone, PartialEq, Message)]
struct Shape {
	#[prost(message, repeated, tag = "1")]
	dim: Vec<Dim>,
}

#[derive(Clone, PartialEq, Message)]
struct Dim {
	#[prost(int64, optional, tag = "1")]
	dim_value: Option<i64>,
	#[prost(string, optional, tag = "2")]
	dim_param: Option<String>,
}

/// Name, element type and shape; a dimension of -1 is symbolic.
pub(crate) type Port<'a> = (&'a str, i32, &'a [i64]);

/// A model of one node.
pub(crate) fn one_node(
	op: &str,
	inputs: &[Port<'_>],
	constants: &[(Port<'_>, Vec<u8>)],
	outputs: &[Port<'_>],
	axis: Option<i64>,
) -> Vec<u8> {
	let names = |ports: &[Port<'_>]| {
		ports
			.iter()
			.map(|port| port.0.to_owned())
			.collect::<Vec<_>>()
	};
	let mut operands = names(inputs);
	operands.extend(constants.iter().map(|(port, _)| port.0.to_owned()));
	let node = Node {
		input: operands,
		output: names(outputs),
		name: "node".into(),
		op_type: op.into(),
		attribute: axis
			.map(|axis| Attribute {
				name: "axis".into(),
				i: axis,
				r#type: 2,
			})
			.into_iter()
			.collect(),
	};
	encode(vec![node], inputs, constants, outputs)
}

/// A model of MatMul nodes: the two operands and the product of each, by name, in order.
pub(crate) fn products(
	nodes: &[[String; 3]],
	inputs: &[Port<'_>],
	constants: &[(Port<'_>, Vec<u8>)],
	outputs: &[Port<'_>],
) -> Vec<u8> {
	let nodes = nodes
		.iter()
		.map(|[left, right, product]| Node {
			input: vec![left.clone(), right.clone()],
			output: vec![product.clone()],
			name: product.clone(),
			op_type: "MatMul".into(),
			attribute: vec![],
		})
		.collect();
	encode(nodes, inputs, constants, outputs)
}

fn encode(
	node: Vec<Node>,
	inputs: &[Port<'_>],
	constants: &[(Port<'_>, Vec<u8>)],
	outputs: &[Port<'_>],
) -> Vec<u8> {
	let initializer = constants
		.iter()
		.map(|(port, raw_data)| initializer(port, raw_data.clone()))
		.collect();
	let graph = Graph {
		node,
		name: "graph".into(),
		initializer,
		input: inputs.iter().map(value_info).collect(),
		output: outputs.iter().map(value_info).collect(),
	};
	let opset = Opset {
		domain: String::new(),
		version: 17,
	};
	Model {
		ir_version: 8,
		graph: Some(graph),
		opset_import: vec![opset],
	}
	.encode_to_vec()
}

fn initializer((name, data_type, dims): &Port<'_>, raw_data: Vec<u8>) -> Initializer {
	Initializer {
		dims: dims.to_vec(),
		data_type: *data_type,
		name: (*name).into(),
		raw_data,
	}
}

/// A tensor as a file of its own.
pub(crate) fn tensor(port: Port<'_>, raw_data: Vec<u8>) -> Vec<u8> {
	initializer(&port, raw_data).encode_to_vec()
}

fn value_info((name, elem_type, dims): &Port<'_>) -> ValueInfo {
	let dim = dims
		.iter()
		.map(|dim| match dim {
			-1 => Dim {
				dim_value: None,
				dim_param: Some("batch".into()),
			},
			dim => Dim {
				dim_value: Some(*dim),
				dim_param: None,
			},
		})
		.collect();
	let tensor_type = TensorType {
		elem_type: *elem_type,
		shape: Some(Shape { dim }),
	};
	ValueInfo {
		name: (*name).into(),
		r#type: Some(Type {
			tensor_type: Some(tensor_type),
		}),
	}
}

/// f32 constants in a fixed pattern.
pub(crate) fn floats(count: usize) -> Vec<u8> {
	(0..count)
		.flat_map(|i| ((i % 251) as f32 / 251.0 - 0.5).to_le_bytes())
		.collect()
}

/// `y = x W` with `W` f32 [`rows`, `columns`]: a file of any size.
pub(crate) fn matmul(rows: i64, columns: i64) -> Vec<u8> {
	one_node(
		"MatMul",
		&[("x", FLOAT, &[1, rows])],
		&[(
			("w", FLOAT, &[rows, columns]),
			floats((rows * columns) as usize),
		)],
		&[("y", FLOAT, &[1, columns])],
		None,
	)
}

/// The row of a table of four that an input names, which is out of range from 4 on.
pub(crate) fn gather() -> Vec<u8> {
	let table = (("table", FLOAT, &[4, 2][..]), floats(8));
	let row = [("y", FLOAT, &[1, 2][..])];
	let gather = one_node("Gather", &[], &[table], &row, Some(0));
	// Gather takes data before indices, so the graph input comes second.
	with_last_input(&gather, ("index", INT64, &[1]))
}

/// The model with another graph input, which is the last operand of its node.
fn with_last_input(model: &[u8], port: Port<'_>) -> Vec<u8> {
	let mut model = Model::decode(model).expect("the model was just written");
	let graph = model.graph.as_mut().expect("the model has a graph");
	graph.node[0].input.push(port.0.to_owned());
	graph.input.push(value_info(&port));
	model.encode_to_vec()
}

/// The `k` highest of `n` floats, and their places.
pub(crate) fn top_k(n: i64, k: i64) -> Vec<u8> {
	one_node(
		"TopK",
		&[("x", FLOAT, &[n])],
		&[(("k", INT64, &[1]), k.to_le_bytes().to_vec())],
		&[("values", FLOAT, &[k]), ("places", INT64, &[k])],
		None,
	)
}

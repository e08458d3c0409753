//! Small ONNX graphs, made through the protobuf types.

use prost::Message;
use tract_onnx::pb::{
	attribute_proto::AttributeType, tensor_shape_proto, type_proto, AttributeProto, GraphProto,
	ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto,
	ValueInfoProto,
};

use crate::{
	error::{ModelError, RunError},
	Engine, Profile1, Value,
};

/// A model and inputs for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
	/// The ONNX file.
	pub file: Vec<u8>,
	/// The inputs, in the graph's order.
	pub inputs: Vec<Value>,
}

/// What a case gives: deterministic, failures included.
pub type Outcome = Result<Vec<Value>, RunError>;

impl Case {
	/// Builds and runs it.
	pub fn run(&self) -> Result<Outcome, ModelError> {
		let plan = Profile1.build(&self.file)?;
		Ok(Profile1.run(&plan, &self.inputs))
	}
}

/// The BLAKE3 hash of what a case gives: of each output its type, its shape and its bytes; of a
/// failure its kind.
pub fn hash(outcome: &Outcome) -> blake3::Hash {
	let mut hasher = blake3::Hasher::new();
	match outcome {
		Ok(values) => {
			for value in values {
				hasher.update(value.dtype.name().as_bytes());
				hasher.update(&(value.shape.len() as u64).to_le_bytes());
				for dim in &value.shape {
					hasher.update(&(*dim as u64).to_le_bytes());
				}
				hasher.update(&value.data);
			}
		}
		Err(error) => {
			// Its kind, which validators agree on; not its words.
			hasher.update(match error {
				RunError::IndexOutOfRange { .. } => b"IndexOutOfRange".as_slice(),
				RunError::DivisionByZero { .. } => b"DivisionByZero",
				RunError::InvalidValue { .. } => b"InvalidValue",
				RunError::SchemaMismatch { .. } => b"SchemaMismatch",
				RunError::Internal { .. } => b"Internal",
			});
		}
	}
	hasher.finalize()
}

/// A graph that is being put together, with the values of its inputs.
#[derive(Clone, Debug, Default)]
pub struct GraphBuilder {
	graph: GraphProto,
	values: Vec<Value>,
}

impl GraphBuilder {
	/// An empty graph.
	pub fn new() -> Self {
		Self::default()
	}

	/// Adds a graph input of this value's type and shape. Returns its name.
	pub fn input(&mut self, value: Value) -> String {
		let name = format!("x{}", self.graph.input.len());
		self.graph.input.push(value_info(&name, &value));
		self.values.push(value);
		name
	}

	/// Adds an initializer. Returns its name.
	pub fn constant(&mut self, value: &Value) -> String {
		let name = format!("c{}", self.graph.initializer.len());
		self.graph.initializer.push(tensor(&name, value));
		name
	}

	/// Adds a node, which gets outputs of new names. Returns them.
	pub fn node(&mut self, mut node: NodeProto, outputs: usize) -> Vec<String> {
		let index = self.graph.node.len();
		let names: Vec<String> = (0..outputs).map(|i| format!("t{index}_{i}")).collect();
		node.output.clone_from(&names);
		self.graph.node.push(node);
		names
	}

	/// Adds a node of one output. Returns its name.
	pub fn apply(&mut self, op: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
		let node = NodeProto {
			op_type: op.into(),
			input: inputs.iter().map(|name| (*name).into()).collect(),
			attribute: attributes,
			..Default::default()
		};
		self.node(node, 1).remove(0)
	}

	/// Takes the last node away again.
	pub fn undo(&mut self) {
		self.graph.node.pop();
	}

	/// The names of all that nodes make, in their order.
	pub fn made(&self) -> Vec<String> {
		let nodes = &self.graph.node;
		nodes.iter().flat_map(|node| node.output.clone()).collect()
	}

	/// The case with these outputs.
	pub fn case(&self, opset: i64, outputs: &[String]) -> Case {
		let mut graph = self.graph.clone();
		// Inputs and constants that nothing reads are of no use.
		let mut values = vec![];
		let used = |name: &String| {
			outputs.contains(name) || graph.node.iter().any(|node| node.input.contains(name))
		};
		let mut input = vec![];
		for (info, value) in graph.input.iter().zip(&self.values) {
			if used(&info.name) {
				input.push(info.clone());
				values.push(value.clone());
			}
		}
		let initializer = graph.initializer.iter().filter(|t| used(&t.name)).cloned();
		graph.initializer = initializer.collect();
		graph.input = input;
		graph.output = outputs
			.iter()
			.map(|name| ValueInfoProto {
				name: name.clone(),
				..Default::default()
			})
			.collect();
		let domains = graph.node.iter().map(|node| node.domain.clone());
		let mut domains: Vec<String> = domains.filter(|domain| !domain.is_empty()).collect();
		domains.sort();
		domains.dedup();
		let mut opset_import = vec![OperatorSetIdProto {
			domain: String::new(),
			version: opset,
		}];
		opset_import.extend(domains.into_iter().map(|domain| OperatorSetIdProto {
			domain,
			version: ML_OPSET,
		}));
		let model = ModelProto {
			ir_version: 10,
			opset_import,
			graph: Some(graph),
			..Default::default()
		};
		Case {
			file: model.encode_to_vec(),
			inputs: values,
		}
	}
}

/// The version of the operator set `ai.onnx.ml` that cases import.
const ML_OPSET: i64 = 3;

fn value_info(name: &str, value: &Value) -> ValueInfoProto {
	use tensor_shape_proto::{dimension::Value as Dim, Dimension};
	let dim = |dim: &usize| Dimension {
		value: Some(Dim::DimValue(*dim as i64)),
		..Default::default()
	};
	let tensor = type_proto::Tensor {
		elem_type: value.dtype.onnx() as i32,
		shape: Some(TensorShapeProto {
			dim: value.shape.iter().map(dim).collect(),
		}),
	};
	ValueInfoProto {
		name: name.into(),
		r#type: Some(TypeProto {
			value: Some(type_proto::Value::TensorType(tensor)),
			..Default::default()
		}),
		..Default::default()
	}
}

/// A tensor of the protobuf, its elements as raw data.
pub fn tensor(name: &str, value: &Value) -> TensorProto {
	TensorProto {
		name: name.into(),
		data_type: value.dtype.onnx() as i32,
		dims: value.shape.iter().map(|dim| *dim as i64).collect(),
		raw_data: value.data.clone(),
		..Default::default()
	}
}

fn attribute(name: &str, r#type: AttributeType) -> AttributeProto {
	AttributeProto {
		name: name.into(),
		r#type: r#type as i32,
		..Default::default()
	}
}

/// An integer attribute.
pub fn int(name: &str, i: i64) -> AttributeProto {
	AttributeProto {
		i,
		..attribute(name, AttributeType::Int)
	}
}

/// An attribute that is a list of integers.
pub fn ints(name: &str, ints: &[i64]) -> AttributeProto {
	AttributeProto {
		ints: ints.to_vec(),
		..attribute(name, AttributeType::Ints)
	}
}

/// A float attribute.
pub fn float(name: &str, f: f32) -> AttributeProto {
	AttributeProto {
		f,
		..attribute(name, AttributeType::Float)
	}
}

/// An attribute that is a list of floats.
pub fn floats(name: &str, floats: &[f32]) -> AttributeProto {
	AttributeProto {
		floats: floats.to_vec(),
		..attribute(name, AttributeType::Floats)
	}
}

/// A string attribute.
pub fn string(name: &str, s: &str) -> AttributeProto {
	AttributeProto {
		s: s.into(),
		..attribute(name, AttributeType::String)
	}
}

/// An attribute that is a list of strings.
pub fn strings(name: &str, strings: &[&str]) -> AttributeProto {
	AttributeProto {
		strings: strings.iter().map(|s| s.as_bytes().to_vec()).collect(),
		..attribute(name, AttributeType::Strings)
	}
}

/// A tensor attribute.
pub fn tensor_attribute(name: &str, value: &Value) -> AttributeProto {
	AttributeProto {
		t: Some(tensor("", value)),
		..attribute(name, AttributeType::Tensor)
	}
}

/// A list of i64 of one dimension.
pub fn i64s(elements: &[i64]) -> Value {
	Value {
		dtype: crate::DType::I64,
		shape: vec![elements.len()],
		data: elements.iter().flat_map(|x| x.to_le_bytes()).collect(),
	}
}

/// To i64, which operators with indices of several dimensions ask for.
pub fn widen(indices: &mut Value) {
	if indices.dtype == crate::DType::I32 {
		let narrow = indices.data.as_chunks::<4>().0.iter();
		let wide = narrow.map(|bytes| i64::from(i32::from_le_bytes(*bytes)));
		indices.data = wide.flat_map(i64::to_le_bytes).collect();
		indices.dtype = crate::DType::I64;
	}
}

/// A scalar of i64.
pub fn i64_scalar(element: i64) -> Value {
	Value {
		shape: vec![],
		..i64s(&[element])
	}
}

/// A list of f32 of one dimension.
pub fn f32s(elements: &[f32]) -> Value {
	Value {
		dtype: crate::DType::F32,
		shape: vec![elements.len()],
		data: elements.iter().flat_map(|x| x.to_le_bytes()).collect(),
	}
}

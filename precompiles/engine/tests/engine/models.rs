//! Small ONNX files, made through the protobuf types.

use noema_engine::{DType, Engine, ModelError, Plan, Profile1, Value};
use prost::Message;
use tract_onnx::pb::{
	attribute_proto::AttributeType, tensor_proto::DataType, tensor_shape_proto, type_proto,
	AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
	TensorShapeProto, TypeProto, ValueInfoProto,
};

/// A dimension: a number, a parameter, or nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dim {
	Number(i64),
	Param(&'static str),
	Missing,
}

pub(crate) fn info_of(name: &str, data_type: DataType, dims: &[Dim]) -> ValueInfoProto {
	use tensor_shape_proto::{dimension::Value as DimValue, Dimension};
	let dim = dims
		.iter()
		.map(|dim| Dimension {
			value: match dim {
				Dim::Number(n) => Some(DimValue::DimValue(*n)),
				Dim::Param(name) => Some(DimValue::DimParam((*name).into())),
				Dim::Missing => None,
			},
			..Default::default()
		})
		.collect();
	let tensor = type_proto::Tensor {
		elem_type: data_type as i32,
		shape: Some(TensorShapeProto { dim }),
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

pub(crate) fn info(name: &str, data_type: DataType, dims: &[i64]) -> ValueInfoProto {
	info_of(
		name,
		data_type,
		&dims.iter().map(|n| Dim::Number(*n)).collect::<Vec<_>>(),
	)
}

/// A float input.
pub(crate) fn floats(name: &str, dims: &[i64]) -> ValueInfoProto {
	info(name, DataType::Float, dims)
}

/// An output of which only the name is declared.
pub(crate) fn output(name: &str) -> ValueInfoProto {
	ValueInfoProto {
		name: name.into(),
		..Default::default()
	}
}

pub(crate) fn node(op: &str, inputs: &[&str], outputs: &[&str]) -> NodeProto {
	NodeProto {
		op_type: op.into(),
		input: inputs.iter().map(|name| (*name).into()).collect(),
		output: outputs.iter().map(|name| (*name).into()).collect(),
		..Default::default()
	}
}

pub(crate) fn with(mut node: NodeProto, attributes: &[AttributeProto]) -> NodeProto {
	node.attribute.extend(attributes.iter().cloned());
	node
}

pub(crate) fn int(name: &str, i: i64) -> AttributeProto {
	let r#type = AttributeType::Int as i32;
	AttributeProto {
		name: name.into(),
		r#type,
		i,
		..Default::default()
	}
}

pub(crate) fn ints(name: &str, ints: &[i64]) -> AttributeProto {
	let r#type = AttributeType::Ints as i32;
	AttributeProto {
		name: name.into(),
		r#type,
		ints: ints.to_vec(),
		..Default::default()
	}
}

pub(crate) fn string(name: &str, s: &str) -> AttributeProto {
	let r#type = AttributeType::String as i32;
	AttributeProto {
		name: name.into(),
		r#type,
		s: s.into(),
		..Default::default()
	}
}

pub(crate) fn i64s(name: &str, dims: &[i64], data: &[i64]) -> TensorProto {
	TensorProto {
		name: name.into(),
		data_type: DataType::Int64 as i32,
		dims: dims.to_vec(),
		int64_data: data.to_vec(),
		..Default::default()
	}
}

pub(crate) fn f32s(name: &str, dims: &[i64], data: &[f32]) -> TensorProto {
	TensorProto {
		name: name.into(),
		data_type: DataType::Float as i32,
		dims: dims.to_vec(),
		raw_data: data.iter().flat_map(|x| x.to_le_bytes()).collect(),
		..Default::default()
	}
}

/// A model of opset 17.
pub(crate) fn model(
	inputs: Vec<ValueInfoProto>,
	initializers: Vec<TensorProto>,
	nodes: Vec<NodeProto>,
	outputs: &[&str],
) -> ModelProto {
	ModelProto {
		ir_version: 8,
		opset_import: vec![OperatorSetIdProto {
			domain: String::new(),
			version: 17,
		}],
		graph: Some(GraphProto {
			name: "test".into(),
			input: inputs,
			initializer: initializers,
			node: nodes,
			output: outputs.iter().map(|name| output(name)).collect(),
			..Default::default()
		}),
		..Default::default()
	}
}

/// A model of one node over the input `x`.
pub(crate) fn single(
	x: ValueInfoProto,
	initializers: Vec<TensorProto>,
	node: NodeProto,
) -> ModelProto {
	model(vec![x], initializers, vec![node], &["y"])
}

pub(crate) fn build(model: &ModelProto) -> Result<Plan, ModelError> {
	Profile1.build(&model.encode_to_vec())
}

pub(crate) fn refusal(model: &ModelProto) -> ModelError {
	match build(model) {
		Ok(_) => panic!(
			"not refused: {:?}",
			model.graph.as_ref().map(|graph| &graph.node)
		),
		Err(error) => {
			assert!(!error.subject().is_empty());
			assert!(error.to_string().len() > 10);
			error
		}
	}
}

/// A value of f32.
pub(crate) fn value(shape: &[usize], data: &[f32]) -> Value {
	Value {
		dtype: DType::F32,
		shape: shape.to_vec(),
		data: data.iter().flat_map(|x| x.to_le_bytes()).collect(),
	}
}

/// A value of i64.
pub(crate) fn int_value(shape: &[usize], data: &[i64]) -> Value {
	Value {
		dtype: DType::I64,
		shape: shape.to_vec(),
		data: data.iter().flat_map(|x| x.to_le_bytes()).collect(),
	}
}

/// The elements of a value of f32.
pub(crate) fn elements(value: &Value) -> Vec<f32> {
	assert_eq!(value.dtype, DType::F32);
	value
		.data
		.as_chunks::<4>()
		.0
		.iter()
		.map(|bytes| f32::from_le_bytes(*bytes))
		.collect()
}

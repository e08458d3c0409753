//! Whether this machine computes the profile's bits.
//!
//! A small network over all arrangements of the heavy kernels, and over the elementary functions,
//! runs on pseudo-random numbers; a checksum of the bits of its outputs must be the one that stands
//! here. A node runs it at start.

use prost::Message;
use tract_onnx::pb::{
	attribute_proto::AttributeType, tensor_proto::DataType, tensor_shape_proto, type_proto,
	AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
	TensorShapeProto, TypeProto, ValueInfoProto,
};

use crate::{error::RunError, DType, Engine, Profile1, Value};

/// The checksum of profile 1.
const GOLDEN: u64 = 0xd8f7_150a_874c_7dc4;

/// Runs the test. [`RunError::Internal`] says that this machine must not take part.
pub fn self_test() -> Result<(), RunError> {
	let found = checksum()?;
	if found == GOLDEN {
		return Ok(());
	}
	Err(RunError::Internal {
		reason: format!("the self-test gives {found:016x} instead of {GOLDEN:016x}"),
	})
}

fn checksum() -> Result<u64, RunError> {
	let file = network().encode_to_vec();
	let plan = Profile1.build(&file).map_err(|error| RunError::Internal {
		reason: format!("the self-test's model: {error}"),
	})?;
	let inputs: Vec<Value> = plan
		.report()
		.inputs
		.iter()
		.map(|schema| {
			let len = schema.shape.iter().product();
			let data = numbers(len, 99)
				.iter()
				.flat_map(|x| x.to_le_bytes())
				.collect();
			Value {
				dtype: DType::F32,
				shape: schema.shape.clone(),
				data,
			}
		})
		.collect();
	let outputs = Profile1.run(&plan, &inputs)?;
	// FNV-1a.
	Ok(outputs
		.iter()
		.flat_map(|output| &output.data)
		.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
			(hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
		}))
}

/// Numbers in [-1, 1) by a linear congruence.
fn numbers(len: usize, seed: u32) -> Vec<f32> {
	let mut state = seed;
	(0..len)
		.map(|_| {
			state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
			(state >> 8) as f32 / (1 << 23) as f32 - 1.0
		})
		.collect()
}

fn weights(name: &str, dims: &[i64]) -> TensorProto {
	let len = dims.iter().product::<i64>() as usize;
	TensorProto {
		name: name.into(),
		data_type: DataType::Float as i32,
		dims: dims.to_vec(),
		float_data: numbers(len, name.len() as u32 + len as u32),
		..Default::default()
	}
}

fn node(op: &str, inputs: &[&str], output: &str, attributes: Vec<AttributeProto>) -> NodeProto {
	NodeProto {
		op_type: op.into(),
		input: inputs.iter().map(|name| (*name).into()).collect(),
		output: vec![output.into()],
		attribute: attributes,
		..Default::default()
	}
}

fn ints(name: &str, ints: &[i64]) -> AttributeProto {
	let r#type = AttributeType::Ints as i32;
	AttributeProto {
		name: name.into(),
		r#type,
		ints: ints.to_vec(),
		..Default::default()
	}
}

fn int(name: &str, i: i64) -> AttributeProto {
	let r#type = AttributeType::Int as i32;
	AttributeProto {
		name: name.into(),
		r#type,
		i,
		..Default::default()
	}
}

fn network() -> ModelProto {
	use tensor_shape_proto::{dimension::Value as Dim, Dimension};
	let dim = [1, 3, 19, 23]
		.into_iter()
		.map(|dim| Dimension {
			value: Some(Dim::DimValue(dim)),
			..Default::default()
		})
		.collect();
	let tensor = type_proto::Tensor {
		elem_type: DataType::Float as i32,
		shape: Some(TensorShapeProto { dim }),
	};
	let value = Some(type_proto::Value::TensorType(tensor));
	let input = vec![ValueInfoProto {
		name: "x".into(),
		r#type: Some(TypeProto {
			value,
			..Default::default()
		}),
		..Default::default()
	}];
	let padded = || ints("pads", &[1, 1, 1, 1]);
	let node_list = vec![
		node("Conv", &["x", "w", "b"], "wide", vec![padded()]),
		node("Tanh", &["wide"], "tanh", vec![]),
		node(
			"Conv",
			&["tanh", "depthwise"],
			"depth",
			vec![padded(), int("group", 20)],
		),
		node("Erf", &["depth"], "erf", vec![]),
		node(
			"MaxPool",
			&["erf"],
			"pooled",
			vec![ints("kernel_shape", &[3, 3]), ints("strides", &[2, 2])],
		),
		node("LRN", &["pooled"], "lrn", vec![int("size", 5)]),
		node("Flatten", &["lrn"], "flat", vec![]),
		node("MatMul", &["flat", "dense"], "logits", vec![]),
		node("Exp", &["logits"], "exp", vec![]),
		node("Sigmoid", &["logits"], "sigmoid", vec![]),
		node("LayerNormalization", &["logits", "scale"], "normal", vec![]),
		node("Softmax", &["logits"], "softmax", vec![int("axis", 1)]),
		node("Pow", &["sigmoid", "exp"], "pow", vec![]),
	];
	let output = ["exp", "sigmoid", "normal", "softmax", "pow", "lrn"]
		.iter()
		.map(|name| ValueInfoProto {
			name: (*name).into(),
			..Default::default()
		})
		.collect();
	let initializer = vec![
		weights("w", &[20, 3, 3, 3]),
		weights("b", &[20]),
		weights("depthwise", &[20, 1, 3, 3]),
		weights("dense", &[1980, 37]),
		weights("scale", &[37]),
	];
	ModelProto {
		ir_version: 8,
		opset_import: vec![OperatorSetIdProto {
			domain: String::new(),
			version: 17,
		}],
		graph: Some(GraphProto {
			node: node_list,
			initializer,
			input,
			output,
			..Default::default()
		}),
		..Default::default()
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn this_machine_computes_the_profile() {
		self_test().unwrap();
	}

	#[test]
	fn the_network_has_no_nan() {
		let plan = Profile1.build(&network().encode_to_vec()).unwrap();
		let x: Vec<u8> = numbers(3 * 19 * 23, 99)
			.iter()
			.flat_map(|x| x.to_le_bytes())
			.collect();
		let input = Value {
			dtype: DType::F32,
			shape: vec![1, 3, 19, 23],
			data: x,
		};
		for output in Profile1.run(&plan, &[input]).unwrap() {
			for bytes in output.data.as_chunks::<4>().0 {
				assert!(f32::from_le_bytes(*bytes).is_finite());
			}
		}
	}
}

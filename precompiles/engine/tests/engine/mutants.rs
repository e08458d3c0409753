//! Models with a few parts changed, and inputs for what is admitted of them: what both the tests and
//! the example `fuzz` exercise the engine with.

use noema_engine::{
	conformance::{
		catalog::{entries, Entry},
		random::{Elements, Random},
	},
	guard::OPSETS,
	ops::OPERATORS,
	DType, Plan, Value,
};
use prost::Message;
use tract_onnx::pb::{
	tensor_shape_proto::dimension::Value as Dim, type_proto, AttributeProto, GraphProto,
	ModelProto, NodeProto, TensorProto, ValueInfoProto,
};

/// A number that code trips over.
fn odd_number(random: &mut Random) -> i64 {
	match random.below(8) {
		0 => 0,
		1 => -1,
		2 => i64::MAX,
		3 => i64::MIN,
		4 => 1 << random.below(63),
		5 => -(1 << random.below(63)),
		6 => random.below(20) as i64 - 5,
		_ => random.next() as i64,
	}
}

/// A number that may well be meant.
fn number(random: &mut Random) -> i64 {
	match random.below(6) {
		0 => odd_number(random),
		1 | 2 => 1 + random.below(3) as i64,
		_ => random.below(6) as i64 - 2,
	}
}

/// The length of an axis, now and then a long one.
fn length(random: &mut Random) -> i64 {
	match random.below(16) {
		0 => odd_number(random),
		1 => 1 << random.below(18),
		2 => 150 + random.below(4000) as i64,
		3 => 0,
		_ => 1 + random.below(9) as i64,
	}
}

const STRINGS: &[&str] = &[
	"SAME_UPPER",
	"SAME_LOWER",
	"VALID",
	"reflect",
	"edge",
	"wrap",
	"DCR",
	"CRD",
	"add",
	"tanh",
	"linear",
	"cubic",
	"reverse",
	"bidirectional",
	"ij,jk->ik",
	"...i->i...",
	"",
];

/// A mutant of a drawn case, or of a file of the corpus, which is not empty.
pub(crate) fn mutant(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
	let kind = random.below(8);
	if kind == 0 {
		return mutate_bytes(random, corpus);
	}
	let drawn = if kind < 6 { case(random) } else { None };
	let file = drawn.unwrap_or_else(|| random.pick(corpus).clone());
	let Ok(mut model) = ModelProto::decode(&file[..]) else {
		return file;
	};
	for _ in 0..random.below(4) {
		edit(random, &mut model);
	}
	model.encode_to_vec()
}

/// A case of one operator, in one of its versions.
fn case(random: &mut Random) -> Option<Vec<u8>> {
	let all: Vec<&Entry> = entries().collect();
	let entry = *random.pick(&all);
	let dtype = if random.one_in(3) {
		*random.pick(&DType::ALL)
	} else {
		DType::F32
	};
	let opset = opset(random);
	let elements = *random.pick(&[Elements::Plain, Elements::Special, Elements::Subnormal]);
	let seed = random.next();
	Some(entry.case(dtype, opset, elements, seed)?.file)
}

/// Old versions have forms of their own, and the last ones most operators.
fn opset(random: &mut Random) -> i64 {
	if random.one_in(2) {
		random.between(17, 24) as i64
	} else {
		random.between(*OPSETS.start() as usize, *OPSETS.end() as usize) as i64
	}
}

/// Changes one part of a model.
fn edit(random: &mut Random, model: &mut ModelProto) {
	if random.one_in(16) {
		let version = opset(random);
		if let Some(import) = model.opset_import.first_mut() {
			import.version = version;
		}
		return;
	}
	let Some(graph) = &mut model.graph else {
		return;
	};
	match random.below(8) {
		0 => edit_input(random, graph),
		1 | 2 => {
			let at = random.below(graph.initializer.len());
			if let Some(tensor) = graph.initializer.get_mut(at) {
				edit_tensor(random, tensor);
			}
		}
		3 => edit_edges(random, graph),
		_ => {
			let at = random.below(graph.node.len());
			if let Some(node) = graph.node.get_mut(at) {
				edit_node(random, node);
			}
		}
	}
}

/// Another type or shape of a graph input.
fn edit_input(random: &mut Random, graph: &mut GraphProto) {
	let at = random.below(graph.input.len());
	let Some(ValueInfoProto {
		r#type:
			Some(tract_onnx::pb::TypeProto {
				value: Some(type_proto::Value::TensorType(tensor)),
				..
			}),
		..
	}) = graph.input.get_mut(at)
	else {
		return;
	};
	if random.one_in(6) {
		tensor.elem_type = random.below(24) as i32;
		return;
	}
	let Some(shape) = &mut tensor.shape else {
		return;
	};
	if random.one_in(8) {
		shape.dim.pop();
		return;
	}
	let axis = random.below(shape.dim.len());
	if let Some(dim) = shape.dim.get_mut(axis) {
		dim.value = Some(Dim::DimValue(length(random)));
	}
}

/// Another type, shape or element of a tensor.
fn edit_tensor(random: &mut Random, tensor: &mut TensorProto) {
	match random.below(6) {
		0 => tensor.data_type = random.below(27) as i32,
		1 => {
			let axis = random.below(tensor.dims.len());
			if let Some(dim) = tensor.dims.get_mut(axis) {
				*dim = length(random);
			}
		}
		2 => {
			tensor.dims.pop();
		}
		_ => {
			let words = tensor.raw_data.len() / 8;
			let new = number(random).to_le_bytes();
			if words > 0 {
				let at = 8 * random.below(words);
				tensor.raw_data[at..at + 8].copy_from_slice(&new);
			} else if !tensor.raw_data.is_empty() {
				tensor.raw_data.fill(new[0]);
			}
		}
	}
}

/// Another operand of a node.
fn edit_edges(random: &mut Random, graph: &mut GraphProto) {
	let inputs = graph.input.iter().map(|input| &input.name);
	let constants = graph.initializer.iter().map(|tensor| &tensor.name);
	let made = graph.node.iter().flat_map(|node| &node.output);
	let names: Vec<String> = inputs.chain(constants).chain(made).cloned().collect();
	if names.is_empty() {
		return;
	}
	let new = if random.one_in(8) {
		String::new()
	} else {
		random.pick(&names).clone()
	};
	let at = random.below(graph.node.len());
	let Some(node) = graph.node.get_mut(at) else {
		return;
	};
	let at = random.below(node.input.len() + 1);
	match random.below(4) {
		0 => node.input.insert(at, new),
		1 => {
			node.input.pop();
		}
		_ if at < node.input.len() => node.input[at] = new,
		_ => node.output.push(format!("more{}", node.output.len())),
	}
}

/// Another operator or attribute.
fn edit_node(random: &mut Random, node: &mut NodeProto) {
	let at = random.below(node.attribute.len());
	match (random.below(8), node.attribute.get_mut(at)) {
		(0, _) | (_, None) => node.op_type = (*random.pick(OPERATORS)).into(),
		(1, Some(_)) => {
			node.attribute.remove(at);
		}
		(_, Some(attribute)) => edit_attribute(random, attribute),
	}
}

fn edit_attribute(random: &mut Random, attribute: &mut AttributeProto) {
	let at = random.below(attribute.ints.len());
	if let Some(tensor) = &mut attribute.t {
		edit_tensor(random, tensor);
	} else if let Some(item) = attribute.ints.get_mut(at) {
		match random.below(8) {
			0 => {
				attribute.ints.remove(at);
			}
			1 => {
				let new = number(random);
				attribute.ints.insert(at, new);
			}
			_ => *item = number(random),
		}
	} else if let Some(item) = attribute.floats.first_mut() {
		*item = f32::from_bits(random.next() as u32);
	} else if !attribute.s.is_empty() {
		attribute.s = random.pick(STRINGS).as_bytes().to_vec();
	} else if attribute.f != 0.0 {
		attribute.f = f32::from_bits(random.next() as u32);
	} else {
		attribute.i = number(random);
	}
}

/// A corpus file with a few bytes changed, or with parts of another.
fn mutate_bytes(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
	let mut file = random.pick(corpus).clone();
	for _ in 0..1 + random.below(8) {
		let at = random.below(file.len());
		match random.below(6) {
			_ if file.is_empty() => break,
			0 => file[at] = random.next() as u8,
			1 => file[at] ^= 1 << random.below(8),
			2 => {
				file.remove(at);
			}
			3 => file.insert(at, random.next() as u8),
			4 => file.truncate(at + 1),
			_ => {
				let other = random.pick(corpus);
				let from = random.below(other.len());
				let len = random
					.below(64)
					.min(other.len() - from)
					.min(file.len() - at);
				file[at..at + len].copy_from_slice(&other[from..from + len]);
			}
		}
	}
	file
}

/// Inputs for a plan: bits of all kinds, small numbers, and numbers that code trips over.
pub(crate) fn inputs(random: &mut Random, plan: &Plan) -> Vec<Value> {
	plan.report()
		.inputs
		.iter()
		.map(|schema| {
			let len = schema.shape.iter().product::<usize>();
			let size = schema.dtype.size();
			let mut data = Vec::with_capacity(len * size);
			for _ in 0..len {
				let bits = match (schema.dtype, random.below(3)) {
					(DType::Bool, _) => random.next() & 1,
					(DType::F32, 0) => u64::from((random.below(9) as f32 - 4.0).to_bits()),
					(DType::F32 | DType::F64, _) => random.next(),
					(_, 0) => odd_number(random) as u64,
					_ => random.below(6) as u64,
				};
				data.extend(&bits.to_le_bytes()[..size]);
			}
			Value {
				dtype: schema.dtype,
				shape: schema.shape.clone(),
				data,
			}
		})
		.collect()
}

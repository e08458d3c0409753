//! Each refusal code, with the subject that it names.

use noema_engine::{limits, Engine, ModelError, Profile1};
use prost::Message;
use tract_onnx::pb::{
	tensor_proto::{DataLocation, DataType},
	FunctionProto, GraphProto, OperatorSetIdProto, SparseTensorProto, StringStringEntryProto,
	TensorProto, TrainingInfoProto,
};

use crate::models::*;

fn relu() -> tract_onnx::pb::ModelProto {
	single(floats("x", &[1, 2]), vec![], node("Relu", &["x"], &["y"]))
}

macro_rules! assert_refused {
	($model:expr, $pattern:pat) => {{
		let error = refusal(&$model);
		assert!(matches!(error, $pattern), "{error:?}");
		error
	}};
}

#[test]
fn the_plain_model_is_admitted() {
	let plan = build(&relu()).unwrap();
	assert_eq!(plan.report().node_count, 1);
	assert_eq!(plan.report().ops["Relu"], 1);
}

#[test]
fn not_onnx() {
	for bytes in [
		&b""[..],
		b"hello, world",
		&[0xff; 64],
		&[0x3a, 0x00],
		&[0x89, b'P', b'N', b'G'],
	] {
		let error = Profile1.build(bytes).unwrap_err();
		assert!(
			matches!(
				error,
				ModelError::NotOnnx { .. } | ModelError::UnsupportedVersion { .. }
			),
			"{error:?}"
		);
	}
	let mut cut = relu().encode_to_vec();
	cut.truncate(cut.len() - 3);
	assert!(matches!(
		Profile1.build(&cut),
		Err(ModelError::NotOnnx { .. })
	));
}

#[test]
fn file_too_large() {
	let file = vec![0; limits::MAX_FILE_BYTES + 1];
	assert!(matches!(
		Profile1.build(&file),
		Err(ModelError::FileTooLarge { .. })
	));
}

#[test]
fn unsupported_version() {
	let mut model = relu();
	model.ir_version = 99;
	assert_refused!(model, ModelError::UnsupportedVersion { .. });
	for versions in [&[][..], &[0], &[-1], &[29], &[1000], &[17, 17]] {
		let mut model = relu();
		model.opset_import = versions
			.iter()
			.map(|version| OperatorSetIdProto {
				domain: String::new(),
				version: *version,
			})
			.collect();
		assert_refused!(model, ModelError::UnsupportedVersion { .. });
	}
}

#[test]
fn operators_that_the_opset_lacks() {
	for (op, opset, words) in [
		("HardSwish", 13, "opset 14"),
		("Cos", 6, "opset 7"),
		("Upsample", 10, "after opset 9"),
	] {
		let mut model = single(floats("x", &[1, 2]), vec![], node(op, &["x"], &["y"]));
		model.opset_import[0].version = opset;
		let error = assert_refused!(model, ModelError::UnsupportedOp { .. });
		assert!(error.to_string().contains(words), "{error}");
		assert!(error.subject().contains(op));
	}
	let mut model = relu();
	model.opset_import[0].version = 1;
	assert!(build(&model).is_ok());
}

#[test]
fn unsupported_op_and_domain() {
	let model = single(floats("x", &[1]), vec![], node("NonZero", &["x"], &["y"]));
	let error = assert_refused!(model, ModelError::UnsupportedOp { .. });
	assert!(error.to_string().contains("NonZero"));
	assert!(error.subject().contains("NonZero"));
	let mut evil = node("Relu", &["x"], &["y"]);
	evil.domain = "evil.corp".into();
	let model = single(floats("x", &[1]), vec![], evil);
	let error = assert_refused!(model, ModelError::UnsupportedDomain { .. });
	assert!(error.to_string().contains("evil.corp"));
	let mut named = node("Relu", &["x"], &["y"]);
	named.domain = "ai.onnx".into();
	assert!(build(&single(floats("x", &[1]), vec![], named)).is_ok());
}

#[test]
fn unsupported_dtype() {
	for data_type in [
		DataType::Float16,
		DataType::Bfloat16,
		DataType::String,
		DataType::Int4,
	] {
		let model = single(
			info("x", data_type, &[1]),
			vec![],
			node("Identity", &["x"], &["y"]),
		);
		let error = assert_refused!(model, ModelError::UnsupportedDType { .. });
		assert!(error.to_string().contains(data_type.as_str_name()));
		if data_type != DataType::String {
			assert!(error.to_string().contains("Cast inside the model"));
			continue;
		}
		let tensor = TensorProto {
			name: "w".into(),
			data_type: data_type as i32,
			..Default::default()
		};
		let model = single(
			floats("x", &[1]),
			vec![tensor],
			node("Add", &["x", "w"], &["y"]),
		);
		assert_refused!(model, ModelError::UnsupportedDType { .. });
	}
	let model = single(
		info("x", DataType::Bool, &[1]),
		vec![],
		node("Relu", &["x"], &["y"]),
	);
	assert_refused!(model, ModelError::UnsupportedDType { .. });
}

#[test]
fn dynamic_shape_names_tensor_and_axis() {
	for dim in [Dim::Param("batch"), Dim::Missing] {
		let x = info_of("image", DataType::Float, &[Dim::Number(1), dim]);
		let model = single(x, vec![], node("Relu", &["image"], &["y"]));
		let error = assert_refused!(model, ModelError::DynamicShape { axis: 1, .. });
		assert!(error.subject().contains("'image' axis 1"));
	}
	let mut x = floats("x", &[1]);
	if let Some(tract_onnx::pb::type_proto::Value::TensorType(tensor)) =
		x.r#type.as_mut().and_then(|t| t.value.as_mut())
	{
		tensor.shape = None;
	}
	assert_refused!(
		single(x, vec![], node("Relu", &["x"], &["y"])),
		ModelError::DynamicShape { .. }
	);
}

#[test]
fn impossible_dimensions() {
	for dim in [0, -1, i64::MIN] {
		let model = single(floats("x", &[1, dim]), vec![], node("Relu", &["x"], &["y"]));
		assert_refused!(model, ModelError::ShapeOverflow { .. });
	}
	let model = single(
		floats("x", &[4_611_686_018_427_387_906, 4]),
		vec![],
		node("Relu", &["x"], &["y"]),
	);
	assert_refused!(model, ModelError::ShapeOverflow { .. });
	let model = single(
		floats("x", &[1 << 40]),
		vec![],
		node("Relu", &["x"], &["y"]),
	);
	assert_refused!(model, ModelError::TensorTooLarge { .. });
	let model = single(floats("x", &[1; 9]), vec![], node("Relu", &["x"], &["y"]));
	assert_refused!(model, ModelError::RankTooHigh { rank: 9, .. });
}

#[test]
fn too_many_items() {
	let nodes = vec![node("Relu", &["x"], &[""]); limits::MAX_NODES + 1];
	assert_refused!(
		model(vec![floats("x", &[1])], vec![], nodes, &["x"]),
		ModelError::TooManyItems { .. }
	);
	let mut model = relu();
	model.metadata_props = vec![StringStringEntryProto::default(); limits::MAX_METADATA + 1];
	assert_refused!(model, ModelError::TooManyItems { .. });
	let long = "n".repeat(limits::MAX_NAME_BYTES + 1);
	let model = single(floats("x", &[1]), vec![], node("Relu", &["x"], &[&long]));
	assert_refused!(model, ModelError::TooManyItems { .. });
	let many = vec![int("axis", 1); limits::MAX_ATTRIBUTES + 1];
	let model = single(
		floats("x", &[1]),
		vec![],
		with(node("Relu", &["x"], &["y"]), &many),
	);
	assert_refused!(model, ModelError::TooManyItems { .. });
	let inputs = vec!["x"; limits::MAX_NODE_TENSORS + 1];
	let model = single(floats("x", &[1]), vec![], node("Max", &inputs, &["y"]));
	assert_refused!(model, ModelError::TooManyItems { .. });
}

#[test]
fn external_data() {
	let entry = |key: &str, value: &str| StringStringEntryProto {
		key: key.into(),
		value: value.into(),
	};
	let mut located = f32s("w", &[1], &[]);
	located.data_location = Some(DataLocation::External as i32);
	let mut named = f32s("w", &[1], &[1.0]);
	named.external_data = vec![entry("location", "../../etc/passwd")];
	for tensor in [located, named] {
		let model = single(
			floats("x", &[1]),
			vec![tensor],
			node("Add", &["x", "w"], &["y"]),
		);
		let error = assert_refused!(model, ModelError::ExternalData { .. });
		assert!(error.subject().contains("'w'"));
	}
}

#[test]
fn unsupported_features() {
	let mut model = relu();
	model.functions = vec![FunctionProto {
		name: Some("f".into()),
		..Default::default()
	}];
	assert_refused!(model, ModelError::UnsupportedFeature { .. });
	let mut model = relu();
	model.training_info = vec![TrainingInfoProto::default()];
	assert_refused!(model, ModelError::UnsupportedFeature { .. });
	let mut model = relu();
	if let Some(graph) = &mut model.graph {
		graph.sparse_initializer = vec![SparseTensorProto::default()];
	}
	assert_refused!(model, ModelError::UnsupportedFeature { .. });
	let mut subgraph = int("body", 0);
	subgraph.g = Some(GraphProto::default());
	let model = single(
		floats("x", &[1]),
		vec![],
		with(node("Relu", &["x"], &["y"]), &[subgraph]),
	);
	assert_refused!(model, ModelError::UnsupportedFeature { .. });
}

#[test]
fn cycles_and_order() {
	let x = || vec![floats("x", &[1])];
	let nodes = vec![
		node("Add", &["x", "b"], &["a"]),
		node("Relu", &["a"], &["b"]),
	];
	assert_refused!(
		model(x(), vec![], nodes, &["b"]),
		ModelError::NotTopological { .. }
	);
	let nodes = vec![node("Add", &["x", "a"], &["a"])];
	assert_refused!(
		model(x(), vec![], nodes, &["a"]),
		ModelError::NotTopological { .. }
	);
	let nodes = vec![node("Relu", &["a"], &["b"]), node("Relu", &["x"], &["a"])];
	assert_refused!(
		model(x(), vec![], nodes, &["b"]),
		ModelError::NotTopological { .. }
	);
}

#[test]
fn names() {
	let x = || vec![floats("x", &[1])];
	let w = || f32s("w", &[1], &[1.0]);
	let relu = |input: &str, output: &str| node("Relu", &[input], &[output]);
	for (inputs, initializers, nodes, outputs) in [
		(
			x(),
			vec![],
			vec![relu("x", "y"), relu("x", "y")],
			&["y"][..],
		),
		(x(), vec![], vec![relu("x", "x")], &["x"]),
		(x(), vec![w(), w()], vec![relu("x", "y")], &["y"]),
		(x(), vec![w()], vec![relu("x", "w")], &["w"]),
		([x(), x()].concat(), vec![], vec![relu("x", "y")], &["y"]),
		(x(), vec![], vec![relu("x", "y")], &["y", "y"]),
	] {
		assert_refused!(
			model(inputs, initializers, nodes, outputs),
			ModelError::DuplicateName { .. }
		);
	}
	assert_refused!(
		model(x(), vec![], vec![relu("nowhere", "y")], &["y"]),
		ModelError::UndefinedTensor { .. }
	);
	assert_refused!(
		model(x(), vec![], vec![relu("x", "y")], &["z"]),
		ModelError::UndefinedTensor { .. }
	);
}

#[test]
fn bad_tensors() {
	let raw = |dims: &[i64], len: usize| TensorProto {
		name: "w".into(),
		data_type: DataType::Float as i32,
		dims: dims.to_vec(),
		raw_data: vec![0; len],
		..Default::default()
	};
	let mut both = f32s("w", &[1], &[1.0]);
	both.float_data = vec![1.0];
	let mut wrong_field = i64s("w", &[1], &[1]);
	wrong_field.data_type = DataType::Float as i32;
	let mut short = i64s("w", &[2], &[1]);
	short.name = "w".into();
	let mut byte = TensorProto {
		name: "w".into(),
		data_type: DataType::Uint8 as i32,
		dims: vec![1],
		int32_data: vec![256],
		..Default::default()
	};
	let out_of_range = byte.clone();
	byte.data_type = DataType::Bool as i32;
	byte.int32_data = vec![2];
	let mut raw_bool = raw(&[2], 2);
	raw_bool.data_type = DataType::Bool as i32;
	raw_bool.raw_data = vec![1, 7];
	let mut string = raw(&[1], 0);
	string.string_data = vec![b"text".to_vec()];
	let mut segment = raw(&[1], 4);
	segment.segment = Some(tract_onnx::pb::tensor_proto::Segment { begin: 0, end: 1 });
	for tensor in [
		raw(&[2], 4),
		raw(&[1], 5),
		raw(&[1], 0),
		raw(&[-1], 4),
		both,
		wrong_field,
		short,
		out_of_range,
		byte,
		raw_bool,
		string,
		segment,
	] {
		let model = single(
			floats("x", &[1]),
			vec![tensor.clone()],
			node("Add", &["x", "w"], &["y"]),
		);
		let error = assert_refused!(model, ModelError::BadTensor { .. });
		assert!(error.subject().contains("'w'"), "{error:?}");
	}
	let model = single(
		floats("x", &[1]),
		vec![raw(&[1 << 40], 4)],
		node("Add", &["x", "w"], &["y"]),
	);
	assert_refused!(model, ModelError::TensorTooLarge { .. });
	let model = single(
		floats("x", &[1]),
		vec![raw(&[1; 9], 4)],
		node("Add", &["x", "w"], &["y"]),
	);
	assert_refused!(model, ModelError::RankTooHigh { .. });
}

#[test]
fn attributes_shapes_and_arity() {
	let x = || floats("x", &[2, 3]);
	let softmax = |attributes| with(node("Softmax", &["x"], &["y"]), attributes);
	for attributes in [
		&[int("axis", 2)][..],
		&[string("axis", "1")],
		&[int("axes", 1)],
		&[int("axis", 1), int("axis", 1)],
	] {
		let error = assert_refused!(
			single(x(), vec![], softmax(attributes)),
			ModelError::BadAttribute { .. }
		);
		assert!(error.subject().contains("Softmax"));
	}
	let w = f32s("w", &[2], &[1.0, 2.0]);
	assert_refused!(
		single(x(), vec![w], node("Add", &["x", "w"], &["y"])),
		ModelError::ShapeMismatch { .. }
	);
	for inputs in [&[][..], &["x", "x"], &[""]] {
		assert_refused!(
			single(x(), vec![], node("Relu", inputs, &["y"])),
			ModelError::WrongArity { .. }
		);
	}
	assert_refused!(
		single(x(), vec![], node("Relu", &["x"], &["y", "z"])),
		ModelError::WrongArity { .. }
	);
	let mut declared = single(x(), vec![], node("Relu", &["x"], &["y"]));
	if let Some(graph) = &mut declared.graph {
		graph.output = vec![floats("y", &[2, 4])];
	}
	assert_refused!(declared, ModelError::ShapeMismatch { .. });
}

#[test]
fn parameters_that_are_no_constants() {
	let inputs = vec![floats("x", &[4]), info("s", DataType::Int64, &[2])];
	let model = model(
		inputs,
		vec![],
		vec![node("Reshape", &["x", "s"], &["y"])],
		&["y"],
	);
	let error = assert_refused!(model, ModelError::NotConstant { .. });
	assert!(error.subject().contains("Reshape"));
}

#[test]
fn folding() {
	// Gather out of range, all constant.
	let initializers = vec![f32s("w", &[2], &[1.0, 2.0]), i64s("i", &[1], &[2])];
	let gather = node("Gather", &["w", "i"], &["g"]);
	let nodes = vec![gather, node("Add", &["x", "g"], &["y"])];
	assert_refused!(
		model(vec![floats("x", &[1])], initializers, nodes, &["y"]),
		ModelError::FoldingFailed { .. } | ModelError::BadAttribute { .. }
	);
}

#[test]
fn cost_and_memory_of_a_run() {
	// 2^13 x 2^13 x 2^13 multiply-accumulates four times over: 2^41.
	let inputs = vec![floats("a", &[1 << 13, 1 << 13])];
	let nodes = vec![
		node("MatMul", &["a", "a"], &["b"]),
		node("MatMul", &["b", "b"], &["c"]),
		node("MatMul", &["c", "c"], &["d"]),
		node("MatMul", &["d", "d"], &["y"]),
	];
	assert_refused!(
		model(inputs, vec![], nodes, &["y"]),
		ModelError::TooExpensive { .. }
	);
	// Three tensors of 256 MiB alive at once.
	let nodes = vec![
		node("Relu", &["a"], &["b"]),
		node("Add", &["a", "b"], &["y"]),
	];
	let inputs = vec![floats("a", &[1 << 13, 1 << 13])];
	assert_refused!(
		model(inputs, vec![], nodes, &["y"]),
		ModelError::TooMuchMemory { .. }
	);
}

#[test]
fn interface() {
	let relu = || node("Relu", &["x"], &["y"]);
	assert_refused!(
		model(vec![floats("x", &[1])], vec![], vec![relu()], &[]),
		ModelError::BadInterface { .. }
	);
	let names: Vec<String> = (0..17).map(|i| format!("y{i}")).collect();
	let names: Vec<&str> = names.iter().map(String::as_str).collect();
	let nodes = names
		.iter()
		.map(|name| node("Relu", &["x"], &[name]))
		.collect();
	assert_refused!(
		model(vec![floats("x", &[1])], vec![], nodes, &names),
		ModelError::BadInterface { .. }
	);
	let inputs = names.iter().map(|name| floats(name, &[1])).collect();
	assert_refused!(
		model(inputs, vec![], vec![node("Max", &names, &["y"])], &["y"]),
		ModelError::BadInterface { .. }
	);
	let long = "n".repeat(129);
	let nodes = vec![node("Relu", &[&long], &["y"])];
	assert_refused!(
		model(vec![floats(&long, &[1])], vec![], nodes, &["y"]),
		ModelError::BadInterface { .. }
	);
}

//! Operators with much inside: models that ask too much of them, and values that must not panic.

use noema_engine::{Engine, ModelError, Profile1, RunError};
use tract_onnx::pb::{tensor_proto::DataType, AttributeProto, ModelProto, NodeProto, TensorProto};

use crate::models::*;

fn floats_attr(name: &str, values: &[f32]) -> AttributeProto {
	AttributeProto {
		name: name.into(),
		r#type: tract_onnx::pb::attribute_proto::AttributeType::Floats as i32,
		floats: values.to_vec(),
		..Default::default()
	}
}

fn strings_attr(name: &str, values: &[&str]) -> AttributeProto {
	AttributeProto {
		name: name.into(),
		r#type: tract_onnx::pb::attribute_proto::AttributeType::Strings as i32,
		strings: values.iter().map(|s| s.as_bytes().to_vec()).collect(),
		..Default::default()
	}
}

fn constant(name: &str, dims: &[i64]) -> TensorProto {
	let len = dims.iter().product::<i64>() as usize;
	f32s(name, dims, &vec![0.5; len])
}

/// A node of the domain `ai.onnx.ml`, in a model that imports it.
fn ml(op: &str, attributes: &[AttributeProto], x: &[i64]) -> ModelProto {
	let mut node = with(node(op, &["x"], &["y"]), attributes);
	node.domain = "ai.onnx.ml".into();
	let mut model = single(floats("x", x), vec![], node);
	model.opset_import.push(tract_onnx::pb::OperatorSetIdProto {
		domain: "ai.onnx.ml".into(),
		version: 3,
	});
	model
}

#[test]
fn sequences_that_are_far_too_long() {
	let lstm = |steps: i64| {
		let weights = vec![constant("w", &[1, 4, 1]), constant("r", &[1, 4, 1])];
		let node = node("LSTM", &["x", "w", "r"], &["y"]);
		single(floats("x", &[steps, 1, 1]), weights, node)
	};
	assert!(build(&lstm(1000)).is_ok());
	for steps in [100_000_000, 1 << 40] {
		let error = refusal(&lstm(steps));
		assert!(
			matches!(
				error,
				ModelError::TooMuchMemory { .. } | ModelError::TensorTooLarge { .. }
			),
			"{error:?}"
		);
	}
}

#[test]
fn equations_that_blow_up() {
	let einsum = |equation: &str, inputs: &[&str], dims: &[i64]| {
		let node = with(
			node("Einsum", inputs, &["y"]),
			&[string("equation", equation)],
		);
		single(floats("x", dims), vec![], node)
	};
	assert!(build(&einsum("ij,jk->ik", &["x", "x"], &[8, 8])).is_ok());
	let eight = ["x"; 8];
	for (equation, inputs, dims) in [
		("a,b,c,d,e,f,g,h->abcdefgh", &eight[..], &[64][..]),
		("a,b,c,d,e,f,g,h->", &eight[..], &[4096][..]),
		("a,b,...->abcdefgh", &eight[..3], &[2][..]),
		("abc,def,ghi->abcdefghi", &eight[..3], &[2, 2, 2][..]),
	] {
		let error = refusal(&einsum(equation, inputs, dims));
		assert!(
			!matches!(error, ModelError::UnsupportedOp { .. }),
			"{error:?}"
		);
	}
}

#[test]
fn transposed_convolutions_of_any_size() {
	for attributes in [
		ints("strides", &[1 << 29, 1 << 29]),
		ints("dilations", &[1 << 29, 1]),
		ints("pads", &[1, 1, 1 << 29, 1]),
		ints("output_padding", &[1 << 29, 0]),
		ints("output_shape", &[1 << 29, 1 << 29]),
		ints("strides", &[0, 1]),
		ints("pads", &[-1, 0, 0, 0]),
		ints("output_shape", &[i64::MIN, i64::MAX]),
	] {
		let node = with(node("ConvTranspose", &["x", "w"], &["y"]), &[attributes]);
		refusal(&single(
			floats("x", &[1, 1, 4, 4]),
			vec![constant("w", &[1, 1, 3, 3])],
			node,
		));
	}
}

/// A tree of one branch with two leaves, with other values of some attribute.
fn tree(replaced: AttributeProto) -> ModelProto {
	let mut attributes = vec![
		ints("nodes_treeids", &[0, 0, 0]),
		ints("nodes_nodeids", &[0, 1, 2]),
		ints("nodes_featureids", &[0, 0, 0]),
		strings_attr("nodes_modes", &["BRANCH_LEQ", "LEAF", "LEAF"]),
		floats_attr("nodes_values", &[0.5, 0.0, 0.0]),
		ints("nodes_truenodeids", &[1, 0, 0]),
		ints("nodes_falsenodeids", &[2, 0, 0]),
		ints("target_treeids", &[0, 0]),
		ints("target_nodeids", &[1, 2]),
		ints("target_ids", &[0, 0]),
		floats_attr("target_weights", &[1.0, 2.0]),
	];
	attributes.retain(|attribute| attribute.name != replaced.name);
	attributes.push(replaced);
	ml("TreeEnsembleRegressor", &attributes, &[2, 1])
}

#[test]
fn trees_that_are_none() {
	let model = tree(string("post_transform", "NONE"));
	let plan = build(&model).unwrap();
	let outputs = Profile1
		.run(&plan, &[value(&[2, 1], &[0.5, f32::NAN])])
		.unwrap();
	assert_eq!(elements(&outputs[0]), [1.0, 2.0]);
	for replaced in [
		ints("nodes_truenodeids", &[0, 0, 0]),
		ints("nodes_truenodeids", &[2, 0, 0]),
		ints("nodes_truenodeids", &[i64::MIN, 0, 0]),
		ints("nodes_featureids", &[1, 0, 0]),
		ints("nodes_featureids", &[i64::MAX, 0, 0]),
		ints("nodes_treeids", &[0, 0, 1]),
		ints("nodes_nodeids", &[0, 1, 1]),
		ints("nodes_nodeids", &[0, 1]),
		ints("target_ids", &[0, 1]),
		ints("target_ids", &[-1, 0]),
		ints("target_nodeids", &[0, 2]),
		int("n_targets", i64::MAX),
		floats_attr("base_values", &[0.0, 0.0]),
		strings_attr("nodes_modes", &["BRANCH_SOMETIMES", "LEAF", "LEAF"]),
		string("post_transform", "MAGIC"),
	] {
		let error = refusal(&tree(replaced));
		assert!(
			matches!(error, ModelError::BadAttribute { .. }),
			"{error:?}"
		);
	}
}

#[test]
fn domains_are_told_apart() {
	let mut wrong = single(floats("x", &[1, 1]), vec![], node("Scaler", &["x"], &["y"]));
	assert!(matches!(refusal(&wrong), ModelError::UnsupportedOp { .. }));
	wrong = ml("Relu", &[], &[1, 1]);
	assert!(matches!(refusal(&wrong), ModelError::UnsupportedOp { .. }));
	let mut only_ml = ml("Scaler", &[], &[1, 1]);
	only_ml.opset_import.remove(0);
	assert!(build(&only_ml).is_ok());
	only_ml.opset_import[0].version = 99;
	assert!(matches!(
		refusal(&only_ml),
		ModelError::UnsupportedVersion { .. }
	));
	let error = refusal(&ml("ZipMap", &[], &[1, 1]));
	assert!(error.to_string().contains("zipmap=False"));
}

#[test]
fn lengths_and_positions_at_run_time() {
	let weights = vec![constant("w", &[1, 1, 1]), constant("r", &[1, 1, 1])];
	let rnn: NodeProto = node("RNN", &["x", "w", "r", "", "lens"], &["y"]);
	let inputs = vec![floats("x", &[2, 1, 1]), info("lens", DataType::Int32, &[1])];
	let plan = build(&model(inputs, weights, vec![rnn], &["y"])).unwrap();
	for (len, fails) in [
		(0i32, false),
		(2, false),
		(3, true),
		(-1, true),
		(i32::MIN, true),
	] {
		let lens = noema_engine::Value {
			dtype: noema_engine::DType::I32,
			shape: vec![1],
			data: len.to_le_bytes().to_vec(),
		};
		let result = Profile1.run(&plan, &[value(&[2, 1, 1], &[f32::NAN, 1.0]), lens]);
		assert_eq!(
			matches!(result, Err(RunError::InvalidValue { .. })),
			fails,
			"{len}: {result:?}"
		);
	}
}

#[test]
fn small_types_are_unpacked_and_counted() {
	let stored = |number: i32, dims: &[i64], raw: &[u8]| TensorProto {
		name: "w".into(),
		data_type: number,
		dims: dims.to_vec(),
		raw_data: raw.to_vec(),
		..Default::default()
	};
	let scaled = |w: TensorProto| {
		let nodes = vec![
			node("DequantizeLinear", &["w", "s"], &["d"]),
			node("Add", &["x", "d"], &["y"]),
		];
		let scale = f32s("s", &[], &[0.5]);
		model(vec![floats("x", &[3])], vec![w, scale], nodes, &["y"])
	};
	let run = |model: &ModelProto| {
		let plan = build(model).unwrap();
		elements(&Profile1.run(&plan, &[value(&[3], &[0.0; 3])]).unwrap()[0])
	};
	// int4: low half first, in two's complement.
	assert_eq!(
		run(&scaled(stored(22, &[3], &[0x8f, 0x07]))),
		[-0.5, -4.0, 3.5]
	);
	assert_eq!(
		run(&scaled(stored(21, &[3], &[0x8f, 0x07]))),
		[7.5, 4.0, 3.5]
	);
	assert_eq!(
		run(&scaled(stored(26, &[3], &[0b10_01_11]))),
		[-0.5, 0.5, -1.0]
	);
	assert_eq!(
		run(&scaled(stored(17, &[3], &[0x38, 0xb8, 0x7e]))),
		[0.5, -0.5, 224.0]
	);
	let half = |raw: &[u8]| {
		let add = node("Add", &["x", "w"], &["y"]);
		single(floats("x", &[3]), vec![stored(10, &[3], raw)], add)
	};
	assert_eq!(
		run(&half(&[0, 0x3c, 0, 0xc0, 0xff, 0x7b])),
		[1.0, -2.0, 65504.0]
	);
	for bad in [
		half(&[0, 0x3c]),
		scaled(stored(22, &[3], &[0x8f])),
		scaled(stored(22, &[3], &[0x8f, 7, 7])),
		scaled(stored(22, &[1 << 40], &[1])),
	] {
		let error = refusal(&bad);
		assert!(
			matches!(
				error,
				ModelError::BadTensor { .. } | ModelError::TensorTooLarge { .. }
			),
			"{error:?}"
		);
	}
}

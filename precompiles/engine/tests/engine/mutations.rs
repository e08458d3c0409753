//! Mutated files never panic: each gives a plan or a refusal, and each plan runs or fails by value.
//!
//! The `fuzz` example does the same for as long as one likes, with the memory watched.

use noema_engine::{conformance::random::Random, DType, Engine, Plan, Profile1, Value};
use proptest::prelude::*;
use prost::Message;
use tract_onnx::pb::tensor_proto::DataType;

use crate::{models::*, mutants};

fn corpus() -> Vec<Vec<u8>> {
	let image = || floats("x", &[1, 2, 5, 5]);
	let w = f32s("w", &[2, 2, 3, 3], &[0.5; 36]);
	let conv = single(
		image(),
		vec![w],
		with(
			node("Conv", &["x", "w"], &["y"]),
			&[
				ints("pads", &[1, 1, 1, 1]),
				ints("strides", &[2, 2]),
				int("group", 1),
			],
		),
	);
	let pool = single(
		image(),
		vec![],
		with(
			node("AveragePool", &["x"], &["y"]),
			&[
				ints("kernel_shape", &[2, 2]),
				ints("pads", &[0, 0, 1, 1]),
				int("ceil_mode", 1),
			],
		),
	);
	let gather = model(
		vec![floats("x", &[3, 2]), info("i", DataType::Int64, &[2])],
		vec![i64s("s", &[2], &[1, -1]), i64s("k", &[1], &[2])],
		vec![
			with(node("Gather", &["x", "i"], &["g"]), &[int("axis", 0)]),
			node("Reshape", &["g", "s"], &["r"]),
			node("TopK", &["r", "k"], &["v", "n"]),
			with(node("Softmax", &["v"], &["p"]), &[int("axis", -1)]),
		],
		&["p", "n"],
	);
	let folded = model(
		vec![floats("x", &[2])],
		vec![
			i64s("s", &[2], &[2, 2]),
			f32s("m", &[2, 2], &[1.0, 2.0, 3.0, 4.0]),
		],
		vec![
			node("ConstantOfShape", &["s"], &["c"]),
			node("MatMul", &["c", "m"], &["d"]),
			with(node("Transpose", &["d"], &["t"]), &[ints("perm", &[1, 0])]),
			node("Add", &["x", "t"], &["y"]),
			with(node("Concat", &["y", "t"], &["z"]), &[int("axis", 0)]),
		],
		&["z"],
	);
	[conv, pool, gather, folded]
		.iter()
		.map(Message::encode_to_vec)
		.collect()
}

fn input(plan: &Plan, fill: u8) -> Vec<Value> {
	plan.report()
		.inputs
		.iter()
		.map(|schema| {
			let len = schema.shape.iter().product::<usize>() * schema.dtype.size();
			let fill = if schema.dtype == DType::Bool {
				fill & 1
			} else {
				fill
			};
			Value {
				dtype: schema.dtype,
				shape: schema.shape.clone(),
				data: vec![fill; len],
			}
		})
		.collect()
}

/// Runs what is admitted, twice, on what `inputs` makes for it.
fn exercise_on(file: &[u8], inputs: impl FnOnce(&Plan) -> Vec<Value>) {
	if let Ok(plan) = Profile1.build(file) {
		let report = plan.report();
		// Mutants can be admitted with large tensors; those take long, and nothing new is learnt.
		if report.cost.work() < 1 << 29 {
			let inputs = inputs(&plan);
			let first = Profile1.run(&plan, &inputs);
			assert_eq!(first, Profile1.run(&plan, &inputs));
			assert!(
				!matches!(first, Err(noema_engine::RunError::Internal { .. })),
				"{first:?}"
			);
		}
	}
}

fn exercise(file: &[u8], fill: u8) {
	exercise_on(file, |plan| input(plan, fill));
}

#[test]
fn mutants_of_every_operator_never_panic() {
	let corpus = corpus();
	for seed in 0..3000 {
		let mut random = Random::new(seed);
		let file = mutants::mutant(&mut random, &corpus);
		exercise_on(&file, |plan| mutants::inputs(&mut random, plan));
	}
}

#[test]
fn the_corpus_itself_is_admitted() {
	for file in corpus() {
		Profile1.build(&file).unwrap();
		exercise(&file, 0);
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(600))]

	#[test]
	fn mutated_files_never_panic(
		which in 0usize..4,
		edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..6),
		fill: u8,
	) {
		let mut file = corpus().swap_remove(which);
		for (index, byte, kind) in edits {
			if file.is_empty() {
				break;
			}
			let at = index.index(file.len());
			match kind {
				0 => file[at] = byte,
				1 => file[at] ^= 1 << (byte & 7),
				2 => { file.remove(at); },
				_ => file.insert(at, byte),
			}
		}
		exercise(&file, fill);
	}

	#[test]
	fn random_bytes_never_panic(file in prop::collection::vec(any::<u8>(), 0..200)) {
		exercise(&file, 0);
	}
}

//! The precompile from end to end, in test externalities: what a pallet sees.

use codec::Encode;
use noema_primitives::{
	tensor::named, DType, InferError, ModelAdmission, ModelExecutor, ModelId, ModelLocation,
	NamedTensor, RefusalCode, CHUNK_SIZE, PROFILE_1,
};
use sp_state_machine::BasicExternalities;

use crate::{host::plan_cache, NativeEngine};

mod referee;

const NETWORK: &[u8] = include_bytes!("../../../../examples/digits/digits.onnx");

fn store(ext: &mut BasicExternalities, file: &[u8]) -> ModelLocation {
	let id = ModelId::of(file);
	let mut chunk_prefix = b"chunks of ".to_vec();
	chunk_prefix.extend_from_slice(&id.0);
	for (index, chunk) in (0u32..).zip(file.chunks(CHUNK_SIZE as usize)) {
		let key = [&chunk_prefix[..], &index.to_le_bytes()].concat();
		ext.insert(key, chunk.to_vec().encode());
	}
	ModelLocation {
		id,
		size: file.len() as u32,
		chunk_prefix,
	}
}

fn inputs() -> Vec<NamedTensor> {
	let data = (0..64u32)
		.flat_map(|i| (i as f32 / 4.0).to_le_bytes())
		.collect();
	vec![named("image", DType::F32, &[1, 1, 8, 8], data).unwrap()]
}

#[test]
fn a_model_is_admitted_and_runs_the_same_warm_and_cold() {
	let mut ext = BasicExternalities::default();
	let model = store(&mut ext, NETWORK);
	ext.execute_with(|| {
		let report = NativeEngine::admit(&model, PROFILE_1).unwrap().unwrap();
		assert_eq!(report.inputs[0].shape[..], [1, 1, 8, 8]);
		let names: Vec<_> = report
			.outputs
			.iter()
			.map(|output| &output.name[..])
			.collect();
		assert_eq!(names, [&b"probabilities"[..]]);
		let warm = NativeEngine::infer(&model, &report, &inputs()).unwrap();
		plan_cache().clear();
		let cold = NativeEngine::infer(&model, &report, &inputs()).unwrap();
		assert_eq!(warm, cold);
		assert!(warm.iter().all(|output| output.tensor.is_consistent()));
	});
}

#[test]
fn a_file_that_is_no_model_is_refused_with_its_reason() {
	let mut ext = BasicExternalities::default();
	let model = store(&mut ext, b"this is no protobuf");
	ext.execute_with(|| {
		let refusal = NativeEngine::admit(&model, PROFILE_1).unwrap().unwrap_err();
		assert_eq!(refusal.code, RefusalCode::NotOnnx);
	});
}

#[test]
fn failures_are_told_apart() {
	let mut ext = BasicExternalities::default();
	let model = store(&mut ext, NETWORK);
	let nowhere = ModelLocation {
		id: ModelId([9; 32]),
		chunk_prefix: vec![1],
		..model.clone()
	};
	let not_onnx = store(&mut ext, b"neither is this");
	ext.execute_with(|| {
		let report = NativeEngine::admit(&model, PROFILE_1).unwrap().unwrap();
		let infer = |model, inputs: &[_]| NativeEngine::infer(model, &report, inputs);

		assert_eq!(
			NativeEngine::admit(&nowhere, PROFILE_1),
			Err(InferError::ModelMissing)
		);
		assert_eq!(
			NativeEngine::admit(&model, 2),
			Err(InferError::UnknownProfile)
		);
		assert_eq!(infer(&nowhere, &inputs()), Err(InferError::ModelMissing));
		assert_eq!(infer(&not_onnx, &inputs()), Err(InferError::ModelRefused));
		assert_eq!(infer(&model, &[]), Err(InferError::SchemaMismatch));
		let misnamed = named("y", DType::F32, &[1, 1, 8, 8], vec![0; 256]).unwrap();
		assert_eq!(infer(&model, &[misnamed]), Err(InferError::SchemaMismatch));
		let short = named("image", DType::F32, &[1, 1, 8, 8], vec![0; 4]).unwrap();
		assert_eq!(infer(&model, &[short]), Err(InferError::SchemaMismatch));
	});
}

#[test]
fn chunks_that_lie_about_their_length_are_no_model() {
	let mut ext = BasicExternalities::default();
	let file = vec![7; CHUNK_SIZE as usize + 5];
	let model = store(&mut ext, &file);
	let key = |index: u32| [&model.chunk_prefix[..], &index.to_le_bytes()].concat();
	for (index, value) in [
		(1, vec![1, 2, 3].encode()),
		(0, vec![0xff; 3]),
		(0, Vec::new()),
	] {
		ext.insert(key(index), value);
		ext.execute_with(|| {
			assert_eq!(
				NativeEngine::admit(&model, PROFILE_1),
				Err(InferError::ModelMissing)
			);
		});
	}
}

#[test]
fn admission_keeps_its_verdict_and_not_the_plan() {
	let mut ext = BasicExternalities::default();
	let model = ModelLocation {
		id: ModelId([8; 32]),
		..store(&mut ext, NETWORK)
	};
	ext.execute_with(|| {
		let report = NativeEngine::admit(&model, PROFILE_1).unwrap().unwrap();
		assert!(!plan_cache().has_plan(&model.id, PROFILE_1));
		NativeEngine::infer(&model, &report, &inputs()).unwrap();
	});
}

//! One step of a run, run again from its description: what a dispute comes down to.

use noema_primitives::{
	trace::{leaf_hash, step_hash, verify, Operand, Referee, RefereeError, TensorSource},
	Leaf, StepSpec, TensorDigest,
};

use super::*;
use crate::host::{materials, trace, with_call_kind, CallKind, Materials, TraceError, Traced};

fn traced() -> Traced {
	trace(NETWORK, PROFILE_1, inputs()).unwrap()
}

fn of(index: u32) -> Materials {
	materials(NETWORK, PROFILE_1, inputs(), index).unwrap()
}

fn inline(materials: &Materials) -> Vec<(TensorDigest, TensorSource)> {
	let tensors = materials.tensors.iter().cloned();
	tensors
		.map(|(digest, data)| (digest, TensorSource::Inline(data)))
		.collect()
}

fn run(step: &StepSpec, tensors: &[(TensorDigest, TensorSource)]) -> Result<Leaf, RefereeError> {
	BasicExternalities::default().execute_with(|| NativeEngine::run_step(PROFILE_1, step, tensors))
}

#[test]
fn each_step_is_the_reports_and_gives_the_leaf_of_the_trace() {
	let mut ext = BasicExternalities::default();
	let model = store(&mut ext, NETWORK);
	let (report, outputs) = ext.execute_with(|| {
		let report = NativeEngine::admit(&model, PROFILE_1).unwrap().unwrap();
		let outputs = NativeEngine::infer(&model, &report, &inputs()).unwrap();
		(report, outputs)
	});
	let Traced {
		leaves,
		outputs: traced,
	} = traced();
	assert_eq!(traced.as_ref(), Ok(&outputs));
	assert_eq!(leaves[0], Leaf::of_tensors(&inputs()));
	assert_eq!(leaves.last(), Some(&Leaf::of_tensors(&outputs)));
	assert_eq!(report.plan.leaves as usize, leaves.len());
	let mut most = 0;
	for (index, leaf) in (0u32..).zip(&leaves).skip(1) {
		let materials = of(index);
		let hash = step_hash(index, &materials.step);
		let (root, count) = (&report.plan.root, report.plan.leaves);
		assert!(verify(root, count, index, &hash, &materials.plan_proof));
		assert_eq!(materials.leaves, leaves[..index as usize]);
		assert_eq!(run(&materials.step, &inline(&materials)).as_ref(), Ok(leaf));
		let (cost, heaviest) = (materials.step.cost, report.plan.heaviest_step);
		assert!(cost.macs <= heaviest.macs && cost.bytes <= heaviest.bytes);
		most = most.max(cost.bytes);
	}
	assert_eq!(most, report.plan.heaviest_step.bytes);
	assert!(report.plan.most_step_bytes > 256);
}

#[test]
fn operands_are_those_of_the_leaves_that_they_name() {
	for index in 1..traced().leaves.len() as u32 {
		let materials = of(index);
		let operands = materials.step.inputs.iter();
		let operands = operands.filter(|operand| operand.has_elements());
		for (operand, (digest, _)) in operands.zip(&materials.tensors) {
			match operand {
				Operand::Constant { digest: named, .. } => assert_eq!(named, digest),
				Operand::Leaf { index, slot, .. } => {
					let Leaf::Tensors(tensors) = &materials.leaves[*index as usize] else {
						panic!("no step fails");
					};
					assert_eq!(&tensors[*slot as usize], digest);
				}
				_ => panic!("has no elements"),
			}
		}
	}
}

#[test]
fn tensors_may_lie_in_the_state() {
	let materials = of(1);
	let mut ext = BasicExternalities::default();
	let mut tensors = inline(&materials);
	for (place, (_, source)) in tensors.iter_mut().enumerate() {
		let TensorSource::Inline(data) = source else {
			unreachable!()
		};
		let prefix = vec![7, place as u8];
		for (index, chunk) in (0u32..).zip(data.chunks(CHUNK_SIZE as usize)) {
			let key = [&prefix[..], &index.to_le_bytes()].concat();
			ext.insert(key, chunk.to_vec().encode());
		}
		let size = data.len() as u32;
		*source = TensorSource::Chunks { prefix, size };
	}
	let run = |tensors: &[_]| NativeEngine::run_step(PROFILE_1, &materials.step, tensors);
	ext.execute_with(|| {
		assert_eq!(run(&tensors), Ok(traced().leaves[1].clone()));
		let mut elsewhere = tensors.clone();
		elsewhere[1].1 = TensorSource::Chunks {
			prefix: vec![8],
			size: 1,
		};
		assert_eq!(run(&elsewhere), Err(RefereeError::WrongTensor(1)));
		let size = materials.tensors[1].1.len() as u32;
		elsewhere[1].1 = TensorSource::Chunks {
			prefix: vec![8],
			size,
		};
		assert_eq!(run(&elsewhere), Err(RefereeError::WrongTensor(1)));
		// What is not in the state is a finding, in a block too.
		let in_block = || run(&elsewhere);
		let found = with_call_kind(CallKind::OnChain, in_block);
		assert_eq!(found, Err(RefereeError::WrongTensor(1)));
	});
}

#[test]
fn other_tensors_than_the_named_ones_are_told_apart() {
	let materials = of(1);
	let tensors = inline(&materials);
	let mut other = tensors.clone();
	let TensorSource::Inline(data) = &mut other[0].1 else {
		unreachable!()
	};
	data[0] ^= 1;
	assert_eq!(
		run(&materials.step, &other),
		Err(RefereeError::WrongTensor(0))
	);
	// Another constant, with its digest: not the plan's.
	let last = tensors.len() - 1;
	let mut other = tensors.clone();
	let TensorSource::Inline(data) = &mut other[last].1 else {
		unreachable!()
	};
	data[0] ^= 1;
	other[last].0.hash = noema_primitives::trace::data_hash(data);
	let expected = Err(RefereeError::WrongTensor(last as u16));
	assert_eq!(run(&materials.step, &other), expected);
	assert_eq!(
		run(&materials.step, &tensors[1..]),
		Err(RefereeError::BadStep)
	);
}

#[test]
fn what_is_no_step_is_refused() {
	let materials = of(1);
	let tensors = inline(&materials);
	let mut step = materials.step.clone();
	step.cost.macs += 1;
	assert_eq!(run(&step, &tensors), Err(RefereeError::BadStep));
	let mut step = materials.step.clone();
	step.op_type = b"Noema.Inputs".to_vec().try_into().unwrap();
	step.inputs = Default::default();
	assert_eq!(run(&step, &[]), Err(RefereeError::BadStep));
	let found = BasicExternalities::default()
		.execute_with(|| NativeEngine::run_step(2, &materials.step, &tensors));
	assert_eq!(found, Err(RefereeError::UnknownProfile));
}

#[test]
fn the_outputs_of_a_run_are_judged_without_their_data() {
	let leaves = traced().leaves;
	let last = leaves.len() as u32 - 1;
	let materials = of(last);
	let mut tensors = inline(&materials);
	for (_, source) in &mut tensors {
		*source = TensorSource::Inline(vec![]);
	}
	assert_eq!(
		run(&materials.step, &tensors).as_ref(),
		leaves.last().ok_or(&RefereeError::BadStep)
	);
	tensors[0].0.shape = Default::default();
	assert_eq!(
		run(&materials.step, &tensors),
		Err(RefereeError::WrongTensor(0))
	);
}

#[test]
fn what_has_no_trace_says_why() {
	let leaves = traced().leaves.len() as u32;
	let failed = |result: Result<Materials, TraceError>| result.unwrap_err();
	for index in [0, leaves, u32::MAX] {
		let error = failed(materials(NETWORK, PROFILE_1, inputs(), index));
		assert!(matches!(error, TraceError::NoStep(_)), "{error}");
	}
	let error = failed(materials(NETWORK, 2, inputs(), 1));
	assert!(matches!(error, TraceError::UnknownProfile(2)), "{error}");
	let error = failed(materials(NETWORK, PROFILE_1, vec![], 1));
	assert!(matches!(error, TraceError::Inputs), "{error}");
	let error = trace(b"no model", PROFILE_1, inputs()).unwrap_err();
	assert!(matches!(error, TraceError::Model(_)), "{error}");
}

#[test]
fn leaves_differ_by_their_place() {
	let leaves = traced().leaves;
	assert_ne!(leaf_hash(1, &leaves[1]), leaf_hash(2, &leaves[1]));
}

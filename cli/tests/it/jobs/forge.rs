//! Traces with a lie in them: one step's leaf is not what the step makes, and the outputs may be wrong,
//! too. What a host or a challenger would do with it, done by hand.

use noema_cli::chain::calls::{self, jobs::encode_tensors, Call, Encoded};
use noema_cli::chain::{Chain, Wait};
use noema_cli::model::LocalModel;
use noema_cli::tensor::Tensor;
use noema_engine::trace::Canonical;
use noema_precompile_inference::host::trace;
use noema_primitives::jobs::{commitment, Answer, Payload};
use noema_primitives::trace::{leaf_hash, prove, root};
use noema_primitives::{Leaf, NamedTensor, PROFILE_1};
use subxt::dynamic;
use subxt::ext::codec::{Decode, Encode};
use subxt::utils::AccountId32;
use subxt_signer::sr25519::Keypair;

/// What hides a commitment.
const SALT: [u8; 32] = [7; 32];

/// A lie, as the calls of the chain take it.
pub(super) struct Forged {
	/// The leaf that is a lie.
	pub(super) step: u32,
	root: Encoded,
	leaves: Encoded,
	answer: Encoded,
	proof: Encoded,
}

impl Forged {
	/// The right outputs, under a trace with a lie in leaf `step`.
	pub(super) fn trace(model: &LocalModel, inputs: &[Tensor], step: u32) -> Self {
		Self::new(model, inputs, step, false)
	}

	/// Wrong outputs, under a trace with a lie in leaf `step`.
	pub(super) fn answer(model: &LocalModel, inputs: &[Tensor], step: u32) -> Self {
		Self::new(model, inputs, step, true)
	}

	fn new(model: &LocalModel, inputs: &[Tensor], step: u32, is_wrong: bool) -> Self {
		let inputs = Vec::<NamedTensor>::decode(&mut &*encode_tensors(inputs))
			.expect("tensors are encoded as the chain has them");
		let traced = trace(&model.bytes, PROFILE_1, inputs).expect("the model runs");
		let mut outputs = traced.outputs.expect("the model has an answer");
		let mut leaves = traced.leaves;
		let last = leaves.len() as u32 - 1;
		assert!((1..last).contains(&step), "a step has leaf {step}");
		let Leaf::Tensors(tensors) = &mut leaves[step as usize] else {
			panic!("no step fails")
		};
		tensors[0].hash[0] ^= 1;
		if is_wrong {
			outputs[0].tensor.data[0] ^= 1;
			leaves[last as usize] = Leaf::of_tensors(&outputs);
		}

		let hashes: Vec<_> = (0..)
			.zip(&leaves)
			.map(|(index, leaf)| leaf_hash(index, leaf))
			.collect();
		let outputs = outputs.try_into().expect("the chain admits as many");
		let answer = Answer::Outputs(Payload::Inline(outputs));
		let proof = prove(&hashes, last).expect("the last leaf is there");
		Self {
			step,
			root: Encoded(root(&hashes).encode()),
			leaves: Encoded(hashes.encode()),
			answer: Encoded(answer.encode()),
			proof: Encoded(proof.encode()),
		}
	}

	/// `Jobs.commit`, by this host.
	pub(super) fn commit(&self, job: u64, host: &AccountId32) -> Call<(u64, Encoded)> {
		let root = Decode::decode(&mut &*self.root.0).expect("a root was encoded");
		let commitment = commitment(job, &host.0, &root, &SALT);
		dynamic::tx("Jobs", "commit", (job, Encoded(commitment.encode())))
	}

	/// `Jobs.reveal`, by whoever has committed.
	pub(super) fn reveal(&self, job: u64) -> Call<(u64, Encoded, [u8; 32], Encoded, Encoded)> {
		let (root, answer) = (self.root.clone(), self.answer.clone());
		let proof = self.proof.clone();
		dynamic::tx("Jobs", "reveal", (job, root, SALT, answer, proof))
	}

	/// `Jobs.challenge`.
	pub(super) fn challenge(&self, job: u64) -> Call<(u64, Encoded, Encoded, Encoded)> {
		let (root, answer) = (self.root.clone(), self.answer.clone());
		dynamic::tx("Jobs", "challenge", (job, root, answer, self.proof.clone()))
	}

	/// `Jobs.post_leaves`.
	pub(super) fn post_leaves(&self, job: u64) -> Call<(u64, Encoded, Encoded)> {
		let (root, leaves) = (self.root.clone(), self.leaves.clone());
		dynamic::tx("Jobs", "post_leaves", (job, root, leaves))
	}

	/// Challenges the answer that stands, and posts the forged leaves, both in one block.
	pub(super) async fn dispute(&self, chain: &Chain, liar: &Keypair, job: u64) {
		let at = chain.at_best().await.unwrap();
		let both = vec![
			calls::encode(&at, &self.challenge(job)).unwrap(),
			calls::encode(&at, &self.post_leaves(job)).unwrap(),
		];
		let outcome = chain
			.execute(&calls::batch_all(both), liar, Wait::InBlock)
			.await;
		outcome.unwrap_or_else(|error| panic!("{error}"));
	}
}

/// The leaf of the step that has the most multiply-accumulates.
pub(super) fn heaviest_step(model: &LocalModel) -> u32 {
	let canonical = Canonical::build(&model.bytes).expect("the model was admitted");
	let description = canonical.describe().expect("the model is for jobs");
	(0..)
		.zip(&description.steps)
		.max_by_key(|(_, step)| step.cost.macs)
		.map(|(index, _)| index)
		.expect("there are steps")
}

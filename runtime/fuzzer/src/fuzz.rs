//! The loop: extrinsics in blocks, blocks in rounds, each round from the same state.

use std::{
	collections::BTreeMap,
	fmt,
	panic::{catch_unwind, AssertUnwindSafe},
};

use codec::{DecodeAll, DecodeLimit, Encode};
use frame_support::{
	dispatch::{DispatchClass, GetDispatchInfo},
	traits::GetCallMetadata,
};
use noema_precompile_inference::host::PlanCache;
use noema_primitives::{ModelId, ModelStage, ReleaseId, CHUNK_SIZE};
use noema_runtime::{
	constants::money::MILLI_NOE, tx_extension, Runtime, RuntimeCall, UncheckedExtrinsic,
};
use peak_alloc::PeakAlloc;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{generic::Era, transaction_validity::TransactionSource};

use crate::{
	calls::World,
	chain::{Chain, Snapshot},
	extrinsics::Signer,
	invariants,
	mutate::mutate,
	random::Random,
};

type ModelsCall = pallet_models::Call<Runtime>;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Most bytes that one extrinsic, or the hooks of one block, may take at a time beyond what was held
/// before. A call decodes to 16 MiB at most; it is decoded, encoded again and decoded again.
const MAX_EXECUTION_BYTES: u64 = 96 << 20;
/// Bytes of the longest extrinsic that is tried: what fills a block. A longer one is refused by its
/// length, before anything is made of it.
const MAX_EXTRINSIC_BYTES: usize = 5 << 20;
/// Most bytes of plans that the process keeps.
const PLAN_CACHE_BYTES: u64 = 16 << 20;
/// Most bytes that the process may hold at the end of a round beyond those at the end of the first.
const MAX_GROWTH_BYTES: u64 = PLAN_CACHE_BYTES + (16 << 20);
/// Executions until the state goes back to where it began.
const ROUND: u64 = 4_096;
/// Executions between two checks of the state.
const CHECK: u64 = 1_000;
/// The deepest nesting of calls that a block may carry.
const MAX_EXTRINSIC_DEPTH: u32 = frame_support::MAX_EXTRINSIC_DEPTH;

const DIGITS: &[u8] = include_bytes!("../../../examples/digits/digits.onnx");

/// What became of executions.
#[derive(Debug, Default)]
pub(crate) struct Figures {
	/// All of them.
	pub(crate) executions: u64,
	/// Blocks.
	pub(crate) blocks: u64,
	/// Bytes that are no extrinsic, or no arguments.
	pub(crate) undecodable: u64,
	/// Extrinsics that the pool would take.
	pub(crate) valid: u64,
	/// Extrinsics that a block would take, whether their calls succeed or not.
	pub(crate) applied: u64,
	/// Calls that succeeded, and calls that failed, by pallet and name; the outermost call counts.
	pub(crate) calls: BTreeMap<String, (u64, u64)>,
	/// Models that were admitted, and files that were refused.
	pub(crate) admissions: (u64, u64),
	/// Checks of the state.
	pub(crate) checks: u64,
	/// Most bytes that one execution took.
	pub(crate) peak_execution: u64,
	/// Most bytes that a block's hooks took.
	pub(crate) peak_hooks: u64,
}

impl fmt::Display for Figures {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		writeln!(
			f,
			"{} executions in {} blocks: {} undecodable, {} valid, {} applied; {} models admitted, \
			 {} refused; {} checks of the state; at most {} KiB an execution, {} KiB a block's hooks",
			self.executions,
			self.blocks,
			self.undecodable,
			self.valid,
			self.applied,
			self.admissions.0,
			self.admissions.1,
			self.checks,
			self.peak_execution >> 10,
			self.peak_hooks >> 10,
		)?;
		writeln!(f, "{:9} {:9}", "succeeded", "failed")?;
		for (call, (succeeded, failed)) in &self.calls {
			writeln!(f, "{succeeded:9} {failed:9} {call}")?;
		}
		Ok(())
	}
}

/// An execution that misbehaved.
#[derive(Debug)]
pub(crate) struct Finding {
	/// Its number.
	pub(crate) execution: u64,
	/// What it did.
	pub(crate) what: String,
	/// The extrinsic, encoded, or what else was executed.
	pub(crate) bytes: Vec<u8>,
}

/// Bytes held at most while `f` ran, beyond those held before.
fn measured<R>(f: impl FnOnce() -> R) -> (R, u64) {
	ALLOCATOR.reset_peak_usage();
	let before = ALLOCATOR.current_usage() as u64;
	let result = f();
	let peak = ALLOCATOR.peak_usage() as u64;
	(result, peak.saturating_sub(before))
}

/// The fuzzer: a state to begin each round from, and what it needs to make extrinsics.
pub(crate) struct Fuzzer {
	world: World,
	signers: Vec<Signer>,
	sudo: Signer,
	base: Snapshot,
	figures: Figures,
	/// Encodings of calls to take parts from.
	donors: Vec<Vec<u8>>,
	/// What is being executed, for the report of a finding.
	current: Vec<u8>,
}

/// Files to upload. The first is the digits model; the others are that model with one weight changed,
/// files that begin like it and end early, bytes that are no model, and a file of two chunks.
fn files() -> Vec<Vec<u8>> {
	let mut files = vec![DIGITS.to_vec()];
	for offset in [20_000, 30_000] {
		let mut file = DIGITS.to_vec();
		file[offset] ^= 1;
		files.push(file);
	}
	files.push(DIGITS[..DIGITS.len() - 100].to_vec());
	files.push(b"no model".to_vec());
	files.push(vec![0]);
	files.push(vec![8; CHUNK_SIZE as usize + 1_000]);
	files
}

impl Fuzzer {
	/// Builds the chain and brings the digits model there by extrinsics, as its owner would.
	pub(crate) fn new() -> Self {
		// Another test of this process may have configured it already.
		let _first = PlanCache::configure(PLAN_CACHE_BYTES);
		let signers: Vec<Signer> = [
			Sr25519Keyring::Bob,
			Sr25519Keyring::Charlie,
			Sr25519Keyring::Dave,
			Sr25519Keyring::Eve,
		]
		.map(Signer::new)
		.into();
		let owner = &signers[0];
		let mut chain = Chain::genesis();
		let id = ModelId::of(DIGITS);
		let release = ReleaseId {
			owner: owner.account.clone(),
			name: b"digits".to_vec().try_into().expect("it is short"),
			version: b"1".to_vec().try_into().expect("it is short"),
		};
		in_block(
			&mut chain,
			owner,
			[
				ModelsCall::begin_upload {
					model_id: id,
					size: DIGITS.len() as u32,
				}
				.into(),
				ModelsCall::upload_chunk {
					model_id: id,
					index: 0,
					bytes: DIGITS.to_vec().try_into().expect("it is one chunk"),
				}
				.into(),
				ModelsCall::submit { model_id: id }.into(),
			],
		);
		for _ in 0..100 {
			if chain.with(|| stage(id)) == Some(ModelStage::Resident) {
				break;
			}
			in_block(&mut chain, owner, []);
		}
		in_block(
			&mut chain,
			owner,
			[
				ModelsCall::release {
					model_id: id,
					name: release.name.clone(),
					version: release.version.clone(),
					royalty: MILLI_NOE,
				}
				.into(),
				// So that calls through proxies get past the first check.
				pallet_proxy::Call::<Runtime>::add_proxy {
					delegate: signers[1].account.clone().into(),
					proxy_type: noema_runtime::configs::ProxyKind::Any,
					delay: 0,
				}
				.into(),
			],
		);
		let report = chain
			.with(|| pallet_models::Reports::<Runtime>::get(id))
			.expect("the model is admitted");
		let files = files();
		let mut fuzzer = Self {
			world: World {
				accounts: signers
					.iter()
					.map(|signer| signer.account.clone())
					.chain([Sr25519Keyring::Alice.to_account_id()])
					.collect(),
				ids: files.iter().map(|file| ModelId::of(file)).collect(),
				files,
				release,
				inputs: report.inputs.into_inner(),
			},
			signers,
			sudo: Signer::new(Sr25519Keyring::Alice),
			base: chain.snapshot(),
			figures: Figures::default(),
			donors: vec![],
			current: vec![],
		};
		let mut random = Random::new(0);
		fuzzer.donors = (0..256)
			.map(|_| fuzzer.world.call(&mut random).encode())
			.filter(|bytes| bytes.len() < 4_096)
			.collect();
		fuzzer
	}

	/// Executes `executions` extrinsics, chosen by `seed`.
	pub(crate) fn run(mut self, executions: u64, seed: u64) -> Result<Figures, Box<Finding>> {
		let mut random = Random::new(seed);
		let mut first_round = None;
		while self.figures.executions < executions {
			let until = executions.min(self.figures.executions + ROUND);
			let result = catch_unwind(AssertUnwindSafe(|| self.round(&mut random, until)))
				.unwrap_or_else(|_| Err("a panic".into()));
			let held = ALLOCATOR.current_usage() as u64;
			let growth = held.saturating_sub(*first_round.get_or_insert(held));
			let result =
				result.and_then(|()| within(growth, MAX_GROWTH_BYTES, "the process has grown by"));
			if let Err(what) = result {
				return Err(Box::new(Finding {
					execution: self.figures.executions,
					what,
					bytes: self.current,
				}));
			}
		}
		Ok(self.figures)
	}

	/// Blocks until `until` executions are done, from the first state on.
	fn round(&mut self, random: &mut Random, until: u64) -> Result<(), String> {
		let mut chain = Chain::restore(&self.base);
		while self.figures.executions < until {
			self.begin_block(&mut chain)?;
			let room = until - self.figures.executions;
			for _ in 0..room.min(1 + random.below(24) as u64) {
				self.execute(&mut chain, random)?;
				if self.figures.executions.is_multiple_of(CHECK) {
					self.check(&mut chain)?;
				}
			}
			self.end_block(&mut chain)?;
			// Time passes: models mature, chunks of removed ones go.
			let empty = match random.below(32) {
				0 => random.below(32),
				_ => 0,
			};
			for _ in 0..empty {
				self.begin_block(&mut chain)?;
				self.end_block(&mut chain)?;
			}
		}
		self.check(&mut chain)
	}

	fn check(&mut self, chain: &mut Chain) -> Result<(), String> {
		self.figures.checks += 1;
		chain.with(invariants::check)
	}

	fn end_block(&mut self, chain: &mut Chain) -> Result<(), String> {
		self.current = b"end_block".to_vec();
		let ((), peak) = measured(|| chain.end_block());
		self.figures.peak_hooks = self.figures.peak_hooks.max(peak);
		within(peak, MAX_EXECUTION_BYTES, "the end of a block took")
	}

	fn begin_block(&mut self, chain: &mut Chain) -> Result<(), String> {
		self.current = b"begin_block".to_vec();
		let ((), peak) = measured(|| chain.begin_block());
		self.figures.blocks += 1;
		self.figures.peak_hooks = self.figures.peak_hooks.max(peak);
		within(peak, MAX_EXECUTION_BYTES, "the beginning of a block took")?;
		let (admitted, refused) = chain.with(|| {
			let mut counts = (0, 0);
			for record in noema_runtime::System::read_events_no_consensus() {
				match record.event {
					noema_runtime::RuntimeEvent::Models(pallet_models::Event::ModelAdmitted {
						..
					}) => counts.0 += 1,
					noema_runtime::RuntimeEvent::Models(pallet_models::Event::ModelRefused {
						..
					}) => counts.1 += 1,
					_ => {}
				}
			}
			counts
		});
		self.figures.admissions.0 += admitted;
		self.figures.admissions.1 += refused;
		Ok(())
	}

	/// Makes one extrinsic, or one call of the runtime API, and executes it.
	fn execute(&mut self, chain: &mut Chain, random: &mut Random) -> Result<(), String> {
		self.figures.executions += 1;
		if random.one_in(20) {
			return self.execute_api(chain, random);
		}
		let bytes = loop {
			let bytes = self.extrinsic(chain, random);
			if bytes.len() <= MAX_EXTRINSIC_BYTES {
				break bytes;
			}
		};
		let source = *random.pick(&[TransactionSource::External, TransactionSource::Local]);
		let keep = !random.one_in(3);
		self.current = bytes;
		let (outcome, peak) = measured(|| execute(chain, &self.current, source, keep));
		self.figures.peak_execution = self.figures.peak_execution.max(peak);
		within(peak, MAX_EXECUTION_BYTES, "an execution took")?;
		let Some(outcome) = outcome else {
			self.figures.undecodable += 1;
			return Ok(());
		};
		self.figures.valid += u64::from(outcome.valid);
		if let Some(success) = outcome.applied {
			self.figures.applied += 1;
			let counts = self.figures.calls.entry(outcome.name).or_default();
			*if success {
				&mut counts.0
			} else {
				&mut counts.1
			} += 1;
		}
		Ok(())
	}

	/// An encoded extrinsic, without the length before it.
	fn extrinsic(&mut self, chain: &mut Chain, random: &mut Random) -> Vec<u8> {
		let extrinsic = match random.below(20) {
			// A call that is nearly right, rightly signed.
			0..9 => {
				let call = self.world.call(random);
				random.pick(&self.signers).sign_oddly(chain, call, random)
			}
			// A call whose encoding was mutated, rightly signed.
			9..14 => match self.mutated_call(random) {
				Ok(call) => random.pick(&self.signers).sign_oddly(chain, call, random),
				Err(bytes) => return unsigned_bytes(bytes),
			},
			// The root of the development chain, with calls that are nearly right inside. What else
			// root may do, such as to kill all state, says nothing about the pallets.
			14 => {
				let call = Box::new(self.world.call(random));
				let call = pallet_sudo::Call::<Runtime>::sudo { call }.into();
				self.sudo.sign(chain, call)
			}
			// An extrinsic whose encoding was mutated.
			15..18 => {
				let call = self.world.call(random);
				let signer = random.pick(&self.signers);
				let mut bytes = strip_length(&signer.sign(chain, call).encode());
				// Nearer to the front lie signer, signature and extensions.
				if random.one_in(2) {
					let mut head: Vec<u8> = bytes.drain(..bytes.len().min(128)).collect();
					mutate(random, &mut head, &self.donors);
					head.extend(bytes);
					return head;
				}
				mutate(random, &mut bytes, &self.donors);
				return bytes;
			}
			// Without a signature.
			18 => match random.below(2) {
				0 => UncheckedExtrinsic::new_bare(self.world.call(random)),
				_ => UncheckedExtrinsic::new_transaction(
					self.world.call(random),
					tx_extension(Era::Immortal, 0, 0, false),
				),
			},
			// Any bytes; calls in calls in calls.
			_ => {
				let mut bytes = vec![*random.pick(&[4, 5, 0x84, 0x44, 0x45, 0x05])];
				if random.one_in(8) {
					// One batch of one batch of one batch.
					bytes.extend([20, 0, 4].repeat(random.below(2_000)));
				}
				let len = random.below(512);
				bytes.extend(random.bytes(len));
				return bytes;
			}
		};
		strip_length(&extrinsic.encode())
	}

	/// A mutant that is a call, or else the last of four that are none.
	fn mutated_call(&self, random: &mut Random) -> Result<RuntimeCall, Vec<u8>> {
		let mut last = vec![];
		for _ in 0..4 {
			let mut bytes = self.world.call(random).encode();
			mutate(random, &mut bytes, &self.donors);
			match RuntimeCall::decode_all_with_depth_limit(MAX_EXTRINSIC_DEPTH, &mut &bytes[..]) {
				Ok(call) => return Ok(call),
				Err(_) => last = bytes,
			}
		}
		Err(last)
	}

	/// Calls a method of the runtime API that takes a caller's bytes.
	fn execute_api(&mut self, chain: &mut Chain, random: &mut Random) -> Result<(), String> {
		let (method, mut arguments) = match random.below(4) {
			0 => (
				"InferenceApi_quote",
				(
					self.world.release.clone(),
					self.world.tensors(random),
					random.odd_u32(),
				)
					.encode(),
			),
			1 | 2 => (
				"InferenceApi_dry_run",
				(self.world.release.clone(), self.world.tensors(random)).encode(),
			),
			_ => {
				let mut bytes = self.extrinsic(chain, random);
				bytes.truncate(MAX_EXTRINSIC_BYTES);
				let len = bytes.len() as u32;
				let method = *random.pick(&[
					"TransactionPaymentApi_query_info",
					"TransactionPaymentApi_query_fee_details",
				]);
				let decodes = UncheckedExtrinsic::decode_all(&mut &with_length(&bytes)[..]).is_ok();
				if !decodes {
					self.figures.undecodable += 1;
					return Ok(());
				}
				// The arguments follow each other: the extrinsic with its length, and the length.
				(method, [with_length(&bytes), len.encode()].concat())
			}
		};
		if method.starts_with("InferenceApi") && random.one_in(2) {
			mutate(random, &mut arguments, &self.donors);
			// A node answers with an error where the arguments do not decode.
			type Arguments = (
				ReleaseId<noema_runtime::AccountId>,
				Vec<noema_primitives::NamedTensor>,
			);
			let decodes = match method {
				"InferenceApi_quote" => <(Arguments, u32)>::decode_all(&mut &arguments[..]).is_ok(),
				_ => Arguments::decode_all(&mut &arguments[..]).is_ok(),
			};
			if !decodes {
				self.figures.undecodable += 1;
				return Ok(());
			}
		}
		self.current = arguments.clone();
		let (answer, peak) = measured(|| {
			chain.with_rolled_back(|| noema_runtime::apis::api::dispatch(method, &arguments))
		});
		self.figures.peak_execution = self.figures.peak_execution.max(peak);
		within(peak, MAX_EXECUTION_BYTES, "an execution took")?;
		answer
			.map(|_| ())
			.ok_or_else(|| format!("the runtime has no {method}"))
	}
}

/// What became of an extrinsic.
struct Outcome {
	/// Whether the pool would take it.
	valid: bool,
	/// If a block would take it, whether its call succeeded.
	applied: Option<bool>,
	/// Pallet and name of its call.
	name: String,
}

/// Decodes an extrinsic, validates it as the pool does, and applies it as a block does, whether the
/// pool would take it or not: blocks of others come from no pool of ours. `None` if the bytes are no
/// extrinsic.
fn execute(
	chain: &mut Chain,
	bytes: &[u8],
	source: TransactionSource,
	keep: bool,
) -> Option<Outcome> {
	let extrinsic = UncheckedExtrinsic::decode_all(&mut &with_length(bytes)[..]).ok()?;
	let valid = chain.validate(source, extrinsic.clone()).is_ok();
	let metadata = extrinsic.function.get_call_metadata();
	let name = format!("{}.{}", metadata.pallet_name, metadata.function_name);
	// A second inherent of a kind is a fault of the block's author, which ends the block.
	let class = chain.with(|| extrinsic.function.get_dispatch_info().class);
	if class == DispatchClass::Mandatory {
		return Some(Outcome {
			valid,
			applied: None,
			name,
		});
	}
	let applied = chain
		.apply(extrinsic, keep)
		.ok()
		.map(|result| result.is_ok());
	Some(Outcome {
		valid,
		applied,
		name,
	})
}

/// An extrinsic travels with its length before it.
fn with_length(bytes: &[u8]) -> Vec<u8> {
	bytes.to_vec().encode()
}

fn strip_length(encoded: &[u8]) -> Vec<u8> {
	Vec::<u8>::decode_all(&mut &encoded[..]).expect("an extrinsic is encoded as bytes")
}

/// The bytes of a call as a bare extrinsic.
fn unsigned_bytes(call: Vec<u8>) -> Vec<u8> {
	let mut bytes = vec![4];
	bytes.extend(call);
	bytes
}

fn within(bytes: u64, most: u64, what: &str) -> Result<(), String> {
	if bytes <= most {
		Ok(())
	} else {
		Err(format!("{what} {} MiB of memory", bytes >> 20))
	}
}

fn stage(id: ModelId) -> Option<ModelStage<u32>> {
	pallet_models::Models::<Runtime>::get(id).map(|record| record.stage)
}

/// One block with these calls, all of which succeed.
fn in_block<const N: usize>(chain: &mut Chain, signer: &Signer, calls: [RuntimeCall; N]) {
	chain.begin_block();
	for call in calls {
		let extrinsic = signer.sign(chain, call);
		chain
			.validate(TransactionSource::External, extrinsic.clone())
			.expect("the pool takes it");
		chain
			.apply(extrinsic, true)
			.expect("it is valid")
			.expect("it succeeds");
	}
	chain.end_block();
}

#[cfg(test)]
mod tests {
	use std::{panic, sync::Mutex, thread};

	use super::*;

	/// Runs a test by itself, for fuzzers in several threads would count each other's memory, and on
	/// a stack as large as nested calls may need: a test's own has 2 MiB, and native frames are larger
	/// than those of Wasm.
	fn alone(test: fn()) {
		static TURN: Mutex<()> = Mutex::new(());
		let _turn = TURN.lock();
		let run = thread::Builder::new().stack_size(64 << 20).spawn(test);
		if let Err(cause) = run.expect("a thread can be started").join() {
			panic::resume_unwind(cause);
		}
	}

	/// One run for all that it shows.
	#[test]
	fn extrinsics_neither_panic_nor_break_the_state() {
		alone(run);
	}

	fn run() {
		let figures = Fuzzer::new()
			.run(40_000, 1)
			.unwrap_or_else(|finding| panic!("{finding:?}"));
		assert_eq!(figures.executions, 40_000);
		assert!(figures.checks >= 40);
		// A fuzzer whose extrinsics get nowhere shows nothing.
		for call in [
			"Inference.infer",
			"Models.begin_upload",
			"Models.cancel_upload",
			"Models.release",
			"Models.submit",
			"Models.upload_chunk",
			"Multisig.as_multi_threshold_1",
			"Proxy.proxy",
			"Sudo.sudo",
			"Utility.batch_all",
		] {
			let (succeeded, _) = figures.calls.get(call).copied().unwrap_or_default();
			assert!(succeeded > 0, "no {call} has succeeded: {figures}");
		}
		assert!(figures.undecodable > 0 && figures.valid > 0, "{figures}");
		assert!(
			figures.admissions.0 > 0 && figures.admissions.1 > 0,
			"{figures}"
		);
	}

	#[test]
	fn a_broken_state_is_found() {
		alone(break_the_state);
	}

	fn break_the_state() {
		let fuzzer = Fuzzer::new();
		let mut chain = Chain::restore(&fuzzer.base);
		chain.with(invariants::check).expect("the state is sound");
		chain.with(|| pallet_models::TotalBytes::<Runtime>::mutate(|bytes| *bytes += 1));
		assert!(chain.with(invariants::check).is_err());
		let mut chain = Chain::restore(&fuzzer.base);
		chain.with(|| pallet_inference::NextReceipt::<Runtime>::put(5));
		assert!(chain.with(invariants::check).is_err());
		let mut chain = Chain::restore(&fuzzer.base);
		chain.with(|| pallet_balances::TotalIssuance::<Runtime>::mutate(|issued| *issued += 1));
		assert!(chain.with(invariants::check).is_err());
	}

	#[test]
	fn what_is_rolled_back_leaves_no_trace() {
		alone(roll_back);
	}

	fn roll_back() {
		let fuzzer = Fuzzer::new();
		let mut chain = Chain::restore(&fuzzer.base);
		let mut random = Random::new(7);
		let digest =
			|chain: &mut Chain| chain.with(|| sp_io::storage::root(sp_runtime::StateVersion::V1));
		let before = digest(&mut chain);
		chain.begin_block();
		let begun = digest(&mut chain);
		assert_ne!(before, begun);
		let inputs = fuzzer.world.tensors(&mut random).try_into().expect("few");
		let call = pallet_inference::Call::<Runtime>::infer {
			release: fuzzer.world.release.clone(),
			inputs,
		};
		let extrinsic = fuzzer.signers[1].sign(&mut chain, call.into());
		let result = chain.apply(extrinsic, false);
		assert_eq!(result, Ok(Ok(())));
		assert_eq!(digest(&mut chain), begun);
	}
}

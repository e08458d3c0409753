//! Benchmarks of the pallet's own work: of calls that neither hosts' stake nor a referee takes part
//! in. What these cost is their pallets' to say.

use alloc::{vec, vec::Vec};
use frame_benchmarking::{v2::*, BenchmarkError};
use frame_support::{
	traits::{
		fungible::{Inspect, Mutate},
		Consideration, Footprint, Get, Hooks,
	},
	BoundedVec,
};
use frame_system::RawOrigin;
use noema_primitives::{
	jobs::{commitment, Answer, Member, Payload, Phase},
	model::TensorSchema,
	tensor::named,
	trace::{leaf_hash, prove, root, Failure, Proof, MAX_LEAVES},
	Cost, DType, JobId, Leaf, ModelId, NamedTensor, ReleaseId, CHUNK_SIZE,
};
use sp_core::H256;
use sp_runtime::traits::{One, Saturating, Zero};

use crate::{
	types::{AgendaItem, Audit, Chunk, Claim, Claims, Job, Seat, Seats},
	AnswerRecord, Answers, Blobs, Call, ClaimsOf, Config, Inputs, Jobs, Leaves, Members, NextJob,
	OpenJobs, Outputs, Pallet, Params, TensorsRecord,
};

/// The number of the one job.
const JOB: JobId = 0;
/// The salt of commitments.
const SALT: [u8; 32] = [7; 32];

fn funded<T: Config>(name: &'static str) -> Result<T::AccountId, BenchmarkError> {
	let who: T::AccountId = account(name, 0, 0);
	let balance = T::Currency::minimum_balance() * 1_000_000u32.into();
	T::Currency::mint_into(&who, balance)?;
	Ok(who)
}

/// The longest trace with these outputs at its end.
struct Trace {
	hashes: Vec<H256>,
	root: H256,
}

impl Trace {
	fn new(outputs: &[NamedTensor]) -> Self {
		let mut hashes: Vec<H256> = (0..MAX_LEAVES)
			.map(|index| leaf_hash(index, &Leaf::Failed(Failure::InvalidValue)))
			.collect();
		let last = MAX_LEAVES - 1;
		hashes[last as usize] = leaf_hash(last, &Leaf::of_tensors(outputs));
		Self {
			root: root(&hashes),
			hashes,
		}
	}

	fn proof(&self) -> Proof {
		prove(&self.hashes, MAX_LEAVES - 1).expect("there is one")
	}
}

fn outputs(bytes: u32) -> NamedTensor {
	named("y", DType::U8, &[bytes], vec![1; bytes as usize]).expect("shorter than a tensor may be")
}

fn answer(bytes: u32) -> Answer {
	let list = vec![outputs(bytes)]
		.try_into()
		.expect("one is not too many");
	Answer::Outputs(Payload::Inline(list))
}

/// Opens a job in a phase, with one member, whose answer has as many bytes.
fn open<T: Config>(
	phase: Phase<frame_system::pallet_prelude::BlockNumberFor<T>>,
	member: Member<T::AccountId, crate::BalanceOf<T>>,
	bytes: u32,
) -> Result<(), BenchmarkError> {
	let requester = funded::<T>("requester")?;
	let footprint = Footprint::from_parts(1, 1);
	T::JobConsideration::ensure_successful(&requester, footprint);
	let ticket = T::JobConsideration::new(&requester, footprint)?;
	let due = Pallet::<T>::now().saturating_add(Params::<T>::get().commit_period);
	Jobs::<T>::insert(
		JOB,
		Job {
			requester: requester.clone(),
			release: ReleaseId {
				owner: requester,
				name: Default::default(),
				version: Default::default(),
			},
			model: ModelId([0; 32]),
			cost: Cost::default(),
			profile: 1,
			leaves: MAX_LEAVES,
			plan_root: H256::zero(),
			input_hash: H256::zero(),
			input_leaf: leaf_hash(0, &Leaf::Failed(Failure::InvalidValue)),
			created: Zero::zero(),
			committee: 1,
			auditors: 0,
			min_stake: Zero::zero(),
			stake: Zero::zero(),
			max_price: Zero::zero(),
			royalty: Zero::zero(),
			burn: Zero::zero(),
			escrow: Zero::zero(),
			bounty: Zero::zero(),
			phase,
			due,
			refills: 0,
			audit: Audit::Open,
			split: None,
			ending: None,
			answer: None,
			backing: Zero::zero(),
			ticket,
		},
	);
	NextJob::<T>::put(JOB + 1);
	OpenJobs::<T>::insert(JOB, ());
	Inputs::<T>::insert(JOB, TensorsRecord::Inline(Default::default()));
	let schema = TensorSchema {
		name: b"y".to_vec().try_into().expect("short"),
		dtype: DType::U8,
		shape: vec![bytes].try_into().expect("one dimension"),
	};
	Outputs::<T>::insert(JOB, BoundedVec::truncate_from(vec![schema]));
	let seat = Seat {
		member,
		auditor: false,
	};
	Members::<T>::insert(JOB, Seats::<T>::truncate_from(vec![seat]));
	Pallet::<T>::schedule(due, &AgendaItem::Job(JOB));
	Ok(())
}

fn member<T: Config>(
	host: &T::AccountId,
	commitment: Option<H256>,
) -> Member<T::AccountId, crate::BalanceOf<T>> {
	Member {
		host: host.clone(),
		stake: Zero::zero(),
		price: Zero::zero(),
		commitment,
		revealed: None,
	}
}

fn later<T: Config>() -> frame_system::pallet_prelude::BlockNumberFor<T> {
	Pallet::<T>::now().saturating_add(One::one())
}

/// Claims a root, with an answer under it.
fn claim<T: Config>(roots: &[H256]) {
	let claims = roots
		.iter()
		.map(|root| {
			Answers::<T>::insert(JOB, root, AnswerRecord::Failed(Failure::InvalidValue));
			Claim {
				root: *root,
				posted: false,
				challenger: None,
			}
		})
		.collect();
	ClaimsOf::<T>::insert(JOB, Claims::<T>::truncate_from(claims));
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn upload_blob(b: Linear<1, CHUNK_SIZE>) -> Result<(), BenchmarkError> {
		let who = funded::<T>("uploader")?;
		T::BlobConsideration::ensure_successful(&who, Footprint::from_parts(1, b as usize));
		let bytes = Chunk::truncate_from(vec![1; b as usize]);

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), [1; 32], b, 0, bytes);

		assert!(Blobs::<T>::contains_key(who, [1; 32]));
		Ok(())
	}

	#[benchmark]
	fn remove_blob() -> Result<(), BenchmarkError> {
		let who = funded::<T>("uploader")?;
		T::BlobConsideration::ensure_successful(&who, Footprint::from_parts(1, 1));
		let bytes = Chunk::truncate_from(vec![1]);
		Pallet::<T>::do_upload_blob(who.clone(), [1; 32], 1, 0, bytes)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), [1; 32]);

		assert!(Blobs::<T>::get(who, [1; 32]).is_some_and(|blob| blob.removing));
		Ok(())
	}

	#[benchmark]
	fn commit() -> Result<(), BenchmarkError> {
		let host = funded::<T>("host")?;
		let until = later::<T>();
		open::<T>(Phase::Committing { until }, member::<T>(&host, None), 1)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(host), JOB, H256::zero());

		assert!(Members::<T>::get(JOB)[0].member.commitment.is_some());
		Ok(())
	}

	#[benchmark(pov_mode = Measured)]
	fn reveal(b: Linear<1, { T::MaxInlineBytes::get() - 64 }>) -> Result<(), BenchmarkError> {
		let host = funded::<T>("host")?;
		let trace = Trace::new(&[outputs(b)]);
		let committed = commitment(JOB, &host, &trace.root, &SALT);
		let until = later::<T>();
		open::<T>(
			Phase::Revealing { until },
			member::<T>(&host, Some(committed)),
			b,
		)?;
		let proof = trace.proof();

		#[extrinsic_call]
		_(
			RawOrigin::Signed(host),
			JOB,
			trace.root,
			SALT,
			answer(b),
			proof,
		);

		assert_eq!(Members::<T>::get(JOB)[0].member.revealed, Some(trace.root));
		Ok(())
	}

	#[benchmark(pov_mode = Measured)]
	fn challenge(b: Linear<1, { T::MaxInlineBytes::get() - 64 }>) -> Result<(), BenchmarkError> {
		let who = funded::<T>("challenger")?;
		T::Currency::mint_into(&who, Params::<T>::get().challenge_bond)?;
		let trace = Trace::new(&[outputs(b)]);
		let until = later::<T>();
		let host = funded::<T>("host")?;
		open::<T>(Phase::Challengeable { until }, member::<T>(&host, None), b)?;
		claim::<T>(&[H256::zero()]);
		let proof = trace.proof();

		#[extrinsic_call]
		_(RawOrigin::Signed(who), JOB, trace.root, answer(b), proof);

		assert_eq!(ClaimsOf::<T>::get(JOB).len(), 2);
		Ok(())
	}

	/// Another trace is there, so that the two are compared.
	#[benchmark(pov_mode = Measured)]
	fn post_leaves(l: Linear<2, MAX_LEAVES>) -> Result<(), BenchmarkError> {
		let host = funded::<T>("host")?;
		let until = later::<T>();
		open::<T>(Phase::Posting { until }, member::<T>(&host, None), 1)?;
		let trace = Trace::new(&[outputs(1)]);
		let other = Trace::new(&[outputs(2)]);
		let hashes = trace.hashes[..l as usize].to_vec();
		let root = root(&hashes);
		claim::<T>(&[other.root, root]);
		ClaimsOf::<T>::mutate(JOB, |claims| claims[0].posted = true);
		Leaves::<T>::insert(JOB, other.root, BoundedVec::truncate_from(other.hashes));
		Jobs::<T>::mutate(JOB, |job| {
			let job = job.as_mut().expect("opened");
			job.leaves = l;
			// What differs beyond the end of a shorter trace.
			job.split = Some(1);
		});
		let leaves = BoundedVec::truncate_from(hashes);

		#[extrinsic_call]
		_(RawOrigin::Signed(host), JOB, root, leaves);

		assert!(Leaves::<T>::contains_key(JOB, root));
		Ok(())
	}

	#[benchmark]
	fn set_params() -> Result<(), BenchmarkError> {
		let params = Params::<T>::get();

		#[block]
		{
			Pallet::<T>::do_set_params(params)?;
		}

		Ok(())
	}

	#[benchmark]
	fn on_initialize_idle() {
		let now = frame_system::Pallet::<T>::block_number();

		#[block]
		{
			Pallet::<T>::on_initialize(now);
		}
	}

	#[benchmark]
	fn expire_blob() -> Result<(), BenchmarkError> {
		let who = funded::<T>("uploader")?;
		let size = CHUNK_SIZE;
		T::BlobConsideration::ensure_successful(&who, Footprint::from_parts(1, size as usize));
		let bytes = Chunk::truncate_from(vec![1; size as usize]);
		Pallet::<T>::do_upload_blob(who.clone(), [1; 32], size, 0, bytes)?;

		#[block]
		{
			Pallet::<T>::expire_blob(who.clone(), [1; 32]);
		}

		assert!(!Blobs::<T>::contains_key(who, [1; 32]));
		Ok(())
	}

	impl_benchmark_test_suite!(
		Pallet,
		crate::tests::mock::new_test_ext(),
		crate::tests::mock::Test
	);
}

//! Requests: what is asked, of whom, and what is put in escrow for it.

use codec::Encode;
use frame_support::{
	dispatch::GetDispatchInfo,
	ensure,
	traits::{fungible::MutateHold, Consideration, Contains, Footprint, Get},
	weights::Weight,
	BoundedVec,
};
use noema_primitives::{
	hosting::{JobStake, ModelCatalog},
	jobs::{JobReleases, Payload, Phase},
	schema::arrange,
	tensor::{encoded_len, hash_tensors},
	trace::{leaf_hash, MAX_LEAVES},
	Leaf, ModelReport,
};
use sp_runtime::{
	traits::{CheckedAdd, CheckedMul, Convert, Saturating, Zero},
	ArithmeticError, DispatchError, DispatchResult,
};

use crate::{
	beacon::{DRAW_BLOCKS, DRAW_DELAY},
	callback::MAX_BYTES,
	types::{
		AgendaItem, Audit, BalanceOf, Callback, Drawable, Job, ParamsOf, ReleaseIdOf, TensorList,
		TensorsRecordOf,
	},
	weights::WeightInfo,
	Callbacks, Config, Error, Event, HoldReason, Inputs, Jobs, NextJob, OpenJobs, Order, Outputs,
	Pallet, Params, TensorsRecord,
};

/// What a requester has to put aside.
pub(crate) struct Escrow<Balance> {
	/// All of it.
	pub(crate) total: Balance,
	/// What the draw burns of that.
	pub(crate) burn: Balance,
}

impl<T: Config> Pallet<T> {
	/// What `request` weighs.
	pub(crate) fn request_weight(inputs: &Payload, callback: Option<&T::Callback>) -> Weight {
		let called = callback.map_or(Weight::zero(), |call| {
			T::WeightInfo::callback().saturating_add(call.get_dispatch_info().call_weight)
		});
		T::WeightInfo::request(Self::payload_bytes(inputs)).saturating_add(called)
	}

	/// The escrow for a committee of `committee` hosts at `max_price` each, and a royalty.
	pub(crate) fn escrow(
		params: &ParamsOf<T>,
		committee: u8,
		max_price: BalanceOf<T>,
		royalty: BalanceOf<T>,
	) -> Result<Escrow<BalanceOf<T>>, DispatchError> {
		let of = |hosts: u8| max_price.checked_mul(&u32::from(hosts).into());
		let escrow = || {
			let answers = of(committee)?.checked_add(&royalty)?;
			let burn = params.burnt_share.mul_ceil(answers);
			let total = answers
				.checked_add(&of(params.auditors)?)?
				.checked_add(&burn)?;
			Some(Escrow { total, burn })
		};
		escrow().ok_or_else(|| ArithmeticError::Overflow.into())
	}

	/// Opens a job.
	pub(crate) fn do_request(
		who: T::AccountId,
		release: ReleaseIdOf<T>,
		inputs: Payload,
		committee: u8,
		min_stake: BalanceOf<T>,
		max_price: BalanceOf<T>,
		callback: Option<T::Callback>,
	) -> DispatchResult {
		let params = Params::<T>::get();
		ensure!(
			OpenJobs::<T>::count() < T::MaxOpenJobs::get(),
			Error::<T>::TooManyJobs
		);
		ensure!(
			(params.min_committee..=params.max_committee).contains(&committee),
			Error::<T>::CommitteeSize
		);
		let (model, royalty) = T::Releases::release(&release).map_err(Error::<T>::from)?;
		let report = T::Models::report(&model).ok_or(Error::<T>::ModelNotAdmitted)?;
		Self::ensure_refereeable(&report)?;
		let output_bytes = encoded_len(&report.outputs)
			.filter(|len| *len <= T::MaxPayloadBytes::get().into())
			.ok_or(Error::<T>::OutputsTooLarge)?;
		let (inputs, record) = Self::load_inputs(&who, inputs, &report)?;
		let callback = callback.map(Self::admit_callback).transpose()?;

		// Rounded up: all members together risk what was asked.
		let members: BalanceOf<T> = u32::from(committee.max(1)).into();
		let each = min_stake
			.saturating_add(members)
			.saturating_sub(1u32.into())
			/ members;
		let stake = each.max(params.min_job_stake);
		let candidates = T::Hosting::candidates(&model, &report.cost, stake, max_price);
		let order: alloc::vec::Vec<_> = candidates
			.into_iter()
			.map(|candidate| Drawable {
				host: candidate.host,
				free: candidate.free,
				price: candidate.price,
			})
			.collect();
		let order = BoundedVec::truncate_from(order);
		ensure!(
			Self::suffices(order.len().min(committee.into()), stake, min_stake),
			Error::<T>::TooFewHosts
		);

		let Escrow { total, burn } = Self::escrow(&params, committee, max_price, royalty)?;
		T::Currency::hold(&HoldReason::Escrow.into(), &who, total)?;
		let bytes = output_bytes.saturating_add(record.encoded_size() as u64);
		let footprint = Footprint {
			count: 1,
			size: bytes,
		};
		let ticket = T::JobConsideration::new(&who, footprint)?;
		T::Models::pin(&model)?;
		Self::use_tensors(&record)?;

		let id = NextJob::<T>::get();
		NextJob::<T>::put(id.checked_add(1).ok_or(ArithmeticError::Overflow)?);
		let created = frame_system::Pallet::<T>::block_number();
		let from = created.saturating_add(DRAW_DELAY.into());
		let due = Self::now()
			.saturating_add(DRAW_DELAY.into())
			.saturating_add(DRAW_BLOCKS.into());
		let input_hash = hash_tensors(&inputs);
		let job = Job {
			requester: who.clone(),
			release,
			model,
			cost: report.cost,
			profile: report.profile,
			leaves: report.plan.leaves,
			plan_root: report.plan.root,
			input_hash,
			input_leaf: leaf_hash(0, &Leaf::of_tensors(&inputs)),
			created,
			committee,
			auditors: params.auditors,
			min_stake,
			stake,
			max_price,
			royalty,
			burn,
			escrow: total,
			bounty: Zero::zero(),
			phase: Phase::Drawing { from },
			due,
			refills: 0,
			audit: Audit::Open,
			split: None,
			ending: None,
			answer: None,
			backing: Zero::zero(),
			ticket,
		};
		Jobs::<T>::insert(id, job);
		OpenJobs::<T>::insert(id, ());
		Order::<T>::insert(id, order);
		Outputs::<T>::insert(id, report.outputs);
		Inputs::<T>::insert(id, record);
		if let Some(callback) = callback {
			Callbacks::<T>::insert(id, callback);
		}
		Self::schedule(due, &AgendaItem::Job(id));
		Self::deposit_event(Event::JobRequested {
			job: id,
			requester: who,
			model,
			input_hash,
			committee,
			escrow: total,
		});
		Ok(())
	}

	/// Whether any dispute about a model can be decided in a block.
	fn ensure_refereeable(report: &ModelReport) -> Result<(), Error<T>> {
		let plan = &report.plan;
		// At least inputs, one step and outputs.
		ensure!((2..=MAX_LEAVES).contains(&plan.leaves), Error::NotForJobs);
		ensure!(
			T::CostToWeight::convert(plan.heaviest_step).all_lte(T::MaxRefereeWeight::get()),
			Error::StepTooHeavy
		);
		ensure!(
			plan.most_step_bytes <= T::MaxStepBytes::get(),
			Error::StepTooLarge
		);
		Ok(())
	}

	/// Whether `members` hosts with `stake` each are enough to stand behind an answer.
	pub(crate) fn suffices(members: usize, stake: BalanceOf<T>, min_stake: BalanceOf<T>) -> bool {
		let count: BalanceOf<T> = u32::try_from(members).unwrap_or(u32::MAX).into();
		members > 0 && stake.saturating_mul(count) >= min_stake
	}

	/// The inputs in the order of the schema, and how they are kept.
	fn load_inputs(
		who: &T::AccountId,
		inputs: Payload,
		report: &ModelReport,
	) -> Result<(TensorList, TensorsRecordOf<T>), Error<T>> {
		let (list, record) = Self::load(who, inputs, Error::InputsTooLarge)?;
		let arranged = arrange(list.clone().into_inner(), &report.inputs)?;
		// There are as many as in the call.
		let arranged = TensorList::truncate_from(arranged);
		let record = match record {
			TensorsRecord::Inline(_) => TensorsRecord::Inline(arranged.clone()),
			blob => {
				ensure!(arranged == list, Error::InputsOutOfOrder);
				blob
			}
		};
		match arranged
			.iter()
			.position(|named| !named.tensor.is_canonical())
		{
			Some(input) => Err(Error::NotCanonical {
				input: u8::try_from(input).unwrap_or(u8::MAX),
			}),
			None => Ok((arranged, record)),
		}
	}

	/// A callback that may be called, with the weight that it is paid for.
	fn admit_callback(call: T::Callback) -> Result<Callback<T::Callback>, Error<T>> {
		ensure!(T::CallbackFilter::contains(&call), Error::CallbackForbidden);
		ensure!(call.encoded_size() <= MAX_BYTES, Error::CallbackTooLarge);
		let weight = call.get_dispatch_info().call_weight;
		ensure!(
			weight.all_lte(T::MaxCallbackWeight::get()),
			Error::CallbackTooHeavy
		);
		Ok(Callback { call, weight })
	}
}

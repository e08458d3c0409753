//! Admission: from the queue to a model, or to a refusal.

use frame_support::{
	storage::with_storage_layer,
	traits::{Consideration, Get},
	weights::Weight,
};
use frame_system::pallet_prelude::BlockNumberFor;
use noema_primitives::{
	hosting::ModelStake, ModelAdmission, ModelId, ModelStage, Refusal, RefusalCode,
};
use sp_runtime::traits::{One, Saturating};

use crate::{
	types::{ModelRecordOf, QueuedModel, RefusalRecord},
	upload::model_footprint,
	weights::WeightInfo,
	AdmissionQueue, Config, Event, Expiries, Models, NextAdmission, Pallet, Refusals, Reports,
	Subtrees,
};

/// Why a model is refused whose owner cannot pay for its plan.
fn deposit_too_small(plan_bytes: u64) -> Refusal {
	Refusal::new(
		RefusalCode::DepositTooSmall,
		&alloc::format!("{plan_bytes} bytes of plan"),
	)
}

/// Whether a plan finds room.
enum Fit {
	/// It does.
	Now,
	/// It will, once enough models have matured.
	Later,
	/// Only if models are removed.
	Never,
}

/// What taking a model for admission weighed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
	/// All of it.
	pub(crate) weight: Weight,
	/// Whether the file was so large that blocks without an admission follow: then this block puts off
	/// what else is heavy.
	pub(crate) large: bool,
}

impl From<Weight> for Taken {
	fn from(weight: Weight) -> Self {
		let large = false;
		Self { weight, large }
	}
}

impl<T: Config> Pallet<T> {
	/// Takes the first model from the queue, if it is due.
	pub(crate) fn process_admission(now: BlockNumberFor<T>) -> Taken {
		let mut queue = AdmissionQueue::<T>::get();
		let Some(QueuedModel {
			id,
			due,
			plan_bytes: known,
		}) = queue.first().cloned()
		else {
			return Taken::default();
		};
		// A large file has taken the time of several blocks. One that has its report takes none.
		let pause = known.is_none() && NextAdmission::<T>::get().is_some_and(|next| next > now);
		if due > now || pause {
			return Taken::default();
		}
		let Some(mut record) = Models::<T>::get(id) else {
			frame_support::defensive!("a queued model that is unknown", id);
			return Taken::default();
		};

		let taken = match known {
			Some(_) => T::WeightInfo::admit_waiting().into(),
			None => Taken {
				weight: T::WeightInfo::admit(record.size),
				large: Self::pause_after(record.size) > 0,
			},
		};
		let found = match known {
			Some(plan_bytes) => Ok(plan_bytes),
			None => match T::Admission::admit(&Self::location(id, &record), T::Profile::get()) {
				Ok(finding) => {
					Self::pace(now, record.size);
					finding.map(|report| {
						let plan_bytes = report.plan_bytes;
						Reports::<T>::insert(id, report);
						plan_bytes
					})
				}
				Err(error) => {
					// No finding about the model, so it keeps its place. On chain the node has
					// stopped instead.
					log::error!(
						target: crate::LOG_TARGET,
						"model {id} could not be admitted now: {error:?}"
					);
					return taken;
				}
			},
		};
		let plan_bytes = match found {
			Ok(plan_bytes) => plan_bytes,
			Err(refusal) => {
				Self::refuse(now, id, record, refusal);
				return taken;
			}
		};

		let fit = match T::Hosting::decides() {
			// It gets room later, or never.
			true => Fit::Now,
			false => Self::fit(plan_bytes),
		};
		if matches!(fit, Fit::Never) {
			queue.remove(0);
			AdmissionQueue::<T>::put(queue);
			Self::turn_away(id, record, plan_bytes);
			return taken;
		}
		// A model that waits has paid for its plan when it was found fit.
		if known.is_none() && !Self::pay_for(&mut record, Some(plan_bytes)) {
			Self::refuse(now, id, record, deposit_too_small(plan_bytes));
			return taken;
		}
		match fit {
			Fit::Now => {
				queue.remove(0);
				AdmissionQueue::<T>::put(queue);
				Self::take_up(now, id, record, plan_bytes);
				let weight = taken.weight.saturating_add(T::Hosting::admission_weight());
				return Taken { weight, ..taken };
			}
			// It stays the first, and those behind it wait too: else small models could keep a
			// large one out.
			_ if known.is_none() => {
				if let Some(first) = queue.get_mut(0) {
					first.plan_bytes = Some(plan_bytes);
				}
				AdmissionQueue::<T>::put(queue);
				Models::<T>::insert(id, record);
				Self::deposit_event(Event::AdmissionDeferred { model: id });
			}
			_ => {}
		}
		taken
	}

	/// The blocks without an admission that follow one of a file of `size` bytes.
	pub(crate) fn pause_after(size: u32) -> u32 {
		size.checked_div(T::AdmissionBytesPerBlock::get())
			.unwrap_or_default()
	}

	/// Lets no other file be taken until the blocks have passed that one of `size` bytes fills.
	fn pace(now: BlockNumberFor<T>, size: u32) {
		let blocks = Self::pause_after(size);
		if blocks > 0 {
			let next = now.saturating_add(One::one()).saturating_add(blocks.into());
			NextAdmission::<T>::put(next);
		}
	}

	/// Makes the deposit pay for the file, and for a plan of `plan_bytes` if there is one. Returns
	/// false, and leaves the deposit as it is, if the owner cannot pay for that.
	fn pay_for(record: &mut ModelRecordOf<T>, plan_bytes: Option<u64>) -> bool {
		let Some(ticket) = record.ticket.clone() else {
			frame_support::defensive!("a model before its removal without a deposit");
			return false;
		};
		let footprint = model_footprint(record.size, plan_bytes);
		let updated = with_storage_layer(|| ticket.update(&record.owner, footprint));
		match updated {
			Ok(ticket) => {
				record.ticket = Some(ticket);
				true
			}
			Err(_) => false,
		}
	}

	/// Whether a plan finds room, where every admitted model matures at once.
	fn fit(plan_bytes: u64) -> Fit {
		if !Self::may_fit(plan_bytes) || !Self::free_room().holds(plan_bytes) {
			Fit::Never
		} else if Self::may_mature(plan_bytes) {
			Fit::Now
		} else {
			Fit::Later
		}
	}

	/// Makes a model an admitted one. It matures; or, where stake decides, it is dormant, and contends
	/// for room if hosts stand behind it already.
	fn take_up(now: BlockNumberFor<T>, id: ModelId, mut record: ModelRecordOf<T>, plan_bytes: u64) {
		Subtrees::<T>::remove(id);
		Self::deposit_event(Event::ModelAdmitted {
			model: id,
			plan_bytes,
		});
		let Some(report) = Reports::<T>::get(id) else {
			frame_support::defensive!("an admitted model without a report", id);
			return;
		};
		if !T::Hosting::decides() {
			Self::start_maturity(now, id, record, plan_bytes, 0);
			return T::Hosting::on_admitted(&id, &report);
		}
		record.stage = ModelStage::Dormant;
		Models::<T>::insert(id, record);
		T::Hosting::on_admitted(&id, &report);
		Self::contend(id);
	}

	/// Back to the uploads: the owner may submit the model again.
	fn turn_away(id: ModelId, mut record: ModelRecordOf<T>, plan_bytes: u64) {
		// No chunk is missing, so what could put off its expiry is only another `submit`.
		let expires = Self::upload_deadline();
		record.deadline = expires;
		record.stage = ModelStage::Uploading { expires };
		// The plan takes no room now.
		if !Self::pay_for(&mut record, None) {
			frame_support::defensive!("a deposit that could not be lowered", id);
		}
		Models::<T>::insert(id, record);
		Reports::<T>::remove(id);
		Expiries::<T>::insert(expires, id, ());
		Self::deposit_event(Event::NoRoom {
			model: id,
			plan_bytes,
			expires,
		});
	}

	fn refuse(now: BlockNumberFor<T>, id: ModelId, mut record: ModelRecordOf<T>, refusal: Refusal) {
		let kept = RefusalRecord {
			id,
			block: now,
			refusal: refusal.clone(),
		};
		Refusals::<T>::mutate(|refusals| {
			// The oldest makes way for the newest. A bound of 0 keeps none.
			if refusals.len() >= T::RefusalsKept::get() as usize && !refusals.is_empty() {
				refusals.remove(0);
			}
			let _ = refusals.try_push(kept);
		});
		Self::return_deposit(id, &mut record);
		Self::deposit_event(Event::ModelRefused { model: id, refusal });
		Self::start_removal(id, record);
	}
}

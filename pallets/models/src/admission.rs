//! Admission, maturity and the plan room.

use frame_support::{
	storage::with_storage_layer,
	traits::{Consideration, Get},
	weights::Weight,
};
use frame_system::pallet_prelude::BlockNumberFor;
use noema_primitives::{ModelAdmission, ModelId, ModelStage, Refusal, RefusalCode};
use sp_runtime::traits::{One, Saturating};

use crate::{
	types::{MaturingModel, ModelRecordOf, QueuedModel, RefusalRecord},
	upload::model_footprint,
	weights::WeightInfo,
	AdmissionQueue, Config, Event, Expiries, MaturingQueue, Models, NextAdmission, Pallet,
	Refusals, Reports, Subtrees, WorkingBytes, WorkingModels,
};

/// The most models that become resident in one block.
pub(crate) const MATURITIES_PER_BLOCK: u32 = 8;

/// Why a model is refused whose owner cannot pay for its plan.
fn deposit_too_small(plan_bytes: u64) -> Refusal {
	Refusal::new(
		RefusalCode::DepositTooSmall,
		&alloc::format!("{plan_bytes} bytes of plan"),
	)
}

/// Whether a plan finds room.
enum Room {
	/// It does.
	Free,
	/// It will, once enough models have matured.
	Later,
	/// Only if models are removed.
	Taken,
}

impl<T: Config> Pallet<T> {
	/// Takes the first model from the queue, if it is due. Returns the weight of that.
	pub(crate) fn process_admission(now: BlockNumberFor<T>) -> Weight {
		let mut queue = AdmissionQueue::<T>::get();
		let Some(QueuedModel {
			id,
			due,
			plan_bytes: known,
		}) = queue.first().cloned()
		else {
			return Weight::zero();
		};
		// A large file has taken the time of several blocks. One that has its report takes none.
		let pause = known.is_none() && NextAdmission::<T>::get().is_some_and(|next| next > now);
		if due > now || pause {
			return Weight::zero();
		}
		let Some(mut record) = Models::<T>::get(id) else {
			frame_support::defensive!("a queued model that is unknown", id);
			return Weight::zero();
		};

		let weight = match known {
			Some(_) => T::WeightInfo::admit_waiting(),
			None => T::WeightInfo::admit(record.size),
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
					return weight;
				}
			},
		};
		let plan_bytes = match found {
			Ok(plan_bytes) => plan_bytes,
			Err(refusal) => {
				Self::refuse(now, id, record, refusal);
				return weight;
			}
		};

		let room = Self::plan_room(plan_bytes);
		if matches!(room, Room::Taken) {
			queue.remove(0);
			AdmissionQueue::<T>::put(queue);
			Self::turn_away(id, record, plan_bytes);
			return weight;
		}
		// A model that waits has paid for its plan when it was found fit.
		if known.is_none() && !Self::cover(&mut record, Some(plan_bytes)) {
			Self::refuse(now, id, record, deposit_too_small(plan_bytes));
			return weight;
		}
		match room {
			Room::Free => {
				queue.remove(0);
				AdmissionQueue::<T>::put(queue);
				Self::start_maturity(now, id, record, plan_bytes);
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
		weight
	}

	/// Lets no other file be taken until the blocks have passed that one of `size` bytes fills.
	fn pace(now: BlockNumberFor<T>, size: u32) {
		let blocks = size
			.checked_div(T::AdmissionBytesPerBlock::get())
			.unwrap_or_default();
		if blocks > 0 {
			let next = now.saturating_add(One::one()).saturating_add(blocks.into());
			NextAdmission::<T>::put(next);
		}
	}

	/// Makes the deposit pay for the file, and for a plan of `plan_bytes` if there is one. Returns
	/// false, and leaves the deposit as it is, if the owner cannot pay for that.
	fn cover(record: &mut ModelRecordOf<T>, plan_bytes: Option<u64>) -> bool {
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

	/// Makes models resident whose time has come. Returns how many.
	pub(crate) fn process_maturities(now: BlockNumberFor<T>) -> u32 {
		let mut maturing = MaturingQueue::<T>::get();
		let due = maturing
			.iter()
			.take(MATURITIES_PER_BLOCK as usize)
			.take_while(|model| model.resident <= now)
			.count();
		for model in maturing.drain(..due) {
			Models::<T>::mutate(model.id, |record| match record {
				Some(record) => record.stage = ModelStage::Resident,
				None => {
					frame_support::defensive!("a maturing model that is unknown", model.id);
				}
			});
			Self::deposit_event(Event::ModelResident { model: model.id });
		}
		if due > 0 {
			MaturingQueue::<T>::put(maturing);
		}
		due as u32
	}

	/// Gives back the room of a model that matures or is resident.
	pub(crate) fn free_plan_room(id: ModelId) {
		MaturingQueue::<T>::mutate(|maturing| maturing.retain(|model| model.id != id));
		WorkingModels::<T>::mutate(|working| working.retain(|model| *model != id));
		if let Some(report) = Reports::<T>::take(id) {
			WorkingBytes::<T>::mutate(|bytes| *bytes = bytes.saturating_sub(report.plan_bytes));
		}
	}

	fn plan_room(plan_bytes: u64) -> Room {
		let working = WorkingBytes::<T>::get().saturating_add(plan_bytes);
		if working > T::MaxResidentBytes::get()
			|| plan_bytes > T::MaxMaturingBytes::get()
			|| WorkingModels::<T>::decode_len().unwrap_or(0) >= T::MaxResidentModels::get() as usize
		{
			return Room::Taken;
		}
		let maturing = MaturingQueue::<T>::get()
			.iter()
			.fold(plan_bytes, |sum, model| {
				sum.saturating_add(model.plan_bytes)
			});
		if maturing > T::MaxMaturingBytes::get() {
			Room::Later
		} else {
			Room::Free
		}
	}

	fn start_maturity(
		now: BlockNumberFor<T>,
		id: ModelId,
		mut record: ModelRecordOf<T>,
		plan_bytes: u64,
	) {
		let resident = now.saturating_add(T::MaturityPeriod::get());
		record.stage = ModelStage::Maturing { resident };
		Models::<T>::insert(id, record);
		Subtrees::<T>::remove(id);
		WorkingBytes::<T>::mutate(|bytes| bytes.saturating_accrue(plan_bytes));
		// `plan_room` has made sure that both have a place left.
		let listed = MaturingQueue::<T>::try_append(MaturingModel {
			id,
			resident,
			plan_bytes,
		})
		.and_then(|()| WorkingModels::<T>::try_append(id));
		if listed.is_err() {
			frame_support::defensive!("no place for a model that was admitted", id);
		}
		Self::deposit_event(Event::ModelAdmitted {
			model: id,
			resident,
			plan_bytes,
		});
	}

	/// Back to the uploads: the owner may submit the model again.
	fn turn_away(id: ModelId, mut record: ModelRecordOf<T>, plan_bytes: u64) {
		// No chunk is missing, so what could put off its expiry is only another `submit`.
		let expires = Self::upload_deadline();
		record.deadline = expires;
		record.stage = ModelStage::Uploading { expires };
		// The plan takes no room now.
		if !Self::cover(&mut record, None) {
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

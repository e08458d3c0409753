//! Admission, maturity and the plan room.

use frame_support::{traits::Get, weights::Weight};
use frame_system::pallet_prelude::BlockNumberFor;
use noema_primitives::{ModelAdmission, ModelId, ModelStage, Refusal};
use sp_runtime::traits::Saturating;

use crate::{
	types::{MaturingModel, ModelRecordOf, RefusalRecord},
	weights::WeightInfo,
	AdmissionQueue, Config, Event, Expiries, MaturingQueue, Models, Pallet, Refusals, Reports,
	Subtrees, WorkingBytes, WorkingModels,
};

/// The most models that one block takes out of the queue.
pub(crate) const ADMISSIONS_PER_BLOCK: u32 = 4;
/// The most models that become resident in one block.
pub(crate) const MATURITIES_PER_BLOCK: u32 = 8;

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
	/// Takes due models from the queue, in its order. Returns the weight of that.
	pub(crate) fn process_admissions(now: BlockNumberFor<T>) -> Weight {
		let mut queue = AdmissionQueue::<T>::get();
		let mut weight = Weight::zero();
		let mut bytes = 0u32;
		let mut taken = 0;
		let mut changed = false;

		while taken < ADMISSIONS_PER_BLOCK {
			let Some(queued) = queue.first().filter(|queued| queued.due <= now).cloned() else {
				break;
			};
			let id = queued.id;
			let Some(record) = Models::<T>::get(id) else {
				frame_support::defensive!("a queued model that is unknown", id);
				break;
			};

			let plan_bytes = match queued.plan_bytes {
				Some(plan_bytes) => {
					weight.saturating_accrue(T::WeightInfo::admit(0));
					plan_bytes
				}
				None => {
					// The first file may be larger than what one block takes of several.
					let sum = bytes.saturating_add(record.size);
					if taken > 0 && sum > T::AdmissionBytesPerBlock::get() {
						break;
					}
					bytes = sum;
					weight.saturating_accrue(T::WeightInfo::admit(record.size));
					match T::Admission::admit(&Self::location(id, &record), T::Profile::get()) {
						Ok(Ok(report)) => {
							let plan_bytes = report.plan_bytes;
							Reports::<T>::insert(id, report);
							plan_bytes
						}
						Ok(Err(refusal)) => {
							queue.remove(0);
							changed = true;
							taken += 1;
							Self::refuse(now, id, record, refusal);
							continue;
						}
						Err(error) => {
							// No finding about the model, so it keeps its place. On chain the
							// node has stopped instead.
							log::error!(
								target: crate::LOG_TARGET,
								"model {id} could not be admitted now: {error:?}"
							);
							break;
						}
					}
				}
			};

			match Self::plan_room(plan_bytes) {
				Room::Free => {
					queue.remove(0);
					changed = true;
					taken += 1;
					Self::start_maturity(now, id, record, plan_bytes);
				}
				Room::Later => {
					if queued.plan_bytes.is_none() {
						if let Some(first) = queue.get_mut(0) {
							first.plan_bytes = Some(plan_bytes);
						}
						changed = true;
						Self::deposit_event(Event::AdmissionDeferred { model: id });
					}
					// Those behind it wait too: else small models could keep a large one out.
					break;
				}
				Room::Taken => {
					queue.remove(0);
					changed = true;
					taken += 1;
					Self::turn_away(id, record, plan_bytes);
				}
			}
		}

		if changed {
			AdmissionQueue::<T>::put(queue);
		}
		weight
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
		let expires = Self::upload_expiry();
		record.stage = ModelStage::Uploading { expires };
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

//! The room for plans: which models nodes hold, and whether one more fits.

use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use noema_primitives::{ModelId, ModelStage};
use sp_runtime::traits::Saturating;

use crate::{
	types::{MaturingModel, ModelRecordOf, WorkingModel, WorkingStage},
	Config, Event, MaturingQueue, Models, Notices, Pallet, WorkingBytes, WorkingModels,
};

/// What is free, or may become free, of the room for plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
	/// Bytes.
	pub(crate) bytes: u64,
	/// Places among the working models.
	pub(crate) places: u32,
}

impl Room {
	/// Whether a plan fits.
	pub(crate) fn holds(&self, plan_bytes: u64) -> bool {
		self.places > 0 && plan_bytes <= self.bytes
	}

	/// The room once this model has left.
	pub(crate) fn without(self, model: &WorkingModel) -> Self {
		Self {
			bytes: self.bytes.saturating_add(model.plan_bytes),
			places: self.places.saturating_add(1),
		}
	}
}

impl<T: Config> Pallet<T> {
	/// What is free of the room for plans.
	pub(crate) fn free_room() -> Room {
		let taken = WorkingModels::<T>::decode_len().unwrap_or(0) as u32;
		Room {
			bytes: T::MaxResidentBytes::get().saturating_sub(WorkingBytes::<T>::get()),
			places: T::MaxResidentModels::get().saturating_sub(taken),
		}
	}

	/// Whether a plan of this size may ever be held, if all others go.
	pub(crate) fn may_fit(plan_bytes: u64) -> bool {
		plan_bytes <= T::MaxResidentBytes::get() && plan_bytes <= T::MaxMaturingBytes::get()
	}

	/// Whether a plan of this size may mature beside those that do.
	pub(crate) fn may_mature(plan_bytes: u64) -> bool {
		let maturing = MaturingQueue::<T>::get()
			.iter()
			.fold(plan_bytes, |sum, model| {
				sum.saturating_add(model.plan_bytes)
			});
		maturing <= T::MaxMaturingBytes::get()
	}

	/// Gives a model room, and nodes the time to build its plan. The caller has made sure that it
	/// fits.
	pub(crate) fn start_maturity(
		now: BlockNumberFor<T>,
		id: ModelId,
		mut record: ModelRecordOf<T>,
		plan_bytes: u64,
		stake: u128,
	) {
		let resident = now.saturating_add(T::MaturityPeriod::get());
		record.stage = ModelStage::Maturing { resident };
		Models::<T>::insert(id, record);
		WorkingBytes::<T>::mutate(|bytes| bytes.saturating_accrue(plan_bytes));
		let listed = MaturingQueue::<T>::try_append(MaturingModel {
			id,
			resident,
			plan_bytes,
		})
		.and_then(|()| {
			WorkingModels::<T>::try_append(WorkingModel {
				id,
				plan_bytes,
				stake,
				stage: WorkingStage::Maturing,
			})
		});
		if listed.is_err() {
			frame_support::defensive!("no place for a model that fits", id);
		}
		Self::deposit_event(Event::ModelMaturing {
			model: id,
			resident,
		});
	}

	/// Changes how a working model is listed.
	pub(crate) fn change_working(id: ModelId, change: impl FnOnce(&mut WorkingModel)) {
		WorkingModels::<T>::mutate(|working| {
			match working.iter_mut().find(|model| model.id == id) {
				Some(model) => change(model),
				None => {
					frame_support::defensive!("a working model that is not listed", id);
				}
			}
		});
	}

	/// Gives back the room of a model that was working.
	pub(crate) fn free_plan_room(id: ModelId) {
		MaturingQueue::<T>::mutate(|maturing| maturing.retain(|model| model.id != id));
		Notices::<T>::mutate(|notices| notices.retain(|notice| notice.id != id));
		WorkingModels::<T>::mutate(|working| {
			let Some(place) = working.iter().position(|model| model.id == id) else {
				frame_support::defensive!("a working model that is not listed", id);
				return;
			};
			let model = working.remove(place);
			WorkingBytes::<T>::mutate(|bytes| *bytes = bytes.saturating_sub(model.plan_bytes));
		});
	}
}

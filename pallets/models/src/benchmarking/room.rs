//! Models that only fill the room for plans.

use frame_support::traits::Get;
use noema_primitives::{ModelId, ModelReport, ModelStage};

use super::{now, set_stage};
use crate::{
	types::{Contender, ModelRecord, Notice, WorkingStage},
	Config, Contenders, MaturingQueue, Notices, Pallet, Reports,
};

pub(super) fn set_working<T: Config>(id: ModelId, stage: WorkingStage) {
	Pallet::<T>::change_working(id, |model| model.stage = stage);
}

/// The report of the smallest model, with a plan of `plan_bytes`.
fn report<T: Config>(plan_bytes: u64) -> ModelReport {
	ModelReport {
		profile: T::Profile::get(),
		inputs: Default::default(),
		outputs: Default::default(),
		cost: Default::default(),
		plan_bytes,
		peak_bytes: 0,
		node_count: 1,
		plan: Default::default(),
	}
}

/// A model without a file, which works. Its plan takes no bytes, so that all places can be taken.
pub(super) fn working<T: Config>(who: &T::AccountId, seed: u32, stage: WorkingStage) -> ModelId {
	let id = ModelId::of(&seed.to_le_bytes());
	let now = now::<T>();
	let record = ModelRecord {
		owner: who.clone(),
		size: 1,
		stage: ModelStage::Dormant,
		deadline: now,
		releases: 0,
		ticket: None,
	};
	Reports::<T>::insert(id, report::<T>(0));
	Pallet::<T>::start_maturity(now, id, record, 0, 0);
	if stage == WorkingStage::Maturing {
		return id;
	}
	MaturingQueue::<T>::mutate(|maturing| maturing.retain(|model| model.id != id));
	set_working::<T>(id, stage);
	set_stage::<T>(
		id,
		match stage {
			WorkingStage::Leaving(_) => {
				let until = now;
				Notices::<T>::try_append(Notice { id, until }).expect("there is place");
				ModelStage::Leaving { until }
			}
			_ => ModelStage::Resident,
		},
	);
	id
}

/// Fills the lists that a contest reads: all places but `free` are taken, and as many contenders wait
/// as may, in vain.
pub(super) fn contest<T: Config>(who: &T::AccountId, free: u32) {
	let taken = T::MaxResidentModels::get().saturating_sub(free);
	for seed in 0..taken {
		working::<T>(who, seed.saturating_add(1_000), WorkingStage::Resident);
	}
	for seed in 0..crate::residency::MAX_CONTENDERS {
		let contender = Contender {
			id: ModelId::of(&[&b"c"[..], &seed.to_le_bytes()].concat()),
			plan_bytes: T::MaxResidentBytes::get().saturating_add(1),
			stake: u128::from(seed).saturating_add(1) << 96,
		};
		Contenders::<T>::try_append(contender).expect("there is place");
	}
}

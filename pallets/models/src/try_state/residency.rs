//! The invariants of plan room, stake and pins.

use alloc::collections::{BTreeMap, BTreeSet};
use frame_support::{ensure, traits::Get};
use noema_primitives::{hosting::ModelStake, ModelId, ModelStage};
use sp_runtime::TryRuntimeError;

use crate::{
	types::{ModelRecordOf, WorkingStage},
	AdmissionQueue, Banned, Config, Contenders, MaturingQueue, Notices, Pallet, Pins, Reports,
	StakeChanged, StakeChanges, StakeQueue, Voids, WorkingBytes, WorkingModels,
};

type Records<T> = BTreeMap<ModelId, ModelRecordOf<T>>;

impl<T: Config> Pallet<T> {
	pub(super) fn check_plan_room(models: &Records<T>) -> Result<(), TryRuntimeError> {
		let working = WorkingModels::<T>::get();
		let listed: BTreeSet<ModelId> = working.iter().map(|model| model.id).collect();
		ensure!(
			listed.len() == working.len(),
			"a working model is listed twice"
		);
		let staged: BTreeSet<ModelId> = models
			.iter()
			.filter(|(_, record)| record.stage.is_working())
			.map(|(id, _)| *id)
			.collect();
		ensure!(
			listed == staged,
			"the working models are not the maturing, resident and leaving ones"
		);

		let mut bytes = 0u64;
		for model in &working {
			let stage = match models[&model.id].stage {
				ModelStage::Maturing { .. } => model.stage == WorkingStage::Maturing,
				ModelStage::Resident => model.stage == WorkingStage::Resident,
				_ => matches!(model.stage, WorkingStage::Leaving(_)),
			};
			ensure!(stage, "a working model is listed in another stage");
			let report = Reports::<T>::get(model.id).map(|report| report.plan_bytes);
			ensure!(
				report == Some(model.plan_bytes),
				"a working model's plan bytes are amiss"
			);
			bytes = bytes.saturating_add(model.plan_bytes);
		}
		ensure!(
			WorkingBytes::<T>::get() == bytes,
			"WorkingBytes is not the sum of the plans"
		);
		ensure!(
			bytes <= T::MaxResidentBytes::get(),
			"too many bytes of plans"
		);
		ensure!(
			working.len() <= T::MaxResidentModels::get() as usize,
			"too many plans"
		);
		Self::check_reports(models)?;
		Self::check_maturing(models)?;

		let notices = Notices::<T>::get();
		let listed: BTreeSet<_> = notices.iter().map(|of| (of.id, of.until)).collect();
		ensure!(listed.len() == notices.len(), "a model has two notices");
		let staged: BTreeSet<_> = models
			.iter()
			.filter_map(|(id, record)| match record.stage {
				ModelStage::Leaving { until } => Some((*id, until)),
				_ => None,
			})
			.collect();
		ensure!(listed == staged, "the notices are not the leaving models'");
		Ok(())
	}

	fn check_reports(models: &Records<T>) -> Result<(), TryRuntimeError> {
		let waiting: BTreeSet<ModelId> = AdmissionQueue::<T>::get()
			.iter()
			.filter(|queued| queued.plan_bytes.is_some())
			.map(|queued| queued.id)
			.collect();
		let reported: BTreeSet<ModelId> = Reports::<T>::iter_keys().collect();
		for id in &reported {
			let record = models.get(id).ok_or("a report of an unknown model")?;
			let kept = record.stage.is_admitted() || record.stage == ModelStage::Removing;
			ensure!(
				kept || waiting.contains(id),
				"a report of a model that is not admitted"
			);
		}
		for (id, record) in models {
			ensure!(
				!record.stage.is_admitted() || reported.contains(id),
				"an admitted model has no report"
			);
		}
		Ok(())
	}

	fn check_maturing(models: &Records<T>) -> Result<(), TryRuntimeError> {
		let queue = MaturingQueue::<T>::get();
		let maturing: BTreeSet<_> = queue
			.iter()
			.map(|model| (model.id, model.resident))
			.collect();
		ensure!(maturing.len() == queue.len(), "a model matures twice");
		let staged: BTreeSet<_> = models
			.iter()
			.filter_map(|(id, record)| match record.stage {
				ModelStage::Maturing { resident } => Some((*id, resident)),
				_ => None,
			})
			.collect();
		ensure!(
			maturing == staged,
			"the maturing queue does not hold the maturing models"
		);
		for model in &queue {
			let report = Reports::<T>::get(model.id).map(|report| report.plan_bytes);
			ensure!(
				report == Some(model.plan_bytes),
				"a maturing model's plan bytes are amiss"
			);
		}
		let bytes: u64 = queue.iter().map(|model| model.plan_bytes).sum();
		ensure!(bytes <= T::MaxMaturingBytes::get(), "too many bytes mature");
		Ok(())
	}

	pub(super) fn check_stake(models: &Records<T>) -> Result<(), TryRuntimeError> {
		let ends = StakeQueue::<T>::get();
		let queue: BTreeMap<u64, ModelId> = StakeChanges::<T>::iter().collect();
		ensure!(
			queue.keys().copied().eq(ends.first..ends.next),
			"the queue of changes of stake has gaps"
		);
		let queued: BTreeSet<ModelId> = queue.values().copied().collect();
		let changed: BTreeSet<ModelId> = StakeChanged::<T>::iter_keys().collect();
		ensure!(
			queued.len() == queue.len(),
			"a change of stake is queued twice"
		);
		ensure!(
			queued == changed,
			"the queue does not hold the models whose stake has changed"
		);

		let covered = |id: &ModelId| {
			Reports::<T>::get(id).is_some_and(|report| T::Hosting::is_covered(id, &report))
		};
		for model in WorkingModels::<T>::get() {
			if changed.contains(&model.id) {
				continue;
			}
			ensure!(
				!T::Hosting::decides() || model.stake == T::Hosting::committed(&model.id),
				"a working model's stake is amiss"
			);
			ensure!(
				model.stage != WorkingStage::Resident || covered(&model.id),
				"a resident model is not covered"
			);
		}
		let contenders = Contenders::<T>::get();
		let listed: BTreeSet<ModelId> = contenders.iter().map(|model| model.id).collect();
		ensure!(
			listed.len() == contenders.len(),
			"a contender is listed twice"
		);
		for contender in &contenders {
			let stage = models.get(&contender.id).map(|record| record.stage);
			ensure!(
				stage == Some(ModelStage::Dormant),
				"a contender is not dormant"
			);
			let plan = Reports::<T>::get(contender.id).map(|report| report.plan_bytes);
			ensure!(
				plan == Some(contender.plan_bytes) && Self::may_fit(contender.plan_bytes),
				"a contender's plan bytes are amiss"
			);
			ensure!(
				changed.contains(&contender.id)
					|| covered(&contender.id)
						&& contender.stake == T::Hosting::committed(&contender.id),
				"a contender's stake is amiss"
			);
		}
		Ok(())
	}

	pub(super) fn check_pins(models: &Records<T>) -> Result<(), TryRuntimeError> {
		for (id, pins) in Pins::<T>::iter() {
			ensure!(pins > 0, "pins are kept of which there are none");
			let stage = models.get(&id).map(|record| record.stage);
			ensure!(
				stage.is_some_and(|stage| stage.is_admitted() || stage == ModelStage::Removing),
				"a model is pinned that is not there"
			);
			ensure!(
				Reports::<T>::contains_key(id),
				"a pinned model has no report"
			);
		}
		for id in Banned::<T>::iter_keys() {
			let stage = models.get(&id).map(|record| record.stage);
			ensure!(
				stage.is_none_or(|stage| stage == ModelStage::Removing),
				"a banned model is still there"
			);
		}
		let voids = Voids::<T>::get();
		let listed: BTreeSet<&ModelId> = voids.iter().collect();
		ensure!(listed.len() == voids.len(), "a model is voided twice");
		Ok(())
	}
}

//! Stand-ins for hosting, whose stake the tests set, and for jobs. They live beside the state.

use alloc::{collections::BTreeMap, vec::Vec};
use core::cell::{Cell, RefCell};
use frame_support::weights::Weight;
use noema_primitives::{
	hosting::{ModelCatalog, ModelStake},
	jobs::Voiding,
	ModelId, ModelReport, ModelStage,
};
use sp_runtime::DispatchResult;

use super::{ModelsPallet, RuntimeOrigin, Test};
use crate::{Contenders, Models, Pins, Reports, StakeChanged, Voids};

std::thread_local! {
	static DECIDES: Cell<bool> = const { Cell::new(false) };
	static STANDING: Cell<u128> = const { Cell::new(0) };
	static STAKES: RefCell<BTreeMap<ModelId, u128>> = const { RefCell::new(BTreeMap::new()) };
	static TOLD: RefCell<Vec<ModelId>> = const { RefCell::new(Vec::new()) };
	static JOBS: RefCell<Vec<ModelId>> = const { RefCell::new(Vec::new()) };
}

/// What it weighs to tell of the end of a model to which stake is committed.
pub(crate) const REMOVAL_WEIGHT: Weight = Weight::from_parts(1_001, 3);
/// What it weighs to tell of an admission, where stake decides.
pub(crate) const ADMISSION_WEIGHT: Weight = Weight::from_parts(1_003, 5);
/// What it weighs to end a job.
pub(crate) const JOB_WEIGHT: Weight = Weight::from_parts(1_007, 7);

/// A model is covered by as much stake as its plan has bytes, and by one unit at least.
#[allow(unreachable_pub)]
#[derive(Debug)]
pub struct MockHosting;

impl ModelStake for MockHosting {
	fn decides() -> bool {
		DECIDES.get()
	}

	fn is_covered(model: &ModelId, report: &ModelReport) -> bool {
		let wanted = u128::from(report.plan_bytes).max(1);
		!Self::decides() || Self::committed(model) >= wanted
	}

	fn committed(model: &ModelId) -> u128 {
		STAKES.with_borrow(|stakes| stakes.get(model).copied().unwrap_or_default())
	}

	fn on_admitted(model: &ModelId, report: &ModelReport) {
		assert_eq!(
			<ModelsPallet as ModelCatalog<_>>::report(model).as_ref(),
			Some(report)
		);
		set(*model, STANDING.get());
	}

	fn on_removed(model: &ModelId) {
		assert_eq!(
			<ModelsPallet as ModelCatalog<_>>::report(model),
			None,
			"so hosting knows that it is gone"
		);
		set(*model, 0);
		TOLD.with_borrow_mut(|told| told.push(*model));
	}

	fn admission_weight() -> Weight {
		match DECIDES.get() {
			true => ADMISSION_WEIGHT,
			false => Weight::zero(),
		}
	}

	fn removal_weight(model: &ModelId) -> Weight {
		match Self::committed(model) {
			0 => Weight::zero(),
			_ => REMOVAL_WEIGHT,
		}
	}

	fn heaviest_removal() -> Weight {
		REMOVAL_WEIGHT
	}
}

/// Jobs that a test opens.
#[allow(unreachable_pub)]
#[derive(Debug)]
pub struct MockJobs;

impl Voiding for MockJobs {
	fn void(model: &ModelId) -> Weight {
		end_job(*model);
		JOB_WEIGHT
	}

	fn heaviest() -> Weight {
		JOB_WEIGHT
	}
}

fn set(model: ModelId, stake: u128) {
	STAKES.with_borrow_mut(|stakes| match stake {
		0 => stakes.remove(&model),
		_ => stakes.insert(model, stake),
	});
}

/// Forgets everything.
pub(super) fn reset() {
	DECIDES.set(false);
	STANDING.set(0);
	STAKES.take();
	TOLD.take();
	JOBS.take();
}

/// Lets stake decide from now on.
pub(crate) fn stake_decides() {
	DECIDES.set(true);
}

/// What hosts commit to each model that is admitted from now on.
pub(crate) fn standing(stake: u128) {
	STANDING.set(stake);
}

/// Sets what is committed to a model, and tells the registry. As in hosting, nothing can be committed
/// to a model that is not admitted.
pub(crate) fn commit(model: ModelId, stake: u128) {
	if stake > 0 && <ModelsPallet as ModelCatalog<_>>::report(&model).is_none() {
		return;
	}
	set(model, stake);
	ModelsPallet::stake_changed(&model);
}

/// The models of whose end hosting has been told since the last time.
pub(crate) fn told() -> Vec<ModelId> {
	TOLD.take()
}

/// Opens a job on a model.
pub(crate) fn open_job(model: ModelId) -> DispatchResult {
	ModelsPallet::pin(&model)?;
	JOBS.with_borrow_mut(|jobs| jobs.push(model));
	Ok(())
}

/// The models of open jobs.
pub(crate) fn jobs() -> Vec<ModelId> {
	JOBS.with_borrow(Clone::clone)
}

/// Ends a job on a model, if one is open.
pub(crate) fn end_job(model: ModelId) {
	let found = JOBS.with_borrow_mut(|jobs| {
		let place = jobs.iter().position(|of| *of == model)?;
		Some(jobs.remove(place))
	});
	if found.is_some() {
		ModelsPallet::unpin(&model);
	}
}

/// Removes a model for its content.
pub(crate) fn ban(model: ModelId) -> DispatchResult {
	frame_support::storage::with_storage_layer(|| {
		ModelsPallet::remove_content(RuntimeOrigin::root(), model)
	})
}

/// What must hold between the registry and those that it works with.
pub(super) fn check() {
	let mut pins: BTreeMap<ModelId, u32> = BTreeMap::new();
	for job in jobs() {
		*pins.entry(job).or_default() += 1;
	}
	let pinned: BTreeMap<ModelId, u32> = Pins::<Test>::iter().collect();
	assert_eq!(pinned, pins);
	for model in pins.keys() {
		assert!(<ModelsPallet as ModelCatalog<u64>>::location(model).is_some());
	}
	for model in STAKES.with_borrow(|stakes| stakes.keys().copied().collect::<Vec<_>>()) {
		assert!(
			Reports::<Test>::contains_key(model),
			"there is stake behind a model that is gone"
		);
	}
	let contenders = Contenders::<Test>::get();
	for (id, record) in Models::<Test>::iter() {
		let stages = [ModelStage::Dormant, ModelStage::Resident];
		assert!(DECIDES.get() || record.stage != ModelStage::Dormant);
		if !stages.contains(&record.stage) || StakeChanged::<Test>::contains_key(id) {
			continue;
		}
		// There are fewer models in tests than contenders may be.
		let report = Reports::<Test>::get(id).expect("admitted");
		let wants = MockHosting::is_covered(&id, &report);
		let contends = contenders.iter().any(|contender| contender.id == id);
		match record.stage {
			ModelStage::Resident => assert!(wants),
			_ => assert_eq!(
				contends,
				wants && crate::Pallet::<Test>::may_fit(report.plan_bytes)
			),
		}
	}
	assert!(Voids::<Test>::get().len() <= crate::content::MAX_VOIDS as usize);
}

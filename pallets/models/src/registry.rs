//! What others read: the inference pallet through [`ModelRegistry`], the runtime API through the
//! functions of [`Pallet`].

use alloc::vec::Vec;
use codec::Encode;
use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use noema_primitives::{
	ModelId, ModelInfo, ModelLocation, ModelRegistry, ModelStage, Refusal, ReleaseCost, ReleaseId,
	ResolveError, ResolvedRelease, WorkItem, WorkStage,
};
use sp_runtime::traits::Zero;

use crate::{
	types::{BalanceOf, ModelRecordOf, ReleaseInfoOf, ReleaseRecordOf},
	AdmissionQueue, Chunks, Config, Models, Pallet, Refusals, Releases, ReleasesOf, Reports,
	WorkingModels,
};

/// The most items that one answer lists.
pub(crate) const MAX_LISTED: u32 = 100;

impl<T: Config> Pallet<T> {
	/// Where the bytes of a model lie.
	pub(crate) fn location(id: ModelId, record: &ModelRecordOf<T>) -> ModelLocation {
		let mut chunk_prefix = Chunks::<T>::hashed_key_for(id, 0);
		let index_len = 0u32.encoded_size();
		chunk_prefix.truncate(chunk_prefix.len().saturating_sub(index_len));
		ModelLocation {
			id,
			size: record.size,
			chunk_prefix,
		}
	}

	/// Up to `limit`, at most 100, models in the order of their ids, the first one after `after`.
	pub fn models(
		after: Option<ModelId>,
		limit: u32,
	) -> Vec<ModelInfo<T::AccountId, BlockNumberFor<T>>> {
		let models = match after {
			Some(after) => Models::<T>::iter_from(Models::<T>::hashed_key_for(after)),
			None => Models::<T>::iter(),
		};
		let limit = limit.min(MAX_LISTED) as usize;
		models
			.take(limit)
			.map(|(id, record)| Self::model_info(id, record))
			.collect()
	}

	/// One model.
	pub fn model(id: ModelId) -> Option<ModelInfo<T::AccountId, BlockNumberFor<T>>> {
		Models::<T>::get(id).map(|record| Self::model_info(id, record))
	}

	/// Why a model was refused when it was last taken for admission, while that is kept.
	pub fn refusal(id: ModelId) -> Option<Refusal> {
		let refusals = Refusals::<T>::get().into_iter().rev();
		refusals
			.filter(|record| record.id == id)
			.map(|record| record.refusal)
			.next()
	}

	/// One release.
	pub fn release_info(release: &ReleaseId<T::AccountId>) -> Option<ReleaseInfoOf<T>> {
		let key = (&release.name, &release.version);
		Releases::<T>::get(&release.owner, key).map(|record| record.info)
	}

	/// Releases that point at a model, at most 100: first those that are not retired.
	pub fn releases_of(id: ModelId) -> Vec<(ReleaseId<T::AccountId>, ReleaseInfoOf<T>)> {
		let active = ReleasesOf::<T>::iter_key_prefix((id, false));
		let retired = ReleasesOf::<T>::iter_key_prefix((id, true));
		active
			.chain(retired)
			.take(MAX_LISTED as usize)
			.filter_map(|release| Self::release_info(&release).map(|info| (release, info)))
			.collect()
	}

	/// The models that may be called, that mature, or that wait for admission, in this order. Nodes
	/// need no plan of the others.
	pub fn working_set() -> Vec<WorkItem> {
		let profile_of = |id| Reports::<T>::get(id).map(|report| report.profile);
		let working = WorkingModels::<T>::get();
		let queue = AdmissionQueue::<T>::get();
		let ids = working
			.into_iter()
			.map(|model| model.id)
			.chain(queue.into_iter().map(|queued| queued.id));
		let mut items: Vec<WorkItem> = ids
			.filter_map(|id| {
				let record = Models::<T>::get(id)?;
				let stage = match record.stage {
					stage if stage.is_callable() => WorkStage::Resident,
					ModelStage::Maturing { .. } => WorkStage::Maturing,
					_ => WorkStage::Queued,
				};
				Some(WorkItem {
					location: Self::location(id, &record),
					profile: profile_of(id).unwrap_or_else(T::Profile::get),
					stage,
				})
			})
			.collect();
		// Stable: within each stage, the order of admission stays.
		items.sort_by_key(|item| item.stage);
		items
	}

	fn model_info(
		id: ModelId,
		record: ModelRecordOf<T>,
	) -> ModelInfo<T::AccountId, BlockNumberFor<T>> {
		let ModelRecordOf::<T> {
			owner,
			size,
			stage,
			releases,
			..
		} = record;
		ModelInfo {
			id,
			owner,
			size,
			stage,
			releases,
			report: Reports::<T>::get(id),
		}
	}
}

impl<T: Config> ModelRegistry<T::AccountId, BalanceOf<T>> for Pallet<T> {
	fn resolve(
		release: &ReleaseId<T::AccountId>,
	) -> Result<ResolvedRelease<BalanceOf<T>>, ResolveError> {
		let info = Self::release_info(release).ok_or(ResolveError::Unknown)?;
		if info.retired {
			return Err(ResolveError::Retired);
		}
		// Models become resident before the first extrinsic of a block. A release that was made
		// by an earlier extrinsic of this block must not be callable yet.
		if info.created >= frame_system::Pallet::<T>::block_number() {
			return Err(ResolveError::NotResident);
		}
		let record = Models::<T>::get(info.model).ok_or(ResolveError::NotResident)?;
		if !record.stage.is_callable() {
			return Err(ResolveError::NotResident);
		}
		let report = Reports::<T>::get(info.model).ok_or(ResolveError::NotResident)?;
		Ok(ResolvedRelease {
			location: Self::location(info.model, &record),
			report,
			royalty: info.royalty,
		})
	}

	fn cost(release: &ReleaseId<T::AccountId>) -> Option<ReleaseCost> {
		let key = (&release.name, &release.version);
		let ReleaseRecordOf::<T> { info, run, .. } = Releases::<T>::get(&release.owner, key)?;
		let now = frame_system::Pallet::<T>::block_number();
		let may_run = !info.retired && info.created < now;
		may_run.then(|| ReleaseCost {
			run,
			has_royalty: !info.royalty.is_zero(),
		})
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn make_callable(release: &ReleaseId<T::AccountId>, file: &[u8]) {
		crate::benchmarking::make_callable::<T>(release, file);
	}
}

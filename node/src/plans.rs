//! Which models a block needs plans of, and which of these the node has.

use std::{fmt, sync::Arc};

use noema_precompile_inference::host::plan_cache;
use noema_primitives::{api::ModelsApi, ModelId, WorkItem};
use noema_runtime::{AccountId, Balance, BlockNumber};
use sp_api::ProvideRuntimeApi;
use sp_runtime::traits::Block as BlockT;

/// Tells which models a block calls or will soon call.
pub trait WorkingSet<Block: BlockT>: Send + Sync {
	/// The models that wait for admission, mature or may be called, in the state after `at`.
	///
	/// # Errors
	///
	/// Fails if the state of `at` is not there.
	fn working_set(&self, at: Block::Hash) -> Result<Vec<WorkItem>, WorkingSetError>;
}

/// The working set of a block could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the working set of block {at}: {reason}")]
pub struct WorkingSetError {
	/// The block's hash.
	pub at: String,
	/// What the client or the runtime said.
	pub reason: String,
}

/// Tells whether a plan is ready.
pub trait Plans: Send + Sync {
	/// Whether the plan is in memory.
	fn contains(&self, model: &ModelId, profile: u16) -> bool;
}

/// The cache that the precompile uses.
#[derive(Clone, Copy, Debug)]
pub struct ProcessPlans;

impl Plans for ProcessPlans {
	fn contains(&self, model: &ModelId, profile: u16) -> bool {
		plan_cache().has_plan(model, profile)
	}
}

/// Reads working sets through the runtime API.
pub struct ClientWorkingSet<C>(Arc<C>);

impl<C> ClientWorkingSet<C> {
	/// Reads them from `client`'s states.
	pub const fn new(client: Arc<C>) -> Self {
		Self(client)
	}
}

impl<C> Clone for ClientWorkingSet<C> {
	fn clone(&self) -> Self {
		Self(self.0.clone())
	}
}

impl<C> fmt::Debug for ClientWorkingSet<C> {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str("ClientWorkingSet")
	}
}

impl<Block, C> WorkingSet<Block> for ClientWorkingSet<C>
where
	Block: BlockT,
	C: ProvideRuntimeApi<Block> + Send + Sync,
	C::Api: ModelsApi<Block, AccountId, Balance, BlockNumber>,
{
	fn working_set(&self, at: Block::Hash) -> Result<Vec<WorkItem>, WorkingSetError> {
		self.0
			.runtime_api()
			.working_set(at)
			.map_err(|e| WorkingSetError {
				at: at.to_string(),
				reason: e.to_string(),
			})
	}
}

/// The models that may be called and of which there is no plan, in the chain's order.
pub fn missing(items: Vec<WorkItem>, plans: &impl Plans) -> Vec<WorkItem> {
	items
		.into_iter()
		.filter(|item| item.is_resident() && !plans.contains(&item.location.id, item.profile))
		.collect()
}

#[cfg(test)]
pub(crate) mod testing {
	//! Stand-ins for the client and the cache.

	use super::*;
	use noema_primitives::{ModelLocation, WorkStage, PROFILE_1};
	use parking_lot::Mutex;
	use std::collections::BTreeSet;

	/// A set of ids.
	#[derive(Default)]
	pub(crate) struct FakePlans(pub(crate) Mutex<BTreeSet<ModelId>>);

	impl Plans for FakePlans {
		fn contains(&self, model: &ModelId, _: u16) -> bool {
			self.0.lock().contains(model)
		}
	}

	impl<T: Plans> Plans for Arc<T> {
		fn contains(&self, model: &ModelId, profile: u16) -> bool {
			(**self).contains(model, profile)
		}
	}

	/// The same items, or the same failure, at every block.
	pub(crate) struct FakeWorkingSet(pub(crate) Result<Vec<WorkItem>, String>);

	impl<Block: BlockT> WorkingSet<Block> for FakeWorkingSet {
		fn working_set(&self, at: Block::Hash) -> Result<Vec<WorkItem>, WorkingSetError> {
			self.0.clone().map_err(|reason| WorkingSetError {
				at: at.to_string(),
				reason,
			})
		}
	}

	pub(crate) fn id(n: u8) -> ModelId {
		ModelId([n; 32])
	}

	pub(crate) fn item(n: u8, resident: bool) -> WorkItem {
		WorkItem {
			location: ModelLocation {
				id: id(n),
				size: 1,
				chunk_prefix: vec![n],
			},
			profile: PROFILE_1,
			stage: if resident {
				WorkStage::Resident
			} else {
				WorkStage::Maturing
			},
		}
	}
}

#[cfg(test)]
mod tests {
	use super::{testing::*, *};

	#[test]
	fn only_callable_models_without_a_plan_are_missing() {
		let plans = FakePlans::default();
		plans.0.lock().insert(id(3));
		let items = vec![
			item(1, false),
			item(2, true),
			item(3, true),
			item(4, false),
			item(5, true),
		];
		let order: Vec<_> = missing(items, &plans)
			.into_iter()
			.map(|i| i.location.id)
			.collect();
		assert_eq!(order, [id(2), id(5)]);
	}
}

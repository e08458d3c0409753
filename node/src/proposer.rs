//! Authors a block only once every callable model has a plan, and without a proof recorder.

use std::{fmt, future::Future, pin::Pin};

use noema_primitives::ModelId;
use sp_consensus::{Environment, Error as ConsensusError, ProposeArgs, Proposer};
use sp_externalities::Extensions;
use sp_runtime::traits::{Block as BlockT, Header as _};

use crate::{
	metrics::Metrics,
	plans::{missing, Plans, WorkingSet, WorkingSetError},
};

const LOG_TARGET: &str = "noema::proposer";

/// Why no block is authored now.
#[derive(Debug, thiserror::Error)]
pub enum Declined {
	/// Plans of callable models are not built yet. Authoring without them would build them inside
	/// the slot, and lose it.
	#[error(
		"no block on {parent}: {} callable model(s) have no plan yet: {}; they are being built",
		models.len(),
		list(models)
	)]
	PlansMissing {
		/// The block to build on.
		parent: String,
		/// The models, in the order in which they will be built.
		models: Vec<ModelId>,
	},
	/// It is not known which models are callable.
	#[error(transparent)]
	WorkingSet(#[from] WorkingSetError),
}

/// The first few ids, and how many there are more.
fn list(models: &[ModelId]) -> String {
	const SHOWN: usize = 4;
	let mut text = models
		.iter()
		.take(SHOWN)
		.map(ToString::to_string)
		.collect::<Vec<_>>()
		.join(", ");
	if models.len() > SHOWN {
		text.push_str(&format!(" and {} more", models.len() - SHOWN));
	}
	text
}

/// Makes proposers with `inner`, while every model that is callable at the parent has a plan.
pub struct PlannedProposerFactory<E, W, P> {
	inner: E,
	working_set: W,
	plans: P,
	metrics: Metrics,
}

impl<E, W, P> PlannedProposerFactory<E, W, P> {
	/// Wraps `inner`.
	pub const fn new(inner: E, working_set: W, plans: P, metrics: Metrics) -> Self {
		Self {
			inner,
			working_set,
			plans,
			metrics,
		}
	}

	/// Whether a block on `parent` would find all plans.
	fn check<B: BlockT>(&self, parent: B::Hash) -> Result<(), Declined>
	where
		W: WorkingSet<B>,
		P: Plans,
	{
		let models: Vec<_> = missing(self.working_set.working_set(parent)?, &self.plans)
			.into_iter()
			.map(|item| item.location.id)
			.collect();
		if models.is_empty() {
			Ok(())
		} else {
			Err(Declined::PlansMissing {
				parent: parent.to_string(),
				models,
			})
		}
	}
}

impl<E, W, P> fmt::Debug for PlannedProposerFactory<E, W, P> {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str("PlannedProposerFactory")
	}
}

impl<B, E, W, P> Environment<B> for PlannedProposerFactory<E, W, P>
where
	B: BlockT,
	E: Environment<B>,
	W: WorkingSet<B>,
	P: Plans,
{
	type Proposer = UnrecordedProposer<E::Proposer>;
	type CreateProposer = Pin<Box<dyn Future<Output = Result<Self::Proposer, Self::Error>> + Send>>;
	type Error = E::Error;

	fn init(&mut self, parent_header: &B::Header) -> Self::CreateProposer {
		let checked = self.check::<B>(parent_header.hash());
		let missing = match &checked {
			Err(Declined::PlansMissing { models, .. }) => models.len(),
			Ok(()) | Err(Declined::WorkingSet(_)) => 0,
		};
		self.metrics.proposer_missing_plans.set(missing as u64);
		if let Err(declined) = checked {
			log::warn!(target: LOG_TARGET, "{declined}");
			self.metrics.proposals_declined.inc();
			let error = ConsensusError::Other(Box::new(declined));
			return Box::pin(std::future::ready(Err(error.into())));
		}
		let proposer = self.inner.init(parent_header);
		Box::pin(async move { proposer.await.map(UnrecordedProposer) })
	}
}

/// Proposes without a storage proof.
///
/// Manual seal always hands over a recorder, whose size counts as part of the block's: one model
/// read by a cold node would end packing. No one on a solo chain uses the proof.
#[derive(Debug)]
pub struct UnrecordedProposer<P>(P);

impl<B: BlockT, P: Proposer<B>> Proposer<B> for UnrecordedProposer<P> {
	type Error = P::Error;
	type Proposal = P::Proposal;

	fn propose(self, args: ProposeArgs<B>) -> Self::Proposal {
		self.0.propose(ProposeArgs {
			storage_proof_recorder: None,
			// The only extension that comes with a recorder tells the recorder's size.
			extra_extensions: Extensions::default(),
			..args
		})
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::plans::testing::{id, item, FakePlans, FakeWorkingSet};
	use crate::Block;
	use futures::{executor::block_on, future};
	use parking_lot::Mutex;
	use sp_api::ProofRecorder;
	use sp_consensus::Proposal;
	use std::sync::Arc;

	type Header = <Block as BlockT>::Header;

	sp_externalities::decl_extension! {
		struct Marker(u8);
	}

	/// Whether there was a recorder, whether there was the marker, and the size limit.
	type Seen = (bool, bool, Option<usize>);

	/// Keeps what it is asked to propose with.
	#[derive(Clone, Default)]
	struct Recording(Arc<Mutex<Vec<Seen>>>);

	impl Environment<Block> for Recording {
		type Proposer = Self;
		type CreateProposer = future::Ready<Result<Self, ConsensusError>>;
		type Error = ConsensusError;

		fn init(&mut self, _: &Header) -> Self::CreateProposer {
			future::ready(Ok(self.clone()))
		}
	}

	impl Proposer<Block> for Recording {
		type Error = ConsensusError;
		type Proposal = future::Ready<Result<Proposal<Block>, ConsensusError>>;

		fn propose(self, mut args: ProposeArgs<Block>) -> Self::Proposal {
			let marked = args
				.extra_extensions
				.get_mut(std::any::TypeId::of::<Marker>())
				.is_some();
			let recorded = args.storage_proof_recorder.is_some();
			self.0
				.lock()
				.push((recorded, marked, args.block_size_limit));
			future::ready(Err(ConsensusError::StateUnavailable(
				"nothing to propose".into(),
			)))
		}
	}

	fn parent() -> Header {
		Header::new(
			1,
			Default::default(),
			Default::default(),
			Default::default(),
			Default::default(),
		)
	}

	fn factory(
		set: Result<Vec<noema_primitives::WorkItem>, String>,
		plans: Arc<FakePlans>,
	) -> (
		PlannedProposerFactory<Recording, FakeWorkingSet, Arc<FakePlans>>,
		Metrics,
	) {
		let metrics = Metrics::unread();
		let factory = PlannedProposerFactory::new(
			Recording::default(),
			FakeWorkingSet(set),
			plans,
			metrics.clone(),
		);
		(factory, metrics)
	}

	#[test]
	fn declines_until_each_callable_model_has_a_plan() {
		let plans = Arc::new(FakePlans::default());
		let items = vec![item(1, true), item(2, false), item(3, true)];
		let (mut factory, metrics) = factory(Ok(items), plans.clone());

		let error = block_on(factory.init(&parent()))
			.err()
			.expect("two plans are missing");
		let text = error.to_string();
		assert!(
			text.contains(&id(1).to_string()) && text.contains(&id(3).to_string()),
			"{text}"
		);
		assert!(
			!text.contains(&id(2).to_string()),
			"model 2 is not callable yet: {text}"
		);

		assert_eq!(metrics.proposer_missing_plans.get(), 2);
		plans.0.lock().insert(id(1));
		assert!(block_on(factory.init(&parent())).is_err());
		plans.0.lock().insert(id(3));
		assert!(block_on(factory.init(&parent())).is_ok());
		assert_eq!(metrics.proposals_declined.get(), 2);
		assert_eq!(metrics.proposer_missing_plans.get(), 0);
	}

	#[test]
	fn declines_while_the_working_set_is_unknown() {
		let (mut factory, _) = factory(Err("state is pruned".into()), Arc::default());
		let error = block_on(factory.init(&parent()))
			.err()
			.expect("nothing is known");
		assert!(error.to_string().contains("state is pruned"), "{error}");
	}

	#[test]
	fn drops_recorder_and_extensions_and_keeps_the_rest() {
		let (mut factory, _) = factory(Ok(vec![]), Arc::default());
		let log = factory.inner.0.clone();
		let proposer = block_on(factory.init(&parent())).expect("no model is callable");
		let mut extensions = Extensions::default();
		extensions.register(Marker(0));
		let args = ProposeArgs {
			storage_proof_recorder: Some(ProofRecorder::<Block>::default()),
			extra_extensions: extensions,
			block_size_limit: Some(7),
			..Default::default()
		};
		assert!(block_on(proposer.propose(args)).is_err());
		assert_eq!(*log.lock(), [(false, false, Some(7))]);
	}

	#[test]
	fn long_lists_are_cut() {
		let models: Vec<_> = (0..9).map(id).collect();
		assert!(list(&models).ends_with("and 5 more"));
		assert_eq!(list(&models[..1]), id(0).to_string());
	}
}

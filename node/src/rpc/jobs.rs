//! The methods about jobs: `inference_job`, `inference_jobs`, and the subscription to one job.

use std::{fmt, sync::Arc};

use futures::{stream, Stream, StreamExt};
use jsonrpsee::{proc_macros::rpc, PendingSubscriptionSink};
use noema_primitives::{api::JobsApi as _, JobId};
use noema_runtime::Hash;
use sc_client_api::BlockchainEvents;
use sc_rpc::{
	utils::{spawn_subscription_task, BoundedVecDeque, PendingSubscription},
	SubscriptionTaskExecutor,
};
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;

use super::{
	error::{Error, ErrorCode},
	inference::{or_best, page_limit, refused},
	job_types::{JobView, JobsPage, JobsRequest, PhaseView},
	limit::Limiter,
};
use crate::service::FullClient;

/// Jobs in a page that count as one look-up.
const JOBS_PER_LOOKUP: u32 = 10;

/// Inference off the block.
///
/// `at` is the hash of a block, the best one without it. Errors have the numbers of [`ErrorCode`].
#[rpc(server, namespace = "inference")]
pub trait JobsApi {
	/// One job; null if there is none, or none any more.
	#[method(name = "job", blocking)]
	fn job(&self, id: u64, at: Option<Hash>) -> Result<Option<JobView>, Error>;

	/// Lists the jobs that are kept, without their outputs.
	#[method(name = "jobs", blocking)]
	fn jobs(&self, page: Option<JobsRequest>, at: Option<Hash>) -> Result<JobsPage, Error>;

	/// The job as it is in the last final block, and again whenever it is another in a later one. The
	/// last state is that in which it is done.
	#[subscription(name = "subscribeJob" => "job_update", unsubscribe = "unsubscribeJob", item = JobView)]
	fn subscribe_job(&self, id: u64);
}

/// Answers them from the client's states.
pub struct Jobs {
	client: Arc<FullClient>,
	limiter: Arc<Limiter>,
	executor: SubscriptionTaskExecutor,
}

impl fmt::Debug for Jobs {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str("Jobs")
	}
}

impl Jobs {
	/// Answers from `client`, as often as `limiter` lets it; subscriptions run on `executor`.
	pub fn new(
		client: Arc<FullClient>,
		limiter: Arc<Limiter>,
		executor: SubscriptionTaskExecutor,
	) -> Self {
		Self {
			client,
			limiter,
			executor,
		}
	}

	/// Whether a subscription to a job makes sense.
	fn is_known(&self, id: JobId) -> Result<(), Error> {
		self.limiter.look_up(1).map_err(refused)?;
		let best = self.client.info().best_hash;
		match self.client.runtime_api().job(best, id)? {
			Some(_) => Ok(()),
			None => Err(Error::new(
				ErrorCode::UnknownJob,
				format!("there is no job {id}, or it is not kept any more"),
			)),
		}
	}

	/// The states of a job in final blocks, each different from the one before.
	fn updates(&self, id: JobId) -> impl Stream<Item = JobView> + Send + Unpin + 'static {
		let client = self.client.clone();
		// Before the present state is read, so that no block is missed.
		let later = client.finality_notification_stream();
		let now = client.info().finalized_hash;
		let states = stream::once(async move { now })
			.chain(later.map(|notification| notification.hash))
			.filter_map(move |hash| {
				let found = client.runtime_api().job(hash, id);
				let found = found.unwrap_or_else(|e| {
					log::debug!(target: "noema::rpc", "job {id} in {hash}: {e}");
					None
				});
				async move { found.as_ref().map(JobView::from) }
			});
		until_done(states)
	}
}

/// What differs from the one before, up to the state in which the job is done.
fn until_done(
	states: impl Stream<Item = JobView> + Send + 'static,
) -> impl Stream<Item = JobView> + Send + Unpin {
	stream::unfold(
		(states.boxed(), None::<JobView>),
		|(mut states, last)| async move {
			if last
				.as_ref()
				.is_some_and(|job| job.phase == PhaseView::Done)
			{
				return None;
			}
			loop {
				let job = states.next().await?;
				if last.as_ref() != Some(&job) {
					return Some((job.clone(), (states, Some(job))));
				}
			}
		},
	)
	.boxed()
}

impl JobsApiServer for Jobs {
	fn job(&self, id: u64, at: Option<Hash>) -> Result<Option<JobView>, Error> {
		self.limiter.look_up(1).map_err(refused)?;
		let job = self
			.client
			.runtime_api()
			.job(or_best(&self.client, at), id)?;
		Ok(job.as_ref().map(JobView::from))
	}

	fn jobs(&self, page: Option<JobsRequest>, at: Option<Hash>) -> Result<JobsPage, Error> {
		let JobsRequest { after, limit } = page.unwrap_or_default();
		let limit = page_limit(limit, "jobs")?;
		self.limiter
			.look_up(limit.div_ceil(JOBS_PER_LOOKUP))
			.map_err(refused)?;
		let jobs = self
			.client
			.runtime_api()
			.jobs(or_best(&self.client, at), after, limit)?;
		let full = jobs.len() == limit as usize;
		Ok(JobsPage {
			next: jobs.last().filter(|_| full).map(|last| last.id),
			jobs: jobs.iter().map(JobView::from).collect(),
		})
	}

	fn subscribe_job(&self, pending: PendingSubscriptionSink, id: u64) {
		if let Err(error) = self.is_known(id) {
			spawn_subscription_task(&self.executor, pending.reject(error));
			return;
		}
		let updates = PendingSubscription::from(pending)
			.pipe_from_stream(self.updates(id), BoundedVecDeque::default());
		spawn_subscription_task(&self.executor, updates);
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_core::H256;

	fn state(created: u32, phase: PhaseView) -> JobView {
		JobView {
			id: 1,
			requester: String::new(),
			release: String::new(),
			model: String::new(),
			profile: 1,
			input_hash: H256::zero(),
			created,
			phase,
			ending: None,
			members: vec![],
			claims: vec![],
			posted: vec![],
			outputs: None,
			stake: String::new(),
			escrow: String::new(),
		}
	}

	#[test]
	fn each_state_is_sent_once_and_the_last_one_is_done() {
		let drawing = state(1, PhaseView::Drawing { from: 3 });
		let committing = state(1, PhaseView::Committing { until: 9 });
		let done = state(1, PhaseView::Done);
		let states = [&drawing, &drawing, &committing, &done, &drawing].map(Clone::clone);
		let sent: Vec<_> = futures::executor::block_on(until_done(stream::iter(states)).collect());
		assert_eq!(sent, [drawing, committing, done]);
	}
}

//! Nothing but the truth.

use super::super::{
	bench::Trace,
	duty::{Due, Job, Party},
	sender::Order,
};
use noema_runtime::BlockNumber;

/// Of an honest host.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conduct;

impl Conduct {
	/// The trace that the host claims.
	pub fn claim(&self, _job: &Job, _party: &Party, computed: Trace) -> Trace {
		computed
	}

	/// What the host does of what is due.
	pub fn due(
		&self,
		_job: &Job,
		_party: &Party,
		_trace: Option<&Trace>,
		due: Option<Due>,
		_now: BlockNumber,
	) -> Option<Due> {
		due
	}

	/// What the host sends.
	pub fn orders(&self, _job: &Job, _party: &Party, orders: Vec<Order>) -> Vec<Order> {
		orders
	}
}

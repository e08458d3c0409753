//! What the worker tells Prometheus.

use substrate_prometheus_endpoint::{Counter, Gauge, Histogram, PrometheusError, Registry, U64};

use crate::metrics::{metrics, Metric};

metrics! {
	/// The metrics of the hosting worker.
	pub struct HostingMetrics {
		/// Open jobs that this node follows
		pub hosting_jobs: Gauge<U64>,
		/// Models that it runs at the moment, traced
		pub hosting_running: Gauge<U64>,
		/// Seconds of a traced run, reading the model included
		pub hosting_run_seconds: Histogram,
		/// Runs that gave no trace
		pub hosting_runs_failed: Counter<U64>,
		/// Commitments sent
		pub hosting_commits: Counter<U64>,
		/// Reveals sent
		pub hosting_reveals: Counter<U64>,
		/// Wrong answers challenged
		pub hosting_challenges: Counter<U64>,
		/// Traces whose leaves were posted in a dispute
		pub hosting_leaves: Counter<U64>,
		/// Steps brought before the referee
		pub hosting_referee_calls: Counter<U64>,
		/// Chunks of blobs uploaded
		pub hosting_chunks: Counter<U64>,
		/// Transactions sent again, with another nonce or a higher tip
		pub hosting_resent: Counter<U64>,
		/// Transactions that the pool refused
		pub hosting_refused: Counter<U64>,
		/// Millionths of a NOE offered as tips
		pub hosting_tips_micro_noe: Counter<U64>,
		/// Jobs in which the account lacked the funds for what it should have sent
		pub hosting_short_of_funds: Counter<U64>,
	}
}

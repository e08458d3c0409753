//! What the node tells Prometheus about its own parts.

use substrate_prometheus_endpoint::{
	exponential_buckets, register, Counter, Gauge, Histogram, HistogramOpts, Opts, PrometheusError,
	Registry, U64,
};

/// A metric that can be made from its name and help alone.
pub(crate) trait Metric: Sized {
	fn register(name: &str, help: &str, registry: &Registry) -> Result<Self, PrometheusError>;
}

impl Metric for Counter<U64> {
	fn register(name: &str, help: &str, registry: &Registry) -> Result<Self, PrometheusError> {
		register(Self::with_opts(Opts::new(name, help))?, registry)
	}
}

impl Metric for Gauge<U64> {
	fn register(name: &str, help: &str, registry: &Registry) -> Result<Self, PrometheusError> {
		register(Self::with_opts(Opts::new(name, help))?, registry)
	}
}

impl Metric for Histogram {
	fn register(name: &str, help: &str, registry: &Registry) -> Result<Self, PrometheusError> {
		// 1 ms to about 65 s.
		let buckets = exponential_buckets(0.001, 2.0, 17)?;
		let options = HistogramOpts::new(name, help).buckets(buckets);
		register(Self::with_opts(options)?, registry)
	}
}

/// Declares the struct of metrics; the doc line of each field is its help text, and its name
/// follows `noema_`.
macro_rules! metrics {
	(
		$(#[$attribute:meta])*
		pub struct $name:ident {
			$(
				#[doc = $help:literal]
				pub $field:ident: $kind:ty,
			)*
		}
	) => {
		$(#[$attribute])*
		#[derive(Clone, Debug)]
		pub struct $name {
			$(
				#[doc = $help]
				pub $field: $kind,
			)*
		}

		impl $name {
			/// Makes the metrics and registers them.
			///
			/// # Errors
			///
			/// Fails if the registry holds one of these names already.
			pub fn register(registry: &Registry) -> Result<Self, PrometheusError> {
				Ok(Self {
					$(
						$field: <$kind as Metric>::register(
							concat!("noema_", stringify!($field)),
							$help.trim(),
							registry,
						)?,
					)*
				})
			}

			/// Metrics in a registry of their own, which nobody reads: for nodes without Prometheus.
			pub fn unread() -> Self {
				Self::register(&Registry::new()).expect("an empty registry holds no name yet; qed")
			}

			/// Registers with `registry` where there is one.
			///
			/// # Errors
			///
			/// Fails if the registry holds one of the names already.
			pub fn new(registry: Option<&Registry>) -> Result<Self, PrometheusError> {
				registry.map_or_else(|| Ok(Self::unread()), Self::register)
			}
		}
	};
}
pub(crate) use metrics;

mod engine;
#[cfg(test)]
mod pictures;

pub use engine::EngineMetrics;

metrics! {
	/// The metrics of prefetch, proposer and RPC.
	pub struct Metrics {
		/// Bytes that the plans in the cache take
		pub plan_cache_bytes: Gauge<U64>,
		/// Bytes that the plans of callable and maturing models take, which nothing pushes out
		pub plan_cache_pinned_bytes: Gauge<U64>,
		/// Plans and verdicts on files in the cache
		pub plan_cache_entries: Gauge<U64>,
		/// Plans in the cache
		pub plan_cache_plans: Gauge<U64>,
		/// Plans pushed out of the cache for want of room, since the start
		pub plan_cache_evictions: Gauge<U64>,
		/// Lookups of a plan that found one, since the start
		pub plan_cache_hits: Gauge<U64>,
		/// Lookups of a plan that found none, since the start
		pub plan_cache_misses: Gauge<U64>,
		/// Plans built, in blocks and ahead of them, since the start
		pub plan_cache_builds: Gauge<U64>,
		/// Plans, and reports of queued files, that the chain's heads want and that are not there yet
		pub prefetch_missing: Gauge<U64>,
		/// Plans and reports worked out ahead
		pub prefetch_built: Counter<U64>,
		/// Attempts to work out a plan or report ahead that came to nothing
		pub prefetch_failed: Counter<U64>,
		/// Seconds to work out a plan or report ahead
		pub prefetch_seconds: Histogram,
		/// Slots in which no block was authored, for want of a plan
		pub proposals_declined: Counter<U64>,
		/// Plans that the last attempt to author a block had to wait for
		pub proposer_missing_plans: Gauge<U64>,
		/// Uploaded files that wait for admission, on the best block
		pub models_queued: Gauge<U64>,
		/// Bytes of the uploaded files that wait for admission, on the best block
		pub models_queued_bytes: Gauge<U64>,
		/// Models that mature, on the best block
		pub models_maturing: Gauge<U64>,
		/// Models that may be called, on the best block
		pub models_resident: Gauge<U64>,
		/// Bytes of the files of models that may be called, on the best block
		pub models_resident_bytes: Gauge<U64>,
		/// Dry runs that gave an answer
		pub dry_runs_answered: Counter<U64>,
		/// Dry runs that gave an error
		pub dry_runs_failed: Counter<U64>,
		/// Dry runs turned away by the rate limit or for want of a free place
		pub dry_runs_refused: Counter<U64>,
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn doc_lines_become_help_texts() {
		let registry = Registry::new();
		let metrics = Metrics::register(&registry).expect("the registry is empty");
		metrics.dry_runs_answered.inc();
		let families = registry.gather();
		let family = families
			.iter()
			.find(|family| family.get_name() == "noema_dry_runs_answered")
			.expect("the metric is registered");
		assert_eq!(family.get_help(), "Dry runs that gave an answer");
		assert_eq!(family.get_metric()[0].get_counter().get_value(), 1.0);
		assert!(
			Metrics::register(&registry).is_err(),
			"each name is taken once"
		);
	}
}

//! What the engine does, in blocks and out of them.

use noema_precompile_inference::host::{
	observe,
	observe::{Observed, Work},
	CallKind, Outcome,
};
use noema_runtime::weights::CostToWeight;
use sp_runtime::traits::Convert;
use substrate_prometheus_endpoint::{
	register, Counter, Histogram, HistogramOpts, PrometheusError, Registry, U64,
};

use super::Metric;

/// A distribution of times over charges.
#[derive(Clone, Debug)]
pub struct Ratio(Histogram);

impl Ratio {
	/// Bounds of the buckets: the weights are fitted so that runs lie between 0.3 and 1.0.
	const BUCKETS: [f64; 14] = [
		0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.5, 2.0, 5.0,
	];
}

impl Metric for Ratio {
	fn register(name: &str, help: &str, registry: &Registry) -> Result<Self, PrometheusError> {
		let options = HistogramOpts::new(name, help).buckets(Self::BUCKETS.to_vec());
		register(Histogram::with_opts(options)?, registry).map(Self)
	}
}

metrics! {
	/// The metrics of the engine.
	pub struct EngineMetrics {
		/// Inferences in blocks, authored or imported, that gave an answer
		pub inferences_in_blocks_answered: Counter<U64>,
		/// Inferences in blocks that gave a deterministic failure
		pub inferences_in_blocks_failed: Counter<U64>,
		/// Inferences outside of blocks that gave an answer
		pub inferences_offchain_answered: Counter<U64>,
		/// Inferences outside of blocks that gave a failure
		pub inferences_offchain_failed: Counter<U64>,
		/// Inferences outside of blocks that were not begun, as too many others ran
		pub inferences_offchain_refused: Counter<U64>,
		/// Internal faults outside of blocks; one in a block ends the process
		pub inference_faults: Counter<U64>,
		/// Files whose admission was decided in a block, with a report or a refusal
		pub admissions_in_blocks: Counter<U64>,
		/// Seconds that the engine ran for inferences in blocks
		pub engine_in_blocks_seconds: Histogram,
		/// Seconds that the engine ran for inferences outside of blocks
		pub engine_offchain_seconds: Histogram,
		/// Time that the engine took for an inference in a block, over the weight charged for it
		pub engine_time_over_charge: Ratio,
	}
}

impl EngineMetrics {
	/// Registers where there is a registry, and has the precompile report from now on.
	///
	/// # Errors
	///
	/// Fails if the registry holds one of the names already.
	pub fn observe(registry: Option<&Registry>) -> Result<(), PrometheusError> {
		let Some(registry) = registry else {
			return Ok(());
		};
		let metrics = Self::register(registry)?;
		if !observe(Box::new(move |observed| metrics.record(observed))) {
			log::warn!(
				target: "noema::metrics",
				"the engine reports to another node of this process; its metrics stay at zero here",
			);
		}
		Ok(())
	}

	/// Counts a computation.
	pub fn record(&self, observed: &Observed) {
		let Observed {
			work,
			kind,
			outcome,
			ran,
		} = observed;
		let counter = match (work, kind, outcome) {
			(_, _, Outcome::Faulted) => Some(&self.inference_faults),
			(Work::Admission, CallKind::OnChain, Outcome::Answered) => {
				Some(&self.admissions_in_blocks)
			}
			(Work::Admission, _, _) => None,
			(Work::Inference, CallKind::OnChain, Outcome::Answered) => {
				Some(&self.inferences_in_blocks_answered)
			}
			(Work::Inference, CallKind::OnChain, _) => Some(&self.inferences_in_blocks_failed),
			(Work::Inference, CallKind::OffChain, Outcome::Answered) => {
				Some(&self.inferences_offchain_answered)
			}
			(Work::Inference, CallKind::OffChain, Outcome::Failed) => {
				Some(&self.inferences_offchain_failed)
			}
			(Work::Inference, CallKind::OffChain, Outcome::Refused) => {
				Some(&self.inferences_offchain_refused)
			}
		};
		if let Some(counter) = counter {
			counter.inc();
		}
		let Some(ran) = ran else {
			return;
		};
		let took = ran.took.as_secs_f64();
		match kind {
			CallKind::OnChain => {
				self.engine_in_blocks_seconds.observe(took);
				let charged = CostToWeight::convert(ran.cost).ref_time();
				// A ref_time is a picosecond.
				let charged = charged.max(1) as f64 / 1e12;
				self.engine_time_over_charge.0.observe(took / charged);
			}
			CallKind::OffChain => self.engine_offchain_seconds.observe(took),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use noema_precompile_inference::host::Ran;
	use noema_primitives::Cost;
	use std::time::Duration;

	fn observed(kind: CallKind, outcome: Outcome) -> Observed {
		let cost = Cost {
			macs: 1_000_000,
			..Cost::default()
		};
		let charged = CostToWeight::convert(cost).ref_time();
		Observed {
			work: Work::Inference,
			kind,
			outcome,
			ran: Some(Ran {
				// Half of the charge.
				took: Duration::from_nanos(charged / 2000),
				cost,
			}),
		}
	}

	#[test]
	fn each_outcome_has_its_counter() {
		let metrics = EngineMetrics::register(&Registry::new()).expect("the registry is empty");
		metrics.record(&observed(CallKind::OnChain, Outcome::Answered));
		metrics.record(&observed(CallKind::OnChain, Outcome::Failed));
		metrics.record(&observed(CallKind::OffChain, Outcome::Answered));
		metrics.record(&Observed {
			ran: None,
			..observed(CallKind::OffChain, Outcome::Refused)
		});
		metrics.record(&observed(CallKind::OffChain, Outcome::Faulted));
		for counter in [
			&metrics.inferences_in_blocks_answered,
			&metrics.inferences_in_blocks_failed,
			&metrics.inferences_offchain_answered,
			&metrics.inferences_offchain_refused,
			&metrics.inference_faults,
		] {
			assert_eq!(counter.get(), 1);
		}
		assert_eq!(metrics.engine_in_blocks_seconds.get_sample_count(), 2);
		assert_eq!(metrics.engine_offchain_seconds.get_sample_count(), 2);
	}

	#[test]
	fn time_is_compared_with_the_charge() {
		let metrics = EngineMetrics::register(&Registry::new()).expect("the registry is empty");
		metrics.record(&observed(CallKind::OnChain, Outcome::Answered));
		let ratio = &metrics.engine_time_over_charge.0;
		assert_eq!(ratio.get_sample_count(), 1);
		assert!((0.4..=0.5).contains(&ratio.get_sample_sum()));
	}
}

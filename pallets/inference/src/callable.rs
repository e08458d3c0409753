//! Whether a release can be called, and what the call weighs.
//!
//! A call is weighed by the small record that is kept beside its release, which does not say
//! whether the model is callable. Execution looks the model up. Both price by the same code, so a
//! call that is charged as refused is refused.

use frame_support::{traits::Get, weights::Weight};
use noema_primitives::{
	hosting::HostShare, Cost, ModelRegistry, NamedTensor, ReleaseCost, ResolvedRelease, RunCost,
};
use sp_runtime::{
	traits::{Convert, Zero},
	DispatchError,
};

use crate::{BalanceOf, Config, Error, Pallet, ReleaseIdOf, WeightInfo};

/// What a call that fits will cost beside the transaction's own fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price<Balance> {
	/// The weight of the call.
	pub weight: Weight,
	/// What the release's owner earns.
	pub royalty: Balance,
	/// What the model's hosts earn.
	pub hosts_share: Balance,
}

/// A release that can be called now.
pub(crate) struct Callable<Balance> {
	/// Model, report and royalty.
	pub(crate) release: ResolvedRelease<Balance>,
	/// What the whole call weighs.
	pub(crate) weight: Weight,
}

/// The bytes of data in `tensors`, or the most that a `u32` holds.
pub(crate) fn data_len(tensors: &[NamedTensor]) -> u32 {
	let len: u64 = tensors
		.iter()
		.map(|named| named.tensor.data.len() as u64)
		.sum();
	u32::try_from(len).unwrap_or(u32::MAX)
}

impl<T: Config> Pallet<T> {
	/// The weight of [`infer`](Self::infer) with these arguments.
	pub fn call_weight(release: &ReleaseIdOf<T>, inputs: &[NamedTensor]) -> Weight {
		let input_bytes = data_len(inputs);
		T::Registry::cost(release)
			.and_then(|cost| Self::price(&cost, input_bytes).ok())
			.unwrap_or_else(|| T::WeightInfo::infer(input_bytes, 0))
	}

	/// The weight of an inference by another pallet, whose inputs fit.
	pub(crate) fn provided_weight(release: &ReleaseIdOf<T>) -> Weight {
		T::Registry::cost(release)
			.and_then(|cost| Self::price(&cost, cost.run.input_bytes).ok())
			.unwrap_or_else(|| T::WeightInfo::infer(0, 0))
	}

	/// What a run of this cost adds to the weight of a call: the engine's work, and paying the hosts.
	pub fn added_weight(cost: &Cost) -> Weight {
		let run = T::CostToWeight::convert(*cost);
		if T::Hosts::share(cost).is_zero() {
			run
		} else {
			run.saturating_add(T::WeightInfo::hosts_share())
		}
	}

	/// The weight of a call of a release of this cost, with `input_bytes` bytes of tensor data.
	fn price(cost: &ReleaseCost, input_bytes: u32) -> Result<Weight, Error<T>> {
		let run = &cost.run;
		if run.receipt_bytes > T::MaxOutputBytes::get() {
			return Err(Error::OutputsTooLarge);
		}
		let mut weight = T::WeightInfo::infer(input_bytes, run.output_bytes)
			.saturating_add(Self::added_weight(&run.cost));
		if cost.has_royalty {
			weight.saturating_accrue(T::WeightInfo::royalty());
		}
		if weight.any_gt(T::MaxInferenceWeight::get()) {
			return Err(Error::TooHeavy);
		}
		Ok(weight)
	}

	/// What [`infer`](Self::infer) with inputs that fit will weigh and pay; or the error that it will
	/// meet, whatever the inputs.
	pub fn quote(release: &ReleaseIdOf<T>) -> Result<Price<BalanceOf<T>>, DispatchError> {
		let Callable { release, weight } = Self::callable(release, None)?;
		Ok(Price {
			weight,
			royalty: release.royalty,
			hosts_share: T::Hosts::share(&release.report.cost),
		})
	}

	/// Looks up `release` and weighs a call of it with `input_bytes` bytes of tensor data, or with
	/// as many as the model's schema asks for.
	pub(crate) fn callable(
		release: &ReleaseIdOf<T>,
		input_bytes: Option<u32>,
	) -> Result<Callable<BalanceOf<T>>, Error<T>> {
		let release = T::Registry::resolve(release)?;
		let cost = ReleaseCost {
			run: RunCost::of(&release.report),
			has_royalty: !release.royalty.is_zero(),
		};
		let weight = Self::price(&cost, input_bytes.unwrap_or(cost.run.input_bytes))?;
		Ok(Callable { release, weight })
	}
}

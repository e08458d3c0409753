//! Whether a release can be called, and what the call weighs.
//!
//! The weight that is charged before execution and the check during execution are the same code, so
//! a call that is charged as refused is refused.

use frame_support::{traits::Get, weights::Weight};
use noema_primitives::{
	tensor::encoded_len, ModelRegistry, NamedTensor, ResolvedRelease, Tensor, TensorSchema,
};
use sp_runtime::{
	traits::{Convert, Zero},
	DispatchError,
};

use crate::{BalanceOf, Config, Error, Pallet, ReleaseIdOf, WeightInfo};

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

/// The bytes of data in tensors of these schemas, or the most that a `u32` holds.
fn schema_data_len(schemas: &[TensorSchema]) -> u32 {
	schemas
		.iter()
		.try_fold(0u64, |sum, schema| {
			sum.checked_add(Tensor::byte_len(schema.dtype, &schema.shape)?)
		})
		.and_then(|len| u32::try_from(len).ok())
		.unwrap_or(u32::MAX)
}

impl<T: Config> Pallet<T> {
	/// The weight of [`infer`](Self::infer) with these arguments.
	pub fn call_weight(release: &ReleaseIdOf<T>, inputs: &[NamedTensor]) -> Weight {
		let input_bytes = data_len(inputs);
		Self::callable(release, Some(input_bytes)).map_or_else(
			|_| T::WeightInfo::infer(input_bytes, 0),
			|callable| callable.weight,
		)
	}

	/// What [`infer`](Self::infer) with inputs that fit will weigh, and the royalty that it will
	/// pay; or the error that it will meet, whatever the inputs.
	pub fn quote(release: &ReleaseIdOf<T>) -> Result<(Weight, BalanceOf<T>), DispatchError> {
		let callable = Self::callable(release, None)?;
		Ok((callable.weight, callable.release.royalty))
	}

	/// Looks up `release` and weighs a call of it with `input_bytes` bytes of tensor data, or with
	/// as many as the model's schema asks for.
	pub(crate) fn callable(
		release: &ReleaseIdOf<T>,
		input_bytes: Option<u32>,
	) -> Result<Callable<BalanceOf<T>>, Error<T>> {
		let release = T::Registry::resolve(release)?;
		let report = &release.report;

		let receipt_bytes = encoded_len(&report.outputs).unwrap_or(u64::MAX);
		if receipt_bytes > u64::from(T::MaxOutputBytes::get()) {
			return Err(Error::OutputsTooLarge);
		}

		let input_bytes = input_bytes.unwrap_or_else(|| schema_data_len(&report.inputs));
		let output_bytes = schema_data_len(&report.outputs);
		let mut weight = T::WeightInfo::infer(input_bytes, output_bytes)
			.saturating_add(T::CostToWeight::convert(report.cost));
		if !release.royalty.is_zero() {
			weight.saturating_accrue(T::WeightInfo::royalty());
		}
		if weight.any_gt(T::MaxInferenceWeight::get()) {
			return Err(Error::TooHeavy);
		}
		Ok(Callable { release, weight })
	}
}

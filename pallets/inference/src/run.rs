//! The one path from inputs to outputs, for extrinsics, other pallets and dry runs alike.

use alloc::vec::Vec;
use frame_support::BoundedVec;
use noema_primitives::{
	schema::{arrange, fits},
	tensor::{hash_tensors, MAX_TENSORS},
	DryRun, ModelExecutor, NamedTensor, ResolvedRelease,
};
use sp_core::{ConstU32, H256};
use sp_runtime::DispatchError;

use crate::{callable::data_len, BalanceOf, Config, Error, Pallet, ReleaseIdOf};

/// A call that can run: its release is callable and its inputs fit.
pub(crate) struct Prepared<Balance> {
	/// Model, report and royalty.
	pub(crate) release: ResolvedRelease<Balance>,
	/// The inputs, in the order of the report's schema.
	inputs: Vec<NamedTensor>,
}

/// What a run found.
pub(crate) struct Answer {
	/// The hash of the inputs, in the order of the report's schema.
	pub(crate) input_hash: H256,
	/// The hash of the outputs.
	pub(crate) output_hash: H256,
	/// The outputs, in the order of the report's schema.
	pub(crate) outputs: BoundedVec<NamedTensor, ConstU32<MAX_TENSORS>>,
}

impl<T: Config> Pallet<T> {
	/// The answer that [`infer`](Self::infer) would store, were it called now. Nothing is paid and
	/// nothing is stored. What a caller may run is bounded as in a block.
	pub fn dry_run(
		release: &ReleaseIdOf<T>,
		inputs: Vec<NamedTensor>,
	) -> Result<DryRun, DispatchError> {
		let prepared = Self::prepare(release, inputs)?;
		let answer = Self::execute(&prepared)?;
		Ok(DryRun {
			model: prepared.release.location.id,
			input_hash: answer.input_hash,
			output_hash: answer.output_hash,
			outputs: answer.outputs.into_inner(),
		})
	}

	/// All checks that come before any compute.
	pub(crate) fn prepare(
		release: &ReleaseIdOf<T>,
		inputs: Vec<NamedTensor>,
	) -> Result<Prepared<BalanceOf<T>>, Error<T>> {
		let release = Self::callable(release, Some(data_len(&inputs)))?.release;
		let inputs = arrange(inputs, &release.report.inputs)?;
		Ok(Prepared { release, inputs })
	}

	/// Runs the model.
	pub(crate) fn execute(prepared: &Prepared<BalanceOf<T>>) -> Result<Answer, Error<T>> {
		let Prepared { release, inputs } = prepared;
		let outputs = T::Executor::infer(&release.location, &release.report, inputs)?;
		// The weight and the size of the receipt rest on the report, so a precompile that breaks
		// its word must not reach the state.
		if !fits(&outputs, &release.report.outputs) {
			return Err(Error::OutputMismatch);
		}
		Ok(Answer {
			input_hash: hash_tensors(inputs),
			output_hash: hash_tensors(&outputs),
			outputs: outputs.try_into().map_err(|_| Error::OutputMismatch)?,
		})
	}
}

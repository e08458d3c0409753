//! What an operator is once it is lowered: a kernel with static facts, a cost and an evaluation.

use std::fmt::Debug;

use tract_onnx::prelude::{TValue, TVec, Tensor};

use crate::{
	error::{EvalError, OpError},
	fact::Fact,
};

/// One step of a plan.
///
/// A kernel holds everything that its node fixes (attributes, axes, constant shapes). It is a pure
/// function: the same inputs give the same bytes, whatever the machine or the thread.
pub trait Kernel: Debug + Send + Sync {
	/// The ONNX operator type.
	fn name(&self) -> &'static str;

	/// Types and shapes of the outputs, or why the inputs do not fit.
	///
	/// Built with [`Fact::new`], so that no fact with more than eight dimensions, or with more
	/// bytes than a tensor may have, ever exists.
	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError>;

	/// What one evaluation costs, counted from the facts and never measured.
	///
	/// Scratch memory that [`eval`](Self::eval) takes beyond inputs and outputs belongs in
	/// [`scratch_bytes`](Self::scratch_bytes).
	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs)
	}

	/// Most bytes of scratch memory that [`eval`](Self::eval) holds beside inputs and outputs.
	fn scratch_bytes(&self, _inputs: &[Fact], _outputs: &[Fact]) -> u64 {
		0
	}

	/// Bytes of the constants that the kernel itself holds, packed weights for instance.
	fn constant_bytes(&self) -> u64 {
		0
	}

	/// Computes the outputs.
	///
	/// The inputs have the types and shapes that [`infer`](Self::infer) has seen; the outputs must
	/// have those that it returned. Anything that their *values* can cause is a
	/// [`DomainError`](crate::DomainError), never a panic.
	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError>;
}

/// What a step, or a run, costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
	/// Multiply-accumulates, in padded tiles and with a charge for dependency chains.
	pub macs: u64,
	/// Bytes that the steps read and write.
	pub bytes: u64,
	/// Plan steps.
	pub steps: u32,
	/// Evaluations of exp, ln, tanh, erf, pow, sqrt and their kin.
	pub transcendentals: u64,
}

impl Cost {
	/// One step that reads all its inputs and writes all its outputs once.
	pub fn touching(inputs: &[Fact], outputs: &[Fact]) -> Self {
		let bytes = inputs
			.iter()
			.chain(outputs)
			.map(Fact::bytes)
			.fold(0, u64::saturating_add);
		Self {
			macs: 0,
			bytes,
			steps: 1,
			transcendentals: 0,
		}
	}

	/// The same with this many multiply-accumulates (or other arithmetic operations) more.
	#[must_use]
	pub fn with_macs(mut self, macs: u64) -> Self {
		self.macs = self.macs.saturating_add(macs);
		self
	}

	/// The same with this many evaluations of transcendental functions more.
	#[must_use]
	pub fn with_transcendentals(mut self, count: u64) -> Self {
		self.transcendentals = self.transcendentals.saturating_add(count);
		self
	}

	/// Both, one after the other. Saturates: the caps lie far below.
	#[must_use]
	pub fn plus(self, other: Self) -> Self {
		Self {
			macs: self.macs.saturating_add(other.macs),
			bytes: self.bytes.saturating_add(other.bytes),
			steps: self.steps.saturating_add(other.steps),
			transcendentals: self.transcendentals.saturating_add(other.transcendentals),
		}
	}

	/// One figure to compare with a cap, in units of a multiply-accumulate: a byte counts one, a
	/// transcendental 16, a step 1,024.
	pub fn work(&self) -> u64 {
		self.macs
			.saturating_add(self.bytes)
			.saturating_add(self.transcendentals.saturating_mul(16))
			.saturating_add(u64::from(self.steps).saturating_mul(1024))
	}
}

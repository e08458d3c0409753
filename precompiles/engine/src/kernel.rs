//! What an operator is once it is lowered: a kernel with static facts, a cost and an evaluation.

use std::{any::Any, fmt::Debug, sync::Arc};

use tract_onnx::prelude::{TValue, TVec, Tensor};

use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	panels::Activation,
	DType,
};

/// One step of a plan.
///
/// A kernel holds everything that its node fixes (attributes, axes, constant shapes). It is a pure
/// function: the same inputs give the same bytes, whatever the machine or the thread.
pub trait Kernel: Any + Debug + Send + Sync {
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

	/// Operations that subnormal numbers slow down: products, quotients and roots, as `of_vectors` or
	/// `one_by_one` counts them. Sums, comparisons and conversions take no longer, nor does what
	/// multiplies matrices, whose operands are no such numbers.
	///
	/// Apart from the [cost](Self::cost), for where values are known it is known whether there are any.
	fn subnormals(&self, _inputs: &[Fact], _outputs: &[Fact]) -> u64 {
		0
	}

	/// The [cost](Self::cost) on whatever values.
	fn cost_of_any_values(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		self.cost(inputs, outputs)
			.with_subnormals(self.subnormals(inputs, outputs))
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

	/// The same computation, to the bit, on values whose channels lie last, if there is such a
	/// form for inputs of these facts. The facts are those of the form that this kernel is in now.
	fn channels_last(&self, _inputs: &[Fact]) -> Option<ChannelsLast> {
		None
	}

	/// What this kernel does, if the kernel that makes one of its inputs could do it as it stores
	/// its output.
	fn follow_up(&self, _inputs: &[Fact]) -> Option<FollowUp> {
		None
	}

	/// This kernel and a follow-up on its output in one, equal to both to the bit, if there is such
	/// a kernel. Its inputs are this kernel's and then those that the follow-up names.
	fn followed_by(&self, _next: &FollowUp) -> Option<Arc<dyn Kernel>> {
		None
	}
}

/// The form of a kernel on values of batch, spatial axes and channels, in this order.
///
/// All its outputs are such values too.
#[derive(Debug)]
pub struct ChannelsLast {
	/// The kernel; none if the same one serves.
	pub kernel: Option<Arc<dyn Kernel>>,
	/// Which of the inputs it consumes, and how they must lie.
	pub inputs: Vec<(usize, Layout)>,
	/// Whether it pays to bring the inputs into this layout, if no other kernel has.
	pub demanded: bool,
}

impl ChannelsLast {
	/// A form of an elementwise kernel of this many inputs, which only goes along with others.
	pub fn elementwise(inputs: usize) -> Self {
		Self {
			kernel: None,
			inputs: (0..inputs)
				.map(|index| (index, Layout::ChannelsLast))
				.collect(),
			demanded: false,
		}
	}
}

/// How the axes of an activation lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
	/// As in ONNX: batch, channels, spatial axes.
	Given,
	/// Batch, spatial axes, channels. A constant of lower rank is taken to have leading axes of
	/// length one.
	ChannelsLast,
}

/// What can be done to an output as it is stored.
#[derive(Clone, Debug)]
pub enum FollowUp {
	/// Each element goes through a function.
	Activation(Activation),
	/// A tensor of the same type and shape is added; one more input.
	Add,
	/// One element of a constant is added for each element of the last axis.
	Bias(Arc<Tensor>),
}

/// Multiply-accumulates of a full tile that take as long as one operation that goes element by
/// element: a load at an index, a conversion, a branch, an addition that waits for the one before.
const SCALAR: u64 = 32;

/// Multiply-accumulates that take as long as an element's part of a product, a quotient or a root of
/// vectors of 256 bits where it meets subnormal numbers: processors that leave those to microcode take
/// more than a hundred cycles for a vector.
const SUBNORMAL: u64 = 112;

/// So many operations on elements of this type, in vectors, as [`Kernel::subnormals`] counts them.
pub(crate) fn of_vectors(dtype: DType, count: u64) -> u64 {
	match dtype {
		DType::F32 => count,
		// Half of them fill a vector.
		DType::F64 => count.saturating_mul(2),
		_ => 0,
	}
}

/// The same where each is by itself.
pub(crate) fn one_by_one(dtype: DType, count: u64) -> u64 {
	match dtype {
		DType::F32 | DType::F64 => count.saturating_mul(7),
		_ => 0,
	}
}

/// So many functions of binary64 for each of `count` elements: where elements are of that type, each is
/// a row of products.
pub(crate) fn of_functions(dtype: DType, functions: u64, count: u64) -> u64 {
	match dtype {
		DType::F64 if functions > 0 => of_vectors(
			dtype,
			count.saturating_mul(8 * functions.min(4).saturating_add(1)),
		),
		_ => 0,
	}
}

/// Multiply-accumulates of binary32 that take as long as one of this type.
pub(crate) fn macs_of(dtype: DType) -> u64 {
	match dtype {
		DType::I32 | DType::U32 => 2,
		// Tiles of them do not fit into the registers.
		DType::F64 => 6,
		// No vector instruction multiplies them.
		DType::I64 | DType::U64 => 8,
		_ => 1,
	}
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

	/// The same with this many operations more that go element by element, and not in vectors.
	#[must_use]
	pub fn with_scalars(self, count: u64) -> Self {
		self.with_macs(count.saturating_mul(SCALAR))
	}

	/// The same with what subnormal numbers may add to this many
	/// [operations](Kernel::subnormals).
	#[must_use]
	pub fn with_subnormals(self, operations: u64) -> Self {
		self.with_macs(operations.saturating_mul(SUBNORMAL))
	}

	/// The same with this many bytes more.
	#[must_use]
	pub fn with_bytes(mut self, bytes: u64) -> Self {
		self.bytes = self.bytes.saturating_add(bytes);
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

	/// One figure to compare with a cap, in units of a multiply-accumulate: a byte counts 4, a
	/// transcendental 128, a step 8,192: the order of what they take on a machine with AVX2.
	pub fn work(&self) -> u64 {
		self.macs
			.saturating_add(self.bytes.saturating_mul(4))
			.saturating_add(self.transcendentals.saturating_mul(128))
			.saturating_add(u64::from(self.steps).saturating_mul(8192))
	}
}

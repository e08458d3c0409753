//! Whether a call is part of a block, and what a fault then means.
//!
//! A deterministic failure is a result. An internal fault (a panic, a failed allocation that
//! unwinds, an engine that contradicts itself) is none: a node that went on would vote for a
//! block that it has not computed, or drop a transaction that others include. Substrate turns a
//! panic in a host function into a trap and lives on; so the node wraps its `CodeExecutor`, tells
//! this module what each call is for, and an on-chain fault ends the process.

use std::{
	any::Any,
	cell::Cell,
	fmt,
	panic::{catch_unwind, AssertUnwindSafe},
	sync::OnceLock,
};

use noema_primitives::ModelId;

use super::offchain;
use crate::Status;

const LOG_TARGET: &str = "noema::precompile";

/// What a runtime call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
	/// A block is built or imported: an internal fault aborts the process.
	OnChain,
	/// Anything else, `state_call` included: an internal fault is an error of this call, and only
	/// so many calls may compute at once.
	OffChain,
}

thread_local! {
	static CURRENT: Cell<Option<CallKind>> = const { Cell::new(None) };
}

/// Runs a runtime call on this thread and lets the host functions below it know its kind.
///
/// Calls may nest; the outer kind is restored at the end, also when `call` unwinds.
pub fn with_call_kind<R>(kind: CallKind, call: impl FnOnce() -> R) -> R {
	struct Restore(Option<CallKind>);
	impl Drop for Restore {
		fn drop(&mut self) {
			CURRENT.set(self.0);
		}
	}
	let _restore = Restore(CURRENT.replace(Some(kind)));
	call()
}

/// What the call on this thread is for; `None` outside of a node.
pub(super) fn current() -> Option<CallKind> {
	CURRENT.get()
}

/// What went wrong in a computation.
pub(crate) enum Failure {
	/// A result: the same on every node. [`Status::ModelMissing`] is the one exception, see
	/// [`guarded`].
	Deterministic(Status),
	/// The fault of this machine.
	Internal(String),
}

impl From<Status> for Failure {
	fn from(status: Status) -> Self {
		Self::Deterministic(status)
	}
}

/// What a host function computes, as errors name it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject {
	/// A model.
	Model(ModelId),
	/// One step of a plan, for a referee.
	Step,
}

impl fmt::Display for Subject {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Model(model) => write!(f, "model {model}"),
			Self::Step => f.write_str("a step of a plan"),
		}
	}
}

/// Runs the body of a host function under the rules of the call that it is part of.
///
/// A block that finds no file where its state says that a model is has met a fault, too: a node
/// that holds the plan reads no file and has an answer, so the lack is no result that all agree
/// on.
///
/// Outside of [`with_call_kind`] (test externalities, benchmarks) a fault panics: the caller is no
/// node, so there is no vote to withhold and nobody else to protect.
pub(crate) fn guarded<R>(
	subject: Subject,
	body: impl FnOnce() -> Result<R, Failure>,
) -> Result<R, Status> {
	let kind = CURRENT.get();
	let _permit = match kind {
		Some(CallKind::OffChain) => Some(offchain::acquire().ok_or(Status::Busy)?),
		Some(CallKind::OnChain) | None => None,
	};
	// Substrate's panic hook would end the process for an off-chain call too.
	let _unwind = sp_panic_handler::AbortGuard::force_unwind();
	let fault = match catch_unwind(AssertUnwindSafe(|| {
		if let Subject::Model(model) = &subject {
			injected_fault(model);
		}
		body()
	})) {
		Ok(Ok(result)) => return Ok(result),
		Ok(Err(Failure::Deterministic(Status::ModelMissing)))
			if kind == Some(CallKind::OnChain) =>
		{
			"a part of its file is not in the state".into()
		}
		Ok(Err(Failure::Deterministic(status))) => return Err(status),
		Ok(Err(Failure::Internal(fault))) => fault,
		Err(panic) => panic_message(&*panic),
	};
	log::error!(target: LOG_TARGET, "internal fault in {subject}: {fault}");
	match kind {
		Some(CallKind::OnChain) => {
			// The logger may be asynchronous; this line must not be lost.
			eprintln!(
				"internal fault in {subject} while a block was executed: {fault}. The node \
				 stops rather than vote. Check this machine's memory and report the model."
			);
			std::process::abort()
		}
		Some(CallKind::OffChain) => Err(Status::InternalFault),
		None => panic!("internal fault in {subject}: {fault}"),
	}
}

/// The text of a panic, as far as it has one.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
	panic
		.downcast_ref::<&str>()
		.map(ToString::to_string)
		.or_else(|| panic.downcast_ref::<String>().cloned())
		.unwrap_or_else(|| "a panic without a message".into())
}

static INJECTED: OnceLock<ModelId> = OnceLock::new();

/// Makes every later call of this model panic, to show what a fault does to a node. For
/// development chains; the first call counts.
pub fn inject_fault(model: ModelId) {
	let _ = INJECTED.set(model);
}

fn injected_fault(model: &ModelId) {
	assert!(INJECTED.get() != Some(model), "injected fault");
}

#[cfg(test)]
mod tests {
	use super::*;

	const MODEL: Subject = Subject::Model(ModelId([7; 32]));

	#[test]
	fn kinds_nest_and_are_restored_on_unwind() {
		with_call_kind(CallKind::OnChain, || {
			let unwound = catch_unwind(|| {
				with_call_kind(CallKind::OffChain, || {
					assert_eq!(CURRENT.get(), Some(CallKind::OffChain));
					panic!("out");
				});
			});
			assert!(unwound.is_err());
			assert_eq!(CURRENT.get(), Some(CallKind::OnChain));
		});
		assert_eq!(CURRENT.get(), None);
	}

	#[test]
	fn an_offchain_fault_is_an_error_of_the_call() {
		offchain::set_offchain_limit(64);
		let result = with_call_kind(CallKind::OffChain, || {
			guarded(MODEL, || -> Result<usize, Failure> { panic!("broken") })
		});
		assert_eq!(result, Err(Status::InternalFault));
		let internal = || Err::<usize, _>(Failure::Internal("broken".into()));
		let result = with_call_kind(CallKind::OffChain, || guarded(MODEL, internal));
		assert_eq!(result, Err(Status::InternalFault));
	}

	#[test]
	fn a_deterministic_failure_is_a_result_of_every_kind() {
		offchain::set_offchain_limit(64);
		let body = || Err::<usize, _>(Status::DivisionByZero.into());
		assert_eq!(guarded(MODEL, body), Err(Status::DivisionByZero));
		for kind in [CallKind::OnChain, CallKind::OffChain] {
			let result = with_call_kind(kind, || guarded(MODEL, body));
			assert_eq!(result, Err(Status::DivisionByZero));
		}
	}

	#[test]
	#[should_panic = "broken"]
	fn a_fault_outside_of_a_node_panics() {
		let _ = guarded(MODEL, || -> Result<usize, Failure> { panic!("broken") });
	}

	/// Runs `body` in a child that is the test `name` itself, and says whether it was aborted:
	/// `abort` ends it by a signal, and no exit code is left.
	fn aborts(name: &str, body: impl FnOnce()) -> bool {
		const CHILD: &str = "NOEMA_TEST_ABORT_CHILD";
		if std::env::var_os(CHILD).is_some() {
			body();
			return true;
		}
		let child = std::process::Command::new(std::env::current_exe().unwrap())
			.args(["--exact", &format!("host::call_kind::tests::{name}")])
			.env(CHILD, "1")
			.output()
			.unwrap();
		child.status.code().is_none()
	}

	#[test]
	fn an_onchain_fault_aborts_the_process() {
		assert!(aborts("an_onchain_fault_aborts_the_process", || {
			let _ = with_call_kind(CallKind::OnChain, || {
				guarded(MODEL, || -> Result<usize, Failure> { panic!("broken") })
			});
		}));
	}

	#[test]
	fn a_file_that_a_block_does_not_find_aborts_the_process() {
		let missing = || guarded(MODEL, || Err::<usize, _>(Status::ModelMissing.into()));
		assert!(aborts(
			"a_file_that_a_block_does_not_find_aborts_the_process",
			|| {
				let _ = with_call_kind(CallKind::OnChain, missing);
			}
		));
		assert_eq!(missing(), Err(Status::ModelMissing));
		offchain::set_offchain_limit(64);
		let result = with_call_kind(CallKind::OffChain, missing);
		assert_eq!(result, Err(Status::ModelMissing));
	}
}

//! Tells the node of each computation, for its metrics.
//!
//! The precompile counts nothing by itself and knows no library of metrics: it calls what the node
//! has registered, on the thread that computed, once the result is settled. What the observer sees
//! has no way back into a result.

use std::{fmt, sync::OnceLock, time::Duration};

use noema_primitives::Cost;

use super::call_kind::{current, CallKind};
use crate::Status;

/// What was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
	/// What admission finds of a file.
	Admission,
	/// A run of a model.
	Inference,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
	/// With an answer.
	Answered,
	/// With a deterministic failure, or without the file that it wanted.
	Failed,
	/// It was not begun: too many calls that belong to no block ran.
	Refused,
	/// By a fault of this machine. In a block that ends the process, so nobody is told of it.
	Faulted,
}

/// A run of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ran {
	/// How long it took.
	pub took: Duration,
	/// The cost that it is charged by.
	pub cost: Cost,
}

/// A computation that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed {
	/// What was computed.
	pub work: Work,
	/// What the call was for.
	pub kind: CallKind,
	/// How it ended.
	pub outcome: Outcome,
	/// The engine's run, if it came to one.
	pub ran: Option<Ran>,
}

/// Hears of computations. It is called in the middle of blocks, so it must be quick and must not
/// panic.
pub type Observer = Box<dyn Fn(&Observed) + Send + Sync>;

struct Registered(Observer);

impl fmt::Debug for Registered {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str("Registered")
	}
}

static OBSERVER: OnceLock<Registered> = OnceLock::new();

/// Registers the observer of this process. False if it has one already, which stays.
pub fn observe(observer: Observer) -> bool {
	OBSERVER.set(Registered(observer)).is_ok()
}

/// Tells the observer, if there is one and the computation was a node's.
pub(super) fn notify<T>(work: Work, result: &Result<T, Status>, ran: Option<Ran>) {
	let (Some(Registered(observer)), Some(kind)) = (OBSERVER.get(), current()) else {
		return;
	};
	observer(&Observed {
		work,
		kind,
		outcome: outcome(result),
		ran,
	});
}

const fn outcome<T>(result: &Result<T, Status>) -> Outcome {
	match result {
		Ok(_) => Outcome::Answered,
		Err(Status::Busy) => Outcome::Refused,
		Err(Status::InternalFault) => Outcome::Faulted,
		Err(_) => Outcome::Failed,
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::host::with_call_kind;
	use parking_lot::Mutex;

	static SEEN: Mutex<Vec<Observed>> = Mutex::new(Vec::new());

	#[test]
	fn outcomes_are_told_apart() {
		assert_eq!(outcome(&Ok(0)), Outcome::Answered);
		for (status, expected) in [
			(Status::Busy, Outcome::Refused),
			(Status::InternalFault, Outcome::Faulted),
			(Status::DivisionByZero, Outcome::Failed),
			(Status::ModelMissing, Outcome::Failed),
		] {
			assert_eq!(outcome::<()>(&Err(status)), expected);
		}
	}

	#[test]
	fn the_observer_hears_of_a_nodes_computations_only() {
		let ran = Ran {
			// No other test's.
			took: Duration::from_nanos(987_654_321),
			cost: Cost::default(),
		};
		observe(Box::new(|observed| SEEN.lock().push(*observed)));
		assert!(!observe(Box::new(|_| ())), "there is one");
		notify(Work::Inference, &Ok(()), Some(ran));
		with_call_kind(CallKind::OnChain, || {
			notify(Work::Inference, &Ok(()), Some(ran));
		});
		let mut seen = SEEN.lock().clone();
		seen.retain(|observed| observed.ran == Some(ran));
		assert_eq!(
			seen,
			[Observed {
				work: Work::Inference,
				kind: CallKind::OnChain,
				outcome: Outcome::Answered,
				ran: Some(ran),
			}]
		);
	}
}

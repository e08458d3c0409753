//! A thread whose rounding another library has changed computes the profile's bits, or nothing.

use std::panic::{catch_unwind, AssertUnwindSafe};

use no_denormals::no_denormals;
use noema_engine::{conformance::networks::networks, self_test, Engine, Profile1, RunError};

/// Calls `f` with the processor's flush bits set: MXCSR's FTZ and DAZ, or FPCR's FZ.
#[allow(unsafe_code)]
fn flushing<R>(f: impl FnOnce() -> R) -> R {
	// SAFETY: rustc assumes that the bits are not set. What runs under them here is what would in a
	// process where another library had set them, which is the subject of these tests; the bits are
	// put back before the function returns.
	unsafe { no_denormals(f) }
}

fn is_fault<T: std::fmt::Debug>(result: Result<T, RunError>) -> bool {
	match result {
		Err(RunError::Internal { reason }) => reason.contains("subnormal"),
		other => panic!("{other:?}"),
	}
}

#[test]
fn a_run_is_an_internal_fault() {
	let case = &networks()[0].case;
	let plan = Profile1.build(&case.file).unwrap();
	let expected = Profile1.run(&plan, &case.inputs).unwrap();
	assert!(is_fault(flushing(|| Profile1.run(&plan, &case.inputs))));
	assert_eq!(Profile1.run(&plan, &case.inputs).unwrap(), expected);
}

#[test]
fn a_build_is_an_internal_fault() {
	let case = &networks()[0].case;
	let outcome = flushing(|| catch_unwind(AssertUnwindSafe(|| Profile1.build(&case.file))));
	assert!(outcome.is_err(), "a plan was built with folded constants");
	assert!(Profile1.build(&case.file).is_ok());
}

#[test]
fn the_self_test_is_an_internal_fault() {
	assert!(is_fault(flushing(self_test)));
	self_test().unwrap();
}

#[test]
fn other_threads_compute_on() {
	let case = &networks()[0].case;
	let run = || {
		let plan = Profile1.build(&case.file).unwrap();
		Profile1.run(&plan, &case.inputs).unwrap()
	};
	let expected = run();
	let (to_worker, requests) = std::sync::mpsc::channel();
	let (to_test, answers) = std::sync::mpsc::channel();
	std::thread::scope(|scope| {
		// Begun before the bits are set: a new thread takes over those of its parent.
		scope.spawn(move || {
			for () in requests {
				to_test.send(run()).unwrap();
			}
		});
		flushing(|| {
			to_worker.send(()).unwrap();
			assert_eq!(answers.recv().unwrap(), expected);
		});
		drop(to_worker);
	});
}

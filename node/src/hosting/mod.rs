//! The worker of a host: answers jobs, and challenges wrong answers.
//!
//! ```text
//!   finalised block --> chain (runtime API) --> duty: what is to be done in this job, and by when
//!                                                |  needs a trace          |  has it
//!                                                v                         v
//!                                        bench (bounded pool) ----> paper: the calls, blobs first
//!                                                                          |
//!                                        pool of transactions <---- sender: nonces, tips, what is stuck
//! ```
//!
//! * [`duty`] decides from the state of a job alone, as it is final: a pure function,
//! * [`mod@bench`] runs models, traced, and finds what the referee must be given,
//! * [`paper`] makes the calls,
//! * [`sender`] signs them and sees to it that they get into blocks,
//! * [`key`] holds the account's key, and the salts of its commitments,
//! * [`conduct`] is what an honest host does with its trace: nothing but to claim it.
//!
//! The chain is the worker's only memory. A salt is a verifiable random function of the job under the
//! host's key, so that a worker that starts anew, in whatever phase, finds its commitment again, commits
//! to nothing else, and reveals no earlier than one that never stopped.

pub mod bench;
pub mod chain;
pub mod conduct;
pub mod duty;
pub mod funds;
pub mod key;
pub mod metrics;
pub mod paper;
pub mod sender;
pub mod worker;

use noema_primitives::JobId;

pub use key::HostKey;
pub use worker::{Setup, Worker};

/// The target of the worker's log lines.
pub(crate) const LOG_TARGET: &str = "hosting";

/// What names a job in log lines.
pub(crate) fn name(id: JobId) -> String {
	format!("job {id}")
}

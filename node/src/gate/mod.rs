//! Whether this machine can validate.
//!
//! Every validator computes every inference again, within the slot: one that is too slow loses its
//! blocks and holds up those of others, one that is too small is killed in the middle of a block,
//! and one that computes other bits is on a fork of its own. So a node measures its machine before
//! it validates.
//!
//! ```text
//!   measure (arithmetic, golden vectors, instruction sets, memory, speed)
//!      |                                         +-- start: refuses an authority, warns others
//!      v                                         |
//!   Measured --+--> judge (pure) --> Vec<Check> -+
//!   Required --+                                 |
//!                                                +-- report: `noema-node check`, table or JSON
//! ```
//!
//! * [`judge`](mod@judge): what is required, and how far a machine falls [short](Shortfall) of it,
//! * [`measure`]: finds out what a machine is,
//! * [`start`]: what a node does about it,
//! * [`report`]: what the command prints.
//!
//! On development and local chains nothing is timed, memory is that of the machine rather than what
//! is free of it now, and `--force` passes over what falls short. Nothing passes over other bits.

pub mod judge;
pub mod measure;
pub mod report;
pub mod start;

pub use judge::{judge, Check, Measured, Required, Shortfall};
pub use report::CheckCmd;
pub use start::{pass, GateError};

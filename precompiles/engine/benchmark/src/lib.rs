//! Measures the engine on this machine, and fits the coefficients that make weight of the cost of a
//! run.
//!
//! ```text
//!   zoo (models, built in) --+
//!                            +--> measure (cold, one thread) --> fit (linear programme) --> table
//!   --model FILE ------------+                                          |
//!                                                                       +--> weights_file --output
//! ```
//!
//! `ref_time` is linear in the four figures of a [`Cost`](noema_engine::Cost), so the tightest
//! coefficients that charge no measured model less than it takes are the solution of a linear
//! programme. A model's cost is counted from its graph and never measured: what this crate finds
//! out enters the chain through the file that it writes, by a runtime upgrade.
//!
//! The crate knows the engine, and nothing of Substrate.

pub mod command;
pub mod fit;
pub mod machine;
pub mod measure;
pub mod table;
pub mod weights_file;
pub mod zoo;

pub use command::{EngineCmd, Error};
pub use fit::Coefficients;

/// The runtime's coefficients, which the command has written.
#[cfg(test)]
#[path = "../../../../runtime/src/weights/inference_coefficients.rs"]
mod in_use;

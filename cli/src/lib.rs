//! The tool of dapp developers: look into ONNX models, run them here, register them on a Noema
//! chain, call them in blocks, read the receipts.
//!
//! ```text
//!   args --> commands --+--> inputs ----> tensor <---- outputs (table, JSON, .npy, top-k)
//!                       |                   |
//!                       +--> model (engine: inspect and run, no chain)
//!                       +--> conformance (engine: test cases of the ONNX backend tests)
//!                       +--> chain (JSON-RPC: upload, infer, quote, receipt)
//!                       +--> keys (secret URI, keystore)
//! ```
//!
//! The binary `noema` is [`run`]; everything else is here so that programs and tests can use it.
//! The crate speaks to a chain only by RPC and never links the node or the runtime: calls are
//! encoded by the chain's own metadata.

// With these a file would be a model here that is none on the chain.
#[cfg(noema_lifted_caps)]
compile_error!("noema_lifted_caps is for measurements of the engine alone");

pub mod amount;
pub mod args;
pub mod chain;
pub mod commands;
pub mod conformance;
pub mod error;
pub mod hex_bytes;
pub mod inputs;
pub mod keys;
pub mod model;
pub mod outputs;
pub mod progress;
pub mod release;
pub mod tensor;

pub use commands::run;
pub use error::Error;

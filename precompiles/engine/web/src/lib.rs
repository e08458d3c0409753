//! The engine in a browser: a model's bytes and inputs give the outputs, and the hashes by which a
//! receipt of the chain names model, inputs and outputs.
//!
//! The module imports nothing, needs no bindings, and talks through one buffer of bytes:
//!
//! ```text
//!   buffer(len) -> where to write a file; load() -> the model is built, what it is in the buffer
//!   buffer(len) -> where to write inputs; infer() -> outputs and hashes, as JSON, in the buffer
//!   after each: result() -> where the text is, result_len() -> its length; 0 is success
//! ```
//!
//! `page/engine.mjs` wraps that for JavaScript.

// With these a file would be a model here that is none on the chain.
#[cfg(noema_lifted_caps)]
compile_error!("noema_lifted_caps is for measurements of the engine alone");

pub mod exports;
mod session;
mod tensor;

pub use session::{Answer, Session, SessionError};
pub use tensor::{hash_tensors, Tensor};

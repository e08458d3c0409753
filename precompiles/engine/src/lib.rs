//! Deterministic ONNX inference on tract's graph and executor.
//!
//! The same model and the same input give the same bytes on every processor: kernels are this
//! crate's own, in the order of operations that `docs/numerics.md` fixes as numerics profile 1,
//! and no stock operator, analyser or optimiser of tract ever runs.
//!
//! ```text
//!   bytes --scan--> counted --prost--> ModelProto --guard--> Model --import--> steps
//!         (scan.rs)                              (guard.rs)  (import.rs)         |
//!                                  Plan <--emit-- steps as they run <--passes----+
//!                                      (emit.rs)                   (passes/)
//!
//!   import: lower node by node (ops/), fold what is constant with the same kernels, drop dead
//!           nodes, count bytes and work       limits.rs: every cap       error.rs: every refusal
//!   passes: fold normalisation into convolutions, then layout, packing and fusion, to the bit
//! ```
//!
//! A run also has a *trace*: what each canonical step makes, hashed. [`trace`] makes it, describes
//! the steps, and runs one of them alone from its description, so that a chain can find out which
//! of two traces is wrong by one step.
//!
//! A model is an attack until it is admitted, and inputs are an attack too: every file gives a
//! [`Plan`] or a [`ModelError`], every input gives outputs or a [`RunError`], and nothing is
//! allocated before it is counted. Faults of the machine (a panic, an allocation that fails) are
//! the caller's to catch: see [`RunError::Internal`].
//!
//! The crate knows nothing of Substrate and also builds for `wasm32` and `aarch64`.

#[cfg(target_endian = "big")]
compile_error!("noema-engine needs a little-endian target");
#[cfg(target_arch = "x86")]
compile_error!("noema-engine needs SSE2 arithmetic: 32-bit x86 may round twice");

pub mod attrs;
pub mod broadcast;
pub mod conformance;
pub mod dtype;
pub mod emit;
pub mod engine;
pub mod environment;
pub mod error;
pub mod fact;
pub mod guard;
pub mod import;
pub mod kernel;
pub mod limits;
pub mod linalg;
pub mod math;
pub mod operand;
pub mod ops;
pub mod panels;
pub mod passes;
pub mod scan;
pub mod select;
pub mod self_test;
pub mod simd;
pub mod storage;
pub mod tensor;
pub mod trace;
pub mod value;

#[cfg(test)]
mod testing;

pub use dtype::DType;
pub use engine::{Engine, Plan, Profile1, Report};
pub use error::{DomainError, ModelError, RunError};
pub use kernel::Cost;
pub use self_test::self_test;
pub use simd::Isa;
pub use value::{TensorSchema, Value};

//! The types that cross Noema's crates.
//!
//! * [`tensor`]: the typed tensor of calls, receipts and the precompile's wire format,
//! * [`schema`]: whether tensors are those that a model takes,
//! * [`model`]: how a model is named, what admission finds out about it, where its bytes lie,
//! * [`inference`]: releases, receipts and quotes of lane 1,
//! * [`trace`]: what a run leaves behind, so that one wrong step can be proven wrong,
//! * [`hosting`] and [`jobs`]: stake behind models, and inference off the block,
//! * [`backend`]: the seams at which pallets reach the engine and each other,
//! * [`api`]: the runtime API traits that the node's RPC and background work use.
//!
//! ```text
//!   pallet-models ----+                      +--> noema-node (RPC, prefetch)
//!                     +--> noema-primitives -+
//!   pallet-inference -+                      +--> precompiles/inference <-- engine
//! ```
//!
//! The crate knows no other crate of Noema and builds without `std`.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod api;
pub mod backend;
pub mod hosting;
pub mod inference;
pub mod jobs;
pub mod model;
pub mod schema;
pub mod tensor;
pub mod trace;

pub use backend::{
	InferError, InferenceProvider, ModelAdmission, ModelExecutor, ModelRegistry, ReleaseCost,
	ResolveError, ResolvedRelease,
};
pub use inference::{
	DryRun, InferenceOutcome, Quote, Receipt, ReceiptId, ReleaseId, ReleaseInfo, ReleaseName,
	ReleaseVersion, RunCost,
};
pub use jobs::JobId;
pub use model::{
	Cost, ModelId, ModelInfo, ModelLocation, ModelReport, ModelStage, Refusal, RefusalCode,
	TensorSchema, WorkItem, WorkStage, CHUNK_SIZE, PROFILE_1,
};
pub use tensor::{DType, Name, NamedTensor, Shape, Tensor, TensorData};
pub use trace::{Leaf, PlanCommitment, StepSpec, TensorDigest};

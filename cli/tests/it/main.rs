//! End to end: the built `noema-node` and the built `noema`, over the wire.
//!
//! The node's binary is `NOEMA_NODE`, or `noema-node` beside the tool's: build it first with
//! `cargo build --release -p noema-node`.

mod bad_input;
mod conformance;
mod digits;
mod fault;
mod hosting;
mod jobs;
mod network;
mod node;
mod onnx;
mod pool;
mod restart;
mod tool;

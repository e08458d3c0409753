//! One table: Noema, stock tract, tract in Wasm and onnxruntime on the same networks, on one core.
//!
//! ```text
//! noema-benches MODELS [OPTIONS] [NAME]...
//! ```
//!
//! `MODELS` is a folder as `models.py` writes it. Each engine holds the network in a process of its
//! own (see the crate's documentation), all of them on the same core. A round runs each engine once,
//! long enough to be timed well, in an order that turns from round to round; what is compared are the
//! medians over the rounds. Machines differ and are never quite at rest, so read the ratios.
//!
//! The tables are Markdown, and can go into the documentation as they are.

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
mod compare;
#[cfg(not(target_arch = "wasm32"))]
mod peak;
#[cfg(not(target_arch = "wasm32"))]
mod runner;
#[cfg(not(target_arch = "wasm32"))]
mod table;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::io::Result<()> {
	table::main()
}

//! Writes `docs/operators.md`.
//!
//! ```text
//! cargo run --release -p noema-engine --example operators
//! ```

use noema_engine::conformance::{golden::GOLDEN, operators_page::page};

const SUITE: &str = include_str!("../tests/onnx-suite.txt");

fn main() -> Result<(), Box<dyn std::error::Error>> {
	let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operators.md");
	std::fs::write(path, page(GOLDEN, SUITE)?)?;
	println!("wrote {path}");
	Ok(())
}

//! Cases that every machine must compute alike.
//!
//! ```text
//!   catalog (a case of each operator) --+--> golden (hashes of all of it, checked at start)
//!   networks (small, random weights) ---+
//!        |
//!        +--> random_graph (compositions, compared between instruction sets)
//! ```
//!
//! All is drawn from fixed seeds, so that only hashes need to be stored.

pub mod catalog;
pub mod draft;
pub mod golden;
pub mod graph;
pub mod networks;
pub mod operators_page;
pub mod random;
pub mod random_graph;
pub mod trace;

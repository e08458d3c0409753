//! Noema with several nodes.

mod finality;
mod inference;
mod late_nodes;

//! What the engine does with whole files: it runs honest ones, refuses hostile ones with the
//! reason, and panics on none.

mod bombs;
mod differential;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod environment;
mod hostile;
mod hostile_operators;
mod models;
mod mutants;
mod mutations;
mod operators;
mod refusals;
mod runs;

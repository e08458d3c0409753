//! What the engine does with whole files: it runs honest ones, refuses hostile ones with the
//! reason, and panics on none.

mod hostile;
mod models;
mod mutations;
mod operators;
mod refusals;
mod runs;

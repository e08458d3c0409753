//! One file for each behaviour; `mock` is the runtime, `world` what stands around jobs in it, `fake` a
//! model whose steps a referee can run.

mod fake;
mod life;
pub(crate) mod mock;
mod world;

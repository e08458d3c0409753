//! One file for each behaviour; `mock` is the runtime, `world` what stands around jobs in it, `fake` a
//! model whose steps a referee can run, and `actors` play whole jobs.

mod actors;
mod fake;
pub(crate) mod mock;
mod world;

mod blobs;
mod byzantine;
mod callback;
mod clock;
mod draw;
mod life;
mod phases;
mod referee;
mod request;

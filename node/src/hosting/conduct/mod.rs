//! What a host makes of its trace and of its duties.
//!
//! An honest one claims what it has computed and does what is due. The feature `byzantine` puts another
//! conduct in its place, for tests of what the chain does to those who cheat: no release is built with it.

#[cfg(feature = "byzantine")]
mod byzantine;
#[cfg(not(feature = "byzantine"))]
mod honest;

#[cfg(feature = "byzantine")]
pub use byzantine::{Conduct, Misdeed};
#[cfg(not(feature = "byzantine"))]
pub use honest::Conduct;

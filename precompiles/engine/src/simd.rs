//! The same source, compiled for each instruction set that the machine may have.
//!
//! Wider registers change how many output elements are in flight, never the order in which one of
//! them is computed, and rustc neither contracts a multiply and an add nor reassociates: the bits
//! stay the same. [`force`] and [`with_isa`] choose a lower instruction set than the best, so that
//! this can be checked.
//!
//! Kernels whose register tiles rustc would not find by itself are generic over the vector type
//! ([`Kernel`]), and use `+`, `*`, comparisons and selections of it only: fused and relaxed
//! operations, maxima and minima differ between processors.

use std::{cell::Cell, fmt, str::FromStr, sync::OnceLock};

use fearless_simd::{dispatch, Level, Simd, SimdBase};

/// An instruction set that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Isa {
	/// No vector types and no register tiles. On a target whose baseline has vectors, the compiler
	/// may still use them where it proves that no bit changes.
	Scalar,
	/// 128-bit vectors of x86-64: its baseline.
	Sse2,
	/// 256-bit vectors of x86-64 (x86-64-v3). Fused multiply-adds, which come with it, are not used.
	Avx2,
	/// 512-bit vectors of x86-64, from Ice Lake on.
	Avx512,
	/// 128-bit vectors of aarch64.
	Neon,
	/// 128-bit vectors of wasm32; chosen when the engine is compiled.
	Simd128,
}

/// Why an instruction set cannot be chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IsaError {
	/// The machine, or the target that the engine is compiled for, does not have it.
	#[error("this machine does not have {isa}; it has {}", names(&Isa::available()))]
	Unavailable {
		/// What was asked for.
		isa: Isa,
	},
	/// Another one is in use, or was forced before.
	#[error("cannot change to {isa}: {used} is in use; force it before the first build or run")]
	InUse {
		/// What was asked for.
		isa: Isa,
		/// What the process uses.
		used: Isa,
	},
	/// No instruction set has this name.
	#[error("no instruction set `{name}`: the names are {}", names(&Isa::ALL))]
	Unknown {
		/// The name.
		name: String,
	},
}

impl Isa {
	/// All of them, narrow ones first.
	pub const ALL: [Self; 6] = [
		Self::Scalar,
		Self::Sse2,
		Self::Avx2,
		Self::Avx512,
		Self::Neon,
		Self::Simd128,
	];

	/// The name, as command lines spell it.
	pub const fn name(self) -> &'static str {
		match self {
			Self::Scalar => "scalar",
			Self::Sse2 => "sse2",
			Self::Avx2 => "avx2",
			Self::Avx512 => "avx512",
			Self::Neon => "neon",
			Self::Simd128 => "simd128",
		}
	}

	/// Those that this machine has, narrow ones first.
	pub fn available() -> Vec<Self> {
		let has = |isa: &Self| isa.level().is_some();
		Self::ALL.into_iter().filter(has).collect()
	}

	/// The widest that this machine has.
	pub fn best() -> Self {
		let has = |isa: &Self| isa.level().is_some();
		Self::ALL
			.into_iter()
			.rev()
			.find(has)
			.unwrap_or(Self::Scalar)
	}

	/// `fearless_simd`'s proof that the machine has it.
	fn level(self) -> Option<Level> {
		match self {
			Self::Scalar => Some(Level::fallback()),
			#[cfg(target_arch = "x86_64")]
			Self::Sse2 => Level::new().as_sse2().map(Level::Sse2),
			#[cfg(target_arch = "x86_64")]
			Self::Avx2 => Level::new().as_avx2().map(Level::Avx2),
			#[cfg(target_arch = "x86_64")]
			Self::Avx512 => Level::new().as_avx512().map(Level::Avx512),
			#[cfg(target_arch = "aarch64")]
			Self::Neon => Level::new().as_neon().map(Level::Neon),
			#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
			Self::Simd128 => Level::new().as_wasm_simd128().map(Level::WasmSimd128),
			#[allow(unreachable_patterns)] // which ones are left depends on the target
			_ => None,
		}
	}

	/// The same, or why not.
	fn proof(self) -> Result<(Self, Level), IsaError> {
		self.level()
			.map(|level| (self, level))
			.ok_or(IsaError::Unavailable { isa: self })
	}
}

impl fmt::Display for Isa {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(self.name())
	}
}

impl FromStr for Isa {
	type Err = IsaError;

	fn from_str(name: &str) -> Result<Self, IsaError> {
		let named = |isa: &Self| isa.name() == name;
		Self::ALL
			.into_iter()
			.find(named)
			.ok_or_else(|| IsaError::Unknown { name: name.into() })
	}
}

fn names(isas: &[Isa]) -> String {
	let names: Vec<&str> = isas.iter().map(|isa| isa.name()).collect();
	names.join(", ")
}

/// What the process uses, once it has been forced or first been needed.
static PROCESS: OnceLock<(Isa, Level)> = OnceLock::new();

thread_local! {
	/// What this thread uses instead, inside of [`with_isa`].
	static THREAD: Cell<Option<(Isa, Level)>> = const { Cell::new(None) };
}

/// Makes the process use this instruction set, instead of the best, from its first run on.
///
/// To be called once, before anything is built or run. Calling it again with the same instruction
/// set does nothing.
pub fn force(isa: Isa) -> Result<(), IsaError> {
	let proof = isa.proof()?;
	let used = PROCESS.get_or_init(|| proof).0;
	if used == isa {
		Ok(())
	} else {
		Err(IsaError::InUse { isa, used })
	}
}

/// Calls `f` with another instruction set on this thread only, for comparing them in one process.
/// A plan built inside runs anywhere: its packed constants are the same for all.
pub fn with_isa<R>(isa: Isa, f: impl FnOnce() -> R) -> Result<R, IsaError> {
	/// Puts back what was there before, also if `f` panics.
	struct Restore(Option<(Isa, Level)>);
	impl Drop for Restore {
		fn drop(&mut self) {
			THREAD.set(self.0);
		}
	}
	let proof = isa.proof()?;
	let _restore = Restore(THREAD.replace(Some(proof)));
	Ok(f())
}

fn current() -> (Isa, Level) {
	THREAD.get().unwrap_or_else(|| {
		*PROCESS.get_or_init(|| {
			let isa = Isa::best();
			(isa, isa.level().unwrap_or_else(Level::fallback))
		})
	})
}

/// The instruction set that this thread uses.
pub fn isa() -> Isa {
	current().0
}

/// Its proof, for kernels that dispatch by themselves: `dispatch!(level(), simd => ...)`.
pub fn level() -> Level {
	current().1
}

/// Runs `f` compiled for the instruction set in use.
///
/// `f`, and all that it calls in its hot loops, must be `#[inline(always)]`.
#[inline]
pub fn vectorized<R>(f: impl FnOnce() -> R) -> R {
	dispatch!(level(), _simd => f())
}

/// The same for an `f` that chooses the size of its register tiles by the number of binary32 lanes
/// of a vector register: 4, 8 or 16, or 1 on the scalar path, which has no tiles.
#[inline]
pub fn vectorized_by_lanes<R>(f: impl FnOnce(usize) -> R) -> R {
	let (isa, level) = current();
	if isa == Isa::Scalar {
		return f(1);
	}
	dispatch!(level, simd => f(lanes(simd)))
}

/// A computation that is generic over the vectors of the machine.
pub trait Kernel {
	/// What it gives.
	type Output;

	/// Computes with vectors of `S`. Must be `#[inline(always)]`, like all that it calls in its hot
	/// loops.
	fn run<S: Simd>(self, simd: S) -> Self::Output;

	/// Computes element by element, as the rule says: what all vectors must equal.
	fn run_scalar(self) -> Self::Output;
}

/// Runs a computation with the vectors of the instruction set in use, or without.
#[inline]
pub fn run<K: Kernel>(kernel: K) -> K::Output {
	let (isa, level) = current();
	if isa == Isa::Scalar {
		return kernel.run_scalar();
	}
	dispatch!(level, simd => kernel.run(simd))
}

#[inline(always)]
fn lanes<S: Simd>(_: S) -> usize {
	S::f32s::LEN
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn names_round_trip() {
		for isa in Isa::ALL {
			assert_eq!(isa.name().parse(), Ok(isa));
		}
		let error = "mmx".parse::<Isa>().unwrap_err();
		assert!(error.to_string().contains("avx512"), "{error}");
	}

	#[test]
	fn the_best_is_available_and_scalar_always_is() {
		let available = Isa::available();
		assert_eq!(available.first(), Some(&Isa::Scalar));
		assert_eq!(available.last(), Some(&Isa::best()));
	}

	#[test]
	fn a_thread_can_use_another_and_gets_its_own_back() {
		let before = isa();
		for other in Isa::available() {
			let (inner, lanes) =
				with_isa(other, || (isa(), vectorized_by_lanes(|lanes| lanes))).unwrap();
			assert_eq!(inner, other);
			let expected = match other {
				Isa::Scalar => 1,
				Isa::Sse2 | Isa::Neon | Isa::Simd128 => 4,
				Isa::Avx2 => 8,
				Isa::Avx512 => 16,
			};
			assert_eq!(lanes, expected);
			assert_eq!(isa(), before);
		}
		let panicked = std::panic::catch_unwind(|| with_isa(Isa::Scalar, || panic!("on purpose")));
		assert!(panicked.is_err());
		assert_eq!(isa(), before);
	}

	#[test]
	fn what_the_machine_lacks_is_refused() {
		for isa in Isa::ALL {
			if !Isa::available().contains(&isa) {
				assert_eq!(force(isa), Err(IsaError::Unavailable { isa }));
				assert_eq!(with_isa(isa, || ()), Err(IsaError::Unavailable { isa }));
			}
		}
	}

	#[test]
	fn what_is_in_use_stays() {
		let used = isa();
		assert_eq!(force(used), Ok(()));
		for isa in Isa::available() {
			if isa != used {
				assert_eq!(force(isa), Err(IsaError::InUse { isa, used }));
			}
		}
	}
}

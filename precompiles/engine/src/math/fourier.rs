//! The discrete Fourier transform, in binary64.

use super::{cos, sin};

/// `exp(-2πi k / n)` for k from 0 to n - 1, as cosines and sines of `(2π k) / n`.
///
/// The angle is brought to [0, π/4] by k alone, so that quarters of a turn are exact.
pub fn twiddles(n: usize) -> Vec<(f64, f64)> {
	const TURN: f64 = 2.0 * std::f64::consts::PI;
	let angle = |k: u64| TURN * k as f64 / n as f64;
	(0..n as u64)
		.map(|k| {
			let n = n as u64;
			// Mirrored at half a turn, at a quarter, at an eighth.
			let (k, below) = if 2 * k > n { (n - k, true) } else { (k, false) };
			let (k8, left) = if 4 * k > n {
				(n - 2 * k, true)
			} else {
				(2 * k, false)
			};
			// k8 is twice the index now, so that odd n stay whole.
			let (c, s) = if 4 * k8 > n {
				let rest = angle(n - 2 * k8) / 4.0;
				(sin(rest), cos(rest))
			} else {
				let rest = angle(k8) / 2.0;
				(cos(rest), sin(rest))
			};
			let c = if left { -c } else { c };
			(c, if below { s } else { -s })
		})
		.collect()
}

/// Transforms a sequence of complex numbers in place; `work` is as long.
///
/// Powers of two by decimation in time, from pairs of neighbours up: with the sequence in bit-reversed
/// order, `(a, b)` becomes `(a + w b, a - w b)`, `w b` being two products and a difference, and two
/// products and a sum. Other lengths by the definition, each sum ascending from +0. `inverse` takes
/// the conjugate twiddles and divides by n at the end.
pub fn transform(
	x: &mut Vec<(f64, f64)>,
	work: &mut Vec<(f64, f64)>,
	twiddles: &[(f64, f64)],
	inverse: bool,
) {
	let n = x.len();
	let twiddle = |k: usize| {
		let (c, s) = twiddles[k];
		(c, if inverse { -s } else { s })
	};
	let times = |(a, b): (f64, f64), (c, d): (f64, f64)| (a * c - b * d, a * d + b * c);
	work.clear();
	if n.is_power_of_two() {
		let bits = n.trailing_zeros();
		let reversed = |i: usize| {
			if bits == 0 {
				0
			} else {
				i.reverse_bits() >> (usize::BITS - bits)
			}
		};
		work.extend((0..n).map(|i| x[reversed(i)]));
		let mut half = 1;
		while half < n {
			for block in work.chunks_exact_mut(2 * half) {
				let (low, high) = block.split_at_mut(half);
				for (k, (a, b)) in low.iter_mut().zip(high).enumerate() {
					let turned = times(*b, twiddle(k * (n / (2 * half))));
					let sum = (a.0 + turned.0, a.1 + turned.1);
					*b = (a.0 - turned.0, a.1 - turned.1);
					*a = sum;
				}
			}
			half *= 2;
		}
	} else {
		for k in 0..n {
			let mut sum = (0.0, 0.0);
			let mut at = 0;
			for x in x.iter() {
				let term = times(*x, twiddle(at));
				sum = (sum.0 + term.0, sum.1 + term.1);
				at = (at + k) % n;
			}
			work.push(sum);
		}
	}
	if inverse {
		for (re, im) in work.iter_mut() {
			*re /= n as f64;
			*im /= n as f64;
		}
	}
	std::mem::swap(x, work);
}

/// What a transform of n numbers costs, in multiply-accumulates.
pub fn macs(n: usize) -> u64 {
	// However short, it is a step of its own.
	const STEP: u64 = 1024;
	let n = n as u64;
	let macs = if n.is_power_of_two() {
		n.saturating_mul(u64::from(n.trailing_zeros()) * 8 + 8)
	} else {
		// Each term looks for its factor by a remainder.
		n.saturating_mul(n).saturating_mul(200)
	};
	// Copies from and to elements that lie apart, converted.
	macs.saturating_add(n.saturating_mul(128))
		.saturating_add(STEP)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn twiddles_lie_on_the_circle() {
		for n in [1, 2, 3, 4, 5, 7, 8, 12, 13, 64, 100] {
			for (k, (c, s)) in twiddles(n).into_iter().enumerate() {
				let angle = -2.0 * std::f64::consts::PI * k as f64 / n as f64;
				assert!((c - cos(angle)).abs() < 1e-15, "{k} of {n}");
				assert!((s - sin(angle)).abs() < 1e-15, "{k} of {n}");
			}
		}
		let quarters: Vec<_> = twiddles(4)
			.iter()
			.map(|(c, s)| (c + 0.0, s + 0.0))
			.collect();
		assert_eq!(quarters, [(1.0, 0.0), (0.0, -1.0), (-1.0, 0.0), (0.0, 1.0)]);
	}

	#[test]
	fn both_methods_are_the_definition_and_invert() {
		for n in [1usize, 2, 3, 6, 8, 16] {
			let x: Vec<(f64, f64)> = (0..n)
				.map(|i| (i as f64 * 0.3 - 1.0, (i * i) as f64 * 0.1))
				.collect();
			let table = twiddles(n);
			let mut y = x.clone();
			let mut work = vec![];
			transform(&mut y, &mut work, &table, false);
			for (k, y) in y.iter().enumerate() {
				let mut sum = (0.0, 0.0);
				for (i, (re, im)) in x.iter().enumerate() {
					let (c, s) = table[i * k % n];
					sum = (sum.0 + re * c - im * s, sum.1 + re * s + im * c);
				}
				assert!((y.0 - sum.0).abs() < 1e-12 && (y.1 - sum.1).abs() < 1e-12);
			}
			transform(&mut y, &mut work, &table, true);
			for (x, y) in x.iter().zip(&y) {
				assert!((x.0 - y.0).abs() < 1e-13 && (x.1 - y.1).abs() < 1e-13);
			}
		}
	}
}

//! Medians and differences.

/// The middle of the samples, or the mean of the two middle ones. Not a number if there are none.
pub(crate) fn median(samples: &[f64]) -> f64 {
	let mut sorted = samples.to_vec();
	sorted.sort_by(f64::total_cmp);
	let middle = sorted.len() / 2;
	match sorted.len() {
		0 => f64::NAN,
		len if len % 2 == 0 => (sorted[middle - 1] + sorted[middle]) / 2.0,
		_ => sorted[middle],
	}
}

/// The geometric mean. Not a number if there is nothing to average.
pub(crate) fn geometric_mean(ratios: &[f64]) -> f64 {
	let sum: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
	(sum / ratios.len() as f64).exp()
}

/// The largest difference between two outputs, as a share of the largest magnitude in the second.
/// `None` if they are not of one length; a NaN in one alone counts as infinitely far.
pub(crate) fn difference(found: &[f64], expected: &[f64]) -> Option<f64> {
	if found.len() != expected.len() {
		return None;
	}
	let largest = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
	let apart = found.iter().zip(expected).map(|(a, b)| {
		if a == b || (a.is_nan() && b.is_nan()) {
			0.0
		} else if a.is_nan() || b.is_nan() {
			f64::INFINITY
		} else {
			(a - b).abs()
		}
	});
	let most = apart.fold(0.0, f64::max);
	Some(if most == 0.0 { 0.0 } else { most / largest })
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn medians_are_in_the_middle() {
		assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
		assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
		assert!(median(&[]).is_nan());
	}

	#[test]
	fn the_mean_of_a_ratio_and_its_inverse_is_one() {
		assert!((geometric_mean(&[4.0, 0.25]) - 1.0).abs() < 1e-15);
	}

	#[test]
	fn differences_are_relative_to_the_largest_magnitude() {
		assert_eq!(difference(&[1.0, 2.5], &[1.0, 2.0]), Some(0.25));
		assert_eq!(difference(&[0.0, f64::NAN], &[0.0, f64::NAN]), Some(0.0));
		assert_eq!(difference(&[f64::NAN], &[1.0]), Some(f64::INFINITY));
		assert_eq!(difference(&[1.0], &[1.0, 2.0]), None);
	}
}

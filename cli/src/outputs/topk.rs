//! The likeliest classes of a classifier's output.

use std::path::Path;

use comfy_table::Table;
use serde::Serialize;

use super::{table, OutputError};
use crate::tensor::Tensor;

/// One class of a ranking.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ranked {
	/// Its index in the output.
	pub class: usize,
	/// Its label, if labels were given.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub label: Option<String>,
	/// The output's value, or its softmax if asked for.
	pub score: f64,
}

/// The classes of `tensor` with the `k` highest values; of equal ones the first comes first, and
/// NaN comes last.
pub fn rank(tensor: &Tensor, k: usize, labels: Option<&[String]>, softmax: bool) -> Vec<Ranked> {
	let mut values = tensor.to_f64();
	if softmax {
		let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
		let powers: Vec<f64> = values.iter().map(|value| (value - most).exp()).collect();
		let sum: f64 = powers.iter().sum();
		values = powers.iter().map(|power| power / sum).collect();
	}
	let mut order: Vec<usize> = (0..values.len()).collect();
	let key = |i: usize| {
		if values[i].is_nan() {
			f64::NEG_INFINITY
		} else {
			values[i]
		}
	};
	order.sort_by(|a, b| {
		values[*a]
			.is_nan()
			.cmp(&values[*b].is_nan())
			.then(key(*b).total_cmp(&key(*a)))
	});
	order
		.into_iter()
		.take(k)
		.map(|class| Ranked {
			class,
			label: labels.and_then(|labels| labels.get(class).cloned()),
			score: values[class],
		})
		.collect()
}

/// The class with the highest value, as [`rank`] orders them.
pub fn best(tensor: &Tensor) -> Option<usize> {
	rank(tensor, 1, None, false)
		.first()
		.map(|ranked| ranked.class)
}

/// The output to rank: the only one, or else the first with as many elements as there are labels.
pub fn subject<'a>(
	outputs: &'a [Tensor],
	labels: Option<&[String]>,
) -> Result<Option<&'a Tensor>, OutputError> {
	match labels {
		None => Ok(outputs.first()),
		Some(labels) => outputs
			.iter()
			.find(|tensor| tensor.data.len() / tensor.dtype.size() == labels.len())
			.map(Some)
			.ok_or(OutputError::LabelCount {
				labels: labels.len(),
			}),
	}
}

/// Labels, one a line; empty lines at the end do not count.
pub fn read_labels(path: &Path) -> Result<Vec<String>, OutputError> {
	let text = std::fs::read_to_string(path).map_err(|source| OutputError::Labels {
		path: path.to_path_buf(),
		source,
	})?;
	Ok(text
		.trim_end()
		.lines()
		.map(|line| line.trim().to_owned())
		.collect())
}

/// The ranking as a table.
pub fn as_table(ranked: &[Ranked]) -> Table {
	let mut table = table::new(["rank", "class", "label", "score"]);
	for (place, entry) in ranked.iter().enumerate() {
		table.add_row([
			(place + 1).to_string(),
			entry.class.to_string(),
			entry.label.clone().unwrap_or_default(),
			format!("{:.6}", entry.score),
		]);
	}
	table
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::tensor::DType;

	fn tensor(values: &[f32]) -> Tensor {
		Tensor {
			name: "y".into(),
			dtype: DType::F32,
			shape: vec![values.len() as u32],
			data: values
				.iter()
				.flat_map(|value| value.to_le_bytes())
				.collect(),
		}
	}

	fn classes(values: &[f32], k: usize) -> Vec<usize> {
		rank(&tensor(values), k, None, false)
			.into_iter()
			.map(|ranked| ranked.class)
			.collect()
	}

	#[test]
	fn highest_first_ties_by_place_nan_last() {
		assert_eq!(classes(&[0.1, 0.7, 0.2], 2), [1, 2]);
		assert_eq!(classes(&[1.0, 2.0, 2.0], 3), [1, 2, 0]);
		assert_eq!(classes(&[f32::NAN, f32::NEG_INFINITY, 0.0], 9), [2, 1, 0]);
		assert_eq!(best(&tensor(&[])), None);
	}

	#[test]
	fn softmax_sums_to_one() {
		let ranked = rank(&tensor(&[1000.0, 1001.0]), 2, None, true);
		assert!((ranked.iter().map(|r| r.score).sum::<f64>() - 1.0).abs() < 1e-12);
		assert_eq!(ranked[0].class, 1);
	}

	#[test]
	fn labels_choose_the_output() {
		let outputs = [tensor(&[1.0]), tensor(&[0.0, 1.0])];
		let labels = ["cat".to_owned(), "dog".to_owned()];
		let subject = subject(&outputs, Some(&labels)).unwrap().unwrap();
		assert_eq!(
			rank(subject, 1, Some(&labels), false)[0].label.as_deref(),
			Some("dog")
		);
		assert!(matches!(
			super::subject(&outputs, Some(&labels[..0])),
			Err(OutputError::LabelCount { labels: 0 })
		));
	}
}

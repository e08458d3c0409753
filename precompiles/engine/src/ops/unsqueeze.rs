//! Unsqueeze: with dimensions of length 1 inserted, at axes that count in the output.

use super::{shaped::reshaped, squeeze::axes, Inputs, Lowered, NodeCtx};
use crate::{error::OpError, fact::resolve_axes, limits::MAX_RANK};

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let axes = axes(node, inputs)?.ok_or_else(|| crate::attrs::Attrs::missing("axes"))?;
	let rank = x.rank() + axes.len();
	if rank > MAX_RANK {
		return Err(OpError::RankTooHigh { rank });
	}
	let inserted = resolve_axes("axes", &axes, rank)?;
	let mut dims = x.shape().iter();
	let shape = (0..rank)
		.map(|axis| {
			if inserted.contains(&axis) {
				1
			} else {
				dims.next().copied().unwrap_or(1)
			}
		})
		.collect();
	reshaped("Unsqueeze", x, shape)
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, i64s, OpTest},
	};

	#[test]
	fn axes_count_in_the_output() {
		let shape = |axes: &[i64]| {
			OpTest::new("Unsqueeze")
				.input(f32s(&[2, 3], &[0.0; 6]))
				.constant(i64s(axes))
				.elements::<f32>()
				.0
		};
		assert_eq!(shape(&[0]), [1, 2, 3]);
		assert_eq!(shape(&[-1, 1]), [2, 1, 3, 1]);
		assert_eq!(shape(&[]), [2, 3]);
	}

	#[test]
	fn ranks_beyond_the_limit_are_refused() {
		let axes: Vec<i64> = (0..3000).collect();
		let test = OpTest::new("Unsqueeze")
			.input(f32s(&[1], &[0.0]))
			.constant(i64s(&axes));
		assert!(matches!(
			test.refused(),
			OpError::RankTooHigh { rank: 3001 }
		));
		let test = OpTest::new("Unsqueeze")
			.input(f32s(&[1], &[0.0]))
			.constant(i64s(&[0, 0]));
		assert!(matches!(test.refused(), OpError::BadAttribute { .. }));
	}
}

//! Reductions.

use super::{Accuracy, Draw, Drawn, Entry, Family};

const AXES: &str = "axes: attribute or constant";
const NAN_WINS: &str = "axes: attribute or constant; a NaN wins";

pub(super) const FAMILY: Family = Family {
	title: "Reductions",
	entries: &[
		Entry::new("ReduceSum", Accuracy::Summed, reduce_sum).note(AXES),
		Entry::new("ReduceMean", Accuracy::Summed, reduce).note(AXES),
		Entry::new("ReduceProd", Accuracy::Summed, reduce).note(AXES),
		Entry::new("ReduceMax", Accuracy::Exact, reduce).note(NAN_WINS),
		Entry::new("ReduceMin", Accuracy::Exact, reduce).note(NAN_WINS),
		Entry::new("ReduceL1", Accuracy::Summed, reduce).note(AXES),
		Entry::new("ReduceL2", Accuracy::Summed, reduce).note(AXES),
		Entry::new("ReduceSumSquare", Accuracy::Summed, reduce).note(AXES),
		Entry::new("ReduceLogSum", Accuracy::SummedUlp(1.0), reduce).note(AXES),
		Entry::new("ReduceLogSumExp", Accuracy::SummedUlp(1.0), reduce).note(AXES),
	],
};

/// Axes became an input in opset 18.
fn reduce(draw: &mut Draw<'_>) -> Option<Drawn> {
	reduce_since(draw, 18)
}

/// Those of ReduceSum did in opset 13.
fn reduce_sum(draw: &mut Draw<'_>) -> Option<Drawn> {
	reduce_since(draw, 13)
}

fn reduce_since(draw: &mut Draw<'_>, since: i64) -> Option<Drawn> {
	let shape = draw.shape(1..=4)?;
	let axes = draw.axes(shape.len());
	let keep = draw.random.below(2) as i64;
	let drawn = draw.on(&shape).int("keepdims", keep);
	if draw.opset < since {
		return Some(if axes.is_empty() {
			drawn
		} else {
			drawn.ints("axes", &axes)
		});
	}
	if axes.is_empty() {
		let nothing = draw.random.below(2) as i64;
		return Some(drawn.int("noop_with_empty_axes", nothing));
	}
	Some(drawn.list(&axes))
}

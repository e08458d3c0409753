//! Comparison, logic and choice.

use super::{binary, unary, Accuracy, Draw, Drawn, Entry, Family};
use crate::{conformance::graph, DType};

pub(super) const FAMILY: Family = Family {
	title: "Comparison, logic and choice",
	entries: &[
		Entry::new("Equal", Accuracy::Exact, binary),
		Entry::new("Less", Accuracy::Exact, binary),
		Entry::new("LessOrEqual", Accuracy::Exact, binary),
		Entry::new("Greater", Accuracy::Exact, binary),
		Entry::new("GreaterOrEqual", Accuracy::Exact, binary),
		Entry::new("And", Accuracy::Exact, binary),
		Entry::new("Or", Accuracy::Exact, binary),
		Entry::new("Xor", Accuracy::Exact, binary),
		Entry::new("Not", Accuracy::Exact, unary),
		Entry::new("IsNaN", Accuracy::Exact, unary),
		Entry::new("IsInf", Accuracy::Exact, is_inf),
		Entry::new("Where", Accuracy::Exact, where_op),
		Entry::new("ArgMax", Accuracy::Exact, arg)
			.note("the first NaN wins, ties go to the lower index"),
		Entry::new("ArgMin", Accuracy::Exact, arg)
			.note("the first NaN wins, ties go to the lower index"),
		Entry::new("TopK", Accuracy::Exact, top_k)
			.note("`K` constant; NaN is the largest; ties go to the lower index; always sorted"),
	],
};

fn is_inf(draw: &mut Draw<'_>) -> Option<Drawn> {
	let sign = *draw.random.pick(&["detect_negative", "detect_positive"]);
	let detect = draw.random.below(2) as i64;
	Some(unary(draw)?.int(sign, detect))
}

fn where_op(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(0..=4)?;
	let condition = draw.broadcast(&shape);
	let dtype = draw.dtype;
	Some(
		draw.node(&shape)
			.any(draw, DType::Bool, &condition)
			.main()
			.any(draw, dtype, &shape),
	)
}

fn arg(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(1..=4)?;
	let axis = draw.axis(shape.len());
	let keep = draw.random.below(2) as i64;
	let drawn = draw.on(&shape).int("axis", axis).int("keepdims", keep);
	Some(if draw.opset >= 12 && draw.random.one_in(2) {
		drawn.int("select_last_index", 1)
	} else {
		drawn
	})
}

fn top_k(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(1..=4)?;
	let axis = draw.axis(shape.len());
	let len = shape[axis.rem_euclid(shape.len() as i64) as usize];
	let k = draw.random.between(1, len) as i64;
	let drawn = draw.on(&shape).int("axis", axis).outputs(2);
	if draw.opset < 10 {
		return Some(drawn.int("k", k));
	}
	let drawn = drawn.constant(graph::i64s(&[k]));
	if draw.opset < 11 {
		return Some(drawn);
	}
	let largest = draw.random.below(2) as i64;
	Some(drawn.int("largest", largest))
}

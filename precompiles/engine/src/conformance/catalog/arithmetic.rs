//! Arithmetic, element by element.

use super::{binary, limited, unary, variadic, Accuracy, Draw, Drawn, Entry, Family};
use crate::{conformance::graph, DType};

pub(super) const FAMILY: Family = Family {
	title: "Arithmetic",
	entries: &[
		Entry::new("Add", Accuracy::Rounded, binary).note("integers wrap around"),
		Entry::new("Sub", Accuracy::Rounded, binary).note("integers wrap around"),
		Entry::new("Mul", Accuracy::Rounded, binary).note("integers wrap around"),
		Entry::new("Div", Accuracy::Rounded, binary)
			.note("integer division by zero fails at run time"),
		Entry::new("Mod", Accuracy::Exact, modulo).note("integer modulo zero fails at run time"),
		Entry::new("Pow", Accuracy::Ulp(1.5), pow).note("base and exponent may be of two types"),
		Entry::new("Neg", Accuracy::Exact, unary),
		Entry::new("Abs", Accuracy::Exact, unary),
		Entry::new("Sign", Accuracy::Exact, unary),
		Entry::new("Floor", Accuracy::Exact, unary),
		Entry::new("Ceil", Accuracy::Exact, unary),
		Entry::new("Round", Accuracy::Exact, unary).note("ties to even"),
		Entry::new("Reciprocal", Accuracy::Rounded, unary),
		Entry::new("Sqrt", Accuracy::Rounded, unary),
		Entry::new("Exp", Accuracy::Ulp(1.0), unary),
		Entry::new("Log", Accuracy::Ulp(1.0), unary),
		Entry::new("Sin", Accuracy::Ulp(1.0), unary),
		Entry::new("Cos", Accuracy::Ulp(1.0), unary),
		Entry::new("Tan", Accuracy::Ulp(2.0), unary),
		Entry::new("Asin", Accuracy::Ulp(1.0), unary),
		Entry::new("Acos", Accuracy::Ulp(1.0), unary),
		Entry::new("Atan", Accuracy::Ulp(1.0), unary),
		Entry::new("Sinh", Accuracy::Ulp(2.0), unary),
		Entry::new("Cosh", Accuracy::Ulp(1.5), unary),
		Entry::new("Asinh", Accuracy::Ulp(2.0), unary),
		Entry::new("Acosh", Accuracy::Ulp(2.5), unary),
		Entry::new("Atanh", Accuracy::Ulp(2.0), unary),
		Entry::new("Erf", Accuracy::Ulp(2.0), unary),
		Entry::new("Max", Accuracy::Exact, variadic).note("any number of inputs; a NaN wins"),
		Entry::new("Min", Accuracy::Exact, variadic).note("any number of inputs; a NaN wins"),
		Entry::new("Sum", Accuracy::Summed, variadic).note("any number of inputs"),
		Entry::new("Mean", Accuracy::Summed, variadic).note("any number of inputs"),
		Entry::new("CumSum", Accuracy::Summed, cum_sum).note("axis constant"),
		Entry::new("CumProd", Accuracy::Summed, cum_sum).note("axis constant"),
		Entry::new("Range", Accuracy::Operations(2), range).note("all inputs constant"),
		Entry::new("BitShift", Accuracy::Exact, bit_shift)
			.note("signed types: to the right the sign is copied"),
		Entry::new("BitwiseAnd", Accuracy::Exact, binary),
		Entry::new("BitwiseNot", Accuracy::Exact, unary),
		Entry::new("BitwiseOr", Accuracy::Exact, binary),
		Entry::new("BitwiseXor", Accuracy::Exact, binary),
	],
};

fn modulo(draw: &mut Draw<'_>) -> Option<Drawn> {
	let drawn = binary(draw)?;
	Some(if draw.dtype.is_float() || draw.random.one_in(2) {
		drawn.int("fmod", 1)
	} else {
		drawn
	})
}

fn pow(draw: &mut Draw<'_>) -> Option<Drawn> {
	if draw.opset < 7 {
		return limited(draw);
	}
	let shape = draw.shape(0..=4)?;
	let other = draw.broadcast(&shape);
	let exponent = if draw.random.one_in(2) {
		draw.dtype
	} else {
		draw.dtype()
	};
	Some(draw.on(&shape).any(draw, exponent, &other))
}

fn cum_sum(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(1..=4)?;
	let axis = draw.axis(shape.len());
	let exclusive = draw.random.below(2) as i64;
	let reverse = draw.random.below(2) as i64;
	Some(
		draw.on(&shape)
			.constant(graph::i64_scalar(axis))
			.int("exclusive", exclusive)
			.int("reverse", reverse),
	)
}

fn range(draw: &mut Draw<'_>) -> Option<Drawn> {
	let dtype = draw.dtype;
	let (start, count) = (
		draw.random.below(20) as i64 - 10,
		draw.random.below(30) as i64,
	);
	let step = [-3, -1, 1, 2][draw.random.below(4)];
	let scalar = |x: i64| crate::Value {
		dtype,
		shape: vec![],
		data: match dtype {
			DType::F32 => (x as f32 * 0.75).to_le_bytes().to_vec(),
			DType::F64 => (x as f64 * 0.75).to_le_bytes().to_vec(),
			other => x.to_le_bytes()[..other.size()].to_vec(),
		},
	};
	let mut drawn = draw.node(&[]);
	drawn.main = None;
	Some(
		drawn
			.constant(scalar(start))
			.constant(scalar(start + step * count))
			.constant(scalar(step)),
	)
}

fn bit_shift(draw: &mut Draw<'_>) -> Option<Drawn> {
	let direction = *draw.random.pick(&["LEFT", "RIGHT"]);
	Some(binary(draw)?.string("direction", direction))
}

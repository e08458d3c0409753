//! Activations, element by element, and along axes.

use super::{unary, Accuracy, Draw, Drawn, Entry, Family};

pub(super) const FAMILY: Family = Family {
	title: "Activations",
	entries: &[
		Entry::new("Relu", Accuracy::Exact, unary),
		Entry::new("LeakyRelu", Accuracy::Rounded, |draw| {
			with_floats(draw, &["alpha"])
		}),
		Entry::new("PRelu", Accuracy::Rounded, p_relu),
		Entry::new("ThresholdedRelu", Accuracy::Exact, |draw| {
			with_floats(draw, &["alpha"])
		}),
		Entry::new("Elu", Accuracy::Ulp(2.5), |draw| {
			with_floats(draw, &["alpha"])
		}),
		Entry::new("Celu", Accuracy::Ulp(3.5), |draw| {
			with_floats(draw, &["alpha"])
		}),
		Entry::new("Selu", Accuracy::Ulp(3.5), |draw| {
			with_floats(draw, &["alpha", "gamma"])
		}),
		Entry::new("Gelu", Accuracy::Ulp(4.0), gelu)
			.note("exact and tanh; f64: absolute error below 2^-52 \\|x\\|"),
		Entry::new("HardSigmoid", Accuracy::Operations(2), |draw| {
			with_floats(draw, &["alpha", "beta"])
		}),
		Entry::new("HardSwish", Accuracy::Operations(3), unary),
		Entry::new("Sigmoid", Accuracy::Ulp(2.5), unary),
		Entry::new("Softplus", Accuracy::Ulp(2.0), unary),
		Entry::new("Softsign", Accuracy::Operations(2), unary),
		Entry::new("Swish", Accuracy::Ulp(4.0), |draw| {
			with_floats(draw, &["alpha"])
		}),
		Entry::new("SwiGLU", Accuracy::Operations(2), swi_glu).note("inputs of one shape"),
		Entry::new("Mish", Accuracy::Ulp(5.0), unary),
		Entry::new("Tanh", Accuracy::Ulp(2.5), unary),
		Entry::new("Shrink", Accuracy::Rounded, |draw| {
			with_floats(draw, &["bias", "lambd"])
		}),
		Entry::new("Clip", Accuracy::Exact, clip)
			.note("bounds: attributes to opset 10, then inputs, constant or not"),
		Entry::new("Softmax", Accuracy::SummedUlp(1.0), along)
			.note("to opset 12 all axes from `axis` on, then one axis"),
		Entry::new("LogSoftmax", Accuracy::SummedUlp(1.0), along)
			.note("to opset 12 all axes from `axis` on, then one axis"),
		Entry::new("Hardmax", Accuracy::Exact, along)
			.note("to opset 12 all axes from `axis` on, then one axis"),
		Entry::new("Dropout", Accuracy::Exact, dropout)
			.note("drops nothing; `training_mode` is refused, and to opset 6 `is_test` 0"),
	],
};

fn with_floats(draw: &mut Draw<'_>, names: &[&str]) -> Option<Drawn> {
	let mut drawn = unary(draw)?;
	for name in names {
		if draw.random.one_in(2) {
			let value = draw.small();
			drawn = drawn.float(name, value);
		}
	}
	Some(drawn)
}

fn p_relu(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(1..=4)?;
	let dropped = draw.random.below(shape.len() + 1);
	let mut slope = shape[dropped..].to_vec();
	for dim in &mut slope {
		if draw.random.one_in(2) {
			*dim = 1;
		}
	}
	if draw.opset < 7 {
		slope = match shape.get(1) {
			Some(channels) if draw.random.one_in(2) => vec![*channels],
			_ => vec![1],
		};
	}
	let dtype = draw.dtype;
	Some(draw.on(&shape).any(draw, dtype, &slope))
}

fn dropout(draw: &mut Draw<'_>) -> Option<Drawn> {
	let drawn = unary(draw)?;
	Some(if draw.opset < 7 {
		drawn.int("is_test", 1)
	} else {
		drawn
	})
}

fn swi_glu(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(0..=4)?;
	let (dtype, alpha) = (draw.dtype, draw.small());
	Some(
		draw.on(&shape)
			.any(draw, dtype, &shape)
			.float("alpha", alpha),
	)
}

fn gelu(draw: &mut Draw<'_>) -> Option<Drawn> {
	let approximate = *draw.random.pick(&["none", "tanh"]);
	Some(unary(draw)?.string("approximate", approximate))
}

fn clip(draw: &mut Draw<'_>) -> Option<Drawn> {
	if draw.opset < 11 {
		let (a, b) = (draw.small(), draw.small());
		return Some(unary(draw)?.float("min", a.min(b)).float("max", a.max(b)));
	}
	let drawn = unary(draw)?;
	let dtype = draw.dtype;
	Some(match draw.random.below(3) {
		0 => drawn.any(draw, dtype, &[]),
		1 => drawn.omitted().any(draw, dtype, &[]),
		_ => drawn.any(draw, dtype, &[]).any(draw, dtype, &[]),
	})
}

fn along(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(1..=4)?;
	let axis = draw.axis(shape.len());
	Some(draw.on(&shape).int("axis", axis))
}

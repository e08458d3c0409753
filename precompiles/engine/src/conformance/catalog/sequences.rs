//! Sequences: recurrent operators and attention.

use super::{Accuracy, Draw, Drawn, Entry, Family};
use crate::{
	conformance::graph::{i64s, strings},
	DType, Value,
};

pub(super) const FAMILY: Family = Family {
	title: "Sequences",
	entries: &[
		Entry::new("LSTM", Accuracy::SummedUlp(2.5), |draw| {
			recurrent(draw, 4, &["Sigmoid", "Tanh", "HardSigmoid"], 3)
		})
		.note("all directions, layouts and activations; a length out of range fails at run time"),
		Entry::new("GRU", Accuracy::SummedUlp(2.5), |draw| {
			recurrent(draw, 3, &["Sigmoid", "Elu"], 2)
		})
		.note("as LSTM"),
		Entry::new("RNN", Accuracy::SummedUlp(2.5), |draw| {
			recurrent(draw, 1, &["Relu"], 2)
		})
		.note("as LSTM"),
		Entry::new("Attention", Accuracy::SummedUlp(1.0), attention)
			.note("masks, grouped heads, past keys, windows; Softmax in the type of Q"),
		Entry::new("RotaryEmbedding", Accuracy::Operations(3), rotary_embedding)
			.note("a position out of range fails at run time"),
	],
};

fn recurrent(
	draw: &mut Draw<'_>,
	gates: usize,
	functions: &[&str],
	outputs: usize,
) -> Option<Drawn> {
	let shape = draw.filled(3..=3)?;
	let layout = usize::from(draw.random.one_in(3));
	let (batch, steps) = (shape[1 - layout], shape[layout]);
	let widest = if draw.long { 80 } else { 6 };
	let hidden = draw.random.between(1, widest);
	let direction = *draw.random.pick(&["forward", "reverse", "bidirectional"]);
	let directions = if direction == "bidirectional" { 2 } else { 1 };
	let rows = gates * hidden;
	let dtype = draw.dtype;
	let mut drawn = draw
		.on(&shape)
		.any(draw, dtype, &[directions, rows, shape[2]])
		.any(draw, dtype, &[directions, rows, hidden]);
	if draw.random.one_in(2) {
		drawn = drawn.any(draw, dtype, &[directions, 2 * rows]);
		if draw.random.one_in(2) {
			let lens: Vec<i32> = (0..batch)
				.map(|_| draw.random.between(0, steps) as i32)
				.collect();
			let state = if layout == 1 {
				[batch, directions, hidden]
			} else {
				[directions, batch, hidden]
			};
			drawn = drawn
				.input(Value {
					dtype: DType::I32,
					shape: vec![batch],
					data: lens.iter().flat_map(|len| len.to_le_bytes()).collect(),
				})
				.any(draw, dtype, &state);
		}
	}
	if draw.random.one_in(3) {
		drawn = drawn.attribute(strings("activations", &functions.repeat(directions)));
	}
	if draw.random.one_in(3) {
		drawn = drawn.float("clip", 0.75);
	}
	Some(
		drawn
			.string("direction", direction)
			.int("layout", layout as i64)
			.outputs(outputs),
	)
}

fn attention(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(4..=4)?;
	let [batch, heads, queries, size] = shape[..] else {
		return None;
	};
	let most = if draw.long { 300 } else { 7 };
	let keys = draw.random.between(1, most);
	let kv_heads = if draw.random.one_in(2) { heads } else { 1 };
	let values = draw.random.between(1, 5);
	let dtype = draw.dtype;
	let mut drawn = draw
		.on(&shape)
		.any(draw, dtype, &[batch, kv_heads, keys, size])
		.any(draw, dtype, &[batch, kv_heads, keys, values]);
	drawn = match draw.random.below(4) {
		0 => drawn.any(draw, DType::Bool, &[queries, keys]),
		1 => drawn.any(draw, dtype, &[batch, 1, queries, keys]),
		2 => {
			let past = draw.random.between(1, 3);
			drawn
				.omitted()
				.any(draw, dtype, &[batch, kv_heads, past, size])
				.any(draw, dtype, &[batch, kv_heads, past, values])
		}
		_ => drawn,
	};
	if draw.random.one_in(3) {
		drawn = drawn.float("softcap", 2.0);
	}
	let mode = draw.random.below(4) as i64;
	let causal = draw.random.below(2) as i64;
	Some(
		drawn
			.int("is_causal", causal)
			.int("qk_matmul_output_mode", mode)
			.outputs(4),
	)
}

fn rotary_embedding(draw: &mut Draw<'_>) -> Option<Drawn> {
	let mut shape = draw.filled(4..=4)?;
	if draw.main.is_none() {
		shape[3] = 2 * draw.random.between(1, 6);
	}
	let [batch, _, len, size] = shape[..] else {
		return None;
	};
	let cache = [6, size / 2];
	let ids: Vec<i64> = (0..batch * len)
		.map(|_| draw.random.below(6) as i64)
		.collect();
	let (dtype, interleaved) = (draw.dtype, draw.random.below(2) as i64);
	Some(
		draw.on(&shape)
			.any(draw, dtype, &cache)
			.any(draw, dtype, &cache)
			.input(Value {
				shape: vec![batch, len],
				..i64s(&ids)
			})
			.int("interleaved", interleaved),
	)
}

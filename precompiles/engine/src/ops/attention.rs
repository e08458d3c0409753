//! Attention: scaled dot products of queries and keys, masked, through Softmax, times values.
//!
//! For each query i and key j, in the type of the inputs:
//!
//! 1. the score is the sum of `q · k`, ascending from +0, times the scale (the attribute, or the root
//!    of 1 / head size in binary64, rounded to the type);
//! 2. with a soft cap c it becomes `c · tanh(score / c)`;
//! 3. where any mask forbids j it becomes -infinity (a mask of bool, the causal mask, a window, the
//!    length of the keys); else a mask of floats is added to it;
//! 4. with m the largest score of the row, `e = exp(score - m)`, s their sum, ascending from +0, the
//!    probability is `e / s`; it is +0 in rows of which everything is forbidden, or -infinity;
//! 5. the output is the sum of `probability · v`, ascending from +0.
//!
//! The causal mask forbids `j > i + p`, where p counts the keys before the first query: the past keys,
//! or the valid keys less the number of queries.

use tract_onnx::prelude::{Datum, IntoTensor, TValue, TVec, Tensor};

use super::{
	consumed::Consumed,
	product::{pack, packed_bytes, Element},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	broadcast::{broadcast_shape, broadcast_strides},
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{of_vectors, Cost, Kernel},
	linalg,
	math::Float,
	select::Select,
	simd::vectorized,
	tensor::{build as build_tensor, dtype, slice, slice_mut},
	DType,
};

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = &[
	"is_causal",
	"kv_num_heads",
	"left_window_size",
	"q_num_heads",
	"qk_matmul_output_mode",
	"right_window_size",
	"scale",
	"softcap",
	"softmax_precision",
];

/// Inputs of the node.
const Q: usize = 0;
const K: usize = 1;
const V: usize = 2;
const MASK: usize = 3;
const PAST_KEY: usize = 4;
const PAST_VALUE: usize = 5;
const LENGTHS: usize = 6;

/// Which scores the fourth output holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
	Product,
	Capped,
	Masked,
	Softmax,
}

#[derive(Debug)]
struct Attention {
	consumed: Consumed,
	batch: usize,
	heads: usize,
	kv_heads: usize,
	queries: usize,
	/// Keys of this call, and those of the past.
	keys: usize,
	past: usize,
	head_size: usize,
	value_size: usize,
	/// Whether Q, K and V have the heads in their last axis.
	packed_heads: bool,
	scale: f64,
	soft_cap: f32,
	causal: bool,
	/// How many keys before and behind a query's own place it may attend to.
	window: [Option<i64>; 2],
	mask: Option<Mask>,
	stage: Stage,
	/// How many of the outputs are wanted.
	outputs: usize,
}

#[derive(Debug)]
struct Mask {
	/// Its strides over batch, heads, queries and keys.
	strides: [usize; 4],
	/// Keys that it speaks of; it forbids the others.
	len: usize,
	is_bool: bool,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (q, k, v) = (
		inputs.required(Q)?,
		inputs.required(K)?,
		inputs.required(V)?,
	);
	q.expect("Q", &DType::FLOATS)?;
	q.expect_rank("Q", 3..=4)?;
	for (name, input) in [("K", k), ("V", v)] {
		input.expect_same_dtype(name, q)?;
		input.expect_rank(name, q.rank()..=q.rank())?;
	}
	let packed_heads = q.rank() == 3;
	let [batch, heads, queries, head_size] = dims(node, q, "q_num_heads", packed_heads)?;
	let [k_batch, kv_heads, keys, k_size] = dims(node, k, "kv_num_heads", packed_heads)?;
	let [v_batch, v_heads, v_keys, value_size] = dims(node, v, "kv_num_heads", packed_heads)?;
	let fits = [k_batch, v_batch] == [batch, batch]
		&& v_heads == kv_heads
		&& v_keys == keys
		&& k_size == head_size
		&& kv_heads > 0
		&& heads % kv_heads == 0;
	if !fits {
		return Err(OpError::mismatch(format!(
			"Q, K and V of {:?}, {:?} and {:?} do not fit together",
			q.shape(),
			k.shape(),
			v.shape()
		)));
	}
	let past = past_len(inputs, q, [batch, kv_heads, head_size, value_size])?;
	if let Some(lengths) = inputs.optional(LENGTHS) {
		lengths.expect("nonpad_kv_seqlen", &[DType::I64])?;
		if lengths.shape() != [batch] || past > 0 {
			return Err(OpError::mismatch(format!(
				"nonpad_kv_seqlen has shape {:?}, but must have [{batch}], without past keys",
				lengths.shape()
			)));
		}
	}
	let total = past + keys;
	if [batch, queries, total, head_size, value_size, heads].contains(&0) {
		return Err(OpError::mismatch("an empty batch, sequence or head"));
	}
	let scores = Fact::new(q.dtype(), [batch, heads, queries, total])?;
	let mask = inputs
		.optional(MASK)
		.map(|mask| mask_of(mask, q, &scores))
		.transpose()?;
	let softmax = node.attrs.int_or("softmax_precision", 0)?;
	let own = if q.dtype() == DType::F64 { 11 } else { 1 };
	if !(matches!(softmax, 0 | 10 | 16) || softmax == own || (softmax == 1 && own == 11)) {
		return Err(OpError::unsupported(
			"Softmax is computed in the type of Q: leave out softmax_precision",
		));
	}
	let stage = match node.attrs.int_or("qk_matmul_output_mode", 0)? {
		0 => Stage::Product,
		1 => Stage::Capped,
		2 => Stage::Masked,
		3 => Stage::Softmax,
		_ => {
			return Err(OpError::bad_attribute(
				"qk_matmul_output_mode",
				"is none of 0 to 3",
			))
		}
	};
	let side = |name: &'static str| match node.attrs.int_or(name, -1)? {
		-1 => Ok(None),
		size if size >= 0 => Ok(Some(size)),
		_ => Err(OpError::bad_attribute(name, "must be -1 or more")),
	};
	let attention = Attention {
		consumed: Consumed::all_but(inputs, &[]),
		batch,
		heads,
		kv_heads,
		queries,
		keys,
		past,
		head_size,
		value_size,
		packed_heads,
		scale: match node.attrs.float("scale")? {
			Some(scale) => f64::from(scale),
			None => (1.0 / head_size as f64).sqrt(),
		},
		soft_cap: node.attrs.float_or("softcap", 0.0)?,
		causal: node.attrs.flag_or("is_causal", false)?,
		window: [side("left_window_size")?, side("right_window_size")?],
		mask,
		stage,
		outputs: (0..4).rev().find(|index| node.wants(*index)).unwrap_or(0) + 1,
	};
	let indices = attention.consumed.indices();
	Ok(Lowered::step_of(attention, indices))
}

/// Batch, heads, length and head size.
fn dims(
	node: &NodeCtx<'_>,
	x: &Fact,
	heads: &'static str,
	packed_heads: bool,
) -> Result<[usize; 4], OpError> {
	match *x.shape() {
		[batch, heads, len, size] if !packed_heads => Ok([batch, heads, len, size]),
		[batch, len, hidden] => {
			let count = node.attrs.int(heads)?.unwrap_or(0);
			let count = usize::try_from(count)
				.ok()
				.filter(|count| *count > 0 && hidden % count == 0)
				.ok_or_else(|| {
					OpError::bad_attribute(heads, format!("{count} does not divide {hidden}"))
				})?;
			Ok([batch, count, len, hidden / count])
		}
		_ => Err(OpError::mismatch("Q, K and V must have rank 3 or 4")),
	}
}

fn past_len(
	inputs: Inputs<'_>,
	q: &Fact,
	[batch, heads, head_size, value_size]: [usize; 4],
) -> Result<usize, OpError> {
	let (key, value) = match (inputs.optional(PAST_KEY), inputs.optional(PAST_VALUE)) {
		(None, None) => return Ok(0),
		(Some(key), Some(value)) => (key, value),
		_ => return Err(OpError::mismatch("past_key and past_value belong together")),
	};
	key.expect_same_dtype("past_key", q)?;
	value.expect_same_dtype("past_value", q)?;
	let past = key.shape().get(2).copied().unwrap_or(0);
	if key.shape() != [batch, heads, past, head_size]
		|| value.shape() != [batch, heads, past, value_size]
	{
		return Err(OpError::mismatch(format!(
			"past_key and past_value of {:?} and {:?} do not fit K and V",
			key.shape(),
			value.shape()
		)));
	}
	Ok(past)
}

fn mask_of(mask: &Fact, q: &Fact, scores: &Fact) -> Result<Mask, OpError> {
	let is_bool = mask.dtype() == DType::Bool;
	if !is_bool {
		mask.expect_same_dtype("attn_mask", q)?;
	}
	mask.expect_rank("attn_mask", 1..=4)?;
	let len = mask.shape()[mask.rank() - 1];
	let mut covered = scores.shape().to_vec();
	if len > covered[3] {
		return Err(OpError::mismatch(format!(
			"attn_mask of {:?} is longer than the {} keys",
			mask.shape(),
			covered[3]
		)));
	}
	covered[3] = len;
	if broadcast_shape(mask.shape(), &covered)? != covered {
		return Err(OpError::mismatch(format!(
			"attn_mask of {:?} does not broadcast to {:?}",
			mask.shape(),
			scores.shape()
		)));
	}
	let strides = broadcast_strides(mask.shape(), &covered);
	Ok(Mask {
		strides: [strides[0], strides[1], strides[2], strides[3]],
		len,
		is_bool,
	})
}

impl Attention {
	fn total(&self) -> usize {
		self.past + self.keys
	}

	/// Elements of a key and of a value.
	fn sizes(&self) -> u64 {
		self.head_size as u64 + self.value_size as u64
	}

	fn score_shape(&self) -> [usize; 4] {
		[self.batch, self.heads, self.queries, self.total()]
	}

	/// Keys or values, past ones first, as (batch, head, key, element).
	fn joined<T: Datum + Copy>(
		&self,
		x: &TValue,
		past: Option<&TValue>,
		size: usize,
	) -> Result<Tensor, EvalError> {
		if !self.packed_heads && past.is_none() {
			return Ok(x.clone().into_tensor());
		}
		let source = slice::<T>(x)?;
		let past = past.map(|past| slice::<T>(past)).transpose()?;
		let (heads, keys, before) = (self.kv_heads, self.keys, self.past * size);
		build_tensor::<T>(&[self.batch, heads, self.total(), size], |joined| {
			for (index, target) in joined.chunks_exact_mut(self.total() * size).enumerate() {
				let (old, new) = target.split_at_mut(before);
				if let Some(past) = past {
					old.copy_from_slice(&past[index * before..][..before]);
				}
				let (entry, head) = (index / heads, index % heads);
				for (key, new) in new.chunks_exact_mut(size).enumerate() {
					let at = if self.packed_heads {
						(entry * keys + key) * heads + head
					} else {
						index * keys + key
					};
					new.copy_from_slice(&source[at * size..][..size]);
				}
			}
		})
	}

	/// Whether query i may attend to key j, masks of the node's third input aside.
	fn allows(&self, i: usize, j: usize, length: Option<i64>) -> bool {
		let j = j as i64;
		let before = match length {
			Some(length) => length.saturating_sub(self.queries as i64),
			None => self.past as i64,
		};
		let own = (i as i64).saturating_add(before);
		let ahead = j.saturating_sub(own);
		!(self.causal && ahead > 0)
			&& self.window[0].is_none_or(|left| ahead >= -left)
			&& self.window[1].is_none_or(|right| ahead <= right)
			&& length.is_none_or(|length| j < length)
	}

	fn run<T: Element + Float + Select + Datum>(
		&self,
		inputs: &[TValue],
	) -> Result<Vec<Tensor>, EvalError> {
		let get = |index: usize| self.consumed.get(inputs, index);
		let need = |index: usize| {
			get(index).ok_or_else(|| EvalError::Internal(format!("input {index} is missing")))
		};
		let (heads, queries, total) = (self.heads, self.queries, self.total());
		let (head_size, value_size) = (self.head_size, self.value_size);
		let key = self.joined::<T>(need(K)?, get(PAST_KEY), head_size)?;
		let value = self.joined::<T>(need(V)?, get(PAST_VALUE), value_size)?;
		let q = slice::<T>(need(Q)?)?;
		let lengths = get(LENGTHS)
			.map(|lengths| slice::<i64>(lengths))
			.transpose()?;
		let y_shape = if self.packed_heads {
			vec![self.batch, queries, heads * value_size]
		} else {
			vec![self.batch, heads, queries, value_size]
		};
		let mut y = Tensor::zero_dt(T::datum_type(), &y_shape)?;
		let wants_scores = self.outputs > 3;
		let score_shape = if wants_scores {
			self.score_shape()
		} else {
			[0; 4]
		};
		let mut shown = Tensor::zero_dt(T::datum_type(), &score_shape)?;
		let output = slice_mut::<T>(&mut y)?;
		let shown_scores = slice_mut::<T>(&mut shown)?;
		let (keys, values) = (slice::<T>(&key)?, slice::<T>(&value)?);
		let mut queries_of_head = vec![T::ZERO; queries * head_size];
		let mut scores = vec![T::ZERO; queries * total];
		let mut sums = vec![T::ZERO; queries * value_size];
		let scale = <T as Float>::from_f64(self.scale);
		for index in 0..self.batch * heads {
			let (entry, head) = (index / heads, index % heads);
			for (i, row) in queries_of_head.chunks_exact_mut(head_size).enumerate() {
				let at = if self.packed_heads {
					(entry * queries + i) * heads + head
				} else {
					index * queries + i
				};
				for (target, q) in row.iter_mut().zip(&q[at * head_size..][..head_size]) {
					*target = q.operand();
				}
			}
			let kv = entry * self.kv_heads + head / (heads / self.kv_heads);
			let keys = &keys[kv * total * head_size..][..total * head_size];
			let packed = pack(keys, head_size, total, true);
			T::product(&queries_of_head, head_size, &packed, &mut scores, total);
			for score in &mut scores {
				*score = score.times(scale);
			}
			let show = |stage: Stage, scores: &[T], shown: &mut [T]| {
				if wants_scores && self.stage == stage {
					shown[index * scores.len()..][..scores.len()].copy_from_slice(scores);
				}
			};
			show(Stage::Product, &scores, shown_scores);
			if self.soft_cap > 0.0 {
				let cap = <T as Float>::from_f64(f64::from(self.soft_cap));
				for score in &mut scores {
					*score = cap * (*score / cap).tanh();
				}
			}
			show(Stage::Capped, &scores, shown_scores);
			let length = lengths.map(|lengths| lengths[entry]);
			let forbidden = self.mask::<T>(get(MASK), [entry, head], length, &mut scores)?;
			show(Stage::Masked, &scores, shown_scores);
			vectorized(
				#[inline(always)]
				|| {
					for (row, forbidden) in scores.chunks_exact_mut(total).zip(&forbidden) {
						softmax(row, *forbidden);
					}
				},
			);
			show(Stage::Softmax, &scores, shown_scores);
			for score in &mut scores {
				*score = score.operand();
			}
			let values = &values[kv * total * value_size..][..total * value_size];
			let packed = pack(values, total, value_size, false);
			T::product(&scores, total, &packed, &mut sums, value_size);
			for (i, row) in sums.chunks_exact(value_size).enumerate() {
				let at = if self.packed_heads {
					(entry * queries + i) * heads + head
				} else {
					index * queries + i
				};
				output[at * value_size..][..value_size].copy_from_slice(row);
			}
		}
		let mut outputs = vec![y, key, value, shown];
		outputs.truncate(self.outputs);
		Ok(outputs)
	}

	/// Masks the scores of one head; says of each row whether all of it is forbidden.
	fn mask<T: Float + Datum>(
		&self,
		mask: Option<&TValue>,
		[entry, head]: [usize; 2],
		length: Option<i64>,
		scores: &mut [T],
	) -> Result<Vec<bool>, EvalError> {
		enum Values<'a, T> {
			None,
			Bools(&'a [bool]),
			Floats(&'a [T]),
		}
		let values = match (&self.mask, mask) {
			(Some(info), Some(mask)) if info.is_bool => Values::Bools(slice::<bool>(mask)?),
			(Some(_), Some(mask)) => Values::Floats(slice::<T>(mask)?),
			_ => Values::None,
		};
		let (strides, len) = self
			.mask
			.as_ref()
			.map_or(([0; 4], 0), |mask| (mask.strides, mask.len));
		let lowest = -T::INFINITY;
		let rows = scores.chunks_exact_mut(self.total()).enumerate();
		Ok(rows
			.map(|(i, row)| {
				let start = entry * strides[0] + head * strides[1] + i * strides[2];
				let mut all = true;
				for (j, score) in row.iter_mut().enumerate() {
					let at = start + j * strides[3];
					let bias = match values {
						Values::None => None,
						_ if j >= len => Some(lowest),
						Values::Bools(bools) => (!bools[at]).then_some(lowest),
						Values::Floats(floats) => Some(floats[at]),
					};
					let forbidden = !self.allows(i, j, length) || bias.is_some_and(|b| b == lowest);
					*score = match bias {
						_ if forbidden => lowest,
						Some(bias) => *score + bias,
						None => *score,
					};
					all &= forbidden;
				}
				all
			})
			.collect())
	}
}

/// Softmax of one row; +0 where all is forbidden.
#[inline(always)]
fn softmax<T: Float + Select>(row: &mut [T], forbidden: bool) {
	let mut largest = row[0];
	for score in &row[1..] {
		largest = largest.larger(*score);
	}
	if forbidden || largest == -T::INFINITY {
		row.fill(T::ZERO);
		return;
	}
	let mut sum = T::ZERO;
	for score in row.iter_mut() {
		*score = (*score - largest).exp();
	}
	for e in row.iter() {
		sum = sum + *e;
	}
	for e in row {
		*e = *e / sum;
	}
}

impl Kernel for Attention {
	fn name(&self) -> &'static str {
		"Attention"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let q = inputs
			.first()
			.ok_or_else(|| super::internal_arity(inputs))?;
		let y = if self.packed_heads {
			vec![self.batch, self.queries, self.heads * self.value_size]
		} else {
			vec![self.batch, self.heads, self.queries, self.value_size]
		};
		let of_keys =
			|size: usize| Fact::new(q.dtype(), [self.batch, self.kv_heads, self.total(), size]);
		let mut facts = vec![
			Fact::new(q.dtype(), y)?,
			of_keys(self.head_size)?,
			of_keys(self.value_size)?,
			Fact::new(q.dtype(), self.score_shape())?,
		];
		facts.truncate(self.outputs);
		Ok(facts)
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let (queries, total) = (self.queries, self.total());
		// In 64 bits, for a target's own size may be 32.
		let scores = (queries as u64).saturating_mul(total as u64);
		let packing = (total as u64).saturating_mul(self.sizes());
		let heads = (self.batch as u64).saturating_mul(self.heads as u64);
		let of_head = linalg::macs(queries, self.head_size, total)
			.saturating_add(linalg::macs(queries, total, self.value_size))
			.saturating_add(scores.saturating_mul(32))
			.saturating_add(packing.saturating_mul(32));
		// What is left over of a row of scores is evaluated one by one.
		let left_over = (queries as u64).saturating_mul(5 * total.min(7) as u64);
		let functions = if self.soft_cap > 0.0 { 3 } else { 1 };
		Cost::touching(inputs, outputs)
			.with_macs(of_head.saturating_mul(heads))
			.with_transcendentals(
				scores
					.saturating_add(left_over)
					.saturating_mul(heads)
					.saturating_mul(functions),
			)
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		let dtype = inputs[0].dtype();
		let (queries, total) = (self.queries as u64, self.total() as u64);
		let (sizes, heads) = (self.sizes(), self.batch as u64 * self.kv_heads as u64);
		// Scores, one head of Q and Y; both packed; keys and values if they are no outputs; row flags
		// and, from the products, where rows begin.
		let elements = queries
			.saturating_mul(total + sizes)
			.saturating_add(heads.saturating_mul(total).saturating_mul(sizes));
		elements
			.saturating_mul(dtype.size() as u64)
			.saturating_add(packed_bytes(dtype, self.head_size, self.total()))
			.saturating_add(packed_bytes(dtype, self.total(), self.value_size))
			.saturating_add(queries * 9)
	}

	fn subnormals(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		// The scale and the cap, and the quotients of Softmax.
		let rows = self.batch as u64 * self.heads as u64 * self.queries as u64;
		let scores = rows.saturating_mul(self.total() as u64);
		let operations = if self.soft_cap > 0.0 { 8 } else { 4 };
		of_vectors(inputs[0].dtype(), scores.saturating_mul(operations))
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let dtype = dtype(self.consumed.expect(&inputs, Q)?)?;
		crate::with_float!(dtype, T => self.run::<T>(&inputs))
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		tensor::slice,
		testing::{f32s, float, i64s, int, tensor, OpTest},
	};

	/// One head of size 1: scores are products, values 1, 10, 100.
	fn test(queries: &[f32], keys: &[f32]) -> OpTest {
		let values = [1.0, 10.0, 100.0];
		let shape = |len: usize| [1, 1, len, 1];
		OpTest::new("Attention")
			.opset(24)
			.input(f32s(&shape(queries.len()), queries))
			.input(f32s(&shape(keys.len()), keys))
			.input(f32s(&shape(keys.len()), &values[..keys.len()]))
	}

	/// The outputs, rounded: a third times 111 is not quite 37.
	fn values(test: OpTest) -> Vec<f32> {
		let round = |y: &f32| (y * 1000.0).round() / 1000.0;
		test.elements::<f32>().1.iter().map(round).collect()
	}

	#[test]
	fn equal_scores_average() {
		assert_eq!(values(test(&[0.0], &[1.0, 2.0])), [5.5]);
		let log3 = 3f32.ln();
		assert_eq!(values(test(&[1.0], &[0.0, log3])), [7.75]);
	}

	#[test]
	fn the_causal_mask_and_windows() {
		let zeros = [0.0; 3];
		let y = values(test(&zeros, &zeros).attr(int("is_causal", 1)));
		assert_eq!(y, [1.0, 5.5, 37.0]);
		let y = values(test(&zeros, &zeros).attr(int("left_window_size", 0)));
		assert_eq!(y, [37.0, 55.0, 100.0]);
		let y = values(test(&zeros, &zeros).attr(int("right_window_size", 1)));
		assert_eq!(y, [5.5, 37.0, 37.0]);
	}

	#[test]
	fn masks_short_ones_and_rows_without_a_key() {
		let zeros = [0.0; 3];
		let mask = tensor(&[2, 2], &[true, false, false, false]);
		assert_eq!(values(test(&zeros[..2], &zeros).input(mask)), [1.0, 0.0]);
		let mask = f32s(&[1, 3], &[f32::NEG_INFINITY, 0.0, f32::NEG_INFINITY]);
		assert_eq!(values(test(&zeros[..1], &zeros).input(mask)), [10.0]);
		let y = test(&[f32::INFINITY], &[1.0]).input(tensor(&[1], &[false]));
		assert_eq!(values(y), [0.0]);
	}

	#[test]
	fn past_keys_come_first_and_are_handed_on() {
		let outputs = test(&[0.0], &[2.0])
			.attr(int("is_causal", 1))
			.omitted()
			.input(f32s(&[1, 1, 1, 1], &[7.0]))
			.input(f32s(&[1, 1, 1, 1], &[3.0]))
			.outputs(4)
			.ok();
		let data = |index: usize| slice::<f32>(&outputs[index]).unwrap().to_vec();
		assert_eq!(data(0), [2.0]);
		assert_eq!(data(1), [7.0, 2.0]);
		assert_eq!(data(2), [3.0, 1.0]);
		assert_eq!(data(3), [0.0, 0.0]);
	}

	#[test]
	fn lengths_of_keys_hide_the_padding() {
		let zeros = [0.0; 3];
		let run = |length: i64| {
			values(
				test(&zeros[..1], &zeros)
					.omitted()
					.omitted()
					.omitted()
					.input(i64s(&[length])),
			)
		};
		assert_eq!(run(2), [5.5]);
		assert_eq!(run(i64::MIN), [0.0]);
		assert_eq!(run(i64::MAX), [37.0]);
	}

	#[test]
	fn soft_caps_and_stages() {
		for (mode, expected) in [(0, [6.0, 0.0]), (1, [2.0, 0.0]), (2, [2.0, -1.0])] {
			let outputs = test(&[60.0], &[1.0, 0.0])
				.attr(float("scale", 0.1))
				.attr(float("softcap", 2.0))
				.attr(int("qk_matmul_output_mode", mode))
				.input(f32s(&[2], &[0.0, -1.0]))
				.outputs(4)
				.ok();
			let found = slice::<f32>(&outputs[3]).unwrap();
			assert!((found[0] - expected[0]).abs() < 0.01, "{mode}: {found:?}");
			assert_eq!(found[1], expected[1]);
		}
	}

	#[test]
	fn heads_in_the_last_axis_share_keys() {
		let x = f32s(&[1, 2, 4], &[0.0; 8]);
		let k = f32s(&[1, 2, 2], &[0.0; 4]);
		let v = f32s(&[1, 2, 2], &[1.0, 2.0, 3.0, 4.0]);
		let test = || {
			OpTest::new("Attention")
				.input(x.clone())
				.input(k.clone())
				.input(v.clone())
		};
		let (shape, y) = test()
			.attr(int("q_num_heads", 2))
			.attr(int("kv_num_heads", 1))
			.elements::<f32>();
		assert_eq!((shape, y), (vec![1, 2, 4], [2.0, 3.0].repeat(4)));
		assert!(matches!(
			test().attr(int("q_num_heads", 3)).refused(),
			OpError::BadAttribute { .. }
		));
	}
}

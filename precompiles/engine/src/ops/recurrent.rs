//! What LSTM, GRU and RNN share: directions, layouts, sequence lengths, and the two products.
//!
//! The gates of a step are `(x · Wᵀ + Wb) + (h · Rᵀ + Rb)`: two products of [partial
//! sums](crate::linalg::BLOCK), k ascending from +0, operands as [`operand`](crate::operand) says,
//! each with its bias added last (nothing is added without B), then their sum. `Wᵀ` meets all steps at once, `Rᵀ` one after the other; that changes no bit.
//!
//! A batch entry takes part in as many steps as `sequence_lens` says; afterwards its state stays and
//! its outputs are +0. In reverse its steps run from its last element to its first.

use std::fmt::Debug;

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{
	activation::Activation,
	consumed::Consumed,
	product::{pack, packed_bytes, Element, PackedMatrix},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{DomainError, EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	linalg,
	math::Float,
	operand::operands,
	select::Select,
	simd::vectorized,
	tensor::{slice, slice_mut},
	DType,
};

/// Attributes of all three.
macro_rules! attributes {
	($($own:literal),*) => {
		&[
			"activation_alpha",
			"activation_beta",
			"activations",
			"clip",
			"direction",
			"hidden_size",
			"layout",
			"output_sequence",
			$($own),*
		]
	};
}
pub(super) use attributes;

/// Bytes that the second-level cache of a validator's core surely holds.
const CACHED_BYTES: u64 = 512 * 1024;

/// Inputs of the node.
const X: usize = 0;
const W: usize = 1;
const R: usize = 2;
const B: usize = 3;
const SEQUENCE_LENS: usize = 4;
const INITIAL_H: usize = 5;
const INITIAL_C: usize = 6;
const PEEPHOLES: usize = 7;

/// A floating-point type of recurrent operators.
pub(super) trait Real: Float + Select + Element + Datum {}
impl Real for f32 {}
impl Real for f64 {}

/// What one kind of cell does.
pub(super) trait Cell: Debug + Send + Sync + Sized + 'static {
	/// The ONNX operator type.
	const NAME: &'static str;
	/// How many gates there are.
	const GATES: usize;
	/// The gates as they are multiplied by `R`: one product for each entry, of that many gates.
	const PRODUCTS: &'static [usize];
	/// The default activation functions of one direction.
	const ACTIVATIONS: &'static [&'static str];
	/// Whether there is a cell state beside the hidden state.
	const HAS_CELL_STATE: bool;

	/// One step of one batch entry.
	fn advance<T: Real>(&self, step: Step<'_, T>);

	/// What must be multiplied by the gates of product 1, once those of product 0 are there: written
	/// to `target` from the gates of product 0 (activated here) and the state.
	fn second_factor<T: Real>(
		&self,
		_activations: &[Activation],
		_clip: Option<f32>,
		_gates: &mut [T],
		_h: &[T],
		_target: &mut [T],
	) {
	}
}

/// What a step of one batch entry sees.
#[derive(Debug)]
pub(super) struct Step<'a, T> {
	/// `x · Wᵀ + Wb`, gate after gate.
	pub(super) x: &'a [T],
	/// `h · Rᵀ + Rb`, gate after gate; a scratch area from here on.
	pub(super) gates: &'a mut [T],
	/// The hidden state.
	pub(super) h: &'a mut [T],
	/// The cell state, empty without one.
	pub(super) c: &'a mut [T],
	/// The weights of peepholes, or nothing.
	pub(super) peepholes: Option<&'a [T]>,
	/// The functions of this direction.
	pub(super) activations: &'a [Activation],
	/// The bound on what goes into activation functions.
	pub(super) clip: Option<f32>,
}

#[derive(Debug)]
struct Recurrent<C> {
	cell: C,
	consumed: Consumed,
	/// Whether each direction runs backwards.
	reverse: Vec<bool>,
	/// The functions of each direction, one after the other.
	activations: Vec<Activation>,
	clip: Option<f32>,
	/// Whether the batch comes first.
	batch_first: bool,
	steps: usize,
	batch: usize,
	inputs: usize,
	hidden: usize,
	/// `Wᵀ` of each direction, and `Rᵀ` of each direction and product, if they are constant.
	packed_w: Option<Vec<PackedMatrix>>,
	packed_r: Option<Vec<PackedMatrix>>,
}

/// Lowers a node of the cell's kind.
pub(super) fn lower<C: Cell>(
	cell: C,
	node: &NodeCtx<'_>,
	inputs: Inputs<'_>,
) -> Result<Lowered, OpError> {
	let (x, w, r) = (
		inputs.required(X)?,
		inputs.required(W)?,
		inputs.required(R)?,
	);
	x.expect("X", &DType::FLOATS)?;
	x.expect_rank("X", 3..=3)?;
	let batch_first = node.attrs.flag_or("layout", false)?;
	let (steps, batch) = if batch_first {
		(x.shape()[1], x.shape()[0])
	} else {
		(x.shape()[0], x.shape()[1])
	};
	let reverse = match node.attrs.string_or("direction", "forward")? {
		"forward" => vec![false],
		"reverse" => vec![true],
		"bidirectional" => vec![false, true],
		other => {
			return Err(OpError::bad_attribute(
				"direction",
				format!("'{other}' is none of forward, reverse, bidirectional"),
			))
		}
	};
	let directions = reverse.len();
	r.expect_rank("R", 3..=3)?;
	let (inputs_len, hidden) = (x.shape()[2], r.shape()[2]);
	if let Some(declared) = node.attrs.int("hidden_size")? {
		if usize::try_from(declared) != Ok(hidden) {
			return Err(OpError::bad_attribute(
				"hidden_size",
				format!("is {declared}, but R has shape {:?}", r.shape()),
			));
		}
	}
	if [steps, batch, inputs_len, hidden].contains(&0) {
		return Err(OpError::mismatch("an empty sequence, batch or state"));
	}
	let rows = C::GATES
		.checked_mul(hidden)
		.filter(|rows| *rows < 1 << 29)
		.ok_or_else(|| OpError::mismatch("the state is far too large"))?;
	let state = if batch_first {
		[batch, directions, hidden]
	} else {
		[directions, batch, hidden]
	};
	let expected: [(usize, &str, Vec<usize>); 6] = [
		(W, "W", vec![directions, rows, inputs_len]),
		(R, "R", vec![directions, rows, hidden]),
		(B, "B", vec![directions, 2 * rows]),
		(INITIAL_H, "initial_h", state.to_vec()),
		(INITIAL_C, "initial_c", state.to_vec()),
		(PEEPHOLES, "P", vec![directions, 3 * hidden]),
	];
	for (index, name, shape) in expected {
		let Some(input) = inputs.optional(index) else {
			continue;
		};
		input.expect_same_dtype(name, x)?;
		if input.shape() != shape {
			return Err(OpError::mismatch(format!(
				"{name} has shape {:?}, but must have {shape:?}",
				input.shape()
			)));
		}
	}
	if let Some(lens) = inputs.optional(SEQUENCE_LENS) {
		lens.expect("sequence_lens", &[DType::I32])?;
		if lens.shape() != [batch] {
			return Err(OpError::mismatch(format!(
				"sequence_lens has shape {:?}, but must have [{batch}]",
				lens.shape()
			)));
		}
	}
	let activations = Activation::of_node(node, directions * C::ACTIVATIONS.len(), C::ACTIVATIONS)?;
	let clip = node.attrs.float("clip")?;
	if clip.is_some_and(|limit| limit.is_nan() || limit <= 0.0) {
		return Err(OpError::bad_attribute("clip", "must be above zero"));
	}
	let mut recurrent = Recurrent {
		cell,
		consumed: Consumed::all_but(inputs, &[]),
		reverse,
		activations,
		clip,
		batch_first,
		steps,
		batch,
		inputs: inputs_len,
		hidden,
		packed_w: None,
		packed_r: None,
	};
	let bytes = recurrent.packed_bytes(x.dtype());
	let constants = w.konst().zip(r.konst());
	if let Some((w, r)) = constants.filter(|_| bytes <= crate::limits::MAX_TENSOR_BYTES) {
		let internal = |error: EvalError| OpError::BadTensor {
			reason: error.to_string(),
		};
		let pack_both = || -> Result<_, EvalError> {
			crate::with_float!(x.dtype(), T => Ok((
				recurrent.pack_w::<T>(w)?.into_iter().map(wrap::<T>).collect(),
				recurrent.pack_r::<T>(r)?.into_iter().map(wrap::<T>).collect(),
			)))
		};
		let (packed_w, packed_r) = pack_both().map_err(internal)?;
		recurrent.packed_w = Some(packed_w);
		recurrent.packed_r = Some(packed_r);
		recurrent.consumed = Consumed::all_but(inputs, &[W, R]);
	}
	let indices = recurrent.consumed.indices();
	Ok(Lowered::step_of(recurrent, indices))
}

fn wrap<T: Element>(packed: T::Matrix) -> PackedMatrix {
	T::wrap(std::sync::Arc::new(packed))
}

impl<C: Cell> Recurrent<C> {
	fn rows(&self) -> usize {
		C::GATES * self.hidden
	}

	fn packed_bytes(&self, dtype: DType) -> u64 {
		let w = packed_bytes(dtype, self.inputs, self.rows());
		let r = C::PRODUCTS.iter().fold(0u64, |bytes, gates| {
			bytes.saturating_add(packed_bytes(dtype, self.hidden, gates * self.hidden))
		});
		w.saturating_add(r)
			.saturating_mul(self.reverse.len() as u64)
	}

	fn pack_w<T: Real>(&self, w: &Tensor) -> Result<Vec<T::Matrix>, EvalError> {
		let of_direction = self.rows() * self.inputs;
		Ok(slice::<T>(w)?
			.chunks_exact(of_direction)
			.map(|w| pack(w, self.inputs, self.rows(), true))
			.collect())
	}

	fn pack_r<T: Real>(&self, r: &Tensor) -> Result<Vec<T::Matrix>, EvalError> {
		let mut packed = vec![];
		for r in slice::<T>(r)?.chunks_exact(self.rows() * self.hidden) {
			let mut first = 0;
			for gates in C::PRODUCTS {
				let rows = gates * self.hidden;
				let part = &r[first * self.hidden..][..rows * self.hidden];
				packed.push(pack(part, self.hidden, rows, true));
				first += rows;
			}
		}
		Ok(packed)
	}

	/// The number of steps that each batch entry takes part in.
	fn lengths(&self, lens: Option<&TValue>) -> Result<Vec<usize>, EvalError> {
		let Some(lens) = lens else {
			return Ok(vec![self.steps; self.batch]);
		};
		let fits = |len: &i32| usize::try_from(*len).ok().filter(|len| *len <= self.steps);
		slice::<i32>(lens)?
			.iter()
			.map(|len| {
				fits(len).ok_or_else(|| {
					EvalError::from(DomainError::InvalidValue {
						op: C::NAME,
						reason: format!("a length of {len} in sequences of {}", self.steps),
					})
				})
			})
			.collect()
	}

	fn run<T: Real>(&self, inputs: &[TValue]) -> Result<Vec<Tensor>, EvalError> {
		let given = |index: usize| {
			self.consumed
				.get(inputs, index)
				.map(|value| slice::<T>(value))
				.transpose()
		};
		let (rows, hidden, batch) = (self.rows(), self.hidden, self.batch);
		let directions = self.reverse.len();
		let x = slice::<T>(self.consumed.expect(inputs, X)?)?;
		let lengths = self.lengths(self.consumed.get(inputs, SEQUENCE_LENS))?;
		let (bias, initial_h, initial_c, peepholes) = (
			given(B)?,
			given(INITIAL_H)?,
			given(INITIAL_C)?,
			given(PEEPHOLES)?,
		);
		let made_w = match &self.packed_w {
			None => Some(self.pack_w::<T>(self.consumed.expect(inputs, W)?)?),
			Some(_) => None,
		};
		let made_r = match &self.packed_r {
			None => Some(self.pack_r::<T>(self.consumed.expect(inputs, R)?)?),
			Some(_) => None,
		};
		let y_shape = if self.batch_first {
			[batch, self.steps, directions, hidden]
		} else {
			[self.steps, directions, batch, hidden]
		};
		let state_shape = if self.batch_first {
			[batch, directions, hidden]
		} else {
			[directions, batch, hidden]
		};
		let zero = |shape: &[usize]| Tensor::zero_dt(T::datum_type(), shape);
		let (mut y, mut y_h, mut y_c) = (zero(&y_shape)?, zero(&state_shape)?, zero(&state_shape)?);
		let state_row = |direction: usize, entry: usize| {
			hidden
				* if self.batch_first {
					entry * directions + direction
				} else {
					direction * batch + entry
				}
		};
		let y_row = |step: usize, direction: usize, entry: usize| {
			hidden
				* if self.batch_first {
					(entry * self.steps + step) * directions + direction
				} else {
					(step * directions + direction) * batch + entry
				}
		};
		let x_row = |step: usize, entry: usize| {
			rows * if self.batch_first {
				entry * self.steps + step
			} else {
				step * batch + entry
			}
		};

		let mut from_x = vec![T::ZERO; self.steps * batch * rows];
		let mut gates = vec![T::ZERO; batch * rows];
		let mut part = vec![T::ZERO; batch * rows];
		let mut factor = vec![T::ZERO; batch * hidden];
		let (mut h, mut c) = (factor.clone(), factor.clone());
		let output = slice_mut::<T>(&mut y)?;
		let (last_h, last_c) = (slice_mut::<T>(&mut y_h)?, slice_mut::<T>(&mut y_c)?);
		for (direction, reverse) in self.reverse.iter().enumerate() {
			let biases = bias.map(|bias| bias[direction * 2 * rows..][..2 * rows].split_at(rows));
			let (w_bias, r_bias) = (biases.map(|b| b.0), biases.map(|b| b.1));
			let functions = C::ACTIVATIONS.len();
			let activations = &self.activations[direction * functions..][..functions];
			let peepholes = peepholes.map(|p| &p[direction * 3 * hidden..][..3 * hidden]);
			let packed_w = find::<T>(&self.packed_w, &made_w, direction)?;
			with_bias(
				x,
				self.steps * batch,
				self.inputs,
				rows,
				packed_w,
				w_bias,
				&mut from_x,
			);
			for entry in 0..batch {
				let row = entry * hidden;
				let start = state_row(direction, entry);
				let initial = |from: Option<&[T]>, to: &mut [T]| match from {
					Some(from) => to.copy_from_slice(&from[start..start + hidden]),
					None => to.fill(T::ZERO),
				};
				initial(initial_h, &mut h[row..row + hidden]);
				initial(initial_c, &mut c[row..row + hidden]);
			}
			let longest = lengths.iter().copied().max().unwrap_or(0);
			for step in 0..longest {
				let place = |entry: usize| {
					if *reverse {
						lengths[entry] - 1 - step
					} else {
						step
					}
				};
				let running = |entry: &usize| step < lengths[*entry];
				let mut first = 0;
				for (index, product_gates) in C::PRODUCTS.iter().enumerate() {
					let width = product_gates * hidden;
					if index == 1 {
						for entry in (0..batch).filter(running) {
							let at = entry * rows;
							let from = &from_x[x_row(place(entry), entry)..][..rows];
							let gates = &mut gates[at..at + first];
							for (gate, x) in gates.iter_mut().zip(from) {
								*gate = *x + *gate;
							}
							let row = entry * hidden..(entry + 1) * hidden;
							vectorized(
								#[inline(always)]
								|| {
									self.cell.second_factor(
										activations,
										self.clip,
										gates,
										&h[row.clone()],
										&mut factor[row.clone()],
									);
								},
							);
						}
					}
					let a = if index == 0 { &h } else { &factor };
					let packed = find::<T>(
						&self.packed_r,
						&made_r,
						direction * C::PRODUCTS.len() + index,
					)?;
					let bias = r_bias.map(|bias| &bias[first..first + width]);
					let part = &mut part[..batch * width];
					with_bias(a, batch, hidden, width, packed, bias, part);
					for (entry, part) in part.chunks_exact(width).enumerate() {
						gates[entry * rows + first..][..width].copy_from_slice(part);
					}
					first += width;
				}
				for entry in (0..batch).filter(running) {
					let row = entry * hidden..(entry + 1) * hidden;
					let cells = if C::HAS_CELL_STATE { row.clone() } else { 0..0 };
					vectorized(
						#[inline(always)]
						|| {
							self.cell.advance(Step {
								x: &from_x[x_row(place(entry), entry)..][..rows],
								gates: &mut gates[entry * rows..][..rows],
								h: &mut h[row.clone()],
								c: &mut c[cells.clone()],
								peepholes,
								activations,
								clip: self.clip,
							});
						},
					);
					let at = y_row(place(entry), direction, entry);
					output[at..at + hidden].copy_from_slice(&h[row]);
				}
			}
			for entry in 0..batch {
				let row = entry * hidden..(entry + 1) * hidden;
				let at = state_row(direction, entry);
				last_h[at..at + hidden].copy_from_slice(&h[row.clone()]);
				last_c[at..at + hidden].copy_from_slice(&c[row]);
			}
		}
		let mut outputs = vec![y, y_h];
		if C::HAS_CELL_STATE {
			outputs.push(y_c);
		}
		Ok(outputs)
	}
}

fn find<'a, T: Element>(
	constant: &'a Option<Vec<PackedMatrix>>,
	made: &'a Option<Vec<T::Matrix>>,
	index: usize,
) -> Result<&'a T::Matrix, EvalError> {
	let found = match (constant, made) {
		(Some(constant), _) => constant.get(index).and_then(T::unwrap),
		(None, made) => made.as_ref().and_then(|made| made.get(index)),
	};
	found.ok_or_else(|| EvalError::Internal("a recurrent weight is missing".into()))
}

/// `a x packed`, with the bias of each column added to the sums.
fn with_bias<T: Real>(
	a: &[T],
	rows: usize,
	k: usize,
	columns: usize,
	packed: &T::Matrix,
	bias: Option<&[T]>,
	output: &mut [T],
) {
	let output = &mut output[..rows * columns];
	T::product(&operands(a), k, packed, output, columns);
	if let Some(bias) = bias {
		for row in output.chunks_exact_mut(columns.max(1)) {
			for (y, bias) in row.iter_mut().zip(bias) {
				*y = y.plus(*bias);
			}
		}
	}
}

impl<C: Cell> Kernel for Recurrent<C> {
	fn name(&self) -> &'static str {
		C::NAME
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let x = inputs
			.first()
			.ok_or_else(|| super::internal_arity(inputs))?;
		let directions = self.reverse.len();
		let (y, state) = if self.batch_first {
			(
				vec![self.batch, self.steps, directions, self.hidden],
				vec![self.batch, directions, self.hidden],
			)
		} else {
			(
				vec![self.steps, directions, self.batch, self.hidden],
				vec![directions, self.batch, self.hidden],
			)
		};
		// What is computed on the way must be a tensor that could be.
		Fact::new(x.dtype(), [self.steps, self.batch, self.rows()])?;
		let mut facts = vec![
			Fact::new(x.dtype(), y)?,
			Fact::new(x.dtype(), state.clone())?,
		];
		if C::HAS_CELL_STATE {
			facts.push(Fact::new(x.dtype(), state)?);
		}
		Ok(facts)
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let rows = self.rows();
		let of_r = C::PRODUCTS.iter().fold(0u64, |macs, gates| {
			macs.saturating_add(linalg::macs(self.batch, self.hidden, gates * self.hidden))
		});
		let steps = self.steps as u64;
		let gates = (self.batch * rows) as u64 * steps;
		// Each step waits for the one before, and calls a product anew.
		let macs = linalg::macs(self.steps * self.batch, self.inputs, rows)
			.saturating_add(of_r.saturating_mul(steps))
			.saturating_add(gates.saturating_mul(12))
			.saturating_add(steps.saturating_mul(2048));
		let functions = gates + gates / C::GATES as u64;
		// What is left over of a row of gates is evaluated one by one.
		let left_over = functions * 5 * self.hidden.min(7) as u64 / self.hidden.max(1) as u64;
		let directions = self.reverse.len() as u64;
		let cost = Cost::touching(inputs, outputs)
			.with_macs(macs.saturating_mul(directions))
			.with_transcendentals((functions + left_over).saturating_mul(directions));
		// Weights that stay in the cache are read from memory once.
		let weights = self.packed_bytes(inputs[0].dtype());
		let reads = if weights > CACHED_BYTES { steps } else { 1 };
		cost.with_bytes(weights.saturating_mul(reads))
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		let dtype = inputs[0].dtype();
		let elements = (self.steps + 2) as u64 * (self.batch * self.rows()) as u64
			+ 3 * (self.batch * self.hidden) as u64;
		let packed = if self.packed_w.is_some() {
			0
		} else {
			self.packed_bytes(dtype)
		};
		// And, from the product, where each row begins, and a copy of its operands.
		elements
			.saturating_mul(dtype.size() as u64)
			.saturating_add((self.steps * self.batch * 8) as u64)
			.saturating_add(inputs[0].bytes())
			.saturating_add((self.batch * self.hidden * dtype.size()) as u64)
			.saturating_add(packed)
	}

	fn constant_bytes(&self) -> u64 {
		match self.packed_w.as_ref().and_then(|w| w.first()) {
			None => 0,
			Some(PackedMatrix::F64(_)) => self.packed_bytes(DType::F64),
			Some(_) => self.packed_bytes(DType::F32),
		}
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let dtype = crate::tensor::dtype(self.consumed.expect(&inputs, X)?)?;
		crate::with_float!(dtype, T => self.run::<T>(&inputs))
	}
}

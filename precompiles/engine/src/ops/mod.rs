//! The operators, one a file, and the table that finds them.
//!
//! To add one: write `ops/<operator>.rs` with a `build` function and a [`Kernel`], list the module,
//! and add a row to `find`. `relu.rs` shows an elementwise operator, `add.rs` one that broadcasts.
//!
//! An operator is one row for all its versions: `build` reads what the model's opset means. A row
//! says from which opset on there is the operator, until when if it was withdrawn, and which
//! attributes only old versions have, as <https://github.com/onnx/onnx/blob/main/docs/Changelog.md>
//! has it.

mod abs;
mod acos;
mod acosh;
mod activation;
mod add;
mod advice;
mod affine_grid;
mod and;
mod arg;
mod arg_max;
mod arg_min;
mod array_feature_extractor;
mod asin;
mod asinh;
mod atan;
mod atanh;
mod attention;
mod average_pool;
pub(crate) mod batch_normalization;
mod binarizer;
mod binary;
mod bit_cast;
mod bit_shift;
mod bitwise_and;
mod bitwise_not;
mod bitwise_or;
mod bitwise_xor;
mod cast;
mod cast_like;
mod ceil;
mod celu;
mod center_crop_pad;
pub(crate) mod channel_shuffle;
mod clip;
mod col2im;
pub(crate) mod concat;
mod constant;
mod constant_of_shape;
mod consumed;
pub(crate) mod conv;
pub(crate) mod conv_channels_last;
mod conv_integer;
mod conv_transpose;
pub(crate) mod copy;
mod cos;
mod cosh;
mod cosine_window;
mod cum_sum;
mod depth_to_space;
mod depthwise;
mod dequantize_linear;
mod det;
mod dft;
mod div;
mod dropout;
mod dynamic_quantize_linear;
mod einsum;
mod elu;
mod equal;
mod erf;
mod exp;
mod expand;
mod eye_like;
mod flatten;
mod floor;
mod forest;
mod gather;
mod gather_elements;
mod gather_nd;
mod gelu;
mod gemm;
mod global_average_pool;
mod global_max_pool;
mod greater;
mod greater_or_equal;
mod grid_sample;
mod gru;
mod hard_sigmoid;
mod hard_swish;
mod hardmax;
mod identity;
mod index;
mod instance_normalization;
mod integer_conv;
mod integer_product;
mod is_inf;
mod is_nan;
pub(crate) mod joined;
mod layer_normalization;
mod leaky_relu;
mod less;
mod less_or_equal;
mod limited_broadcast;
mod linear_model;
mod log;
mod log_softmax;
mod loss;
mod lp_normalization;
mod lp_pool;
mod lrn;
mod lstm;
mod mat_mul;
mod mat_mul_integer;
mod max;
mod max_pool;
mod max_pool_indices;
mod max_unpool;
mod mean;
mod mean_variance_normalization;
mod min;
mod mish;
mod modulo;
mod mul;
mod neg;
mod normalization;
mod normalizer;
mod not;
mod one_hot;
mod or;
mod pad;
mod part;
mod pool;
mod post_transform;
mod pow;
mod prelu;
mod product;
mod qlinear_conv;
mod qlinear_mat_mul;
mod quantize_linear;
mod quantized;
mod range;
mod reciprocal;
mod recurrent;
mod reduce;
mod reduce_l1;
mod reduce_l2;
mod reduce_log_sum;
mod reduce_log_sum_exp;
mod reduce_max;
mod reduce_mean;
mod reduce_min;
mod reduce_prod;
mod reduce_sum;
mod reduce_sum_square;
mod relu;
mod reshape;
mod resize;
mod resize_weights;
mod reverse_sequence;
mod rms_normalization;
mod rnn;
mod roi_align;
mod rotary_embedding;
mod round;
mod scaler;
mod scatter;
mod scatter_elements;
mod scatter_nd;
mod selu;
mod shape;
pub(crate) mod shaped;
mod shrink;
mod sigmoid;
mod sign;
mod sin;
mod sinh;
mod size;
mod slice;
mod softmax;
mod softplus;
mod softsign;
mod space_to_depth;
mod split;
mod sqrt;
mod squeeze;
mod stft;
mod sub;
mod sum;
mod swi_glu;
mod swish;
mod tan;
mod tanh;
mod tensor_scatter;
mod thresholded_relu;
mod tile;
mod top_k;
pub(crate) mod transpose;
mod tree_ensemble;
mod tree_ensemble_classifier;
mod tree_ensemble_regressor;
mod trilu;
mod unary;
mod unsqueeze;
mod variadic;
mod where_op;
mod window;
mod xor;

pub use advice::advice;

use std::{ops::RangeInclusive, sync::Arc};

use tract_onnx::prelude::Tensor;

use crate::{
	attrs::Attrs, error::OpError, fact::Fact, guard::OPSETS, kernel::Kernel, tensor::slice, DType,
};

/// What an operator's `build` function sees of its node.
#[derive(Clone, Copy, Debug)]
pub struct NodeCtx<'a> {
	/// The operator type.
	pub op_type: &'a str,
	/// The version of the default operator set that the model imports.
	pub opset: i64,
	/// The attributes. Their names are among those of the operator's row in the table.
	pub attrs: Attrs<'a>,
	/// The names of the outputs as the node lists them; an empty one is not wanted. As many as
	/// the operator's row in the table allows.
	pub outputs: &'a [String],
}

impl NodeCtx<'_> {
	/// Whether the node wants its output `index`.
	pub fn wants(&self, index: usize) -> bool {
		self.outputs.get(index).is_some_and(|name| !name.is_empty())
	}
}

/// The inputs of a node, as its `build` function sees them.
///
/// The required ones are there, and there are never more than the operator's row in the table
/// allows: [`build`] has checked both.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a>(&'a [Option<Fact>]);

impl<'a> Inputs<'a> {
	/// The number of inputs as the node lists them, omitted ones included.
	pub fn len(&self) -> usize {
		self.0.len()
	}

	/// Whether there are none.
	pub fn is_empty(&self) -> bool {
		self.0.is_empty()
	}

	/// Input `index`, which the operator requires.
	pub fn required(&self, index: usize) -> Result<&'a Fact, OpError> {
		self.optional(index).ok_or_else(|| OpError::WrongArity {
			reason: format!("input {index} is missing, but required"),
		})
	}

	/// Input `index`, if the node has it.
	pub fn optional(&self, index: usize) -> Option<&'a Fact> {
		self.0.get(index).and_then(Option::as_ref)
	}

	/// All inputs of an operator that takes any number of them, none omitted.
	pub fn all(&self) -> Result<Vec<&'a Fact>, OpError> {
		(0..self.len()).map(|index| self.required(index)).collect()
	}

	/// The value of input `index`, if the node has it, which must be a constant then.
	pub fn constant(
		&self,
		index: usize,
		name: &'static str,
	) -> Result<Option<&'a Arc<Tensor>>, OpError> {
		match self.optional(index) {
			None => Ok(None),
			Some(fact) => fact
				.konst()
				.map(Some)
				.ok_or(OpError::NotConstant { input: name }),
		}
	}

	/// The value of input `index`, if the node has it, which must be a constant of at most one
	/// dimension then.
	fn constant_list(
		&self,
		index: usize,
		name: &'static str,
	) -> Result<Option<&'a Tensor>, OpError> {
		let Some(tensor) = self.constant(index, name)? else {
			return Ok(None);
		};
		if tensor.rank() > 1 {
			return Err(OpError::bad_attribute(
				name,
				format!("has shape {:?}, but must be a list", tensor.shape()),
			));
		}
		Ok(Some(tensor))
	}

	/// The elements of input `index`, a constant of at most one dimension, of i32 or i64.
	pub fn constant_ints(
		&self,
		index: usize,
		name: &'static str,
	) -> Result<Option<Vec<i64>>, OpError> {
		let list = self.constant_list(index, name)?;
		list.map(|list| integers_of(list, name)).transpose()
	}

	/// The elements of input `index`, as [`Self::constant_ints`], or a list of whole numbers of
	/// binary32 or binary64, as the first opsets have them.
	pub fn constant_whole_numbers(
		&self,
		index: usize,
		name: &'static str,
	) -> Result<Option<Vec<i64>>, OpError> {
		let list = self.constant_list(index, name)?;
		list.map(|list| whole_numbers_of(list, name)).transpose()
	}

	/// The one element of input `index`, a constant of i32 or i64.
	pub fn constant_int(&self, index: usize, name: &'static str) -> Result<Option<i64>, OpError> {
		match self.constant_ints(index, name)?.as_deref() {
			None => Ok(None),
			Some([value]) => Ok(Some(*value)),
			Some(other) => Err(OpError::bad_attribute(
				name,
				format!("has {} elements, but must have one", other.len()),
			)),
		}
	}
}

/// The elements of a list of i32 or i64.
fn integers_of(list: &Tensor, name: &'static str) -> Result<Vec<i64>, OpError> {
	crate::tensor::indices(list).map_err(|_| OpError::UnsupportedDType {
		reason: format!(
			"input '{name}' is {:?}, but must be i64 or i32",
			list.datum_type()
		),
	})
}

/// The same, or of a list of floats that are whole numbers.
fn whole_numbers_of(list: &Tensor, name: &'static str) -> Result<Vec<i64>, OpError> {
	let floats: Vec<f64> = match crate::tensor::dtype(list) {
		Ok(DType::F32) => {
			slice::<f32>(list).map(|floats| floats.iter().map(|x| f64::from(*x)).collect())
		}
		Ok(DType::F64) => slice::<f64>(list).map(<[f64]>::to_vec),
		_ => return integers_of(list, name),
	}
	.map_err(|error| OpError::bad_attribute(name, error.to_string()))?;
	floats
		.iter()
		.map(|x| {
			// Beyond 2^53 not every number has a neighbour.
			if x.fract() == 0.0 && x.abs() <= 9_007_199_254_740_992.0 {
				Ok(*x as i64)
			} else {
				Err(OpError::bad_attribute(
					name,
					format!("has {x}, but must have whole numbers"),
				))
			}
		})
		.collect()
}

/// What a node becomes.
#[derive(Debug)]
pub enum Lowered {
	/// A step of the plan.
	Step {
		/// What the step does.
		kernel: Arc<dyn Kernel>,
		/// Which of the node's inputs it consumes at run time, in the kernel's order. Inputs that
		/// the build function has absorbed (axes, shapes) are left out.
		inputs: Vec<usize>,
		/// The inputs that it takes in another shape, by their place among `inputs`. The importer
		/// puts a step before that reshapes, or reshapes the constant.
		reshaped: Vec<(usize, Vec<usize>)>,
	},
	/// Nothing: the node's one output is its input of this index.
	Alias(usize),
	/// Nothing: the node's outputs are constants.
	Constants(Vec<Arc<Tensor>>),
}

impl Lowered {
	/// A step that consumes all inputs, none of which may be omitted.
	pub fn step(kernel: impl Kernel + 'static, inputs: Inputs<'_>) -> Self {
		Self::Step {
			kernel: Arc::new(kernel),
			inputs: (0..inputs.len()).collect(),
			reshaped: vec![],
		}
	}

	/// A step that consumes the inputs of these indices.
	pub fn step_of(kernel: impl Kernel + 'static, inputs: impl Into<Vec<usize>>) -> Self {
		Self::Step {
			kernel: Arc::new(kernel),
			inputs: inputs.into(),
			reshaped: vec![],
		}
	}

	/// The same step with its input `place`, of this shape, in another.
	#[must_use]
	fn taking(mut self, place: usize, from: &[usize], to: Vec<usize>) -> Self {
		if let Self::Step { reshaped, .. } = &mut self {
			if from != to {
				reshaped.push((place, to));
			}
		}
		self
	}
}

type Build = fn(&NodeCtx<'_>, Inputs<'_>) -> Result<Lowered, OpError>;

/// A row of the table of operators.
#[derive(Clone, Debug)]
struct Spec {
	/// How many inputs the node may list; as many as the lower bound must not be omitted.
	inputs: RangeInclusive<usize>,
	/// How many outputs it may list.
	outputs: RangeInclusive<usize>,
	/// The attributes that it may have.
	attributes: &'static [&'static str],
	/// Attributes of old versions, and the last opset that has each.
	legacy: &'static [(&'static str, i64)],
	/// The first and the last opset that has it.
	opsets: RangeInclusive<i64>,
	/// Lowers a node.
	build: Build,
}

impl Spec {
	/// The operator came with this opset.
	fn since(self, opset: i64) -> Self {
		Self {
			opsets: opset..=*self.opsets.end(),
			..self
		}
	}

	/// The operator was withdrawn after this opset.
	fn until(self, opset: i64) -> Self {
		Self {
			opsets: *self.opsets.start()..=opset,
			..self
		}
	}

	/// Old versions had these attributes too, up to these opsets.
	fn legacy(self, legacy: &'static [(&'static str, i64)]) -> Self {
		Self { legacy, ..self }
	}

	/// Refuses a node of an operator that the model's opset does not have.
	fn check_opset(&self, node: &NodeCtx<'_>) -> Result<(), OpError> {
		if is_ml(node.op_type) || self.opsets.contains(&node.opset) {
			return Ok(());
		}
		let (from, to) = (self.opsets.start(), self.opsets.end());
		let rule = if node.opset < *from {
			format!("it came with opset {from}")
		} else {
			format!("it was withdrawn after opset {to}")
		};
		Err(OpError::unsupported(format!(
			"{rule}, but the model imports opset {}: declare an opset that has it, or convert the \
			 model (onnx.version_converter)",
			node.opset
		)))
	}

	/// Refuses attributes that the operator does not have, or not any more.
	fn check_attributes(&self, node: &NodeCtx<'_>) -> Result<(), OpError> {
		let (had, gone): (Vec<_>, Vec<_>) = self
			.legacy
			.iter()
			.partition(|(_, last)| node.opset <= *last);
		if let Some((name, last)) = gone.iter().find(|(name, _)| node.attrs.has(name)) {
			return Err(OpError::bad_attribute(
				*name,
				format!(
					"only opset {last} and before have it, but the model imports opset {}",
					node.opset
				),
			));
		}
		let mut names = self.attributes.to_vec();
		names.extend(had.iter().map(|(name, _)| name));
		node.attrs.only(&names)
	}
}

/// The attribute of optimisers that the first versions have, and that means nothing to the result.
const CONSUMED: &[(&str, i64)] = &[("consumed_inputs", 5)];

/// No bound on the number of inputs or outputs but the one on all nodes.
const ANY: usize = crate::limits::MAX_NODE_TENSORS;

fn row(
	inputs: RangeInclusive<usize>,
	outputs: RangeInclusive<usize>,
	attributes: &'static [&'static str],
	build: Build,
) -> Spec {
	Spec {
		inputs,
		outputs,
		attributes,
		legacy: &[],
		opsets: 1..=*OPSETS.end(),
		build,
	}
}

/// The table, from which both a row and all names can be had.
macro_rules! table {
	($($op:literal => $row:expr,)*) => {
		/// The operators of the default domain that the engine has, in some variant.
		pub const OPERATORS: &[&str] = &[$($op),*];

		/// The row of an operator of the default domain.
		fn find(op_type: &str) -> Option<Spec> {
			match op_type {
				$($op => Some($row),)*
				_ => None,
			}
		}
	};
}

table! {
		"Add" => row(2..=2, 1..=1, &[], add::build).legacy(limited_broadcast::WITH_CONSUMED),
		"Relu" => row(1..=1, 1..=1, &[], relu::build).legacy(CONSUMED),
		"Abs" => row(1..=1, 1..=1, &[], abs::build).legacy(CONSUMED),
		"Ceil" => row(1..=1, 1..=1, &[], ceil::build).legacy(CONSUMED),
		"Cos" => row(1..=1, 1..=1, &[], cos::build).since(7),
		"Erf" => row(1..=1, 1..=1, &[], erf::build).since(9),
		"Exp" => row(1..=1, 1..=1, &[], exp::build).legacy(CONSUMED),
		"Floor" => row(1..=1, 1..=1, &[], floor::build).legacy(CONSUMED),
		"HardSwish" => row(1..=1, 1..=1, &[], hard_swish::build).since(14),
		"IsNaN" => row(1..=1, 1..=1, &[], is_nan::build).since(9),
		"Log" => row(1..=1, 1..=1, &[], log::build).legacy(CONSUMED),
		"Mish" => row(1..=1, 1..=1, &[], mish::build).since(18),
		"Neg" => row(1..=1, 1..=1, &[], neg::build).legacy(CONSUMED),
		"Not" => row(1..=1, 1..=1, &[], not::build),
		"Reciprocal" => row(1..=1, 1..=1, &[], reciprocal::build).legacy(CONSUMED),
		"Round" => row(1..=1, 1..=1, &[], round::build).since(11),
		"Sigmoid" => row(1..=1, 1..=1, &[], sigmoid::build).legacy(CONSUMED),
		"Sign" => row(1..=1, 1..=1, &[], sign::build).since(9),
		"Sin" => row(1..=1, 1..=1, &[], sin::build).since(7),
		"Softplus" => row(1..=1, 1..=1, &[], softplus::build),
		"Softsign" => row(1..=1, 1..=1, &[], softsign::build),
		"Sqrt" => row(1..=1, 1..=1, &[], sqrt::build).legacy(CONSUMED),
		"Tanh" => row(1..=1, 1..=1, &[], tanh::build).legacy(CONSUMED),
		"BitwiseNot" => row(1..=1, 1..=1, &[], bitwise_not::build).since(18),
		"LeakyRelu" => row(1..=1, 1..=1, &["alpha"], leaky_relu::build).legacy(CONSUMED),
		"ThresholdedRelu" => row(1..=1, 1..=1, &["alpha"], thresholded_relu::build).since(10),
		"HardSigmoid" => row(1..=1, 1..=1, &["alpha", "beta"], hard_sigmoid::build)
			.legacy(CONSUMED),
		"Elu" => row(1..=1, 1..=1, &["alpha"], elu::build).legacy(CONSUMED),
		"Celu" => row(1..=1, 1..=1, &["alpha"], celu::build).since(12),
		"Selu" => row(1..=1, 1..=1, &["alpha", "gamma"], selu::build).legacy(CONSUMED),
		"Gelu" => row(1..=1, 1..=1, &["approximate"], gelu::build).since(20),
		"Shrink" => row(1..=1, 1..=1, &["bias", "lambd"], shrink::build).since(9),
		"IsInf" => row(
			1..=1,
			1..=1,
			&["detect_negative", "detect_positive"],
			is_inf::build,
		).since(10),
		"Cast" => row(1..=1, 1..=1, &["to", "saturate", "round_mode"], cast::build),
		"Identity" => row(1..=1, 1..=1, &[], identity::build),
		"Softmax" => row(1..=1, 1..=1, &["axis"], softmax::build),
		"LogSoftmax" => row(1..=1, 1..=1, &["axis"], log_softmax::build),
		"Transpose" => row(1..=1, 1..=1, &["perm"], transpose::build),
		"Flatten" => row(1..=1, 1..=1, &["axis"], flatten::build),
		"Sub" => row(2..=2, 1..=1, &[], sub::build).legacy(limited_broadcast::WITH_CONSUMED),
		"Mul" => row(2..=2, 1..=1, &[], mul::build).legacy(limited_broadcast::WITH_CONSUMED),
		"Div" => row(2..=2, 1..=1, &[], div::build).legacy(limited_broadcast::WITH_CONSUMED),
		"Pow" => row(2..=2, 1..=1, &[], pow::build).legacy(limited_broadcast::ATTRIBUTES),
		"Equal" => row(2..=2, 1..=1, &[], equal::build).legacy(limited_broadcast::ATTRIBUTES),
		"Less" => row(2..=2, 1..=1, &[], less::build).legacy(limited_broadcast::ATTRIBUTES),
		"Greater" => row(2..=2, 1..=1, &[], greater::build).legacy(limited_broadcast::ATTRIBUTES),
		"And" => row(2..=2, 1..=1, &[], and::build).legacy(limited_broadcast::ATTRIBUTES),
		"Or" => row(2..=2, 1..=1, &[], or::build).legacy(limited_broadcast::ATTRIBUTES),
		"Xor" => row(2..=2, 1..=1, &[], xor::build).legacy(limited_broadcast::ATTRIBUTES),
		"LessOrEqual" => row(2..=2, 1..=1, &[], less_or_equal::build).since(12),
		"GreaterOrEqual" => row(2..=2, 1..=1, &[], greater_or_equal::build).since(12),
		"BitwiseAnd" => row(2..=2, 1..=1, &[], bitwise_and::build).since(18),
		"BitwiseOr" => row(2..=2, 1..=1, &[], bitwise_or::build).since(18),
		"BitwiseXor" => row(2..=2, 1..=1, &[], bitwise_xor::build).since(18),
		"Mod" => row(2..=2, 1..=1, &["fmod"], modulo::build).since(10),
		"PRelu" => row(2..=2, 1..=1, &[], prelu::build).legacy(CONSUMED),
		"Max" => row(1..=ANY, 1..=1, &[], max::build).legacy(CONSUMED),
		"Min" => row(1..=ANY, 1..=1, &[], min::build).legacy(CONSUMED),
		"Sum" => row(1..=ANY, 1..=1, &[], sum::build).legacy(CONSUMED),
		"Mean" => row(1..=ANY, 1..=1, &[], mean::build).legacy(CONSUMED),
		"Where" => row(3..=3, 1..=1, &[], where_op::build).since(9),
		"Clip" => row(1..=3, 1..=1, &["min", "max"], clip::build).legacy(CONSUMED),
		"CastLike" => row(2..=2, 1..=1, &["saturate", "round_mode"], cast_like::build).since(15),
		"Dropout" => row(1..=3, 1..=2, &["ratio", "seed"], dropout::build)
			.legacy(&[("consumed_inputs", 5), ("is_test", 6)]),
		"ReduceSum" => row(1..=2, 1..=1, reduce::ATTRIBUTES, reduce_sum::build),
		"ReduceMean" => row(1..=2, 1..=1, reduce::ATTRIBUTES, reduce_mean::build),
		"ReduceMax" => row(1..=2, 1..=1, reduce::ATTRIBUTES, reduce_max::build),
		"ReduceMin" => row(1..=2, 1..=1, reduce::ATTRIBUTES, reduce_min::build),
		"ReduceProd" => row(1..=2, 1..=1, reduce::ATTRIBUTES, reduce_prod::build),
		"ReduceL1" => row(1..=2, 1..=1, reduce::ATTRIBUTES, reduce_l1::build),
		"ReduceL2" => row(1..=2, 1..=1, reduce::ATTRIBUTES, reduce_l2::build),
		"ReduceLogSum" => row(1..=2, 1..=1, reduce::ATTRIBUTES, reduce_log_sum::build),
		"ReduceLogSumExp" => row(1..=2, 1..=1, reduce::ATTRIBUTES, reduce_log_sum_exp::build),
		"ReduceSumSquare" => row(1..=2, 1..=1, reduce::ATTRIBUTES, reduce_sum_square::build),
		"ArgMax" => row(1..=1, 1..=1, arg::ATTRIBUTES, arg_max::build),
		"ArgMin" => row(1..=1, 1..=1, arg::ATTRIBUTES, arg_min::build),
		"TopK" => row(
			1..=2,
			2..=2,
			&["axis", "k", "largest", "sorted"],
			top_k::build,
		),
		"Reshape" => row(1..=2, 1..=1, &["allowzero"], reshape::build)
			.legacy(&[("consumed_inputs", 4), ("shape", 4)]),
		"Squeeze" => row(1..=2, 1..=1, &["axes"], squeeze::build),
		"Unsqueeze" => row(1..=2, 1..=1, &["axes"], unsqueeze::build),
		"Concat" => row(1..=ANY, 1..=1, &["axis"], concat::build),
		"Split" => row(
			1..=2,
			1..=ANY,
			&["axis", "split", "num_outputs"],
			split::build,
		),
		"Slice" => row(1..=5, 1..=1, &["axes", "ends", "starts"], slice::build),
		"Expand" => row(2..=2, 1..=1, &[], expand::build).since(8),
		"Tile" => row(2..=3, 1..=1, &[], tile::build),
		"Gather" => row(2..=2, 1..=1, &["axis"], gather::build),
		"GatherElements" => row(2..=2, 1..=1, &["axis"], gather_elements::build).since(11),
		"GatherND" => row(2..=2, 1..=1, &["batch_dims"], gather_nd::build).since(11),
		"Scatter" => row(3..=3, 1..=1, &["axis"], scatter_elements::build).since(9).until(10),
		"ScatterElements" => row(
			3..=3,
			1..=1,
			&["axis", "reduction"],
			scatter_elements::build,
		).since(11),
		"ScatterND" => row(3..=3, 1..=1, &["reduction"], scatter_nd::build).since(11),
		"Constant" => row(0..=0, 1..=1, constant::ATTRIBUTES, constant::build),
		"ConstantOfShape" => row(1..=1, 1..=1, &["value"], constant_of_shape::build).since(9),
		"Shape" => row(1..=1, 1..=1, &["start", "end"], shape::build),
		"Size" => row(1..=1, 1..=1, &[], size::build),
		"Range" => row(3..=3, 1..=1, &["stash_type"], range::build).since(11),
		"OneHot" => row(3..=3, 1..=1, &["axis"], one_hot::build).since(9),
		"CumSum" => row(2..=2, 1..=1, &["exclusive", "reverse"], cum_sum::build).since(11),
		"Trilu" => row(1..=2, 1..=1, &["upper"], trilu::build).since(14),
		"EyeLike" => row(1..=1, 1..=1, &["dtype", "k"], eye_like::build).since(9),
		"DepthToSpace" => row(1..=1, 1..=1, &["blocksize", "mode"], depth_to_space::build),
		"SpaceToDepth" => row(1..=1, 1..=1, &["blocksize", "mode"], space_to_depth::build),
		"Pad" => row(1..=4, 1..=1, &["mode", "pads", "value"], pad::build)
			.legacy(&[("paddings", 1)]),
		"Conv" => row(2..=3, 1..=1, conv::ATTRIBUTES, conv::build),
		"Gemm" => row(2..=3, 1..=1, gemm::ATTRIBUTES, gemm::build).legacy(&[("broadcast", 6)]),
		"MatMul" => row(2..=2, 1..=1, &[], mat_mul::build),
		"MaxPool" => row(1..=1, 1..=2, max_pool::ATTRIBUTES, max_pool::build),
		"MaxUnpool" => row(2..=3, 1..=1, max_unpool::ATTRIBUTES, max_unpool::build).since(9),
		"AveragePool" => row(1..=1, 1..=1, average_pool::ATTRIBUTES, average_pool::build),
		"GlobalAveragePool" => row(1..=1, 1..=1, &[], global_average_pool::build),
		"GlobalMaxPool" => row(1..=1, 1..=1, &[], global_max_pool::build),
		"BatchNormalization" => row(
			5..=5,
			1..=5,
			batch_normalization::ATTRIBUTES,
			batch_normalization::build,
		).legacy(&[("consumed_inputs", 5), ("is_test", 6)]),
		// ONNX has it from opset 17 on; onnxruntime's optimiser writes it into older models.
		"LayerNormalization" => row(
			2..=3,
			1..=3,
			layer_normalization::ATTRIBUTES,
			layer_normalization::build,
		),
		"LRN" => row(1..=1, 1..=1, lrn::ATTRIBUTES, lrn::build),
		"InstanceNormalization" => row(3..=3, 1..=1, &["epsilon"], instance_normalization::build)
			.legacy(CONSUMED),
		"GroupNormalization" => {
			let attributes = instance_normalization::GROUP_ATTRIBUTES;
			row(
				3..=3,
				1..=1,
				attributes,
				instance_normalization::build_group,
			)
			.since(18)
		},
		"Hardmax" => row(1..=1, 1..=1, &["axis"], hardmax::build),
		"Swish" => row(1..=1, 1..=1, &["alpha"], swish::build).since(24),
		"BitShift" => row(2..=2, 1..=1, &["direction"], bit_shift::build).since(11),
		"Resize" => row(1..=4, 1..=1, resize::ATTRIBUTES, resize::build).since(10),
		"Upsample" => row(1..=2, 1..=1, &["mode", "scales"], resize::upsample)
			.until(9)
			.legacy(&[("height_scale", 6), ("width_scale", 6)]),
		"QuantizeLinear" => row(
			2..=3,
			1..=1,
			quantize_linear::ATTRIBUTES,
			quantize_linear::build,
		).since(10),
		"DequantizeLinear" => row(
			2..=3,
			1..=1,
			dequantize_linear::ATTRIBUTES,
			dequantize_linear::build,
		).since(10),
		"DynamicQuantizeLinear" => row(1..=1, 1..=3, &[], dynamic_quantize_linear::build)
			.since(11),
		"MatMulInteger" => row(2..=4, 1..=1, &[], mat_mul_integer::build).since(10),
		"QLinearMatMul" => row(8..=8, 1..=1, &[], qlinear_mat_mul::build).since(10),
		"ConvInteger" => row(2..=4, 1..=1, conv::ATTRIBUTES, conv_integer::build).since(10),
		"QLinearConv" => row(8..=9, 1..=1, conv::ATTRIBUTES, qlinear_conv::build).since(10),
		"LSTM" => row(3..=8, 1..=3, lstm::ATTRIBUTES, lstm::build),
		"GRU" => row(3..=6, 1..=2, gru::ATTRIBUTES, gru::build),
		"RNN" => row(3..=6, 1..=2, rnn::ATTRIBUTES, rnn::build),
		"Tan" => row(1..=1, 1..=1, &[], tan::build).since(7),
		"Asin" => row(1..=1, 1..=1, &[], asin::build).since(7),
		"Acos" => row(1..=1, 1..=1, &[], acos::build).since(7),
		"Atan" => row(1..=1, 1..=1, &[], atan::build).since(7),
		"Sinh" => row(1..=1, 1..=1, &[], sinh::build).since(9),
		"Cosh" => row(1..=1, 1..=1, &[], cosh::build).since(9),
		"Asinh" => row(1..=1, 1..=1, &[], asinh::build).since(9),
		"Acosh" => row(1..=1, 1..=1, &[], acosh::build).since(9),
		"Atanh" => row(1..=1, 1..=1, &[], atanh::build).since(9),
		"ConvTranspose" => row(
			2..=3,
			1..=1,
			conv_transpose::ATTRIBUTES,
			conv_transpose::build,
		),
		"RMSNormalization" => row(
			2..=2,
			1..=1,
			rms_normalization::ATTRIBUTES,
			rms_normalization::build,
		).since(23),
		"SimplifiedLayerNormalization" => row(
			2..=2,
			1..=2,
			rms_normalization::ATTRIBUTES,
			rms_normalization::build,
		),
		"LpNormalization" => row(1..=1, 1..=1, &["axis", "p"], lp_normalization::build),
		"LpPool" => row(1..=1, 1..=1, lp_pool::ATTRIBUTES, lp_pool::build),
		"GlobalLpPool" => row(1..=1, 1..=1, &["p"], lp_pool::build_global),
		"MeanVarianceNormalization" => {
			row(1..=1, 1..=1, &["axes"], mean_variance_normalization::build).since(9)
		},
		"Attention" => row(3..=7, 1..=4, attention::ATTRIBUTES, attention::build).since(23),
		"RotaryEmbedding" => row(
			3..=4,
			1..=1,
			rotary_embedding::ATTRIBUTES,
			rotary_embedding::build,
		).since(23),
		"Einsum" => row(
			1..=einsum::MAX_OPERANDS,
			1..=1,
			&["equation"],
			einsum::build,
		).since(12),
		"SwiGLU" => row(2..=2, 1..=1, &["alpha"], swi_glu::build).since(28),
		"BitCast" => row(1..=1, 1..=1, &["to"], bit_cast::build).since(26),
		"CumProd" => row(
			2..=2,
			1..=1,
			&["exclusive", "reverse"],
			cum_sum::build_product,
		).since(26),
		"GridSample" => row(2..=2, 1..=1, grid_sample::ATTRIBUTES, grid_sample::build).since(16),
		"AffineGrid" => row(2..=2, 1..=1, &["align_corners"], affine_grid::build).since(20),
		"ReverseSequence" => row(
			2..=2,
			1..=1,
			&["batch_axis", "time_axis"],
			reverse_sequence::build,
		).since(10),
		"TensorScatter" => row(2..=3, 1..=1, &["axis", "mode"], tensor_scatter::build).since(24),
		"CenterCropPad" => row(2..=2, 1..=1, &["axes"], center_crop_pad::build).since(18),
		"Col2Im" => row(3..=3, 1..=1, col2im::ATTRIBUTES, col2im::build).since(18),
		"Det" => row(1..=1, 1..=1, &[], det::build).since(11),
		"DFT" => row(1..=3, 1..=1, dft::ATTRIBUTES, dft::build).since(17),
		"STFT" => row(2..=4, 1..=1, &["onesided"], stft::build).since(17),
		"HannWindow" => row(
			1..=1,
			1..=1,
			cosine_window::ATTRIBUTES,
			cosine_window::build,
		).since(17),
		"HammingWindow" => row(
			1..=1,
			1..=1,
			cosine_window::ATTRIBUTES,
			cosine_window::build,
		).since(17),
		"BlackmanWindow" => row(
			1..=1,
			1..=1,
			cosine_window::ATTRIBUTES,
			cosine_window::build,
		).since(17),
		"NegativeLogLikelihoodLoss" => row(2..=3, 1..=1, loss::ATTRIBUTES, loss::build).since(12),
		"SoftmaxCrossEntropyLoss" => row(2..=3, 1..=2, loss::ATTRIBUTES, loss::build).since(12),
		"RoiAlign" => row(3..=3, 1..=1, roi_align::ATTRIBUTES, roi_align::build).since(10),
		"ArrayFeatureExtractor" => row(2..=2, 1..=1, &[], array_feature_extractor::build),
		"Binarizer" => row(1..=1, 1..=1, &["threshold"], binarizer::build),
		"LinearClassifier" => row(
			1..=1,
			1..=2,
			linear_model::CLASSIFIER_ATTRIBUTES,
			linear_model::build_classifier,
		),
		"LinearRegressor" => row(
			1..=1,
			1..=1,
			linear_model::REGRESSOR_ATTRIBUTES,
			linear_model::build_regressor,
		),
		"Normalizer" => row(1..=1, 1..=1, &["norm"], normalizer::build),
		"Scaler" => row(1..=1, 1..=1, &["offset", "scale"], scaler::build),
		"TreeEnsemble" => row(
			1..=1,
			1..=1,
			tree_ensemble::ATTRIBUTES,
			tree_ensemble::build,
		),
		"TreeEnsembleClassifier" => row(
			1..=1,
			1..=2,
			tree_ensemble_classifier::ATTRIBUTES,
			tree_ensemble_classifier::build,
		),
		"TreeEnsembleRegressor" => row(
			1..=1,
			1..=1,
			tree_ensemble_regressor::ATTRIBUTES,
			tree_ensemble_regressor::build,
		),
}

/// The operators of the domain `ai.onnx.ml`. None shares its name with one of the default domain.
const ML: [&str; 9] = [
	"ArrayFeatureExtractor",
	"Binarizer",
	"LinearClassifier",
	"LinearRegressor",
	"Normalizer",
	"Scaler",
	"TreeEnsemble",
	"TreeEnsembleClassifier",
	"TreeEnsembleRegressor",
];

/// Whether the engine has this operator, in some variant.
pub fn is_known(op_type: &str) -> bool {
	find(op_type).is_some()
}

/// The versions of the default operator set that have this operator, if the engine has it.
pub fn opsets(op_type: &str) -> Option<RangeInclusive<i64>> {
	find(op_type).map(|spec| spec.opsets)
}

/// Whether an operator that the engine has is one of the domain `ai.onnx.ml`.
pub fn is_ml(op_type: &str) -> bool {
	ML.contains(&op_type)
}

/// Lowers a node, or `None` if the engine does not have its operator.
pub fn build(node: &NodeCtx<'_>, inputs: &[Option<Fact>]) -> Option<Result<Lowered, OpError>> {
	find(node.op_type).map(|spec| {
		spec.check_opset(node)?;
		check_arity("inputs", inputs.len(), &spec.inputs)?;
		check_arity("outputs", node.outputs.len(), &spec.outputs)?;
		spec.check_attributes(node)?;
		let inputs = Inputs(inputs);
		for index in 0..*spec.inputs.start() {
			inputs.required(index)?;
		}
		(spec.build)(node, inputs)
	})
}

fn check_arity(what: &str, found: usize, range: &RangeInclusive<usize>) -> Result<(), OpError> {
	if range.contains(&found) {
		return Ok(());
	}
	let (from, to) = range.clone().into_inner();
	let must = match (from, to) {
		(from, to) if from == to => format!("{from}"),
		(from, ANY) => format!("at least {from}"),
		(from, to) => format!("{from} to {to}"),
	};
	Err(OpError::WrongArity {
		reason: format!("{found} {what}, but there must be {must}"),
	})
}

/// The error of a kernel that got another number of inputs than its build function asked for.
fn internal_arity(inputs: &[Fact]) -> OpError {
	OpError::WrongArity {
		reason: format!("the kernel got {} inputs", inputs.len()),
	}
}

//! The operators, one a file, and the table that finds them.
//!
//! To add one: write `ops/<operator>.rs` with a `build` function and a [`Kernel`], list the module,
//! and add a row to `find`. `relu.rs` shows an elementwise operator, `add.rs` one that broadcasts.

mod abs;
mod add;
mod and;
mod arg;
mod arg_max;
mod arg_min;
mod average_pool;
pub(crate) mod batch_normalization;
mod binary;
mod bit_shift;
mod bitwise_and;
mod bitwise_not;
mod bitwise_or;
mod bitwise_xor;
mod cast;
mod cast_like;
mod ceil;
mod celu;
pub(crate) mod channel_shuffle;
mod clip;
pub(crate) mod concat;
mod constant;
mod constant_of_shape;
pub(crate) mod conv;
pub(crate) mod conv_channels_last;
pub(crate) mod copy;
mod cos;
mod cum_sum;
mod depth_to_space;
mod depthwise;
mod div;
mod dropout;
mod elu;
mod equal;
mod erf;
mod exp;
mod expand;
mod eye_like;
mod flatten;
mod floor;
mod gather;
mod gather_elements;
mod gather_nd;
mod gelu;
mod gemm;
mod global_average_pool;
mod global_max_pool;
mod greater;
mod greater_or_equal;
mod hard_sigmoid;
mod hard_swish;
mod hardmax;
mod identity;
mod index;
mod instance_normalization;
mod is_inf;
mod is_nan;
pub(crate) mod joined;
mod layer_normalization;
mod leaky_relu;
mod less;
mod less_or_equal;
mod log;
mod log_softmax;
mod lrn;
mod mat_mul;
mod max;
mod max_pool;
mod mean;
mod min;
mod mish;
mod modulo;
mod mul;
mod neg;
mod normalization;
mod not;
mod one_hot;
mod or;
mod pad;
mod pool;
mod pow;
mod prelu;
mod product;
mod range;
mod reciprocal;
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
mod round;
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
mod size;
mod slice;
mod softmax;
mod softplus;
mod softsign;
mod space_to_depth;
mod split;
mod sqrt;
mod squeeze;
mod sub;
mod sum;
mod swish;
mod tanh;
mod thresholded_relu;
mod tile;
mod top_k;
pub(crate) mod transpose;
mod trilu;
mod unary;
mod unsqueeze;
mod variadic;
mod where_op;
mod window;
mod xor;

use std::{ops::RangeInclusive, sync::Arc};

use tract_onnx::prelude::Tensor;

use crate::{attrs::Attrs, error::OpError, fact::Fact, kernel::Kernel};

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

	/// The elements of input `index`, a constant of at most one dimension, of i32 or i64.
	pub fn constant_ints(
		&self,
		index: usize,
		name: &'static str,
	) -> Result<Option<Vec<i64>>, OpError> {
		let Some(tensor) = self.constant(index, name)? else {
			return Ok(None);
		};
		if tensor.rank() > 1 {
			return Err(OpError::bad_attribute(
				name,
				format!("has shape {:?}, but must be a list", tensor.shape()),
			));
		}
		crate::tensor::indices(tensor)
			.map(Some)
			.map_err(|_| OpError::UnsupportedDType {
				reason: format!(
					"input '{name}' is {:?}, but must be i64 or i32",
					tensor.datum_type()
				),
			})
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
		}
	}

	/// A step that consumes the inputs of these indices.
	pub fn step_of(kernel: impl Kernel + 'static, inputs: impl Into<Vec<usize>>) -> Self {
		Self::Step {
			kernel: Arc::new(kernel),
			inputs: inputs.into(),
		}
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
	/// Lowers a node.
	build: Build,
}

/// No bound on the number of inputs or outputs but the one on all nodes.
const ANY: usize = crate::limits::MAX_NODE_TENSORS;

const fn row(
	inputs: RangeInclusive<usize>,
	outputs: RangeInclusive<usize>,
	attributes: &'static [&'static str],
	build: Build,
) -> Spec {
	Spec {
		inputs,
		outputs,
		attributes,
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
		"Add" => row(2..=2, 1..=1, &[], add::build),
		"Relu" => row(1..=1, 1..=1, &[], relu::build),
		"Abs" => row(1..=1, 1..=1, &[], abs::build),
		"Ceil" => row(1..=1, 1..=1, &[], ceil::build),
		"Cos" => row(1..=1, 1..=1, &[], cos::build),
		"Erf" => row(1..=1, 1..=1, &[], erf::build),
		"Exp" => row(1..=1, 1..=1, &[], exp::build),
		"Floor" => row(1..=1, 1..=1, &[], floor::build),
		"HardSwish" => row(1..=1, 1..=1, &[], hard_swish::build),
		"IsNaN" => row(1..=1, 1..=1, &[], is_nan::build),
		"Log" => row(1..=1, 1..=1, &[], log::build),
		"Mish" => row(1..=1, 1..=1, &[], mish::build),
		"Neg" => row(1..=1, 1..=1, &[], neg::build),
		"Not" => row(1..=1, 1..=1, &[], not::build),
		"Reciprocal" => row(1..=1, 1..=1, &[], reciprocal::build),
		"Round" => row(1..=1, 1..=1, &[], round::build),
		"Sigmoid" => row(1..=1, 1..=1, &[], sigmoid::build),
		"Sign" => row(1..=1, 1..=1, &[], sign::build),
		"Sin" => row(1..=1, 1..=1, &[], sin::build),
		"Softplus" => row(1..=1, 1..=1, &[], softplus::build),
		"Softsign" => row(1..=1, 1..=1, &[], softsign::build),
		"Sqrt" => row(1..=1, 1..=1, &[], sqrt::build),
		"Tanh" => row(1..=1, 1..=1, &[], tanh::build),
		"BitwiseNot" => row(1..=1, 1..=1, &[], bitwise_not::build),
		"LeakyRelu" => row(1..=1, 1..=1, &["alpha"], leaky_relu::build),
		"ThresholdedRelu" => row(1..=1, 1..=1, &["alpha"], thresholded_relu::build),
		"HardSigmoid" => row(1..=1, 1..=1, &["alpha", "beta"], hard_sigmoid::build),
		"Elu" => row(1..=1, 1..=1, &["alpha"], elu::build),
		"Celu" => row(1..=1, 1..=1, &["alpha"], celu::build),
		"Selu" => row(1..=1, 1..=1, &["alpha", "gamma"], selu::build),
		"Gelu" => row(1..=1, 1..=1, &["approximate"], gelu::build),
		"Shrink" => row(1..=1, 1..=1, &["bias", "lambd"], shrink::build),
		"IsInf" => row(
			1..=1,
			1..=1,
			&["detect_negative", "detect_positive"],
			is_inf::build,
		),
		"Cast" => row(1..=1, 1..=1, &["to", "saturate", "round_mode"], cast::build),
		"Identity" => row(1..=1, 1..=1, &[], identity::build),
		"Softmax" => row(1..=1, 1..=1, &["axis"], softmax::build),
		"LogSoftmax" => row(1..=1, 1..=1, &["axis"], log_softmax::build),
		"Transpose" => row(1..=1, 1..=1, &["perm"], transpose::build),
		"Flatten" => row(1..=1, 1..=1, &["axis"], flatten::build),
		"Sub" => row(2..=2, 1..=1, &[], sub::build),
		"Mul" => row(2..=2, 1..=1, &[], mul::build),
		"Div" => row(2..=2, 1..=1, &[], div::build),
		"Pow" => row(2..=2, 1..=1, &[], pow::build),
		"Equal" => row(2..=2, 1..=1, &[], equal::build),
		"Less" => row(2..=2, 1..=1, &[], less::build),
		"Greater" => row(2..=2, 1..=1, &[], greater::build),
		"And" => row(2..=2, 1..=1, &[], and::build),
		"Or" => row(2..=2, 1..=1, &[], or::build),
		"Xor" => row(2..=2, 1..=1, &[], xor::build),
		"LessOrEqual" => row(2..=2, 1..=1, &[], less_or_equal::build),
		"GreaterOrEqual" => row(2..=2, 1..=1, &[], greater_or_equal::build),
		"BitwiseAnd" => row(2..=2, 1..=1, &[], bitwise_and::build),
		"BitwiseOr" => row(2..=2, 1..=1, &[], bitwise_or::build),
		"BitwiseXor" => row(2..=2, 1..=1, &[], bitwise_xor::build),
		"Mod" => row(2..=2, 1..=1, &["fmod"], modulo::build),
		"PRelu" => row(2..=2, 1..=1, &[], prelu::build),
		"Max" => row(1..=ANY, 1..=1, &[], max::build),
		"Min" => row(1..=ANY, 1..=1, &[], min::build),
		"Sum" => row(1..=ANY, 1..=1, &[], sum::build),
		"Mean" => row(1..=ANY, 1..=1, &[], mean::build),
		"Where" => row(3..=3, 1..=1, &[], where_op::build),
		"Clip" => row(1..=3, 1..=1, &["min", "max"], clip::build),
		"CastLike" => row(2..=2, 1..=1, &["saturate", "round_mode"], cast_like::build),
		"Dropout" => row(1..=3, 1..=2, &["ratio", "seed"], dropout::build),
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
		"Reshape" => row(2..=2, 1..=1, &["allowzero"], reshape::build),
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
		"Expand" => row(2..=2, 1..=1, &[], expand::build),
		"Tile" => row(2..=2, 1..=1, &[], tile::build),
		"Gather" => row(2..=2, 1..=1, &["axis"], gather::build),
		"GatherElements" => row(2..=2, 1..=1, &["axis"], gather_elements::build),
		"GatherND" => row(2..=2, 1..=1, &["batch_dims"], gather_nd::build),
		"Scatter" => row(3..=3, 1..=1, &["axis"], scatter_elements::build),
		"ScatterElements" => row(
			3..=3,
			1..=1,
			&["axis", "reduction"],
			scatter_elements::build,
		),
		"ScatterND" => row(3..=3, 1..=1, &["reduction"], scatter_nd::build),
		"Constant" => row(0..=0, 1..=1, constant::ATTRIBUTES, constant::build),
		"ConstantOfShape" => row(1..=1, 1..=1, &["value"], constant_of_shape::build),
		"Shape" => row(1..=1, 1..=1, &["start", "end"], shape::build),
		"Size" => row(1..=1, 1..=1, &[], size::build),
		"Range" => row(3..=3, 1..=1, &["stash_type"], range::build),
		"OneHot" => row(3..=3, 1..=1, &["axis"], one_hot::build),
		"CumSum" => row(2..=2, 1..=1, &["exclusive", "reverse"], cum_sum::build),
		"Trilu" => row(1..=2, 1..=1, &["upper"], trilu::build),
		"EyeLike" => row(1..=1, 1..=1, &["dtype", "k"], eye_like::build),
		"DepthToSpace" => row(1..=1, 1..=1, &["blocksize", "mode"], depth_to_space::build),
		"SpaceToDepth" => row(1..=1, 1..=1, &["blocksize", "mode"], space_to_depth::build),
		"Pad" => row(1..=4, 1..=1, &["mode", "pads", "value"], pad::build),
		"Conv" => row(2..=3, 1..=1, conv::ATTRIBUTES, conv::build),
		"Gemm" => row(2..=3, 1..=1, gemm::ATTRIBUTES, gemm::build),
		"MatMul" => row(2..=2, 1..=1, &[], mat_mul::build),
		"MaxPool" => row(1..=1, 1..=2, max_pool::ATTRIBUTES, max_pool::build),
		"AveragePool" => row(1..=1, 1..=1, average_pool::ATTRIBUTES, average_pool::build),
		"GlobalAveragePool" => row(1..=1, 1..=1, &[], global_average_pool::build),
		"GlobalMaxPool" => row(1..=1, 1..=1, &[], global_max_pool::build),
		"BatchNormalization" => row(
			5..=5,
			1..=5,
			batch_normalization::ATTRIBUTES,
			batch_normalization::build,
		),
		"LayerNormalization" => row(
			2..=3,
			1..=3,
			layer_normalization::ATTRIBUTES,
			layer_normalization::build,
		),
		"LRN" => row(1..=1, 1..=1, lrn::ATTRIBUTES, lrn::build),
		"InstanceNormalization" => row(3..=3, 1..=1, &["epsilon"], instance_normalization::build),
		"GroupNormalization" => {
			let attributes = instance_normalization::GROUP_ATTRIBUTES;
			row(
				3..=3,
				1..=1,
				attributes,
				instance_normalization::build_group,
			)
		},
		"Hardmax" => row(1..=1, 1..=1, &["axis"], hardmax::build),
		"Swish" => row(1..=1, 1..=1, &["alpha"], swish::build),
		"BitShift" => row(2..=2, 1..=1, &["direction"], bit_shift::build),
		"Resize" => row(1..=4, 1..=1, resize::ATTRIBUTES, resize::build),
		"Upsample" => row(1..=2, 1..=1, &["mode", "scales"], resize::upsample),
}

/// Whether the engine has this operator of the default domain, in some variant.
pub fn is_known(op_type: &str) -> bool {
	find(op_type).is_some()
}

/// Lowers a node, or `None` if the engine does not have its operator.
pub fn build(node: &NodeCtx<'_>, inputs: &[Option<Fact>]) -> Option<Result<Lowered, OpError>> {
	find(node.op_type).map(|spec| {
		check_arity("inputs", inputs.len(), &spec.inputs)?;
		check_arity("outputs", node.outputs.len(), &spec.outputs)?;
		node.attrs.only(spec.attributes)?;
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

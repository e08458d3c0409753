//! A channel shuffle: channels in `groups` rows become channels in as many columns.

use std::sync::Arc;

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::copy::{build, elements, with_size, View};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{ChannelsLast, Kernel, Layout},
	tensor::dtype,
};

/// Channel `j * (channels / groups) + i` of the input is channel `i * groups + j` of the output.
#[derive(Clone, Debug)]
pub(crate) struct ChannelShuffle {
	groups: usize,
	layout: Layout,
}

impl ChannelShuffle {
	/// Shuffles the channels of a value in the layout of ONNX; `groups` divides them.
	pub(crate) fn new(groups: usize) -> Self {
		Self {
			groups,
			layout: Layout::Given,
		}
	}
}

impl Kernel for ChannelShuffle {
	fn name(&self) -> &'static str {
		"ChannelShuffle"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		Ok(vec![x.without_value()])
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let (x, shape) = (&inputs[0], inputs[0].shape());
		let dtype = dtype(x)?;
		let channels = super::pool::channels(shape, self.layout);
		let (groups, each) = (self.groups, channels / self.groups.max(1));
		// What lies around the channels, and within one.
		let (outer, inner) = match self.layout {
			Layout::Given => (shape[0], shape[2..].iter().product()),
			Layout::ChannelsLast => (shape[..shape.len() - 1].iter().product(), 1),
		};
		let view = View::of(&[outer, groups, each, inner]).permuted(&[0, 2, 1, 3]);
		let y = with_size!(dtype, N => build::<N>(dtype, shape, |target| {
			view.copy(elements::<N>(x), target);
		}))?;
		Ok(vec![y])
	}

	fn channels_last(&self, _: &[Fact]) -> Option<ChannelsLast> {
		let kernel = Self {
			layout: Layout::ChannelsLast,
			..self.clone()
		};
		Some(ChannelsLast {
			kernel: Some(Arc::new(kernel)),
			..ChannelsLast::elementwise(1)
		})
	}
}

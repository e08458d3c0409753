//! A channel shuffle: channels in `groups` rows become channels in as many columns.

use std::sync::Arc;

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::copy::{build, elements, with_size};
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
		// Blocks of channels, each of so many neighbours.
		let (channels, run) = match self.layout {
			Layout::Given => (shape[1], shape[2..].iter().product::<usize>()),
			Layout::ChannelsLast => (shape[shape.len() - 1], 1),
		};
		let (groups, each) = (self.groups, channels / self.groups.max(1));
		let y = with_size!(dtype, N => build::<N>(dtype, shape, |target| {
			if target.is_empty() {
				return;
			}
			let images = elements::<N>(x).chunks_exact(channels * run);
			for (x, y) in images.zip(target.chunks_exact_mut(channels * run)) {
				for group in 0..groups {
					let rows = x[group * each * run..][..each * run].chunks_exact(run);
					for (row, to) in rows.zip(y[group * run..].chunks_mut(groups * run)) {
						to[..run].copy_from_slice(row);
					}
				}
			}
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

//! Images read at places, spectra, losses.

use super::{Accuracy, Draw, Drawn, Entry, Family};
use crate::conformance::graph::{i64_scalar, i64s};

pub(super) const FAMILY: Family = Family {
	title: "Sampling, spectra, losses",
	entries: &[
		Entry::new("GridSample", Accuracy::Summed, grid_sample)
			.note("in binary64, rounded once; one to three spatial axes; nearest, linear, cubic"),
		Entry::new("AffineGrid", Accuracy::Summed, affine_grid)
			.note("in binary64, rounded once; size constant"),
		Entry::new("RoiAlign", Accuracy::Summed, roi_align).note(
			"in binary64, rounded once; a batch index out of range, or a region far beyond its \
			 image, fails at run time",
		),
		Entry::new("DFT", Accuracy::Summed, dft)
			.note("in binary64, rounded once; `dft_length` and `axis` constant"),
		Entry::new("STFT", Accuracy::Summed, stft)
			.note("in binary64, rounded once; `frame_step` and `frame_length` constant"),
		Entry::new("NegativeLogLikelihoodLoss", Accuracy::Summed, loss)
			.note("a target out of range fails at run time"),
		Entry::new(
			"SoftmaxCrossEntropyLoss",
			Accuracy::SummedUlp(1.0),
			|draw| Some(loss(draw)?.outputs(2)),
		)
		.note("as NegativeLogLikelihoodLoss"),
	],
};

fn grid_sample(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(3..=5)?;
	let rank = shape.len() - 2;
	let mut grid = vec![shape[0]];
	grid.extend((0..rank).map(|_| draw.random.between(1, 4)));
	grid.push(rank);
	let dtype = draw.dtype;
	let modes: &[&str] = if draw.opset < 20 {
		&["bilinear", "nearest", "bicubic"]
	} else {
		&["linear", "nearest", "cubic"]
	};
	let mode = *draw.random.pick(modes);
	let padding = *draw.random.pick(&["zeros", "border", "reflection"]);
	let corners = draw.random.below(2) as i64;
	Some(
		draw.on(&shape)
			.any(draw, dtype, &grid)
			.string("mode", mode)
			.string("padding_mode", padding)
			.int("align_corners", corners),
	)
}

fn affine_grid(draw: &mut Draw<'_>) -> Option<Drawn> {
	if draw.main.is_some() {
		return None;
	}
	let (batch, rank) = (draw.random.between(1, 3), draw.random.between(2, 3));
	let mut size = vec![batch as i64, 1];
	size.extend((0..rank).map(|_| draw.random.between(1, 5) as i64));
	let corners = draw.random.below(2) as i64;
	Some(
		draw.on(&[batch, rank, rank + 1])
			.list(&size)
			.int("align_corners", corners),
	)
}

fn roi_align(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(4..=4)?;
	let count = draw.random.between(1, 3);
	let batch: Vec<i64> = (0..count)
		.map(|_| draw.random.below(shape[0]) as i64)
		.collect();
	let dtype = draw.dtype;
	let mode = *draw.random.pick(&["avg", "max"]);
	let ratio = draw.random.below(3) as i64;
	Some(
		draw.on(&shape)
			.any(draw, dtype, &[count, 4])
			.input(i64s(&batch))
			.string("mode", mode)
			.int("output_height", 2)
			.int("output_width", 3)
			.int("sampling_ratio", ratio),
	)
}

fn dft(draw: &mut Draw<'_>) -> Option<Drawn> {
	if draw.main.is_some() {
		return None;
	}
	let longest = if draw.long { 600 } else { 17 };
	let (batch, len) = (draw.random.between(1, 3), draw.random.between(2, longest));
	let parts = draw.random.between(1, 2);
	let drawn = draw.on(&[batch, len, parts]);
	let drawn = if draw.random.one_in(2) {
		let n = draw.random.between(1, 20) as i64;
		drawn.constant(i64_scalar(n))
	} else {
		drawn
	};
	let inverse = draw.random.below(2) as i64;
	let onesided = draw.random.below(2) as i64;
	Some(drawn.int("inverse", inverse).int("onesided", onesided))
}

fn stft(draw: &mut Draw<'_>) -> Option<Drawn> {
	if draw.main.is_some() {
		return None;
	}
	let frame = draw.random.between(1, 9);
	let len = frame + draw.random.below(12);
	let step = draw.random.between(1, 4) as i64;
	let dtype = draw.dtype;
	let drawn = draw.on(&[2, len, 1]).constant(i64_scalar(step));
	Some(if draw.random.one_in(2) {
		drawn.any(draw, dtype, &[frame])
	} else {
		drawn
			.omitted()
			.constant(i64_scalar(frame as i64))
			.int("onesided", 0)
	})
}

fn loss(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(2..=4)?;
	let mut targets = shape.clone();
	let classes = targets.remove(1);
	let targets = draw.indices(&targets, 0, classes as i64 - 1);
	let dtype = draw.dtype;
	let reduction = *draw.random.pick(&["none", "sum", "mean"]);
	let mut drawn = draw.on(&shape).input(targets);
	if draw.random.one_in(2) {
		drawn = drawn.any(draw, dtype, &[classes]);
	}
	if draw.random.one_in(2) {
		drawn = drawn.int("ignore_index", 0);
	}
	Some(drawn.string("reduction", reduction))
}

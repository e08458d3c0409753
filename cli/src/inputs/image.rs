//! Pictures: resized, laid out and normalised as an image model wants them.
//!
//! A pixel `p` of 0 to 255 becomes `(p * scale - mean) / std`, after `255 - p` if inverted.

use std::path::Path;

use image::imageops::FilterType;
use image::{DynamicImage, ImageReader};

use super::{cast::Number, InputError, Loaded};
use crate::tensor::{elements, DType, TensorSchema};

/// Where the channels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Layout {
	/// Batch, channels, height, width.
	Nchw,
	/// Batch, height, width, channels.
	Nhwc,
}

/// How a picture is resized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Filter {
	/// The nearest pixel.
	Nearest,
	/// Linear.
	#[default]
	Triangle,
	/// Cubic.
	CatmullRom,
	/// Gaussian.
	Gaussian,
	/// Lanczos with window 3.
	Lanczos3,
}

impl From<Filter> for FilterType {
	fn from(filter: Filter) -> Self {
		match filter {
			Filter::Nearest => Self::Nearest,
			Filter::Triangle => Self::Triangle,
			Filter::CatmullRom => Self::CatmullRom,
			Filter::Gaussian => Self::Gaussian,
			Filter::Lanczos3 => Self::Lanczos3,
		}
	}
}

/// What to do with pictures. What is left out is taken from the model's input.
#[derive(Clone, Debug, Default)]
pub struct ImageOptions {
	/// Width and height.
	pub size: Option<(u32, u32)>,
	/// 1 (grey) or 3 (red, green, blue).
	pub channels: Option<u32>,
	/// Where the channels are.
	pub layout: Option<Layout>,
	/// Factor for pixels; 1/255 for floats and 1 for integers unless given.
	pub scale: Option<f64>,
	/// Subtracted after scaling; one number, or one for each channel.
	pub mean: Vec<f64>,
	/// Divides after that; one number, or one for each channel.
	pub std: Vec<f64>,
	/// Turn white into black.
	pub invert: bool,
	/// How to resize.
	pub filter: Filter,
}

pub(super) fn load(
	path: &Path,
	schema: &TensorSchema,
	options: &ImageOptions,
) -> Result<Loaded, InputError> {
	let malformed = |reason: String| InputError::Malformed {
		path: path.to_path_buf(),
		kind: "picture",
		reason,
	};
	let picture = ImageReader::open(path)
		.and_then(ImageReader::with_guessed_format)
		.map_err(|source| InputError::Read {
			path: path.to_path_buf(),
			source,
		})?
		.decode()
		.map_err(|error| malformed(error.to_string()))?;
	let form = Form::of(schema, options).ok_or_else(|| InputError::NoPicture {
		name: schema.name.clone(),
		shape: schema.shape.clone(),
	})?;
	let pixels = pixels(&picture, &form, options);
	normalise(&pixels, &form, schema.dtype, options).map(|data| Loaded {
		dtype: None,
		shape: Some(schema.shape.clone()),
		data,
	})
}

/// Size, channels and layout of a model's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Form {
	width: u32,
	height: u32,
	channels: u32,
	layout: Layout,
}

impl Form {
	fn of(schema: &TensorSchema, options: &ImageOptions) -> Option<Self> {
		let shape = schema.shape.as_slice();
		let plain = |channels: u32| matches!(channels, 1 | 3);
		// What the shape suggests; batches other than one never fit a single picture.
		let guess = match shape {
			[1, c, h, w] if plain(*c) && options.layout != Some(Layout::Nhwc) => {
				Some((*w, *h, *c, Layout::Nchw))
			}
			[1, h, w, c] if plain(*c) && options.layout != Some(Layout::Nchw) => {
				Some((*w, *h, *c, Layout::Nhwc))
			}
			[c, h, w] if plain(*c) && options.layout != Some(Layout::Nhwc) => {
				Some((*w, *h, *c, Layout::Nchw))
			}
			[h, w, c] if plain(*c) && options.layout != Some(Layout::Nchw) => {
				Some((*w, *h, *c, Layout::Nhwc))
			}
			[h, w] => Some((*w, *h, 1, Layout::Nchw)),
			_ => None,
		};
		let (width, height) = options.size.or(guess.map(|(w, h, _, _)| (w, h)))?;
		let channels = options
			.channels
			.or(guess.map(|(_, _, c, _)| c))
			.filter(|c| plain(*c))?;
		let layout = options
			.layout
			.or(guess.map(|(_, _, _, l)| l))
			.unwrap_or(Layout::Nchw);
		let form = Self {
			width,
			height,
			channels,
			layout,
		};
		// A picture may also go into a flat input, as long as the elements are as many.
		(elements(&[width, height, channels]) == schema.elements() && width > 0 && height > 0)
			.then_some(form)
	}
}

/// The pixels, row by row, channels innermost.
fn pixels(picture: &DynamicImage, form: &Form, options: &ImageOptions) -> Vec<u8> {
	let (width, height) = (form.width, form.height);
	let sized = if (picture.width(), picture.height()) == (width, height) {
		picture.clone()
	} else {
		picture.resize_exact(width, height, options.filter.into())
	};
	let mut pixels = if form.channels == 1 {
		sized.to_luma8().into_raw()
	} else {
		sized.to_rgb8().into_raw()
	};
	if options.invert {
		for pixel in &mut pixels {
			*pixel = 255 - *pixel;
		}
	}
	pixels
}

fn normalise(
	pixels: &[u8],
	form: &Form,
	dtype: DType,
	options: &ImageOptions,
) -> Result<Vec<u8>, InputError> {
	let channels = form.channels as usize;
	let per_channel = |option: &'static str, given: &[f64], default: f64| match given.len() {
		0 => Ok(vec![default; channels]),
		1 => Ok(vec![given[0]; channels]),
		n if n == channels => Ok(given.to_vec()),
		got => Err(InputError::PerChannel {
			option,
			got,
			channels,
		}),
	};
	let float = matches!(dtype, DType::F32 | DType::F64);
	let scale = options
		.scale
		.unwrap_or(if float { 1.0 / 255.0 } else { 1.0 });
	let mean = per_channel("mean", &options.mean, 0.0)?;
	let std = per_channel("std", &options.std, 1.0)?;
	let mut data = Vec::with_capacity(pixels.len() * dtype.size());
	let mut push = |pixel: usize, channel: usize| {
		let value = f64::from(pixels[pixel * channels + channel]) * scale - mean[channel];
		let value = value / std[channel];
		let value = if float { value } else { value.round() };
		Number::Float(value).write(dtype, &mut data);
	};
	let count = pixels.len() / channels;
	match form.layout {
		Layout::Nchw => {
			for channel in 0..channels {
				(0..count).for_each(|pixel| push(pixel, channel));
			}
		}
		Layout::Nhwc => {
			for pixel in 0..count {
				(0..channels).for_each(|channel| push(pixel, channel));
			}
		}
	}
	Ok(data)
}

#[cfg(test)]
mod tests {
	use super::*;
	use image::{GrayImage, Luma, Rgb, RgbImage};

	fn schema(dtype: DType, shape: &[u32]) -> TensorSchema {
		TensorSchema {
			name: "x".into(),
			dtype,
			shape: shape.to_vec(),
		}
	}

	fn file(picture: &DynamicImage, name: &str) -> (tempfile::TempDir, std::path::PathBuf) {
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join(name);
		picture.save(&path).unwrap();
		(dir, path)
	}

	fn two_pixels() -> DynamicImage {
		let mut picture = RgbImage::new(2, 1);
		picture.put_pixel(0, 0, Rgb([10, 20, 30]));
		picture.put_pixel(1, 0, Rgb([40, 50, 60]));
		DynamicImage::ImageRgb8(picture)
	}

	#[test]
	fn layouts() {
		let (_dir, path) = file(&two_pixels(), "x.png");
		let options = ImageOptions::default();
		let nchw = load(&path, &schema(DType::U8, &[1, 3, 1, 2]), &options).unwrap();
		assert_eq!(nchw.data, [10, 40, 20, 50, 30, 60]);
		// With one row, this could be a grey picture of 3 x 2 as well.
		let options = ImageOptions {
			layout: Some(Layout::Nhwc),
			..options
		};
		let nhwc = load(&path, &schema(DType::U8, &[1, 1, 2, 3]), &options).unwrap();
		assert_eq!(nhwc.data, [10, 20, 30, 40, 50, 60]);
	}

	#[test]
	fn normalisation() {
		let (_dir, path) = file(&two_pixels(), "x.png");
		let options = ImageOptions {
			scale: Some(1.0),
			mean: vec![10.0, 20.0, 30.0],
			std: vec![2.0],
			..Default::default()
		};
		let loaded = load(&path, &schema(DType::F32, &[1, 3, 1, 2]), &options).unwrap();
		let values: Vec<f32> = loaded
			.data
			.chunks(4)
			.map(|b| f32::from_le_bytes(b.try_into().unwrap()))
			.collect();
		assert_eq!(values, [0.0, 15.0, 0.0, 15.0, 0.0, 15.0]);
		let wrong = ImageOptions {
			mean: vec![1.0, 2.0],
			..Default::default()
		};
		assert!(matches!(
			load(&path, &schema(DType::F32, &[1, 3, 1, 2]), &wrong),
			Err(InputError::PerChannel { got: 2, .. })
		));
	}

	#[test]
	fn grey_inverted_and_resized() {
		let picture = DynamicImage::ImageLuma8(GrayImage::from_pixel(16, 16, Luma([255])));
		let (_dir, path) = file(&picture, "x.jpg");
		let options = ImageOptions {
			invert: true,
			..Default::default()
		};
		let loaded = load(&path, &schema(DType::U8, &[1, 1, 8, 8]), &options).unwrap();
		assert_eq!(loaded.data, [0; 64]);
		let plain = load(
			&path,
			&schema(DType::F32, &[1, 1, 8, 8]),
			&Default::default(),
		)
		.unwrap();
		assert!(plain.data.chunks(4).all(|b| b == 1.0f32.to_le_bytes()));
	}

	#[test]
	fn a_flat_input_needs_to_be_told() {
		let (_dir, path) = file(&two_pixels(), "x.png");
		let flat = schema(DType::U8, &[1, 6]);
		let told = ImageOptions {
			size: Some((2, 1)),
			channels: Some(3),
			..Default::default()
		};
		assert!(load(&path, &flat, &told).is_ok());
		assert!(matches!(
			load(
				&path,
				&schema(DType::U8, &[1, 2, 3, 4]),
				&Default::default()
			),
			Err(InputError::NoPicture { .. })
		));
		assert!(matches!(
			load(
				&path,
				&schema(DType::U8, &[2, 3, 1, 2]),
				&Default::default()
			),
			Err(InputError::NoPicture { .. })
		));
	}

	#[test]
	fn no_picture_at_all() {
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join("x.png");
		std::fs::write(&path, b"no").unwrap();
		assert!(matches!(
			load(
				&path,
				&schema(DType::U8, &[1, 1, 8, 8]),
				&Default::default()
			),
			Err(InputError::Malformed { .. })
		));
	}
}

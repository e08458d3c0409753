//! One kind of work each, from the fastest form of it to the slowest.

use noema_engine::{
	conformance::{
		draft::{Conv, Draft},
		graph::{f32s, floats, i64_scalar, i64s, int, ints, string, strings},
		random::Elements,
	},
	DType, Value,
};

use super::Recipe;

pub(super) const RECIPES: &[Recipe] = &[
	// Products of matrices: full tiles, few rows, few columns, one chain.
	("product 256x512x512", |d| product(d, 256, 512, 512)),
	("product 13x300x77", |d| product(d, 13, 300, 77)),
	("product 4x1024x1024", |d| product(d, 4, 1024, 1024)),
	("product 2x1024x1024", |d| product(d, 2, 1024, 1024)),
	("product 1x2048x2048", |d| product(d, 1, 2048, 2048)),
	("product 1x65536x1", |d| product(d, 1, 65_536, 1)),
	("product 512x64x1", |d| product(d, 512, 64, 1)),
	("product into subnormals 64x256x256", |d| {
		let (a, b) = (tiny(d, &[64, 256], 1e-20), d.floats(&[256, 256], |_| 1e-20));
		d.op("MatMul", &[&a, &b])
	}),
	("product of subnormals 64x256x256", |d| {
		let (a, b) = (tiny(d, &[64, 256], 1e-40), d.weights(&[256, 256], 256));
		d.op("MatMul", &[&a, &b])
	}),
	("product, turned, of few columns", |d| {
		let (a, b) = (d.input(&[512, 700]), d.input(&[512, 2]));
		d.op_with("Gemm", &[&a, &b], vec![int("transA", 1)])
	}),
	("product of inputs 192x256x192", |d| {
		let (a, b) = (d.input(&[192, 256]), d.input(&[256, 192]));
		d.op("MatMul", &[&a, &b])
	}),
	("products of inputs 48 x 32x24x32", |d| {
		let (a, b) = (d.input(&[48, 32, 24]), d.input(&[48, 24, 32]));
		d.op("MatMul", &[&a, &b])
	}),
	("products of inputs 2000 x 2x3x2", |d| {
		let (a, b) = (d.input(&[2000, 2, 3]), d.input(&[2000, 3, 2]));
		d.op("MatMul", &[&a, &b])
	}),
	("product f64 128x256x128", |d| {
		product_of(d, DType::F64, 128, 256, 128)
	}),
	("product f64 1x1024x512", |d| {
		product_of(d, DType::F64, 1, 1024, 512)
	}),
	("product i32 128x256x128", |d| {
		product_of(d, DType::I32, 128, 256, 128)
	}),
	("product i64 128x256x128", |d| {
		product_of(d, DType::I64, 128, 256, 128)
	}),
	("product u8 128x256x128", |d| {
		let (a, b) = (
			d.input_of(DType::U8, &[128, 256]),
			d.constant_of(DType::U8, &[256, 128]),
		);
		d.op("MatMulInteger", &[&a, &b])
	}),
	("product quantised 128x256x128", quantised_product),
	("einsum of three", |d| {
		let (a, b, c) = (d.input(&[24, 20]), d.input(&[20, 16]), d.input(&[16, 24]));
		d.op_with(
			"Einsum",
			&[&a, &b, &c],
			vec![string("equation", "ij,jk,kl->il")],
		)
	}),
	// Convolutions.
	("conv 3x3, 64 channels", |d| {
		conv(d, 28, Conv::new(64, 64, 3))
	}),
	("conv 3x3, 64 channels, large", |d| {
		conv(d, 56, Conv::new(64, 64, 3))
	}),
	("conv 1x1, 256 to 64", |d| {
		conv(d, 28, Conv::new(256, 64, 1))
	}),
	("conv 7x7, image", |d| {
		conv(d, 112, Conv::new(3, 32, 7).stride(2))
	}),
	("conv 3x3, 7x7 image", |d| {
		conv(d, 7, Conv::new(256, 128, 3))
	}),
	("conv 3x3, 1x1 image", |d| {
		conv(d, 1, Conv::new(256, 128, 3))
	}),
	("conv 3x3, one feature", |d| {
		conv(d, 56, Conv::new(16, 1, 3))
	}),
	("conv 3x3, one channel", |d| conv(d, 56, Conv::new(1, 1, 3))),
	("conv 3x3, 8 groups", |d| {
		conv(d, 28, Conv::new(64, 64, 3).group(8))
	}),
	("conv 3x3, 32 groups", |d| {
		conv(d, 28, Conv::new(64, 64, 3).group(32))
	}),
	("depthwise 3x3", |d| {
		conv(d, 56, Conv::new(96, 96, 3).group(96))
	}),
	("depthwise 3x3, 3 channels", |d| {
		conv(d, 56, Conv::new(3, 3, 3).group(3))
	}),
	("depthwise 5x5, stride 2", |d| {
		conv(d, 28, Conv::new(240, 240, 5).stride(2).group(240))
	}),
	("depthwise, two features each", |d| {
		conv(d, 28, Conv::new(48, 96, 3).group(48))
	}),
	("conv of an input 3x3", |d| {
		let (x, w) = (d.input(&[1, 32, 28, 28]), d.input(&[32, 32, 3, 3]));
		d.op("Conv", &[&x, &w])
	}),
	("conv of an input, rows of 3", |d| {
		let (x, w) = (d.input(&[1, 16, 64, 5]), d.input(&[16, 16, 3, 3]));
		d.op("Conv", &[&x, &w])
	}),
	("conv of an input that is infinite", |d| {
		infinite_conv(d, 28)
	}),
	("conv of an input that is infinite, 1x1 image", |d| {
		infinite_conv(d, 1)
	}),
	("conv of an input, by channel", |d| {
		let (x, w) = (d.input(&[1, 64, 28, 28]), d.input(&[64, 1, 3, 3]));
		d.op_with("Conv", &[&x, &w], vec![int("group", 64)])
	}),
	("conv f64", |d| {
		let (x, w) = (
			d.input_of(DType::F64, &[1, 32, 28, 28]),
			d.constant_of(DType::F64, &[32, 32, 3, 3]),
		);
		d.op("Conv", &[&x, &w])
	}),
	("conv of three axes", |d| {
		let (x, w) = (
			d.input(&[1, 8, 12, 12, 12]),
			d.weights(&[16, 8, 3, 3, 3], 216),
		);
		d.op("Conv", &[&x, &w])
	}),
	("conv of a signal", |d| {
		let (x, w) = (d.input(&[1, 40, 1000]), d.weights(&[64, 40, 5], 200));
		d.op("Conv", &[&x, &w])
	}),
	("conv u8", |d| {
		let (x, w) = (
			d.input_of(DType::U8, &[1, 32, 28, 28]),
			d.constant_of(DType::U8, &[32, 32, 3, 3]),
		);
		d.op("ConvInteger", &[&x, &w])
	}),
	("conv quantised", quantised_conv),
	("conv transpose", |d| conv_transpose(d, 1)),
	("conv transpose, stride 2", |d| conv_transpose(d, 2)),
	("conv transpose, 1x1 image", |d| {
		let (x, w) = (d.input(&[1, 64, 1, 1]), d.weights(&[64, 16, 3, 3], 576));
		d.op("ConvTranspose", &[&x, &w])
	}),
	("columns to an image, one block", |d| {
		let (x, size) = (d.input(&[1, 4 * 64 * 64, 1]), d.list(&[64, 64]));
		d.op("Col2Im", &[&x, &size, &size])
	}),
	// Element by element.
	("sums, 16 in a row", |d| {
		let (mut y, b) = (d.input(&[1, 64, 40, 40]), d.input(&[1, 64, 40, 40]));
		for _ in 0..16 {
			y = d.op("Add", &[&b, &y]);
		}
		y
	}),
	("sums that broadcast", |d| {
		let mut y = d.input(&[64, 40, 40]);
		for shape in [
			vec![40],
			vec![40, 1],
			vec![64, 1, 1],
			vec![1, 40, 40],
			vec![64, 1, 40],
		] {
			let b = d.input(&shape);
			y = d.op("Mul", &[&y, &b]);
		}
		y
	}),
	("sums of rows of 3", |d| {
		let (x, b) = (d.input(&[20_000, 3]), d.input(&[20_000, 1]));
		d.op("Add", &[&x, &b])
	}),
	("products of subnormals", |d| {
		subnormal(d, DType::F32, "Mul")
	}),
	("quotients of subnormals", |d| {
		subnormal(d, DType::F32, "Div")
	}),
	("products of subnormals f64", |d| {
		subnormal(d, DType::F64, "Mul")
	}),
	("quotients", |d| {
		let (a, b) = (d.input(&[100_000]), d.input(&[100_000]));
		d.op("Div", &[&a, &b])
	}),
	("quotients f64", |d| {
		let (a, b) = (
			d.input_of(DType::F64, &[50_000]),
			d.input_of(DType::F64, &[50_000]),
		);
		d.op("Div", &[&a, &b])
	}),
	("quotients i64", |d| integers(d, "Div")),
	("remainders i64", |d| integers(d, "Mod")),
	("remainders f32", |d| {
		let (a, b) = (d.input(&[50_000]), positive(d, 50_000));
		d.op_with("Mod", &[&a, &b], vec![int("fmod", 1)])
	}),
	("remainders f32, far apart", |d| {
		let (a, b) = (d.floats(&[1], |_| 3e38), tiny(d, &[10_000], 1e-40));
		d.op_with("Mod", &[&a, &b], vec![int("fmod", 1)])
	}),
	("powers i64", |d| {
		// Exponents that take the most products.
		let a = d.input_of(DType::I64, &[20_000]);
		let exponents = d.graph.input(i64s(&[i64::MAX; 20_000]));
		d.op("Pow", &[&a, &exponents])
	}),
	("steps of one element", |d| small_steps(d, 1)),
	("steps of 64 elements", |d| small_steps(d, 64)),
	("steps of 1024 elements", |d| small_steps(d, 1024)),
	("small steps of many kinds", many_kinds),
	// Functions, where they are not over at once.
	("roots", |d| of_positive(d, "Sqrt")),
	("logarithms", |d| of_positive(d, "Log")),
	("exponentials", |d| of_positive(d, "Exp")),
	("exponentials that are subnormal", |d| {
		let (x, by) = (d.input(&[50_000]), d.scalar(-90.0));
		let x = d.op("Add", &[&x, &by]);
		d.op("Exp", &[&x])
	}),
	("sigmoids that are subnormal", |d| {
		near(d, "Sigmoid", -730.0)
	}),
	("softplus of -730", |d| near(d, "Softplus", -730.0)),
	("mish of -730", |d| near(d, "Mish", -730.0)),
	("sigmoids f64 that are subnormal", |d| {
		near_f64(d, "Sigmoid", -730.0)
	}),
	("softplus f64 of -730", |d| near_f64(d, "Softplus", -730.0)),
	("mish f64 of -730", |d| near_f64(d, "Mish", -730.0)),
	("exponentials f64 that are subnormal", |d| {
		near_f64(d, "Exp", -730.0)
	}),
	("sines of large numbers", |d| {
		let x = d.input(&[50_000]);
		let by = d.scalar(1e30);
		let x = d.op("Mul", &[&x, &by]);
		d.op("Sin", &[&x])
	}),
	("powers", |d| {
		let (a, b) = (positive(d, 50_000), d.input(&[50_000]));
		d.op("Pow", &[&a, &b])
	}),
	("functions f64", |d| {
		let mut y = d.input_of(DType::F64, &[10_000]);
		for op in ["Exp", "Tanh", "Erf", "Sigmoid", "Sin", "Atan"] {
			y = d.op(op, &[&y]);
		}
		y
	}),
	("powers f64", |d| {
		let (a, b) = (
			d.input_of(DType::F64, &[20_000]),
			d.input_of(DType::F64, &[20_000]),
		);
		let a = d.op("Abs", &[&a]);
		d.op("Pow", &[&a, &b])
	}),
	("softmax of long rows", |d| softmax(d, &[16, 4000], -1)),
	("softmax of short rows", |d| softmax(d, &[10_000, 5], -1)),
	("softmax of columns", |d| softmax(d, &[200, 300], 0)),
	// Sums along axes.
	("layer norm", |d| {
		let x = d.input(&[100, 768]);
		d.layer_norm(&x, 768)
	}),
	("layer norm of short rows", |d| {
		let x = d.input(&[10_000, 4]);
		d.layer_norm(&x, 4)
	}),
	("sum of long rows", |d| {
		reduce(d, "ReduceSum", &[20, 5000], 1)
	}),
	("sum of short rows", |d| {
		reduce(d, "ReduceSum", &[20_000, 4], 1)
	}),
	("sum of columns", |d| reduce(d, "ReduceSum", &[400, 256], 0)),
	("maximum of long rows", |d| {
		reduce(d, "ReduceMax", &[20, 5000], 1)
	}),
	("maximum of columns", |d| {
		reduce(d, "ReduceMax", &[400, 256], 0)
	}),
	("sum of all f64", |d| {
		let x = d.input_of(DType::F64, &[100_000]);
		d.op("ReduceSum", &[&x])
	}),
	("pool 3x3", |d| pool(d, "MaxPool", &[1, 64, 40, 40], 3, 2)),
	("pool 7x7", |d| pool(d, "MaxPool", &[1, 16, 40, 40], 7, 1)),
	("pool 2x2 of rows of 4", |d| {
		pool(d, "AveragePool", &[1, 512, 16, 8], 2, 2)
	}),
	("average pool 3x3", |d| {
		pool(d, "AveragePool", &[1, 64, 40, 40], 3, 1)
	}),
	("pools 3x3 of tiny planes", |d| {
		tiny_planes(d, "AveragePool")
	}),
	("maxima 3x3 of tiny planes", |d| tiny_planes(d, "MaxPool")),
	("norms 3x3 of tiny planes", |d| tiny_planes(d, "LpPool")),
	("pool 3x3 with indices", |d| pool_with_indices(d, 3)),
	("pool 1x1 with indices", |d| pool_with_indices(d, 1)),
	("pool 3x3 of one channel, channels last", |d| {
		// The convolutions around it choose the layout.
		let x = d.input(&[1, 1, 100, 100]);
		let y = d.conv(&x, Conv::new(1, 16, 1));
		let y = d.conv(&y, Conv::new(16, 1, 1));
		let attributes = vec![ints("kernel_shape", &[3; 2])];
		let y = d.op_with("AveragePool", &[&y], attributes);
		d.conv(&y, Conv::new(1, 16, 1))
	}),
	("global pool", |d| {
		let x = d.input(&[1, 512, 14, 14]);
		d.op("GlobalAveragePool", &[&x])
	}),
	("running sum of rows", |d| running_sum(d, 1)),
	("running sum of columns", |d| running_sum(d, 0)),
	// Sequences.
	("LSTM, 128 wide", |d| recurrent(d, "LSTM", 4, 1, 128)),
	("LSTM, 16 wide", |d| recurrent(d, "LSTM", 4, 1, 16)),
	("LSTM, 64 wide, batch of 8", |d| {
		recurrent(d, "LSTM", 4, 8, 64)
	}),
	("GRU, 96 wide", |d| recurrent(d, "GRU", 3, 1, 96)),
	("RNN, 100 wide", |d| recurrent(d, "RNN", 1, 1, 100)),
	("attention", |d| {
		let q = d.input(&[1, 4, 64, 32]);
		let (k, v) = (d.input(&[1, 4, 64, 32]), d.input(&[1, 4, 64, 32]));
		d.op("Attention", &[&q, &k, &v])
	}),
	("attention of one token", |d| {
		let q = d.input(&[1, 8, 1, 64]);
		let (k, v) = (d.input(&[1, 8, 256, 64]), d.input(&[1, 8, 256, 64]));
		d.op("Attention", &[&q, &k, &v])
	}),
	// Trees.
	("100 trees of depth 6", |d| trees(d, 100, 6, 1)),
	("100 trees of depth 6, 64 rows", |d| trees(d, 100, 6, 64)),
	("20 trees of depth 12, 16 rows", |d| trees(d, 20, 12, 16)),
	("500 trees of depth 2", |d| trees(d, 500, 2, 1)),
	// Places.
	("transpose", |d| transpose(d, &[300, 400], &[1, 0])),
	("transpose of channels", |d| {
		transpose(d, &[1, 64, 40, 40], &[0, 2, 3, 1])
	}),
	("transpose of heads", |d| {
		transpose(d, &[1, 64, 12, 64], &[0, 2, 1, 3])
	}),
	("transpose of all axes", |d| {
		transpose(d, &[16, 20, 18, 22], &[3, 2, 1, 0])
	}),
	("transpose of bytes", |d| {
		let x = d.input_of(DType::U8, &[400, 500]);
		d.op_with("Transpose", &[&x], vec![ints("perm", &[1, 0])])
	}),
	("rows by index", |d| {
		let table = d.weights(&[5000, 128], 128);
		let indices: Vec<i64> = (0..300).map(|i| i * 7919 % 5000).collect();
		let x = d.graph.input(i64s(&indices));
		d.op("Gather", &[&table, &x])
	}),
	("elements by index", |d| {
		let table = d.input(&[50_000]);
		let indices: Vec<i64> = (0..50_000).map(|i| i * 7919 % 50_000).collect();
		let x = d.graph.input(i64s(&indices));
		d.op("Gather", &[&table, &x])
	}),
	("every third element", |d| {
		let x = d.input(&[100, 900]);
		let (from, to) = (d.list(&[0]), d.list(&[900]));
		let (axis, step) = (d.list(&[1]), d.list(&[3]));
		d.op("Slice", &[&x, &from, &to, &axis, &step])
	}),
	("backwards", |d| {
		let x = d.input(&[100, 900]);
		let (from, to) = (d.list(&[-1]), d.list(&[-901]));
		let (axis, step) = (d.list(&[1]), d.list(&[-1]));
		d.op("Slice", &[&x, &from, &to, &axis, &step])
	}),
	("padding of short rows", |d| {
		let x = d.input(&[10_000, 3]);
		let by = d.list(&[0, 1, 0, 1]);
		d.op("Pad", &[&x, &by])
	}),
	("copies of a row", |d| {
		let x = d.input(&[1, 100]);
		let shape = d.list(&[1000, 100]);
		d.op("Expand", &[&x, &shape])
	}),
	("copies of elements", |d| {
		let x = d.input(&[1000, 1]);
		let shape = d.list(&[1000, 100]);
		d.op("Expand", &[&x, &shape])
	}),
	("pieces joined", |d| {
		let pieces: Vec<String> = (0..16).map(|_| d.input(&[64, 32])).collect();
		let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
		d.op_with("Concat", &pieces, vec![int("axis", 1)])
	}),
	("regions of 32 channels", |d| regions(d, 32)),
	("regions of one channel", |d| regions(d, 1)),
	("resize, nearest", |d| resize(d, "nearest")),
	("resize, linear", |d| resize(d, "linear")),
	("resize, cubic", |d| resize(d, "cubic")),
	// Order.
	("best 5 of 20000", |d| best(d, &[20_000], 5)),
	("best 1000 of 20000", |d| best(d, &[20_000], 1000)),
	("best 2 of 4, 5000 times", |d| best(d, &[5000, 4], 2)),
	// Spectra.
	("DFT of 1024", |d| dft(d, 8, 1024)),
	("DFT of 1009", |d| dft(d, 8, 1009)),
	("DFT of 17", |d| dft(d, 200, 17)),
	("DFT of 1", |d| dft(d, 20_000, 1)),
	("determinants", |d| {
		let x = d.input(&[20, 24, 24]);
		d.op("Det", &[&x])
	}),
	("determinants of nothing", |d| {
		// What is cut away is no input, whose axes have elements.
		let x = d.input(&[100_000, 1, 1]);
		let (from, to, axes) = (d.list(&[1, 1]), d.list(&[1, 1]), d.list(&[1, 2]));
		let x = d.op("Slice", &[&x, &from, &to, &axes]);
		d.op("Det", &[&x])
	}),
	("determinants of subnormals", |d| {
		let x = tiny(d, &[20, 24, 24], 1e-40);
		d.op("Det", &[&x])
	}),
];

fn product(d: &mut Draft, m: usize, k: usize, n: usize) -> String {
	let (a, b) = (d.input(&[m, k]), d.weights(&[k, n], k));
	d.op("MatMul", &[&a, &b])
}

fn product_of(d: &mut Draft, dtype: DType, m: usize, k: usize, n: usize) -> String {
	let (a, b) = (d.input_of(dtype, &[m, k]), d.constant_of(dtype, &[k, n]));
	d.op("MatMul", &[&a, &b])
}

/// Scale and zero point of a type.
fn scaled(d: &mut Draft, scale: f32) -> [String; 2] {
	let zero = d.graph.constant(&Value {
		dtype: DType::U8,
		shape: vec![],
		data: vec![3],
	});
	[d.scalar(scale), zero]
}

fn quantised_product(d: &mut Draft) -> String {
	let (a, b) = (
		d.input_of(DType::U8, &[128, 256]),
		d.constant_of(DType::U8, &[256, 128]),
	);
	let ([sa, za], [sb, zb], [sy, zy]) = (scaled(d, 0.5), scaled(d, 0.25), scaled(d, 2.0));
	d.op("QLinearMatMul", &[&a, &sa, &za, &b, &sb, &zb, &sy, &zy])
}

fn quantised_conv(d: &mut Draft) -> String {
	let (x, w) = (
		d.input_of(DType::U8, &[1, 32, 28, 28]),
		d.constant_of(DType::U8, &[32, 32, 3, 3]),
	);
	let ([sx, zx], [sw, zw], [sy, zy]) = (scaled(d, 0.5), scaled(d, 0.25), scaled(d, 2.0));
	d.op("QLinearConv", &[&x, &sx, &zx, &w, &sw, &zw, &sy, &zy])
}

fn conv(d: &mut Draft, size: usize, c: Conv) -> String {
	let x = d.input(&[1, c.channels, size, size]);
	d.conv(&x, c)
}

fn conv_transpose(d: &mut Draft, stride: i64) -> String {
	let (x, w) = (d.input(&[1, 32, 24, 24]), d.weights(&[32, 16, 3, 3], 288));
	d.op_with(
		"ConvTranspose",
		&[&x, &w],
		vec![ints("strides", &[stride; 2])],
	)
}

fn positive(d: &mut Draft, count: usize) -> String {
	let data: Vec<f32> = (0..count).map(|_| 4.5 + 4.0 * d.random.unit()).collect();
	d.graph.input(f32s(&data))
}

/// Numbers below this one.
fn tiny(d: &mut Draft, shape: &[usize], scale: f32) -> String {
	let count = shape.iter().product();
	let data: Vec<f32> = (0..count).map(|_| d.random.unit() * scale).collect();
	d.graph.input(Value {
		shape: shape.to_vec(),
		..f32s(&data)
	})
}

/// Floats that are subnormal, half of them, with others.
fn subnormal(d: &mut Draft, dtype: DType, op: &str) -> String {
	let mut operand = || {
		let value = d.random.value(dtype, &[100_000], Elements::Subnormal);
		d.graph.input(value)
	};
	let (a, b) = (operand(), operand());
	d.op(op, &[&a, &b])
}

/// A function of numbers around this one.
fn near(d: &mut Draft, op: &str, x: f32) -> String {
	let (y, by) = (d.input(&[50_000]), d.scalar(x));
	let y = d.op("Add", &[&y, &by]);
	d.op(op, &[&y])
}

fn near_f64(d: &mut Draft, op: &str, x: f64) -> String {
	let by = d.graph.constant(&Value {
		dtype: DType::F64,
		shape: vec![],
		data: x.to_le_bytes().to_vec(),
	});
	let y = d.input_of(DType::F64, &[50_000]);
	let y = d.op("Add", &[&y, &by]);
	d.op(op, &[&y])
}

/// An infinite weight meets no padding, so that what is padded is not copied.
fn infinite_conv(d: &mut Draft, size: usize) -> String {
	let (x, mut weights) = (d.input(&[1, 32, size, size]), vec![0.5f32; 32 * 32 * 9]);
	weights[0] = f32::INFINITY;
	let w = d.graph.input(Value {
		shape: vec![32, 32, 3, 3],
		..f32s(&weights)
	});
	d.op_with("Conv", &[&x, &w], vec![ints("pads", &[1; 4])])
}

fn of_positive(d: &mut Draft, op: &str) -> String {
	let x = positive(d, 100_000);
	d.op(op, &[&x])
}

fn integers(d: &mut Draft, op: &str) -> String {
	let a: Vec<i64> = (0..50_000).map(|_| (d.random.next() >> 1) as i64).collect();
	let b: Vec<i64> = (0..50_000)
		.map(|_| d.random.between(3, 60) as i64)
		.collect();
	let (a, b) = (d.graph.input(i64s(&a)), d.graph.input(i64s(&b)));
	d.op(op, &[&a, &b])
}

/// A chain that nothing fuses.
fn small_steps(d: &mut Draft, elements: usize) -> String {
	let mut y = d.input(&[elements]);
	for _ in 0..200 {
		y = d.op("Neg", &[&y]);
		y = d.op("Floor", &[&y]);
	}
	y
}

/// What stands between the large steps of a network.
fn many_kinds(d: &mut Draft) -> String {
	let mut y = d.input(&[4, 8]);
	let (b, shape, back) = (d.input(&[8]), d.list(&[8, 4]), d.list(&[4, 8]));
	let (axis, halves, zero) = (d.list(&[1]), d.list(&[4, 4]), d.scalar(0.0));
	for _ in 0..20 {
		y = d.op("Mul", &[&y, &b]);
		y = d.op("Reshape", &[&y, &shape]);
		y = d.op_with("Softmax", &[&y], vec![int("axis", -1)]);
		y = d.op_with("Transpose", &[&y], vec![ints("perm", &[1, 0])]);
		let sum = d.op("ReduceSum", &[&y, &axis]);
		y = d.op("Sub", &[&y, &sum]);
		y = d.op_with("Concat", &[&y, &y], vec![int("axis", 0)]);
		let parts = d.node(("", "Split"), &[&y, &halves], vec![int("axis", 0)], 2);
		let below = d.op("Less", &[&parts[0], &zero]);
		y = d.op("Where", &[&below, &parts[0], &parts[1]]);
		y = d.op("Reshape", &[&y, &back]);
	}
	y
}

fn softmax(d: &mut Draft, shape: &[usize], axis: i64) -> String {
	let x = d.input(shape);
	d.op_with("Softmax", &[&x], vec![int("axis", axis)])
}

fn reduce(d: &mut Draft, op: &str, shape: &[usize], axis: i64) -> String {
	let (x, axes) = (d.input(shape), d.list(&[axis]));
	d.op(op, &[&x, &axes])
}

fn pool(d: &mut Draft, op: &str, shape: &[usize], size: i64, stride: i64) -> String {
	let x = d.input(shape);
	d.pool(&x, op, size, stride)
}

/// A window as large as the plane that it pads.
fn tiny_planes(d: &mut Draft, op: &str) -> String {
	let x = d.input(&[1, 4000, 2, 2]);
	let attributes = vec![ints("kernel_shape", &[3; 2]), ints("pads", &[1; 4])];
	d.op_with(op, &[&x], attributes)
}

fn pool_with_indices(d: &mut Draft, size: i64) -> String {
	let x = d.input(&[1, 16, 40, 40]);
	let attributes = vec![ints("kernel_shape", &[size; 2])];
	d.node(("", "MaxPool"), &[&x], attributes, 2).remove(0)
}

/// A hundred regions of four samples a bin.
fn regions(d: &mut Draft, channels: usize) -> String {
	let x = d.input(&[1, channels, 40, 40]);
	let corners: Vec<f32> = (0..100)
		.flat_map(|i| [i as f32 * 0.1, i as f32 * 0.2, 25.0, 39.0])
		.collect();
	let rois = d.graph.input(Value {
		shape: vec![100, 4],
		..f32s(&corners)
	});
	let images = d.list(&[0; 100]);
	let attributes = vec![
		int("output_height", 7),
		int("output_width", 7),
		int("sampling_ratio", 2),
	];
	d.op_with("RoiAlign", &[&x, &rois, &images], attributes)
}

fn running_sum(d: &mut Draft, axis: i64) -> String {
	let x = d.input(&[200, 256]);
	let axis = d.graph.constant(&i64_scalar(axis));
	d.op("CumSum", &[&x, &axis])
}

fn recurrent(d: &mut Draft, op: &str, gates: usize, batch: usize, hidden: usize) -> String {
	let x = d.input(&[40, batch, hidden]);
	let w = d.weights(&[1, gates * hidden, hidden], hidden);
	let r = d.weights(&[1, gates * hidden, hidden], hidden);
	d.op_with(op, &[&x, &w, &r], vec![int("hidden_size", hidden as i64)])
}

/// Full trees over 32 features, as gradient boosting makes them.
fn trees(d: &mut Draft, count: usize, depth: u32, rows: usize) -> String {
	const FEATURES: usize = 32;
	let inner = (1usize << depth) - 1;
	let all = 2 * inner + 1;
	let of_nodes = |f: &dyn Fn(usize, usize) -> i64| -> Vec<i64> {
		(0..count * all).map(|i| f(i / all, i % all)).collect()
	};
	let x = d.input(&[rows, FEATURES]);
	let is_leaf = |node: usize| node >= inner;
	let features: Vec<i64> = (0..count * all)
		.map(|_| d.random.below(FEATURES) as i64)
		.collect();
	let values: Vec<f32> = (0..count * all).map(|_| 2.0 * d.random.unit()).collect();
	let modes: Vec<&str> = (0..count * all)
		.map(|i| {
			if is_leaf(i % all) {
				"LEAF"
			} else {
				"BRANCH_LEQ"
			}
		})
		.collect();
	let of_leaves = |f: &dyn Fn(usize, usize) -> i64| -> Vec<i64> {
		let leaves = all - inner;
		(0..count * leaves)
			.map(|i| f(i / leaves, inner + i % leaves))
			.collect()
	};
	let weights: Vec<f32> = (0..count * (all - inner))
		.map(|_| d.random.unit())
		.collect();
	let child = |node: usize, which: usize| {
		if is_leaf(node) {
			0
		} else {
			(2 * node + which) as i64
		}
	};
	let attributes = vec![
		ints("nodes_treeids", &of_nodes(&|tree, _| tree as i64)),
		ints("nodes_nodeids", &of_nodes(&|_, node| node as i64)),
		ints("nodes_featureids", &features),
		ints("nodes_truenodeids", &of_nodes(&|_, node| child(node, 1))),
		ints("nodes_falsenodeids", &of_nodes(&|_, node| child(node, 2))),
		strings("nodes_modes", &modes),
		floats("nodes_values", &values),
		ints("target_treeids", &of_leaves(&|tree, _| tree as i64)),
		ints("target_nodeids", &of_leaves(&|_, node| node as i64)),
		ints("target_ids", &of_leaves(&|_, _| 0)),
		floats("target_weights", &weights),
		int("n_targets", 1),
	];
	d.node(
		("ai.onnx.ml", "TreeEnsembleRegressor"),
		&[&x],
		attributes,
		1,
	)
	.remove(0)
}

fn transpose(d: &mut Draft, shape: &[usize], perm: &[i64]) -> String {
	let x = d.input(shape);
	d.op_with("Transpose", &[&x], vec![ints("perm", perm)])
}

fn resize(d: &mut Draft, mode: &str) -> String {
	let x = d.input(&[1, 16, 40, 40]);
	let scales = d.graph.constant(&f32s(&[1.0, 1.0, 2.0, 2.0]));
	d.op_with("Resize", &[&x, "", &scales], vec![string("mode", mode)])
}

fn best(d: &mut Draft, shape: &[usize], k: i64) -> String {
	let (x, k) = (d.input(shape), d.list(&[k]));
	d.node(("", "TopK"), &[&x, &k], vec![], 2).remove(0)
}

fn dft(d: &mut Draft, count: usize, len: usize) -> String {
	let x = d.input(&[count, len, 2]);
	d.op("DFT", &[&x])
}

//! A model that is too heavy for a block, of steps that are light enough for the referee.

use noema_cli::chain::{Chain, Hash};
use noema_cli::model::LocalModel;
use subxt::dynamic;
use subxt::ext::scale_decode::DecodeAsType;

use crate::onnx;

/// Columns of the activations.
const WIDTH: i64 = 256;
/// Rows of the activations.
const ROWS: i64 = 512;
/// Products of `ROWS` x `WIDTH` by `WIDTH` x `WIDTH`: 5 G multiply-accumulates, for 0.3 s and more.
const LAYERS: usize = 150;

/// `Weight` of the chain.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(super) struct Weight {
	/// Picoseconds on the reference machine.
	pub(super) ref_time: u64,
}

/// The limits of blocks.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct BlockWeights {
	max_block: Weight,
}

/// The file: a row becomes a matrix, which goes through many layers and becomes a row again.
pub(super) fn file() -> Vec<u8> {
	let first = ["column", "x", "a0"].map(String::from);
	let layers = (0..LAYERS).map(|i| [format!("a{i}"), "w".into(), format!("a{}", i + 1)]);
	let last = ["row".to_owned(), format!("a{LAYERS}"), "y".to_owned()];
	let nodes: Vec<[String; 3]> = std::iter::once(first)
		.chain(layers)
		.chain(std::iter::once(last))
		.collect();
	let constants = [
		(
			("column", onnx::FLOAT, &[ROWS, 1][..]),
			onnx::floats(ROWS as usize),
		),
		(("w", onnx::FLOAT, &[WIDTH, WIDTH][..]), orthogonal()),
		(
			("row", onnx::FLOAT, &[1, ROWS][..]),
			onnx::floats(ROWS as usize),
		),
	];
	onnx::products(
		&nodes,
		&[("x", onnx::FLOAT, &[1, WIDTH])],
		&constants,
		&[("y", onnx::FLOAT, &[1, WIDTH])],
	)
}

/// A matrix that keeps the length of vectors, so that no depth of layers makes them vanish or overflow:
/// a reflection, its rows in another order.
fn orthogonal() -> Vec<u8> {
	let sign = |i: i64| if i * i % 7 < 3 { 1.0 } else { -1.0 };
	(0..WIDTH)
		.flat_map(|i| {
			let row = (i * 5 + 3) % WIDTH;
			(0..WIDTH).map(move |column| {
				let unit = if row == column { 1.0 } else { 0.0 };
				unit - 2.0 / WIDTH as f32 * sign(row) * sign(column)
			})
		})
		.flat_map(f32::to_le_bytes)
		.collect()
}

/// Writes the file and opens it.
pub(super) fn open(directory: &std::path::Path) -> LocalModel {
	let path = directory.join("heavy.onnx");
	std::fs::write(&path, file()).unwrap();
	LocalModel::open(&path).unwrap()
}

/// Asserts that no block may hold a run of this model.
pub(super) async fn assert_too_heavy_for_a_block(chain: &Chain, model: &LocalModel) {
	let admitted = chain.model(model.id, None).await.unwrap().unwrap();
	let weight = chain
		.run_weight(&admitted.report.unwrap().cost)
		.await
		.unwrap();
	let address = dynamic::constant::<Weight>("Inference", "MaxInferenceWeight");
	let at = chain.at_best().await.unwrap();
	let most = at.constants().entry(address).unwrap().ref_time;
	assert!(weight > most, "{weight} is not above {most}");
}

/// The `ref_time` of all that a block may hold.
pub(super) async fn block_ref_time(chain: &Chain, block: Hash) -> u64 {
	let address = dynamic::constant::<BlockWeights>("System", "BlockWeights");
	let at = chain.at(block).await.unwrap();
	at.constants().entry(address).unwrap().max_block.ref_time
}

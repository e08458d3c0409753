//! The demo: handwritten digits, classified in the blocks of a chain.
//!
//! Registers `digits.onnx` if the chain does not know it, sends one `infer` extrinsic for each
//! held-out digit, waits until all are final, and shows pictures beside the chain's answers. At the
//! end the answers of the chain must be those of the engine on this machine, bit for bit.
//!
//! ```sh
//! noema-node --dev &
//! cargo run --release -p noema-cli --example digits
//! ```

use std::collections::{hash_map::Entry, BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use futures::stream::{self, StreamExt, TryStreamExt};
use noema_cli::chain::events::BlockEvents;
use noema_cli::chain::types::Receipt;
use noema_cli::chain::upload::{self, Step};
use noema_cli::chain::{calls, client::sign_at, Chain, ChainError, Hash, Wait};
use noema_cli::inputs::{self, FitOptions, InputError, InputSpec};
use noema_cli::keys::{account_of, from_uri};
use noema_cli::model::LocalModel;
use noema_cli::outputs::topk;
use noema_cli::progress::Progress;
use noema_cli::release::Release;
use noema_cli::tensor::{DType, Tensor, TensorSchema};
use noema_cli::{amount, Error};
use subxt_signer::sr25519::Keypair;

/// Classify held-out handwritten digits on a chain.
#[derive(Debug, Parser)]
struct Args {
	/// The node to speak to.
	#[arg(long, env = "NOEMA_URL", default_value = "ws://127.0.0.1:9944")]
	url: String,
	/// The key that registers and pays.
	#[arg(
		long,
		env = "NOEMA_SURI",
		hide_env_values = true,
		default_value = "//Alice"
	)]
	suri: String,
	/// The directory with digits.onnx, heldout.npz and labels.txt.
	#[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/digits"))]
	data: PathBuf,
	/// How many pictures to show.
	#[arg(long, default_value_t = 8)]
	show: usize,
	/// How many digits to classify; all by default.
	#[arg(long)]
	limit: Option<usize>,
	/// Transactions on their way at a time.
	#[arg(long, default_value_t = 512)]
	in_flight: usize,
}

/// A held-out digit.
struct Digit {
	image: Tensor,
	label: usize,
}

/// What the chain made of it.
struct Classified {
	receipt: Receipt,
	block: Hash,
	fee: u128,
}

#[tokio::main]
async fn main() -> ExitCode {
	match run(Args::parse()).await {
		Ok(true) => ExitCode::SUCCESS,
		Ok(false) => {
			eprintln!("error: the chain's answers differ from the engine's");
			ExitCode::FAILURE
		}
		Err(error) => {
			eprintln!("{}", error.chain_of_causes());
			ExitCode::FAILURE
		}
	}
}

/// Whether the chain answers as the engine does.
async fn run(args: Args) -> Result<bool, Error> {
	let model = LocalModel::open(&args.data.join("digits.onnx"))?;
	let labels = topk::read_labels(&args.data.join("labels.txt"))?;
	let schema = model.inputs();
	let mut digits = heldout(&args.data.join("heldout.npz"), &schema[0])?;
	digits.truncate(args.limit.unwrap_or(usize::MAX));

	let key = from_uri(&args.suri)?;
	let chain = Chain::connect(&args.url).await?;
	let release = Release {
		owner: account_of(&key),
		name: "digits".to_owned(),
		version: "1.0.0".to_owned(),
	};
	register(&chain, &key, &release, &model).await?;

	println!(
		"classifying {} held-out digits, one transaction each",
		digits.len()
	);
	let start = Instant::now();
	let classified = classify(&chain, &key, &release, &digits, args.in_flight).await?;
	let seconds = start.elapsed().as_secs_f64();

	for index in spread(digits.len(), args.show) {
		show(&digits[index], &classified[index], &labels);
	}

	let mut on_chain = 0;
	let mut off_chain = 0;
	let mut identical = 0;
	for (digit, classified) in digits.iter().zip(&classified) {
		let local = model.run(std::slice::from_ref(&digit.image))?;
		let remote = &classified.receipt.outputs;
		on_chain += usize::from(remote.first().and_then(topk::best) == Some(digit.label));
		off_chain += usize::from(local.first().and_then(topk::best) == Some(digit.label));
		identical += usize::from(local == *remote);
	}
	summary(&classified, seconds);
	let percent = |n: usize| 100.0 * n as f64 / digits.len().max(1) as f64;
	println!(
		"accuracy on chain   {:.2} % ({on_chain} of {})",
		percent(on_chain),
		digits.len()
	);
	println!(
		"accuracy off chain  {:.2} % ({off_chain} of {})",
		percent(off_chain),
		digits.len()
	);
	println!(
		"answers equal       {identical} of {}, bit for bit",
		digits.len()
	);
	Ok(on_chain == off_chain && identical == digits.len())
}

/// Reads the held-out digits: one picture of the model's input shape, and one label, each.
fn heldout(path: &Path, schema: &TensorSchema) -> Result<Vec<Digit>, InputError> {
	let array = |member: &str| InputSpec {
		name: None,
		path: path.to_path_buf(),
		member: Some(member.to_owned()),
		row: None,
	};
	let labels = inputs::load_array(&array("labels"))?;
	let labels: Vec<usize> = labels
		.to_f64()
		.into_iter()
		.map(|label| label as usize)
		.collect();
	let images = TensorSchema {
		shape: [&[labels.len() as u32], &schema.shape[1..]].concat(),
		..schema.clone()
	};
	let images = inputs::load_one(&array("images"), &images, &FitOptions::default())?;
	let stride = (images.data.len() / labels.len().max(1)).max(1);
	Ok(images
		.data
		.chunks_exact(stride)
		.zip(labels)
		.map(|(data, label)| {
			let shape = schema.shape.clone();
			let image = Tensor {
				name: schema.name.clone(),
				dtype: schema.dtype,
				shape,
				data: data.to_vec(),
			};
			Digit { image, label }
		})
		.collect())
}

/// Uploads the model and releases it, as far as that is not done yet.
async fn register(
	chain: &Chain,
	key: &Keypair,
	release: &Release,
	model: &LocalModel,
) -> Result<(), Error> {
	match chain.release(release).await {
		Ok(known) if known.info.model == model.id && known.model.stage.is_callable() => {
			println!("{release} is on the chain: model {}", model.id);
			return Ok(());
		}
		Ok(known) if known.info.model != model.id => {
			return Err(ChainError::Inconsistent(format!(
				"{release} is on the chain, but it is another model; use a fresh chain"
			))
			.into());
		}
		Ok(_) | Err(ChainError::UnknownRelease(_)) => (),
		Err(error) => return Err(error.into()),
	}
	println!(
		"registering {release}: model {}, {} bytes",
		model.id,
		model.bytes.len()
	);
	let spinner = Progress::Shown.spinner("uploading");
	let mut on_step = |step| {
		if let Step::Waiting { stage, block } = step {
			spinner.set_message(format!("block {block}: {stage}"));
		}
	};
	let id = upload::ensure_submitted(chain, key, &model.bytes, &mut on_step).await?;
	upload::wait_admitted(chain, id, &mut on_step).await?;
	if let Err(ChainError::UnknownRelease(_)) = chain.release(release).await {
		let call = calls::release(id, &release.name, &release.version, 0);
		chain.execute(&call, key, Wait::InBlock).await?;
	}
	upload::wait_resident(chain, id, &mut on_step).await?;
	spinner.finish_and_clear();
	println!("the model is resident");
	Ok(())
}

/// One transaction for each digit, several on their way at a time, all of them final in the end.
async fn classify(
	chain: &Chain,
	key: &Keypair,
	release: &Release,
	digits: &[Digit],
	in_flight: usize,
) -> Result<Vec<Classified>, Error> {
	let bar = Progress::Shown.steps(digits.len() as u64, "final");
	let mut nonce = chain.next_nonce(&account_of(key)).await?;
	let sent = stream::iter(digits).then(|digit| {
		let call = calls::infer(release, std::slice::from_ref(&digit.image));
		let this = nonce;
		nonce += 1;
		async move {
			// Signed as late as possible, one after the other: the pool sees contiguous nonces.
			let signed = sign_at(&chain.at_finalized().await?, &call, key, this)?;
			chain.submit(&signed).await
		}
	});
	let watched = sent
		.map_ok(|watch| {
			let bar = bar.clone();
			async move {
				let hash = watch.hash;
				let block = watch.wait(Wait::Finalized).await?;
				bar.inc(1);
				Ok::<(Hash, Hash), ChainError>((hash, block))
			}
		})
		.try_buffered(in_flight.max(1));
	let finals: Vec<(Hash, Hash)> = watched.try_collect().await?;
	bar.finish_and_clear();

	let mut blocks: HashMap<Hash, BlockEvents> = HashMap::new();
	let mut classified = Vec::with_capacity(finals.len());
	for (extrinsic, block) in finals {
		let events = match blocks.entry(block) {
			Entry::Occupied(known) => known.into_mut(),
			Entry::Vacant(new) => new.insert(BlockEvents::fetch(chain, block).await?),
		};
		let outcome = events.outcome(extrinsic)?.into_result()?;
		let inferred = outcome.inferred.first().ok_or_else(|| {
			ChainError::Inconsistent("an inference succeeded without a receipt".to_owned())
		})?;
		let receipt = chain.receipt(inferred.receipt, Some(block)).await?;
		classified.push(Classified {
			receipt,
			block,
			fee: outcome.fee.unwrap_or(0),
		});
	}
	Ok(classified)
}

/// `count` indices, evenly spread over `len`.
fn spread(len: usize, count: usize) -> impl Iterator<Item = usize> {
	let count = count.min(len);
	(0..count).map(move |i| i * len / count)
}

/// A picture of 8 x 8 in shades, and what the chain says beside it.
fn show(digit: &Digit, classified: &Classified, labels: &[String]) {
	const SHADES: [&str; 5] = ["  ", "░░", "▒▒", "▓▓", "██"];
	debug_assert_eq!(digit.image.dtype, DType::F32);
	let pixels = digit.image.to_f64();
	let most = pixels.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
	let ranked = classified
		.receipt
		.outputs
		.first()
		.map(|output| topk::rank(output, 2, Some(labels), false))
		.unwrap_or_default();
	let name = |rank: usize| {
		ranked.get(rank).map_or_else(String::new, |entry| {
			let label = entry
				.label
				.clone()
				.unwrap_or_else(|| entry.class.to_string());
			format!("{label} ({:.2} %)", 100.0 * entry.score)
		})
	};
	let right = ranked
		.first()
		.is_some_and(|entry| entry.class == digit.label);
	let facts = [
		format!("the chain says   {}", name(0)),
		format!("and then         {}", name(1)),
		format!(
			"the label is     {}{}",
			labels.get(digit.label).map_or("?", String::as_str),
			if right { "" } else { "   <-- wrong" }
		),
		format!("receipt          {}", classified.receipt.id),
		format!(
			"block            {} {:?}",
			classified.receipt.block, classified.block
		),
		format!("fee              {}", amount::format(classified.fee)),
		String::new(),
		String::new(),
	];
	println!();
	for (row, fact) in pixels.chunks(8).zip(facts) {
		let shades: String = row
			.iter()
			.map(|pixel| SHADES[((pixel / most * 4.0).round() as usize).min(4)])
			.collect();
		println!("  |{shades}|  {fact}");
	}
}

/// Inferences per block, fees, speed.
fn summary(classified: &[Classified], seconds: f64) {
	let mut per_block: BTreeMap<u32, usize> = BTreeMap::new();
	for one in classified {
		*per_block.entry(one.receipt.block).or_default() += 1;
	}
	let blocks = per_block.len();
	let most = per_block.values().max().copied().unwrap_or(0);
	let mean = classified.len() as f64 / blocks.max(1) as f64;
	let fees: u128 = classified.iter().map(|one| one.fee).sum();
	println!();
	println!(
		"inferences          {} in {seconds:.1} s, all of them final",
		classified.len()
	);
	println!("blocks              {blocks} with inferences, {mean:.1} in each, {most} at most");
	println!("fees                {} in all", amount::format(fees));
}

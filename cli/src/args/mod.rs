//! The command line.

mod host;
mod job;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use noema_engine::Isa;

use crate::chain::Wait;
use crate::inputs::{Filter, FitOptions, ImageOptions, InputSpec, Layout};
use crate::keys::KeySource;
use crate::release::ReleaseRef;

pub use host::{BackArgs, HostCommand, StakeArgs, TermsArgs};
pub use job::{JobCommand, RequestArgs, ResultArgs};

/// Register ONNX models, run them here, and call them in blocks of a Noema chain or by its hosts.
///
/// Exit codes: 0 done; 1 something given is wrong, and nothing was sent; 2 the node or the chain
/// refused.
#[derive(Debug, Parser)]
#[command(name = "noema", version)]
pub struct Cli {
	/// For all commands.
	#[command(flatten)]
	pub global: Global,
	/// What to do.
	#[command(subcommand)]
	pub command: Command,
}

/// Options of all commands.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of all commands")]
pub struct Global {
	/// The node to speak to, by WebSocket.
	#[arg(
		long,
		global = true,
		env = "NOEMA_URL",
		default_value = "ws://127.0.0.1:9944"
	)]
	pub url: String,
	/// The key, as a secret URI: a mnemonic or 0x seed with derivations, or //Alice on a development
	/// chain. Prefer the variable: other users may see arguments.
	#[arg(long, global = true, env = "NOEMA_SURI", hide_env_values = true)]
	pub suri: Option<String>,
	/// The key, as the JSON file that a polkadot-js wallet exports. Its password is asked for.
	#[arg(long, global = true, env = "NOEMA_KEYSTORE", value_name = "FILE")]
	pub keystore: Option<PathBuf>,
	/// A file that holds the keystore's password; NOEMA_PASSWORD holds the password itself.
	#[arg(long, global = true, value_name = "FILE")]
	pub password_file: Option<PathBuf>,
	/// Print one JSON object on the last line instead of tables.
	#[arg(long, global = true)]
	pub json: bool,
	/// No progress and no remarks.
	#[arg(long, short, global = true)]
	pub quiet: bool,
}

impl Global {
	/// Where the key comes from.
	pub fn key_source(&self) -> KeySource {
		// A keystore on the command line outranks a URI from the environment.
		let from_env = std::env::var("NOEMA_SURI").ok();
		let suri = self
			.suri
			.clone()
			.filter(|suri| self.keystore.is_none() || Some(suri) != from_env.as_ref());
		KeySource {
			suri,
			keystore: self.keystore.clone(),
			password: std::env::var("NOEMA_PASSWORD").ok(),
			password_file: self.password_file.clone(),
		}
	}
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
	/// Models: look into them, run them, register them.
	#[command(subcommand)]
	Model(ModelCommand),
	/// Run a released model in a block and read the answer.
	Infer(InferArgs),
	/// What an inference costs, exactly, before it is signed.
	Quote(QuoteArgs),
	/// Read the receipt of an inference.
	Receipt(ReceiptArgs),
	/// Hosts: stake on models, answer jobs for pay, back those who do.
	#[command(subcommand)]
	Host(HostCommand),
	/// Jobs: inference off the block.
	#[command(subcommand)]
	Job(JobCommand),
	/// Accounts: balance, transfer, address.
	#[command(subcommand)]
	Account(AccountCommand),
	/// Run test cases in the layout of the ONNX backend tests, without a chain.
	Conformance(ConformanceArgs),
	/// Print completions for a shell.
	Completions {
		/// The shell.
		shell: Shell,
	},
}

/// `noema model`.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
	/// Show what a file takes, gives and costs, or why the chain would refuse it.
	Inspect {
		/// The ONNX file.
		file: PathBuf,
	},
	/// Run a file on this machine, without a chain: the same bytes as in a block.
	Run(RunArgs),
	/// Upload a file, wait for its admission, and release it under a name.
	///
	/// May be broken off and run again: what is on the chain is not sent twice.
	Register(RegisterArgs),
	/// List the chain's models.
	List,
	/// Show a model of the chain.
	Show {
		/// A model's id, `owner/name@version`, or `name@version` for one of your own.
		model: String,
	},
	/// Withdraw a release of your own, for ever.
	Retire {
		/// `name@version`.
		release: ReleaseRef,
	},
	/// Remove a model that you uploaded and that has no releases left; its deposit returns.
	Remove {
		/// The model's id, or its file.
		model: String,
	},
}

/// Where inputs come from.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Inputs")]
pub struct InputArgs {
	/// An input: NAME=PATH with .npy, .npz, .json, .pb, .bin, .png or .jpg.
	///
	/// NAME= may be left out if there is one input. FILE.npz:MEMBER names an array, and a `[ROW]`
	/// at the end takes one row of the first axis: `image=heldout.npz:images[7]`.
	#[arg(long = "input", short = 'i', value_name = "NAME=PATH")]
	pub inputs: Vec<InputSpec>,
	/// A picture for an input, the same as --input.
	#[arg(long = "image", value_name = "[NAME=]FILE")]
	pub images: Vec<InputSpec>,
	/// Convert element types even if values change.
	#[arg(long)]
	pub cast: bool,
	/// Take arrays of another shape with as many elements.
	#[arg(long)]
	pub reshape: bool,
	/// Pictures: resize to WIDTHxHEIGHT, unless the input's shape says it.
	#[arg(long, value_name = "WxH", value_parser = parse_size)]
	pub image_size: Option<(u32, u32)>,
	/// Pictures: 1 for grey, 3 for colour, unless the input's shape says it.
	#[arg(long, value_parser = parse_channels)]
	pub channels: Option<u32>,
	/// Pictures: the order of axes, unless the input's shape says it.
	#[arg(long)]
	pub layout: Option<Layout>,
	/// Pictures: factor for pixels of 0 to 255 [default: 1/255 for floats, 1 for integers].
	#[arg(long)]
	pub scale: Option<f64>,
	/// Pictures: subtracted after scaling; one number, or one a channel.
	#[arg(long, value_delimiter = ',', allow_negative_numbers = true)]
	pub mean: Vec<f64>,
	/// Pictures: divides at the end; one number, or one a channel.
	#[arg(long, value_delimiter = ',')]
	pub std: Vec<f64>,
	/// Pictures: turn white into black.
	#[arg(long)]
	pub invert: bool,
	/// Pictures: how to resize.
	#[arg(long, value_enum, default_value_t)]
	pub filter: Filter,
}

impl InputArgs {
	/// Inputs and pictures, in the order given.
	pub fn specs(&self) -> Vec<InputSpec> {
		self.inputs.iter().chain(&self.images).cloned().collect()
	}

	/// How they may be bent to fit.
	pub fn fit(&self) -> FitOptions {
		FitOptions {
			cast: self.cast,
			reshape: self.reshape,
			image: ImageOptions {
				size: self.image_size,
				channels: self.channels,
				layout: self.layout,
				scale: self.scale,
				mean: self.mean.clone(),
				std: self.std.clone(),
				invert: self.invert,
				filter: self.filter,
			},
		}
	}
}

fn parse_channels(text: &str) -> Result<u32, String> {
	match text {
		"1" => Ok(1),
		"3" => Ok(3),
		_ => Err("a picture has 1 channel (grey) or 3 (red, green, blue)".to_owned()),
	}
}

fn parse_size(text: &str) -> Result<(u32, u32), String> {
	let malformed = || format!("`{text}` is no size; write WIDTHxHEIGHT, as in 224x224");
	let (width, height) = text.split_once('x').ok_or_else(malformed)?;
	let parse = |text: &str| text.parse().ok().filter(|n| (1..=16384).contains(n));
	Ok((
		parse(width).ok_or_else(malformed)?,
		parse(height).ok_or_else(malformed)?,
	))
}

/// What to do with outputs.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Outputs")]
pub struct OutputArgs {
	/// Write each output to DIR as .npy.
	#[arg(long, value_name = "DIR")]
	pub output_dir: Option<PathBuf>,
	/// Show the N highest classes.
	#[arg(long, value_name = "N")]
	pub top_k: Option<usize>,
	/// Labels of classes, one a line; shows the 5 highest unless --top-k says otherwise.
	#[arg(long, value_name = "FILE")]
	pub labels: Option<PathBuf>,
	/// Show classes by softmax of the output; the output itself stays as it is.
	#[arg(long)]
	pub softmax: bool,
}

/// `noema model run`.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
	/// The ONNX file.
	pub file: PathBuf,
	/// Inputs.
	#[command(flatten)]
	pub input: InputArgs,
	/// Outputs.
	#[command(flatten)]
	pub output: OutputArgs,
}

/// `noema model register`.
#[derive(Clone, Debug, Args)]
pub struct RegisterArgs {
	/// The ONNX file.
	pub file: PathBuf,
	/// The release's name: 1 to 64 of a-z, 0-9, `-`, `_` and `.`.
	#[arg(long)]
	pub name: String,
	/// The release's version: 1 to 32 of a-z, A-Z, 0-9, `-`, `+` and `.`.
	#[arg(long)]
	pub version: String,
	/// What you earn from each inference, in NOE.
	#[arg(long, default_value = "0")]
	pub royalty: String,
	/// Come back once the model is released; it may be called when it has matured.
	#[arg(long)]
	pub no_wait: bool,
}

/// `noema infer`.
#[derive(Clone, Debug, Args)]
pub struct InferArgs {
	/// `owner/name@version`, or `name@version` for one of your own.
	pub model: ReleaseRef,
	/// Inputs.
	#[command(flatten)]
	pub input: InputArgs,
	/// Outputs.
	#[command(flatten)]
	pub output: OutputArgs,
	/// How long to wait.
	#[arg(long, value_enum, default_value_t, help_heading = "Sending")]
	pub wait: Wait,
	/// Send nothing if fee and royalty are more than this, in NOE.
	#[arg(long, value_name = "NOE", help_heading = "Sending")]
	pub max_fee: Option<String>,
	/// Only ask the node what the answer would be; nothing is paid, nothing is stored.
	#[arg(long, conflicts_with_all = ["wait", "max_fee"], help_heading = "Sending")]
	pub dry_run: bool,
}

/// `noema quote`.
#[derive(Clone, Debug, Args)]
pub struct QuoteArgs {
	/// `owner/name@version`, or `name@version` for one of your own.
	pub model: ReleaseRef,
	/// Inputs.
	#[command(flatten)]
	pub input: InputArgs,
}

/// `noema receipt`.
#[derive(Clone, Debug, Args)]
pub struct ReceiptArgs {
	/// The receipt's number.
	pub id: u64,
	/// Outputs.
	#[command(flatten)]
	pub output: OutputArgs,
}

/// `noema conformance`.
#[derive(Clone, Debug, Args)]
pub struct ConformanceArgs {
	/// Folders with cases, at any depth: model.onnx, test_data_set_*/input_*.pb and output_*.pb.
	#[arg(required = true, value_name = "DIR")]
	pub directories: Vec<PathBuf>,
	/// Write the BLAKE3 hash of each output of the cases that pass.
	#[arg(long, value_name = "FILE")]
	pub hashes: Option<PathBuf>,
	/// Compare outputs bit for bit with the hashes that --hashes has written.
	#[arg(long, value_name = "FILE")]
	pub check: Option<PathBuf>,
	/// Use this instruction set instead of the widest: scalar, sse2, avx2, avx512 or neon.
	#[arg(long)]
	pub isa: Option<Isa>,
}

/// `noema account`.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
	/// What an account holds.
	Balance {
		/// Its address, or //Bob on a development chain; your own if left out.
		account: Option<String>,
	},
	/// Send tokens.
	Transfer {
		/// The address, or //Bob on a development chain.
		to: String,
		/// How many NOE.
		amount: String,
		/// How long to wait.
		#[arg(long, value_enum, default_value_t)]
		wait: Wait,
	},
	/// The address of your key.
	Address,
}

#[cfg(test)]
mod tests {
	use super::*;
	use clap::CommandFactory;

	#[test]
	fn the_command_line_is_sound() {
		Cli::command().debug_assert();
	}

	#[test]
	fn a_version_is_a_release_s_and_not_the_tool_s() {
		let cli = Cli::try_parse_from([
			"noema",
			"model",
			"register",
			"x.onnx",
			"--name",
			"digits",
			"--version",
			"1",
		])
		.unwrap();
		let Command::Model(ModelCommand::Register(args)) = cli.command else {
			panic!("{cli:?}")
		};
		assert_eq!(args.version, "1");
	}

	#[test]
	fn sizes() {
		assert_eq!(parse_size("8x9"), Ok((8, 9)));
		assert!(parse_size("8").is_err());
		assert!(parse_size("0x9").is_err());
		assert!(parse_size("-8x9").is_err());
	}
}

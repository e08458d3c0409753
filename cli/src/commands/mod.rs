//! The commands, one a file.

mod account;
mod completions;
mod conformance;
mod host;
mod infer;
mod inspect;
mod job;
mod list;
mod quote;
mod receipt;
mod register;
mod remove;
mod retire;
mod run;
mod show;

use serde::Serialize;
use subxt_signer::sr25519::Keypair;

use crate::args::{Cli, Command, Global, ModelCommand, OutputArgs};
use crate::chain::types::ModelInfo;
use crate::chain::{Chain, ChainError};
use crate::model::ModelId;
use crate::outputs::{npy, table, topk};
use crate::progress::Progress;
use crate::release::{Release, ReleaseError, ReleaseRef};
use crate::tensor::Tensor;
use crate::Error;

/// Does what the command line says.
pub fn run(cli: Cli) -> Result<(), Error> {
	let context = Context { global: cli.global };
	let runtime = tokio::runtime::Builder::new_multi_thread()
		.worker_threads(2)
		.enable_all()
		.build()
		.map_err(Error::Runtime)?;
	runtime.block_on(async {
		match cli.command {
			Command::Model(command) => match command {
				ModelCommand::Inspect { file } => inspect::run(&context, &file).await,
				ModelCommand::Run(args) => run::run(&context, &args),
				ModelCommand::Register(args) => register::run(&context, &args).await,
				ModelCommand::List => list::run(&context).await,
				ModelCommand::Show { model } => show::run(&context, &model).await,
				ModelCommand::Retire { release } => retire::run(&context, &release).await,
				ModelCommand::Remove { model } => remove::run(&context, &model).await,
			},
			Command::Infer(args) => infer::run(&context, &args).await,
			Command::Quote(args) => quote::run(&context, &args).await,
			Command::Receipt(args) => receipt::run(&context, &args).await,
			Command::Host(command) => host::run(&context, &command).await,
			Command::Job(command) => job::run(&context, &command).await,
			Command::Account(command) => account::run(&context, command).await,
			Command::Conformance(args) => conformance::run(&context, &args),
			Command::Completions { shell } => {
				completions::run(shell);
				Ok(())
			}
		}
	})
}

/// What all commands share.
#[derive(Debug)]
struct Context {
	global: Global,
}

impl Context {
	/// The chain behind `--url`.
	async fn chain(&self) -> Result<Chain, Error> {
		Ok(Chain::connect(&self.global.url).await?)
	}

	/// The key, which must have been given.
	fn key(&self) -> Result<Keypair, Error> {
		Ok(self.global.key_source().load()?)
	}

	/// A release, whose owner is the signer unless it is named.
	fn release(&self, release: &ReleaseRef) -> Result<Release, Error> {
		// A key is only opened (and its password asked for) when it is needed.
		let signer = match release.owner {
			Some(_) => None,
			None => self.global.key_source().account()?,
		};
		Ok(release.clone().resolve(signer)?)
	}

	/// What a model is named by: its id, or a release.
	fn model_name(&self, name: &str) -> Result<ModelName, Error> {
		if name.contains('@') {
			return Ok(ModelName::Release(self.release(&name.parse()?)?));
		}
		let id = name.parse();
		let id = id.map_err(|_| ReleaseError::NoModel(name.to_owned()))?;
		Ok(ModelName::Id(id))
	}

	/// Where progress goes.
	fn progress(&self) -> Progress {
		if self.global.quiet || self.global.json {
			Progress::Hidden
		} else {
			Progress::Shown
		}
	}

	/// A remark on standard error, unless quiet.
	fn remark(&self, text: &str) {
		if !self.global.quiet {
			eprintln!("{text}");
		}
	}

	/// A table for people, or an object on the last line for programs.
	fn show(&self, table: impl FnOnce() -> String, json: &impl Serialize) -> Result<(), Error> {
		if self.global.json {
			println!("{}", serde_json::to_string(json)?);
		} else {
			println!("{}", table());
		}
		Ok(())
	}
}

/// What names a model of the chain.
#[derive(Debug)]
enum ModelName {
	/// Its id.
	Id(ModelId),
	/// A release that points at it.
	Release(Release),
}

impl ModelName {
	/// The model.
	async fn find(&self, chain: &Chain) -> Result<ModelInfo, Error> {
		match self {
			Self::Release(release) => Ok(chain.release(release).await?.model),
			Self::Id(id) => {
				let model = chain.model(*id, None).await?;
				Ok(model.ok_or(ChainError::UnknownModel(*id))?)
			}
		}
	}
}

/// Writes outputs to files and ranks them, as asked; returns the ranking.
fn treat_outputs(
	context: &Context,
	outputs: &[Tensor],
	args: &OutputArgs,
) -> Result<Option<Vec<topk::Ranked>>, Error> {
	if let Some(directory) = &args.output_dir {
		for path in npy::write_all(outputs, directory)? {
			context.remark(&format!("wrote {}", path.display()));
		}
	}
	let labels = args.labels.as_deref().map(topk::read_labels).transpose()?;
	if args.top_k.is_none() && labels.is_none() && !args.softmax {
		return Ok(None);
	}
	let subject = topk::subject(outputs, labels.as_deref())?;
	let k = args.top_k.unwrap_or(5);
	Ok(subject.map(|tensor| topk::rank(tensor, k, labels.as_deref(), args.softmax)))
}

/// Outputs and their ranking, for people.
fn outputs_text(outputs: &[Tensor], ranking: Option<&[topk::Ranked]>) -> String {
	let mut text = table::tensors(outputs).to_string();
	if let Some(ranking) = ranking {
		text.push_str(&format!("\n{}", topk::as_table(ranking)));
	}
	text
}

//! `noema job`.

use clap::{Args, Subcommand};

use super::{InputArgs, OutputArgs};
use crate::release::ReleaseRef;

/// Inference off the block, for what is too heavy for one: hosts answer, and their stake stands
/// behind the answer.
#[derive(Debug, Subcommand)]
pub enum JobCommand {
	/// Ask for an answer, and wait for it.
	Request(Box<RequestArgs>),
	/// Follow a job to its end.
	Watch {
		/// The job's number.
		id: u64,
	},
	/// Read the answer to a job.
	Result(ResultArgs),
	/// Show who claims what in a dispute, and how far it has come.
	Dispute {
		/// The job's number.
		id: u64,
	},
	/// List the jobs that the chain keeps.
	List,
}

/// `noema job request`.
#[derive(Clone, Debug, Args)]
pub struct RequestArgs {
	/// `owner/name@version`, or `name@version` for one of your own.
	pub model: ReleaseRef,
	/// Inputs.
	#[command(flatten)]
	pub input: InputArgs,
	/// Outputs.
	#[command(flatten)]
	pub output: OutputArgs,
	/// How many hosts are to answer.
	#[arg(long, default_value = "3", help_heading = "Asking")]
	pub hosts: u8,
	/// What must be staked behind the answer at least, by all hosts together, in NOE.
	#[arg(long, value_name = "NOE", default_value = "0", help_heading = "Asking")]
	pub min_stake: String,
	/// What you pay each host at most, in NOE; if left out, what the dearest host of the model asks.
	#[arg(long, value_name = "NOE", help_heading = "Asking")]
	pub max_price: Option<String>,
	/// Come back once the job is on the chain; `noema job watch` follows it.
	#[arg(long, help_heading = "Asking")]
	pub no_wait: bool,
}

/// `noema job result`.
#[derive(Clone, Debug, Args)]
pub struct ResultArgs {
	/// The job's number.
	pub id: u64,
	/// Outputs.
	#[command(flatten)]
	pub output: OutputArgs,
}

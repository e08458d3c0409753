//! `noema job`: inference off the block.

mod dispute;
mod list;
mod request;
mod result;
mod watch;

use super::{outputs_text, treat_outputs, Context};
use crate::args::JobCommand;
use crate::Error;

pub(super) async fn run(context: &Context, command: &JobCommand) -> Result<(), Error> {
	match command {
		JobCommand::Request(args) => request::run(context, args).await,
		JobCommand::Watch { id } => watch::run(context, *id).await,
		JobCommand::Result(args) => result::run(context, args).await,
		JobCommand::Dispute { id } => dispute::run(context, *id).await,
		JobCommand::List => list::run(context).await,
	}
}

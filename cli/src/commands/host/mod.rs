//! `noema host`: stake, terms, ledger.

mod back;
mod list;
mod send;
mod stake;
mod status;
mod terms;

use subxt::utils::AccountId32;

use self::send::send;
use super::Context;
use crate::args::HostCommand;
use crate::chain::calls::hosting as calls;
use crate::chain::hosts::Host;
use crate::chain::{Chain, ChainError};
use crate::keys::{account_of, parse_account, KeyError};
use crate::{amount, Error};

pub(super) async fn run(context: &Context, command: &HostCommand) -> Result<(), Error> {
	match command {
		HostCommand::Bond { amount, wait } => stake::bond(context, amount, *wait).await,
		HostCommand::Terms(args) => terms::run(context, args).await,
		HostCommand::Commit(args) => stake::commit(context, args).await,
		HostCommand::Uncommit(args) => stake::uncommit(context, args).await,
		HostCommand::Unbond { amount, wait } => stake::unbond(context, amount, *wait).await,
		HostCommand::Withdraw { from, wait } => {
			back::withdraw(context, from.as_deref(), *wait).await
		}
		HostCommand::Chill { until, wait } => send(context, &calls::chill(*until), *wait).await,
		HostCommand::Unchill { wait } => send(context, &calls::unchill(), *wait).await,
		HostCommand::Claim { wait } => send(context, &calls::claim(), *wait).await,
		HostCommand::Back(args) => back::back(context, args).await,
		HostCommand::Unback(args) => back::unback(context, args).await,
		HostCommand::Status { account } => status::run(context, account.as_deref()).await,
		HostCommand::List { model } => list::run(context, model.as_deref()).await,
	}
}

/// An account as the command line names it.
fn account(text: &str) -> Result<AccountId32, Error> {
	parse_account(text).map_err(|reason| {
		KeyError::Account {
			text: text.to_owned(),
			reason,
		}
		.into()
	})
}

/// The host that the key is of, which must be one.
async fn own(context: &Context, chain: &Chain) -> Result<Host, Error> {
	let me = account_of(&context.key()?);
	let host = chain.host(&me).await?;
	Ok(host.ok_or_else(|| ChainError::NotAHost(me.to_string()))?)
}

/// An amount, or `all` of what there is.
fn some_or_all(text: &str, all: u128) -> Result<u128, Error> {
	Ok(match text {
		"all" => all,
		text => amount::parse(text)?,
	})
}

//! `noema host back`, `unback` and `withdraw`.

use super::{account, calls, send, some_or_all, Context};
use crate::args::BackArgs;
use crate::chain::{Chain, ChainError, Wait};
use crate::keys::account_of;
use crate::{amount, Error};
use subxt::utils::AccountId32;

/// The host that is named, which must be one.
async fn host(chain: &Chain, name: &str) -> Result<AccountId32, Error> {
	let account = account(name)?;
	if chain.host(&account).await?.is_none() {
		return Err(ChainError::NotAHost(account.to_string()).into());
	}
	Ok(account)
}

pub(super) async fn back(context: &Context, args: &BackArgs) -> Result<(), Error> {
	let amount = amount::parse(&args.amount)?;
	let me = account_of(&context.key()?);
	let chain = context.chain().await?;
	let host = host(&chain, &args.host).await?;
	chain.check_can_pay(&me, amount).await?;
	send(context, &calls::back(host, amount), args.wait).await
}

pub(super) async fn unback(context: &Context, args: &BackArgs) -> Result<(), Error> {
	let chain = context.chain().await?;
	let host = host(&chain, &args.host).await?;
	// More than there is counts as all.
	let amount = some_or_all(&args.amount, u128::MAX)?;
	send(context, &calls::unback(host, amount), args.wait).await
}

pub(super) async fn withdraw(
	context: &Context,
	from: Option<&str>,
	wait: Wait,
) -> Result<(), Error> {
	match from {
		Some(host) => send(context, &calls::withdraw(account(host)?), wait).await,
		None => send(context, &calls::withdraw_unbonded(), wait).await,
	}
}

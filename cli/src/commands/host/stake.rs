//! `noema host bond`, `unbond`, `commit` and `uncommit`.

use super::{calls, own, send, some_or_all, Context};
use crate::args::StakeArgs;
use crate::chain::{ChainError, Wait};
use crate::keys::account_of;
use crate::{amount, Error};

pub(super) async fn bond(context: &Context, amount: &str, wait: Wait) -> Result<(), Error> {
	let amount = amount::parse(amount)?;
	let me = account_of(&context.key()?);
	let chain = context.chain().await?;
	chain.check_can_pay(&me, amount).await?;
	if chain.host(&me).await?.is_some() {
		send(context, &calls::bond_extra(amount), wait).await
	} else {
		send(context, &calls::bond(amount), wait).await
	}
}

pub(super) async fn unbond(context: &Context, amount: &str, wait: Wait) -> Result<(), Error> {
	let chain = context.chain().await?;
	let host = own(context, &chain).await?;
	let amount = some_or_all(amount, host.bond)?;
	send(context, &calls::unbond(amount), wait).await
}

pub(super) async fn commit(context: &Context, args: &StakeArgs) -> Result<(), Error> {
	let stake = amount::parse(&args.stake)?;
	let name = context.model_name(&args.model)?;
	let chain = context.chain().await?;
	// Said before anything is sent, rather than by the chain after a fee.
	own(context, &chain).await?;
	let model = name.find(&chain).await?.id;
	send(context, &calls::commit(model, stake), args.wait).await
}

pub(super) async fn uncommit(context: &Context, args: &StakeArgs) -> Result<(), Error> {
	let name = context.model_name(&args.model)?;
	let chain = context.chain().await?;
	let host = own(context, &chain).await?;
	let model = name.find(&chain).await?.id;
	let committed = host
		.commitments
		.iter()
		.find(|commitment| commitment.model == model)
		.ok_or(ChainError::NotCommitted(model))?;
	let stake = some_or_all(&args.stake, committed.stake)?;
	send(context, &calls::uncommit(model, stake), args.wait).await
}

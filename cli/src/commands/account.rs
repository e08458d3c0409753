//! `noema account`.

use serde::Serialize;
use subxt::utils::AccountId32;

use super::Context;
use crate::args::AccountCommand;
use crate::chain::types::{balance, Balance};
use crate::chain::{calls, Hash, Wait};
use crate::keys::{account_of, parse_account, KeyError};
use crate::outputs::table;
use crate::{amount, Error};

#[derive(Serialize)]
struct Holding {
	account: String,
	#[serde(flatten)]
	balance: Balance,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Transferred {
	from: String,
	to: String,
	#[serde(with = "balance")]
	amount: u128,
	extrinsic_hash: Hash,
	#[serde(skip_serializing_if = "Option::is_none")]
	block_number: Option<u64>,
}

#[derive(Serialize)]
struct Address {
	address: String,
}

pub(super) async fn run(context: &Context, command: AccountCommand) -> Result<(), Error> {
	match command {
		AccountCommand::Balance { account } => show_balance(context, account.as_deref()).await,
		AccountCommand::Transfer { to, amount, wait } => {
			transfer(context, &to, &amount, wait).await
		}
		AccountCommand::Address => {
			let address = account_of(&context.key()?).to_string();
			context.show(
				|| address.clone(),
				&Address {
					address: address.clone(),
				},
			)
		}
	}
}

fn account(text: &str) -> Result<AccountId32, Error> {
	parse_account(text).map_err(|reason| {
		KeyError::Account {
			text: text.to_owned(),
			reason,
		}
		.into()
	})
}

async fn show_balance(context: &Context, text: Option<&str>) -> Result<(), Error> {
	let account = match text {
		Some(text) => account(text)?,
		None => account_of(&context.key()?),
	};
	let balance = context.chain().await?.balance(&account).await?;
	let holding = Holding {
		account: account.to_string(),
		balance,
	};
	let text = || {
		table::pairs([
			("account", holding.account.clone()),
			("free", amount::format(balance.free)),
			("reserved", amount::format(balance.reserved)),
			("frozen", amount::format(balance.frozen)),
		])
		.to_string()
	};
	context.show(text, &holding)
}

async fn transfer(context: &Context, to: &str, amount: &str, wait: Wait) -> Result<(), Error> {
	let to = account(to)?;
	let amount = amount::parse(amount)?;
	let key = context.key()?;
	let chain = context.chain().await?;
	let call = calls::transfer(to, amount);
	let mut transferred = Transferred {
		from: account_of(&key).to_string(),
		to: to.to_string(),
		amount,
		extrinsic_hash: Hash::zero(),
		block_number: None,
	};
	if wait == Wait::None {
		transferred.extrinsic_hash = chain.send(&call, &key).await?.hash;
	} else {
		let outcome = chain.execute(&call, &key, wait).await?;
		transferred.extrinsic_hash = outcome.extrinsic;
		transferred.block_number = Some(outcome.number);
	}
	let text = || match transferred.block_number {
		Some(block) => format!("sent {} to {to} in block {block}", amount::format(amount)),
		None => format!("sent {:?}", transferred.extrinsic_hash),
	};
	context.show(text, &transferred)
}

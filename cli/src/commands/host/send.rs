//! Sends a call of a host and shows the host as it is then.

use serde::Serialize;
use subxt::ext::scale_encode::EncodeAsFields;

use super::{status::text, Context};
use crate::chain::calls::Call;
use crate::chain::hosts::Host;
use crate::chain::{Hash, Wait};
use crate::keys::account_of;
use crate::Error;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Done {
	extrinsic_hash: Hash,
	#[serde(skip_serializing_if = "Option::is_none")]
	block_number: Option<u64>,
	/// The signer's host, if it is one.
	#[serde(skip_serializing_if = "Option::is_none")]
	host: Option<Host>,
}

/// Sends a call, and shows the signer's stake and ledger after it.
pub(super) async fn send<Args: EncodeAsFields>(
	context: &Context,
	call: &Call<Args>,
	wait: Wait,
) -> Result<(), Error> {
	let key = context.key()?;
	let chain = context.chain().await?;
	if wait == Wait::None {
		let sent = Done {
			extrinsic_hash: chain.send(call, &key).await?.hash,
			block_number: None,
			host: None,
		};
		return context.show(|| format!("sent {:?}", sent.extrinsic_hash), &sent);
	}
	let spinner = context.progress().spinner(match wait {
		Wait::Finalized => "waiting for finality",
		Wait::InBlock | Wait::None => "waiting for a block",
	});
	let outcome = chain.execute(call, &key, wait).await?;
	spinner.finish_and_clear();
	let done = Done {
		extrinsic_hash: outcome.extrinsic,
		block_number: Some(outcome.number),
		host: chain.host(&account_of(&key)).await?,
	};
	let table = || {
		let block = format!("done in block {}", outcome.number);
		match &done.host {
			Some(host) => format!("{block}\n{}", text(host)),
			None => block,
		}
	};
	context.show(table, &done)
}

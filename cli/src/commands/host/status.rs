//! `noema host status`.

use super::{account, own, Context};
use crate::chain::hosts::Host;
use crate::chain::ChainError;
use crate::outputs::table;
use crate::{amount, Error};

pub(super) async fn run(context: &Context, name: Option<&str>) -> Result<(), Error> {
	let name = name.map(account).transpose()?;
	let chain = context.chain().await?;
	let host = match name {
		Some(account) => {
			let host = chain.host(&account).await?;
			host.ok_or_else(|| ChainError::NotAHost(account.to_string()))?
		}
		None => own(context, &chain).await?,
	};
	context.show(|| text(&host), &host)
}

/// A host's stake and ledger, for people.
pub(super) fn text(host: &Host) -> String {
	let stake = host.bond.saturating_add(host.backing);
	let mut rows = vec![
		("host", host.host.clone()),
		("bond", amount::format(host.bond)),
		("backing", amount::format(host.backing)),
		("committed", amount::format(host.committed())),
		(
			"not committed",
			amount::format(stake.saturating_sub(host.committed())),
		),
		("behind open jobs", amount::format(host.locked())),
		("price of a second", amount::format(host.price)),
		(
			"open jobs",
			format!("{} of {}", host.assigned, host.capacity),
		),
		("earned", amount::format(host.earned)),
		("slashed", amount::format(host.slashed)),
		("claimable", amount::format(host.claimable)),
	];
	match host.chilled_until {
		Some(u32::MAX) => rows.push(("chilled", "until `noema host unchill`".into())),
		Some(block) => rows.push(("chilled", format!("until block {block}"))),
		None => (),
	}
	let mut text = table::pairs(rows).to_string();
	if !host.commitments.is_empty() {
		let mut models = table::new(["model id", "stake", "behind open jobs"]);
		for commitment in &host.commitments {
			models.add_row([
				commitment.model.to_string(),
				amount::format(commitment.stake),
				amount::format(commitment.locked),
			]);
		}
		text.push_str(&format!("\n{models}"));
	}
	if !host.unbonding.is_empty() {
		let mut leaving = table::new(["on its way out", "from block"]);
		for part in &host.unbonding {
			leaving.add_row([amount::format(part.amount), part.block.to_string()]);
		}
		text.push_str(&format!("\n{leaving}"));
	}
	text
}

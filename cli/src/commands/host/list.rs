//! `noema host list`.

use super::Context;
use crate::chain::hosts::Hosts;
use crate::model::ModelId;
use crate::outputs::table;
use crate::{amount, Error};

pub(super) async fn run(context: &Context, model: Option<&str>) -> Result<(), Error> {
	let name = model.map(|name| context.model_name(name)).transpose()?;
	let chain = context.chain().await?;
	let model = match name {
		Some(name) => Some(name.find(&chain).await?.id),
		None => None,
	};
	let hosts = chain.hosts(model).await?;
	context.show(|| text(&hosts, model), &hosts)
}

fn text(hosts: &Hosts, model: Option<ModelId>) -> String {
	let staked = if model.is_some() {
		"on the model"
	} else {
		"committed"
	};
	let mut table = table::new([
		"host",
		"bond",
		"backing",
		staked,
		"price of a second",
		"jobs",
		"earned",
		"slashed",
	]);
	for host in &hosts.hosts {
		let on_model = host
			.commitments
			.iter()
			.filter(|commitment| model.is_none_or(|model| commitment.model == model))
			.map(|commitment| commitment.stake)
			.fold(0, u128::saturating_add);
		table.add_row([
			host.host.clone(),
			amount::format(host.bond),
			amount::format(host.backing),
			amount::format(on_model),
			amount::format(host.price),
			format!("{} of {}", host.assigned, host.capacity),
			amount::format(host.earned),
			amount::format(host.slashed),
		]);
	}
	let mut text = table.to_string();
	if let Some(stake) = hosts.requirement {
		text.push_str(&format!(
			"\ncallable in a block with {} committed",
			amount::format(stake)
		));
	}
	text
}

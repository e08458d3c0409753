//! `noema model list`.

use serde::Serialize;

use super::Context;
use crate::chain::types::ModelInfo;
use crate::outputs::table;
use crate::Error;

#[derive(Serialize)]
struct Listing {
	models: Vec<ModelInfo>,
}

pub(super) async fn run(context: &Context) -> Result<(), Error> {
	let chain = context.chain().await?;
	let mut models = Vec::new();
	// The releases are only in the answers about single models.
	for model in chain.models().await? {
		models.push(chain.model(model.id, None).await?.unwrap_or(model));
	}
	let listing = Listing { models };
	context.show(|| text(&listing.models), &listing)
}

fn text(models: &[ModelInfo]) -> String {
	let mut table = table::new(["model id", "bytes", "stage", "releases"]);
	for model in models {
		let releases: Vec<String> = model
			.releases
			.iter()
			.map(|info| {
				format!(
					"{}{}",
					info.release,
					if info.retired { " (retired)" } else { "" }
				)
			})
			.collect();
		table.add_row([
			model.id.to_string(),
			model.size.to_string(),
			model.stage.to_string(),
			releases.join("\n"),
		]);
	}
	table.to_string()
}

//! `noema model remove`.

use std::path::Path;

use serde::Serialize;

use super::Context;
use crate::chain::types::Stage;
use crate::chain::{calls, ChainError, Wait};
use crate::model::{read, ModelId};
use crate::release::ReleaseError;
use crate::Error;

#[derive(Serialize)]
struct Removed {
	removed: ModelId,
	block: u64,
}

pub(super) async fn run(context: &Context, model: &str) -> Result<(), Error> {
	let id = match model.parse() {
		Ok(id) => id,
		Err(_) if model.contains('@') && !Path::new(model).exists() => {
			return Err(ReleaseError::NotAModel(model.to_owned()).into());
		}
		Err(_) => ModelId::of(&read(Path::new(model))?),
	};
	let key = context.key()?;
	let chain = context.chain().await?;
	let info = chain
		.model(id, None)
		.await?
		.ok_or(ChainError::UnknownModel(id))?;
	let outcome = match info.stage {
		// Before admission, it is an upload that is given up.
		Stage::Uploading { .. } | Stage::Queued { .. } => {
			chain
				.execute(&calls::cancel_upload(id), &key, Wait::Finalized)
				.await?
		}
		Stage::Maturing { .. }
		| Stage::Resident
		| Stage::Dormant
		| Stage::Leaving { .. }
		| Stage::Removing => {
			chain
				.execute(&calls::remove_model(id), &key, Wait::Finalized)
				.await?
		}
	};
	let removed = Removed {
		removed: id,
		block: outcome.number,
	};
	context.show(
		|| format!("removed {id} in block {}", outcome.number),
		&removed,
	)
}

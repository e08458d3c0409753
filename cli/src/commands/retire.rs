//! `noema model retire`.

use serde::Serialize;

use super::Context;
use crate::chain::{calls, Wait};
use crate::keys::account_of;
use crate::release::{Release, ReleaseError, ReleaseRef};
use crate::Error;

#[derive(Serialize)]
struct Retired {
	retired: String,
	block: u64,
}

pub(super) async fn run(context: &Context, release: &ReleaseRef) -> Result<(), Error> {
	let key = context.key()?;
	let me = account_of(&key);
	// The call names no owner: it retires the caller's release of that name.
	if let Some(owner) = release.owner.filter(|owner| *owner != me) {
		return Err(ReleaseError::NotYours {
			owner: owner.to_string(),
			you: me.to_string(),
		}
		.into());
	}
	let release = Release {
		owner: me,
		name: release.name.clone(),
		version: release.version.clone(),
	};
	let chain = context.chain().await?;
	let call = calls::retire(&release.name, &release.version);
	let outcome = chain.execute(&call, &key, Wait::Finalized).await?;
	let retired = Retired {
		retired: release.to_string(),
		block: outcome.number,
	};
	context.show(
		|| format!("retired {release} in block {}", outcome.number),
		&retired,
	)
}

//! `noema model register`: from a file to a release that may be called.

use serde::Serialize;

use super::Context;
use crate::args::RegisterArgs;
use crate::chain::fee;
use crate::chain::types::Stage;
use crate::chain::upload::{self, Step};
use crate::chain::{calls, Chain, ChainError, Wait};
use crate::keys::account_of;
use crate::model::{LocalModel, ModelId};
use crate::outputs::table;
use crate::release::{check_name, check_version, Release, ReleaseError};
use crate::{amount, Error};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Registered {
	release: String,
	model_id: ModelId,
	size: usize,
	stage: Stage,
	/// What the model's uploader deposits while it is on the chain.
	#[serde(with = "crate::chain::types::balance")]
	deposit: u128,
	#[serde(with = "crate::chain::types::balance")]
	royalty: u128,
}

/// Refuses a release that stands for another model, or that is retired, before anything is paid.
async fn check_free(chain: &Chain, release: &Release, model: ModelId) -> Result<(), Error> {
	match chain.release(release).await {
		Ok(taken) if taken.info.retired => Err(ReleaseError::Retired(taken.info.release).into()),
		Ok(taken) if taken.model.id != model => Err(ReleaseError::Taken {
			release: taken.info.release,
			model: taken.model.id.to_string(),
		}
		.into()),
		Ok(_) | Err(ChainError::UnknownRelease(_)) => Ok(()),
		Err(error) => Err(error.into()),
	}
}

pub(super) async fn run(context: &Context, args: &RegisterArgs) -> Result<(), Error> {
	let key = context.key()?;
	let release = Release {
		owner: account_of(&key),
		name: check_name(&args.name)?,
		version: check_version(&args.version)?,
	};
	let royalty = amount::parse(&args.royalty)?;
	// What the chain would refuse after the upload is refused before it.
	let model = LocalModel::open(&args.file)?;
	let deposit = fee::model_deposit(model.bytes.len(), model.report().plan_bytes);
	let chain = context.chain().await?;
	check_free(&chain, &release, model.id).await?;
	if chain.model(model.id, None).await?.is_none() {
		chain.check_can_pay(&release.owner, deposit).await?;
		context.remark(&format!(
			"{} will be held as a deposit while the model is on the chain, and one for its release",
			amount::format(deposit)
		));
	}

	let bar = context
		.progress()
		.bytes(model.bytes.len() as u64, "uploading");
	let mut on_upload = |step| {
		if let Step::Uploaded { done, .. } = step {
			bar.set_position(done);
		}
	};
	let id = upload::ensure_submitted(&chain, &key, &model.bytes, &mut on_upload).await?;
	bar.finish_and_clear();

	let wait = context.progress().spinner("waiting for admission");
	let mut on_wait = |step| {
		if let Step::Waiting { stage, block } = step {
			wait.set_message(format!("block {block}: {stage}"));
		}
	};
	let mut state = upload::wait_admitted(&chain, id, &mut on_wait).await?;

	let name = release.to_string();
	let released = state
		.releases
		.iter()
		.any(|info| info.release == name && !info.retired);
	if released {
		context.remark(&format!(
			"{name} is released already; its royalty stays as it is"
		));
	} else {
		let call = calls::release(id, &release.name, &release.version, royalty);
		chain.execute(&call, &key, Wait::InBlock).await?;
	}
	if !args.no_wait {
		match upload::wait_resident(&chain, id, &mut on_wait).await {
			Ok(resident) => state = resident,
			// It is registered nonetheless, and jobs may ask for it.
			Err(error @ ChainError::Dormant(_)) => {
				context.remark(&error.to_string());
				state.stage = Stage::Dormant;
			}
			Err(error) => return Err(error.into()),
		}
	}
	wait.finish_and_clear();

	let royalty = chain.release(&release).await?.info.royalty;
	let registered = Registered {
		release: name,
		model_id: id,
		size: model.bytes.len(),
		stage: state.stage,
		deposit,
		royalty,
	};
	let text = || {
		table::pairs([
			("release", registered.release.clone()),
			("model id", registered.model_id.to_string()),
			("deposit", amount::format(deposit)),
			("royalty", amount::format(royalty)),
			("stage", registered.stage.to_string()),
		])
		.to_string()
	};
	context.show(text, &registered)
}

//! `noema host terms`.

use super::{calls, own, send, Context};
use crate::args::TermsArgs;
use crate::keys::account_of;
use crate::{amount, Error};

pub(super) async fn run(context: &Context, args: &TermsArgs) -> Result<(), Error> {
	let price = args.price.as_deref().map(amount::parse).transpose()?;
	let standing = match args.standing.as_deref() {
		None => None,
		Some("none") => Some(None),
		Some(text) => Some(Some(amount::parse(text)?)),
	};
	let chain = context.chain().await?;
	let host = own(context, &chain).await?;
	let standing = match standing {
		Some(standing) => standing,
		None => {
			chain
				.standing_commitment(&account_of(&context.key()?))
				.await?
		}
	};
	let call = calls::set_terms(
		price.unwrap_or(host.price),
		args.capacity.unwrap_or(host.capacity),
		standing,
	);
	send(context, &call, args.wait).await
}

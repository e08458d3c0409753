//! What an author's node puts into the inherent data.

use sp_inherents::InherentIdentifier;

/// Names the note among the inherent data.
pub const INHERENT_IDENTIFIER: InherentIdentifier = *b"finalno1";

/// The number of the last block that the author knows to be final.
pub type InherentType = u32;

/// Provides the note. Without it a block has none.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug)]
pub struct InherentDataProvider(pub InherentType);

#[cfg(feature = "std")]
#[async_trait::async_trait]
impl sp_inherents::InherentDataProvider for InherentDataProvider {
	async fn provide_inherent_data(
		&self,
		inherent_data: &mut sp_inherents::InherentData,
	) -> Result<(), sp_inherents::Error> {
		inherent_data.put_data(INHERENT_IDENTIFIER, &self.0)
	}

	async fn try_handle_error(
		&self,
		_: &InherentIdentifier,
		_: &[u8],
	) -> Option<Result<(), sp_inherents::Error>> {
		None
	}
}

//! Where a block's time and slot come from.

use std::{fmt, sync::Arc};

use jsonrpsee::core::async_trait;
use noema_runtime::Hash;
use sc_consensus_manual_seal::consensus::timestamp::SlotTimestampProvider;
use sp_blockchain::HeaderBackend;
use sp_consensus_babe::inherents::{
	BabeCreateInherentDataProviders, InherentDataProvider as BabeSlot,
};
use sp_consensus_babe::SlotDuration;
use sp_inherents::{
	CreateInherentDataProviders, InherentData, InherentDataProvider, InherentIdentifier,
};

use super::FullClient;
use crate::Block;

/// Time and slot by the clock, for nodes of a network.
pub fn by_the_clock(slot_duration: SlotDuration) -> BabeCreateInherentDataProviders<Block> {
	Arc::new(move |_parent: Hash, ()| async move {
		let timestamp = sp_timestamp::InherentDataProvider::from_system_time();
		let slot = BabeSlot::from_timestamp_and_slot_duration(*timestamp, slot_duration);
		Ok::<_, Box<dyn std::error::Error + Send + Sync>>((slot, timestamp))
	})
}

/// What an author brings: time and slot by the clock, and the last block that it knows to be final.
pub fn of_an_author(
	slot_duration: SlotDuration,
	client: Arc<FullClient>,
) -> impl CreateInherentDataProviders<Block, (), InherentDataProviders = OfAnAuthor> + Clone {
	move |_parent: Hash, ()| {
		let finalized = client.info().finalized_number;
		async move {
			let timestamp = sp_timestamp::InherentDataProvider::from_system_time();
			let slot = BabeSlot::from_timestamp_and_slot_duration(*timestamp, slot_duration);
			let note = pallet_finality::InherentDataProvider(finalized);
			Ok::<_, Box<dyn std::error::Error + Send + Sync>>((slot, timestamp, note))
		}
	}
}

/// See [`of_an_author`].
pub type OfAnAuthor = (
	BabeSlot,
	sp_timestamp::InherentDataProvider,
	pallet_finality::InherentDataProvider,
);

/// What the timestamps of blocks that are sealed at will are checked against: a time that they
/// will not reach. The chain gains a slot with each block, so after some quick ones it is ahead of
/// the clock, by which an import would refuse them.
pub fn unbounded(slot_duration: SlotDuration) -> BabeCreateInherentDataProviders<Block> {
	const END_OF_TIME_MS: u64 = u64::MAX / 2;
	Arc::new(move |_parent: Hash, ()| async move {
		let timestamp = sp_timestamp::InherentDataProvider::new(END_OF_TIME_MS.into());
		let slot = BabeSlot::from_timestamp_and_slot_duration(*timestamp, slot_duration);
		Ok::<_, Box<dyn std::error::Error + Send + Sync>>((slot, timestamp))
	})
}

/// Time and slot of a block that is sealed at will: each one slot after the one before, so the
/// chain's time drifts from the clock's.
pub struct AtWill {
	slot: BabeSlot,
	timestamp: Arc<SlotTimestampProvider>,
}

impl AtWill {
	/// The next slot. It must be read now: to provide the timestamp is to move on.
	pub fn next(timestamp: Arc<SlotTimestampProvider>) -> Self {
		let slot = BabeSlot::new(timestamp.slot());
		Self { slot, timestamp }
	}
}

impl fmt::Debug for AtWill {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.debug_struct("AtWill")
			.field("slot", &self.slot.slot())
			.finish()
	}
}

#[async_trait]
impl InherentDataProvider for AtWill {
	async fn provide_inherent_data(
		&self,
		inherent_data: &mut InherentData,
	) -> Result<(), sp_inherents::Error> {
		self.slot.provide_inherent_data(inherent_data).await?;
		self.timestamp.provide_inherent_data(inherent_data).await
	}

	async fn try_handle_error(
		&self,
		_: &InherentIdentifier,
		_: &[u8],
	) -> Option<Result<(), sp_inherents::Error>> {
		None
	}
}

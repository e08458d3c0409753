//! Time, money and the block's limits.

/// Money, in pico-NOE.
pub mod money {
	use crate::Balance;

	/// One token: 10^12 of the smallest unit.
	pub const NOE: Balance = 1_000_000_000_000;
	/// A thousandth of a token.
	pub const MILLI_NOE: Balance = NOE / 1_000;
	/// A millionth of a token.
	pub const MICRO_NOE: Balance = MILLI_NOE / 1_000;
	/// What an account must hold to exist.
	pub const EXISTENTIAL_DEPOSIT: Balance = MILLI_NOE;
	/// What one byte of an extrinsic costs.
	pub const LENGTH_FEE: Balance = MICRO_NOE / 10;

	/// What `items` entries of `bytes` bytes in all must hold in deposit.
	pub const fn deposit(items: u32, bytes: u32) -> Balance {
		items as Balance * 10 * MILLI_NOE + bytes as Balance * MICRO_NOE
	}
}

/// Time, in blocks.
pub mod time {
	use crate::BlockNumber;

	/// Milliseconds from block to block, and the length of a BABE slot.
	pub const BLOCK_TIME_MS: u64 = 3_000;
	/// Blocks in a minute.
	pub const MINUTES: BlockNumber = 60_000 / BLOCK_TIME_MS as BlockNumber;
	/// Blocks in an hour.
	pub const HOURS: BlockNumber = MINUTES * 60;
	/// Blocks in a day.
	pub const DAYS: BlockNumber = HOURS * 24;
	/// Slots of an epoch, which is a session.
	pub const EPOCH_SLOTS: u32 = 10 * MINUTES;
	/// The chance of a slot to have a primary author.
	pub const PRIMARY_PROBABILITY: (u64, u64) = (1, 4);
}

/// What fits into a block.
pub mod block {
	use frame_support::{
		dispatch::DispatchClass,
		parameter_types,
		weights::{
			constants::{BlockExecutionWeight, ExtrinsicBaseWeight, WEIGHT_REF_TIME_PER_MILLIS},
			Weight,
		},
	};
	use frame_system::limits::{BlockLength, BlockWeights};
	use sp_runtime::Perbill;

	/// The share of a block that Normal extrinsics may fill; the rest is for Operational ones.
	pub const NORMAL_RATIO: Perbill = Perbill::from_percent(75);
	/// The share of a block that hooks take on average.
	const AVERAGE_ON_INITIALIZE: Perbill = Perbill::from_percent(5);
	/// What a block may compute: a fifth of the slot, for an importer must be done before the next
	/// slot, hop after hop. The state proof's size is no limit on a chain without a relay.
	pub const MAX_WEIGHT: Weight = Weight::from_parts(600 * WEIGHT_REF_TIME_PER_MILLIS, u64::MAX);
	/// Bytes of a block's extrinsics.
	pub const MAX_LENGTH: u32 = 5 * 1024 * 1024;

	parameter_types! {
		/// The lengths of a block.
		pub RuntimeBlockLength: BlockLength = BlockLength::builder()
			.max_length(MAX_LENGTH)
			.modify_max_length_for_class(DispatchClass::Normal, |length| {
				*length = NORMAL_RATIO * MAX_LENGTH;
			})
			.build();
		/// The weights of a block.
		pub RuntimeBlockWeights: BlockWeights = BlockWeights::builder()
			.base_block(BlockExecutionWeight::get())
			.for_class(DispatchClass::all(), |weights| {
				weights.base_extrinsic = ExtrinsicBaseWeight::get();
			})
			.for_class(DispatchClass::Normal, |weights| {
				weights.max_total = Some(NORMAL_RATIO * MAX_WEIGHT);
			})
			.for_class(DispatchClass::Operational, |weights| {
				weights.max_total = Some(MAX_WEIGHT);
				weights.reserved = Some(MAX_WEIGHT - NORMAL_RATIO * MAX_WEIGHT);
			})
			.avg_block_initialization(AVERAGE_ON_INITIALIZE)
			.build_or_panic();
	}
}

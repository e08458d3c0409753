//! # Hosts
//!
//! Hosts stake on models: so that these may be called in a block, and so that somebody answers for
//! the jobs that are too heavy for one.
//!
//! ```text
//!   host --bond--------> on hold ---+                        +--> model A: lane 1, lane 2
//!                                   +--> stake --commit------+
//!   backers --back-----> pool ------+       |                +--> model B
//!                                           |
//!            fees, jobs --> earnings <------+------> slash: burnt, a part to who proved it
//!                             |
//!                  claim (host), value of shares (backers)
//! ```
//!
//! ## Key terms
//!
//! * **Bond**: tokens of the host, on hold in its own account.
//! * **Backing**: tokens of others behind the host. They lie in the pallet's account; who backs has
//!   shares in the host's [`Pool`].
//! * **Commitment**: stake of a host behind one model. The sum of a host's commitments is at most
//!   what it and its backers have put up, without what is on its way out.
//! * **Standing commitment**: what a host commits to every model as it is admitted.
//! * **Lock**: stake of a commitment that stands behind an open job. The same unit never stands
//!   behind two.
//! * **Requirement**: what must be committed to a model for it to be callable in a block. It grows
//!   with the bytes of the model's plan, which every node keeps in memory, and with the cost of a
//!   run.
//! * **Unbonding**: stake that leaves is at risk for [`Config::UnbondingPeriod`] blocks more, which
//!   is longer than any job takes. So nobody can leave before a slash that is on its way.
//! * **Pot**: the account of the pallet, which has what backers have put up, and what hosts and
//!   backers have earned.
//!
//! ## Earnings and slashes
//!
//! Both are shared pro rata by the host's own bond and its pool, what is on its way out included. A
//! host's part may be claimed; the backers' part raises the value of their shares, a slash lowers
//! it. Neither costs more for a host with many backers.
//!
//! Of the fee of each inference in a block, the hosts' share goes to those who are committed to the
//! model, pro rata by their stake at that moment: a counter for each model says what a unit of
//! stake has earned since the first inference, and each commitment remembers up to where it has
//! been paid. That is finer than by era: nobody who commits after an inference shares its fee,
//! there is no end of an era with its work to be done at once, and no history of eras to be kept.
//! It costs one record to read and write in an inference, however many hosts there are.
//!
//! ## Rounding
//!
//! Never makes or loses a unit. What a division leaves stays with the pool, with the model (for its
//! next fee), or is burnt with the rest of a slash. `do_try_state` compares the books with the
//! accounts to the last unit.
//!
//! ## Limitations
//!
//! * A model has at most [`Config::MaxHostsPerModel`] hosts. One more gets in only by committing
//!   more than the least of them, which it then displaces, unless that one is at work.
//! * What is left of a model's fees when the model goes, less than a unit for each settlement, is
//!   burnt.
//! * A slash can make the shares of a pool worthless. Nobody can back the host then, until those
//!   who had shares have left.
//! * Backers may leave at any time. If that takes stake that is committed, the host's commitments
//!   shrink in proportion, but for what is locked.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod backing;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod bond;
mod commitments;
mod earnings;
mod jobs;
mod math;
mod pool;
mod readers;
mod residency;
mod terms;
#[cfg(any(feature = "std", feature = "try-runtime", test))]
mod try_state;
mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::BenchmarkHelper;
pub use pallet::*;
pub use pool::Pool;
pub use types::{
	BackingRecord, BackingRecordOf, BalanceOf, Cause, CommitmentRecord, CommitmentRecordOf,
	GenesisHostOf, HostRecord, HostRecordOf, ModelPool, ModelPoolOf, Place, PlaceOf, Terms,
	Unbonding, UnbondingQueue, MAX_UNBONDING,
};
pub use weights::WeightInfo;

use noema_primitives::ModelId;

/// Hosts and their stake.
#[frame_support::pallet]
// The macro makes types for the storage prefixes without it.
#[allow(missing_debug_implementations)]
pub mod pallet {
	use super::*;
	use alloc::vec::Vec;
	use frame_support::{
		dispatch::DispatchClass,
		pallet_prelude::*,
		traits::fungible::{self, Inspect, Mutate},
		PalletId,
	};
	use frame_system::pallet_prelude::*;
	use noema_primitives::{
		hosting::{ModelCatalog, MAX_CANDIDATES},
		Cost,
	};
	use sp_runtime::traits::{Convert, Zero};

	/// The in-code storage version.
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// The pallet.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the runtime decides.
	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// The weights of calls and of what other pallets ask.
		type WeightInfo: WeightInfo;

		/// Why tokens are held, in this runtime.
		type RuntimeHoldReason: From<HoldReason>;

		/// The token that is staked and earned.
		type Currency: fungible::Mutate<Self::AccountId>
			+ fungible::MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>
			+ fungible::BalancedHold<Self::AccountId>;

		/// The registry of models.
		type Catalog: ModelCatalog<Self::AccountId>;

		/// The weight of one run of a model of this cost. Its `ref_time` is what prices and fees
		/// are for.
		type CostToWeight: Convert<Cost, Weight>;

		/// From which the pot's account is made.
		#[pallet::constant]
		type PalletId: Get<PalletId>;

		/// The least bond of a host.
		#[pallet::constant]
		type MinBond: Get<BalanceOf<Self>>;

		/// The least that a backer puts behind a host, and that may be left of it.
		#[pallet::constant]
		type MinBacking: Get<BalanceOf<Self>>;

		/// How many times a host's own bond others may put behind it.
		#[pallet::constant]
		type MaxLeverage: Get<u32>;

		/// The least that a host commits to a model.
		#[pallet::constant]
		type MinCommitment: Get<BalanceOf<Self>>;

		/// The most models to which one host is committed.
		#[pallet::constant]
		type MaxCommitments: Get<u32>;

		/// The most hosts that are committed to one model.
		#[pallet::constant]
		type MaxHostsPerModel: Get<u32>;

		/// The most hosts with a standing commitment.
		#[pallet::constant]
		type MaxStandingHosts: Get<u32>;

		/// The most open jobs that a host may take at a time.
		#[pallet::constant]
		type MaxCapacity: Get<u32>;

		/// Blocks for which stake on its way out stays at risk.
		#[pallet::constant]
		type UnbondingPeriod: Get<BlockNumberFor<Self>>;

		/// The most blocks from a job's request to its settlement, disputes included.
		#[pallet::constant]
		type LongestJob: Get<BlockNumberFor<Self>>;

		/// What must be committed to a model for each byte of its plan.
		#[pallet::constant]
		type StakePerPlanByte: Get<BalanceOf<Self>>;

		/// What must be committed to a model for a run of one second (10^12 of `ref_time`), and in
		/// proportion.
		#[pallet::constant]
		type StakePerSecond: Get<BalanceOf<Self>>;

		/// What the hosts of a model earn from a run of one second (10^12 of `ref_time`) in a
		/// block, and in proportion.
		#[pallet::constant]
		type FeePerSecond: Get<BalanceOf<Self>>;

		/// What the benchmarks need.
		#[cfg(feature = "runtime-benchmarks")]
		type BenchmarkHelper: BenchmarkHelper;
	}

	/// Why tokens are held.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// A host's bond.
		Bond,
	}

	/// All hosts.
	#[pallet::storage]
	pub type Hosts<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, HostRecordOf<T>, OptionQuery>;

	/// What is put behind a host, by host and backer.
	#[pallet::storage]
	pub type Backings<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		Blake2_128Concat,
		T::AccountId,
		BackingRecordOf<T>,
	>;

	/// What a host has committed to a model.
	#[pallet::storage]
	pub type Commitments<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		Identity,
		ModelId,
		CommitmentRecordOf<T>,
	>;

	/// The stake behind a model, and its fees.
	#[pallet::storage]
	pub type ModelPools<T: Config> = StorageMap<_, Identity, ModelId, ModelPoolOf<T>, ValueQuery>;

	/// The hosts that are committed to a model, in the order of their accounts.
	#[pallet::storage]
	pub type HostsOf<T: Config> =
		StorageMap<_, Identity, ModelId, BoundedVec<PlaceOf<T>, T::MaxHostsPerModel>, ValueQuery>;

	/// The hosts with a standing commitment, in the order in which they have set it.
	#[pallet::storage]
	pub type StandingHosts<T: Config> =
		StorageValue<_, BoundedVec<T::AccountId, T::MaxStandingHosts>, ValueQuery>;

	/// Hosts from the first block on.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// Account, bond, price, capacity and standing commitment of each.
		pub hosts: Vec<GenesisHostOf<T>>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			// The pot must live before the first fee, which may be smaller than what an account
			// must hold to exist.
			let pot = Pallet::<T>::pot_account();
			let minimum = T::Currency::minimum_balance();
			if T::Currency::balance(&pot) < minimum {
				T::Currency::mint_into(&pot, minimum).expect("the pot can be founded");
			}
			for (host, bond, price, capacity, standing) in &self.hosts {
				Pallet::<T>::do_bond(host.clone(), *bond).expect("a genesis host can bond");
				let terms = Terms {
					price: *price,
					capacity: *capacity,
					standing: *standing,
				};
				Pallet::<T>::do_set_terms(host.clone(), terms)
					.expect("the terms of a genesis host are within the limits");
			}
		}
	}

	/// What happened to hosts, their backers and their stake.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A host has bonded.
		Bonded {
			/// The host.
			host: T::AccountId,
			/// What came to its bond.
			amount: BalanceOf<T>,
			/// Its bond now, without what is on its way out.
			bond: BalanceOf<T>,
		},
		/// A part of a bond is on its way out.
		Unbonding {
			/// The host.
			host: T::AccountId,
			/// The part.
			amount: BalanceOf<T>,
			/// The block from which on it may be withdrawn.
			at: BlockNumberFor<T>,
		},
		/// A host has withdrawn what was on its way out of its bond.
		Withdrawn {
			/// The host.
			host: T::AccountId,
			/// How much.
			amount: BalanceOf<T>,
		},
		/// A host has set its terms.
		TermsSet {
			/// The host.
			host: T::AccountId,
			/// The terms.
			terms: Terms<BalanceOf<T>>,
		},
		/// A host's commitment to a model is another than before.
		CommitmentChanged {
			/// The host.
			host: T::AccountId,
			/// The model.
			model: ModelId,
			/// The commitment now; 0 if it is gone.
			stake: BalanceOf<T>,
			/// Why.
			cause: Cause,
		},
		/// A host is drawn for no job until a block.
		Chilled {
			/// The host.
			host: T::AccountId,
			/// The first block in which it may be drawn again.
			until: BlockNumberFor<T>,
		},
		/// A host may be drawn for jobs again.
		Unchilled {
			/// The host.
			host: T::AccountId,
		},
		/// A host has claimed its earnings.
		Claimed {
			/// The host.
			host: T::AccountId,
			/// How much.
			amount: BalanceOf<T>,
		},
		/// Somebody has put tokens behind a host.
		Backed {
			/// The host.
			host: T::AccountId,
			/// Who.
			backer: T::AccountId,
			/// The tokens.
			amount: BalanceOf<T>,
			/// The shares in the host's pool that they have become.
			shares: u128,
		},
		/// A backer's shares are on their way out.
		Unbacking {
			/// The host.
			host: T::AccountId,
			/// The backer.
			backer: T::AccountId,
			/// The shares.
			shares: u128,
			/// What they are worth now.
			amount: BalanceOf<T>,
			/// The block from which on they may be withdrawn, at what they are worth then.
			at: BlockNumberFor<T>,
		},
		/// A backer has withdrawn what was on its way out.
		BackingWithdrawn {
			/// The host.
			host: T::AccountId,
			/// The backer.
			backer: T::AccountId,
			/// How much.
			amount: BalanceOf<T>,
		},
		/// Stake stands behind an open job.
		Locked {
			/// The host.
			host: T::AccountId,
			/// The model.
			model: ModelId,
			/// The stake.
			stake: BalanceOf<T>,
		},
		/// Stake stands behind a job no more.
		Unlocked {
			/// The host.
			host: T::AccountId,
			/// The model.
			model: ModelId,
			/// The stake.
			stake: BalanceOf<T>,
		},
		/// A host and its backers have lost stake that stood behind a job.
		Slashed {
			/// The host.
			host: T::AccountId,
			/// The model.
			model: ModelId,
			/// All that was taken.
			amount: BalanceOf<T>,
			/// What of that was the host's own.
			own: BalanceOf<T>,
			/// What of it was burnt; the rest went to those who have proven it.
			burnt: BalanceOf<T>,
		},
		/// A host and its backers have earned something.
		Earned {
			/// The host.
			host: T::AccountId,
			/// All of it.
			amount: BalanceOf<T>,
			/// What the host may claim of it; the rest raises the value of its backers' shares.
			own: BalanceOf<T>,
		},
		/// An inference has paid the hosts of its model.
		FeePaid {
			/// The model.
			model: ModelId,
			/// The hosts' share.
			amount: BalanceOf<T>,
		},
	}

	/// Why a call failed.
	#[pallet::error]
	pub enum Error<T> {
		/// The account is a host already; add to its bond instead.
		AlreadyHost,
		/// The account is no host; bond first.
		NotHost,
		/// The amount is 0.
		ZeroAmount,
		/// A host's own bond is at least `MinBond`, or nothing. What is left would be less.
		BondTooSmall,
		/// The bond is smaller than that.
		NotEnoughBond,
		/// The stake is committed to models; take commitments back first.
		StakeCommitted,
		/// The host has less stake that is not committed.
		NotEnoughFree,
		/// Stake stands behind open jobs, and would not be there for a slash; try again when they
		/// are settled.
		StakeLocked,
		/// As much is on its way out as may be at a time; withdraw what is due, or wait.
		TooManyUnbonding,
		/// Nothing may be withdrawn yet.
		NothingToWithdraw,
		/// No host takes as many jobs at a time.
		CapacityTooLarge,
		/// There are as many hosts with a standing commitment as there may be.
		TooManyStanding,
		/// The model is unknown, not admitted, or being removed.
		ModelNotAdmitted,
		/// A commitment, also a standing one, is at least `MinCommitment`, or nothing.
		CommitmentTooSmall,
		/// The host is committed to as many models as it may be.
		TooManyCommitments,
		/// The model has as many hosts as it may have; commit more than the least of them, and
		/// not while that one is at work.
		ModelFull,
		/// The host is not committed to the model.
		NotCommitted,
		/// The commitment is smaller than that.
		NotEnoughCommitted,
		/// A host is chilled until a block that is still to come.
		ChillInPast,
		/// The host is not chilled.
		NotChilled,
		/// There is nothing to claim.
		NothingToClaim,
		/// A host stakes on itself by its bond.
		SelfBacking,
		/// A backer puts at least `MinBacking` behind a host.
		BackingTooSmall,
		/// Others may put at most `MaxLeverage` times its own bond behind a host.
		BackingTooLarge,
		/// A slash has made the shares in the host's pool worthless; nobody can join until those
		/// who have them have withdrawn.
		BackingWorthless,
		/// The account has nothing behind this host that is not on its way out.
		NotBacker,
		/// The host has as many open jobs as it takes.
		NoCapacity,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			assert!(
				T::UnbondingPeriod::get() > T::LongestJob::get(),
				"UnbondingPeriod must be longer than any job"
			);
			assert!(
				(1..=MAX_CANDIDATES).contains(&T::MaxHostsPerModel::get()),
				"a draw must be able to look at all hosts of a model"
			);
			assert!(T::MaxCommitments::get() > 0, "MaxCommitments must not be 0");
			assert!(T::MaxCapacity::get() > 0, "MaxCapacity must not be 0");
			assert!(!T::MinBond::get().is_zero(), "MinBond must not be 0");
			assert!(
				!T::MinCommitment::get().is_zero(),
				"MinCommitment must not be 0"
			);
			assert!(
				T::MinBacking::get() >= T::Currency::minimum_balance(),
				"MinBacking must be able to found an account"
			);
			let weights = T::BlockWeights::get();
			if let Some(max) = weights.get(DispatchClass::Normal).max_extrinsic {
				let most = T::MaxCommitments::get();
				for heaviest in [T::WeightInfo::unback(most), T::WeightInfo::claim(most)] {
					assert!(
						heaviest.all_lte(max),
						"a block must have the weight for a host's commitments"
					);
				}
			}
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Makes the caller a host with a bond of `amount`, which is put on hold.
		///
		/// It takes no jobs until it [sets its terms](Self::set_terms).
		///
		/// # Errors
		///
		/// [`AlreadyHost`](Error::AlreadyHost), [`BondTooSmall`](Error::BondTooSmall); the
		/// currency's own, such as `FundsUnavailable`.
		///
		/// # Weight
		///
		/// Constant.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::bond())]
		pub fn bond(origin: OriginFor<T>, amount: BalanceOf<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_bond(who, amount)
		}

		/// Adds `amount` to the caller's bond.
		///
		/// # Errors
		///
		/// [`NotHost`](Error::NotHost), [`ZeroAmount`](Error::ZeroAmount),
		/// [`BondTooSmall`](Error::BondTooSmall) if the host has unbonded all and comes back with
		/// too little; the currency's own.
		///
		/// # Weight
		///
		/// Constant.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::bond_extra())]
		pub fn bond_extra(origin: OriginFor<T>, amount: BalanceOf<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_bond_extra(who, amount)
		}

		/// Lets `amount` of the caller's bond go, in [`Config::UnbondingPeriod`] blocks.
		///
		/// Only what is not committed can go. Who takes all out takes back all commitments first;
		/// a standing one ends with the bond.
		///
		/// # Errors
		///
		/// [`NotHost`](Error::NotHost), [`ZeroAmount`](Error::ZeroAmount),
		/// [`NotEnoughBond`](Error::NotEnoughBond), [`NotEnoughFree`](Error::NotEnoughFree),
		/// [`StakeCommitted`](Error::StakeCommitted), [`BondTooSmall`](Error::BondTooSmall),
		/// [`BackingTooLarge`](Error::BackingTooLarge),
		/// [`TooManyUnbonding`](Error::TooManyUnbonding).
		///
		/// # Weight
		///
		/// Constant.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::unbond())]
		pub fn unbond(origin: OriginFor<T>, amount: BalanceOf<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_unbond(who, amount)
		}

		/// Takes back what has been on its way out of the caller's bond for long enough.
		///
		/// # Errors
		///
		/// [`NotHost`](Error::NotHost), [`NothingToWithdraw`](Error::NothingToWithdraw),
		/// [`StakeLocked`](Error::StakeLocked).
		///
		/// # Weight
		///
		/// Constant.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::withdraw_unbonded())]
		pub fn withdraw_unbonded(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_withdraw_unbonded(who)
		}

		/// Sets what the caller asks for a second of computing (10^12 of `ref_time`), how many
		/// open jobs it takes at a time, and what it commits to each model that is admitted from
		/// now on.
		///
		/// Open jobs keep the terms under which they were drawn.
		///
		/// # Errors
		///
		/// [`NotHost`](Error::NotHost), [`CapacityTooLarge`](Error::CapacityTooLarge),
		/// [`CommitmentTooSmall`](Error::CommitmentTooSmall),
		/// [`TooManyStanding`](Error::TooManyStanding).
		///
		/// # Weight
		///
		/// Constant.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::set_terms())]
		pub fn set_terms(
			origin: OriginFor<T>,
			price: BalanceOf<T>,
			capacity: u32,
			standing: Option<BalanceOf<T>>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			let terms = Terms {
				price,
				capacity,
				standing,
			};
			Self::do_set_terms(who, terms)
		}

		/// Commits `stake` more to a model.
		///
		/// # Errors
		///
		/// [`NotHost`](Error::NotHost), [`ZeroAmount`](Error::ZeroAmount),
		/// [`ModelNotAdmitted`](Error::ModelNotAdmitted), [`BondTooSmall`](Error::BondTooSmall),
		/// [`NotEnoughFree`](Error::NotEnoughFree),
		/// [`CommitmentTooSmall`](Error::CommitmentTooSmall),
		/// [`TooManyCommitments`](Error::TooManyCommitments), [`ModelFull`](Error::ModelFull).
		///
		/// # Weight
		///
		/// Constant: as if another host had to make way.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::commit())]
		pub fn commit(origin: OriginFor<T>, model: ModelId, stake: BalanceOf<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_commit(who, model, stake)
		}

		/// Takes `stake` of the caller's commitment to a model back. It is free at once, for
		/// another commitment or to be unbonded.
		///
		/// # Errors
		///
		/// [`NotHost`](Error::NotHost), [`ZeroAmount`](Error::ZeroAmount),
		/// [`NotCommitted`](Error::NotCommitted),
		/// [`NotEnoughCommitted`](Error::NotEnoughCommitted), [`StakeLocked`](Error::StakeLocked),
		/// [`CommitmentTooSmall`](Error::CommitmentTooSmall) if some, but too little, would be
		/// left.
		///
		/// # Weight
		///
		/// Constant.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::uncommit())]
		pub fn uncommit(
			origin: OriginFor<T>,
			model: ModelId,
			stake: BalanceOf<T>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_uncommit(who, model, stake)
		}

		/// Has the caller drawn for no job until block `until`, or until it says otherwise. Jobs
		/// that it has are not affected, nor is what it has committed.
		///
		/// # Errors
		///
		/// [`NotHost`](Error::NotHost), [`ChillInPast`](Error::ChillInPast).
		///
		/// # Weight
		///
		/// Constant.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::chill())]
		pub fn chill(origin: OriginFor<T>, until: Option<BlockNumberFor<T>>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_chill(who, until)
		}

		/// Has the caller drawn for jobs again.
		///
		/// # Errors
		///
		/// [`NotHost`](Error::NotHost), [`NotChilled`](Error::NotChilled).
		///
		/// # Weight
		///
		/// Constant.
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::unchill())]
		pub fn unchill(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_unchill(who)
		}

		/// Pays the caller what it has earned as a host.
		///
		/// # Errors
		///
		/// [`NotHost`](Error::NotHost), [`NothingToClaim`](Error::NothingToClaim); the currency's
		/// own, if the caller's account could not live on the amount.
		///
		/// # Weight
		///
		/// Linear in the number of the host's commitments, whose fees are settled.
		#[pallet::call_index(9)]
		#[pallet::weight(T::WeightInfo::claim(T::MaxCommitments::get()))]
		pub fn claim(origin: OriginFor<T>) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let commitments = Self::do_claim(who)?;
			Ok(Some(T::WeightInfo::claim(commitments)).into())
		}

		/// Puts `amount` behind a host: it is stake that the host may commit, and shares the
		/// host's pay and its slashes.
		///
		/// # Errors
		///
		/// [`NotHost`](Error::NotHost), [`SelfBacking`](Error::SelfBacking),
		/// [`BackingTooSmall`](Error::BackingTooSmall),
		/// [`BackingTooLarge`](Error::BackingTooLarge),
		/// [`BackingWorthless`](Error::BackingWorthless); the currency's own, such as
		/// `FundsUnavailable`.
		///
		/// # Weight
		///
		/// Constant.
		#[pallet::call_index(10)]
		#[pallet::weight(T::WeightInfo::back())]
		pub fn back(
			origin: OriginFor<T>,
			host: T::AccountId,
			amount: BalanceOf<T>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_back(who, host, amount)
		}

		/// Lets what the caller has put behind a host go, in [`Config::UnbondingPeriod`] blocks: as
		/// many shares as are worth `amount` now, or all if less than [`Config::MinBacking`] would
		/// be left.
		///
		/// Until it is withdrawn it earns, and is at risk, as before. The host's commitments shrink
		/// in proportion if it has more committed than it has now, but for what is locked.
		///
		/// # Errors
		///
		/// [`NotHost`](Error::NotHost), [`NotBacker`](Error::NotBacker),
		/// [`ZeroAmount`](Error::ZeroAmount), [`TooManyUnbonding`](Error::TooManyUnbonding).
		///
		/// # Weight
		///
		/// Linear in the number of the host's commitments that shrink.
		#[pallet::call_index(11)]
		#[pallet::weight(T::WeightInfo::unback(T::MaxCommitments::get()))]
		pub fn unback(
			origin: OriginFor<T>,
			host: T::AccountId,
			amount: BalanceOf<T>,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let commitments = Self::do_unback(who, host, amount)?;
			Ok(Some(T::WeightInfo::unback(commitments)).into())
		}

		/// Takes back what has been on its way out of the pool of `host` for long enough.
		///
		/// # Errors
		///
		/// [`NotHost`](Error::NotHost), [`NothingToWithdraw`](Error::NothingToWithdraw),
		/// [`StakeLocked`](Error::StakeLocked); the currency's own, if the caller's account could
		/// not live on the amount.
		///
		/// # Weight
		///
		/// Constant.
		#[pallet::call_index(12)]
		#[pallet::weight(T::WeightInfo::withdraw())]
		pub fn withdraw(origin: OriginFor<T>, host: T::AccountId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_withdraw(who, host)
		}
	}
}

//! Benchmarks of calls, and of what other pallets ask.

use alloc::vec::Vec;
use frame_benchmarking::v2::*;
use frame_support::{
	assert_ok,
	traits::{
		fungible::{Inspect, Mutate},
		Get,
	},
};
use frame_system::RawOrigin;
use noema_primitives::{
	hosting::{HostShare, JobStake, ModelCatalog, ModelStake},
	ModelId, ModelReport,
};
use sp_runtime::traits::{Saturating, Zero};

use crate::{
	types::{BalanceOf, Terms},
	Backings, Call, Commitments, Config, Hosts, HostsOf, ModelPools, Pallet, StandingHosts,
};

/// What the benchmarks need of the runtime.
pub trait BenchmarkHelper {
	/// Has the registry know an admitted model, another one for each number.
	fn admit(seed: u32) -> ModelId;
}

/// A bond that suffices for as many commitments as there may be.
fn bond_of<T: Config>() -> BalanceOf<T> {
	T::MinBond::get()
		.saturating_add(T::MinBacking::get())
		.saturating_add(T::MinCommitment::get().saturating_mul(T::MaxCommitments::get().into()))
		.saturating_mul(2u32.into())
}

fn fund<T: Config>(who: &T::AccountId) {
	let most = bond_of::<T>()
		.saturating_add(T::Currency::minimum_balance())
		.saturating_mul(4u32.into());
	assert_ok!(T::Currency::mint_into(who, most));
}

/// An account that can pay for anything here.
fn funded<T: Config>(name: &'static str, index: u32) -> T::AccountId {
	let who: T::AccountId = account(name, index, 0);
	fund::<T>(&who);
	who
}

/// Founds the pot.
fn found<T: Config>() {
	assert_ok!(T::Currency::mint_into(
		&Pallet::<T>::pot_account(),
		T::Currency::minimum_balance()
	));
}

/// Makes an account a host that takes as many jobs as it may.
fn make_host<T: Config>(who: &T::AccountId) {
	fund::<T>(who);
	assert_ok!(Pallet::<T>::do_bond(who.clone(), bond_of::<T>()));
	set_terms_of::<T>(who, None);
}

fn set_terms_of<T: Config>(who: &T::AccountId, standing: Option<BalanceOf<T>>) {
	let terms = Terms {
		price: Zero::zero(),
		capacity: T::MaxCapacity::get(),
		standing,
	};
	assert_ok!(Pallet::<T>::do_set_terms(who.clone(), terms));
}

fn commit_least<T: Config>(who: &T::AccountId, model: ModelId) {
	let stake = T::MinCommitment::get();
	assert_ok!(Pallet::<T>::do_commit(who.clone(), model, stake));
}

/// A model with `count` hosts.
fn model_of<T: Config>(count: u32) -> (ModelId, Vec<T::AccountId>) {
	let model = T::BenchmarkHelper::admit(0);
	let hosts: Vec<T::AccountId> = (0..count).map(|index| account("host", index, 0)).collect();
	for who in &hosts {
		make_host::<T>(who);
		commit_least::<T>(who, model);
	}
	(model, hosts)
}

/// A fee of a model.
fn pay_fee<T: Config>(payer: &T::AccountId, model: ModelId) {
	let share = T::Currency::minimum_balance();
	assert_ok!(<Pallet<T> as HostShare<_, _>>::pay(payer, &model, share));
}

fn report_of<T: Config>(model: ModelId) -> ModelReport {
	T::Catalog::report(&model).expect("admitted")
}

/// A host, and one who has put the least there may be behind it.
fn backed<T: Config>() -> (T::AccountId, T::AccountId) {
	found::<T>();
	let who: T::AccountId = account("host", 0, 0);
	make_host::<T>(&who);
	let backer = funded::<T>("backer", 0);
	let amount = T::MinBacking::get();
	assert_ok!(Pallet::<T>::do_back(backer.clone(), who.clone(), amount));
	(who, backer)
}

/// Enters the block from which on may be withdrawn what leaves now.
fn wait<T: Config>() {
	frame_system::Pallet::<T>::set_block_number(Pallet::<T>::withdrawable_at());
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn bond() {
		let who: T::AccountId = whitelisted_caller();
		fund::<T>(&who);

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), T::MinBond::get());

		assert!(Hosts::<T>::contains_key(who));
	}

	#[benchmark]
	fn bond_extra() {
		let who: T::AccountId = whitelisted_caller();
		make_host::<T>(&who);

		#[extrinsic_call]
		_(RawOrigin::Signed(who), T::MinBond::get());
	}

	#[benchmark]
	fn unbond() {
		let who: T::AccountId = whitelisted_caller();
		make_host::<T>(&who);

		#[extrinsic_call]
		_(RawOrigin::Signed(who), bond_of::<T>());
	}

	#[benchmark]
	fn withdraw_unbonded() {
		let who: T::AccountId = whitelisted_caller();
		make_host::<T>(&who);
		assert_ok!(Pallet::<T>::do_unbond(who.clone(), bond_of::<T>()));
		wait::<T>();

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));

		assert!(!Hosts::<T>::contains_key(who));
	}

	#[benchmark]
	fn set_terms() {
		let who: T::AccountId = whitelisted_caller();
		make_host::<T>(&who);
		let standing = Some(T::MinCommitment::get());

		#[extrinsic_call]
		_(RawOrigin::Signed(who), Zero::zero(), 0, standing);

		assert_eq!(StandingHosts::<T>::get().len(), 1);
	}

	/// One host makes way for another.
	#[benchmark]
	fn commit() {
		found::<T>();
		let (model, _) = model_of::<T>(T::MaxHostsPerModel::get());
		let who: T::AccountId = whitelisted_caller();
		make_host::<T>(&who);
		pay_fee::<T>(&funded::<T>("payer", 0), model);
		let stake = T::MinCommitment::get().saturating_mul(2u32.into());

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), model, stake);

		assert!(Commitments::<T>::contains_key(who, model));
	}

	#[benchmark]
	fn uncommit() {
		found::<T>();
		let (model, hosts) = model_of::<T>(T::MaxHostsPerModel::get());
		pay_fee::<T>(&funded::<T>("payer", 0), model);
		let who = hosts[0].clone();
		let stake = T::MinCommitment::get();

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), model, stake);

		assert!(!Commitments::<T>::contains_key(who, model));
	}

	#[benchmark]
	fn chill() {
		let who: T::AccountId = whitelisted_caller();
		make_host::<T>(&who);

		#[extrinsic_call]
		_(RawOrigin::Signed(who), None);
	}

	#[benchmark]
	fn unchill() {
		let who: T::AccountId = whitelisted_caller();
		make_host::<T>(&who);
		assert_ok!(Pallet::<T>::do_chill(who.clone(), None));

		#[extrinsic_call]
		_(RawOrigin::Signed(who));
	}

	#[benchmark]
	fn claim(c: Linear<1, { T::MaxCommitments::get() }>) {
		found::<T>();
		let who: T::AccountId = whitelisted_caller();
		make_host::<T>(&who);
		for seed in 0..c {
			let model = T::BenchmarkHelper::admit(seed);
			commit_least::<T>(&who, model);
			let payer = funded::<T>("payer", seed);
			// Twice, so that rounding leaves something to be claimed.
			pay_fee::<T>(&payer, model);
			pay_fee::<T>(&payer, model);
		}

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));

		assert!(Hosts::<T>::get(who).is_some_and(|host| !host.earned.is_zero()));
	}

	#[benchmark]
	fn back() {
		found::<T>();
		let who: T::AccountId = whitelisted_caller();
		fund::<T>(&who);
		let host: T::AccountId = account("host", 0, 0);
		make_host::<T>(&host);
		let amount = T::MinBacking::get();

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), host.clone(), amount);

		assert!(Backings::<T>::contains_key(host, who));
	}

	#[benchmark]
	fn unback(c: Linear<1, { T::MaxCommitments::get() }>) {
		let (host, backer) = backed::<T>();
		// All that there is, in equal parts.
		let active = Hosts::<T>::get(&host).expect("a host").active();
		let part = active / c.into();
		for seed in 0..c {
			let model = T::BenchmarkHelper::admit(seed);
			assert_ok!(Pallet::<T>::do_commit(host.clone(), model, part));
			pay_fee::<T>(&funded::<T>("payer", seed), model);
		}
		let amount = T::MinBacking::get();

		#[extrinsic_call]
		_(RawOrigin::Signed(backer), host.clone(), amount);

		let host = Hosts::<T>::get(host).expect("a host");
		assert!(host.committed <= host.active());
	}

	#[benchmark]
	fn withdraw() {
		let (host, backer) = backed::<T>();
		let amount = T::MinBacking::get();
		assert_ok!(Pallet::<T>::do_unback(backer.clone(), host.clone(), amount));
		wait::<T>();

		#[extrinsic_call]
		_(RawOrigin::Signed(backer.clone()), host.clone());

		assert!(!Backings::<T>::contains_key(host, backer));
	}

	#[benchmark]
	fn pay() {
		found::<T>();
		let (model, _) = model_of::<T>(1);
		let payer = funded::<T>("payer", 0);

		#[block]
		{
			pay_fee::<T>(&payer, model);
		}

		assert!(!ModelPools::<T>::get(model).held.is_zero());
	}

	#[benchmark]
	fn candidates(h: Linear<1, { T::MaxHostsPerModel::get() }>) {
		let (model, _) = model_of::<T>(h);
		let cost = report_of::<T>(model).cost;
		let (stake, price) = (T::MinCommitment::get(), Zero::zero());
		let found;

		#[block]
		{
			found = <Pallet<T> as JobStake<_, _>>::candidates(&model, &cost, stake, price);
		}

		assert_eq!(found.len(), h as usize);
	}

	#[benchmark]
	fn lock() {
		let (model, hosts) = model_of::<T>(1);
		let stake = T::MinCommitment::get();

		#[block]
		{
			assert_ok!(<Pallet<T> as JobStake<_, _>>::lock(
				&hosts[0], &model, stake
			));
		}
	}

	#[benchmark]
	fn unlock() {
		let (model, hosts) = model_of::<T>(T::MaxHostsPerModel::get());
		let stake = T::MinCommitment::get();
		assert_ok!(<Pallet<T> as JobStake<_, _>>::lock(
			&hosts[0], &model, stake
		));

		#[block]
		{
			<Pallet<T> as JobStake<_, _>>::unlock(&hosts[0], &model, stake);
		}
	}

	#[benchmark]
	fn slash(b: Linear<0, 16>) {
		let (host, _) = backed::<T>();
		let model = T::BenchmarkHelper::admit(0);
		commit_least::<T>(&host, model);
		let stake = T::MinCommitment::get();
		assert_ok!(<Pallet<T> as JobStake<_, _>>::lock(&host, &model, stake));
		let reward = stake / 2u32.into();
		let others: Vec<T::AccountId> = (0..b)
			.map(|index| funded::<T>("beneficiary", index))
			.collect();
		let taken;

		#[block]
		{
			taken =
				<Pallet<T> as JobStake<_, _>>::slash(&host, &model, stake, stake, reward, &others);
		}

		assert_eq!(taken, stake);
	}

	#[benchmark]
	fn credit() {
		let (host, _) = backed::<T>();

		#[block]
		{
			<Pallet<T> as JobStake<_, _>>::credit(&host, T::Currency::minimum_balance());
		}

		assert!(Hosts::<T>::get(host).is_some_and(|host| !host.earned.is_zero()));
	}

	#[benchmark]
	fn on_admitted(s: Linear<0, { T::MaxStandingHosts::get() }>) {
		let model = T::BenchmarkHelper::admit(0);
		let report = report_of::<T>(model);
		for index in 0..s {
			let who: T::AccountId = account("host", index, 0);
			make_host::<T>(&who);
			set_terms_of::<T>(&who, Some(T::MinCommitment::get()));
		}

		#[block]
		{
			<Pallet<T> as ModelStake>::on_admitted(&model, &report);
		}

		let places = HostsOf::<T>::get(model).len() as u32;
		assert_eq!(places, s.min(T::MaxHostsPerModel::get()));
	}

	#[benchmark]
	fn on_removed(h: Linear<1, { T::MaxHostsPerModel::get() }>) {
		found::<T>();
		let (model, _) = model_of::<T>(h);
		pay_fee::<T>(&funded::<T>("payer", 0), model);

		#[block]
		{
			<Pallet<T> as ModelStake>::on_removed(&model);
		}

		assert!(HostsOf::<T>::get(model).is_empty());
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}

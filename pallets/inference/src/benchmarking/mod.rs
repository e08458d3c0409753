//! Benchmarks of the pallet's own work.

mod model;

use alloc::vec;
use frame_benchmarking::{v2::*, BenchmarkError};
use frame_support::{
	assert_ok,
	traits::{
		fungible::{Inspect, Mutate},
		Get,
	},
};
use frame_system::RawOrigin;
use noema_primitives::{tensor::named, DType, ModelId, ModelRegistry, Receipt};

pub use model::{BenchmarkHelper, HeadModel};

use crate::{BalanceOf, Call, Config, Error, NextReceipt, Pallet, Receipts, ReleaseIdOf};

fn funded<T: Config>(name: &'static str) -> Result<T::AccountId, BenchmarkError> {
	let who: T::AccountId = account(name, 0, 0);
	T::Currency::mint_into(&who, T::Currency::minimum_balance() * 1_000_000u32.into())?;
	Ok(who)
}

fn release<T: Config>(owner: T::AccountId) -> ReleaseIdOf<T> {
	// The longest that there are.
	ReleaseIdOf::<T> {
		owner,
		name: vec![b'n'; 64].try_into().expect("a name may have 64 bytes"),
		version: vec![b'1'; 32]
			.try_into()
			.expect("a version may have 32 bytes"),
	}
}

#[benchmarks]
mod benchmarks {
	use super::*;

	/// `i`: bytes of input data; `o`: bytes of output data.
	///
	/// The model does next to nothing, so that what is measured is the work around the engine. The
	/// window of receipts is full, so that one is dropped.
	#[benchmark(pov_mode = Measured)]
	fn infer(
		i: Linear<{ T::MaxOutputBytes::get() }, { T::MaxOutputBytes::get() + 1_048_576 }>,
		o: Linear<1, { T::MaxOutputBytes::get() - 64 }>,
	) -> Result<(), BenchmarkError> {
		let caller = funded::<T>("caller")?;
		let release = release::<T>(funded::<T>("owner")?);
		let (file, inputs) = T::BenchmarkHelper::model(i, o);
		T::Registry::make_callable(&release, &file);

		let largest = T::MaxOutputBytes::get() - 64;
		let outputs = named("y", DType::U8, &[largest], vec![1; largest as usize])
			.ok_or("a tensor may be as large as a receipt")?;
		NextReceipt::<T>::put(T::MaxReceipts::get());
		Receipts::<T>::insert(
			0,
			Receipt {
				caller: caller.clone(),
				release: release.clone(),
				model: ModelId::of(&file),
				block: Default::default(),
				input_hash: Default::default(),
				output_hash: Default::default(),
				outputs: vec![outputs]
					.try_into()
					.map_err(|_| "one output is not too many")?,
			},
		);
		let inputs = inputs.try_into().map_err(|_| "one input is not too many")?;

		#[extrinsic_call]
		_(RawOrigin::Signed(caller), release, inputs);

		assert!(Receipts::<T>::contains_key(T::MaxReceipts::get()));
		assert!(!Receipts::<T>::contains_key(0));
		Ok(())
	}

	#[benchmark]
	fn royalty() -> Result<(), BenchmarkError> {
		let caller = funded::<T>("caller")?;
		let owner = funded::<T>("owner")?;
		let before: BalanceOf<T> = T::Currency::balance(&owner);
		let amount = T::Currency::minimum_balance();

		#[block]
		{
			assert_ok!(Pallet::<T>::pay_royalty(&caller, &owner, amount));
		}

		assert_eq!(T::Currency::balance(&owner), before + amount);
		Ok(())
	}

	/// A refused call costs no more than the base: the look-up fails.
	#[benchmark(extra)]
	fn refused() -> Result<(), BenchmarkError> {
		let caller = funded::<T>("caller")?;
		let release = release::<T>(funded::<T>("owner")?);
		let result;

		#[block]
		{
			result = Pallet::<T>::infer(
				RawOrigin::Signed(caller).into(),
				release,
				Default::default(),
			);
		}

		let error = result.map_err(|e| e.error).err();
		assert_eq!(error, Some(Error::<T>::UnknownRelease.into()));
		Ok(())
	}

	impl_benchmark_test_suite!(
		Pallet,
		crate::tests::mock::new_test_ext(),
		crate::tests::mock::Test
	);
}

//! Releases: names by which admitted models are called.

use alloc::vec::Vec;
use codec::{Encode, MaxEncodedLen};
use frame_support::{
	ensure,
	traits::{Consideration, Footprint},
};
use noema_primitives::{ModelId, ReleaseId, ReleaseInfo, ReleaseName, ReleaseVersion, RunCost};
use sp_runtime::{ArithmeticError, DispatchResult};

use crate::{
	types::{BalanceOf, ReleaseRecord, ReleaseRecordOf},
	Config, Error, Event, Models, Pallet, Releases, ReleasesOf, Reports,
};

fn is_name(name: &[u8]) -> bool {
	let fits = |c: &u8| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
	!name.is_empty() && name.iter().all(fits)
}

fn is_version(version: &[u8]) -> bool {
	let fits = |c: &u8| matches!(c, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'+' | b'.');
	!version.is_empty() && version.iter().all(fits)
}

impl<T: Config> Pallet<T> {
	/// What a release's deposit pays for: its record and its place in the index, at their
	/// largest, whatever the length of name and version.
	pub(crate) fn release_footprint() -> Footprint {
		let len = ReleaseRecordOf::<T>::max_encoded_len()
			.saturating_add(ReleaseId::<T::AccountId>::max_encoded_len().saturating_mul(2));
		Footprint::from_parts(1, len)
	}

	/// What the deposit of a retired release pays for: what is kept of it, record and place in
	/// the index, for ever.
	pub(crate) fn tombstone_footprint(
		id: &ReleaseId<T::AccountId>,
		record: &ReleaseRecordOf<T>,
	) -> Footprint {
		let len = record
			.encoded_size()
			.saturating_add(id.encoded_size().saturating_mul(2));
		Footprint::from_parts(1, len)
	}

	/// Points a new name at an admitted model, for a deposit.
	pub(crate) fn do_release(
		who: T::AccountId,
		model: ModelId,
		name: ReleaseName,
		version: ReleaseVersion,
		royalty: BalanceOf<T>,
	) -> DispatchResult {
		ensure!(is_name(&name), Error::<T>::InvalidName);
		ensure!(is_version(&version), Error::<T>::InvalidVersion);
		let mut record = Models::<T>::get(model).ok_or(Error::<T>::UnknownModel)?;
		ensure!(record.stage.is_admitted(), Error::<T>::ModelNotAdmitted);
		let report = Reports::<T>::get(model).ok_or(Error::<T>::ModelNotAdmitted)?;
		let run = RunCost::of(&report);
		let key = (name, version);
		ensure!(
			!Releases::<T>::contains_key(&who, &key),
			Error::<T>::ReleaseExists
		);

		record.releases = record
			.releases
			.checked_add(1)
			.ok_or(ArithmeticError::Overflow)?;
		let ticket = T::ReleaseConsideration::new(&who, Self::release_footprint())?;
		let created = frame_system::Pallet::<T>::block_number();
		let info = ReleaseInfo {
			model,
			royalty,
			created,
			retired: false,
		};

		Releases::<T>::insert(&who, &key, ReleaseRecord { info, run, ticket });
		Models::<T>::insert(model, record);
		let (name, version) = key;
		let release = ReleaseId {
			owner: who,
			name,
			version,
		};
		ReleasesOf::<T>::insert((model, false, &release), ());
		Self::deposit_event(Event::ModelReleased {
			release,
			model,
			royalty,
		});
		Ok(())
	}

	/// Withdraws a release of `who`.
	pub(crate) fn do_retire(
		who: T::AccountId,
		name: ReleaseName,
		version: ReleaseVersion,
	) -> DispatchResult {
		let id = ReleaseId {
			owner: who,
			name,
			version,
		};
		let mut release = Self::release_record(&id).ok_or(Error::<T>::UnknownRelease)?;
		ensure!(!release.info.retired, Error::<T>::AlreadyRetired);
		release.info.retired = true;
		let footprint = Self::tombstone_footprint(&id, &release);
		release.ticket = release.ticket.update(&id.owner, footprint)?;
		Self::put_retired(id, release);
		Ok(())
	}

	/// Withdraws up to `limit` releases of a model that goes for its content. Returns how many.
	pub(crate) fn retire_some(model: ModelId, limit: u32) -> u32 {
		let ids: Vec<ReleaseId<T::AccountId>> = ReleasesOf::<T>::iter_key_prefix((model, false))
			.take(limit as usize)
			.collect();
		let count = ids.len() as u32;
		for id in ids {
			let Some(mut release) = Self::release_record(&id) else {
				frame_support::defensive!("a release in the index alone");
				ReleasesOf::<T>::remove((model, false, &id));
				continue;
			};
			release.info.retired = true;
			let footprint = Self::tombstone_footprint(&id, &release);
			match release.ticket.clone().update(&id.owner, footprint) {
				Ok(ticket) => release.ticket = ticket,
				Err(error) => log::error!(
					target: crate::LOG_TARGET,
					"a part of the deposit for a release of model {model} could not be returned: {error:?}"
				),
			}
			Self::put_retired(id, release);
		}
		count
	}

	fn release_record(id: &ReleaseId<T::AccountId>) -> Option<ReleaseRecordOf<T>> {
		Releases::<T>::get(&id.owner, (&id.name, &id.version))
	}

	/// Stores a release that has just been retired.
	fn put_retired(id: ReleaseId<T::AccountId>, release: ReleaseRecordOf<T>) {
		Models::<T>::mutate(release.info.model, |record| match record {
			Some(record) => record.releases = record.releases.saturating_sub(1),
			None => {
				frame_support::defensive!("a release of an unknown model");
			}
		});
		ReleasesOf::<T>::remove((release.info.model, false, &id));
		ReleasesOf::<T>::insert((release.info.model, true, &id), ());
		Releases::<T>::insert(&id.owner, (&id.name, &id.version), release);
		Self::deposit_event(Event::ReleaseRetired { release: id });
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn names_and_versions_take_their_characters_and_no_others() {
		let wanted = |allowed: &str, c: u8| allowed.as_bytes().contains(&c);
		let lower = "abcdefghijklmnopqrstuvwxyz0123456789";
		let upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
		for c in 0..=u8::MAX {
			assert_eq!(
				is_name(&[b'a', c]),
				wanted(&alloc::format!("{lower}-_."), c),
				"{c}"
			);
			assert_eq!(
				is_version(&[b'1', c]),
				wanted(&alloc::format!("{lower}{upper}-+."), c),
				"{c}"
			);
		}
		assert!(!is_name(b""));
		assert!(!is_version(b""));
	}
}

//! Keeps the databases of real BABE and of instant sealing apart.
//!
//! The two write different things beside the blocks (epoch changes, GRANDPA's voter state, time),
//! so a database that one has made is of no use to the other. Each leaves its mark.

use sc_client_api::{AuxStore, HeaderBackend};
use sc_service::Error as ServiceError;
use sp_runtime::traits::Zero;

use crate::{cli::Sealing, service::other, Block};

/// Where the mark is, beside the blocks.
const KEY: &[u8] = b"noema_sealing";

/// The database is of the other kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarkerError {
	/// Made by BABE, opened for instant sealing.
	#[error(
		"this database was made by BABE and cannot be opened with --sealing instant; leave \
		 --base-path out for a temporary one, or name another path"
	)]
	MadeByBabe,
	/// Made by instant sealing, opened for BABE.
	#[error(
		"this database was made with --sealing instant and cannot be opened without; name another \
		 --base-path, or remove it with purge-chain"
	)]
	MadeByInstantSealing,
	/// The mark is none that this node knows.
	#[error("this database was made by a node of another kind; name another --base-path")]
	Unknown,
}

/// The mark of each kind.
const fn mark(sealing: Sealing) -> &'static [u8] {
	match sealing {
		Sealing::Babe => b"babe",
		Sealing::Instant => b"instant",
	}
}

/// Whether a database with this mark may be opened so.
///
/// `fresh` says that it holds no block but genesis. One that holds more and has no mark was made
/// by BABE: the mark is written before the first block that is sealed at will.
fn check(stored: Option<&[u8]>, fresh: bool, sealing: Sealing) -> Result<(), MarkerError> {
	let made_by = match stored {
		None if fresh => sealing,
		None => Sealing::Babe,
		Some(stored) => [Sealing::Babe, Sealing::Instant]
			.into_iter()
			.find(|kind| mark(*kind) == stored)
			.ok_or(MarkerError::Unknown)?,
	};
	match (made_by, sealing) {
		(Sealing::Babe, Sealing::Instant) => Err(MarkerError::MadeByBabe),
		(Sealing::Instant, Sealing::Babe) => Err(MarkerError::MadeByInstantSealing),
		_ => Ok(()),
	}
}

/// Refuses a database of the other kind, and marks one that has no mark.
///
/// # Errors
///
/// [`MarkerError`], as the service's error; or the database's own.
pub fn claim<C>(client: &C, sealing: Sealing) -> Result<(), ServiceError>
where
	C: AuxStore + HeaderBackend<Block>,
{
	let stored = client.get_aux(KEY)?;
	check(
		stored.as_deref(),
		client.info().best_number.is_zero(),
		sealing,
	)
	.map_err(other)?;
	if stored.is_none() {
		client.insert_aux(&[(KEY, mark(sealing))], &[])?;
	}
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_fresh_database_is_for_either() {
		for sealing in [Sealing::Babe, Sealing::Instant] {
			assert_eq!(check(None, true, sealing), Ok(()));
			assert_eq!(check(Some(mark(sealing)), true, sealing), Ok(()));
			assert_eq!(check(Some(mark(sealing)), false, sealing), Ok(()));
		}
	}

	#[test]
	fn one_kind_is_refused_to_the_other() {
		let babe = Some(mark(Sealing::Babe));
		assert_eq!(
			check(babe, false, Sealing::Instant),
			Err(MarkerError::MadeByBabe)
		);
		assert_eq!(
			check(babe, true, Sealing::Instant),
			Err(MarkerError::MadeByBabe)
		);
		assert_eq!(
			check(None, false, Sealing::Instant),
			Err(MarkerError::MadeByBabe)
		);
		let instant = Some(mark(Sealing::Instant));
		assert_eq!(
			check(instant, false, Sealing::Babe),
			Err(MarkerError::MadeByInstantSealing)
		);
		assert_eq!(
			check(Some(b"x"), false, Sealing::Babe),
			Err(MarkerError::Unknown)
		);
		assert_eq!(check(None, false, Sealing::Babe), Ok(()));
	}
}

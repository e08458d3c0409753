//! Whatever is called, in whatever order: the invariants hold after every step.

use noema_primitives::{ModelId, ModelStage, CHUNK_SIZE};
use proptest::prelude::*;

use crate::{mock::*, Chunks, Models, Releases, Reports, StakeChanges, TotalBytes, Voids};

/// One step of a history. Numbers pick from small sets, so that steps meet each other.
#[derive(Clone, Debug)]
enum Step {
	Begin {
		who: u8,
		file: u8,
		lie: bool,
	},
	Chunk {
		who: u8,
		file: u8,
		index: u8,
		other: bool,
	},
	AllChunks {
		who: u8,
		file: u8,
	},
	Submit {
		who: u8,
		file: u8,
	},
	/// All of the above, so that histories get further.
	Bring {
		who: u8,
		file: u8,
	},
	Cancel {
		who: u8,
		file: u8,
	},
	Release {
		who: u8,
		file: u8,
		version: u8,
	},
	Retire {
		who: u8,
		version: u8,
	},
	Remove {
		who: u8,
		file: u8,
	},
	Commit {
		file: u8,
		stake: u16,
	},
	Standing(u16),
	Job(u8),
	EndJob(u8),
	Ban(u8),
	Lift(u8),
	Blocks(u8),
	Break(bool),
}

fn step() -> impl Strategy<Value = Step> {
	let who = 0u8..8;
	let file = 0u8..8;
	prop_oneof![
		4 => (who.clone(), file.clone(), prop::bool::weighted(0.1))
			.prop_map(|(who, file, lie)| Step::Begin { who, file, lie }),
		2 => (who.clone(), file.clone(), 0u8..5, prop::bool::weighted(0.2))
			.prop_map(|(who, file, index, other)| Step::Chunk { who, file, index, other }),
		6 => (who.clone(), file.clone()).prop_map(|(who, file)| Step::AllChunks { who, file }),
		6 => (who.clone(), file.clone()).prop_map(|(who, file)| Step::Submit { who, file }),
		8 => (who.clone(), file.clone()).prop_map(|(who, file)| Step::Bring { who, file }),
		1 => (who.clone(), file.clone()).prop_map(|(who, file)| Step::Cancel { who, file }),
		6 => (who.clone(), file.clone(), 0u8..6)
			.prop_map(|(who, file, version)| Step::Release { who, file, version }),
		2 => (who.clone(), 0u8..6).prop_map(|(who, version)| Step::Retire { who, version }),
		2 => (who, file.clone()).prop_map(|(who, file)| Step::Remove { who, file }),
		12 => (file.clone(), 0u16..900).prop_map(|(file, stake)| Step::Commit { file, stake }),
		1 => (0u16..500).prop_map(Step::Standing),
		6 => file.clone().prop_map(Step::Job),
		2 => file.clone().prop_map(Step::EndJob),
		1 => file.clone().prop_map(Step::Ban),
		2 => file.prop_map(Step::Lift),
		8 => (1u8..9).prop_map(Step::Blocks),
		1 => prop::bool::weighted(0.3).prop_map(Step::Break),
	]
}

/// Mostly Alice, so that most steps are by the right account.
fn account(who: u8) -> AccountId {
	match who {
		0 => POOR,
		1 => BOB,
		_ => ALICE,
	}
}

fn files() -> Vec<Vec<u8>> {
	vec![
		model(0, 10),
		model(1, 300),
		model(2, 390),
		model_sized(3, 5, CHUNK_SIZE),
		model_sized(4, 250, CHUNK_SIZE + 1),
		model(5, MAX_MATURING_BYTES + 1),
		no_model(6),
		model_sized(7, 0, 3 * CHUNK_SIZE - 1),
	]
}

fn take(step: &Step, files: &[Vec<u8>]) {
	let id = |file: u8| ModelId::of(&files[usize::from(file)]);
	let chunk = |file: u8, index: u8| {
		files[usize::from(file)]
			.chunks(CHUNK_SIZE as usize)
			.nth(usize::from(index))
	};
	let signed = |who: u8| RuntimeOrigin::signed(account(who));
	// Whether a step succeeds depends on the history; what it leaves behind is what counts.
	match *step {
		Step::Begin { who, file, lie } => {
			let size = files[usize::from(file)].len() as u32 + u32::from(lie);
			let _ = ModelsPallet::begin_upload(signed(who), id(file), size);
		}
		Step::Chunk {
			who,
			file,
			index,
			other,
		} => {
			let bytes = chunk((file + u8::from(other)) % 8, index).unwrap_or(b"stray");
			let _ = apply(account(who), chunk_call(id(file), index.into(), bytes));
		}
		Step::AllChunks { who, file } => {
			for (index, bytes) in (0..).zip(files[usize::from(file)].chunks(CHUNK_SIZE as usize)) {
				let _ = apply(account(who), chunk_call(id(file), index, bytes));
			}
		}
		Step::Submit { who, file } => {
			let _ = frame_support::storage::with_storage_layer(|| {
				ModelsPallet::submit(signed(who), id(file)).map_err(|e| e.error)
			});
		}
		Step::Bring { who, file } => {
			let lie = false;
			take(&Step::Begin { who, file, lie }, files);
			take(&Step::AllChunks { who, file }, files);
			take(&Step::Submit { who, file }, files);
		}
		Step::Cancel { who, file } => {
			let _ = ModelsPallet::cancel_upload(signed(who), id(file));
		}
		Step::Release { who, file, version } => {
			let _ = release(account(who), id(file), "a", &version.to_string(), 1);
		}
		Step::Retire { who, version } => {
			let _ = retire(account(who), "a", &version.to_string());
		}
		Step::Remove { who, file } => {
			let _ = ModelsPallet::remove_model(signed(who), id(file));
		}
		Step::Commit { file, stake } => commit(id(file), stake.into()),
		Step::Standing(stake) => standing(stake.into()),
		Step::Job(file) => {
			let _ = open_job(id(file));
		}
		Step::EndJob(file) => end_job(id(file)),
		Step::Ban(file) => {
			let _ = ban(id(file));
		}
		Step::Lift(file) => {
			let _ = ModelsPallet::lift_ban(RuntimeOrigin::root(), id(file));
		}
		Step::Blocks(count) => {
			for _ in 0..count {
				next_block();
				check_invariants();
			}
		}
		Step::Break(broken) => break_admission(broken),
	}
	check_invariants();
}

/// Retires and removes all, and finds that nothing is left but tombstones.
fn wind_up() {
	break_admission(false);
	for model in jobs() {
		end_job(model);
	}
	let releases: Vec<_> = Releases::<Test>::iter()
		.filter(|(_, _, record)| !record.info.retired)
		.map(|(owner, key, _)| (owner, key))
		.collect();
	for (owner, (name, version)) in releases {
		ModelsPallet::retire(RuntimeOrigin::signed(owner), name, version).expect("retires");
	}
	for (id, record) in Models::<Test>::iter().collect::<Vec<_>>() {
		let origin = RuntimeOrigin::signed(record.owner);
		match record.stage {
			ModelStage::Uploading { .. } | ModelStage::Queued { .. } => {
				ModelsPallet::cancel_upload(origin, id).expect("cancels");
			}
			stage if stage.is_admitted() => {
				ModelsPallet::remove_model(origin, id).expect("removes");
			}
			_ => {}
		}
	}
	check_invariants();
	// Of models to which stake is committed, one goes in a block.
	for _ in 0..20 {
		next_block();
	}
	check_invariants();
	assert_eq!(Models::<Test>::iter_keys().count(), 0);
	assert_eq!(Chunks::<Test>::iter_keys().count(), 0);
	assert_eq!(TotalBytes::<Test>::get(), 0);
	assert_eq!(Reports::<Test>::iter_keys().count(), 0);
	assert_eq!(StakeChanges::<Test>::iter_keys().count(), 0);
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(256))]
	#[test]
	fn any_history_keeps_the_invariants_and_can_be_wound_up(
		steps in prop::collection::vec(step(), 1..80),
		with_stake: bool,
	) {
		let files = files();
		new_test(|| {
			if with_stake {
				stake_decides();
			}
			for step in &steps {
				take(step, &files);
			}
			wind_up();
		});
	}
}

/// The histories above must get somewhere: without this, a change that lets every call fail would
/// go unseen.
#[test]
fn histories_reach_every_stage() {
	use proptest::{strategy::ValueTree, test_runner::TestRunner};
	use std::collections::BTreeSet;
	let mut runner = TestRunner::deterministic();
	let histories = prop::collection::vec(step(), 80);
	let mut seen = BTreeSet::new();
	let files = files();
	for round in 0..80 {
		let steps = histories
			.new_tree(&mut runner)
			.expect("generates")
			.current();
		new_test(|| {
			if round % 2 == 0 {
				stake_decides();
			}
			for step in &steps {
				take(step, &files);
				seen.extend(
					Models::<Test>::iter_values().map(|record| match record.stage {
						ModelStage::Uploading { .. } => "uploading",
						ModelStage::Queued { .. } => "queued",
						ModelStage::Maturing { .. } => "maturing",
						ModelStage::Resident => "resident",
						ModelStage::Removing => "removing",
						ModelStage::Dormant => "dormant",
						ModelStage::Leaving { .. } => "leaving",
					}),
				);
				if !Voids::<Test>::get().is_empty() {
					seen.insert("voided");
				}
				if Releases::<Test>::iter().next().is_some() {
					seen.insert("released");
				}
			}
		});
	}
	assert_eq!(seen.len(), 9, "{seen:?}");
}

//! Hosts of each kind, and mixtures of them: every wrong output is refused, every liar slashed, no
//! honest host loses anything, and the books balance after each block.
//!
//! Forty jobs of each kind; `NOEMA_JOBS` says how many instead (`.ci/long/jobs.sh`: a thousand).

use super::{
	actors::{Kind, Kind::*, Play, DISHONEST},
	mock::*,
};

/// Jobs of each kind.
fn count() -> u64 {
	let count = std::env::var("NOEMA_JOBS").ok();
	count.map_or(40, |count| count.parse().expect("a number of jobs"))
}

/// Jobs that run at the same time.
const AT_ONCE: u64 = 20;

/// Plays jobs in batches, each with other luck.
fn play(seed: u64, jobs: u64, new: impl Fn(u64) -> (Play, bool)) {
	let mut number = 0;
	while number < jobs {
		run(|| {
			Luck::set(seed.wrapping_mul(1_000_003).wrapping_add(number));
			let before = wealth(WATCHER);
			let (mut play, deep) = new(seed.wrapping_add(number));
			for _ in 0..AT_ONCE.min(jobs - number) {
				number += 1;
				let k = 1 + (number % 5) as u8;
				play.ask(k, input(seed.wrapping_add(number)));
			}
			play.play();
			play.judge(deep);
			assert!(wealth(WATCHER) >= before, "the watcher has lost something");
		});
	}
}

/// Every third host is of a kind, and the others are honest.
fn some(kind: Kind) {
	play(1, count(), |_| {
		let kind_of = |host| if host % 3 == 0 { kind } else { Honest };
		(Play::new(kind_of, true), deep(kind))
	});
}

/// Whether a watcher can call the referee between hosts of a kind. Those who agree on something wrong
/// and then differ can hide from it what they differ on; but then there is no answer.
fn deep(kind: Kind) -> bool {
	kind != Faction
}

/// No host is honest; somebody watches.
fn all(kind: Kind) {
	let deep = deep(kind);
	play(2, count(), |_| (Play::new(|_| kind, true), deep));
}

macro_rules! kinds {
	($($name:ident: $kind:ident,)*) => {
		mod some_hosts {
			use super::*;
			$(#[test] fn $name() { some($kind); })*
		}
		mod all_hosts {
			use super::*;
			$(#[test] fn $name() { all($kind); })*
		}
	};
}

kinds! {
	are_honest: Honest,
	ride_free: FreeRider,
	answer_wrongly: WrongAnswer,
	collude: Colluder,
	collude_and_then_differ: Faction,
	run_another_model: OtherModel,
	have_a_wrong_trace: WrongTrace,
	have_a_wrong_output: WrongOutput,
	have_another_input: WrongInput,
	are_silent_in_disputes: Silent,
	copy_commitments: CopiedCommitment,
	commit_too_late: LateCommit,
	do_nothing: NoShow,
	do_not_reveal: NoReveal,
	reveal_twice: TwoReveals,
	reveal_too_much: Oversize,
	prove_nothing: BadProof,
}

#[test]
fn false_challenges_cost_who_makes_them() {
	for shows in [true, false] {
		play(3, count(), |_| {
			let mut play = Play::new(|_| Honest, false);
			play.false_challenges = (3, shows);
			(play, true)
		});
	}
}

#[test]
fn false_challenges_do_not_keep_a_watcher_out() {
	play(4, count(), |_| {
		let mut play = Play::new(|_| Colluder, true);
		play.false_challenges = (2, true);
		// The false challenger may share what the colluders got wrong.
		(play, false)
	});
}

/// Hosts of all kinds, up to all but one dishonest.
fn mixture(honest: u64) {
	play(100 + honest, count(), |seed| {
		let kind_of = |host: u64| {
			if host - HOST < honest {
				return Honest;
			}
			let dice = sp_io::hashing::twox_64(&codec::Encode::encode(&(seed, host)));
			DISHONEST[usize::from(dice[0]) % DISHONEST.len()]
		};
		let mut play = Play::new(kind_of, true);
		play.false_challenges = ((seed % 3) as u32, seed % 2 == 0);
		(play, false)
	});
}

#[test]
fn mixtures_with_most_honest() {
	mixture(HOSTS - 3);
}

#[test]
fn mixtures_with_half_honest() {
	mixture(HOSTS / 2);
}

#[test]
fn mixtures_with_one_honest() {
	mixture(1);
}

#[test]
fn mixtures_with_nobody_honest_but_the_watcher() {
	mixture(0);
}

/// Without anybody who watches, one honest member of a committee is enough.
#[test]
fn one_honest_member_is_enough() {
	for kind in [Colluder, WrongAnswer, WrongTrace, WrongOutput, Silent] {
		play(5, count(), |_| {
			let kind_of = |host| if host == HOST { Honest } else { kind };
			(Play::new(kind_of, false), true)
		});
	}
}

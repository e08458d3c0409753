//! Job time: windows pause while finality lags; what is due is taken up a little at a time.

use frame_support::assert_ok;
use noema_primitives::jobs::Phase;

use super::{fake::Lie, mock::*};
use crate::{Agenda, Lane, OpenJobs};

#[test]
fn windows_pause_while_finality_lags() {
	run(|| {
		let data = input(1);
		let id = ask(1, &data);
		answer(id, |_| MODEL.run(&data, Some(Lie::Step(2, 1))));
		let Phase::Challengeable { until } = phase(id) else {
			panic!("no window");
		};
		next_block();
		Lags::set(true);
		run_to(System::block_number() + 50);
		Lags::set(false);
		// What readers see has moved by as much.
		let shown = Jobs::job(id).expect("kept").phase;
		assert_eq!(shown, Phase::Challengeable { until: until + 50 });
		run_to(until + 50);
		assert_ok!(challenge(WATCHER, id, &truth(&data)));
	});
}

#[test]
fn a_pause_in_each_phase_changes_nothing_else() {
	run(|| {
		let data = input(1);
		let id = ask(2, &data);
		let mut block = 0u64;
		while phase(id) != Phase::Done {
			block += 1;
			Lags::set(!block.is_multiple_of(3));
			next_block();
			match phase(id) {
				Phase::Committing { .. } => {
					for host in members(id) {
						let _ = commit_to(host, id, &truth(&data).root);
					}
				}
				Phase::Revealing { .. } => {
					for host in members(id) {
						let _ = reveal(host, id, &truth(&data));
					}
				}
				_ => {}
			}
			assert!(block < 400);
		}
		assert_eq!(job(id).answer, Some(truth(&data).root));
	});
}

#[test]
fn a_block_takes_up_so_many_deadlines_and_the_next_the_rest() {
	run(|| {
		for number in 0..10 {
			ask(1, &input(number));
		}
		assert_eq!(Agenda::<Test>::iter_keys().count(), 10);
		let drawing = || {
			(0..10)
				.filter(|id| matches!(phase(*id), Phase::Drawing { .. }))
				.count()
		};
		run_to(18);
		assert_eq!(drawing(), 10);
		for left in [6, 2, 0] {
			next_block();
			assert_eq!(drawing(), left);
		}
		run_to(100);
		assert_eq!(OpenJobs::<Test>::count(), 0);
		assert!(crate::Backlog::<Test>::get(Lane::Jobs).is_none());
	});
}

//! What mathematics says about some of the figures. Written without the code of the game, so that
//! the two can be held against each other.

/// The chance that a draw of `members` hosts with these weights, one after the other and none twice,
/// meets dishonest hosts only: the sum over all orders in which that can happen. Exponential in
/// `members`; for committees of a few.
pub fn owned(weights: &[f64], dishonest: &[bool], members: usize) -> f64 {
	fn from(
		weights: &[f64],
		dishonest: &[bool],
		used: &mut [bool],
		total: f64,
		left: usize,
	) -> f64 {
		if left == 0 {
			return 1.0;
		}
		let mut sum = 0.0;
		for host in 0..weights.len() {
			if used[host] || !dishonest[host] || weights[host] == 0.0 {
				continue;
			}
			used[host] = true;
			let rest = from(weights, dishonest, used, total - weights[host], left - 1);
			used[host] = false;
			sum += weights[host] / total * rest;
		}
		sum
	}
	let mut used = vec![false; weights.len()];
	from(weights, dishonest, &mut used, weights.iter().sum(), members)
}

/// The same if all hosts weigh the same: of `hosts`, `dishonest` are.
pub fn owned_alike(hosts: u32, dishonest: u32, members: u32) -> f64 {
	(0..members)
		.map(|drawn| {
			f64::from(dishonest.saturating_sub(drawn)) / f64::from(hosts.saturating_sub(drawn))
		})
		.product()
}

/// The chance of a grinder, who has this share of the slots and would own a committee with the
/// chance `owned` at each draw: it lets the last block go as long as it is its own and useless.
pub fn grinder(owned: f64, authors: f64) -> f64 {
	owned / (1.0 - authors * (1.0 - owned))
}

/// The chance that fewer than `needed` of `blocks` blocks have an author who is not one of the
/// share `censors`.
pub fn censored(censors: f64, blocks: u32, needed: u32) -> f64 {
	// The chance of exactly `count` free blocks, from that of one less.
	let free = 1.0 - censors;
	let mut exactly = censors.powi(blocks as i32);
	let mut sum = 0.0;
	for count in 0..needed.min(blocks + 1) {
		sum += exactly;
		exactly *= f64::from(blocks - count) / f64::from(count + 1) * free / censors;
	}
	sum
}

/// The chance that an audit finds out a lie, if nobody else looks: it is held, and not all of its
/// auditors are dishonest.
pub fn found_by_audit(audit_rate: f64, owned_audit: f64) -> f64 {
	audit_rate * (1.0 - owned_audit)
}

/// The prize from which on lies pay, if each is found out with this chance and then costs `loss`.
/// Found or not, a lie saves the work of an answer.
pub fn break_even_prize(found: f64, loss: f64, saved: f64) -> f64 {
	(found * loss - saved) / (1.0 - found)
}

/// How many standard deviations `hits` of `trials` lie from what the chance `expected` leads one to
/// expect. Not a number if there is no chance in it.
pub fn deviations(hits: u64, trials: u64, expected: f64) -> f64 {
	let trials = trials as f64;
	(hits as f64 - trials * expected) / (trials * expected * (1.0 - expected)).sqrt()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[track_caller]
	fn assert_close(one: f64, two: f64) {
		assert!((one - two).abs() < 1e-12, "{one} {two}");
	}

	#[test]
	fn equal_weights_are_a_special_case() {
		let dishonest: Vec<bool> = (0..9).map(|host| host < 4).collect();
		assert_close(owned(&[1.0; 9], &dishonest, 3), owned_alike(9, 4, 3));
		// 4/9 * 3/8 * 2/7.
		assert_close(owned_alike(9, 4, 3), 24.0 / 504.0);
		assert_close(owned_alike(9, 2, 3), 0.0);
	}

	#[test]
	fn heavy_hosts_come_first() {
		// A first, then B; or B first, then A.
		let expected = 6.0 / 10.0 * 3.0 / 4.0 + 3.0 / 10.0 * 6.0 / 7.0;
		assert_close(owned(&[6.0, 3.0, 1.0], &[true, true, false], 2), expected);
	}

	#[test]
	fn a_grinder_without_slots_gains_nothing() {
		assert_close(grinder(0.1, 0.0), 0.1);
		assert_close(grinder(0.1, 1.0), 1.0);
		// (1 - a) P and, of a, P or all of it again.
		let chance = grinder(0.1, 0.4);
		assert_close(chance, 0.6 * 0.1 + 0.4 * (0.1 + 0.9 * chance));
	}

	#[test]
	fn censors_need_all_blocks_but_a_few() {
		assert_close(censored(0.5, 3, 1), 0.125);
		assert_close(censored(0.5, 3, 2), 0.5);
		assert_close(censored(0.5, 3, 4), 1.0);
	}

	#[test]
	fn at_the_break_even_prize_lies_earn_nothing() {
		let prize = break_even_prize(0.1, 300.0, 3.0);
		assert_close(0.9 * prize + 3.0 - 0.1 * 300.0, 0.0);
	}
}

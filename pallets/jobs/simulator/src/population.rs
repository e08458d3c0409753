//! Hosts and the draw.

use crate::{
	params::{Params, Share, NOE},
	random::Random,
};

/// How much of the stake is dishonest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dishonest {
	/// As many hosts as fit into this share of all stake.
	UpTo(Share),
	/// All hosts but one.
	AllButOne,
}

impl Dishonest {
	/// The populations of the table.
	pub const ALL: [Self; 3] = [
		Self::UpTo(Share::ratio(1, 3)),
		Self::UpTo(Share::percent(50)),
		Self::AllButOne,
	];
}

impl core::fmt::Display for Dishonest {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		match self {
			Self::UpTo(share) => write!(f, "up to {:.0} %", share.as_f64() * 100.0),
			Self::AllButOne => f.write_str("all but one"),
		}
	}
}

/// The hosts committed to the model; each is an operator of its own.
#[derive(Clone, Debug)]
pub struct Population {
	/// What of each host's stake is free.
	pub stakes: Vec<u128>,
	/// Whether the host is one of the dishonest.
	pub dishonest: Vec<bool>,
}

impl Population {
	/// Hosts with 500 to 1,500 NOE each, so many of them dishonest, any of them alike.
	pub fn new(params: &Params, dishonest: Dishonest, seed: u64) -> Self {
		let mut random = Random::new(seed, u64::MAX);
		let hosts = params.hosts as usize;
		let stakes: Vec<u128> = (0..hosts)
			.map(|_| (500 + random.below(1_001)) * NOE)
			.collect();
		let mut order: Vec<usize> = (0..hosts).collect();
		random.shuffle(&mut order);
		let mut chosen = vec![false; hosts];
		match dishonest {
			Dishonest::AllButOne => order[1..].iter().for_each(|host| chosen[*host] = true),
			Dishonest::UpTo(share) => {
				let mut left = share.of(stakes.iter().sum());
				for host in order {
					if stakes[host] <= left {
						left -= stakes[host];
						chosen[host] = true;
					}
				}
			}
		}
		Self {
			stakes,
			dishonest: chosen,
		}
	}

	/// What each host weighs in the draw: its free stake, at most the cap's share of all.
	pub fn weights(&self, cap: Share) -> Vec<u128> {
		let most = cap.of(self.stakes.iter().sum());
		self.stakes.iter().map(|stake| (*stake).min(most)).collect()
	}

	/// How many are dishonest.
	pub fn attackers(&self) -> usize {
		self.dishonest
			.iter()
			.filter(|dishonest| **dishonest)
			.count()
	}

	/// Whether all these hosts are dishonest.
	pub fn owns(&self, hosts: &[usize]) -> bool {
		hosts.iter().all(|host| self.dishonest[*host])
	}
}

/// All hosts that weigh anything, in the order of the draw: each next one with a chance of its
/// weight among those that are left. The first are the committee, the others its replacements.
pub fn order(weights: &[u128], random: &mut Random) -> Vec<usize> {
	let mut left: Vec<usize> = (0..weights.len())
		.filter(|host| weights[*host] > 0)
		.collect();
	let mut total: u128 = weights.iter().sum();
	let mut order = Vec::with_capacity(left.len());
	while !left.is_empty() {
		let mut at = random.below(total);
		let index = left
			.iter()
			.position(|host| {
				let here = at < weights[*host];
				at = at.saturating_sub(weights[*host]);
				here
			})
			.expect("the number is below the sum of the weights");
		let host = left.remove(index);
		total -= weights[host];
		order.push(host);
	}
	order
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn dishonest_stake_is_as_much_as_fits() {
		let params = Params::default();
		for share in [Share::ratio(1, 3), Share::percent(50)] {
			let population = Population::new(&params, Dishonest::UpTo(share), 7);
			let all: u128 = population.stakes.iter().sum();
			let bad: u128 = (0..population.stakes.len())
				.filter(|host| population.dishonest[*host])
				.map(|host| population.stakes[host])
				.sum();
			assert!(bad <= share.of(all));
			// What is left has no room for the smallest host.
			assert!(share.of(all) - bad < 1_500 * NOE);
		}
		let population = Population::new(&params, Dishonest::AllButOne, 7);
		assert_eq!(population.attackers(), 29);
	}

	#[test]
	fn the_cap_holds_a_large_operator_down() {
		let population = Population {
			stakes: vec![900, 50, 50],
			dishonest: vec![false; 3],
		};
		assert_eq!(population.weights(Share::percent(20)), [200, 50, 50]);
	}

	#[test]
	fn the_order_has_each_host_once_and_none_without_weight() {
		let mut order = order(&[5, 0, 7, 1], &mut Random::new(1, 1));
		order.sort_unstable();
		assert_eq!(order, [0, 2, 3]);
	}
}

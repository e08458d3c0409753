//! How much memory this process may fill.

use std::path::Path;

/// Bytes of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
	/// All that the machine has, or all that the process's control group may have.
	pub total: u64,
	/// What is free of it, or can be freed.
	pub available: u64,
}

/// Reads the kernel's figures, and those of a container; `None` where there are none.
pub(super) fn read() -> Option<Memory> {
	let text = |path: &Path| std::fs::read_to_string(path).ok();
	let machine = of_machine(&text(Path::new("/proc/meminfo"))?)?;
	let own = text(Path::new("/proc/self/cgroup"));
	let group = Path::new("/sys/fs/cgroup").join(own.as_deref().and_then(group).unwrap_or(""));
	let limit = text(&group.join("memory.max")).and_then(|max| number(&max));
	let used = text(&group.join("memory.current")).and_then(|used| number(&used));
	let cached = text(&group.join("memory.stat")).and_then(|stat| file_cache(&stat));
	Some(match limit {
		Some(limit) => within(machine, limit, used.unwrap_or(0), cached.unwrap_or(0)),
		None => machine,
	})
}

/// Where the process's control group is below the root, of `/proc/self/cgroup`: a service's, or the
/// root itself in a container.
fn group(own: &str) -> Option<&str> {
	let path = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
	Some(path.trim())
}

/// The machine's, of `/proc/meminfo`.
fn of_machine(info: &str) -> Option<Memory> {
	let kib = |key: &str| {
		let line = info.lines().find_map(|line| line.strip_prefix(key))?;
		let kib = line.strip_prefix(':')?.trim().strip_suffix("kB")?;
		number(kib)?.checked_mul(1024)
	};
	Some(Memory {
		total: kib("MemTotal")?,
		available: kib("MemAvailable")?,
	})
}

/// What a group with a limit leaves of the machine's. Its file cache can be freed.
fn within(machine: Memory, limit: u64, used: u64, cached: u64) -> Memory {
	let left = limit.saturating_sub(used.saturating_sub(cached));
	Memory {
		total: machine.total.min(limit),
		available: machine.available.min(left),
	}
}

/// Bytes of cached files, of `memory.stat`.
fn file_cache(stat: &str) -> Option<u64> {
	stat.lines()
		.find_map(|line| line.strip_prefix("inactive_file "))
		.and_then(number)
}

/// `None` for `max`, which is no limit.
fn number(text: &str) -> Option<u64> {
	text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
	use super::*;

	const MACHINE: Memory = Memory {
		total: 1024 * 1000,
		available: 1024 * 600,
	};

	#[test]
	fn the_kernels_figures_are_in_kib() {
		let info = "MemTotal:       1000 kB\nMemFree: 5 kB\nMemAvailable:    600 kB\n";
		assert_eq!(of_machine(info), Some(MACHINE));
		assert_eq!(of_machine("MemTotal: 1000 kB\n"), None);
		assert_eq!(of_machine("MemTotal: x kB\nMemAvailable: 1 kB\n"), None);
	}

	#[test]
	fn a_container_has_what_its_group_leaves() {
		let small = within(MACHINE, 500 * 1024, 300 * 1024, 100 * 1024);
		assert_eq!(
			small,
			Memory {
				total: 500 * 1024,
				available: 300 * 1024
			}
		);
		let large = within(MACHINE, u64::MAX, 0, 0);
		assert_eq!(large, MACHINE);
		assert_eq!(within(MACHINE, 10, 20, 0).available, 0);
	}

	#[test]
	fn the_group_is_the_unified_one() {
		let own = "1:name=x:/y\n0::/system.slice/noema-node.service\n";
		assert_eq!(group(own), Some("system.slice/noema-node.service"));
		assert_eq!(group("0::/\n"), Some(""));
		assert_eq!(group("1:memory:/y\n"), None);
	}

	#[test]
	fn no_limit_is_no_number() {
		assert_eq!(number("max\n"), None);
		assert_eq!(number("4096\n"), Some(4096));
		assert_eq!(file_cache("anon 5\ninactive_file 7\n"), Some(7));
	}
}

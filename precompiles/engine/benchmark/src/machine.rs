//! What the machine says of itself: its name, for the header of a weights file, and its caches.

use std::path::Path;

/// What the processor calls itself, if the system tells.
pub fn processor() -> String {
	let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
	model_name(&info).unwrap_or_else(|| format!("unknown {}", std::env::consts::ARCH))
}

/// Arm's kernels give no name, but numbers.
fn model_name(info: &str) -> Option<String> {
	let (_, name) = info
		.lines()
		.filter_map(|line| line.split_once(':'))
		.find(|(key, _)| key.trim() == "model name")?;
	Some(name.trim().to_owned())
}

/// Bytes of the largest cache that the first core sees, if the system tells.
pub fn largest_cache() -> Option<usize> {
	let caches = Path::new("/sys/devices/system/cpu/cpu0/cache");
	std::fs::read_dir(caches)
		.ok()?
		.filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("size")).ok())
		.filter_map(|size| bytes(size.trim()))
		.max()
}

/// Most bytes that are written between runs if nothing else is said.
const MAX_EVICTED: usize = 64 << 20;

/// Bytes to write before a run, so that caches hold nothing of it: as many as the largest cache has,
/// within reason.
pub fn bytes_to_evict() -> usize {
	largest_cache().unwrap_or(MAX_EVICTED).min(MAX_EVICTED)
}

/// Sizes are given as `2048K`.
fn bytes(size: &str) -> Option<usize> {
	let (number, unit) = match size.strip_suffix('K') {
		Some(number) => (number, 1 << 10),
		None => (size.strip_suffix('M')?, 1 << 20),
	};
	number.parse::<usize>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_processor_is_the_one_that_the_system_names() {
		let info = "processor\t: 0\nmodel name\t: Fast: 3 GHz\nprocessor\t: 1\n";
		assert_eq!(model_name(info).as_deref(), Some("Fast: 3 GHz"));
		assert_eq!(model_name("processor\t: 0\nCPU part\t: 0xd40\n"), None);
	}

	#[test]
	fn sizes_have_units() {
		assert_eq!(bytes("48K"), Some(48 << 10));
		assert_eq!(bytes("36M"), Some(36 << 20));
		assert_eq!(bytes("48"), None);
		assert_eq!(bytes("xK"), None);
		assert_eq!(bytes("99999999999999999999K"), None);
	}
}

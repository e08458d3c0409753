//! What falls short, of numbers that nobody measured.

use super::*;

const GIB: u64 = 1 << 30;

fn required() -> Required {
	Required {
		resident_bytes: 2 * GIB,
		maturing_bytes: GIB,
		plan_cache_bytes: GIB,
		basis: Basis::Available,
	}
}

/// Just enough of everything.
fn good() -> Measured {
	Measured {
		ieee: true,
		golden: Ok(()),
		instruction_sets: vec![Isa::Scalar, Isa::Sse2, Isa::Avx2],
		memory: Some(Memory {
			total: 8 * GIB,
			available: 5 * GIB,
		}),
		speed: Some(Ok(vec![timed("a", 50), timed("b", 100)])),
	}
}

/// A model that takes so many hundredths of its charge.
fn timed(model: &str, percent: u32) -> Speed {
	Speed {
		model: model.into(),
		picoseconds: percent.into(),
		charge: 100,
	}
}

fn shortfalls(measured: &Measured, required: &Required) -> Vec<Shortfall> {
	let checks = judge(measured, required);
	checks.into_iter().filter_map(|c| c.shortfall).collect()
}

#[test]
fn enough_is_enough() {
	assert_eq!(shortfalls(&good(), &required()), []);
	let neon = Measured {
		instruction_sets: vec![Isa::Scalar, Isa::Neon],
		..good()
	};
	assert_eq!(shortfalls(&neon, &required()), []);
}

#[test]
fn other_bits_fall_short() {
	let other = Measured {
		ieee: false,
		golden: Err("Tanh".into()),
		..good()
	};
	let found = shortfalls(&other, &required());
	assert_eq!(
		found,
		[Shortfall::Arithmetic, Shortfall::Golden("Tanh".into())]
	);
	assert!(found.iter().all(Shortfall::is_of_bits));
}

#[test]
fn an_old_processor_falls_short() {
	let old = Measured {
		instruction_sets: vec![Isa::Scalar, Isa::Sse2],
		..good()
	};
	let found = shortfalls(&old, &required());
	assert_eq!(
		found,
		[Shortfall::InstructionSet {
			found: "sse2".into()
		}]
	);
	assert!(!found[0].is_of_bits());
}

#[test]
fn missing_memory_is_told_in_bytes() {
	let small = Measured {
		memory: Some(Memory {
			total: 8 * GIB,
			available: 3 * GIB,
		}),
		..good()
	};
	let found = shortfalls(&small, &required());
	assert_eq!(
		found,
		[Shortfall::Memory {
			found: 3 * GIB,
			missing: 2 * GIB
		}]
	);
	assert!(found[0].to_string().contains("2.00 GiB too few"));
	let total = Required {
		basis: Basis::Total,
		..required()
	};
	assert_eq!(shortfalls(&small, &total), []);
	let unknown = Measured {
		memory: None,
		..good()
	};
	assert_eq!(shortfalls(&unknown, &required()), []);
}

#[test]
fn the_slowest_model_decides() {
	let slow = Measured {
		speed: Some(Ok(vec![timed("a", 150), timed("b", 20)])),
		..good()
	};
	let found = shortfalls(&slow, &required());
	assert_eq!(
		found,
		[Shortfall::Speed {
			model: "a".into(),
			ratio: 1.5
		}]
	);
	assert!(
		found[0].to_string().contains("50 % too slow"),
		"{}",
		found[0]
	);
}

#[test]
fn a_speed_that_was_not_asked_for_is_no_shortfall_and_an_unknown_one_is() {
	let untimed = Measured {
		speed: None,
		..good()
	};
	assert_eq!(judge(&untimed, &required()).len(), 4);
	assert_eq!(shortfalls(&untimed, &required()), []);
	for speed in [Ok(vec![]), Err("refused".into())] {
		let unknown = Measured {
			speed: Some(speed),
			..good()
		};
		assert!(matches!(
			shortfalls(&unknown, &required())[..],
			[Shortfall::SpeedUnknown(_)]
		));
	}
}

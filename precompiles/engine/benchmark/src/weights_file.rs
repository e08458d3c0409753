//! The file of the runtime that holds the coefficients, as the command writes it.

use crate::fit::Coefficients;

/// What the head of the file says of the measurement.
#[derive(Clone, Debug)]
pub struct Header {
	/// The day, year first.
	pub date: String,
	/// The processor, as it calls itself.
	pub processor: String,
	/// The instruction set whose kernels ran.
	pub isa: String,
	/// How many models.
	pub models: usize,
	/// How many rounds over them.
	pub rounds: u32,
	/// Bytes that were written between runs.
	pub evicted: usize,
	/// How many times its time each model is charged at least.
	pub margin: f64,
	/// The arguments of the command.
	pub arguments: Vec<String>,
}

/// The whole file: Rust, as `cargo fmt` leaves it.
pub fn render(header: &Header, coefficients: &Coefficients) -> String {
	let Header {
		date,
		processor,
		isa,
		models,
		rounds,
		evicted,
		margin,
		arguments,
	} = header;
	let comment = |text: String| format!("//! {}\n", text.replace(['\n', '\r'], " "));
	let head: String = [
		format!("DATE: {date} (Y/M/D), CPU: `{processor}`, KERNELS: {isa}"),
		format!(
			"MODELS: {models}, ROUNDS: {rounds}, EVICTED: {} MiB, MARGIN: {margin}",
			evicted >> 20
		),
	]
	.into_iter()
	.map(comment)
	.collect();
	// An argument a line, as in the weights of pallets.
	let command: String = arguments
		.iter()
		.map(|argument| comment(format!("  {argument}")))
		.collect();
	format!(
		"//! What the engine's work takes, in picoseconds, as `noema-node benchmark engine` has fitted \
		 it.\n\
		 //!\n\
		 {head}\
		 //!\n\
		 //! ```text\n\
		 {command}\
		 //! ```\n\
		 //!\n\
		 //! The command writes this file whole: what is changed by hand is lost.\n\
		 \n\
		 /// For a multiply-accumulate.\n\
		 pub(super) const PER_MAC: u64 = {};\n\
		 /// For a byte that a step reads or writes.\n\
		 pub(super) const PER_BYTE: u64 = {};\n\
		 /// For a plan step: its dispatch and its buffers.\n\
		 pub(super) const PER_STEP: u64 = {};\n\
		 /// For a transcendental function.\n\
		 pub(super) const PER_TRANSCENDENTAL: u64 = {};\n",
		grouped(coefficients.mac),
		grouped(coefficients.byte),
		grouped(coefficients.step),
		grouped(coefficients.transcendental),
	)
}

/// A number as Rust writes long ones: `3_000_000`.
fn grouped(number: u64) -> String {
	let digits = number.to_string();
	let mut text = String::new();
	for (index, digit) in digits.chars().enumerate() {
		if index > 0 && (digits.len() - index).is_multiple_of(3) {
			text.push('_');
		}
		text.push(digit);
	}
	text
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::in_use;

	const TEXT: &str = include_str!("../../../../runtime/src/weights/inference_coefficients.rs");

	fn header() -> Header {
		Header {
			date: "2026-01-31".into(),
			processor: "Fast".into(),
			isa: "avx2".into(),
			models: 12,
			rounds: 9,
			evicted: 64 << 20,
			margin: 1.25,
			arguments: vec!["noema-node".into(), "benchmark".into(), "a\nb".into()],
		}
	}

	/// From the first constant on.
	fn code(text: &str) -> &str {
		let (_, code) = text.split_once("\n\n").expect("a head, then code");
		code
	}

	#[test]
	fn the_file_in_use_is_as_the_command_writes_it() {
		let coefficients = Coefficients {
			mac: in_use::PER_MAC,
			byte: in_use::PER_BYTE,
			step: in_use::PER_STEP,
			transcendental: in_use::PER_TRANSCENDENTAL,
		};
		assert_eq!(code(TEXT), code(&render(&header(), &coefficients)));
	}

	#[test]
	fn the_head_says_how_and_is_nothing_but_comments() {
		let coefficients = Coefficients {
			mac: 1,
			byte: 2,
			step: 3,
			transcendental: 4,
		};
		let text = render(&header(), &coefficients);
		let (head, _) = text.split_once("\n\n").expect("a head, then code");
		assert!(head.lines().all(|line| line.starts_with("//!")), "{head}");
		for part in [
			"2026-01-31",
			"`Fast`",
			"avx2",
			"12",
			"64 MiB",
			"1.25",
			"a b",
		] {
			assert!(head.contains(part), "{part}");
		}
	}

	#[test]
	fn long_numbers_are_grouped() {
		let numbers = [0, 7, 999, 1_000, 45_678, 3_000_000, u64::MAX];
		for number in numbers {
			let text = grouped(number);
			let groups: Vec<&str> = text.split('_').collect();
			assert!((1..=3).contains(&groups[0].len()), "{text}");
			assert!(groups[1..].iter().all(|group| group.len() == 3), "{text}");
			assert_eq!(text.replace('_', "").parse(), Ok(number));
		}
	}
}

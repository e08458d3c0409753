//! Progress bars on standard error; hidden when quiet or when nobody watches.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Where progress goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
	/// To standard error, if it is a terminal.
	Shown,
	/// Nowhere.
	Hidden,
}

impl Progress {
	fn target(self) -> ProgressDrawTarget {
		match self {
			Self::Shown => ProgressDrawTarget::stderr(),
			Self::Hidden => ProgressDrawTarget::hidden(),
		}
	}

	/// A bar over `total` bytes.
	pub fn bytes(self, total: u64, what: &'static str) -> ProgressBar {
		let bar = ProgressBar::with_draw_target(Some(total), self.target());
		let template = "{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta}";
		bar.with_style(style(template)).with_message(what)
	}

	/// A bar over `total` steps.
	pub fn steps(self, total: u64, what: &'static str) -> ProgressBar {
		let bar = ProgressBar::with_draw_target(Some(total), self.target());
		bar.with_style(style("{msg} [{bar:30}] {pos}/{len} {eta}"))
			.with_message(what)
	}

	/// A spinner, for waits whose length nobody knows.
	pub fn spinner(self, what: &'static str) -> ProgressBar {
		let bar = ProgressBar::with_draw_target(None, self.target());
		let bar = bar
			.with_style(style("{spinner} {msg} {elapsed}"))
			.with_message(what);
		if self == Self::Shown {
			bar.enable_steady_tick(Duration::from_millis(120));
		}
		bar
	}
}

/// A style; a template that indicatif refuses falls back to its default.
fn style(template: &str) -> ProgressStyle {
	ProgressStyle::with_template(template)
		.unwrap_or_else(|_| ProgressStyle::default_bar())
		.progress_chars("=> ")
}

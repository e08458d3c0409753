//! `noema host`.

use clap::{Args, Subcommand};

use crate::chain::Wait;

/// Stake on models, and answer jobs for pay.
///
/// The commands stake; a node with `--host` does the work.
#[derive(Debug, Subcommand)]
pub enum HostCommand {
	/// Put tokens on hold as your bond; the first time, this makes you a host.
	Bond {
		/// How many NOE.
		amount: String,
		/// How long to wait.
		#[arg(long, value_enum, default_value_t)]
		wait: Wait,
	},
	/// Say what you ask, and how many jobs you take at a time. What is left out stays as it is.
	Terms(TermsArgs),
	/// Stake some of your bond, and of what others have put behind you, on a model.
	Commit(StakeArgs),
	/// Take some of what you have staked on a model back, or all of it.
	Uncommit(StakeArgs),
	/// Let some of your bond go, or all of it. It can be withdrawn when no job could need it any more.
	Unbond {
		/// How many NOE, or `all`.
		amount: String,
		/// How long to wait.
		#[arg(long, value_enum, default_value_t)]
		wait: Wait,
	},
	/// Take back what has been on its way out for long enough.
	Withdraw {
		/// What you had put behind this host, instead of your own bond.
		#[arg(long, value_name = "HOST")]
		from: Option<String>,
		/// How long to wait.
		#[arg(long, value_enum, default_value_t)]
		wait: Wait,
	},
	/// Take no new jobs until a block, or until `unchill`.
	Chill {
		/// The block.
		#[arg(long, value_name = "BLOCK")]
		until: Option<u32>,
		/// How long to wait.
		#[arg(long, value_enum, default_value_t)]
		wait: Wait,
	},
	/// Take new jobs again.
	Unchill {
		/// How long to wait.
		#[arg(long, value_enum, default_value_t)]
		wait: Wait,
	},
	/// Have paid out what you have earned.
	Claim {
		/// How long to wait.
		#[arg(long, value_enum, default_value_t)]
		wait: Wait,
	},
	/// Put tokens behind a host: you share its pay and its slashes.
	Back(BackArgs),
	/// Let some of what you have put behind a host go, or all of it.
	Unback(BackArgs),
	/// Show a host's stake and ledger.
	Status {
		/// Its address, or //Bob on a development chain; your own if left out.
		account: Option<String>,
	},
	/// List hosts.
	List {
		/// Only those that have staked on this model: its id, or a release.
		#[arg(long)]
		model: Option<String>,
	},
}

/// `noema host terms`.
#[derive(Clone, Debug, Args)]
pub struct TermsArgs {
	/// What you ask for a second of computing on the reference machine, in NOE.
	#[arg(long, value_name = "NOE")]
	pub price: Option<String>,
	/// How many open jobs you take at a time; with 0 you are drawn for none.
	#[arg(long, value_name = "JOBS")]
	pub capacity: Option<u32>,
	/// Stake this much on each model that is admitted from now on, or `none`.
	#[arg(long, value_name = "NOE")]
	pub standing: Option<String>,
	/// How long to wait.
	#[arg(long, value_enum, default_value_t)]
	pub wait: Wait,
}

/// `noema host commit` and `uncommit`.
#[derive(Clone, Debug, Args)]
pub struct StakeArgs {
	/// A model's id, `owner/name@version`, or `name@version` for one of your own.
	pub model: String,
	/// How many NOE; for `uncommit` also `all`.
	pub stake: String,
	/// How long to wait.
	#[arg(long, value_enum, default_value_t)]
	pub wait: Wait,
}

/// `noema host back` and `unback`.
#[derive(Clone, Debug, Args)]
pub struct BackArgs {
	/// The host's address, or //Bob on a development chain.
	pub host: String,
	/// How many NOE; for `unback` also `all`.
	pub amount: String,
	/// How long to wait.
	#[arg(long, value_enum, default_value_t)]
	pub wait: Wait,
}

//! A network on which nobody cheats: jobs that are too heavy for a block are answered, final and paid.

use super::network::{jobs, HostNetwork, HOSTS};
use super::params::Windows;
use crate::network::account;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes many minutes: .ci/long/hosts.sh"]
async fn five_hosts_answer_jobs_too_heavy_for_a_block() {
	let windows = Windows {
		work: 100,
		challenge: 10,
		renewed: 10,
		audits: true,
	};
	let network = HostNetwork::start(&[], windows).await;
	let ledger = network.play(jobs(), 3).await;
	assert!(ledger.losers().is_empty(), "{ledger:?}");
	let mut audits = 0;
	for (job, books) in &ledger.jobs {
		// All who were drawn are right, and paid: three, and the auditors where there was an audit.
		assert!(books.drawn.len() >= 3, "job {job}: {books:?}");
		assert!(
			books.drawn.iter().eq(books.paid.keys()),
			"job {job}: {books:?}"
		);
		assert!(
			books.paid.values().all(|paid| *paid > 0),
			"job {job}: {books:?}"
		);
		assert!(books.refereed.is_empty(), "job {job}: {books:?}");
		audits += usize::from(books.drawn.len() > 3);
	}
	println!("{} jobs, of which {audits} were audited", ledger.jobs.len());
	for uri in HOSTS {
		let host = network.chain().host(&account(uri)).await.unwrap().unwrap();
		assert_eq!(host.slashed, 0, "{host:?}");
	}
}

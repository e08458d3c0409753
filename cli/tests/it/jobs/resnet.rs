//! A dispute about the heaviest step of ResNet-50, settled by one extrinsic of the referee.

use noema_cli::chain::calls::jobs::{self, encode_tensors};
use noema_cli::chain::jobs::{Ending, Phase};
use noema_cli::chain::Wait;
use noema_cli::model::LocalModel;

use super::forge::{heaviest_step, Forged};
use super::heavy::block_ref_time;
use super::ledger::Ledger;
use super::params::{self, Windows};
use super::{bond, commit, key, release, wait_done, wait_phase, NOE};
use crate::network::{account, finalized_number, inputs};
use crate::node::Node;

const HOST: &str = "//Alice//stash";

/// The model's file.
fn file() -> std::path::PathBuf {
	let Some(path) = std::env::var_os("NOEMA_RESNET50") else {
		panic!(
			"NOEMA_RESNET50 is not set: let it name a ResNet-50 as an ONNX file, as `benches/models.py` \
			 writes it; `.ci/long/hosts.sh` does so and sets it"
		);
	};
	path.into()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a file of 100 MB and many minutes: .ci/long/hosts.sh"]
async fn a_dispute_about_resnet_50_takes_one_light_extrinsic() {
	let directory = tempfile::tempdir().unwrap();
	let node = Node::start(directory.path(), &["--dev", "--host", HOST]).await;
	let chain = node.chain().await;
	let model = LocalModel::open(&file()).unwrap();
	let (host, requester, liar) = (key(HOST), key("//Bob"), key("//Charlie"));
	let windows = Windows {
		work: 400,
		challenge: 200,
		renewed: 4,
		audits: false,
	};
	let ((), (), release) = futures::join!(
		params::set(&chain, windows),
		bond(&chain, &host, 1_000 * NOE),
		release(&chain, &requester, &model.bytes, "resnet50"),
	);
	commit(&chain, &host, &[&model], 100 * NOE).await;

	let before = finalized_number(&chain).await;
	let asked = inputs(&model, 1);
	let blob = encode_tensors(&asked);
	let payload = chain
		.upload_blob(&requester, &blob, &mut |_| ())
		.await
		.unwrap();
	let terms = jobs::Terms {
		committee: 1,
		min_stake: 0,
		max_price: 100 * NOE,
	};
	let request = jobs::request(&release, payload, terms);
	let outcome = chain
		.execute(&request, &requester, Wait::Finalized)
		.await
		.unwrap_or_else(|error| panic!("{error}"));
	let id = outcome.requested[0].job;

	wait_phase(&chain, id, "answered", |phase| {
		matches!(phase, Phase::Challengeable { .. })
	})
	.await;
	let lie = Forged::trace(&model, &asked, heaviest_step(&model));
	lie.dispute(&chain, &liar, id).await;
	let job = wait_done(&chain, id).await;
	assert_eq!(job.ending, Some(Ending::Answered));
	assert_eq!(job.outputs, Some(model.run(&asked).unwrap()));

	let ledger = Ledger::read(&chain, before, finalized_number(&chain).await).await;
	ledger.assert_balanced();
	let losers: Vec<_> = ledger.losers().into_iter().collect();
	assert_eq!(losers, [account("//Charlie")]);
	let books = &ledger.jobs[&id];
	let [judged] = &books.refereed[..] else {
		panic!("one extrinsic of the referee settles it: {books:?}")
	};
	assert_eq!(judged.step, lie.step);
	let block = block_ref_time(&chain, judged.block).await;
	println!(
		"leaf {}: {:.2} % of a block",
		judged.step,
		judged.ref_time as f64 / block as f64 * 100.0
	);
	assert!(judged.ref_time <= block / 20, "{judged:?}, {block}");
	assert!(books.paid[&account(HOST)] > 0, "{books:?}");
}

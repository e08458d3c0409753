//! Every instruction set of this machine computes the bits of the scalar path.

use noema_engine::{
	conformance::{
		golden::{compare, compute, parse, GOLDEN},
		graph::hash,
		networks::networks,
		random_graph::{compare_isas, random_graph},
	},
	simd::with_isa,
	Isa,
};

#[test]
fn golden_vectors_agree_on_every_instruction_set() {
	let expected = parse(GOLDEN).unwrap();
	assert!(expected.len() > 300, "{}", expected.len());
	for isa in Isa::available() {
		let found = with_isa(isa, compute).unwrap().unwrap();
		assert_eq!(compare(&found, &expected), vec![], "{isa}");
	}
}

#[test]
fn random_graphs_agree_on_every_instruction_set() {
	for seed in 0..400 {
		if let Err(error) = compare_isas(&random_graph(seed)) {
			panic!("graph {seed}: {error}");
		}
	}
}

#[test]
fn threads_do_not_disturb_each_other() {
	let run = || -> Vec<_> {
		let outcome = |case: &noema_engine::conformance::graph::Case| hash(&case.run().unwrap());
		networks().iter().map(|each| outcome(&each.case)).collect()
	};
	let expected = run();
	let threads: Vec<_> = (0..8).map(|_| std::thread::spawn(run)).collect();
	for thread in threads {
		assert_eq!(thread.join().unwrap(), expected);
	}
}

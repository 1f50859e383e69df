//! The vectors of every embedded probe, and that a wrong one is found out.

use crate::probe::{Expected, Library, Probe};
use crate::verdict::check_vectors;

use super::host::target;

fn embedded() -> Vec<Probe> {
    Library::embedded().expect("the embedded probes").iter().cloned().collect()
}

#[test]
fn every_vector_is_judged_as_it_says() {
    let target = target(25);
    let faults: Vec<_> = embedded()
        .iter()
        .flat_map(|probe| check_vectors(probe, &target))
        .map(|fault| fault.to_string())
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// A vector that says something else is reported, whatever else it says.
#[test]
fn a_wrong_vector_is_found_out() {
    let others = [
        Expected::Accepted,
        Expected::Refused,
        Expected::AuthRequired,
        Expected::TlsRequired,
        Expected::Deferred,
        Expected::Inconclusive,
    ];
    let target = target(25);
    for mut probe in embedded() {
        for number in 0..probe.vectors.len() {
            let right = probe.vectors[number].outcome;
            for wrong in others.into_iter().filter(|outcome| *outcome != right) {
                probe.vectors[number].outcome = wrong;
                let faults = check_vectors(&probe, &target);
                assert_eq!(faults.len(), 1, "{}: {number} as {wrong:?}", probe.file);
                assert!(faults[0].message.contains(&probe.vectors[number].name), "{}", faults[0]);
            }
            probe.vectors[number].outcome = right;
        }
    }
}

/// The reason is part of what a vector says.
#[test]
fn a_wrong_reason_is_found_out() {
    let target = target(25);
    for mut probe in embedded() {
        for number in 0..probe.vectors.len() {
            let right = probe.vectors[number].reason.clone();
            for wrong in [None, Some("sequence".to_owned())] {
                if wrong != right {
                    probe.vectors[number].reason = wrong;
                    assert_eq!(check_vectors(&probe, &target).len(), 1, "{}", probe.file);
                }
            }
            probe.vectors[number].reason = right;
        }
    }
}

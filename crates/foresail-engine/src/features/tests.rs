use foresail_core::WorkloadKind;

use super::pod::{latency_passage, runaway};
use super::*;

fn unit(name: &str) -> WorkloadId {
    let (namespace, name) = ("shop".to_owned(), name.to_owned());
    WorkloadId { namespace, kind: WorkloadKind::Deployment, name }
}

#[test]
fn every_name_is_there_once_and_finds_its_feature() {
    for feature in Feature::ALL {
        assert_eq!(Feature::from_name(feature.as_str()), Some(*feature));
        assert_eq!(Feature::ALL[*feature as usize], *feature);
    }
    assert_eq!(Feature::from_name("pod_name"), None);
}

#[test]
fn a_latency_that_climbs_to_its_timeout_scores_higher_the_nearer_it_is() {
    let far = latency_passage([0.2, 0.12, 0.05]);
    let near = latency_passage([0.7, 0.45, 0.2]);
    assert!(0.0 < far && far < near && near < 1.0, "{far} {near}");
}

#[test]
fn a_latency_that_stands_or_falls_scores_nothing() {
    assert_eq!(latency_passage([0.9, 0.9, 0.9]), 0.0);
    assert_eq!(latency_passage([0.3, 0.5, 0.4]), 0.0);
    assert!(latency_passage([f64::NAN, 0.5, 0.4]).is_nan());
}

#[test]
fn a_blip_scores_less_than_a_steady_climb_to_the_same_level() {
    let blip = latency_passage([0.7, 0.22, 0.2]);
    let climb = latency_passage([0.7, 0.45, 0.2]);
    assert!(blip < climb / 2.0, "{blip} {climb}");
}

#[test]
fn a_growth_without_a_limit_is_never_certain() {
    assert_eq!(runaway(0.5, (1.0, 2.5)), 0.0);
    assert!((runaway(2.0, (1.0, 2.5)) - 0.4).abs() < 1e-9);
    assert_eq!(runaway(50.0, (1.0, 2.5)), 0.6);
    assert!(runaway(f32::NAN, (1.0, 2.5)).is_nan());
}

#[test]
fn a_pod_is_compared_with_the_others_and_never_with_itself() {
    let cart = unit("cart");
    let row = |share| PodFeatures::for_tests(&cart, &[(Feature::MemoryShare, share)]);
    let mut rows = [row(0.9), row(0.3), row(0.4)];
    siblings::fill(&mut rows, (&[vec![0, 1, 2]], &[f32::NAN; 3]));
    assert!((rows[0].get(Feature::SiblingMemory) - 0.5).abs() < 1e-6);
    assert!(rows[0].get(Feature::SiblingLatency).is_nan());
    let mut alone = [row(0.9)];
    siblings::fill(&mut alone, (&[vec![0]], &[f32::NAN]));
    assert!(alone[0].get(Feature::SiblingMemory).is_nan());
}

use std::collections::{BTreeMap, BTreeSet};

use foresail_core::FailureKind;

use super::needs::{NEEDS, Weight};
use super::*;
use crate::kubernetes::{Access, AccessReport, Allowed, PERMISSIONS};
use crate::prometheus::catalogue::all_families;
use crate::resolve::{BOUNDS, RULES};

/// A server that has everything that is understood, but for these.
fn server_without(missing: &[&str]) -> Source<ServerSeen> {
    let families: BTreeMap<&'static str, f64> = all_families()
        .into_iter()
        .filter(|name| !missing.iter().any(|start| name.starts_with(start)))
        .map(|name| (name, 24.0))
        .collect();
    Source::Seen(ServerSeen {
        address: "http://metrics".to_owned(),
        families,
        warnings: Vec::new(),
    })
}

/// A cluster that allows everything but these, with kubelets that do not answer.
fn cluster_without(missing: &[&str]) -> Source<ClusterSeen> {
    let rights = PERMISSIONS.iter().map(|permission| Access {
        permission,
        namespace: None,
        allowed: if missing.contains(&permission.resource) { Allowed::No } else { Allowed::Yes },
        missing: Vec::new(),
        reason: None,
    });
    Source::Seen(ClusterSeen {
        address: "https://cluster".to_owned(),
        version: "v1.34.1".to_owned(),
        access: AccessReport { cluster: "test".to_owned(), rights: rights.collect() },
        kubelets: KubeletsSeen {
            problem: Some("node `a`: failed to reach it".to_owned()),
            ..KubeletsSeen::default()
        },
    })
}

fn kubelets_answer(cluster: Source<ClusterSeen>) -> Source<ClusterSeen> {
    match cluster {
        Source::Seen(seen) => Source::Seen(ClusterSeen {
            kubelets: KubeletsSeen { asked: 3, metrics: 3, summary: 3, problem: None },
            ..seen
        }),
        Source::Unasked => Source::Unasked,
        Source::Failed(reason) => Source::Failed(reason),
    }
}

fn of(coverage: &Coverage, kind: FailureKind) -> &KindCoverage {
    coverage.kinds.iter().find(|one| one.kind == kind).unwrap()
}

fn texts(kind: &KindCoverage) -> String {
    kind.reasons.iter().map(|reason| reason.text.as_str()).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_kind_has_an_entry_in_its_order() {
    let kinds: Vec<FailureKind> = NEEDS.iter().map(|needs| needs.kind).collect();
    assert_eq!(kinds, FailureKind::ALL);
}

#[test]
fn every_right_named_is_one_that_is_asked_for() {
    let known: BTreeSet<_> =
        PERMISSIONS.iter().map(|right| (right.group, right.resource)).collect();
    for needs in NEEDS {
        let of_ways = needs.ways.iter().flat_map(|way| way.rights);
        for right in needs.sight.iter().chain(of_ways) {
            assert!(known.contains(right), "{right:?} of {}", needs.kind);
        }
    }
}

#[test]
fn every_quantity_named_has_a_source_and_every_gap_a_fix() {
    for way in NEEDS.iter().flat_map(|needs| needs.ways) {
        assert!(!way.quantities.is_empty() || !way.rights.is_empty(), "{}", way.what);
        for quantity in way.quantities {
            let by_rule = RULES.iter().any(|rule| rule.quantity == *quantity);
            let by_bucket = BOUNDS.iter().any(|(_, bound)| bound == quantity);
            let by_summary = *quantity == foresail_core::Quantity::EmptyDirUsed;
            assert!(by_rule || by_bucket || by_summary, "{}", quantity.as_str());
            assert!(!Fix::quantity(*quantity).text.is_empty());
        }
    }
    let blind = judge(&Seen::default());
    for kind in &blind.kinds {
        let plain: Vec<&str> = NEEDS.iter().filter_map(|needs| needs.ceiling).collect();
        for reason in &kind.reasons {
            let needs_none = plain.contains(&reason.text.as_str())
                || reason.text.starts_with("nobody would see that it happened");
            assert!(!reason.fixes.is_empty() || needs_none, "{reason:?}");
        }
    }
}

#[test]
fn with_everything_there_every_kind_without_a_ceiling_is_predictable() {
    let seen = Seen { server: server_without(&[]), cluster: kubelets_answer(cluster_without(&[])) };
    let coverage = judge(&seen);
    for (kind, needs) in coverage.kinds.iter().zip(NEEDS) {
        let expected = match (needs.ceiling, needs.ways.is_empty()) {
            (None, _) => Predictable::Here,
            (Some(_), false) => Predictable::Partly,
            (Some(_), true) => Predictable::Blind,
        };
        assert_eq!(kind.verdict, expected, "{kind:?}");
    }
    assert_eq!(coverage.fixes, []);
}

#[test]
fn without_any_source_everything_is_blind_and_says_what_to_name() {
    let coverage = judge(&Seen::default());
    assert!(coverage.kinds.iter().all(|kind| kind.verdict == Predictable::Blind));
    let options: Vec<&str> = coverage.fixes.iter().map(|fix| fix.text.as_str()).collect();
    assert!(options.iter().any(|text| text.contains("--prometheus")), "{options:?}");
    assert!(options.iter().any(|text| text.contains("--kubeconfig")), "{options:?}");
}

#[test]
fn a_missing_family_leaves_its_way_closed_and_names_the_change() {
    let seen = Seen {
        server: server_without(&["node_processes_"]),
        cluster: kubelets_answer(cluster_without(&[])),
    };
    let coverage = judge(&seen);
    let pressure = of(&coverage, FailureKind::NodePressure);
    assert_eq!(pressure.verdict, Predictable::Partly);
    assert!(texts(pressure).contains("`node_processes_threads`"), "{}", texts(pressure));
    let fix = pressure.reasons[0].fixes[0];
    assert_eq!(
        coverage.fixes[fix - 1].snippet.as_deref(),
        Some("node_exporter --collector.processes")
    );
}

#[test]
fn a_missing_right_gives_the_rule_that_grants_it() {
    let seen = Seen { server: server_without(&[]), cluster: cluster_without(&["jobs"]) };
    let coverage = judge(&seen);
    let failed = of(&coverage, FailureKind::JobFailed);
    // kube-state-metrics still tells of failed Jobs.
    assert_eq!(failed.verdict, Predictable::Partly);
    let fix = &coverage.fixes[failed.reasons[0].fixes[0] - 1];
    assert_eq!(
        fix.snippet.as_deref(),
        Some("- apiGroups: [\"batch\"]\n  resources: [\"jobs\"]\n  verbs: [list, watch]")
    );
}

#[test]
fn the_cluster_alone_with_kubelets_predicts_what_they_measure() {
    let seen = Seen { server: Source::Unasked, cluster: kubelets_answer(cluster_without(&[])) };
    let coverage = judge(&seen);
    assert_eq!(of(&coverage, FailureKind::OomKilled).verdict, Predictable::Here);
    assert_eq!(of(&coverage, FailureKind::Evicted).verdict, Predictable::Here);
    assert_eq!(of(&coverage, FailureKind::StartFailure).verdict, Predictable::Here);
    assert_eq!(of(&coverage, FailureKind::NodePressure).verdict, Predictable::Blind);
}

#[test]
fn the_cluster_alone_without_the_kubelets_right_asks_for_it() {
    let seen = Seen { server: Source::Unasked, cluster: cluster_without(&["nodes/metrics"]) };
    let coverage = judge(&seen);
    let oom = of(&coverage, FailureKind::OomKilled);
    assert_eq!(oom.verdict, Predictable::Blind);
    let fix = &coverage.fixes[oom.reasons[0].fixes[0] - 1];
    assert!(fix.snippet.as_ref().unwrap().contains("nodes/metrics"), "{fix:?}");
}

#[test]
fn the_server_alone_predicts_partly_and_says_what_kube_state_metrics_misses() {
    let coverage = judge(&Seen { server: server_without(&[]), cluster: Source::Unasked });
    let oom = of(&coverage, FailureKind::OomKilled);
    assert_eq!(oom.verdict, Predictable::Partly);
    assert!(texts(oom).contains("between two scrapes"), "{}", texts(oom));
    assert_eq!(of(&coverage, FailureKind::LivenessKill).verdict, Predictable::Blind);
    assert_eq!(of(&coverage, FailureKind::StartFailure).verdict, Predictable::Blind);
}

#[test]
fn short_history_is_named_with_its_hours() {
    let mut server = match server_without(&[]) {
        Source::Seen(server) => server,
        Source::Unasked | Source::Failed(_) => unreachable!(),
    };
    for hours in server.families.values_mut() {
        *hours = 1.0;
    }
    let coverage = judge(&Seen { server: Source::Seen(server), cluster: cluster_without(&[]) });
    let oom = of(&coverage, FailureKind::OomKilled);
    assert_eq!(oom.verdict, Predictable::Partly);
    assert!(texts(oom).contains("1 h of history, 2 h"), "{}", texts(oom));
    let fix = oom.reasons[0].fixes[0];
    assert_eq!(coverage.fixes[fix - 1].kind, FixKind::History);
}

#[test]
fn a_server_that_did_not_answer_is_a_finding() {
    let seen = Seen {
        server: Source::Failed("failed to reach `http://metrics`".to_owned()),
        cluster: cluster_without(&[]),
    };
    let coverage = judge(&seen);
    assert!(!coverage.server.answered && coverage.cluster.answered);
    assert_eq!(of(&coverage, FailureKind::StartFailure).verdict, Predictable::Here);
}

#[test]
fn helps_alone_never_open_a_kind() {
    for needs in NEEDS.iter().filter(|needs| !needs.ways.is_empty()) {
        assert!(needs.ways.iter().any(|way| way.weight == Weight::Main), "{}", needs.kind);
    }
}

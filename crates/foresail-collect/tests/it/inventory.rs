//! Objects that are known by kube-state-metrics only.

use foresail_collect::ReplayOptions;
use foresail_collect::write::SampleSeries;
use foresail_core::{ChangeKind, Object, ObjectChange};

use crate::small::{Small, second, series};

/// A series of kube-state-metrics with a value every five seconds.
fn kube(metric: &str, labels: &str, values: &[f64]) -> SampleSeries {
    SampleSeries { pod: None, container: None, ..series(metric, labels, values) }
}

fn changes(samples: &[SampleSeries]) -> Vec<ObjectChange> {
    let small = Small::new(samples);
    let recording = small.open().unwrap();
    let objects = recording.replay(ReplayOptions::default()).flat_map(|(_, batch)| batch.objects);
    objects.filter(|change| !matches!(change.object, Object::Pod(_))).collect()
}

#[test]
fn endpoint_slices_give_the_endpoints_of_their_service() {
    let family = "kube_endpointslice_endpoints";
    let changes = changes(&[
        kube("kube_service_info", r#"{"service":"web-front"}"#, &[1.0; 6]),
        kube(
            family,
            r#"{"address":"10.0.0.1","endpointslice":"web-front-x7x2k","ready":"true"}"#,
            &[1.0; 2],
        ),
        kube(
            family,
            r#"{"address":"10.0.0.2","endpointslice":"web-front-x7x2k","ready":"false"}"#,
            &[1.0; 3],
        ),
    ]);
    let counts: Vec<_> = changes
        .iter()
        .map(|change| {
            let Object::Service(service) = &change.object else { panic!("not a Service") };
            assert_eq!(service.name, "web-front");
            (change.change, service.ready, service.not_ready)
        })
        .collect();
    let (listed, modified) = (ChangeKind::Listed, ChangeKind::Modified);
    assert_eq!(counts, [(listed, 1, 1), (modified, 0, 1), (modified, 0, 0)]);
}

#[test]
fn a_quota_has_what_is_used_and_what_is_hard_for_each_resource() {
    let label = |kind, resource| {
        format!(r#"{{"resource":"{resource}","resourcequota":"team","type":"{kind}"}}"#)
    };
    let changes = changes(&[
        kube("kube_resourcequota", &label("used", "pods"), &[3.0, 4.0]),
        kube("kube_resourcequota", &label("hard", "pods"), &[4.0, 4.0]),
        kube("kube_resourcequota", &label("hard", "limits.memory"), &[1e9, 1e9]),
    ]);
    let quotas: Vec<_> = changes
        .iter()
        .map(|change| {
            let Object::Quota(quota) = &change.object else { panic!("not a quota") };
            (quota.resource.as_str(), quota.used, quota.hard)
        })
        .collect();
    assert_eq!(
        quotas,
        [
            ("limits.memory", None, Some(1e9)),
            ("pods", Some(3.0), Some(4.0)),
            ("pods", Some(4.0), Some(4.0))
        ]
    );
}

#[test]
fn a_disruption_budget_is_put_together_from_its_families() {
    let budget = r#"{"poddisruptionbudget":"web"}"#;
    let family = |name: &str| format!("kube_poddisruptionbudget_status_{name}");
    let changes = changes(&[
        kube(&family("pod_disruptions_allowed"), budget, &[0.0]),
        kube(&family("current_healthy"), budget, &[2.0]),
        kube(&family("desired_healthy"), budget, &[2.0]),
    ]);
    let [change] = changes.as_slice() else { panic!("{changes:?}") };
    let Object::DisruptionBudget(budget) = &change.object else { panic!("not a budget") };
    assert_eq!((budget.allowed, budget.healthy, budget.desired), (Some(0), Some(2), Some(2)));
    assert_eq!(budget.expected, None);
}

#[test]
fn a_claim_is_bound_when_its_phase_says_so_and_gone_when_it_is_no_longer_told() {
    let claim = |phase| format!(r#"{{"persistentvolumeclaim":"data","phase":"{phase}"}}"#);
    let family = "kube_persistentvolumeclaim_status_phase";
    let changes = changes(&[
        kube(family, &claim("Bound"), &[0.0, 1.0]),
        kube(family, &claim("Pending"), &[1.0, 0.0]),
        kube("kube_configmap_info", r#"{"configmap":"settings"}"#, &[1.0; 9]),
    ]);
    let claims: Vec<_> = changes
        .iter()
        .filter_map(|change| {
            let Object::Claim(claim) = &change.object else { return None };
            Some((change.change, claim.bound))
        })
        .collect();
    assert_eq!(
        claims,
        [(ChangeKind::Listed, false), (ChangeKind::Modified, true), (ChangeKind::Deleted, true)]
    );
    let gone = changes.iter().find(|change| change.change == ChangeKind::Deleted).unwrap();
    // Four scrapes without it (the last at 25 s), each visible one interval and 2 s later.
    assert_eq!(gone.observed_at, second(32));
}

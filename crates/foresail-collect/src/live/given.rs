//! Batches out of what a client hands over: objects, and series as a Prometheus gives them.

use std::collections::{BTreeMap, BTreeSet};

use foresail_core::{
    Batch, ChangeKind, ContainerState, ContainerStatus, Object, ObjectChange, PlatformDuration,
    PodObject, PodPhase, Timestamp,
};

use super::assembler::{Assembler, SeriesLimits, Staged};
use crate::replay::DELAY;

/// Ticks that are made at most: two days of half minutes.
const MOST_TICKS: i64 = 5_760;

/// Labels with `__name__`, and points in order of time.
pub type GivenSeries<'a> = (&'a BTreeMap<String, String>, &'a [(Timestamp, f64)]);

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Ticks with their batches, oldest first.
    pub batches: Vec<(Timestamp, Batch)>,
    /// Families that nothing reads.
    pub unread: BTreeSet<String>,
    /// Pods that no object describes: they stand for themselves.
    pub made_up: u64,
}

/// The ticks from the first point to `until`. Pods of series that no object describes are taken to run
/// since the first point.
#[must_use]
pub fn given(
    objects: Vec<Object>,
    series: &[GivenSeries<'_>],
    (interval, until): (PlatformDuration, Timestamp),
) -> Given {
    let mut assembler = Assembler::new(interval, SeriesLimits::default());
    let mut out = Given::default();
    let first = series.iter().filter_map(|(_, points)| Some(points.first()?.0)).min();
    let Some(first) = first else { return out };
    let earliest = until - PlatformDuration::from_millis(interval.as_millis() * MOST_TICKS);
    let begin = first.max(earliest);
    let mut changes: Vec<ObjectChange> =
        objects.into_iter().map(|object| listed(object, begin)).collect();
    let made_up = pods_of(series, &changes);
    out.made_up = made_up.len() as u64;
    changes.extend(made_up.into_values().map(|pod| listed(Object::Pod(Box::new(pod)), begin)));
    for change in &changes {
        assembler.observe_object(change);
    }
    let mut staged = Staged::default();
    for (labels, points) in series {
        let family = labels.get("__name__").map_or("", String::as_str);
        if !assembler.reads(family) {
            out.unread.insert(family.to_owned());
            continue;
        }
        let inside = points.iter().copied().filter(|(at, _)| (begin..=until).contains(at));
        assembler.stage((family, labels), inside, &mut staged);
    }
    assembler.accept(staged, until);
    // The newest points are visible one interval and a moment later.
    let mut tick = begin.round_up(interval);
    let last = (until + interval + DELAY).round_up(interval);
    while tick <= last {
        let mut batch = Batch { until: tick, ..Batch::default() };
        batch.objects = std::mem::take(&mut changes);
        let drained = assembler.drain(tick - interval - DELAY);
        (batch.entities, batch.samples, batch.calls) =
            (drained.entities, drained.samples, drained.calls);
        out.batches.push((tick, batch));
        tick = tick + interval;
    }
    out
}

fn listed(object: Object, observed_at: Timestamp) -> ObjectChange {
    ObjectChange { observed_at, change: ChangeKind::Listed, object }
}

/// Pods that series name and no object describes, by namespace and name.
fn pods_of(
    series: &[GivenSeries<'_>],
    known: &[ObjectChange],
) -> BTreeMap<(String, String), PodObject> {
    let described: BTreeSet<(&str, &str)> = known
        .iter()
        .filter_map(|change| match &change.object {
            Object::Pod(pod) => Some((pod.namespace.as_str(), pod.name.as_str())),
            Object::Workload(_)
            | Object::Node(_)
            | Object::Service(_)
            | Object::ConfigMap(_)
            | Object::Claim(_)
            | Object::Quota(_)
            | Object::DisruptionBudget(_) => None,
        })
        .collect();
    let mut pods: BTreeMap<(String, String), PodObject> = BTreeMap::new();
    for (labels, points) in series {
        let label = |name: &str| labels.get(name).filter(|value| !value.is_empty());
        let (Some(namespace), Some(pod), Some((first, _))) =
            (label("namespace"), label("pod"), points.first())
        else {
            continue;
        };
        if described.contains(&(namespace.as_str(), pod.as_str())) {
            continue;
        }
        let entry = pods.entry((namespace.clone(), pod.clone()));
        let made = entry.or_insert_with(|| running((namespace, pod), *first));
        made.node = made.node.take().or_else(|| label("node").cloned());
        if let Some(container) = label("container").filter(|name| *name != "POD")
            && !made.containers.iter().any(|known| known.name == *container)
        {
            made.containers.push(container_of(container, *first));
        }
    }
    pods
}

/// A pod of which only its name is known and that it runs.
fn running((namespace, pod): (&str, &str), since: Timestamp) -> PodObject {
    PodObject {
        phase: PodPhase::Running,
        created_at: Some(since),
        ..PodObject::named((namespace, pod), &format!("{namespace}/{pod}"))
    }
}

fn container_of(name: &str, since: Timestamp) -> ContainerStatus {
    ContainerStatus {
        name: name.to_owned(),
        init: false,
        ready: true,
        restarts: 0,
        started: Some(true),
        image: String::new(),
        state: Some(ContainerState::Running { started_at: Some(since) }),
        last_state: None,
        container_id: None,
    }
}

#[cfg(test)]
mod tests {
    use foresail_core::Quantity;

    use super::*;

    #[test]
    fn series_of_an_unknown_pod_become_samples_of_a_pod_that_runs() {
        let labels: BTreeMap<String, String> = [
            ("__name__", "container_memory_working_set_bytes"),
            ("namespace", "shop"),
            ("pod", "cart-0"),
            ("container", "app"),
            ("id", "/kubepods/pod1/a"),
            ("image", "app:1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let at = |second: i64| Timestamp::from_millis(1_700_000_000_000 + second * 1_000);
        let points: Vec<(Timestamp, f64)> = (0..20).map(|n| (at(n * 30), n as f64)).collect();
        let odd: BTreeMap<String, String> = [("__name__".to_owned(), "odd".to_owned())].into();
        let interval = PlatformDuration::from_seconds(30);
        let series: [GivenSeries<'_>; 2] = [(&labels, &points), (&odd, &points)];
        let given = given(Vec::new(), &series, (interval, at(570)));
        let samples = given.batches.iter().flat_map(|(_, batch)| &batch.samples);
        let memory = samples.filter(|sample| sample.quantity == Quantity::MemoryWorkingSet);
        assert_eq!(memory.count(), 20);
        assert_eq!(given.made_up, 1);
        assert!(given.unread.contains("odd"));
        assert_eq!(given.batches[0].1.objects.len(), 1);
    }
}

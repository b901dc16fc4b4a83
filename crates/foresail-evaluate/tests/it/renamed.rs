//! Gate 7 as a property: other names, ids and dates give the same features, to the bit.

use foresail_core::{Batch, Entity, Object, PlatformDuration, PodObject, Timestamp};
use foresail_engine::Models;
use foresail_evaluate::learned::{RowCollector, Rows};
use foresail_evaluate::replay;

use crate::synthetic::{LABORATORY, batches, settings};

/// 1,000 days and a little, a multiple of the step.
const LATER: PlatformDuration = PlatformDuration::from_seconds(86_400_000 + 12_345);

fn rows(batches: Vec<(Timestamp, Batch)>) -> Rows {
    let mut rows = RowCollector::new(Models::default().first_passage);
    replay::run(
        (&settings(LABORATORY), &Models::default()),
        batches.into_iter(),
        &mut rows,
        &|| (),
    );
    rows.finish()
}

fn renamed(text: &mut String) {
    // The order of names stays: rows come in that order.
    text.insert_str(0, "kube-7f9c-");
}

fn rename_pod(pod: &mut PodObject) {
    [&mut pod.namespace, &mut pod.name, &mut pod.uid].into_iter().for_each(renamed);
    if let Some(owner) = &mut pod.owner {
        renamed(&mut owner.name);
    }
    pod.node.iter_mut().for_each(renamed);
    pod.created_at = pod.created_at.map(|at| at + LATER);
    for condition in &mut pod.conditions {
        condition.last_transition = condition.last_transition.map(|at| at + LATER);
    }
    for container in &mut pod.containers {
        renamed(&mut container.name);
        renamed(&mut container.image);
        container.container_id.iter_mut().for_each(renamed);
    }
    for container in &mut pod.spec {
        renamed(&mut container.name);
        container.image.iter_mut().for_each(renamed);
    }
}

fn elsewhere((at, mut batch): (Timestamp, Batch)) -> (Timestamp, Batch) {
    batch.until = batch.until + LATER;
    for (_, entity) in &mut batch.entities {
        if let Entity::Container { namespace, pod, container } = entity {
            [namespace, pod, container].into_iter().for_each(renamed);
        }
    }
    for change in &mut batch.objects {
        change.observed_at = change.observed_at + LATER;
        if let Object::Pod(pod) = &mut change.object {
            rename_pod(pod);
        }
    }
    for sample in &mut batch.samples {
        sample.at = sample.at + LATER;
    }
    (at + LATER, batch)
}

#[test]
fn other_names_ids_and_dates_give_the_same_features() {
    let here = rows(batches(LABORATORY));
    let there = rows(batches(LABORATORY).into_iter().map(elsewhere).collect());
    assert_eq!(here.ends, there.ends);
    assert_ne!(here.pods, there.pods);
    let bits = |rows: &Rows| -> Vec<u32> {
        rows.values.iter().flatten().map(|value| value.to_bits()).collect()
    };
    assert!(bits(&here) == bits(&there));
    assert!(here.values.iter().flatten().filter(|value| value.is_finite()).count() > 10_000);
}

//! Both databases answer the same.

use foresail_core::PlatformDuration;
use foresail_core::store::{AlarmFilter, Archive, EvidenceOf, Journal, Retention, Tick};

use crate::place::Place;
use crate::sample::{
    EVER, START, cluster, evidence, minute, outcome, restart_point, seconds, tick,
};

/// A day of a store's life, and everything that it then says.
async fn life(place: &Place) -> String {
    let store = place.open().await;
    let cluster = cluster();
    for number in 0..20 {
        store.commit_tick(&cluster, &tick(number)).await.unwrap();
        store.commit_minute(&cluster, &minute(START + seconds(60 * number), 40)).await.unwrap();
    }
    let mixed = ["b", "A", "a", "é", "_", "Z", "~"].map(|name| outcome(START, name)).to_vec();
    let tick = Tick { at: START + seconds(3_600), outcomes: mixed, ..Tick::default() };
    store.commit_tick(&cluster, &tick).await.unwrap();
    let of = EvidenceOf::Incident { number: 1, occurred_at: START };
    store.keep_evidence(&cluster, &evidence(of, START)).await.unwrap();
    store.keep_restart_point(&cluster, &restart_point(START, 1, 1_000)).await.unwrap();
    let short = Retention { minutes: PlatformDuration::from_seconds(600), ..Retention::default() };
    let pruned = store.prune(&cluster, START + seconds(1_200), &short).await.unwrap();
    let mut said = format!("{pruned:?}\n");
    said += &format!("{:?}\n", store.predictions(&cluster, EVER).await.unwrap());
    said += &format!("{:?}\n", store.outcomes(&cluster, EVER).await.unwrap());
    said += &format!("{:?}\n", store.events(&cluster, EVER).await.unwrap());
    said += &format!("{:?}\n", store.alarms(&cluster, AlarmFilter::Open).await.unwrap());
    said += &format!("{:?}\n", store.evidence(&cluster, of).await.unwrap());
    said += &format!("{:?}\n", store.restart_point(&cluster).await.unwrap());
    for pod in 0..40 {
        let name = format!("w{}-{pod}", pod / 10);
        said += &format!("{:?}\n", store.pod_rows(&cluster, ("shop", &name), EVER).await.unwrap());
    }
    said + &format!("{:?}\n", store.node_rows(&cluster, "node-0", EVER).await.unwrap())
}

#[tokio::test]
async fn both_databases_answer_the_same() {
    let (file, server) = (life(&Place::file()).await, life(&Place::server()).await);
    assert!(file.len() > 100_000);
    assert!(file == server, "the answers differ");
}

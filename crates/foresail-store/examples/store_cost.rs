//! How fast a store takes rows, and how many bytes they need: `store_cost [URL…] [--pods N] [--minutes M]`.
//!
//! Without a URL a file in the temporary folder is measured; a URL must name an empty store. Minutes are those of `--pods` pods, ten to
//! a workload and thirty to a node, filled as much as the shipped laboratory fills its rows (`FILLED`);
//! a tick every 15 s keeps 20 predictions and 5 events. Prints one line of JSON a store.

use std::time::Instant;

use foresail_core::store::{
    Archive, ClusterName, Journal, LabelSpan, Minute, NODE_COLUMNS, NodeRow, POD_COLUMNS, PodRow,
    RestartPoint, Retention, RowLabel, StoreError, Tick, WORKLOAD_COLUMNS, WorkloadRow,
};
use foresail_core::{
    ChangeKind, FailureKind, KubernetesEvent, ModelId, PlatformDuration, Prediction, Probability,
    Timestamp, Unit, Verdict, WorkloadId, WorkloadKind,
};
use foresail_store::{Access, Store, StoreOptions, open};

/// Share of values that are there, in percent: `foresail dataset` on `data/lab-1` (see docs/store.md).
const FILLED: u64 = 92;

const START: i64 = 1_790_000_040_000;
const MINUTE: i64 = 60_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let (mut urls, mut pods, mut minutes) = (Vec::new(), 1_000, 60);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = |what: &str| {
            let value = arguments.next().and_then(|value| value.parse().ok());
            value.unwrap_or_else(|| {
                eprintln!("`{what}` wants a number");
                std::process::exit(2)
            })
        };
        match argument.as_str() {
            "--pods" => pods = number("--pods"),
            "--minutes" => minutes = number("--minutes"),
            _ => urls.push(argument),
        }
    }
    let folder = std::env::temp_dir().join(format!("store-cost-{}", std::process::id()));
    if urls.is_empty() {
        std::fs::create_dir_all(&folder).expect("the temporary folder takes another");
        urls.push(folder.join("foresail.db").display().to_string());
    }
    for url in urls {
        let measured = measure(&url, pods, minutes).await;
        let _ = std::fs::remove_dir_all(&folder);
        match measured {
            Ok(line) => println!("{line}"),
            Err(error) => {
                eprintln!("{error}: {:?}", std::error::Error::source(&error));
                std::process::exit(3);
            }
        }
    }
}

async fn measure(url: &str, pods: usize, minutes: usize) -> Result<String, StoreError> {
    let store = open(&StoreOptions::new(url, Access::Service)).await?;
    let cluster = ClusterName::try_from("cost").expect("a short name");
    let (mut taken, mut slowest) = (0.0, 0.0_f64);
    for number in 0..minutes {
        let minute = minute(number, pods);
        let began = now();
        store.commit_minute(&cluster, &minute).await?;
        let seconds = began.elapsed().as_secs_f64();
        taken += seconds;
        slowest = slowest.max(seconds);
    }
    let of_rows = bytes(&store, &["pods", "nodes", "workloads"]).await?;

    let ticks = minutes * 4;
    let began = now();
    for number in 0..ticks {
        store.commit_tick(&cluster, &tick(number)).await?;
    }
    let of_ticks = began.elapsed().as_secs_f64() / ticks as f64;
    let beside = ["ticks", "predictions", "events"];
    let bytes_of_ticks = bytes(&store, &beside).await? as f64;

    let began = now();
    let labels = (0..pods.div_ceil(10)).map(|number| label(number, minutes / 2)).collect();
    store.commit_tick(&cluster, &Tick { labels, ..tick(ticks) }).await?;
    let of_labels = began.elapsed().as_secs_f64();

    let began = now();
    let end = Timestamp::from_millis(START + MINUTE * minutes as i64);
    let span = foresail_core::store::TimeSpan { from: Timestamp::from_millis(START), until: end };
    let found = store.pod_rows(&cluster, ("shop", "w0-0"), span).await?.len();
    let of_question = began.elapsed().as_secs_f64();

    let point = RestartPoint {
        at: end,
        format: "cost".to_owned(),
        // 16 KiB a pod, the most that a state may need; of noise, so that nothing packs it.
        state: noise(pods * 16 * 1_024),
        assessment: noise(1_000),
    };
    let began = now();
    store.keep_restart_point(&cluster, &point).await?;
    let of_point = began.elapsed().as_secs_f64();

    let began = now();
    let short = Retention { minutes: PlatformDuration::from_seconds(600), ..Retention::default() };
    let pruned = store.prune(&cluster, end, &short).await?.rows;
    let of_prune = began.elapsed().as_secs_f64();

    let rows = pods * minutes;
    let a_day = 1_440.0 / minutes as f64;
    let line = format!(
        "{{\"store\": \"{}\", \"pods\": {pods}, \"minutes\": {minutes}, \"pod_rows_per_second\": {:.0}, \
         \"minute_seconds_mean\": {:.3}, \"minute_seconds_most\": {slowest:.3}, \"bytes_per_pod_row\": {:.0}, \
         \"mib_per_1000_pods_and_day\": {:.0}, \"tick_seconds\": {of_ticks:.4}, \"mib_of_ticks_per_day\": {:.0}, \
         \"label_minute_seconds\": {of_labels:.3}, \"question_seconds\": {of_question:.3}, \"question_rows\": {found}, \"restart_point_seconds\": {of_point:.2}, \
         \"pruned_rows\": {pruned}, \"prune_seconds\": {of_prune:.2}}}",
        if url.starts_with("postgres") { "postgres" } else { "sqlite" },
        rows as f64 / taken,
        taken / minutes as f64,
        of_rows as f64 / rows as f64,
        of_rows as f64 / rows as f64 * 1_000.0 * 1_440.0 / 1_048_576.0,
        bytes_of_ticks * a_day / 1_048_576.0,
    );
    store.close().await?;
    Ok(line)
}

#[expect(clippy::disallowed_methods, reason = "this program measures")]
fn now() -> Instant {
    Instant::now()
}

async fn bytes(store: &Store, tables: &[&str]) -> Result<u64, StoreError> {
    let size = store.size().await?;
    let wanted = size.tables.iter().filter(|one| tables.contains(&one.table.as_str()));
    Ok(wanted.map(|one| one.bytes).sum())
}

/// Numbers without a pattern (SplitMix64, Steele et al. 2014).
fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn noise(bytes: usize) -> Vec<u8> {
    (0..bytes.div_ceil(8) as u64).flat_map(|place| mixed(place).to_le_bytes()).collect()
}

/// A value of `column`: bytes, shares, counts and zeros, as names of columns say.
fn value(name: &str, (row, number): (usize, usize), column: usize) -> f32 {
    let random = mixed((row * 1_000 + column) as u64);
    if random % 100 >= FILLED {
        return f32::NAN;
    }
    let moving = mixed((row * 1_000 + column) as u64 ^ (number as u64) << 40);
    let share = (moving % 1_000_000) as f32 / 1e6;
    if name.starts_with("event_") || name.contains("errors") || name.contains("drops") {
        if moving.is_multiple_of(50) { 1.0 } else { 0.0 }
    } else if name.ends_with("_bytes") {
        (moving % 4_000_000_000) as f32
    } else if name.ends_with("_per_second") {
        share * 1e5
    } else if name.ends_with("_share") || name.contains("cores") || name.contains("mean") {
        share
    } else {
        (moving % 200) as f32
    }
}

fn workload(number: usize) -> WorkloadId {
    let name = format!("w{number}");
    WorkloadId { namespace: "shop".to_owned(), kind: WorkloadKind::Deployment, name }
}

fn minute(number: usize, pods: usize) -> Minute {
    fn filled<const N: usize>(names: [&str; N], place: (usize, usize)) -> [f32; N] {
        std::array::from_fn(|column| value(names[column], place, column))
    }
    let pod = |row: usize| PodRow {
        pod: format!("w{}-{row}", row / 10),
        node: Some(format!("node-{}", row / 30)),
        workload: workload(row / 10),
        values: filled(POD_COLUMNS, (row, number)),
    };
    let node = |row: usize| NodeRow {
        node: format!("node-{row}"),
        values: filled(NODE_COLUMNS, (row + 100_000, number)),
    };
    let owner = |row: usize| WorkloadRow {
        workload: workload(row),
        values: filled(WORKLOAD_COLUMNS, (row + 200_000, number)),
    };
    Minute {
        at: Timestamp::from_millis(START + MINUTE * number as i64),
        nodes: (0..pods.div_ceil(30)).map(node).collect(),
        pods: (0..pods).map(pod).collect(),
        workloads: (0..pods.div_ceil(10)).map(owner).collect(),
    }
}

/// What is known of one workload's pods in minute `number`.
fn label(workload_number: usize, number: usize) -> LabelSpan {
    let from = Timestamp::from_millis(START + MINUTE * number as i64);
    LabelSpan {
        workload: workload(workload_number),
        pod: None,
        from,
        until: from + PlatformDuration::from_seconds(60),
        label: RowLabel::Good,
        failure: None,
    }
}

fn tick(number: usize) -> Tick {
    let at = Timestamp::from_millis(START + 15_000 * number as i64);
    let prediction = |place: usize| Prediction {
        at,
        unit: Unit::Workload(workload(place)),
        pod: Some(format!("w{place}-0")),
        node: Some("node-1".to_owned()),
        kind: FailureKind::OomKilled,
        horizon: PlatformDuration::from_seconds(1_800),
        verdict: Verdict::Likely {
            probability: Probability::saturating(0.2).expect("a number"),
            time_to_event: None,
        },
        score: 0.2,
        basis: None,
        sentence: "shop/w1 will be OOM-killed: memory grows by 1.2 MiB/s toward 512 MiB".to_owned(),
        evidence: vec!["memory grew by 70 MiB in 10 min".to_owned(); 3],
        model: ModelId("hazard".to_owned()),
    };
    let event = |place: usize| KubernetesEvent {
        observed_at: at,
        change: ChangeKind::Added,
        event_type: "Normal".to_owned(),
        reason: "Pulled".to_owned(),
        message: format!("container image {place} already present on machine"),
        object_kind: "Pod".to_owned(),
        namespace: "shop".to_owned(),
        name: format!("w{place}-0"),
        uid: Some("3a2f7d3e-8b7e-4b7e-9d57-0d1f0c1b2a3d".to_owned()),
        field: Some("spec.containers{app}".to_owned()),
        count: Some(number as u64),
        first: Some(at),
        last: Some(at),
        event_time: None,
        source: Some("kubelet".to_owned()),
    };
    Tick {
        at,
        predictions: (0..20).map(prediction).collect(),
        events: (0..5).map(event).collect(),
        ..Tick::default()
    }
}

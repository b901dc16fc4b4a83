//! A recording cut short replays the same up to the cut: nothing that is read looks ahead.

use std::fs::File;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;

use foresail_collect::ReplayOptions;
use foresail_collect::write::{SampleSeries, write_lines, write_samples};
use foresail_core::{Batch, Entity, PlatformDuration, Quantity, Timestamp};

use crate::small::{START, Small, second, series};

/// Pod `web-1` as observed at a second, with these containers.
fn pod(at: i64, uid: &str, change: &str, containers: &[&str]) -> (i64, String) {
    let status = |name: &&str| format!(r#"{{"name":"{name}","ready":true,"restarts":0}}"#);
    let containers: Vec<String> = containers.iter().map(status).collect();
    let line = format!(
        r#"{{"t":{},"type":"{change}","ns":"shop","pod":"web-1","uid":"{uid}","owner":"StatefulSet/web","phase":"Running","containers":[{}]}}"#,
        START / 1_000 + at,
        containers.join(",")
    );
    (at, line)
}

fn from(first: i64, mut series: SampleSeries) -> SampleSeries {
    for point in &mut series.points {
        point.0 = point.0 + PlatformDuration::from_seconds(first);
    }
    series
}

fn elsewhere(mut series: SampleSeries, job: &str, container: Option<&str>) -> SampleSeries {
    series.job = job.to_owned();
    series.container = container.map(str::to_owned);
    series
}

/// Sources of every kind of choice that reading makes: a pod name used again with other containers,
/// a better source that appears late and falls silent, two targets, a run that outlives the next
/// one, inventory that comes and goes, storage from a file and from a metric.
fn sources() -> Vec<SampleSeries> {
    let ramp =
        |n: i32, factor: f64| -> Vec<f64> { (0..n).map(|x| f64::from(x) * factor).collect() };
    let memory = "container_memory_working_set_bytes";
    let kube = |metric, labels, n| elsewhere(series(metric, labels, &vec![1.0; n]), "ksm", None);
    let endpoint = |metric, labels, n| kube(metric, labels, n);
    vec![
        elsewhere(series("process_open_fds", "{}", &ramp(40, 1.0)), "pods", None),
        elsewhere(series("http_requests_total", r#"{"code":"200"}"#, &ramp(40, 3.0)), "pods", None),
        series("go_goroutines", r#"{"instance":"a:1"}"#, &ramp(40, 1.0)),
        from(20, series("go_goroutines", r#"{"instance":"b:1"}"#, &ramp(10, 2.0))),
        series("upstream_requests_total", r#"{"upstream":"cart"}"#, &ramp(40, 1.0)),
        series(memory, "{}", &ramp(40, 5.0)),
        from(50, series(memory, r#"{"id":"/a"}"#, &ramp(12, 6.0))),
        from(90, series(memory, r#"{"id":"/b"}"#, &ramp(10, 7.0))),
        from(25, kube("kube_configmap_info", r#"{"configmap":"late"}"#, 4)),
        kube("kube_service_info", r#"{"service":"web"}"#, 40),
        endpoint("kube_endpoint_address", r#"{"endpoint":"web","ready":"true"}"#, 15),
        series("ephemeral_storage_pod_usage", "{}", &ramp(40, 8.0)),
    ]
}

fn write_volumes(small: &Small, until: i64) {
    let times: Vec<i64> = (0..40).map(|at| 100 + 4 * at).filter(|at| *at <= until).collect();
    let n = times.len();
    let text = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text; n])) };
    let seconds = times.iter().map(|at| (START / 1_000 + at) as f64).collect::<Vec<_>>();
    let batch = RecordBatch::try_from_iter([
        ("t", Arc::new(Float64Array::from(seconds)) as ArrayRef),
        ("ns", text("shop")),
        ("pod", text("web-1")),
        ("ephemeral", Arc::new(Int64Array::from(times)) as ArrayRef),
    ])
    .unwrap();
    let file = File::create(small.path("volumes.parquet")).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

/// The recording as it stood `until` seconds after its start.
fn cut(until: i64) -> Vec<(Timestamp, Batch)> {
    let mut sources = sources();
    for one in &mut sources {
        one.points.retain(|(at, _)| *at <= second(until));
    }
    sources.retain(|one| !one.points.is_empty());
    let small = Small::new(&[]);
    write_samples(&small.path("samples/a.parquet"), &sources).unwrap();
    let lines = [
        pod(12, "u1", "ADDED", &["app"]),
        pod(70, "u1", "DELETED", &["app"]),
        pod(75, "u2", "ADDED", &["main", "proxy"]),
        pod(120, "u3", "ADDED", &["main"]),
    ];
    let known = lines.iter().filter(|(at, _)| *at <= until).map(|(_, line)| line.as_str());
    write_lines(&small.path("pods.jsonl.gz"), known).unwrap();
    write_volumes(&small, until);
    small.seal_until(until);
    small.open().unwrap().replay(ReplayOptions::default()).collect()
}

#[test]
fn a_recording_cut_short_replays_the_same_up_to_the_cut() {
    let whole = cut(200);
    let n: usize = whole.iter().map(|(_, batch)| batch.samples.len()).sum();
    assert!(n > 150, "{n} samples");
    for until in (15..200).step_by(5) {
        let short = cut(until);
        assert_eq!(short.as_slice(), &whole[..short.len()], "cut at {until} s");
    }
}

#[test]
fn a_series_without_a_container_belongs_to_the_only_one_once_that_is_observed() {
    let batches = cut(200);
    let entities: Vec<_> = batches.iter().flat_map(|(_, batch)| &batch.entities).collect();
    let samples = batches.iter().flat_map(|(_, batch)| &batch.samples);
    let owned: Vec<(i64, &str)> = samples
        .filter(|sample| sample.quantity == Quantity::FileDescriptors)
        .map(|sample| {
            let (_, entity) = entities.iter().find(|(id, _)| *id == sample.entity).unwrap();
            let Entity::Container { container, .. } = entity else { panic!("no container") };
            (sample.at.since(second(0)).as_millis() / 1_000, container.as_str())
        })
        .collect();
    // Unknown before 12 s, the pod's only container until 75 s, one of two until 120 s.
    assert_eq!((owned[0], owned[11], owned[12]), ((15, "app"), (70, "app"), (120, "main")));
    assert!(owned.iter().all(|(at, name)| (*name == "app") == (*at < 75)));
}

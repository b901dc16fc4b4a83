//! What a replay shows, and when.

use foresail_collect::write::write_lines;
use foresail_collect::{ReplayOptions, trim};
use foresail_core::{
    Batch, ConditionStatus, Entity, Object, PlatformDuration, Quantity, Sample, ServiceName,
    Timestamp,
};

use crate::small::{POD, Small, second, series};

const MEMORY: &str = "container_memory_working_set_bytes";

fn batches(small: &Small, options: ReplayOptions) -> Vec<(Timestamp, Batch)> {
    small.open().unwrap().replay(options).collect()
}

fn values(small: &Small, quantity: Quantity) -> Vec<f64> {
    let batches = batches(small, ReplayOptions::default());
    let all = batches.iter().flat_map(|(_, batch)| &batch.samples);
    all.filter(|sample| sample.quantity == quantity).map(|sample| sample.value).collect()
}

#[test]
fn a_sample_is_visible_one_interval_and_two_seconds_after_its_time() {
    let small = Small::new(&[series(MEMORY, r#"{"id":"/a"}"#, &[1.0, 2.0])]);
    let batches = batches(&small, ReplayOptions::default());
    let seen: Vec<(i64, f64)> = batches
        .iter()
        .flat_map(|(tick, batch)| {
            batch.samples.iter().map(|sample| (tick.since(second(0)).as_millis(), sample.value))
        })
        .collect();
    assert_eq!(seen, [(10_000, 1.0), (15_000, 2.0)]);
    let app = Entity::Container {
        namespace: "shop".to_owned(),
        pod: "web-1".to_owned(),
        container: "app".to_owned(),
    };
    assert_eq!(batches[2].1.entities.len(), 1);
    assert_eq!(batches[2].1.entities[0].1, app);
    assert!(batches[3].1.entities.is_empty());
}

#[test]
fn a_pod_line_keeps_owner_conditions_and_resources() {
    let batches = batches(&Small::new(&[]), ReplayOptions::default());
    let change = batches.iter().flat_map(|(_, batch)| &batch.objects).next().unwrap();
    let Object::Pod(pod) = &change.object else { panic!("not a pod") };
    assert_eq!(pod.owner.as_ref().unwrap().name, "web-abc");
    assert_eq!(pod.condition("Ready").unwrap().status, ConditionStatus::True);
    assert_eq!(pod.spec[0].resources.memory_limit, Some(64.0 * 1024.0 * 1024.0));
    assert_eq!(pod.spec[0].resources.cpu_limit, Some(0.25));
}

#[test]
fn cadvisor_comes_before_the_resource_endpoint() {
    let small = Small::new(&[
        series(MEMORY, "{}", &[10.0, 20.0]),
        series(MEMORY, r#"{"id":"/a"}"#, &[1.0, 2.0]),
    ]);
    assert_eq!(values(&small, Quantity::MemoryWorkingSet), [1.0, 2.0]);
}

#[test]
fn a_cluster_with_the_resource_endpoint_alone_has_its_memory_and_start() {
    let small = Small::new(&[
        series(MEMORY, r#"{"node":"n"}"#, &[10.0, 20.0, 30.0, 40.0, 50.0]),
        series("container_start_time_seconds", r#"{"node":"n"}"#, &[7.5; 5]),
    ]);
    // For three scrapes a better source may still appear.
    assert_eq!(values(&small, Quantity::MemoryWorkingSet), [40.0, 50.0]);
    assert_eq!(values(&small, Quantity::ContainerStart), [7.0, 7.0]);
    assert!(values(&small, Quantity::MemoryRss).is_empty());
}

#[test]
fn major_faults_stand_for_failed_allocations_only_where_those_are_not_counted() {
    let faults = "container_memory_failures_total";
    let label = |kind, scope| format!(r#"{{"failure_type":"{kind}","id":"/a","scope":"{scope}"}}"#);
    let mut all = vec![
        series(faults, &label("pgmajfault", "container"), &[1.0, 2.0, 3.0, 4.0, 5.0]),
        series(faults, &label("pgmajfault", "hierarchy"), &[100.0; 5]),
        series(faults, &label("pgfault", "container"), &[1_000.0; 5]),
    ];
    assert_eq!(values(&Small::new(&all), Quantity::MemoryFailures), [4.0, 5.0]);
    all.push(series("container_memory_failcnt", r#"{"id":"/a"}"#, &[70.0; 5]));
    assert_eq!(values(&Small::new(&all), Quantity::MemoryFailures), [70.0; 5]);
}

#[test]
fn an_init_container_adds_its_references_but_not_its_requests() {
    let spec = r#""spec":{"initContainers":[{"name":"migrate","resources":{"requests":{"cpu":"2"}},"envFrom":[{"configMapRef":{"name":"schema"}}]},{"name":"proxy","restartPolicy":"Always","resources":{"requests":{"cpu":"100m"}}}],"containers":[{"name":"app","resources":{"requests":{"cpu":"500m"}}}]},"invented""#;
    let small = Small::new(&[]);
    write_lines(&small.path("pods.jsonl.gz"), [POD.replace(r#""invented""#, spec)]).unwrap();
    small.seal();
    let batches = batches(&small, ReplayOptions::default());
    let change = batches.iter().flat_map(|(_, batch)| &batch.objects).next().unwrap();
    let Object::Pod(pod) = &change.object else { panic!("not a pod") };
    let names: Vec<&str> = pod.spec.iter().map(|container| container.name.as_str()).collect();
    assert_eq!(names, ["proxy", "app"]);
    assert_eq!(pod.references[0].name, "schema");
}

#[test]
fn codes_are_summed_and_no_error_is_zero_but_no_code_is_missing() {
    let metric = "http_requests_total";
    let small = Small::new(&[
        series(metric, r#"{"code":"200","route":"a"}"#, &[5.0]),
        series(metric, r#"{"code":"404","route":"b"}"#, &[2.0]),
    ]);
    assert_eq!(values(&small, Quantity::Requests), [7.0]);
    assert_eq!(values(&small, Quantity::RequestErrors), [0.0]);
    let small = Small::new(&[series(metric, "{}", &[5.0])]);
    assert!(values(&small, Quantity::RequestErrors).is_empty());
}

#[test]
fn a_bucket_stands_for_the_nearest_bound_above_it_or_for_none() {
    let metric = "http_request_duration_seconds_bucket";
    let small = Small::new(&[
        series(metric, r#"{"le":"0.064"}"#, &[3.0]),
        series(metric, r#"{"le":"0.08"}"#, &[4.0]),
        series(metric, r#"{"le":"0.6"}"#, &[9.0]),
    ]);
    assert_eq!(values(&small, Quantity::RequestsWithin100Ms), [4.0]);
    assert_eq!(values(&small, Quantity::RequestsWithin1S), [9.0]);
    assert!(values(&small, Quantity::RequestsWithin500Ms).is_empty());
    assert!(values(&small, Quantity::RequestsWithin50Ms).is_empty());
}

#[test]
fn an_earlier_run_of_a_container_ends_when_the_next_one_has_samples() {
    let mut next = series(MEMORY, r#"{"id":"/b"}"#, &[100.0]);
    next.points[0].0 = second(10);
    let small = Small::new(&[series(MEMORY, r#"{"id":"/a"}"#, &[1.0, 2.0, 3.0, 4.0]), next]);
    assert_eq!(values(&small, Quantity::MemoryWorkingSet), [1.0, 2.0, 100.0]);
}

#[test]
fn a_call_is_seen_while_its_counter_grows_and_not_at_every_scrape() {
    let mut counter: Vec<f64> = vec![5.0, 5.0];
    counter.extend((6..=10).map(f64::from));
    counter.extend([10.0; 5]);
    let upstream = "upstream_requests_total";
    let small = Small::new(&[
        series(upstream, r#"{"code":"200","upstream":"cart.pay"}"#, &counter),
        series(upstream, r#"{"code":"error","upstream":"cart.pay"}"#, &[0.0; 12]),
        series(upstream, r#"{"code":"200","upstream":"10.0.0.7"}"#, &counter),
        series("http_requests_total", r#"{"code":"200","upstream":"cart"}"#, &counter),
    ]);
    let seen: Vec<(i64, i64, ServiceName)> = batches(&small, ReplayOptions::default())
        .iter()
        .flat_map(|(tick, batch)| batch.calls.iter().map(|call| (*tick, call.clone())))
        .map(|(tick, call)| {
            assert_eq!((call.namespace.as_str(), call.pod.as_str()), ("shop", "web-1"));
            let after = |at: Timestamp| at.since(second(0)).as_millis() / 1_000;
            (after(tick), after(call.at), call.to)
        })
        .collect();
    let cart = ServiceName { namespace: Some("pay".to_owned()), name: "cart".to_owned() };
    assert_eq!(seen, [(20, 10, cart)], "visible with its scrape, repeated after six at most");
}

#[test]
fn thinning_keeps_one_scrape_per_span_and_the_tick_follows() {
    let numbers: Vec<f64> = (0..12).map(f64::from).collect();
    let small = Small::new(&[series(MEMORY, r#"{"id":"/a"}"#, &numbers)]);
    let span = PlatformDuration::from_seconds(15);
    let batches = batches(&small, ReplayOptions { thin_to: Some(span), stretch: None });
    let kept: Vec<f64> =
        batches.iter().flat_map(|(_, batch)| &batch.samples).map(|sample| sample.value).collect();
    assert_eq!(batches[1].0.since(batches[0].0), span);
    assert_eq!(kept, [0.0, 3.0, 6.0]);
}

#[test]
fn stretching_moves_every_time_and_shows_the_same_at_each_tick() {
    let small = Small::new(&[series(MEMORY, r#"{"id":"/a"}"#, &[1.0, 2.0, 3.0])]);
    let plain = batches(&small, ReplayOptions::default());
    let stretched = batches(&small, ReplayOptions { thin_to: None, stretch: Some(10.0) });
    let shown = |samples: &[Sample]| -> Vec<f64> { samples.iter().map(|one| one.value).collect() };
    assert_eq!(plain.len(), stretched.len());
    assert_eq!(stretched[1].0.since(stretched[0].0).as_millis(), 50_000);
    for ((_, a), (_, b)) in plain.iter().zip(&stretched) {
        assert_eq!(shown(&a.samples), shown(&b.samples));
        assert_eq!(a.objects.len(), b.objects.len());
    }
}

#[test]
fn a_trimmed_copy_replays_the_same() {
    let small = Small::new(&[
        series(MEMORY, r#"{"id":"/a"}"#, &[1.0, 2.0]),
        series("invented_metric", "{}", &[1.0, 2.0, 3.0]),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let summary = trim(small.dir(), folder.path()).unwrap();
    assert_eq!((summary.rows_found, summary.rows_kept), (5, 2));
    let copy = foresail_collect::Recording::open(folder.path(), &Default::default()).unwrap();
    let copied: Vec<_> = copy.replay(ReplayOptions::default()).collect();
    assert_eq!(copied, batches(&small, ReplayOptions::default()));
}

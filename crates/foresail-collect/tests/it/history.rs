//! History of a metrics server becomes a recording that the strict reader takes.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use foresail_collect::prometheus::{
    Client, History, HistoryError, HistoryOptions, Limits, Settings, record_history,
};
use foresail_collect::{OpenOptions, Recording, ReplayOptions};
use foresail_core::{
    ChangeKind, ContainerState, Object, ObjectChange, PlatformDuration, TimeScale, Timestamp,
};

use crate::server::{Reply, Request, Server};

/// Begin of the made-up history, in seconds since the epoch.
pub(crate) const BEGIN: i64 = 1_700_000_000;
const STEP: i64 = 15;
const SCRAPES: i64 = 80;

/// Values by series, one a scrape; `None` where it was missing.
pub(crate) type Store = BTreeMap<String, Vec<Option<f64>>>;

/// A cluster with one pod that is killed for memory at scrape 40 and gone at scrape 60.
pub(crate) fn store() -> Store {
    let mut store = Store::new();
    let mut put = |series: &str, value: &dyn Fn(i64) -> Option<f64>| {
        store.insert(series.to_owned(), (0..SCRAPES).map(value).collect());
    };
    let pod = r#"namespace="shop",pod="cart-7d9f-abc",uid="u1""#;
    let container = format!(r#"{pod},container="app""#);
    let lives = |n: i64| n < 60;
    let while_it_lives = |value: f64| move |n: i64| lives(n).then_some(value);
    put(r#"kube_node_info{node="n1",kubelet_version="v1.34.2"}"#, &|_| Some(1.0));
    put(r#"kube_node_status_condition{node="n1",condition="Ready",status="true"}"#, &|_| Some(1.0));
    put(r#"kube_node_status_condition{node="n1",condition="Ready",status="false"}"#, &|_| {
        Some(0.0)
    });
    let info = r#"node="n1",created_by_kind="ReplicaSet",created_by_name="cart-7d9f""#;
    put(&format!("kube_pod_info{{{pod},{info}}}"), &while_it_lives(1.0));
    put(&format!("kube_pod_created{{{pod}}}"), &while_it_lives((BEGIN - 600) as f64));
    put(&format!(r#"kube_pod_status_phase{{{pod},phase="Running"}}"#), &while_it_lives(1.0));
    put(&format!(r#"kube_pod_status_phase{{{pod},phase="Failed"}}"#), &while_it_lives(0.0));
    let ready = |n: i64| f64::from(u8::from(!(40..44).contains(&n)));
    put(&format!(r#"kube_pod_status_ready{{{pod},condition="true"}}"#), &|n| {
        lives(n).then_some(ready(n))
    });
    put(&format!(r#"kube_pod_status_ready{{{pod},condition="false"}}"#), &|n| {
        lives(n).then_some(1.0 - ready(n))
    });
    let image = r#"image="cart:1",container_id="c1""#;
    put(&format!("kube_pod_container_info{{{container},{image}}}"), &while_it_lives(1.0));
    put(&format!("kube_pod_container_status_ready{{{container}}}"), &|n| {
        lives(n).then_some(ready(n))
    });
    put(&format!("kube_pod_container_status_running{{{container}}}"), &while_it_lives(1.0));
    // Two restarts between two scrapes: one end is seen, the other is not.
    let restarts = |n: i64| if n < 40 { 1.0 } else { 3.0 };
    put(&format!("kube_pod_container_status_restarts_total{{{container}}}"), &|n| {
        lives(n).then_some(restarts(n))
    });
    put(
        &format!(
            r#"kube_pod_container_status_last_terminated_reason{{{container},reason="OOMKilled"}}"#
        ),
        &|n| (lives(n) && n >= 40).then_some(1.0),
    );
    put(
        &format!(r#"kube_pod_container_resource_limits{{{container},resource="memory"}}"#),
        &while_it_lives(6.4e7),
    );
    let owner = r#"owner_kind="Deployment",owner_name="cart""#;
    put(
        &format!(r#"kube_replicaset_owner{{namespace="shop",replicaset="cart-7d9f",{owner}}}"#),
        &|_| Some(1.0),
    );
    put(r#"kube_deployment_created{namespace="shop",deployment="cart"}"#, &|_| Some(1.6e9));
    let usage = format!(
        r#"container_memory_working_set_bytes{{{container},id="/x",job="cadvisor",prometheus_replica="a"}}"#
    );
    // Nothing at all was scraped at 20 to 25: that ends nothing.
    put(&usage, &|n| lives(n).then_some(1e6 * (1.0 + n as f64)));
    put(&usage.replace(r#"="a""#, r#"="b""#), &|n| (lives(n) && n % 2 == 0).then_some(1e6));
    for values in store.values_mut() {
        values[20..25].fill(None);
    }
    store
}

/// Answers the few questions that recording asks, out of `store`.
pub(crate) fn answer(store: &Store, request: &Request) -> Reply {
    let target = request.target.replace("%7B", "{").replace("%7D", "}").replace("%5B", "[");
    let target = target.replace("%5D", "]");
    let data = if target.starts_with("/api/v1/label/__name__/values") {
        let names: Vec<String> =
            store.keys().map(|series| format!("\"{}\"", name(series))).collect();
        format!("[{}]", names.join(","))
    } else {
        let parameter = |key: &str| {
            let found = target.split(['?', '&']).find_map(|part| part.strip_prefix(key));
            found.unwrap_or_default().to_owned()
        };
        let (query, at) = (parameter("query="), parameter("time=").parse::<f64>().unwrap());
        let Some((family, rest)) = query.split_once("{}[") else {
            return Reply::json(
                r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#,
            );
        };
        let window: f64 = rest.trim_end_matches("ms]").parse().unwrap();
        let mut result = Vec::new();
        for (series, values) in store.iter().filter(|(series, _)| name(series) == family) {
            let points: Vec<String> = (0..SCRAPES)
                .zip(values)
                .filter_map(|(n, value)| Some(((BEGIN + n * STEP) as f64, (*value)?)))
                .filter(|(t, _)| *t <= at && *t >= at - window / 1_000.0)
                .map(|(t, value)| format!("[{t},\"{value}\"]"))
                .collect();
            if !points.is_empty() {
                result.push(format!(
                    "{{\"metric\":{},\"values\":[{}]}}",
                    json(series),
                    points.join(",")
                ));
            }
        }
        format!(r#"{{"resultType":"matrix","result":[{}]}}"#, result.join(","))
    };
    Reply::json(format!(r#"{{"status":"success","data":{data}}}"#))
}

fn name(series: &str) -> &str {
    series.split('{').next().unwrap()
}

fn json(series: &str) -> String {
    let mut labels = format!("{{\"__name__\":\"{}\"", name(series));
    let inner = series.split_once('{').unwrap().1.trim_end_matches('}');
    for (key, value) in inner.split(',').filter_map(|label| label.split_once('=')) {
        write!(labels, ",\"{key}\":{value}").unwrap();
    }
    labels + "}"
}

fn record(server: &Server, dir: &std::path::Path) -> Result<History, HistoryError> {
    let limits = Limits { timeout: Duration::from_secs(5), ..Limits::default() };
    let settings = Settings { url: server.url.clone(), limits, ..Settings::default() };
    let end = Timestamp::from_millis((BEGIN + SCRAPES * STEP) * 1_000);
    let options = HistoryOptions {
        selector: String::new(),
        span: (end - PlatformDuration::from_seconds(SCRAPES * STEP), end),
        time_scale: TimeScale::try_from(1.0).unwrap(),
        name: "made-up".to_owned(),
        cluster: "c".to_owned(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = Client::new(&settings)?;
    runtime.block_on(record_history(&client, &options, dir, &|_, _, _| {}))
}

/// What was recorded and read back: objects and samples by quantity.
fn recorded(store: Store) -> (History, Recording) {
    let server = Server::start(move |request, _| answer(&store, request));
    let dir = tempfile::tempdir().unwrap();
    let history = record(&server, dir.path()).unwrap();
    (history, Recording::open(dir.path(), &OpenOptions::default()).unwrap())
}

fn pods(recording: &Recording) -> Vec<ObjectChange> {
    let batches = recording.replay(ReplayOptions::default());
    let changes = batches.flat_map(|(_, batch)| batch.objects);
    changes.filter(|change| matches!(change.object, Object::Pod(_))).collect()
}

#[test]
fn a_pod_is_put_together_with_its_owner_its_restart_and_its_end() {
    let (history, recording) = recorded(store());
    assert_eq!(history.scrape_interval, PlatformDuration::from_seconds(STEP));
    assert_eq!((history.objects.pods, history.objects.workloads, history.objects.nodes), (1, 2, 1));
    let pods = pods(&recording);
    let kinds: Vec<ChangeKind> = pods.iter().map(|change| change.change).collect();
    assert_eq!(kinds.first(), Some(&ChangeKind::Listed));
    assert_eq!(kinds.iter().filter(|kind| **kind == ChangeKind::Deleted).count(), 1, "{kinds:?}");
    let gone = pods.last().unwrap();
    assert_eq!(gone.change, ChangeKind::Deleted);
    assert_eq!(gone.observed_at.as_millis(), (BEGIN + 60 * STEP) * 1_000);
    let Object::Pod(killed) = &pods[1].object else { unreachable!() };
    assert_eq!(killed.owner.as_ref().unwrap().name, "cart-7d9f");
    assert_eq!(killed.spec[0].resources.memory_limit, Some(6.4e7));
    let Some(ContainerState::Terminated { reason, exit_code, finished_at, .. }) =
        &killed.containers[0].last_state
    else {
        panic!("{killed:?}")
    };
    assert_eq!((reason.as_deref(), *exit_code), (Some("OOMKilled"), 137));
    assert_eq!(finished_at.unwrap().as_millis(), (BEGIN + 40 * STEP) * 1_000);
    assert_eq!((history.objects.terminations, history.objects.unseen_terminations), (1, 1));
}

#[test]
fn of_two_replicas_the_fuller_one_counts() {
    let (history, recording) = recorded(store());
    let usage =
        history.families.iter().find(|one| one.family == "container_memory_working_set_bytes");
    assert_eq!(usage.map(|usage| (usage.series, usage.samples)), Some((1, 55)));
    assert!(recording.inspect().to_string().contains("memory_working_set"));
}

#[test]
fn a_server_without_kube_state_metrics_is_told_so() {
    let store: Store =
        store().into_iter().filter(|(series, _)| !series.starts_with("kube_")).collect();
    let server = Server::start(move |request, _| answer(&store, request));
    let dir = tempfile::tempdir().unwrap();
    let error = record(&server, dir.path()).unwrap_err().to_string();
    assert!(error.contains("has no `kube_pod_info`"), "{error}");
}

#[test]
fn a_family_that_is_too_much_is_left_out_and_the_rest_goes_on() {
    let store = store();
    let server = Server::start(move |request, _| {
        if request.target.contains("working_set_bytes%7B%7D%5B") {
            let body = r#"{"status":"error","errorType":"execution","error":"too many samples"}"#;
            return Reply::new("422 Unprocessable Entity", "application/json", body);
        }
        answer(&store, request)
    });
    let dir = tempfile::tempdir().unwrap();
    let error = record(&server, dir.path());
    let history = error.unwrap();
    let usage = history.families.iter().find(|one| one.family.contains("working_set")).unwrap();
    assert!(usage.problem.as_ref().unwrap().contains("too many samples"), "{usage:?}");
    assert_eq!(history.objects.pods, 1);
}

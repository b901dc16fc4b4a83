//! What `doctor` finds at servers that answer, misbehave or refuse.

use std::time::Duration;

use foresail_collect::coverage::{Predictable, Seen, Source, cluster, judge, server};
use foresail_collect::kubernetes::{ReaderSettings, Timeouts, open};
use foresail_collect::prometheus::{Client, Limits, Settings};
use foresail_core::{FailureKind, Timestamp};
use serde_json::{Value, json};

use crate::cluster_mock::{Mock, refusal};
use crate::server::{Reply, Request, Server};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn client(url: &str) -> Client {
    let limits = Limits { timeout: Duration::from_secs(2), retries: 0, ..Limits::default() };
    Client::new(&Settings { url: url.to_owned(), limits, ..Settings::default() }).unwrap()
}

/// The parameters of a query, wherever they stand.
fn parameter(request: &Request, name: &str) -> String {
    let target = format!("http://x{}", request.target);
    let query = target.split_once('?').map_or(request.body.as_str(), |(_, query)| query);
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let found = pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value);
    let text = found.unwrap_or_default().replace('+', " ");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        match (first, after) {
            (b'%', [a, b, tail @ ..]) => {
                let digits = [*a, *b];
                let digits = std::str::from_utf8(&digits).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
                rest = tail;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// Answers with those of the names asked for that are there at the time asked about.
fn names(request: &Request, is_there: impl Fn(&str, f64) -> bool) -> Reply {
    let query = parameter(request, "query");
    let hours =
        (NOW.as_epoch_seconds() - parameter(request, "time").parse::<f64>().unwrap()) / 3_600.0;
    let asked = query.split_once("__name__=~\"").unwrap().1.split_once('"').unwrap().0;
    let found = asked.split('|').filter(|name| is_there(name, hours));
    let series: Vec<Value> =
        found.map(|name| json!({ "metric": { "__name__": name }, "value": [0, "3"] })).collect();
    let data = json!({ "resultType": "vector", "result": series });
    Reply::json(json!({ "status": "success", "data": data }).to_string())
}

#[tokio::test]
async fn families_are_told_with_their_hours_of_history() {
    let mock = Server::start(|request, _| {
        names(request, |name, hours| match name {
            "container_memory_working_set_bytes" => true,
            "container_cpu_usage_seconds_total" => hours < 3.0,
            "kube_pod_info" => hours < 0.5,
            _ => false,
        })
    });
    let seen = server(&client(&mock.url), r#"cluster="a""#, NOW).await.unwrap();
    let found: Vec<_> = seen.families.iter().map(|(name, hours)| (*name, *hours)).collect();
    assert_eq!(
        found,
        [
            ("container_cpu_usage_seconds_total", 2.0),
            ("container_memory_working_set_bytes", 168.0),
            ("kube_pod_info", 0.0),
        ]
    );
    let requests = mock.requests();
    assert!(requests.len() <= 30, "{}", requests.len());
    assert!(requests.iter().all(|one| parameter(one, "query").contains(r#",cluster="a"}"#)));
}

#[tokio::test]
async fn a_page_instead_of_an_answer_is_an_error_and_a_later_failure_a_warning() {
    let page = Server::always(Reply::new("200 OK", "text/html", "<html>sign in</html>"));
    let error = server(&client(&page.url), "", NOW).await.unwrap_err();
    assert!(!error.to_string().is_empty());
    let mock = Server::start(|request, _| {
        let hours =
            (NOW.as_epoch_seconds() - parameter(request, "time").parse::<f64>().unwrap()) / 3_600.0;
        if hours > 1.5 {
            return Reply::new("503 Service Unavailable", "text/plain", "no store");
        }
        names(request, |name, _| name.starts_with("container_"))
    });
    let seen = server(&client(&mock.url), "", NOW).await.unwrap();
    assert!(seen.families.values().all(|hours| *hours == 1.0), "{:?}", seen.families);
    assert!(!seen.warnings.is_empty());
}

fn settings(mock: &Mock) -> ReaderSettings {
    let timeouts = Timeouts {
        connect: Duration::from_millis(500),
        answer: Duration::from_secs(2),
        ..Timeouts::default()
    };
    ReaderSettings {
        kubeconfig: Some(mock.kubeconfig("token: a")),
        timeouts,
        ..ReaderSettings::default()
    }
}

/// Whether a review asks about a resource.
fn asks(request: &Request, resource: &str) -> bool {
    let review: Value = serde_json::from_str(&request.body).unwrap();
    review["spec"]["resourceAttributes"]["resource"] == resource
}

#[tokio::test]
async fn rights_and_kubelets_of_a_cluster_become_a_judgement() {
    let mock = Mock::with(|request, _| {
        if request.target.ends_with("/selfsubjectaccessreviews") {
            let allowed = !asks(request, "jobs");
            return Some(Reply::json(json!({ "status": { "allowed": allowed } }).to_string()));
        }
        request.target.starts_with("/api/v1/nodes").then(|| {
            let addresses = json!([{ "type": "InternalIP", "address": "127.0.0.1" }]);
            let daemons = json!({ "kubeletEndpoint": { "Port": 1 } });
            let status = json!({ "addresses": addresses, "daemonEndpoints": daemons });
            let node = json!({ "metadata": { "name": "a" }, "status": status });
            Reply::json(json!({ "items": [node] }).to_string())
        })
    });
    let seen = cluster(&open(&settings(&mock)).await.unwrap()).await.unwrap();
    assert_eq!((seen.kubelets.asked, seen.kubelets.metrics, seen.kubelets.summary), (1, 0, 0));
    assert!(seen.kubelets.problem.as_ref().unwrap().starts_with("node `a`: failed to reach"));
    let coverage = judge(&Seen { server: Source::Unasked, cluster: Source::Seen(seen) });
    let of = |kind| coverage.kinds.iter().find(|one| one.kind == kind).unwrap();
    assert_eq!(of(FailureKind::StartFailure).verdict, Predictable::Here);
    assert_eq!(of(FailureKind::JobFailed).verdict, Predictable::Blind);
    assert_eq!(of(FailureKind::OomKilled).verdict, Predictable::Blind);
    let texts: Vec<_> = coverage.fixes.iter().map(|fix| fix.text.as_str()).collect();
    assert!(texts.iter().any(|text| text.contains("port 10250")), "{texts:?}");
}

#[tokio::test]
async fn nodes_that_may_not_be_listed_are_a_problem_of_kubelets_only() {
    let mock = Mock::with(|request, _| {
        if request.target.ends_with("/selfsubjectaccessreviews") {
            let allowed = !asks(request, "nodes");
            return Some(Reply::json(json!({ "status": { "allowed": allowed } }).to_string()));
        }
        let nodes = request.target.starts_with("/api/v1/nodes");
        nodes.then(|| refusal("403 Forbidden", "Forbidden"))
    });
    let seen = cluster(&open(&settings(&mock)).await.unwrap()).await.unwrap();
    assert!(seen.kubelets.problem.as_ref().unwrap().contains("403"));
    let coverage = judge(&Seen { server: Source::Unasked, cluster: Source::Seen(seen) });
    let pressure = coverage.kinds.iter().find(|one| one.kind == FailureKind::NodePressure).unwrap();
    assert_eq!(pressure.verdict, Predictable::Blind);
    let rule = coverage.fixes.iter().find_map(|fix| fix.snippet.as_ref()).unwrap();
    assert!(rule.contains("verbs: ["), "{rule}");
}

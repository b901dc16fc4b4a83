//! The alerts that really fired: asked for in bounds, and missing without harm.

use std::time::Duration;

use foresail_collect::prometheus::{Client, FiredAlerts, Limits, Settings, fired_alerts};
use foresail_core::{PlatformDuration, Timestamp};

use crate::server::{Reply, Request, Server};

const BEGIN: i64 = 1_700_000_000;
const HOURS: i64 = 7;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis((BEGIN + seconds) * 1_000)
}

fn asked(
    answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> (FiredAlerts, Vec<Request>) {
    let server = Server::start(move |request, _| answer(request));
    let limits = Limits {
        timeout: Duration::from_secs(5),
        backoff: Duration::from_millis(1),
        retries: 1,
        ..Limits::default()
    };
    let client = Client::new(&Settings { url: server.url.clone(), limits, ..Settings::default() });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let span = (at(0), at(HOURS * 3_600));
    let fired = runtime.block_on(fired_alerts(&client.unwrap(), r#"cluster="a""#, span));
    (fired, server.requests())
}

fn nothing() -> Reply {
    Reply::json(r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#)
}

/// An alert that fires every 30 s in the second hour, as far as the window of the question reaches.
fn firing(request: &Request) -> Reply {
    let query = request.target.replace("%5B", "[").replace("%5D", "]");
    let number = |from: &str, to: &str| -> f64 {
        let rest = query.split_once(from).unwrap().1;
        rest.split_once(to).map_or(rest, |(number, _)| number).parse().unwrap()
    };
    let (time, window) = (number("time=", "&"), number("[", "ms"));
    let points: Vec<String> = (120..240)
        .map(|n| (BEGIN + 30 * n) as f64)
        .filter(|at| *at <= time && *at >= time - window / 1e3)
        .map(|at| format!(r#"[{at},"1"]"#))
        .collect();
    if points.is_empty() {
        return nothing();
    }
    Reply::json(format!(
        r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{"__name__":"ALERTS","alertname":"High","alertstate":"firing","namespace":"shop","pod":"cart-1","instance":"10.0.0.1:8080"}},"values":[{}]}}]}}}}"#,
        points.join(",")
    ))
}

const RULES: &str = r#"{"status":"success","data":{"groups":[{"name":"g","file":"f","rules":[
    {"name":"High","query":"x > 1","type":"alerting","duration":300,"labels":{"severity":"critical"}},
    {"name":"a:b","query":"sum(x)","type":"recording"}]}]}}"#;

#[test]
fn a_spell_is_whole_over_several_questions_and_its_rule_is_known() {
    let (fired, requests) = asked(|request| {
        if request.target.starts_with("/api/v1/rules") {
            Reply::json(RULES)
        } else {
            firing(request)
        }
    });
    assert_eq!((&fired.problem, &fired.rules_problem), (&None, &None));
    assert_eq!(fired.interval, Some(PlatformDuration::from_seconds(30)));
    let [alert] = fired.alerts.as_slice() else { panic!("{fired:?}") };
    assert_eq!(alert.name, "High");
    let [spell] = alert.spells.as_slice() else { panic!("{alert:?}") };
    assert_eq!((spell.from, spell.until), (at(3_600), at(239 * 30)));
    let [rule] = fired.rules.as_slice() else { panic!("{fired:?}") };
    assert_eq!(
        (rule.hold, rule.severity.as_deref()),
        (PlatformDuration::from_seconds(300), Some("critical"))
    );
    // Seven hours in windows of at most three.
    assert_eq!(requests.len(), 3 + 1);
    assert!(requests[0].target.contains("cluster"), "{:?}", requests[0]);
}

#[test]
fn a_server_without_alerts_and_rules_is_no_failure() {
    let (fired, _) = asked(|request| {
        if request.target.starts_with("/api/v1/rules") {
            return Reply::new("404 Not Found", "text/plain", "404 page not found");
        }
        nothing()
    });
    assert!(fired.alerts.is_empty() && fired.problem.is_none(), "{fired:?}");
    assert!(fired.rules_problem.unwrap().contains("404"));
}

#[test]
fn history_that_breaks_off_is_not_half_known() {
    let (fired, _) = asked(|request| {
        let early = request.target.contains("time=1700010");
        if early { firing(request) } else { Reply::new("403 Forbidden", "text/plain", "no") }
    });
    assert!(fired.alerts.is_empty(), "{fired:?}");
    assert!(fired.problem.unwrap().contains("403"));
}

#[test]
fn a_window_that_is_too_much_is_halved() {
    let (fired, requests) = asked(|request| {
        let hours = request.target.contains("10800000ms");
        if request.target.starts_with("/api/v1/rules") {
            Reply::json(RULES)
        } else if hours {
            let body = r#"{"status":"error","errorType":"execution","error":"too many samples"}"#;
            Reply::new("422 Unprocessable Entity", "application/json", body)
        } else {
            firing(request)
        }
    });
    assert_eq!(fired.alerts[0].spells.len(), 1, "{fired:?}");
    assert!(requests.len() > 5, "{}", requests.len());
}

//! The client of a metrics server against one that misbehaves in every way that is known.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use foresail_collect::prometheus::{
    Answer, Auth, Client, Limits, PrometheusError, Receive, Secret, Series, Settings, Steps,
};
use foresail_core::{PlatformDuration, Timestamp};

use crate::server::{Reply, Server};

const SERIES: &str = r#"{"status":"success","data":{"resultType":"matrix","result":[
    {"metric":{"__name__":"up","job":"a"},"values":[[1.5,"1"],[2.25,"NaN"],[3,"+Inf"],[4,"1e3"]]},
    {"metric":{"__name__":"up","job":"b"},"values":[[1,"0"]]}]},"warnings":["one store is slow"]}"#;

fn settings(url: &str) -> Settings {
    let limits = Limits {
        timeout: Duration::from_millis(500),
        backoff: Duration::from_millis(1),
        ..Limits::default()
    };
    Settings { url: url.to_owned(), limits, ..Settings::default() }
}

/// Asks for the series of `up`.
fn ask(settings: &Settings) -> Result<(Vec<Series>, Answer), PrometheusError> {
    let client = Client::new(settings)?;
    let mut series = Vec::new();
    let at = Timestamp::from_millis(10_000);
    let answer = block_on(client.instant("up[10s]", at, &mut series))?;
    Ok((series, answer))
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The error that an answer leads to.
fn error_of(reply: Reply) -> String {
    let server = Server::always(reply);
    let error = ask(&settings(&server.url)).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&server.url), "the error names the address: {text}");
    text
}

#[test]
fn series_come_with_their_labels_points_and_warnings() {
    let server = Server::always(Reply::json(SERIES));
    let (series, answer) = ask(&settings(&server.url)).unwrap();
    assert_eq!(series.len(), 2);
    assert_eq!(series[0].labels["job"], "a");
    let times: Vec<i64> = series[0].points.iter().map(|(at, _)| at.as_millis()).collect();
    assert_eq!(times, [1_500, 2_250, 3_000, 4_000]);
    assert!(series[0].points[1].1.is_nan() && series[0].points[2].1.is_infinite());
    assert_eq!((answer.taken, answer.warnings), (2, vec!["one store is slow".to_owned()]));
    let target = &server.requests()[0].target;
    assert!(target.starts_with("/api/v1/query?query=up%5B10s%5D&time=10.000&timeout="), "{target}");
}

#[test]
fn a_long_query_is_posted_as_a_form() {
    let server = Server::always(Reply::json(SERIES));
    let client = Client::new(&settings(&format!("{}/prom/", server.url))).unwrap();
    let query = format!("up{{pod=~\"{}\"}}", "name|".repeat(1_000));
    block_on(client.instant(&query, Timestamp::from_millis(0), &mut Vec::new())).unwrap();
    let request = &server.requests()[0];
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/prom/api/v1/query"));
    assert!(
        request.body.starts_with("query=up%7Bpod%3D%7E%22name%7Cname"),
        "{}",
        &request.body[..60]
    );
    assert!(request.head.contains("content-type: application/x-www-form-urlencoded"));
}

#[test]
fn credentials_and_headers_are_sent_and_a_token_file_is_read_again() {
    let server = Server::always(Reply::json(SERIES));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "first\n").unwrap();
    let mut given = settings(&server.url);
    given.headers = vec![("X-Scope-OrgID".to_owned(), Secret::new("team-a"))];
    given.auth = Auth::TokenFile(file.path().to_owned());
    let client = Client::new(&given).unwrap();
    let ask = || block_on(client.instant("up", Timestamp::default(), &mut Vec::new())).unwrap();
    ask();
    std::fs::write(file.path(), "second\n").unwrap();
    ask();
    given.auth = Auth::Basic { user: "me".to_owned(), password: Secret::new("secret") };
    super::prometheus::ask(&given).unwrap();
    let heads: Vec<String> = server.requests().into_iter().map(|request| request.head).collect();
    assert!(heads.iter().all(|head| head.contains("x-scope-orgid: team-a")), "{heads:?}");
    assert!(heads[0].contains("authorization: bearer first"));
    assert!(heads[1].contains("authorization: bearer second"));
    assert!(heads[2].contains("authorization: basic bwu6c2vjcmv0"));
    assert!(!format!("{given:?}").contains("secret"), "settings never print a secret");
}

#[test]
fn files_that_are_missing_or_no_certificate_are_named() {
    let mut given = settings("https://127.0.0.1:9");
    given.ca_file = Some("/nowhere/ca.pem".into());
    let error = Client::new(&given).unwrap_err().to_string();
    assert!(
        error.contains("/nowhere/ca.pem") && error.contains("certificate authority"),
        "{error}"
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----")
        .unwrap();
    given.ca_file = Some(file.path().to_owned());
    let error = Client::new(&given).unwrap_err().to_string();
    assert!(error.contains("certificate authority"), "{error}");
}

#[test]
fn busy_servers_are_asked_again_and_then_answer() {
    for busy in [
        Reply::new("503 Service Unavailable", "text/html", "<h1>busy</h1>"),
        Reply::new(
            "429 Too Many Requests",
            "application/json",
            r#"{"status":"error","errorType":"rate","error":"x"}"#,
        )
        .header("retry-after: 0"),
        Reply::json(&SERIES.as_bytes()[..150]),
        Reply::with_length("200 OK", "application/json", (&SERIES.as_bytes()[..190], 5_000)),
        Reply::json(SERIES).after(Duration::from_millis(700)),
    ] {
        let server =
            Server::start(move |_, n| if n < 2 { busy.clone() } else { Reply::json(SERIES) });
        let (series, answer) = ask(&settings(&server.url)).unwrap();
        // What came before the break is forgotten.
        assert_eq!((series.len(), answer.taken, server.requests().len()), (2, 2, 3));
    }
}

#[test]
fn asking_again_ends() {
    let server = Server::always(Reply::new("503 Service Unavailable", "text/plain", "no\nstore"));
    let error = ask(&settings(&server.url)).unwrap_err().to_string();
    assert!(error.ends_with("answered with status 503: no store"), "{error}");
    assert_eq!(server.requests().len(), 5);
}

#[test]
fn a_page_in_place_of_json_is_told_apart() {
    let page = "<!doctype html><title>Sign in</title>";
    let error = error_of(Reply::new("200 OK", "text/html; charset=utf-8", page));
    assert!(error.contains("text/html") && error.contains("<!doctype html>"), "{error}");
    let error = error_of(Reply::json(page));
    assert!(error.contains("instead of JSON"), "{error}");
    let error = error_of(Reply::new("200 OK", "text/plain", SERIES));
    assert!(error.contains("`text/plain` instead of JSON"), "{error}");
}

#[test]
fn half_an_answer_is_none() {
    let error = error_of(Reply::with_length(
        "200 OK",
        "application/json",
        (&SERIES.as_bytes()[..200], 9_999),
    ));
    assert!(error.contains("sent 200 bytes and then broke off"), "{error}");
    let error = error_of(Reply::json(&SERIES.as_bytes()[..200]));
    assert!(error.contains("ended in the middle"), "{error}");
    let error = error_of(Reply::json(""));
    assert!(error.contains("sent 0 bytes and then ended in the middle"), "{error}");
}

#[test]
fn refusals_say_what_to_mend() {
    let error = error_of(Reply::new("401 Unauthorized", "text/plain", "who are you"));
    assert!(error.contains("refused access with status 401: who are you"), "{error}");
    let error = error_of(Reply::new(
        "403 Forbidden",
        "application/json",
        r#"{"status":"error","error":"no tenant"}"#,
    ));
    assert!(error.contains("status 403: no tenant"), "{error}");
    let location = "location: https://me:secret@login.example/sign-in?token=secret";
    let error = error_of(Reply::new("302 Found", "text/html", "").header(location));
    assert!(
        error.contains("redirects with status 302 to `https://login.example/sign-in`"),
        "{error}"
    );
    let body = r#"{"status":"error","errorType":"bad_data","error":"parse error at char 3\u0007"}"#;
    let error = error_of(Reply::new("400 Bad Request", "application/json", body));
    assert!(error.contains("refused the query as `bad_data`: parse error at char 3"), "{error}");
    let error = error_of(Reply::json(body));
    assert!(error.contains("refused the query as `bad_data`"), "{error}");
    let error = error_of(Reply::new("404 Not Found", "text/plain", "404 page not found"));
    assert!(error.contains("status 404: 404 page not found"), "{error}");
}

#[test]
fn json_of_another_kind_is_refused() {
    assert!(error_of(Reply::json(r#"{"hello":"world"}"#)).contains("field `status`"));
    assert!(
        error_of(Reply::json(r#"{"status":"success","data":{"result":[]}}}"#))
            .contains("none of the API")
    );
    assert!(error_of(Reply::endless(b"{                    ", 30_000)).contains("too long"));
}

#[test]
fn an_unreachable_host_is_named_without_its_password() {
    let error = ask(&settings("http://me:hunter2@127.0.0.1:9/x")).unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(
        error.to_string().contains("failed to reach `http://127.0.0.1:9/x/api/v1/query up[10s]`"),
        "{error}"
    );
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_series_that_cannot_be_read_is_left_out_and_the_rest_goes_on() {
    let mut body =
        br#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"bad "#
            .to_vec();
    body.extend([0xff, 0xfe]);
    body.extend(
        br#" utf-8"},"value":[1,"1"]},{"metric":{"a":"b"},"value":[1,"one"]},{"metric":{"a":"h"},"histogram":[1,{}]},
        {"metric":{"a":"ok"},"value":[1,"2"]}]}}"#,
    );
    let server = Server::always(Reply::json(body));
    let (series, answer) = ask(&settings(&server.url)).unwrap();
    assert_eq!((series.len(), answer.malformed, answer.histograms), (1, 2, 1));
    assert!(answer.example.unwrap().contains("bad"));
}

#[test]
fn a_label_of_a_hundred_megabytes_takes_bounded_memory() {
    let open = br#"{"status":"success","data":{"result":[{"metric":{"a":""#;
    let mut reply = Reply::endless(open, 1);
    for _ in 0..100 {
        reply = reply.then(&vec![b'x'; 1 << 20]);
    }
    let reply = reply.then(br#""},"value":[1,"1"]},{"metric":{"a":"ok"},"value":[1,"2"]}]}}"#);
    let server = Server::always(reply);
    let mut given = settings(&server.url);
    given.limits.timeout = Duration::from_secs(30);
    let (series, answer) = ask(&given).unwrap();
    assert_eq!((series.len(), answer.too_long), (1, 1));
    assert!(answer.example.unwrap().len() < 300);
}

/// Counts and forgets.
#[derive(Default)]
struct Count(u64);

impl Receive<Series> for Count {
    fn restart(&mut self) {
        self.0 = 0;
    }

    fn take(&mut self, _: Series) -> ControlFlow<()> {
        self.0 += 1;
        ControlFlow::Continue(())
    }
}

#[test]
fn a_metric_with_a_million_series_ends_at_the_limit() {
    let piece = br#"{"metric":{"__name__":"m","pod":"0123456789"},"value":[1,"1"]},"#.repeat(1_000);
    let reply = Reply::endless(br#"{"status":"success","data":{"result":["#, 1);
    let reply = (0..1_000).fold(reply, |reply, _| reply.then(&piece));
    let server = Server::always(reply);
    let mut given = settings(&server.url);
    given.limits.timeout = Duration::from_secs(30);
    given.limits.series = 20_000;
    let client = Client::new(&given).unwrap();
    let mut count = Count::default();
    let error = block_on(client.instant("m", Timestamp::default(), &mut count)).unwrap_err();
    assert!(error.to_string().contains("sent more than 20000 series"), "{error}");
    assert!(error.asks_for_less());
    assert!(count.0 <= 20_001, "{}", count.0);
}

#[test]
fn names_labels_rules_and_versions_are_read() {
    let server = Server::start(|request, _| {
        Reply::json(match request.target.split('?').next().unwrap() {
            "/api/v1/label/__name__/values" => r#"{"status":"success","data":["up","a\u00e9"]}"#,
            "/api/v1/series" => r#"{"status":"success","data":[{"__name__":"up","job":"a"}]}"#,
            "/api/v1/rules" => {
                r#"{"status":"success","data":{"groups":[{"name":"g","file":"f","rules":[
                    {"name":"HighCpu","type":"alerting","query":"up == 0","duration":300,"labels":{"severity":"page"},"alerts":[]},
                    {"name":"r:x","type":"recording","query":"sum(up)"}]}]}}"#
            }
            "/api/v1/status/buildinfo" => {
                r#"{"status":"success","data":{"version":"2.42.0","revision":"x"}}"#
            }
            other => panic!("{other}"),
        })
    });
    let client = Client::new(&settings(&server.url)).unwrap();
    let span = (Timestamp::from_millis(0), Timestamp::from_millis(5_000));
    let mut names: Vec<String> = Vec::new();
    block_on(client.metric_names(Some("{job=\"a\"}"), span, &mut names)).unwrap();
    assert_eq!(names, ["up", "aé"]);
    let mut sets: Vec<BTreeMap<String, String>> = Vec::new();
    block_on(client.label_sets("up", span, &mut sets)).unwrap();
    assert_eq!(sets[0]["job"], "a");
    let mut groups = Vec::new();
    block_on(client.rules(&mut groups)).unwrap();
    assert_eq!(
        (groups[0].rules[0].hold_seconds, groups[0].rules[1].kind.as_str()),
        (300.0, "recording")
    );
    assert_eq!(block_on(client.build_info()).unwrap().version, "2.42.0");
}

#[test]
fn at_most_two_queries_are_under_way_at_once() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NOW: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let server = Server::start(|_, _| {
        let now = NOW.fetch_add(1, Ordering::SeqCst) + 1;
        MOST.fetch_max(now, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(50));
        NOW.fetch_sub(1, Ordering::SeqCst);
        Reply::json(SERIES)
    });
    let client = Client::new(&settings(&server.url)).unwrap();
    block_on(async {
        let one = || {
            let client = client.clone();
            async move { client.instant("up", Timestamp::default(), &mut Vec::new()).await.map(|_| ()) }
        };
        let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(one())).collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    });
    assert_eq!(MOST.load(Ordering::SeqCst), 2);
}

#[test]
fn a_span_is_cut_into_parts_of_at_most_11000_points() {
    let steps = Steps {
        start: Timestamp::from_millis(0),
        end: Timestamp::from_millis(86_400_000),
        step: PlatformDuration::from_seconds(5),
    };
    let parts = steps.parts(11_000);
    assert_eq!(parts.iter().map(Steps::points).sum::<i64>(), steps.points());
    assert!(parts.iter().all(|part| part.points() <= 11_000));
    assert_eq!(parts[1].start.since(parts[0].end), steps.step);
    let client = Client::new(&settings("http://127.0.0.1:9")).unwrap();
    let error = block_on(client.range("up", steps, &mut Vec::new())).unwrap_err();
    assert!(error.to_string().contains("17281 steps are more than 11000"), "{error}");
}

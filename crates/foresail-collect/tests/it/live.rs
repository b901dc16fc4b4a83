//! The collector of a running service against sources that misbehave in every way that is known.

pub(crate) mod pods;
mod scraped;
mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use foresail_collect::live::{
    CollectReport, Collector, CollectorSettings, PrometheusSettings, SeriesLimits, SourceState,
};
use foresail_collect::prometheus::{Limits, Settings};
use foresail_core::{Batch, PlatformDuration, Quantity, Timestamp};
use tokio::time::Instant;

use crate::server::{Reply, Server};
use pods::listed;
use world::{World, block_on, matrix};

pub(crate) const INTERVAL: i64 = 15;

/// A tick, in seconds after the start of time.
pub(crate) fn tick(number: i64) -> Timestamp {
    Timestamp::from_millis((1_700_000_010 + number * INTERVAL) * 1_000)
}

fn settings(url: &str) -> CollectorSettings {
    let limits = Limits {
        timeout: Duration::from_millis(300),
        backoff: Duration::from_millis(1),
        ..Limits::default()
    };
    let server = Settings { url: url.to_owned(), limits, ..Settings::default() };
    CollectorSettings {
        interval: PlatformDuration::from_seconds(INTERVAL),
        prometheus: Some(PrometheusSettings { server, selector: String::new() }),
        scraping: None,
        limits: SeriesLimits::default(),
    }
}

fn collector(url: &str) -> Collector {
    let mut collector = Collector::new(&settings(url)).unwrap();
    (0..3).for_each(|n| collector.observe(listed(&format!("web-{n}"), tick(0))));
    collector
}

fn times(batch: &Batch) -> Vec<i64> {
    let mut times: Vec<i64> =
        batch.samples.iter().map(|one| one.at.since(tick(0)).as_millis() / 1_000).collect();
    times.sort_unstable();
    times.dedup();
    times
}

fn state(report: &CollectReport) -> (SourceState, String) {
    let source = &report.sources[0];
    (source.state, source.reason.clone().unwrap_or_default())
}

/// The state that a server leads to which always answers so.
fn state_of(reply: Reply) -> (SourceState, String) {
    let server = Server::always(reply);
    let (batch, report) = block_on(collector(&server.url).batch(tick(1)));
    assert!(batch.samples.is_empty() && !batch.objects.is_empty(), "the rest goes on");
    state(&report)
}

#[test]
fn a_tick_holds_what_was_scraped_an_interval_and_two_seconds_ago() {
    let server = Server::start(|request, _| World::default().answer(request));
    let mut collector = collector(&server.url);
    let (batch, report) = block_on(collector.batch(tick(4)));
    assert_eq!(state(&report), (SourceState::Ok, String::new()));
    assert_eq!(times(&batch), [15, 30], "two scrapes before the start");
    assert_eq!(batch.entities.len(), 3);
    assert_eq!(report.families["container_memory_working_set_bytes"], 3);
    assert_eq!(report.scrape_interval, Some(PlatformDuration::from_seconds(INTERVAL)));
    assert!(report.missing.contains(&Quantity::NodeLoad));
    assert!(!report.missing.contains(&Quantity::MemoryWorkingSet));
    let (batch, _) = block_on(collector.batch(tick(5)));
    assert_eq!((times(&batch), batch.entities.len()), (vec![45], 0));
}

#[test]
fn what_an_outage_hid_comes_with_the_first_tick_after_it_in_order() {
    let down = Arc::new(AtomicBool::new(false));
    let is_down = Arc::clone(&down);
    let server = Server::start(move |request, _| {
        if is_down.load(Ordering::SeqCst) {
            return Reply::new("503 Service Unavailable", "text/html", "<h1>down</h1>");
        }
        World::default().answer(request)
    });
    let mut collector = collector(&server.url);
    block_on(collector.batch(tick(4)));
    down.store(true, Ordering::SeqCst);
    let before = server.requests().len();
    for number in 5..12 {
        let (batch, report) = block_on(collector.batch(tick(number)));
        assert!(batch.samples.is_empty());
        assert_eq!(state(&report).0, SourceState::Failed);
    }
    assert!(server.requests().len() - before < 12, "a dead server is left alone for a while");
    down.store(false, Ordering::SeqCst);
    let mut found = Vec::new();
    for number in 12..18 {
        found.extend(times(&block_on(collector.batch(tick(number))).0));
    }
    assert_eq!(found, (3..16).map(|n| n * INTERVAL).collect::<Vec<_>>());
}

#[test]
fn a_server_that_hangs_costs_a_tick_little_and_the_next_ones_nothing() {
    let slow = Reply::json("{}").after(Duration::from_secs(30));
    let server = Server::always(slow);
    let mut collector = collector(&server.url);
    let begun = Instant::now();
    let (_, report) = block_on(collector.batch(tick(1)));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let (found, reason) = state(&report);
    assert!(found == SourceState::Failed && reason.contains("did not answer"), "{reason}");
    let begun = Instant::now();
    block_on(collector.batch(tick(1) + PlatformDuration::from_seconds(1)));
    assert!(begun.elapsed() < Duration::from_millis(200));
}

#[test]
fn answers_that_are_none_are_a_state_with_a_reason() {
    for (reply, reason) in [
        (Reply::new("200 OK", "text/html", "<html>sign in</html>"), "instead of JSON"),
        (Reply::new("200 OK", "text/plain", "{}"), "instead of JSON"),
        (Reply::json(r#"{"status":"success","data":["a""#), "ended in the middle"),
        (Reply::with_length("200 OK", "application/json", (b"{\"s", 900)), "broke off"),
        (Reply::new("401 Unauthorized", "text/plain", "who"), "status 401"),
        (Reply::json(r#"{"status":"success","data":["up"]}"#), "none of the metric families"),
    ] {
        let (found, text) = state_of(reply);
        assert_eq!(found, SourceState::Failed);
        assert!(text.contains(reason), "{text}");
    }
    let (found, text) = {
        let mut collector = collector("http://127.0.0.1:9");
        state(&block_on(collector.batch(tick(1))).1)
    };
    assert!(found == SourceState::Failed && text.contains("failed to reach"), "{text}");
}

#[test]
fn half_an_answer_gives_no_half_sums() {
    let cut = Arc::new(AtomicBool::new(true));
    let is_cut = Arc::clone(&cut);
    let server = Server::start(move |request, _| {
        let world = World::default();
        if is_cut.load(Ordering::SeqCst) && world.asks_for_samples(request) {
            let whole = matrix(&world.series(request));
            let length = whole.len();
            return Reply::with_length(
                "200 OK",
                "application/json",
                (&whole.as_bytes()[..length - 90], length),
            );
        }
        world.answer(request)
    });
    let mut collector = collector(&server.url);
    let (batch, report) = block_on(collector.batch(tick(4)));
    assert!(batch.samples.is_empty());
    assert!(state(&report).1.contains("broke off"), "{:?}", report.sources);
    cut.store(false, Ordering::SeqCst);
    let (batch, _) = block_on(collector.batch(tick(6)));
    assert_eq!(times(&batch), [15, 30, 45, 60]);
    assert_eq!(batch.samples.len(), 4 * 3);
}

#[test]
fn samples_of_a_wrong_clock_are_counted_and_never_kept() {
    let skewed = World { skew_seconds: 900, ..World::default() };
    let server = Server::start(move |request, _| skewed.answer(request));
    let (batch, report) = block_on(collector(&server.url).batch(tick(4)));
    assert!(batch.samples.is_empty());
    assert_eq!(report.losses.wrong_clock, 6, "{:?}", report.losses);
    assert_eq!(report.held.pending, 0);
    let behind = World { skew_seconds: -40, ..World::default() };
    let server = Server::start(move |request, _| behind.answer(request));
    let (_, report) = block_on(collector(&server.url).batch(tick(4)));
    let lag = report.sources[0].lag.unwrap().as_seconds();
    assert!((40.0..60.0).contains(&lag), "{lag}");
}

#[test]
fn samples_that_are_stored_late_are_waited_for() {
    // A queue in front of the store holds everything back for a minute.
    let now = Arc::new(AtomicI64::new(0));
    let clock = Arc::clone(&now);
    let server = Server::start(move |request, _| {
        let world = World::default();
        if !world.asks_for_samples(request) {
            return world.answer(request);
        }
        let stored = clock.load(Ordering::SeqCst) - 60;
        let mut series = world.series(request);
        series.iter_mut().for_each(|(_, points)| points.retain(|at| *at <= stored));
        series.retain(|(_, points)| !points.is_empty());
        Reply::json(matrix(&series))
    });
    let mut collector = collector(&server.url);
    let mut found = Vec::new();
    for number in 4..40 {
        now.store(tick(number).as_millis() / 1_000, Ordering::SeqCst);
        found.extend(times(&block_on(collector.batch(tick(number))).0));
    }
    let last = found.last().copied().unwrap();
    assert!(last >= tick(35).since(tick(0)).as_millis() / 1_000, "{found:?}");
    assert!(found.windows(2).all(|pair| pair[1] - pair[0] == INTERVAL), "{found:?}");
}

#[test]
fn unreadable_series_are_left_out_and_the_rest_comes() {
    let server = Server::start(|request, _| {
        let world = World::default();
        if !world.asks_for_samples(request) {
            return world.answer(request);
        }
        let whole = matrix(&world.series(request));
        let (head, tail) = whole.split_once("\"result\":[").unwrap();
        let mut body = format!("{head}\"result\":[").into_bytes();
        body.extend(b"{\"metric\":{\"__name__\":\"container_memory_working_set_bytes\",\"pod\":\"\xff\"},\"values\":[[1,\"1\"]]},");
        let long = "x".repeat(3 << 20);
        body.extend(
            format!("{{\"metric\":{{\"a\":\"{long}\"}},\"values\":[[1,\"1\"]]}},{tail}").bytes(),
        );
        Reply::json(body)
    });
    let (batch, report) = block_on(collector(&server.url).batch(tick(4)));
    assert_eq!(batch.samples.len(), 6);
    let source = &report.sources[0];
    assert_eq!((source.state, source.left_out), (SourceState::Degraded, 2));
}

#[test]
fn a_label_of_a_hundred_megabytes_is_passed_over() {
    let server = Server::start(|request, _| {
        let world = World::default();
        if !world.asks_for_samples(request) {
            return world.answer(request);
        }
        let piece = vec![b'x'; 1 << 20];
        let mut reply = Reply::endless(b"", 0).then(
            br#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":""#,
        );
        for _ in 0..100 {
            reply = reply.then(&piece);
        }
        let whole = matrix(&world.series(request));
        let (_, tail) = whole.split_once("\"result\":[").unwrap();
        reply.then(format!("\"}},\"values\":[[1,\"1\"]]}},{tail}").as_bytes())
    });
    let (batch, report) = block_on(collector(&server.url).batch(tick(4)));
    assert_eq!(batch.samples.len(), 6, "{:?}", report.sources);
    assert_eq!(report.sources[0].left_out, 1);
}

#[test]
fn of_too_many_series_the_first_are_kept_and_the_rest_is_told() {
    let server =
        Server::start(|request, _| World { pods: 3_000, ..World::default() }.answer(request));
    let mut given = settings(&server.url);
    given.limits = SeriesLimits { per_family: 1_000, total: 1_500 };
    let mut collector = Collector::new(&given).unwrap();
    (0..3_000).for_each(|n| collector.observe(listed(&format!("web-{n}"), tick(0))));
    let (batch, report) = block_on(collector.batch(tick(4)));
    assert_eq!(batch.samples.len(), 2 * 1_000);
    assert_eq!(report.held.series, 1_000);
    let (found, reason) = state(&report);
    assert!(found == SourceState::Degraded && reason.contains("more than 1000 series"), "{reason}");
}

#[test]
fn pods_that_nobody_knows_give_nothing_until_they_are_known() {
    let server = Server::start(|request, _| World { pods: 4, ..World::default() }.answer(request));
    let mut collector = collector(&server.url);
    let (batch, report) = block_on(collector.batch(tick(4)));
    assert_eq!((batch.samples.len(), report.losses.unknown_pod), (6, 2));
    collector.observe(listed("web-3", tick(5)));
    let (batch, _) = block_on(collector.batch(tick(5)));
    assert_eq!((batch.samples.len(), batch.entities.len()), (4, 1));
}

//! A small recording made by hand, for tests: ticks every 5 s at scale 10, so that a production
//! minute is 6 s, `L_min` of an OOM kill 60 s and `H_max` 600 s.

use foresail_collect::{Episode, EpisodeClass};
use foresail_core::{
    FailureKind, Outcome, PlatformDuration, TimeScale, Timestamp, Unit, WorkloadId, WorkloadKind,
};
use foresail_engine::Settings;

use crate::incident::Ground;
use crate::matching::{Judgement, Raised, judge};
use crate::summary::{Frame, Summary};
use crate::trace::{Trace, UnitIndex};

/// Seconds after the start.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis((1_000_000 + seconds) * 1_000)
}

pub(crate) fn unit(name: &str) -> Unit {
    Unit::Workload(WorkloadId {
        namespace: "shop".to_owned(),
        kind: WorkloadKind::Deployment,
        name: name.to_owned(),
    })
}

/// One pod of `cart` (unit 0) and one of `search` (unit 1) for `seconds`.
pub(crate) fn trace(seconds: i64) -> Trace {
    let settings = Settings {
        cluster: "test".to_owned(),
        time_scale: TimeScale::try_from(10.0).unwrap(),
        scrape_interval: PlatformDuration::from_seconds(5),
    };
    let mut trace = Trace::new(settings, &[crate::replay::ENGINE.to_owned()]);
    trace.started_at = at(0);
    trace.pods = 2;
    for second in (0..seconds).step_by(5) {
        trace.ticks.push(at(second));
        for name in ["cart", "search"] {
            let unit = trace.unit(&unit(name));
            trace.note_presence(unit, 1);
        }
        trace.note_scores(0, &[]);
        trace.engine.push(Vec::new());
    }
    trace
}

pub(crate) fn outcome(name: &str, kind: FailureKind, second: i64, incident: u32) -> Outcome {
    Outcome {
        occurred_at: at(second),
        settled_at: at(second + 1),
        recovered_at: Some(at(second + 10)),
        kind,
        unit: unit(name),
        pod: None,
        node: None,
        incident,
        primary: true,
        facts: Vec::new(),
    }
}

pub(crate) fn episode(name: &str, kind: &str, from: i64, to: i64) -> Episode {
    Episode {
        id: format!("{name}-{kind}-{from}"),
        class: EpisodeClass::Fault,
        observed_class: None,
        kind: kind.to_owned(),
        signature: None,
        scope: None,
        namespace: "shop".to_owned(),
        workload: name.to_owned(),
        pods: Vec::new(),
        start: at(from),
        end: Some(at(to)),
        planned_end: None,
        slow: None,
        warn: None,
        failed_at: None,
        failed_as: None,
        undone_at: None,
        undone_before_failure: None,
        resolution: None,
    }
}

pub(crate) fn benign(name: &str, from: i64, to: i64) -> Episode {
    Episode { class: EpisodeClass::Benign, ..episode(name, "cache_grow", from, to) }
}

/// One reachable OOM kill of `cart` at 1,500 s after a leak from 600 s on.
pub(crate) fn leak() -> Ground {
    let mut trace = trace(3_000);
    trace.outcomes = vec![outcome("cart", FailureKind::OomKilled, 1_500, 0)];
    Ground::new(&trace, Some(&[episode("cart", "mem_leak", 600, 1_510)]))
}

/// An alarm for an OOM kill with the longest horizon.
pub(crate) fn alarm(unit: u32, from: i64, to: Option<i64>) -> Raised {
    Raised {
        unit: UnitIndex(unit),
        kind: FailureKind::OomKilled,
        at: at(from),
        cleared_at: to.map(at),
        horizon: PlatformDuration::from_seconds(600),
    }
}

pub(crate) fn judged(ground: &Ground, alarms: &[Raised]) -> (Judgement, Frame, Summary) {
    let judgement = judge(ground, alarms);
    let frame = Frame::new(ground);
    let summary = Summary::new(ground, &frame, &judgement);
    (judgement, frame, summary)
}

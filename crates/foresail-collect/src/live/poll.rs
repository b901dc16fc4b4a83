//! Asks a metrics server for the raw samples since the last ones, tick by tick.
//!
//! ```text
//!  every 10 min: which families are there ──> groups of families
//!  every tick:   group: {__name__=~"a|b"}[since the last answer + overlap] ──> staged ──> accepted
//!                                                            whole or not at all
//! ```
//! The overlap is as long as samples are late here (a queue in front of the store, an exporter's own
//! stamps). What a group missed is asked for again, the oldest first, up to two hours back. A server that does
//! not answer is left alone for a growing while, so that ticks stay on time.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use foresail_core::{PlatformDuration, Timestamp};
use futures_util::future::join_all;
use tokio::time::timeout;

use super::assembler::{Assembler, SeriesLimits, Staged};
use super::discovery::{Found, Group, among, discover};
use super::status::{SourceKind, SourceReport, SourceState};
use crate::prometheus::{Client, PrometheusError, Receive, Series, Settings};

/// Between two looks for what the server has.
const DISCOVER_EVERY: PlatformDuration = PlatformDuration::from_seconds(600);

/// Before a discovery that failed is tried again.
const DISCOVER_AGAIN: PlatformDuration = PlatformDuration::from_seconds(30);

/// What was missed longer ago stays missed: the engine's longest window.
const CATCH_UP: PlatformDuration = PlatformDuration::from_seconds(2 * 3_600);

/// Samples of one query, and of what is fetched ahead: 24 bytes each until their tick.
const SAMPLES_A_QUERY: f64 = 1_000_000.0;

/// The least time that a tick waits for the server.
const LEAST_BUDGET: Duration = Duration::from_secs(10);

/// The most that samples may be late and still be had.
const LONGEST_OVERLAP: PlatformDuration = PlatformDuration::from_seconds(600);

/// The longest that a server is left alone.
const LONGEST_REST: PlatformDuration = PlatformDuration::from_seconds(60);

/// Reads a Prometheus-compatible API.
#[derive(Debug)]
pub(super) struct PrometheusSource {
    client: Client,
    selector: String,
    interval: PlatformDuration,
    limits: SeriesLimits,
    found: Found,
    discover_at: Timestamp,
    discovery_problem: Option<String>,
    /// Up to when each family was had.
    had: BTreeMap<&'static str, Timestamp>,
    /// How far back each group is asked for again, by its first family.
    overlaps: BTreeMap<&'static str, PlatformDuration>,
    rest_until: Timestamp,
    rests: u32,
}

/// What one group brought.
struct Fetched {
    to: Timestamp,
    samples: u64,
    left_out: u64,
    newest: Option<Timestamp>,
    error: Option<PrometheusError>,
    note: Option<String>,
}

/// Stages the series of an answer.
struct Intake<'a> {
    assembler: &'a Mutex<Assembler>,
    staged: Staged,
    newest: Option<Timestamp>,
    left: usize,
}

// === impl Intake ===

impl Receive<Series> for Intake<'_> {
    fn restart(&mut self) {
        self.staged = Staged::default();
    }

    fn take(&mut self, series: Series) -> ControlFlow<()> {
        let Some(family) = series.labels.get("__name__") else {
            return ControlFlow::Continue(());
        };
        if self.left == 0 {
            return ControlFlow::Break(());
        }
        self.left -= 1;
        self.newest = self.newest.max(series.points.last().map(|point| point.0));
        let mut assembler = self.assembler.lock().unwrap_or_else(PoisonError::into_inner);
        assembler.stage((family, &series.labels), series.points, &mut self.staged);
        ControlFlow::Continue(())
    }
}

// === impl PrometheusSource ===

impl PrometheusSource {
    /// Checks the settings; nothing is asked yet.
    pub(super) fn new(
        settings: &Settings,
        selector: &str,
        (interval, limits): (PlatformDuration, SeriesLimits),
    ) -> Result<Self, PrometheusError> {
        let mut settings = settings.clone();
        // A tick cannot wait for ever: what does not come now comes with the next one.
        settings.limits.timeout = settings.limits.timeout.min(budget(interval));
        settings.limits.retries = settings.limits.retries.min(1);
        settings.limits.series = limits.total as u64;
        Ok(Self {
            client: Client::new(&settings)?,
            selector: selector.trim().to_owned(),
            interval,
            limits,
            found: Found::default(),
            discover_at: Timestamp::from_millis(i64::MIN),
            discovery_problem: None,
            had: BTreeMap::new(),
            overlaps: BTreeMap::new(),
            rest_until: Timestamp::from_millis(i64::MIN),
            rests: 0,
        })
    }

    pub(super) const fn found(&self) -> &Found {
        &self.found
    }

    /// Begins at `from` with every family: nothing before it is asked for.
    pub(super) fn begin_at(&mut self, from: Timestamp) {
        self.discover_at = Timestamp::from_millis(i64::MIN);
        self.had.clear();
        self.had.insert("", from);
    }

    /// Up to when everything was had.
    pub(super) fn had_to(&self) -> Option<Timestamp> {
        self.found.series.keys().map(|family| self.had.get(family).copied()).min().flatten()
    }

    /// How much may be fetched at once, and ahead of its tick: little before it is known how much
    /// there is.
    pub(super) fn stride(&self) -> PlatformDuration {
        let two = self.interval + self.interval;
        match self.found.series.values().sum() {
            0 => two,
            series => self.window(series).max(two),
        }
    }

    fn window(&self, series: u64) -> PlatformDuration {
        let scrapes = SAMPLES_A_QUERY / (series.max(1) as f64);
        let step = self.found.scrape_interval.unwrap_or(self.interval).min(self.interval);
        let points = f64::from(self.client.limits().points) * 0.9;
        let scrapes = scrapes.clamp(2.0, points);
        PlatformDuration::from_seconds_f64((scrapes * step.as_seconds()).min(3_600.0))
    }

    /// Asks for everything up to `to` that was not had yet. `now` is for looking what is there.
    pub(super) async fn poll(
        &mut self,
        assembler: &Mutex<Assembler>,
        to: Timestamp,
        now: Timestamp,
    ) -> SourceReport {
        let mut report = SourceReport::new(SourceKind::Prometheus, self.client.base());
        if now < self.rest_until {
            report.problem(SourceState::Failed, "it did not answer and is left alone for a while");
            report.complete_to = self.had_to();
            return report;
        }
        let budget = budget(self.interval);
        if timeout(budget, self.look(to, now)).await.is_err() {
            let seconds = budget.as_secs();
            self.discovery_problem = Some(format!("discovery took more than {seconds} s"));
            self.discover_at = now + DISCOVER_AGAIN;
        }
        if let Some(problem) = &self.discovery_problem {
            report.problem(self.worst(), problem.clone());
        }
        if !self.found.groups.is_empty() {
            let mut groups = std::mem::take(&mut self.found.groups);
            // Where time is short, it is not always the same that come too late.
            groups.rotate_left(1);
            let asked = groups.iter().map(|group| self.fetch(assembler, group, to));
            let fetched = join_all(asked).await;
            let newest = fetched.iter().filter_map(|fetched| fetched.newest).max();
            report.lag = newest.map(|newest| to.since(newest));
            for (group, fetched) in groups.iter().zip(fetched) {
                self.note(group, fetched, &mut report);
            }
            self.found.groups = groups;
        }
        report.complete_to = self.had_to();
        self.rest(now, &mut report);
        report
    }

    /// Nothing is known yet, or something is.
    fn worst(&self) -> SourceState {
        if self.found.groups.is_empty() { SourceState::Failed } else { SourceState::Degraded }
    }

    async fn look(&mut self, to: Timestamp, now: Timestamp) {
        if now < self.discover_at {
            return;
        }
        match discover(&self.client, &self.selector, now).await {
            Ok(found) => {
                self.discover_at = now + DISCOVER_EVERY;
                self.discovery_problem = found.series.is_empty().then(|| {
                    "it has none of the metric families that are read: is the selector right?"
                        .to_owned()
                });
                let begin = self.had.get("").copied();
                let begin = begin.unwrap_or(to - self.interval);
                for family in found.series.keys() {
                    self.had.entry(family).or_insert(begin);
                }
                // Families that come later have no past that matters.
                self.had.insert("", to);
                self.found = found;
            }
            Err(error) => {
                self.discover_at = now + DISCOVER_AGAIN;
                self.discovery_problem = Some(shown(&error));
            }
        }
    }

    /// Fetches a group window by window until `to`, within the time of a tick.
    async fn fetch(&self, assembler: &Mutex<Assembler>, group: &Group, to: Timestamp) -> Fetched {
        let begin = group.iter().filter_map(|family| self.had.get(family).copied()).min();
        let mut from = begin.unwrap_or(to - self.interval).max(to - CATCH_UP);
        let to = to.min(from + self.stride());
        let mut fetched =
            Fetched { to: from, samples: 0, left_out: 0, newest: None, error: None, note: None };
        let series: u64 = group.iter().filter_map(|family| self.found.series.get(family)).sum();
        let window = self.window(series);
        let all = async {
            while from < to {
                let until = (from + window).min(to);
                match self.window_of((assembler, group), (from, until), &mut fetched).await {
                    Ok(()) => (from, fetched.to) = (until, until),
                    Err(error) => {
                        fetched.error = Some(error);
                        break;
                    }
                }
            }
        };
        if timeout(budget(self.interval), all).await.is_err() && fetched.error.is_none() {
            let after = budget(self.interval);
            let url = format!("{} {}…", self.client.base(), group.first().unwrap_or(&""));
            fetched.error = Some(PrometheusError::TimedOut { url, after });
        }
        fetched
    }

    async fn window_of(
        &self,
        (assembler, group): (&Mutex<Assembler>, &Group),
        (from, until): (Timestamp, Timestamp),
        fetched: &mut Fetched,
    ) -> Result<(), PrometheusError> {
        // What came late is taken now, the rest is known and passed over.
        let length = until.since(from) + self.overlap(group);
        let query = format!("{}[{}ms]", among(group, &self.selector), length.as_millis().max(1));
        let most = self.limits.per_family.saturating_mul(group.len());
        let staged = Staged::default();
        let mut intake = Intake { assembler, staged, newest: None, left: most };
        let answer = self.client.instant(&query, until, &mut intake).await?;
        let mut assembler = assembler.lock().unwrap_or_else(PoisonError::into_inner);
        fetched.samples += assembler.accept(intake.staged, until);
        fetched.newest = fetched.newest.max(intake.newest);
        fetched.left_out += answer.too_long + answer.malformed;
        if intake.left == 0 {
            let name = group.first().unwrap_or(&"");
            fetched.note =
                Some(format!("`{name}` has more than {most} series; the rest is left out"));
        } else if let Some(example) = answer.example {
            fetched.note = Some(format!("series left out, such as {example}"));
        } else if answer.histograms > 0 {
            fetched.note = Some("native histograms are not read: keep the classic ones too".into());
        } else {
            fetched.note = fetched.note.take().or_else(|| answer.warnings.into_iter().next());
        }
        Ok(())
    }

    fn overlap(&self, group: &Group) -> PlatformDuration {
        let known = group.first().and_then(|first| self.overlaps.get(first));
        known.copied().unwrap_or(self.interval)
    }

    fn note(&mut self, group: &Group, fetched: Fetched, report: &mut SourceReport) {
        if let Some(first) = group.first().filter(|_| fetched.error.is_none()) {
            let overlap = match fetched.newest {
                Some(newest) => fetched.to.since(newest) + self.interval,
                // Nothing came: it may be later still.
                None => self.overlap(group) + self.overlap(group),
            };
            self.overlaps.insert(first, overlap.max(self.interval).min(LONGEST_OVERLAP));
        }
        for family in group {
            self.had.insert(family, fetched.to);
        }
        report.samples += fetched.samples;
        report.left_out += fetched.left_out;
        match (fetched.error, fetched.note) {
            (Some(error), _) => report.problem(SourceState::Degraded, shown(&error)),
            (None, Some(note)) => report.problem(SourceState::Degraded, note),
            (None, None) => {}
        }
    }

    /// A server that gives nothing is asked less and less often.
    fn rest(&mut self, now: Timestamp, report: &mut SourceReport) {
        let silent = report.state != SourceState::Ok && report.samples == 0 && report.lag.is_none();
        if !silent {
            self.rests = 0;
            return;
        }
        report.state = SourceState::Failed;
        let pause = PlatformDuration::from_millis(self.interval.as_millis() << self.rests.min(6));
        self.rests += 1;
        self.rest_until = now + pause.min(LONGEST_REST);
    }
}

/// How long a tick waits for the server.
fn budget(interval: PlatformDuration) -> Duration {
    Duration::from_millis((interval.as_millis() * 4 / 5).max(0) as u64).max(LEAST_BUDGET)
}

/// The error with what caused it.
fn shown(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

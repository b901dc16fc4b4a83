//! How the sources are, in the shapes of the API.

use std::collections::BTreeMap;

use foresail_api::{SourceState, SourceStatus};
use foresail_collect::kubernetes::{WatchState, WatchStatus};
use foresail_collect::live::{self, CollectReport, SourceReport};
use foresail_core::Timestamp;

/// Without these nothing can be said.
const ESSENTIAL: [&str; 1] = ["pods"];
/// Problems that one reason names; the rest is counted.
const NAMED: usize = 3;

/// All watches as one source.
pub(super) fn kubernetes(watches: &[WatchStatus], at: Timestamp) -> SourceStatus {
    let broken = |watch: &&WatchStatus| match watch.state {
        WatchState::Watching | WatchState::NotInstalled => false,
        WatchState::Starting | WatchState::Retrying | WatchState::Forbidden => true,
    };
    let bad: Vec<&WatchStatus> = watches.iter().filter(broken).collect();
    let essential = bad.iter().any(|watch| ESSENTIAL.contains(&watch.resource));
    let starting = bad.iter().any(|watch| watch.state == WatchState::Starting);
    let state = match (bad.is_empty(), essential, starting) {
        (true, ..) => SourceState::Ok,
        (false, true, true) => SourceState::Starting,
        (false, true, false) => SourceState::Down,
        (false, false, _) => SourceState::Degraded,
    };
    let problems = bad.iter().map(|watch| {
        let reason = watch.error.as_deref().unwrap_or(watch.state.as_str());
        format!("{}: {reason}", watch.resource)
    });
    // Watches are quiet where nothing happens: only the newest word counts.
    let newest = watches.iter().filter_map(|watch| watch.last_seen).max();
    SourceStatus {
        name: "kubernetes".to_owned(),
        state,
        reason: reasons(problems),
        lag_seconds: newest.map(|newest| at.since(newest).as_seconds().max(0.0)),
        failures: 0,
    }
}

/// A source for each kind of server that gives samples.
pub(super) fn metrics(report: &CollectReport) -> Vec<SourceStatus> {
    let mut by_kind: BTreeMap<&str, Vec<&SourceReport>> = BTreeMap::new();
    for source in &report.sources {
        by_kind.entry(source.kind.as_str()).or_default().push(source);
    }
    by_kind.into_iter().map(|(kind, sources)| of_kind(kind, &sources)).collect()
}

fn of_kind(kind: &str, sources: &[&SourceReport]) -> SourceStatus {
    let failed = |source: &&&SourceReport| source.state == live::SourceState::Failed;
    let well = |source: &&SourceReport| source.state == live::SourceState::Ok;
    let state = if sources.iter().all(well) {
        SourceState::Ok
    } else if sources.iter().filter(failed).count() == sources.len() {
        SourceState::Down
    } else {
        SourceState::Degraded
    };
    let problems = sources.iter().filter_map(|source| {
        let reason = source.reason.as_deref()?;
        Some(format!("{}: {reason}", source.name))
    });
    let lag = sources.iter().filter_map(|source| source.lag).max();
    SourceStatus {
        name: kind.to_owned(),
        state,
        reason: reasons(problems),
        lag_seconds: lag.map(|lag| lag.as_seconds()),
        failures: 0,
    }
}

/// Some of the problems in one text; what they say is untrusted.
fn reasons(problems: impl Iterator<Item = String>) -> Option<String> {
    let problems: Vec<String> = problems.collect();
    let rest = problems.len().saturating_sub(NAMED);
    let named = problems.into_iter().take(NAMED).collect::<Vec<_>>().join("; ");
    let more = if rest > 0 { format!("; and {rest} more") } else { String::new() };
    (!named.is_empty()).then(|| format!("{named}{more}").replace(char::is_control, " "))
}

/// Counts how often a source was down.
pub(super) fn count(source: &mut SourceStatus, failures: &mut BTreeMap<String, u64>) {
    let count = failures.entry(source.name.clone()).or_default();
    *count += u64::from(source.state == SourceState::Down);
    source.failures = *count;
}

/// What was left out, by reason.
pub(super) fn skipped(report: &CollectReport) -> Vec<(String, u64)> {
    let left_out: u64 = report.sources.iter().map(|source| source.left_out).sum();
    let counts = [("series_left_out", left_out), ("log_lines", report.log_lines_dropped)];
    let some = counts.into_iter().filter(|(_, count)| *count > 0);
    some.map(|(reason, count)| (reason.to_owned(), count)).collect()
}

//! Series of kube-state-metrics as runs of one value: what an object showed, from when to when.
//!
//! A run ends where the value changes, where "one of several" turns 0, or where the series is
//! missing from a scrape that was made. Where nothing was scraped, nothing is known to have ended.

use std::collections::{BTreeMap, BTreeSet};

use foresail_core::{PlatformDuration, Timestamp};

use super::catalogue::is_one_of_several;
use crate::resolve::Labels;

/// A value and the first and last scrape that showed it, in milliseconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Run {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) value: f64,
}

/// One series of an object.
#[derive(Clone, Debug)]
pub(super) struct ObjectSeries {
    pub(super) family: &'static str,
    pub(super) labels: Labels,
    /// In order of time, without overlap.
    pub(super) runs: Vec<Run>,
    /// The last run may not be continued.
    is_cut: bool,
}

/// All series from which objects are put together.
#[derive(Debug, Default)]
pub(super) struct ObjectStore {
    /// By family and labels as text.
    series: BTreeMap<(&'static str, String), ObjectSeries>,
    scrapes: BTreeSet<i64>,
    /// Longest time between two scrapes that follow each other, in milliseconds.
    longest_step: i64,
}

/// When kube-state-metrics was scraped, in milliseconds since the epoch.
#[derive(Clone, Debug, Default)]
pub(super) struct Scrapes(Vec<i64>);

// === impl ObjectSeries ===

impl ObjectSeries {
    /// The run that holds at `at`.
    pub(super) fn at(&self, at: i64) -> Option<Run> {
        let after = self.runs.partition_point(|run| run.from <= at);
        let run = self.runs.get(after.checked_sub(1)?)?;
        (at <= run.to).then_some(*run)
    }

    fn add(&mut self, (at, value): (i64, f64), longest_step: i64) {
        match self.runs.last_mut() {
            Some(last) if at <= last.to => {}
            Some(last) if last.value == value && !self.is_cut && at - last.to <= longest_step => {
                last.to = at;
            }
            Some(_) | None => self.runs.push(Run { from: at, to: at, value }),
        }
        self.is_cut = false;
    }

    /// Joins runs between which nothing was scraped.
    fn mend(&mut self, scrapes: &Scrapes) {
        let mut mended: Vec<Run> = Vec::with_capacity(self.runs.len());
        for run in self.runs.drain(..) {
            match mended.last_mut() {
                Some(last)
                    if last.value == run.value
                        && scrapes.after(last.to).is_none_or(|next| next >= run.from) =>
                {
                    last.to = run.to;
                }
                Some(_) | None => mended.push(run),
            }
        }
        self.runs = mended;
    }
}

// === impl Scrapes ===

impl Scrapes {
    pub(super) fn first(&self) -> Option<i64> {
        self.0.first().copied()
    }

    /// The first scrape after `at`.
    pub(super) fn after(&self, at: i64) -> Option<i64> {
        self.0.get(self.0.partition_point(|scrape| *scrape <= at)).copied()
    }

    pub(super) fn before(&self, at: i64) -> Option<i64> {
        self.0.get(self.0.partition_point(|scrape| *scrape < at).checked_sub(1)?).copied()
    }
}

// === impl ObjectStore ===

impl ObjectStore {
    pub(super) fn new(interval: PlatformDuration) -> Self {
        Self { longest_step: interval.as_millis() * 3 / 2, ..Self::default() }
    }

    /// Takes points of a series, the oldest first; later calls hold later points.
    pub(super) fn add(
        &mut self,
        family: &'static str,
        (identity, labels): (&str, &Labels),
        points: &[(Timestamp, f64)],
    ) {
        if matches!(family, "kube_pod_info" | "kube_node_info") {
            self.scrapes.extend(points.iter().map(|(at, _)| at.as_millis()));
        }
        let one_of_several = is_one_of_several(family);
        let key = (family, identity.to_owned());
        for (at, value) in points.iter().filter(|(_, value)| value.is_finite()) {
            if one_of_several && *value == 0.0 {
                if let Some(known) = self.series.get_mut(&key) {
                    known.is_cut = true;
                }
                continue;
            }
            let known = self.series.entry(key.clone()).or_insert_with(|| ObjectSeries {
                family,
                labels: labels.clone(),
                runs: Vec::new(),
                is_cut: false,
            });
            known.add((at.as_millis(), *value), self.longest_step);
        }
    }

    /// All series, and when there were scrapes.
    pub(super) fn finish(self) -> (Vec<ObjectSeries>, Scrapes) {
        let scrapes = Scrapes(self.scrapes.into_iter().collect());
        let mut series: Vec<ObjectSeries> = self.series.into_values().collect();
        for one in &mut series {
            if !is_one_of_several(one.family) {
                one.mend(&scrapes);
            }
        }
        (series, scrapes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(family: &'static str, points: &[(i64, f64)]) -> Vec<(i64, i64, f64)> {
        let mut store = ObjectStore::new(PlatformDuration::from_seconds(5));
        let clock: Vec<_> = (0..8)
            .map(|n| n * 5_000)
            .filter(|at| *at != 20_000)
            .map(|at| (Timestamp::from_millis(at), 1.0))
            .collect();
        store.add("kube_node_info", ("", &Labels::default()), &clock);
        let points: Vec<_> =
            points.iter().map(|(at, value)| (Timestamp::from_millis(at * 1_000), *value)).collect();
        store.add(family, ("x", &Labels::default()), &points);
        let (series, _) = store.finish();
        let found = series.iter().find(|one| one.family == family);
        found
            .into_iter()
            .flat_map(|one| &one.runs)
            .map(|run| (run.from, run.to, run.value))
            .collect()
    }

    #[test]
    fn a_scrape_without_the_series_ends_its_run_and_a_missed_scrape_does_not() {
        let family = "kube_pod_created";
        assert_eq!(
            runs(family, &[(0, 7.0), (5, 7.0), (15, 7.0), (25, 7.0)]),
            [(0, 5_000, 7.0), (15_000, 25_000, 7.0)]
        );
    }

    #[test]
    fn one_of_several_ends_where_it_turns_0() {
        let family = "kube_pod_status_ready";
        assert_eq!(
            runs(family, &[(0, 0.0), (5, 1.0), (10, 0.0), (15, 1.0)]),
            [(5_000, 5_000, 1.0), (15_000, 15_000, 1.0)]
        );
    }
}

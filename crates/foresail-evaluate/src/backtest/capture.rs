//! Every level with a limit, as it was seen while the shown recording was judged.

use std::collections::BTreeMap;

use foresail_core::{Batch, PlatformDuration, Quantity, TimeScale, Timestamp, Unit};
use foresail_engine::State;

use crate::baseline::Tracks;
use crate::result::{LevelSeries, SeriesPoint};

/// Series shown on one timeline.
const MOST_SERIES: usize = 3;
/// A hole in a series wider than so many scrapes is a gap.
const GAP_SCRAPES: i64 = 4;

/// Every level with a limit, as it was seen, per unit.
pub(super) struct Capture {
    tracks: Tracks,
    series: BTreeMap<(Unit, String, Quantity), Vec<Level>>,
}

#[derive(Clone, Copy)]
struct Level {
    at: Timestamp,
    level: f64,
    limit: f64,
}

// === impl Capture ===

impl Capture {
    pub(super) fn new(scale: TimeScale) -> Self {
        Self { tracks: Tracks::new(scale), series: BTreeMap::new() }
    }

    /// Keeps the last value of every limited level.
    pub(super) fn note(&mut self, state: &State, batch: &Batch, at: Timestamp) {
        self.tracks.observe(batch, state);
        for (object, limited) in self.tracks.limited_objects() {
            let Some((t, level)) = limited.track.last() else { continue };
            let seen = self.tracks.timestamp(t).unwrap_or(at);
            let key = (limited.unit.clone(), object, limited.quantity);
            let series = self.series.entry(key).or_default();
            if series.last().is_none_or(|last| last.at < seen) {
                series.push(Level { at: seen, level, limit: limited.limit });
            }
        }
    }

    /// The series of `unit` between two times, most telling first.
    pub(super) fn of(
        &self,
        unit: &Unit,
        (from, to): (Timestamp, Timestamp),
        (prefer, step): (impl Fn(Quantity, &str) -> (bool, bool), i64),
    ) -> Vec<LevelSeries> {
        let mut found: Vec<((bool, bool), f64, LevelSeries)> = self
            .series
            .iter()
            .filter(|((of, ..), _)| of == unit)
            .filter_map(|((_, object, quantity), levels)| {
                let inside: Vec<Level> =
                    levels.iter().copied().filter(|one| from <= one.at && one.at <= to).collect();
                let share = inside.iter().map(|one| one.level / one.limit).reduce(f64::max)?;
                let series = LevelSeries {
                    quantity: quantity.as_str().to_owned(),
                    unit: quantity.unit().to_owned(),
                    object: object.clone(),
                    level: with_gaps(&inside, step, |one| one.level),
                    limit: with_gaps(&inside, step, |one| one.limit),
                };
                Some((prefer(*quantity, object), share, series))
            })
            .collect();
        found.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)));
        found.into_iter().take(MOST_SERIES).map(|(_, _, series)| series).collect()
    }
}

/// Points with a hole wherever nothing was measured for several scrapes.
fn with_gaps(levels: &[Level], step_ms: i64, value: impl Fn(&Level) -> f64) -> Vec<SeriesPoint> {
    let mut points: Vec<SeriesPoint> = Vec::new();
    for level in levels {
        if let Some(last) = points.last()
            && level.at.since(last.at).as_millis() > step_ms * GAP_SCRAPES
        {
            let at = last.at + PlatformDuration::from_millis(step_ms);
            points.push(SeriesPoint { at, value: None });
        }
        points.push(SeriesPoint { at: level.at, value: Some(value(level)) });
    }
    points
}

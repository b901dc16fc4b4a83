//! What a model says of every row of a recording.

use std::collections::BTreeMap;

use foresail_core::{FailureKind, FaultDuration, TimeToEvent, Unit};
use foresail_engine::learned::{LearnedModel, can_be_judged};
use foresail_learn::calibration::Calibrator;
use foresail_learn::hazard::Scratch;
use rayon::prelude::*;

use super::rows::Rows;
use crate::trace::{Said, Trace, UnitIndex};

/// Name of the learned predictor among scorers.
pub const HAZARD: &str = "hazard";

/// Scores below this are left out of traces: no operating point comes near it.
const FLOOR: f32 = 0.01;

/// What a model says of the rows of one recording.
#[derive(Clone, Debug)]
pub struct Scored {
    n_kinds: usize,
    /// `[row][kind]`; empty where the row was not scored.
    said: Vec<SaidOfKind>,
    /// Where the scores of a row start, in units of kinds; `None` where it was not scored.
    place: Vec<Option<u32>>,
}

/// What a model says of one row and kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SaidOfKind {
    /// What ranks.
    pub score: f32,
    /// Probability within the horizon, not calibrated.
    pub probability: f32,
    /// Minutes to it at 10, 50 and 90 %; NaN where there is no time.
    pub minutes: [f32; 3],
}

// === impl Scored ===

impl Scored {
    /// What `model` says of the rows that can be judged and whose namespace `wanted` accepts.
    #[must_use]
    pub fn new(model: &LearnedModel, rows: &Rows, wanted: &(dyn Fn(&str) -> bool + Sync)) -> Self {
        let n_kinds = model.pipeline().kinds.len();
        let wanted: Vec<bool> = rows.units.iter().map(|unit| wanted(&unit.namespace)).collect();
        let chosen: Vec<usize> = (0..rows.len())
            .filter(|row| wanted[rows.unit[*row] as usize] && can_be_judged(&rows.values[*row]))
            .collect();
        let said: Vec<SaidOfKind> = chosen
            .par_chunks(1_024)
            .flat_map_iter(|chunk| {
                let (mut row, mut scratch) = (Vec::new(), Scratch::default());
                chunk
                    .iter()
                    .flat_map(|place| {
                        model.score(&rows.values[*place], (&mut row, &mut scratch)).kinds
                    })
                    .map(|kind| SaidOfKind {
                        score: kind.score as f32,
                        probability: kind.raw as f32,
                        minutes: kind.times.map_or([f32::NAN; 3], |times| {
                            [times.p10 as f32, times.p50 as f32, times.p90 as f32]
                        }),
                    })
                    .collect::<Vec<_>>()
            })
            .collect();
        let mut place = vec![None; rows.len()];
        for (number, row) in chosen.into_iter().enumerate() {
            place[row] = Some(number as u32);
        }
        Self { n_kinds, said, place }
    }

    /// What was said of a row, by kind.
    #[must_use]
    pub fn of(&self, row: usize) -> Option<&[SaidOfKind]> {
        let start = self.place[row]? as usize * self.n_kinds;
        self.said.get(start..start + self.n_kinds)
    }

    /// Takes over what `other` says of rows that this one does not score.
    pub fn merge(&mut self, other: &Self) {
        let offset = (self.said.len() / self.n_kinds.max(1)) as u32;
        self.said.extend_from_slice(&other.said);
        for (own, other) in self.place.iter_mut().zip(&other.place) {
            *own = own.or(other.map(|place| place + offset));
        }
    }
}

/// Adds the scores of a recording to its trace under `name`: per unit and kind what its strongest
/// pod says, unless that is planned.
pub fn push_scores(
    trace: &mut Trace,
    (name, rows): (&str, &Rows),
    (scored, model): (&Scored, (&LearnedModel, &[Calibrator])),
) {
    let (model, calibrators) = model;
    let units: Vec<UnitIndex> =
        rows.units.iter().map(|unit| trace.unit(&Unit::Workload(unit.clone()))).collect();
    let scale = trace.settings.time_scale;
    let horizon = scale.to_platform(FaultDuration::from_minutes(model.horizon_minutes()));
    let mut ticks = Vec::with_capacity(rows.ticks.len());
    for tick in 0..rows.ticks.len() {
        let mut best: BTreeMap<(UnitIndex, usize), (SaidOfKind, usize)> = BTreeMap::new();
        for row in rows.at(tick) {
            for (kind, said) in scored.of(row).into_iter().flatten().enumerate() {
                if said.score >= FLOOR {
                    let key = (units[rows.unit[row] as usize], kind);
                    let known = best.entry(key).or_insert((*said, row));
                    if said.score > known.0.score {
                        *known = (*said, row);
                    }
                }
            }
        }
        let wall =
            |minutes: f32| scale.to_platform(FaultDuration::from_minutes(f64::from(minutes)));
        // A limit that first passage names for the same failure is what the alarm rests on.
        let engine = trace.scores.first().map_or(&[][..], |engine| engine.at(tick));
        let basis = |unit: UnitIndex, kind: FailureKind| {
            engine.iter().find(|said| said.unit == unit && said.kind == kind)?.basis
        };
        // Of a pod that is taken away it is no news, but first passage may mean another one.
        let is_news = |unit: UnitIndex, kind: FailureKind, row: usize| {
            let of_another =
                |said: &Said| said.unit == unit && said.kind == kind && said.score > 0.0;
            !rows.plans[row].explains(kind) || engine.iter().any(of_another)
        };
        let kinds = &model.pipeline().kinds;
        let news =
            best.into_iter().filter(|((unit, kind), (_, row))| is_news(*unit, kinds[*kind], *row));
        let said = news.map(|((unit, kind), (said, _))| Said {
            unit,
            kind: kinds[kind],
            basis: basis(unit, kinds[kind]),
            score: said.score,
            probability: calibrators[kind].apply(f64::from(said.probability)) as f32,
            horizon_ms: horizon.as_millis(),
            time: said.minutes[1].is_finite().then(|| TimeToEvent {
                p10: wall(said.minutes[0]),
                p50: wall(said.minutes[1]),
                p90: wall(said.minutes[2]),
            }),
        });
        ticks.push(said.collect());
    }
    trace.push_scores(name, ticks);
}

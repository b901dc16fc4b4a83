//! Whether out-of-fold probabilities and times mean what they say.
//!
//! A pair is a pod, a kind and a tick outside blackouts whose next 100 minutes were seen; it happened
//! when the pod carried the first outcome of its workload's next incident and that was of the kind.
//! Pairs of one workload are alike, so intervals draw whole workloads.

use std::collections::BTreeMap;

use foresail_core::FailureKind;
use foresail_learn::calibration::Calibrator;
use foresail_learn::metrics::{RELIABILITY_BINS, TOP_SHARE};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::judge::Cut;
use super::load::Course;
use super::result::ProbabilityReading;
use crate::confidence::interval;
use crate::learned::Scored;
use crate::probability::Announced;
use crate::result::{Estimate, ReliabilityBin};

/// Bins per unit of log odds while sums are kept; they are joined to bins of equal mass later.
const FINE: f64 = 20.0;
/// Log odds beyond which probabilities are not told apart.
const MOST_LOG_ODDS: f64 = 12.0;
/// Repetitions of the bootstrap over workloads.
const REPETITIONS: usize = 2_000;
/// One in so many announced times of a pod is kept.
const TIME_STRIDE: usize = 4;

/// Sums over the pairs of one workload.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UnitPairs {
    n: u64,
    happened: u64,
    /// Squared errors of the calibrated and of the raw probability, and of the kind's training rate.
    square: [f64; 3],
    /// Per fine bin of the calibrated and of the raw probability: pairs, sum said, happened.
    bins: [BTreeMap<i32, (u64, f64, u64)>; 2],
}

/// What was said out of fold and what came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Honesty {
    /// Per workload.
    pub units: Vec<UnitPairs>,
    /// Announced times: incident (told apart over recordings), 10, 50 and 90 %, true minutes, and
    /// the calibrated probability beside it.
    pub times: Vec<(usize, [f64; 3], f64, f32)>,
}

/// Which probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Calibrated,
    Raw,
}

/// The model's kinds with a calibrator and a training rate each.
pub(super) struct Spoken<'a> {
    pub(super) kinds: &'a [FailureKind],
    pub(super) calibrators: &'a [Calibrator],
    pub(super) rates: &'a [f64],
}

/// Rate of each kind among pairs of training parts.
pub(super) fn rates(kinds: &[FailureKind], parts: &[(&Course, &Cut)]) -> Vec<f64> {
    let rate = |kind: &FailureKind| {
        let (mut came, mut all) = (0_u64, 0_u64);
        for (course, part) in parts {
            for (_, target) in rows(course, part) {
                if let Some(happened) = target.came(*kind) {
                    all += 1;
                    came += u64::from(happened);
                }
            }
        }
        if all == 0 { 0.0 } else { came as f64 / all as f64 }
    };
    kinds.iter().map(rate).collect()
}

/// Rows of a part with their targets.
fn rows<'a>(
    course: &'a Course,
    part: &'a Cut,
) -> impl Iterator<Item = (usize, crate::learned::Target)> + 'a {
    let units = super::learner::units_of(course);
    let targets = course.lesson.targets.iter().enumerate();
    targets.filter_map(move |(row, target)| {
        let unit = units[course.lesson.rows.unit[row] as usize]?;
        let wanted = part.wanted.get(unit.0 as usize) == Some(&true);
        target.filter(|_| wanted).map(|target| (row, target))
    })
}

/// Adds what was said of a judged part.
pub(super) fn measure(
    course: &Course,
    part: &Cut,
    (scored, spoken): (&Scored, &Spoken<'_>),
) -> Honesty {
    let mut units: BTreeMap<u32, UnitPairs> = BTreeMap::new();
    let mut times = Vec::new();
    for (row, target) in rows(course, part) {
        let Some(said) = scored.of(row) else { continue };
        let sums = units.entry(course.lesson.rows.unit[row]).or_default();
        for (number, kind) in spoken.kinds.iter().enumerate() {
            let Some(happened) = target.came(*kind) else { continue };
            let raw = f64::from(said[number].probability);
            let calibrated = spoken.calibrators[number].apply(raw);
            sums.add([calibrated, raw], happened, spoken.rates[number]);
        }
        let announced =
            target.failure.zip(target.incident).and_then(|((kind, minutes), incident)| {
                let number = spoken.kinds.iter().position(|one| *one == kind)?;
                let three = said[number].minutes.map(f64::from);
                let probability =
                    spoken.calibrators[number].apply(f64::from(said[number].probability)) as f32;
                three[1].is_finite().then_some((
                    part.course * 1_000_000 + incident,
                    three,
                    minutes,
                    probability,
                ))
            });
        times.extend(announced.filter(|_| row % TIME_STRIDE == 0));
    }
    Honesty { units: units.into_values().collect(), times }
}

// === impl UnitPairs ===

impl UnitPairs {
    fn add(&mut self, said: [f64; 2], happened: bool, rate: f64) {
        let truth = f64::from(u8::from(happened));
        self.n += 1;
        self.happened += u64::from(happened);
        for (sum, value) in self.square.iter_mut().zip([said[0], said[1], rate]) {
            *sum += (value - truth).powi(2);
        }
        for (bins, value) in self.bins.iter_mut().zip(said) {
            let inside = value.clamp(1e-9, 1.0 - 1e-9);
            let odds = libm::log(inside / (1.0 - inside)).clamp(-MOST_LOG_ODDS, MOST_LOG_ODDS);
            let bin = bins.entry((odds * FINE).floor() as i32).or_default();
            bin.0 += 1;
            bin.1 += value;
            bin.2 += u64::from(happened);
        }
    }
}

// === impl Honesty ===

impl Honesty {
    /// Everything of several parts.
    pub(super) fn join(parts: impl IntoIterator<Item = Self>) -> Self {
        parts.into_iter().fold(Self::default(), |mut all, part| {
            all.units.extend(part.units);
            all.times.extend(part.times);
            all
        })
    }

    /// Announced times whose probability was at least `least`.
    pub(super) fn announced(&self, least: f32) -> Vec<Announced> {
        let loud = self.times.iter().filter(|(_, _, _, probability)| *probability >= least);
        loud.map(|(incident, said, really, _)| Announced {
            incident: *incident,
            said: *said,
            really: *really,
        })
        .collect()
    }

    /// Brier score, skill and calibration with intervals.
    pub(super) fn reading(&self, stage: Stage, seed: u64) -> ProbabilityReading {
        let place = match stage {
            Stage::Calibrated => 0,
            Stage::Raw => 1,
        };
        let groups = self.groups(place);
        let whole: Vec<usize> = (0..self.units.len()).collect();
        let now = self.numbers((place, &groups), &whole);
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut drawn: [Vec<f64>; 3] = Default::default();
        let repetitions = if self.units.is_empty() { 0 } else { REPETITIONS };
        for _ in 0..repetitions {
            let units: Vec<usize> =
                whole.iter().map(|_| random.random_range(0..self.units.len())).collect();
            let numbers = self.numbers((place, &groups), &units);
            for (list, value) in drawn.iter_mut().zip([numbers.skill, numbers.ece, numbers.top]) {
                list.push(value);
            }
        }
        let n = self.units.iter().map(|unit| unit.n).sum::<u64>();
        let estimate = |value: f64, drawn: &[f64]| {
            let bounds = interval(drawn);
            value.is_finite().then(|| Estimate {
                value,
                low: bounds.map(|(low, _)| low),
                high: bounds.map(|(_, high)| high),
                n: n as f64,
            })
        };
        let skilled = now.skill > 0.0;
        ProbabilityReading {
            pairs: n,
            happened: self.units.iter().map(|unit| unit.happened).sum(),
            brier: (n > 0).then_some(now.brier),
            brier_of_rates: (n > 0).then_some(now.reference),
            brier_skill: estimate(now.skill, &drawn[0]),
            ece: estimate(now.ece, &drawn[1]).filter(|_| skilled),
            ece_top_percent: estimate(now.top, &drawn[2]).filter(|_| skilled),
            reliability: if skilled { now.bins } else { Vec::new() },
        }
    }

    /// Which bin of equal mass each fine bin belongs to, and which are the top.
    fn groups(&self, place: usize) -> BTreeMap<i32, (usize, bool)> {
        let mut mass: BTreeMap<i32, u64> = BTreeMap::new();
        for unit in &self.units {
            for (bin, (n, _, _)) in &unit.bins[place] {
                *mass.entry(*bin).or_default() += n;
            }
        }
        let all: u64 = mass.values().sum();
        let mut before = 0;
        let mut groups = BTreeMap::new();
        for (bin, n) in mass {
            let middle = (before as f64 + 0.5 * n as f64) / all as f64;
            let top = (before + n) as f64 > (1.0 - TOP_SHARE) * all as f64;
            groups.insert(
                bin,
                (((middle * RELIABILITY_BINS as f64) as usize).min(RELIABILITY_BINS - 1), top),
            );
            before += n;
        }
        groups
    }

    fn numbers(
        &self,
        (place, groups): (usize, &BTreeMap<i32, (usize, bool)>),
        units: &[usize],
    ) -> Numbers {
        let (mut n, mut square, mut reference) = (0_u64, 0.0, 0.0);
        let mut bins = [(0_u64, 0.0, 0_u64); RELIABILITY_BINS];
        let mut top = (0_u64, 0.0, 0_u64);
        for unit in units.iter().map(|number| &self.units[*number]) {
            n += unit.n;
            square += unit.square[place];
            reference += unit.square[2];
            for (bin, (count, said, happened)) in &unit.bins[place] {
                let Some((group, is_top)) = groups.get(bin) else { continue };
                let mut sums = vec![&mut bins[*group]];
                if *is_top {
                    sums.push(&mut top);
                }
                for sum in sums {
                    sum.0 += count;
                    sum.1 += said;
                    sum.2 += happened;
                }
            }
        }
        let gap = |(_, said, happened): &(u64, f64, u64)| (said - *happened as f64).abs();
        let used = bins.iter().filter(|(count, _, _)| *count > 0);
        Numbers {
            brier: square / n as f64,
            reference: reference / n as f64,
            skill: if reference > 0.0 { 1.0 - square / reference } else { f64::NAN },
            ece: bins.iter().map(gap).sum::<f64>() / n as f64,
            top: gap(&top) / top.0 as f64,
            bins: used
                .map(|(count, said, happened)| ReliabilityBin {
                    said: said / *count as f64,
                    happened: *happened as f64 / *count as f64,
                    n: *count as u32,
                })
                .collect(),
        }
    }
}

struct Numbers {
    brier: f64,
    reference: f64,
    skill: f64,
    ece: f64,
    top: f64,
    bins: Vec<ReliabilityBin>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Workloads of 100 pairs each, of which every tenth happened.
    fn said(probability: impl Fn(u64) -> f64) -> Honesty {
        let unit = || {
            let mut sums = UnitPairs::default();
            for pair in 0..100 {
                let value = probability(pair);
                sums.add([value, 0.9], pair % 10 == 0, 0.1);
            }
            sums
        };
        Honesty { units: (0..20).map(|_| unit()).collect(), times: Vec::new() }
    }

    #[test]
    fn knowing_what_comes_has_skill_and_hardly_an_error() {
        let knowing = said(|pair| if pair % 10 == 0 { 0.99 } else { 0.01 });
        let reading = knowing.reading(Stage::Calibrated, 1);
        assert_eq!((reading.pairs, reading.happened), (2_000, 200));
        assert!(reading.brier_skill.unwrap().value > 0.99);
        let ece = reading.ece.unwrap();
        assert!((ece.value - 0.01).abs() < 1e-9, "{ece:?}");
        assert!((reading.ece_top_percent.unwrap().value - 0.01).abs() < 1e-9);
    }

    #[test]
    fn without_skill_no_calibration_error_is_given() {
        let rate = said(|_| 0.1).reading(Stage::Calibrated, 1);
        assert!(rate.brier_skill.unwrap().value.abs() < 1e-9);
        let loud = said(|_| 0.1).reading(Stage::Raw, 1);
        assert!(loud.brier_skill.unwrap().value < -1.0);
        assert!(
            loud.ece.is_none() && loud.ece_top_percent.is_none() && loud.reliability.is_empty()
        );
    }

    #[test]
    fn nothing_said_gives_no_number() {
        let reading = Honesty::default().reading(Stage::Calibrated, 1);
        assert_eq!((reading.pairs, reading.brier, reading.ece), (0, None, None));
        assert_eq!(reading.brier_skill, None);
    }
}

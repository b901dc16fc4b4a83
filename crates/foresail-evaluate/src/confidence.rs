//! Intervals: the bootstrap over incident groups and over unit-hours.
//!
//! Every row of a scope is resampled with the same draws, so differences are paired by construction.
//! A draw is kept as how often each group was drawn; a row only adds up its own counts.
//!
//! # Source
//! Efron & Tibshirani 1993, *An Introduction to the Bootstrap*, percentile intervals; `B` = 10,000.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::result::Estimate;
use crate::summary::{Frame, Summary};

/// Ends of the 95 % interval.
const TAILS: (f64, f64) = (0.025, 0.975);

/// The draws of one scope.
#[derive(Clone, Debug)]
pub struct Resampler {
    repetitions: usize,
    groups: Vec<Vec<u8>>,
    blocks: Vec<Vec<u8>>,
    pod_days: Vec<f32>,
    quiet_pod_days: Vec<f32>,
    /// Per recording of the scope: number of its first group and of its first block.
    offsets: Vec<(usize, usize)>,
    reachable: Vec<u16>,
}

/// The summaries of one method over the recordings of a scope.
pub type Summaries<'a> = &'a [&'a Summary];

// === impl Resampler ===

impl Resampler {
    /// Draws for the recordings in `frames`.
    #[must_use]
    pub fn new(frames: &[&Frame], seed: u64, repetitions: usize) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut offsets = Vec::new();
        let (mut used, mut n_groups, mut blocks) = (Vec::new(), 0, Vec::new());
        for frame in frames {
            offsets.push((n_groups, blocks.len()));
            n_groups += frame.groups;
            used.resize(n_groups, false);
            for incident in &frame.incidents {
                used[n_groups - frame.groups + incident.group] = true;
            }
            blocks.extend(frame.blocks.iter().copied());
        }
        let live: Vec<usize> = (0..n_groups).filter(|group| used[*group]).collect();
        let groups = draws(&mut random, &live, n_groups, repetitions);
        let observed: Vec<usize> =
            (0..blocks.len()).filter(|block| blocks[*block].ticks > 0).collect();
        let drawn = draws(&mut random, &observed, blocks.len(), repetitions);
        let weigh = |value: &dyn Fn(usize) -> f64| {
            let mut sums = vec![0.0_f32; repetitions];
            for block in &observed {
                let days = value(*block) as f32;
                for (sum, times) in sums.iter_mut().zip(&drawn[*block]) {
                    *sum += days * f32::from(*times);
                }
            }
            sums
        };
        let pod_days = weigh(&|block| blocks[block].pod_days);
        let quiet_pod_days = weigh(&|block| blocks[block].quiet_pod_days);
        let mut resampler = Self {
            repetitions,
            groups,
            blocks: drawn,
            pod_days,
            quiet_pod_days,
            offsets,
            reachable: Vec::new(),
        };
        resampler.reachable = resampler.sum_groups(frames, |_, incident| incident.reachable);
        resampler
    }

    /// The interval of recall: reachable incidents of which `caught` holds over reachable ones.
    #[must_use]
    pub fn recall(
        &self,
        frames: &[&Frame],
        caught: impl Fn(usize, usize) -> bool,
    ) -> Option<(f64, f64)> {
        interval(&self.recalls(frames, caught))
    }

    /// The interval of a difference of recall.
    #[must_use]
    pub fn recall_difference(
        &self,
        frames: &[&Frame],
        first: impl Fn(usize, usize) -> bool,
        second: impl Fn(usize, usize) -> bool,
    ) -> Option<(f64, f64)> {
        let difference: Vec<f64> = self
            .recalls(frames, first)
            .iter()
            .zip(self.recalls(frames, second))
            .map(|(first, second)| first - second)
            .collect();
        interval(&difference)
    }

    /// The interval of the share of reachable incidents in `among` of which `caught` holds.
    #[must_use]
    pub fn share(
        &self,
        frames: &[&Frame],
        among: impl Fn(usize, usize) -> bool,
        caught: impl Fn(usize, usize) -> bool,
    ) -> Option<(f64, f64)> {
        let count = |holds: &dyn Fn(usize, usize) -> bool| {
            let mut numbers = vec![0; frames.len()];
            self.sum_groups(frames, |recording, incident| {
                numbers[recording] += 1;
                incident.reachable && holds(recording, numbers[recording] - 1)
            })
        };
        let shares: Vec<f64> = count(&caught)
            .iter()
            .zip(count(&among))
            .map(|(hits, all)| f64::from(*hits) / f64::from(all))
            .collect();
        interval(&shares)
    }

    /// Recall of every repetition; NaN where no reachable incident was drawn.
    fn recalls(&self, frames: &[&Frame], caught: impl Fn(usize, usize) -> bool) -> Vec<f64> {
        let mut incident_number = vec![0; frames.len()];
        let hits = self.sum_groups(frames, |recording, incident| {
            let number = incident_number[recording];
            incident_number[recording] += 1;
            incident.reachable && caught(recording, number)
        });
        hits.iter()
            .zip(&self.reachable)
            .map(|(hits, all)| f64::from(*hits) / f64::from(*all))
            .collect()
    }

    fn sum_groups(
        &self,
        frames: &[&Frame],
        mut counts: impl FnMut(usize, &crate::summary::FrameIncident) -> bool,
    ) -> Vec<u16> {
        let mut sums = vec![0_u16; self.repetitions];
        for (recording, frame) in frames.iter().enumerate() {
            for incident in &frame.incidents {
                if counts(recording, incident) {
                    let drawn = &self.groups[self.offsets[recording].0 + incident.group];
                    for (sum, times) in sums.iter_mut().zip(drawn) {
                        *sum += u16::from(*times);
                    }
                }
            }
        }
        sums
    }

    fn sum_blocks(&self, lists: &[&[(u32, u32)]]) -> Vec<f64> {
        let mut sums = vec![0.0; self.repetitions];
        for (recording, list) in lists.iter().enumerate() {
            for (block, count) in *list {
                let drawn = &self.blocks[self.offsets[recording].1 + *block as usize];
                for (sum, times) in sums.iter_mut().zip(drawn) {
                    *sum += f64::from(*count) * f64::from(*times);
                }
            }
        }
        sums
    }

    /// False alarms per observed pod-day.
    #[must_use]
    pub fn false_rate(&self, frames: &[&Frame], summaries: Summaries<'_>) -> Option<Estimate> {
        let days: f64 = frames.iter().map(|frame| frame.pod_days()).sum();
        let lists: Vec<&[_]> = summaries.iter().map(|one| one.false_blocks.as_slice()).collect();
        self.rate(days, &lists, &self.pod_days)
    }

    /// False alarms per quiet pod-day.
    #[must_use]
    pub fn quiet_rate(&self, frames: &[&Frame], summaries: Summaries<'_>) -> Option<Estimate> {
        let days: f64 = frames.iter().map(|frame| frame.quiet_pod_days()).sum::<Option<f64>>()?;
        let lists: Vec<&[_]> =
            summaries.iter().map(|one| one.false_quiet_blocks.as_slice()).collect();
        self.rate(days, &lists, &self.quiet_pod_days)
    }

    fn rate(&self, days: f64, lists: &[&[(u32, u32)]], drawn_days: &[f32]) -> Option<Estimate> {
        if days <= 0.0 {
            return None;
        }
        let count: u32 = lists.iter().flat_map(|list| list.iter()).map(|(_, count)| count).sum();
        if count == 0 {
            // No false alarm in T pod-days only shows a rate below 3/T.
            return Some(Estimate { value: 0.0, low: Some(0.0), high: Some(3.0 / days), n: days });
        }
        let rates: Vec<f64> = self
            .sum_blocks(lists)
            .iter()
            .zip(drawn_days)
            .map(|(count, days)| count / f64::from(*days))
            .collect();
        let bounds = interval(&rates);
        Some(Estimate {
            value: f64::from(count) / days,
            low: bounds.map(|(low, _)| low),
            high: bounds.map(|(_, high)| high),
            n: days,
        })
    }

    /// Hits over hits and false alarms; hits are drawn with their incidents, false alarms with their hours.
    #[must_use]
    pub fn precision(&self, frames: &[&Frame], summaries: Summaries<'_>) -> Option<Estimate> {
        let hits: u32 = summaries.iter().map(|one| one.counts.hits).sum();
        let wrong: u32 = summaries.iter().map(|one| one.counts.false_alarms).sum();
        if hits + wrong == 0 {
            return None;
        }
        let mut number = vec![0; frames.len()];
        let drawn_hits = self.sum_groups(frames, |recording, _| {
            number[recording] += 1;
            summaries[recording].matched[number[recording] - 1].is_some()
        });
        let lists: Vec<&[_]> = summaries.iter().map(|one| one.false_blocks.as_slice()).collect();
        let shares: Vec<f64> = drawn_hits
            .iter()
            .zip(self.sum_blocks(&lists))
            .map(|(hits, wrong)| f64::from(*hits) / (f64::from(*hits) + wrong))
            .collect();
        let bounds = interval(&shares);
        Some(Estimate {
            value: f64::from(hits) / f64::from(hits + wrong),
            low: bounds.map(|(low, _)| low),
            high: bounds.map(|(_, high)| high),
            n: f64::from(hits + wrong),
        })
    }
}

// === free functions ===

/// How often each of `live` is drawn, per repetition; `live.len()` draws each.
fn draws(random: &mut ChaCha8Rng, live: &[usize], n: usize, repetitions: usize) -> Vec<Vec<u8>> {
    let mut times = vec![Vec::new(); n];
    for one in live {
        times[*one] = Vec::with_capacity(repetitions);
    }
    if live.is_empty() {
        return times;
    }
    let mut drawn = vec![0_u8; live.len()];
    for _ in 0..repetitions {
        drawn.fill(0);
        for _ in 0..live.len() {
            let one = &mut drawn[random.random_range(0..live.len())];
            *one = u8::saturating_add(*one, 1);
        }
        for (one, count) in live.iter().zip(&drawn) {
            times[*one].push(*count);
        }
    }
    times
}

/// The 95 % percentile interval; `None` where too few repetitions are defined.
#[must_use]
pub fn interval(values: &[f64]) -> Option<(f64, f64)> {
    let mut finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    if finite.len() * 2 < values.len() || finite.is_empty() {
        return None;
    }
    finite.sort_by(f64::total_cmp);
    Some((quantile_sorted(&finite, TAILS.0), quantile_sorted(&finite, TAILS.1)))
}

/// The quantile of sorted values, by linear interpolation between order statistics.
#[must_use]
pub fn quantile_sorted(sorted: &[f64], share: f64) -> f64 {
    let position = share * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64)
}

/// The quantile of values, or `None` of none.
#[must_use]
pub fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted: Vec<f64> = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    (!sorted.is_empty()).then(|| quantile_sorted(&sorted, share))
}

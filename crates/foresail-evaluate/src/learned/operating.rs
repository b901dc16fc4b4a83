//! Operating points: for each budget the lowest threshold whose false alarms, even at an upper
//! bound, stay within it.
//!
//! Thresholds are walked from the highest down to the first that breaks the budget or the limit of
//! time in warning: far below it alarms merge into few that never close, which would look quiet.
//!
//! The bound is the higher of two: that of the pooled count, which takes recordings as alike, and that
//! of the mean rate over recordings, which takes them as draws of the clusters to come. The second
//! one counts where recordings differ, and then a threshold carries over less well than the count says.
//!
//! # Source
//! Upper bound of a count: Garwood 1936, "Fiducial limits for the Poisson distribution", one-sided;
//! of a mean: Student 1908.

use foresail_engine::alarm::AlarmPolicy;
use foresail_learn::model_file::OperatingPoint;

use crate::shift::MOST_TIME_IN_WARNING;
use crate::tune::{Point, Reading, Replayed, candidates, sweep};

/// How sure the bound is.
const CONFIDENCE: f64 = 0.8;
/// The 80 % quantile of Student's t by degrees of freedom, from 1 on; the last stands for all beyond.
const STUDENT: [f64; 10] = [1.376, 1.061, 0.978, 0.941, 0.920, 0.906, 0.896, 0.889, 0.883, 0.879];
/// Thresholds tried between the last that keeps a budget and the first that breaks it.
const BETWEEN: u32 = 7;
/// Halvings of the interval that holds a bound.
const HALVINGS: usize = 60;

/// An operating point and what else was measured there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// As a model file holds it.
    pub point: OperatingPoint,
    /// Time in warning.
    pub time_in_warning: f64,
}

/// The operating point of each budget on `recordings`, by their scorer number `scorer`; budgets that
/// no threshold keeps have none.
#[must_use]
pub fn operating_points(
    recordings: &[&Replayed],
    scorer: usize,
    (budgets, policy): (&[f64], &AlarmPolicy),
) -> Vec<Measured> {
    let mut points = sweep(recordings, scorer, &candidates(recordings, scorer), policy);
    let mut between: Vec<f64> = Vec::new();
    for budget in budgets {
        let last = kept(&points, recordings, *budget).count();
        if let (Some(last), Some(next)) = (last.checked_sub(1), points.get(last)) {
            let (high, low) = (points[last].threshold, next.threshold);
            between.extend(
                (1..=BETWEEN)
                    .map(|step| high - (high - low) * f64::from(step) / f64::from(BETWEEN + 1)),
            );
        }
    }
    between.sort_by(|a, b| b.total_cmp(a));
    between.dedup();
    points.extend(sweep(recordings, scorer, &between, policy));
    points.sort_by(|a, b| b.threshold.total_cmp(&a.threshold));
    let lowest = |budget: &f64| kept(&points, recordings, *budget).last();
    budgets.iter().filter_map(lowest).collect()
}

/// Points from the highest threshold down as long as they keep the budget.
fn kept<'a>(
    points: &'a [Point],
    recordings: &'a [&Replayed],
    budget: f64,
) -> impl Iterator<Item = Measured> + 'a {
    points
        .iter()
        .map(move |point| measure(point, recordings, budget))
        .take_while(move |measured| {
            measured.is_some_and(|measured| {
                measured.point.false_alarms_upper <= budget
                    && measured.time_in_warning <= MOST_TIME_IN_WARNING
            })
        })
        .flatten()
}

fn measure(point: &Point, recordings: &[&Replayed], budget: f64) -> Option<Measured> {
    let frames = recordings.iter().map(|one| &one.frame);
    let reading = Reading::of(frames.zip(&point.summaries));
    let days: f64 = recordings.iter().map(|one| one.frame.pod_days()).sum();
    let wrong: u32 = point.summaries.iter().map(|summary| summary.counts.false_alarms).sum();
    let rates: Vec<f64> = recordings
        .iter()
        .zip(&point.summaries)
        .map(|(one, summary)| f64::from(summary.counts.false_alarms) / one.frame.pod_days())
        .collect();
    let caught = f64::from(reading.matched) / f64::from(reading.reachable);
    Some(Measured {
        point: OperatingPoint {
            budget,
            threshold: point.threshold,
            false_alarms: reading.false_rate?,
            false_alarms_upper: rate_bound(&rates).max(false_alarm_bound(wrong) / days),
            caught: (reading.reachable > 0).then_some(caught),
        },
        time_in_warning: reading.time_in_warning?,
    })
}

/// The 80 % upper bound of the mean of rates, one a recording; 0 for a single one, which says nothing
/// about others.
#[must_use]
pub fn rate_bound(rates: &[f64]) -> f64 {
    let Some(freedom) = rates.len().checked_sub(2) else { return 0.0 };
    let n = rates.len() as f64;
    let mean = rates.iter().sum::<f64>() / n;
    let variance = rates.iter().map(|rate| (rate - mean) * (rate - mean)).sum::<f64>() / (n - 1.0);
    mean + STUDENT[freedom.min(STUDENT.len() - 1)] * (variance / n).sqrt()
}

/// The 80 % upper bound of the mean behind `count` false alarms.
#[must_use]
pub fn false_alarm_bound(count: u32) -> f64 {
    let (mut low, mut high) = (0.0, 2.0 * f64::from(count) + 10.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if at_most(count, middle) > 1.0 - CONFIDENCE {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// Probability of at most `count` events where `mean` are expected.
fn at_most(count: u32, mean: f64) -> f64 {
    if mean <= 0.0 {
        return 1.0;
    }
    let log_mean = libm::log(mean);
    let term = |events: u32| {
        let events = f64::from(events);
        libm::exp(events * log_mean - mean - libm::lgamma(events + 1.0))
    };
    (0..=count).map(term).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half the 80 % quantile of chi-squared with `2 (count + 1)` degrees of freedom, from tables.
    #[test]
    fn the_bound_is_the_one_of_tables() {
        for (count, bound) in [(0, 1.609), (1, 2.994), (5, 7.906), (20, 24.728)] {
            let found = false_alarm_bound(count);
            assert!((found - bound).abs() < 0.01, "{count}: {found}");
        }
    }

    #[test]
    fn recordings_that_differ_raise_the_bound() {
        assert_eq!(rate_bound(&[0.7]), 0.0);
        assert!((rate_bound(&[0.5, 0.5, 0.5]) - 0.5).abs() < 1e-12);
        // Mean 0.7, standard deviation 0.5568, over the root of 3, times 1.061.
        assert!((rate_bound(&[0.3, 0.5, 1.3]) - 1.0242).abs() < 1e-3);
    }

    #[test]
    fn many_false_alarms_have_a_bound_too() {
        let found = false_alarm_bound(2_000);
        assert!((2_030.0..2_050.0).contains(&found), "{found}");
    }
}

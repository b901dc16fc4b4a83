//! Rows: the metrics of `evaluation.md` section 3 with the intervals of section 7.

mod kinds;

use foresail_core::PlatformDuration;

pub use kinds::KindPart;

use crate::confidence::{Resampler, quantile};
use crate::result::{
    Counts, Estimate, EventPrCurve, LeadCurve, LeadPoint, Method, Paired, PrPoint, Precursor,
    Prevalence, Row, RowReading, Scope, Split, Variant,
};
use crate::shift::{Chance, MOST_TIME_IN_WARNING};
use crate::summary::{Frame, Summary};
use crate::tune::Reading;

/// False alarms per pod-day beyond which a point of the curve does not count.
const MOST_FALSE: f64 = 1.0;
/// Multiples of `L_min` at which recall is given besides.
const LEAD_MULTIPLES: [i64; 3] = [2, 3, 6];
/// Leads of the lead curve, production minutes.
const LEADS: [f64; 17] = [
    5.0, 7.5, 10.0, 12.5, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0,
    100.0,
];

/// The recordings that a row stands for, with their draws.
#[derive(Clone, Debug)]
pub struct ScopeData<'a> {
    /// Which data.
    pub scope: Scope,
    /// Their positions among all recordings.
    pub recordings: Vec<usize>,
    /// What they offer.
    pub frames: Vec<&'a Frame>,
    /// The draws.
    pub resampler: Resampler,
}

/// What a row is about.
#[derive(Clone, Debug)]
pub struct RowLabel {
    /// The method.
    pub method: Method,
    /// What was chosen, in words.
    pub settings: String,
    /// How the threshold came about.
    pub reading: RowReading,
    /// How recordings were kept apart.
    pub split: Split,
    /// Budget; `None` as shipped.
    pub budget: Option<f64>,
    /// Threshold, where all recordings share one.
    pub threshold: Option<f64>,
}

// === impl ScopeData ===

impl<'a> ScopeData<'a> {
    /// The data of `recordings` among `frames`.
    #[must_use]
    pub fn new(
        scope: Scope,
        recordings: Vec<usize>,
        all: &[&'a Frame],
        (seed, repetitions): (u64, u32),
    ) -> Self {
        let frames: Vec<&Frame> = recordings.iter().map(|i| all[*i]).collect();
        let resampler = Resampler::new(&frames, seed, repetitions as usize);
        Self { scope, recordings, frames, resampler }
    }

    /// Observed pod-days.
    #[must_use]
    pub fn pod_days(&self) -> f64 {
        self.frames.iter().map(|frame| frame.pod_days()).sum()
    }

    /// The share of reachable incidents that `caught` holds for, with its interval.
    fn recall(&self, caught: impl Fn(usize, usize) -> bool) -> Option<Estimate> {
        let (mut hits, mut all) = (0_u32, 0_u32);
        for (recording, frame) in self.frames.iter().enumerate() {
            for (number, incident) in frame.incidents.iter().enumerate() {
                all += u32::from(incident.reachable);
                hits += u32::from(incident.reachable && caught(recording, number));
            }
        }
        if all == 0 {
            return None;
        }
        let bounds = self.resampler.recall(&self.frames, caught);
        Some(Estimate {
            value: f64::from(hits) / f64::from(all),
            low: bounds.map(|(low, _)| low),
            high: bounds.map(|(_, high)| high),
            n: f64::from(all),
        })
    }

    /// The row of a method; `summaries` in the order of the scope's recordings.
    #[must_use]
    pub fn row(&self, label: RowLabel, summaries: &[&Summary], chance: Option<Chance>) -> Row {
        let counts = sum(summaries.iter().map(|one| &one.counts));
        let reading = Reading::of(self.frames.iter().copied().zip(summaries.iter().copied()));
        let leads: Vec<f64> = summaries.iter().flat_map(|one| one.leads.iter().copied()).collect();
        let false_rate = self.resampler.false_rate(&self.frames, summaries);
        let quiet_rate = self.resampler.quiet_rate(&self.frames, summaries);
        let skill = chance.map(|chance| chance.skill(reading.time_in_warning));
        let caught = |recording: usize, number: usize| summaries[recording].matched[number];
        Row {
            recall: self.recall(|recording, number| caught(recording, number).is_some()),
            recall_right_kind: self.recall(|recording, number| {
                summaries[recording].matched_right_kind[number].is_some()
            }),
            recall_at_lead_multiples: LEAD_MULTIPLES.map(|times| {
                self.recall(|recording, number| {
                    let least = self.frames[recording].incidents[number].minimum_lead.as_millis();
                    caught(recording, number).is_some_and(|lead| lead.as_millis() >= least * times)
                })
            }),
            precision: self.resampler.precision(&self.frames, summaries),
            false_per_pod_day: false_rate,
            false_per_look_alike: self
                .look_alikes()
                .filter(|all| *all > 0)
                .map(|all| f64::from(counts.false_on_look_alikes) / f64::from(all)),
            false_per_quiet_pod_day: quiet_rate,
            time_in_warning: reading.time_in_warning,
            lead_median_production_minutes: quantile(&leads, 0.5),
            lead_p10_production_minutes: quantile(&leads, 0.1),
            skill: skill.as_ref().and_then(|skill| skill.as_ref().ok().copied()),
            recall_of_shifted_alarms: chance.and_then(|chance| chance.recall_shifted()),
            skill_refused: skill.and_then(Result::err),
            prevalence: self.prevalence(&counts, false_rate, quiet_rate),
            ..self.blank(label, counts)
        }
    }

    /// A row that says why nothing stands there.
    #[must_use]
    pub fn empty_row(&self, label: RowLabel, reason: String) -> Row {
        let none: Vec<Summary> = self.frames.iter().map(|frame| Summary::silent(frame)).collect();
        let none: Vec<&Summary> = none.iter().collect();
        let counts = sum(none.iter().map(|one| &one.counts));
        Row { not_measurable: Some(reason), ..self.blank(label, counts) }
    }

    /// A row in which nothing is measured yet.
    fn blank(&self, label: RowLabel, counts: Counts) -> Row {
        Row {
            method: label.method,
            settings: label.settings,
            reading: label.reading,
            split: label.split,
            scope: self.scope.clone(),
            budget: label.budget,
            not_measurable: None,
            threshold: label.threshold,
            counts,
            pod_days: self.pod_days(),
            recall: None,
            recall_right_kind: None,
            recall_at_lead_multiples: [None; 3],
            precision: None,
            false_per_pod_day: None,
            false_per_look_alike: None,
            false_per_quiet_pod_day: None,
            time_in_warning: None,
            lead_median_production_minutes: None,
            lead_p10_production_minutes: None,
            event_pr_auc: None,
            skill: None,
            recall_of_shifted_alarms: None,
            skill_refused: None,
            prevalence: None,
            paired: Vec::new(),
        }
    }

    /// The paired difference of recall to another method.
    #[must_use]
    pub fn paired(
        &self,
        own: &[&Summary],
        (other, theirs): (&Method, &[&Summary]),
    ) -> Option<Paired> {
        let hit = |list: &[&Summary], recording: usize, number: usize| {
            list[recording].matched[number].is_some()
        };
        let first = self.recall(|recording, number| hit(own, recording, number))?;
        let second = self.recall(|recording, number| hit(theirs, recording, number))?;
        let bounds = self.resampler.recall_difference(
            &self.frames,
            |recording, number| hit(own, recording, number),
            |recording, number| hit(theirs, recording, number),
        );
        Some(Paired {
            other: other.name.clone(),
            other_variant: other.variant,
            difference: Estimate {
                value: first.value - second.value,
                low: bounds.map(|(low, _)| low),
                high: bounds.map(|(_, high)| high),
                n: first.n,
            },
        })
    }

    /// Precision against recall over thresholds from high to low.
    #[must_use]
    pub fn event_pr(&self, method: &str, points: &[(f64, Vec<&Summary>)]) -> EventPrCurve {
        let points: Vec<PrPoint> = points
            .iter()
            .filter_map(|(threshold, summaries)| self.pr_point(*threshold, summaries))
            .collect();
        EventPrCurve {
            method: method.to_owned(),
            scope: self.scope.clone(),
            auc: event_pr_auc(&points),
            points,
        }
    }

    fn pr_point(&self, threshold: f64, summaries: &[&Summary]) -> Option<PrPoint> {
        let reading = Reading::of(self.frames.iter().copied().zip(summaries.iter().copied()));
        let counts = sum(summaries.iter().map(|one| &one.counts));
        let recall = (reading.reachable > 0)
            .then(|| f64::from(reading.matched) / f64::from(reading.reachable))?;
        let (false_per_pod_day, time_in_warning) = (reading.false_rate?, reading.time_in_warning?);
        let judged = counts.hits + counts.false_alarms;
        Some(PrPoint {
            threshold,
            recall,
            precision: (judged > 0).then(|| f64::from(counts.hits) / f64::from(judged)),
            false_per_pod_day,
            time_in_warning,
            within_limits: false_per_pod_day <= MOST_FALSE
                && time_in_warning <= MOST_TIME_IN_WARNING,
        })
    }

    /// Recall over lead time; the first point is recall at `L_min`.
    #[must_use]
    pub fn lead_curve(&self, row: &Row, summaries: &[&Summary]) -> LeadCurve {
        let scale = |recording: usize, lead: PlatformDuration| {
            // Wall leads become production minutes by the recording's own scale, held in `L_min`.
            let incident = &self.frames[recording].incidents[0];
            let per_milli = incident.kind.minimum_lead().as_minutes()
                / incident.minimum_lead.as_millis().max(1) as f64;
            lead.as_millis() as f64 * per_milli
        };
        let point = |minutes: f64| {
            let recall = self.recall_value(|recording, number| {
                summaries[recording].matched[number]
                    .is_some_and(|lead| scale(recording, lead) >= minutes)
            })?;
            Some(LeadPoint { lead_production_minutes: minutes, recall })
        };
        LeadCurve {
            method: row.method.name.clone(),
            variant: variant_text(row.method.variant).to_owned(),
            scope: self.scope.clone(),
            budget: row.budget,
            points: LEADS.into_iter().filter_map(point).collect(),
        }
    }

    fn recall_value(&self, caught: impl Fn(usize, usize) -> bool) -> Option<f64> {
        let (mut hits, mut all) = (0_u32, 0_u32);
        for (recording, frame) in self.frames.iter().enumerate() {
            for (number, incident) in frame.incidents.iter().enumerate() {
                all += u32::from(incident.reachable);
                hits += u32::from(incident.reachable && caught(recording, number));
            }
        }
        (all > 0).then(|| f64::from(hits) / f64::from(all))
    }

    fn look_alikes(&self) -> Option<u32> {
        self.frames.iter().map(|frame| frame.look_alikes.map(|n| n as u32)).sum()
    }

    fn prevalence(
        &self,
        counts: &Counts,
        wrong: Option<Estimate>,
        quiet: Option<Estimate>,
    ) -> Option<Prevalence> {
        let days = self.pod_days();
        if days <= 0.0 {
            return None;
        }
        let hits_per_incident =
            (counts.incidents > 0).then(|| f64::from(counts.hits) / f64::from(counts.incidents));
        let at = |incidents_per_pod_day: f64| {
            precision_at(hits_per_incident?, wrong?.value, incidents_per_pod_day)
        };
        Some(Prevalence {
            incidents_per_pod_day: f64::from(counts.incidents) / days,
            look_alikes_per_pod_day: self.look_alikes().map(|all| f64::from(all) / days),
            precision_at_0_1: at(0.1),
            precision_at_0_01: at(0.01),
            quiet_pages_per_day_100_pods: quiet.map(|rate| rate.value * 100.0),
            quiet_pages_per_day_1000_pods: quiet.map(|rate| rate.value * 1_000.0),
        })
    }
}

// === impl Summary ===

impl Summary {
    /// The summary of a method that never says anything.
    #[must_use]
    pub fn silent(frame: &Frame) -> Self {
        let mut summary = Self {
            matched: vec![None; frame.incidents.len()],
            matched_right_kind: vec![None; frame.incidents.len()],
            ..Self::default()
        };
        summary.counts.incidents = frame.incidents.len() as u32;
        summary.counts.reachable = frame.count(|incident| incident.reachable);
        summary.counts.precursor = frame.count(|incident| incident.precursor == Precursor::Bearing);
        summary.counts.no_precursor = frame.count(|incident| incident.precursor == Precursor::None);
        summary.counts.unknown = frame.count(|incident| incident.precursor == Precursor::Unknown);
        summary
    }
}

// === free functions ===

/// Precision where incidents are rarer: hits fall with them, false alarms stay as they are.
#[must_use]
pub fn precision_at(
    hits_per_incident: f64,
    false_per_pod_day: f64,
    incidents_per_pod_day: f64,
) -> Option<f64> {
    let hits = hits_per_incident * incidents_per_pod_day;
    (hits + false_per_pod_day > 0.0).then(|| hits / (hits + false_per_pod_day))
}

/// Area under the event precision-recall curve with interpolated precision: at each recall the best
/// precision of any admitted point that reaches it. `None` without an admitted point.
#[must_use]
pub fn event_pr_auc(points: &[PrPoint]) -> Option<f64> {
    let mut admitted: Vec<(f64, f64)> = points
        .iter()
        .filter(|point| point.within_limits)
        .filter_map(|point| Some((point.recall, point.precision?)))
        .collect();
    if admitted.is_empty() {
        return points.iter().any(|point| point.within_limits).then_some(0.0);
    }
    admitted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut area, mut reached) = (0.0, 0.0);
    for (number, (recall, _)) in admitted.iter().enumerate() {
        let best =
            admitted[number..].iter().fold(0.0_f64, |best, (_, precision)| best.max(*precision));
        area += (recall - reached) * best;
        reached = *recall;
    }
    Some(area)
}

/// The stable text of a variant.
#[must_use]
pub const fn variant_text(variant: Variant) -> &'static str {
    match variant {
        Variant::AsShipped => "as_shipped",
        Variant::Tuned => "tuned",
    }
}

fn sum<'a>(parts: impl Iterator<Item = &'a Counts>) -> Counts {
    parts.fold(Counts::default(), |a, b| Counts {
        incidents: a.incidents + b.incidents,
        reachable: a.reachable + b.reachable,
        precursor: a.precursor + b.precursor,
        no_precursor: a.no_precursor + b.no_precursor,
        unknown: a.unknown + b.unknown,
        alarms: a.alarms + b.alarms,
        hits: a.hits + b.hits,
        hits_right_kind: a.hits_right_kind + b.hits_right_kind,
        reachable_matched: a.reachable_matched + b.reachable_matched,
        reachable_matched_right_kind: a.reachable_matched_right_kind
            + b.reachable_matched_right_kind,
        no_precursor_matched: a.no_precursor_matched + b.no_precursor_matched,
        unknown_matched: a.unknown_matched + b.unknown_matched,
        false_alarms: a.false_alarms + b.false_alarms,
        false_on_look_alikes: a.false_on_look_alikes + b.false_on_look_alikes,
        false_on_quiet: a.false_on_quiet + b.false_on_quiet,
        false_unobserved: a.false_unobserved + b.false_unobserved,
        late: a.late + b.late,
        early: a.early + b.early,
        intervened: a.intervened + b.intervened,
        blackout: a.blackout + b.blackout,
        nuisance: a.nuisance + b.nuisance,
    })
}

#[cfg(test)]
mod tests;

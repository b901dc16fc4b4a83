//! A judgement reduced to what the metrics need: small enough to keep one per threshold.

use foresail_core::{FaultDuration, PlatformDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::incident::{Ground, Nature};
use crate::matching::Judgement;
use crate::result::{AlarmFate, Counts, Precursor};

/// What one method at one threshold did on one recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// What became of everything.
    pub counts: Counts,
    /// Per incident of [`Frame::incidents`]: lead of the match, and whether the kind was right.
    pub matched: Vec<Option<PlatformDuration>>,
    /// The same for matches that named the kind.
    pub matched_right_kind: Vec<Option<PlatformDuration>>,
    /// False alarms per block of [`Frame::blocks`], only those above 0.
    pub false_blocks: Vec<(u32, u32)>,
    /// False alarms on quiet units, likewise.
    pub false_quiet_blocks: Vec<(u32, u32)>,
    /// Unit ticks outside blackouts under an open alarm that announced nothing.
    pub warned_ticks: u64,
    /// Leads of hits in production minutes.
    pub leads: Vec<f64>,
}

/// What a recording offers to every method: incidents and observed time.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// The headline's incidents.
    pub incidents: Vec<FrameIncident>,
    /// Position in [`Frame::incidents`] of each incident of the ground.
    pub position: Vec<Option<usize>>,
    /// Number of incident groups.
    pub groups: usize,
    /// Unit-hours: observed pod-days and quiet pod-days of each.
    pub blocks: Vec<Block>,
    /// Unit-hours per unit.
    pub hours: usize,
    /// Unit ticks outside blackouts.
    pub unit_ticks: u64,
    /// Look-alikes; `None` without truth.
    pub look_alikes: Option<usize>,
}

/// An incident as the metrics see it.
#[derive(Clone, Copy, Debug)]
pub struct FrameIncident {
    /// Resampling group.
    pub group: usize,
    /// Whether it counts in the denominator.
    pub reachable: bool,
    /// Whether it gave warning.
    pub precursor: Precursor,
    /// Least lead on the wall clock.
    pub minimum_lead: PlatformDuration,
    /// Kind of the primary outcome.
    pub kind: foresail_core::FailureKind,
}

/// One unit-hour of fault time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Block {
    /// Ticks at which the unit was observed; nodes are observed without pods of their own.
    pub ticks: u32,
    /// Observed pod-days.
    pub pod_days: f64,
    /// Of them quiet.
    pub quiet_pod_days: f64,
}

// === impl Frame ===

impl Frame {
    /// What `ground` offers.
    #[must_use]
    pub fn new(ground: &Ground) -> Self {
        let mut frame = Self {
            groups: ground.groups,
            look_alikes: ground.look_alikes,
            hours: hour_of(ground, ground.ticks.last().copied()) + 1,
            ..Self::default()
        };
        for incident in &ground.incidents {
            let counts = incident.is_headline();
            frame.position.push(counts.then_some(frame.incidents.len()));
            if counts {
                frame.incidents.push(FrameIncident {
                    group: incident.group,
                    reachable: incident.is_reachable(),
                    precursor: incident.precursor,
                    minimum_lead: incident.minimum_lead(ground.scale),
                    kind: incident.kind,
                });
            }
        }
        frame.blocks = vec![Block::default(); frame.hours * ground.units.len()];
        for (number, unit) in ground.units.iter().enumerate() {
            for (tick, at) in
                ground.ticks.iter().enumerate().filter(|(tick, _)| unit.observed[*tick])
            {
                let block = &mut frame.blocks[number * frame.hours + hour_of(ground, Some(*at))];
                let days = ground.days(u64::from(unit.pods[tick]));
                block.ticks += 1;
                block.pod_days += days;
                if ground.look_alikes.is_some() && ground.is_quiet(unit, *at) {
                    block.quiet_pod_days += days;
                }
                frame.unit_ticks += 1;
            }
        }
        frame
    }

    /// Observed pod-days.
    #[must_use]
    pub fn pod_days(&self) -> f64 {
        self.blocks.iter().map(|block| block.pod_days).sum()
    }

    /// Quiet pod-days; `None` without truth.
    #[must_use]
    pub fn quiet_pod_days(&self) -> Option<f64> {
        self.look_alikes?;
        Some(self.blocks.iter().map(|block| block.quiet_pod_days).sum())
    }

    /// Incidents that count as such.
    #[must_use]
    pub fn count(&self, which: impl Fn(&FrameIncident) -> bool) -> u32 {
        self.incidents.iter().filter(|incident| which(incident)).count() as u32
    }
}

// === impl Summary ===

impl Summary {
    /// Reduces `judgement` on `ground`.
    #[must_use]
    pub fn new(ground: &Ground, frame: &Frame, judgement: &Judgement) -> Self {
        let lead = |list: &[Option<crate::matching::Match>]| {
            ground
                .incidents
                .iter()
                .zip(list)
                .filter(|(incident, _)| incident.is_headline())
                .map(|(_, hit)| hit.map(|hit| hit.lead))
                .collect::<Vec<_>>()
        };
        let mut summary = Self {
            matched: lead(&judgement.matched),
            matched_right_kind: lead(&judgement.matched_right_kind),
            warned_ticks: warned_ticks(ground, judgement),
            ..Self::default()
        };
        summary.count_incidents(frame);
        summary.count_alarms(ground, frame, judgement);
        summary
    }

    fn count_incidents(&mut self, frame: &Frame) {
        let counts = &mut self.counts;
        counts.incidents = frame.incidents.len() as u32;
        counts.reachable = frame.count(|incident| incident.reachable);
        counts.precursor = frame.count(|incident| incident.precursor == Precursor::Bearing);
        counts.no_precursor = frame.count(|incident| incident.precursor == Precursor::None);
        counts.unknown = frame.count(|incident| incident.precursor == Precursor::Unknown);
        let hits = frame.incidents.iter().zip(&self.matched).filter(|(_, hit)| hit.is_some());
        for (incident, _) in hits {
            counts.reachable_matched += u32::from(incident.reachable);
            counts.no_precursor_matched += u32::from(incident.precursor == Precursor::None);
            counts.unknown_matched += u32::from(incident.precursor == Precursor::Unknown);
        }
        counts.reachable_matched_right_kind = frame
            .incidents
            .iter()
            .zip(&self.matched_right_kind)
            .filter(|(incident, hit)| incident.reachable && hit.is_some())
            .count() as u32;
    }

    fn count_alarms(&mut self, ground: &Ground, frame: &Frame, judgement: &Judgement) {
        let end = ground.ticks.last().copied().unwrap_or_default();
        for judged in &judgement.alarms {
            self.counts.alarms += 1;
            match judged.fate {
                AlarmFate::Hit => {
                    self.counts.hits += 1;
                    self.counts.hits_right_kind += u32::from(judged.right_kind);
                    if let Some(incident) = judged.incident {
                        let lead = ground.incidents[incident].at.since(judged.raised.at);
                        self.leads.push(ground.scale.to_fault(lead).as_minutes());
                    }
                }
                AlarmFate::False => {
                    let unit = &ground.units[judged.raised.unit.0 as usize];
                    let hour = hour_of(ground, Some(judged.raised.at));
                    let block = (judged.raised.unit.0 as usize * frame.hours + hour) as u32;
                    self.counts.false_alarms += 1;
                    add(&mut self.false_blocks, block);
                    let episode = unit.episode_at(judged.raised.at);
                    if episode.is_some_and(|span| span.nature == Nature::Benign) {
                        self.counts.false_on_look_alikes += 1;
                    }
                    if ground.look_alikes.is_some() && ground.is_quiet(unit, judged.raised.at) {
                        self.counts.false_on_quiet += 1;
                        add(&mut self.false_quiet_blocks, block);
                    }
                    if judged.raised.at + judged.raised.reach(ground.scale) > end {
                        self.counts.false_unobserved += 1;
                    }
                }
                AlarmFate::Late => self.counts.late += 1,
                AlarmFate::Early => self.counts.early += 1,
                AlarmFate::Intervened => self.counts.intervened += 1,
                AlarmFate::Blackout => self.counts.blackout += 1,
                AlarmFate::Nuisance => self.counts.nuisance += 1,
            }
        }
    }
}

// === free functions ===

fn add(blocks: &mut Vec<(u32, u32)>, block: u32) {
    match blocks.iter_mut().find(|(known, _)| *known == block) {
        Some((_, count)) => *count += 1,
        None => blocks.push((block, 1)),
    }
}

/// Number of the hour of fault time that `at` falls in, from the first tick.
fn hour_of(ground: &Ground, at: Option<Timestamp>) -> usize {
    let (Some(at), Some(first)) = (at, ground.ticks.first()) else { return 0 };
    (ground.scale.to_fault(at.since(*first)).as_minutes() / 60.0).max(0.0) as usize
}

/// Observed unit ticks under an open alarm, less [max(t_a, t_e − H_max), t_e] of each hit.
fn warned_ticks(ground: &Ground, judgement: &Judgement) -> u64 {
    let mut warned: Vec<Vec<bool>> = vec![Vec::new(); ground.units.len()];
    let n_ticks = ground.ticks.len();
    for judged in &judgement.alarms {
        let ticks = &mut warned[judged.raised.unit.0 as usize];
        ticks.resize(n_ticks, false);
        for tick in range(&ground.ticks, judged.raised.at, judged.ended_at) {
            ticks[tick] = true;
        }
    }
    for judged in judgement.alarms.iter().filter(|judged| judged.fate == AlarmFate::Hit) {
        let Some(incident) = judged.incident else { continue };
        let incident = &ground.incidents[incident];
        let longest: FaultDuration = incident.kind.longest_horizon();
        let from = judged.raised.at.max(incident.at - ground.scale.to_platform(longest));
        for tick in range(&ground.ticks, from, incident.at) {
            warned[judged.raised.unit.0 as usize][tick] = false;
        }
    }
    warned
        .iter()
        .zip(&ground.units)
        .map(|(ticks, unit)| {
            ticks.iter().zip(&unit.observed).filter(|(w, o)| **w && **o).count() as u64
        })
        .sum()
}

/// Ticks in `from..to`.
fn range(ticks: &[Timestamp], from: Timestamp, to: Timestamp) -> std::ops::Range<usize> {
    let start = ticks.partition_point(|tick| *tick < from);
    start..ticks.partition_point(|tick| *tick < to).max(start)
}

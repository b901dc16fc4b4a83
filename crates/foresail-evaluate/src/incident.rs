//! What happened and what of it could have been announced: incidents with precursor and reach,
//! blackouts, observed time, quiet time and look-alikes.
//!
//! In: the outcomes of the ledger and, where there is truth, its episodes. Truth decides about
//! precursors and look-alikes and about nothing else. `evaluation.md` section 1 has the definitions.

use std::collections::BTreeMap;

use foresail_collect::{Episode, EpisodeClass};
use foresail_core::{
    FailureKind, FaultDuration, KindClass, Outcome, PlatformDuration, TimeScale, Timestamp, Unit,
};

use crate::result::Precursor;
use crate::trace::{Trace, UnitIndex};

/// After the start of a recording, outcomes in this time are dropped.
pub const START_TRIM: PlatformDuration = PlatformDuration::from_seconds(30);
/// A unit has to have been seen this long before an announcement can be asked for.
pub const FIRST_SIGHT: PlatformDuration = PlatformDuration::from_seconds(60);
/// An outcome may come this long before its episode's start …
const EPISODE_BEFORE: PlatformDuration = PlatformDuration::from_seconds(2);
/// … and this long after its end.
const EPISODE_AFTER: PlatformDuration = PlatformDuration::from_seconds(60);
/// From the recovery of a unit to the end of its blackout.
pub(crate) const BLACKOUT_TAIL: FaultDuration = FaultDuration::from_minutes(10.0);
/// After an episode a unit is not yet quiet for so long.
const QUIET_TAIL: FaultDuration = FaultDuration::from_minutes(10.0);

/// Everything that alarms are judged against.
#[derive(Clone, Debug)]
pub struct Ground {
    /// Fault time over wall time.
    pub scale: TimeScale,
    /// Ticks.
    pub ticks: Vec<Timestamp>,
    /// Between two ticks.
    pub step: PlatformDuration,
    /// Per unit of the trace.
    pub units: Vec<UnitGround>,
    /// Every incident, oldest first, change kinds included.
    pub incidents: Vec<Incident>,
    /// Look-alike episodes; `None` without truth.
    pub look_alikes: Option<usize>,
    /// Number of incident groups.
    pub groups: usize,
    /// Changes of workloads seen.
    pub changes: u32,
}

/// One unit.
#[derive(Clone, Debug)]
pub struct UnitGround {
    /// The unit.
    pub unit: Unit,
    /// Its incidents, oldest first.
    pub incidents: Vec<usize>,
    /// Blackouts, oldest first: from the first outcome to ten minutes after recovery.
    pub blackouts: Vec<(Timestamp, Timestamp)>,
    /// Whether it was observed outside blackouts, per tick.
    pub observed: Vec<bool>,
    /// Live pods per tick.
    pub pods: Vec<u16>,
    /// Deletions of its pods and changes of its spec, oldest first.
    pub changed_at: Vec<Timestamp>,
    /// Episodes on it, oldest first.
    pub episodes: Vec<Span>,
}

/// An episode of truth on a unit.
#[derive(Clone, Debug)]
pub struct Span {
    /// Start.
    pub from: Timestamp,
    /// End.
    pub to: Timestamp,
    /// Kind, from truth.
    pub kind: String,
    /// What it is.
    pub nature: Nature,
    /// Group of incidents that it makes.
    group: usize,
}

/// What an episode is, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// A fault that announces itself.
    Slow,
    /// A fault that does not.
    Sudden,
    /// A look-alike that killed after all.
    Killed,
    /// A look-alike.
    Benign,
}

/// One incident.
#[derive(Clone, Debug)]
pub struct Incident {
    /// Number in the ledger.
    pub number: u32,
    /// What failed.
    pub unit: UnitIndex,
    /// Kind of its primary outcome.
    pub kind: FailureKind,
    /// When it began.
    pub at: Timestamp,
    /// When the unit had recovered; `None` while it has not.
    pub recovered_at: Option<Timestamp>,
    /// Whether something gave warning.
    pub precursor: Precursor,
    /// `None` when it could be announced in time, else why not.
    pub not_reachable_because: Option<String>,
    /// Kind of the episode behind it.
    pub episode: Option<String>,
    /// When that episode began.
    pub fault_began_at: Option<Timestamp>,
    /// Incidents of one group are resampled together.
    pub group: usize,
    /// Its outcomes, the primary one first.
    pub outcomes: Vec<Outcome>,
}

// === impl Incident ===

impl Incident {
    /// Whether it counts in the headline: by its primary outcome, an API fact.
    #[must_use]
    pub const fn is_headline(&self) -> bool {
        matches!(self.kind.class(), KindClass::ApiFact)
    }

    /// Whether it counts in the headline's denominator.
    #[must_use]
    pub const fn is_reachable(&self) -> bool {
        self.is_headline() && self.not_reachable_because.is_none()
    }

    /// The least useful lead on the wall clock.
    #[must_use]
    pub fn minimum_lead(&self, scale: TimeScale) -> PlatformDuration {
        scale.to_platform(self.kind.minimum_lead())
    }
}

// === impl UnitGround ===

impl UnitGround {
    /// Whether `at` lies in a blackout.
    #[must_use]
    pub fn in_blackout(&self, at: Timestamp) -> bool {
        self.blackouts.iter().any(|(from, to)| *from <= at && at < *to)
    }

    /// The episode under way at `at`, the latest started first.
    #[must_use]
    pub fn episode_at(&self, at: Timestamp) -> Option<&Span> {
        self.episodes.iter().rev().find(|span| span.from <= at && at <= span.to)
    }
}

// === impl Ground ===

impl Ground {
    /// Judges what happened in `trace`, with truth where there is some.
    #[must_use]
    pub fn new(trace: &Trace, episodes: Option<&[Episode]>) -> Self {
        let scale = trace.settings.time_scale;
        let mut units: Vec<_> = trace.units.iter().map(|unit| unit_ground(trace, unit)).collect();
        let mut groups = 0;
        if let Some(episodes) = episodes {
            groups = place_episodes(&mut units, episodes, trace.ended_at());
        }
        let mut ground = Self {
            scale,
            ticks: trace.ticks.clone(),
            step: trace.step(),
            units,
            incidents: Vec::new(),
            look_alikes: episodes
                .map(|all| all.iter().filter(|episode| nature(episode) == Nature::Benign).count()),
            groups,
            changes: trace.units.iter().map(|unit| unit.workload_changes).sum(),
        };
        ground.place_incidents(trace);
        ground.judge_reach(trace, episodes.is_some());
        ground.group_callers();
        ground.mark_observed(trace);
        ground
    }

    /// Observed pod time outside blackouts, in days of fault time.
    #[must_use]
    pub fn pod_days(&self) -> f64 {
        let ticks = self.units.iter().flat_map(|unit| {
            unit.observed
                .iter()
                .zip(&unit.pods)
                .map(|(on, pods)| if *on { u64::from(*pods) } else { 0 })
        });
        self.days(ticks.sum())
    }

    /// The part of it with no episode on the unit; `None` without truth.
    #[must_use]
    pub fn quiet_pod_days(&self) -> Option<f64> {
        self.look_alikes?;
        let mut ticks = 0;
        for unit in &self.units {
            for (tick, at) in self.ticks.iter().enumerate() {
                if unit.observed[tick] && self.is_quiet(unit, *at) {
                    ticks += u64::from(unit.pods[tick]);
                }
            }
        }
        Some(self.days(ticks))
    }

    /// Whether no episode is on the unit at `at`, or was within ten minutes of fault time before.
    #[must_use]
    pub fn is_quiet(&self, unit: &UnitGround, at: Timestamp) -> bool {
        let tail = self.scale.to_platform(QUIET_TAIL);
        !unit.episodes.iter().any(|span| span.from <= at && at <= span.to + tail)
    }

    /// Pod ticks as days of fault time.
    #[must_use]
    pub fn days(&self, pod_ticks: u64) -> f64 {
        pod_ticks as f64 * self.step.as_seconds() * self.scale.get() / 86_400.0
    }

    /// The ground of units without truth and without ticks: what alarms are judged against while time
    /// goes on.
    pub(crate) fn of_units(
        scale: TimeScale,
        step: PlatformDuration,
        units: Vec<UnitGround>,
    ) -> Self {
        Self {
            scale,
            ticks: Vec::new(),
            step,
            units,
            incidents: Vec::new(),
            look_alikes: None,
            groups: 0,
            changes: 0,
        }
    }

    fn place_incidents(&mut self, trace: &Trace) {
        let from = trace.started_at + START_TRIM;
        let outcomes: Vec<_> =
            trace.outcomes.iter().filter(|outcome| outcome.occurred_at >= from).collect();
        self.place(&outcomes, trace.ended_at() + trace.step(), |unit| trace.find(unit));
    }

    /// Puts incidents and blackouts on their units; one that is not over lasts until `end`.
    pub(crate) fn place(
        &mut self,
        outcomes: &[&Outcome],
        end: Timestamp,
        find: impl Fn(&Unit) -> Option<UnitIndex>,
    ) {
        let mut numbered: BTreeMap<u32, Vec<&Outcome>> = BTreeMap::new();
        for outcome in outcomes {
            numbered.entry(outcome.incident).or_default().push(outcome);
        }
        let mut incidents: Vec<_> = numbered
            .into_iter()
            .filter_map(|(number, outcomes)| incident(&find, number, outcomes))
            .collect();
        incidents.sort_by_key(|incident| (incident.at, incident.number));
        let tail = self.scale.to_platform(BLACKOUT_TAIL);
        for (position, incident) in incidents.iter_mut().enumerate() {
            incident.group = self.groups;
            self.groups += 1;
            let unit = &mut self.units[incident.unit.0 as usize];
            unit.incidents.push(position);
            let until = incident.recovered_at.map_or(end, |at| at + tail);
            unit.blackouts.push((incident.at, until));
        }
        self.incidents = incidents;
    }

    fn judge_reach(&mut self, trace: &Trace, truth: bool) {
        let scale = self.scale;
        let mut incidents = std::mem::take(&mut self.incidents);
        for incident in &mut incidents {
            let unit = &self.units[incident.unit.0 as usize];
            let cause = cause_of(unit, incident.at);
            incident.precursor = match cause.map(|span| span.nature) {
                Some(Nature::Slow | Nature::Killed) => Precursor::Bearing,
                Some(Nature::Sudden | Nature::Benign) => Precursor::None,
                None if unit.episodes.iter().any(|span| covers(span, incident.at)) => {
                    Precursor::None
                }
                None => Precursor::Unknown,
            };
            incident.episode = cause.map(|span| span.kind.clone());
            incident.fault_began_at = cause.map(|span| span.from);
            if let Some(span) = cause {
                incident.group = span.group;
            }
            let first_seen = trace.units[incident.unit.0 as usize].first_seen;
            let deadline = incident.at - incident.minimum_lead(scale);
            incident.not_reachable_because = if !truth {
                // Without truth nothing can be left out: every incident is asked for.
                None
            } else if incident.precursor != Precursor::Bearing {
                Some("nothing announced it".to_owned())
            } else if cause.is_some_and(|span| span.from > deadline) {
                Some("the fault began less than the least useful lead before it".to_owned())
            } else if unit
                .blackouts
                .iter()
                .any(|(from, to)| *from < incident.at && *from <= deadline && deadline < *to)
            {
                Some("the workload had just failed before".to_owned())
            } else if first_seen.is_none_or(|first| deadline < first + FIRST_SIGHT) {
                Some("the workload was seen for too short a time before".to_owned())
            } else {
                None
            };
        }
        self.incidents = incidents;
    }

    /// Puts knock-on incidents into the group of their root: one injection, one group.
    fn group_callers(&mut self) {
        let window = self.scale.to_platform(FaultDuration::from_minutes(100.0));
        let known: Vec<_> = self
            .incidents
            .iter()
            .filter(|incident| incident.precursor != Precursor::Unknown)
            .map(|incident| {
                (
                    namespace_of(&self.units[incident.unit.0 as usize].unit),
                    incident.at,
                    incident.group,
                )
            })
            .collect();
        let units = &self.units;
        for incident in &mut self.incidents {
            if incident.precursor != Precursor::Unknown {
                continue;
            }
            // A knock-on follows its root within H_max in the same application.
            let namespace = namespace_of(&units[incident.unit.0 as usize].unit);
            let root = known.iter().rev().find(|(other, at, _)| {
                *other == namespace && *at <= incident.at && incident.at.since(*at) <= window
            });
            if let Some((_, _, group)) = root {
                incident.group = *group;
            }
        }
    }

    fn mark_observed(&mut self, trace: &Trace) {
        let ticks = &self.ticks;
        for (unit, seen) in self.units.iter_mut().zip(&trace.units) {
            unit.observed = ticks
                .iter()
                .enumerate()
                .map(|(tick, at)| seen.present_at(tick) && !unit.in_blackout(*at))
                .collect();
        }
    }
}

// === free functions ===

fn unit_ground(trace: &Trace, unit: &crate::trace::UnitTrace) -> UnitGround {
    let mut changed_at = unit.changed_at.clone();
    changed_at.sort_unstable();
    UnitGround {
        unit: unit.unit.clone(),
        incidents: Vec::new(),
        blackouts: Vec::new(),
        observed: Vec::new(),
        pods: (0..trace.ticks.len()).map(|tick| unit.pods_at(tick)).collect(),
        changed_at,
        episodes: Vec::new(),
    }
}

fn namespace_of(unit: &Unit) -> Option<String> {
    unit.workload().map(|id| id.namespace.clone())
}

/// Puts every episode on the units that carry its name; returns the number of groups.
fn place_episodes(units: &mut [UnitGround], episodes: &[Episode], end: Timestamp) -> usize {
    for (group, episode) in episodes.iter().enumerate() {
        for unit in units.iter_mut() {
            let on = unit
                .unit
                .workload()
                .is_some_and(|id| id.namespace == episode.namespace && id.name == episode.workload);
            if on {
                unit.episodes.push(Span {
                    from: episode.start,
                    to: episode.end.unwrap_or(end),
                    kind: episode.kind.clone(),
                    nature: nature(episode),
                    group,
                });
            }
        }
    }
    for unit in units {
        unit.episodes.sort_by_key(|span| span.from);
    }
    episodes.len()
}

/// What an episode is. Version 2 of the workload says which faults are slow; version 1 says it by kind.
fn nature(episode: &Episode) -> Nature {
    const SLOW: [&str; 15] = [
        "mem_leak",
        "goroutine_leak",
        "fd_leak",
        "thread_leak",
        "pool_leak",
        "cpu_ramp",
        "disk_fill",
        "latency_ramp",
        "error_ramp",
        "crash_warn",
        "job_oom",
        "bad_release_mem_leak",
        "bad_release_fd_leak",
        "bad_release_crash_warn",
        "bad_release_latency_ramp",
    ];
    let kind = episode.kind.as_str();
    match (episode.class, episode.observed_class) {
        (EpisodeClass::Benign, Some(EpisodeClass::Fault)) => Nature::Killed,
        (EpisodeClass::Benign, Some(EpisodeClass::Benign) | None) => Nature::Benign,
        (EpisodeClass::Fault, _) => {
            let slow = episode.slow.unwrap_or_else(|| {
                SLOW.contains(&kind) || (kind == "deadlock" && episode.warn.unwrap_or(0.0) > 0.0)
            });
            if slow { Nature::Slow } else { Nature::Sudden }
        }
    }
}

/// Whether an outcome at `at` may belong to an episode.
fn covers(span: &Span, at: Timestamp) -> bool {
    span.from - EPISODE_BEFORE <= at && at <= span.to + EPISODE_AFTER
}

/// The harmful episode that an outcome at `at` belongs to: the one that started last.
fn cause_of(unit: &UnitGround, at: Timestamp) -> Option<&Span> {
    unit.episodes.iter().rev().find(|span| span.nature != Nature::Benign && covers(span, at))
}

fn incident(
    find: &impl Fn(&Unit) -> Option<UnitIndex>,
    number: u32,
    mut outcomes: Vec<&Outcome>,
) -> Option<Incident> {
    outcomes.sort_by_key(|outcome| (outcome.occurred_at, outcome.kind));
    let first = *outcomes.first()?;
    // The trim at the start may have cut the ledger's primary outcome off; the rest has no start then.
    outcomes.iter().any(|outcome| outcome.primary).then_some(())?;
    let recovered_at = outcomes
        .iter()
        .map(|outcome| outcome.recovered_at)
        .try_fold(None, |latest: Option<Timestamp>, one| {
            one.map(|one| Some(latest.map_or(one, |l| l.max(one))))
        })
        .flatten();
    Some(Incident {
        number,
        unit: find(&first.unit)?,
        kind: first.kind,
        at: first.occurred_at,
        recovered_at,
        precursor: Precursor::Unknown,
        not_reachable_because: None,
        episode: None,
        fault_began_at: None,
        group: 0,
        outcomes: outcomes.into_iter().cloned().collect(),
    })
}

#[cfg(test)]
mod tests;

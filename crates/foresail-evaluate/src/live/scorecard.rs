//! The scorecard: what is kept between ticks, and how it is judged.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use foresail_core::{
    AlarmChange, Batch, ChangeKind, FailureKind, FaultDuration, KindClass, Object, ObjectChange,
    Outcome, PlatformDuration, Prediction, TimeScale, Timestamp, Unit, WorkloadId,
};
use foresail_engine::ledger::OutcomeBrief;
use foresail_engine::paging::{AlarmKey, PageFate};
use foresail_engine::{Settings, State};
use serde::{Deserialize, Serialize};

use super::calibration::Models;
use super::card::{AlarmCounts, Card, CheckCounts};
use super::kept::{Court, Kept};
use super::reading::{rate, share};
use crate::checks::NAMED_WITHIN;
use crate::confidence::quantile;
use crate::incident::{BLACKOUT_TAIL, Ground, UnitGround};
use crate::matching::judge;
use crate::result::AlarmFate;
use crate::trace::UnitIndex;

/// Alarms kept; beyond it the oldest go. Seven days at one every half minute.
const ALARMS_KEPT: usize = 20_000;
/// Parts of the window in which pod-days are added up.
pub(super) const SLICES: i64 = 168;
/// Facts are known so long after they hold: holds of up to a minute, and the way here.
pub(super) const SETTLING: PlatformDuration = PlatformDuration::from_seconds(90);
/// The longest of the least useful leads of kinds that are facts of the API.
const LONGEST_LEAD: FaultDuration = FaultDuration::from_minutes(15.0);

/// What one tick of the service gave.
#[derive(Clone, Copy, Debug)]
pub struct LiveTick<'a> {
    /// The time that was assessed.
    pub at: Timestamp,
    /// What the state took in for it.
    pub batch: &'a Batch,
    /// What happened to alarms of the model in service.
    pub alarms: &'a [AlarmChange],
    /// What each model said: the one in service first, then shadows, by their names in the registry.
    pub said: &'a [(&'a str, &'a [Prediction])],
}

/// Scores of a running service over a sliding window.
///
/// It is part of what the service keeps: put it beside the restart point and it goes on after one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Scorecard {
    window: PlatformDuration,
    scale: TimeScale,
    step: PlatformDuration,
    began_at: Option<Timestamp>,
    last_at: Option<Timestamp>,
    /// In the order of being raised.
    alarms: VecDeque<Kept>,
    /// Pod seconds of wall time outside blackouts, by the start of a part of the window.
    pods: VecDeque<(Timestamp, f64)>,
    /// Pods, by uid, whose deletion was seen and that are still there.
    leaving: BTreeSet<String>,
    /// Incidents of the window, by number, with when they began.
    scored: BTreeMap<u32, Timestamp>,
    /// Incidents that have left the window.
    scored_before: u64,
    models: Models,
    #[serde(skip)]
    verdict: Verdict,
}

/// What follows from what is kept; made anew whenever that has changed.
#[derive(Clone, Debug, Default)]
struct Verdict {
    /// What it was made from; `None` when it has to be made anew.
    basis: Option<Vec<Brief>>,
    /// The next time at which waiting alone changes it.
    next: Option<Timestamp>,
    fates: BTreeMap<AlarmKey, PageFate>,
    alarms: AlarmCounts,
    checks: CheckCounts,
    outcomes: u32,
    caught: u32,
    caught_right_kind: u32,
    leads: Vec<f64>,
}

/// What of an outcome changes how alarms are judged.
type Brief = (u32, FailureKind, Timestamp, Option<Timestamp>);

// === impl Scorecard ===

impl Scorecard {
    /// Begins with nothing seen.
    #[must_use]
    pub fn new(settings: &Settings, window: PlatformDuration) -> Self {
        Self {
            window,
            scale: settings.time_scale,
            step: settings.scrape_interval,
            began_at: None,
            last_at: None,
            alarms: VecDeque::new(),
            pods: VecDeque::new(),
            leaving: BTreeSet::new(),
            scored: BTreeMap::new(),
            scored_before: 0,
            models: Models::default(),
            verdict: Verdict::default(),
        }
    }

    /// Takes in a tick; `state` has taken in its batch already.
    pub fn observe(&mut self, state: &State, tick: LiveTick<'_>) {
        let at = tick.at;
        if self.last_at.is_some_and(|last| at <= last) {
            return;
        }
        self.began_at.get_or_insert(at);
        let acted = self.acted(state, tick);
        self.take_alarms(tick.alarms, at);
        self.note_actions(&acted);
        let outcomes = self.relevant(state, at);
        let failing = self.failing(&outcomes, at);
        self.add_pods(state, at, &failing);
        self.models.observe((tick.said, at), (&outcomes, &acted, &failing), self.clock());
        self.last_at = Some(at);
        self.judge_if_changed(&outcomes, at);
    }

    /// The scores as of the last tick; `None` before the first.
    #[must_use]
    pub fn card(&self) -> Option<Card> {
        let at = self.last_at?;
        let from = self.counted_from(at);
        let verdict = &self.verdict;
        let pod_days =
            self.pods.iter().map(|(_, seconds)| seconds).sum::<f64>() * self.scale.get() / 86_400.0;
        let judged = verdict.alarms.hit + verdict.alarms.wrong;
        Some(Card {
            from,
            at,
            outcomes_ever: self.outcomes_scored(),
            outcomes: verdict.outcomes,
            caught: verdict.caught,
            caught_right_kind: verdict.caught_right_kind,
            recall: share(verdict.caught, verdict.outcomes),
            precision: share(verdict.alarms.hit, judged),
            false_per_pod_day: rate(verdict.alarms.wrong, pod_days),
            pod_days,
            median_lead_minutes: quantile(&verdict.leads, 0.5),
            alarms: verdict.alarms,
            checks: verdict.checks,
            models: self.models.cards(at),
        })
    }

    /// Outcomes scored since observing began: incidents by their primary outcome, a fact of the API.
    #[must_use]
    pub fn outcomes_scored(&self) -> u64 {
        self.scored_before + self.scored.len() as u64
    }

    /// What became of an alarm so far; pending for one that is not known.
    #[must_use]
    pub fn fate(&self, alarm: AlarmKey) -> PageFate {
        self.verdict.fates.get(&alarm).copied().unwrap_or(PageFate::Pending)
    }

    /// Outcomes count from here on: those before were not watched.
    fn counted_from(&self, at: Timestamp) -> Timestamp {
        self.began_at.unwrap_or(at).max(at - self.window)
    }

    const fn clock(&self) -> (TimeScale, PlatformDuration) {
        (self.scale, self.window)
    }

    fn take_alarms(&mut self, changes: &[AlarmChange], at: Timestamp) {
        for change in changes {
            match change {
                AlarmChange::Raised(alarm) => self.alarms.push_back(Kept::new(alarm)),
                AlarmChange::Cleared { id, at } => {
                    if let Some(alarm) = self.alarms.iter_mut().rev().find(|one| one.key.id == *id)
                    {
                        alarm.cleared_at = Some(*at);
                    }
                }
                // An alarm is judged as it was raised.
                AlarmChange::Renewed { .. } | AlarmChange::Folded { .. } => continue,
            }
            self.verdict.basis = None;
        }
        let (from, scale) = (at - self.window, self.scale);
        let before = self.alarms.len();
        self.alarms.retain(|alarm| alarm.over_at(scale) >= from);
        let surplus = self.alarms.len().saturating_sub(ALARMS_KEPT);
        self.alarms.drain(..surplus);
        if self.alarms.len() < before {
            self.verdict.basis = None;
        }
    }

    /// When somebody acted on which unit since the last tick: a pod of it was deleted, or its
    /// template, resources or replicas changed. As [`crate::replay`] has it.
    fn acted(&mut self, state: &State, tick: LiveTick<'_>) -> BTreeMap<Unit, Vec<Timestamp>> {
        let since = self.last_at.unwrap_or_default();
        let mut acted: BTreeMap<Unit, Vec<Timestamp>> = BTreeMap::new();
        for change in &tick.batch.objects {
            if let Some(owner) = self.deleted(state, change) {
                acted.entry(Unit::Workload(owner)).or_default().push(change.observed_at);
            }
        }
        for (id, record) in state.graph().workloads() {
            for time in [record.template_changed_at, record.scaled_at].into_iter().flatten() {
                if time > since {
                    acted.entry(Unit::Workload(id.clone())).or_default().push(time);
                }
            }
        }
        acted
    }

    fn note_actions(&mut self, acted: &BTreeMap<Unit, Vec<Timestamp>>) {
        if acted.is_empty() {
            return;
        }
        for alarm in &mut self.alarms {
            for time in acted.get(&alarm.unit).into_iter().flatten() {
                alarm.note_action(*time);
                self.verdict.basis = None;
            }
        }
    }

    /// Outcomes of the incidents that can matter for the window or a kept alarm.
    fn relevant<'s>(&self, state: &'s State, at: Timestamp) -> Vec<OutcomeBrief<'s>> {
        let tail = self.scale.to_platform(BLACKOUT_TAIL);
        let from = at - self.window;
        let from = self.alarms.front().map_or(from, |first| from.min(first.key.raised_at));
        let reaches =
            |one: &OutcomeBrief<'_>| one.recovered_at.is_none_or(|over| over + tail >= from);
        let all: Vec<_> = state.ledger().briefs().collect();
        let incidents = all.chunk_by(|a, b| a.incident == b.incident);
        incidents.filter(|one| one.iter().any(reaches)).flatten().copied().collect()
    }

    /// The owner of a pod whose deletion is seen for the first time.
    fn deleted(&mut self, state: &State, change: &ObjectChange) -> Option<WorkloadId> {
        let Object::Pod(pod) = &change.object else { return None };
        let is_gone = change.change == ChangeKind::Deleted;
        if pod.deletion_requested_at.is_none() && !is_gone {
            return None;
        }
        let was_known = self.leaving.contains(&pod.uid);
        if is_gone {
            self.leaving.remove(&pod.uid);
        } else {
            self.leaving.insert(pod.uid.clone());
        }
        let owner = state.graph().unit_of_pod((&pod.namespace, &pod.name), Some(&pod.uid));
        owner.filter(|_| !was_known).cloned()
    }

    /// Units that fail at `at` or have just recovered, as is known by now.
    fn failing<'a>(&self, outcomes: &[OutcomeBrief<'a>], at: Timestamp) -> BTreeSet<&'a Unit> {
        let tail = self.scale.to_platform(BLACKOUT_TAIL);
        let fails = |one: &&OutcomeBrief<'a>| {
            one.settled_at <= at && one.recovered_at.is_none_or(|over| at < over + tail)
        };
        outcomes.iter().filter(fails).map(|one| one.unit).collect()
    }

    fn add_pods(&mut self, state: &State, at: Timestamp, failing: &BTreeSet<&Unit>) {
        let failing: BTreeSet<&WorkloadId> =
            failing.iter().filter_map(|unit| unit.workload()).collect();
        let pods = state.graph().pods().filter(|pod| {
            !pod.object.is_finished() && (failing.is_empty() || !failing.contains(&pod.unit))
        });
        // A gap in the ticks is not observed time.
        let passed = self.last_at.map_or(self.step, |last| at.since(last).min(self.step));
        let seconds = pods.count() as f64 * passed.as_seconds();
        let part = PlatformDuration::from_millis((self.window.as_millis() / SLICES).max(1));
        match self.pods.back_mut() {
            Some((from, sum)) if at.since(*from) < part => *sum += seconds,
            Some(_) | None => self.pods.push_back((at, seconds)),
        }
        let from = at - self.window;
        while self.pods.front().is_some_and(|(start, _)| *start + part <= from) {
            self.pods.pop_front();
        }
    }

    fn judge_if_changed(&mut self, outcomes: &[OutcomeBrief<'_>], at: Timestamp) {
        let basis: Vec<Brief> = outcomes
            .iter()
            .map(|one| (one.incident, one.kind, one.occurred_at, one.recovered_at))
            .collect();
        let waited = self.verdict.next.is_some_and(|next| next <= at);
        if !waited && self.verdict.basis.as_ref() == Some(&basis) {
            return;
        }
        let mut verdict = self.judge(outcomes, at);
        verdict.basis = Some(basis);
        self.verdict = verdict;
    }

    fn judge(&mut self, briefs: &[OutcomeBrief<'_>], at: Timestamp) -> Verdict {
        let from = self.counted_from(at);
        let outcomes: Vec<Outcome> = briefs.iter().map(whole).collect();
        let (ground, units) = self.ground(&outcomes, at);
        let mut verdict = Verdict::default();
        let forecasts: Vec<&Kept> =
            self.alarms.iter().filter(|one| one.court() == Court::Forecast).collect();
        let raised: Vec<_> = forecasts.iter().map(|one| one.raised(units[&one.unit])).collect();
        let judgement = judge(&ground, &raised);
        for (kept, judged) in forecasts.into_iter().zip(&judgement.alarms) {
            verdict.note(kept, judged.fate, self.wait(kept, at));
        }
        for (number, incident) in ground.incidents.iter().enumerate() {
            if !incident.is_headline() || incident.at < from {
                continue;
            }
            verdict.outcomes += 1;
            verdict.caught_right_kind += u32::from(judgement.matched_right_kind[number].is_some());
            if let Some(hit) = judgement.matched[number] {
                verdict.caught += 1;
                verdict.leads.push(self.scale.to_fault(hit.lead).as_minutes());
            }
        }
        self.judge_checks(&mut verdict, &outcomes, at);
        let headline = ground.incidents.iter().filter(|one| one.is_headline() && one.at >= from);
        let now: BTreeMap<u32, Timestamp> = headline.map(|one| (one.number, one.at)).collect();
        let left =
            |(number, begun): &(&u32, &Timestamp)| **begun < from && !now.contains_key(number);
        // One that vanished without leaving the window was merged into another.
        self.scored_before += self.scored.iter().filter(left).count() as u64;
        verdict.next =
            verdict.next.into_iter().chain(now.values().map(|one| *one + self.window)).min();
        self.scored = now;
        verdict
    }

    /// Everything that the kept alarms are judged against.
    fn ground<'a>(
        &'a self,
        outcomes: &'a [Outcome],
        at: Timestamp,
    ) -> (Ground, BTreeMap<&'a Unit, UnitIndex>) {
        let mut units: BTreeMap<&Unit, UnitIndex> = BTreeMap::new();
        let mut grounds: Vec<UnitGround> = Vec::new();
        let alarmed = self.alarms.iter().map(|alarm| &alarm.unit);
        for unit in alarmed.chain(outcomes.iter().map(|outcome| &outcome.unit)) {
            units.entry(unit).or_insert_with(|| {
                grounds.push(UnitGround {
                    unit: unit.clone(),
                    incidents: Vec::new(),
                    blackouts: Vec::new(),
                    observed: Vec::new(),
                    pods: Vec::new(),
                    changed_at: Vec::new(),
                    episodes: Vec::new(),
                });
                UnitIndex(grounds.len() as u32 - 1)
            });
        }
        for alarm in &self.alarms {
            grounds[units[&alarm.unit].0 as usize].changed_at.extend(alarm.acted_at);
        }
        let mut ground = Ground::of_units(self.scale, self.step, grounds);
        let all: Vec<&Outcome> = outcomes.iter().collect();
        ground.place(&all, at + self.step, |unit| units.get(unit).copied());
        (ground, units)
    }

    /// When a false alarm is known to be one; `None` once it is.
    fn wait(&self, kept: &Kept, at: Timestamp) -> Option<Timestamp> {
        // An outcome counts up to its least useful lead after the alarm was cleared.
        let lead = self.scale.to_platform(LONGEST_LEAD);
        let cleared = kept.cleared_at.map(|cleared| cleared + lead);
        let reached = kept.over_at(self.scale);
        let known = cleared.map_or(reached, |cleared| cleared.min(reached)) + SETTLING;
        (at < known).then_some(known)
    }

    fn judge_checks(&self, verdict: &mut Verdict, outcomes: &[Outcome], at: Timestamp) {
        let from = self.counted_from(at);
        let mut of_change: BTreeMap<(&Unit, FailureKind), Vec<Timestamp>> = BTreeMap::new();
        for one in outcomes.iter().filter(|one| matches!(one.kind.class(), KindClass::Change)) {
            of_change.entry((&one.unit, one.kind)).or_default().push(one.occurred_at);
        }
        let mut named: BTreeSet<(&Unit, FailureKind, Timestamp)> = BTreeSet::new();
        for kept in &self.alarms {
            match kept.court() {
                Court::Forecast => continue,
                Court::None => {
                    verdict.alarms.unjudged += 1;
                    continue;
                }
                Court::Check => {}
            }
            let stands = |occurred: &&Timestamp| {
                kept.key.raised_at <= **occurred + NAMED_WITHIN
                    && kept.cleared_at.is_none_or(|cleared| cleared >= **occurred)
            };
            let times = of_change.get(&(&kept.unit, kept.kind)).map_or(&[][..], Vec::as_slice);
            let mut hits = times.iter().filter(stands).peekable();
            let known = kept.cleared_at.map(|cleared| cleared + SETTLING);
            let fate = if hits.peek().is_some() {
                PageFate::NotFalse
            } else if known.is_some_and(|known| known <= at) {
                verdict.checks.wrong += 1;
                PageFate::False
            } else {
                verdict.next = verdict.next.into_iter().chain(known).min();
                PageFate::Pending
            };
            named.extend(hits.map(|time| (&kept.unit, kept.kind, *time)));
            verdict.fates.insert(kept.key, fate);
        }
        let counted = of_change.values().flatten().filter(|time| **time >= from);
        verdict.checks.outcomes = counted.count() as u32;
        verdict.checks.named = named.iter().filter(|(_, _, time)| *time >= from).count() as u32;
    }
}

// === impl Verdict ===

impl Verdict {
    /// Counts a forecast; `wait` is when a false one is known to be one, `None` once it is.
    fn note(&mut self, kept: &Kept, fate: AlarmFate, wait: Option<Timestamp>) {
        let counts = &mut self.alarms;
        let mut of_page = PageFate::NotFalse;
        match fate {
            AlarmFate::Hit => counts.hit += 1,
            AlarmFate::Late => counts.late += 1,
            AlarmFate::Intervened => counts.intervened += 1,
            AlarmFate::Blackout => counts.blackout += 1,
            AlarmFate::Nuisance => counts.nuisance += 1,
            // Without truth there is no early alarm.
            AlarmFate::False | AlarmFate::Early => {
                if wait.is_some() {
                    counts.pending += 1;
                    of_page = PageFate::Pending;
                    self.next = self.next.into_iter().chain(wait).min();
                } else {
                    counts.wrong += 1;
                    of_page = PageFate::False;
                }
            }
        }
        self.fates.insert(kept.key, of_page);
    }
}

// === free functions ===

fn whole(brief: &OutcomeBrief<'_>) -> Outcome {
    Outcome {
        occurred_at: brief.occurred_at,
        settled_at: brief.settled_at,
        recovered_at: brief.recovered_at,
        kind: brief.kind,
        unit: brief.unit.clone(),
        pod: None,
        node: None,
        incident: brief.incident,
        primary: brief.primary,
        facts: Vec::new(),
    }
}

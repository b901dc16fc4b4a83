//! One turn of everything that judges, on a thread of its own: the engine, the scores of what it said,
//! and which alarms page.

use std::collections::{BTreeMap, VecDeque};

use foresail_api::{Drift, Mode, ObjectCounts, OpenAlarm, OutcomeCount, Scorecard as ShownCard};
use foresail_core::store::{Evidence, EvidenceOf, Minute, RestartPoint};
use foresail_core::{
    Alarm, AlarmChange, Batch, FailureKind, KubernetesEvent, PlatformDuration, Timestamp, Unit,
    Verdict,
};
use foresail_engine::paging::{
    self, AlarmKey, HoldReason, PageVerdict, PagingSettings, PagingState, PagingStatus, Scored,
};
use foresail_engine::{State, evidence};
use foresail_evaluate::dataset::live::MinuteRows;
use foresail_evaluate::live::{LiveTick, Scorecard};
use serde::{Deserialize, Serialize};

use super::judge::{Depth, Judge, Judged};
use super::keeper::{Item, Keeper};
use super::models::Chosen;
use super::restart::RestartError;
use super::{scores, watch};

/// How far back scores reach.
const SCORED_OVER: PlatformDuration = PlatformDuration::from_seconds(7 * 86_400);
/// Events remembered for evidence.
const EVENTS: usize = 10_000;
/// What was seen is copied when an alarm is raised and once more after this time.
const AFTERMATH: PlatformDuration = PlatformDuration::from_seconds(1_800);

/// What is remembered beside the engine's own state.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Memory {
    card: Scorecard,
    paging: PagingState,
    /// Of every open alarm.
    verdicts: Vec<(AlarmKey, PageVerdict)>,
    counts: BTreeMap<FailureKind, u64>,
}

/// Everything that judges.
#[derive(Debug)]
pub(crate) struct Desk {
    judge: Judge,
    memory: Memory,
    paging: PagingSettings,
    rows: MinuteRows,
    events: VecDeque<KubernetesEvent>,
    /// Alarms whose aftermath is still to be copied, and when.
    due: VecDeque<(Timestamp, Alarm)>,
}

/// What a turn gave.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) judged: Judged,
    pub(crate) alarms: Vec<OpenAlarm>,
    pub(crate) minute: Option<Minute>,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) mode: Mode,
    pub(crate) mode_reason: String,
    pub(crate) objects: ObjectCounts,
    pub(crate) scorecard: Option<ShownCard>,
    pub(crate) outcomes: Vec<OutcomeCount>,
    pub(crate) skipped: Vec<(String, u64)>,
    pub(crate) drift: Vec<Drift>,
}

// === impl Memory ===

impl Memory {
    /// Nothing remembered.
    pub(crate) fn new(state: &State) -> Self {
        Self {
            card: Scorecard::new(state.settings(), SCORED_OVER),
            paging: PagingState::default(),
            verdicts: Vec::new(),
            counts: BTreeMap::new(),
        }
    }
}

// === impl Desk ===

impl Desk {
    /// A desk that goes on with what is remembered.
    pub(crate) fn new(judge: Judge, memory: Memory, paging: PagingSettings) -> Self {
        let rows = MinuteRows::new(judge.state().settings());
        Self { judge, memory, paging, rows, events: VecDeque::new(), due: VecDeque::new() }
    }

    /// What was observed.
    pub(crate) const fn state(&self) -> &State {
        self.judge.state()
    }

    /// The time that was last judged.
    pub(crate) fn last_tick(&self) -> Option<Timestamp> {
        self.judge.last_tick()
    }

    /// Lets other models judge from now on.
    pub(crate) fn set_models(&mut self, chosen: &Chosen) {
        self.judge.set_models(chosen.service.clone(), chosen.shadows.clone());
    }

    /// From where a later life can go on.
    pub(crate) fn restart_point(&self) -> Result<Option<RestartPoint>, RestartError> {
        self.judge.restart_point(&self.memory)
    }

    /// Takes in a tick of the past that is only to be known.
    pub(crate) fn observe(&mut self, at: Timestamp, batch: &Batch) -> Judged {
        self.remember(batch);
        self.judge.tick(at, batch, Depth::Observe)
    }

    /// One tick.
    pub(crate) fn turn(&mut self, at: Timestamp, batch: &Batch, depth: Depth) -> Turn {
        self.remember(batch);
        let before = self.judge.last_tick();
        let mut judged = self.judge.tick(at, batch, depth);
        let minute = self.rows.is_due(at).then(|| self.rows.minute(self.judge.state(), at));
        judged.tick.labels = self.rows.labels(self.judge.state(), at);
        for outcome in &judged.tick.outcomes {
            // Known only now, and so counted only once.
            if before.is_none_or(|before| outcome.settled_at > before) {
                *self.memory.counts.entry(outcome.kind).or_default() += 1;
            }
        }
        self.score(&judged, batch);
        let (mode, mode_reason) = self.decide(&judged);
        let card = self.memory.card.card();
        Turn {
            alarms: self.open(&judged),
            minute,
            evidence: self.evidence(&judged),
            mode,
            mode_reason,
            objects: watch::objects(self.judge.state().graph()),
            scorecard: card.as_ref().map(scores::scorecard),
            outcomes: self.outcome_counts(),
            skipped: skipped(&judged, batch),
            drift: card.as_ref().map(scores::drift).unwrap_or_default(),
            judged,
        }
    }

    fn remember(&mut self, batch: &Batch) {
        self.rows.observe(batch);
        self.events.extend(batch.events.iter().cloned());
        let excess = self.events.len().saturating_sub(EVENTS);
        self.events.drain(..excess);
    }

    fn score(&mut self, judged: &Judged, batch: &Batch) {
        let service = (self.judge.name(), &judged.predictions[..]);
        let shadows = judged.shadows.iter().map(|one| (one.name.as_str(), &one.predictions[..]));
        let said: Vec<_> = std::iter::once(service).chain(shadows).collect();
        let alarms = &judged.tick.alarms;
        let tick = LiveTick { at: judged.at, batch, alarms, said: &said };
        self.memory.card.observe(self.judge.state(), tick);
    }

    /// Which alarms of the tick page; and whether the cluster pages at all, and why.
    fn decide(&mut self, judged: &Judged) -> (Mode, String) {
        let Memory { card, paging, verdicts, .. } = &mut self.memory;
        let fate = |alarm: AlarmKey| card.fate(alarm);
        let scored = Scored { outcomes: card.outcomes_scored(), fate: &fate };
        let now = (&judged.tick.alarms[..], judged.at);
        for decision in paging::decide(paging, &self.paging, now, scored) {
            match verdicts.iter_mut().find(|(alarm, _)| *alarm == decision.alarm) {
                // Who was woken by an alarm has been woken, whatever is said of it later.
                Some((_, PageVerdict::Page)) => {}
                Some((_, verdict)) => *verdict = decision.verdict,
                None => verdicts.push((decision.alarm, decision.verdict)),
            }
        }
        verdicts.retain(|(alarm, _)| judged.open.iter().any(|open| AlarmKey::of(open) == *alarm));
        match paging.status(&self.paging, (scored, judged.at)) {
            PagingStatus::Paging => (Mode::Paging, "alarms page within their budget".to_owned()),
            PagingStatus::Holding(reason) => (Mode::Observe, reason.to_string()),
        }
    }

    fn open(&self, judged: &Judged) -> Vec<OpenAlarm> {
        let verdict = |alarm: &Alarm| {
            let key = AlarmKey::of(alarm);
            self.memory.verdicts.iter().find(|(known, _)| *known == key).map(|(_, verdict)| verdict)
        };
        let open = judged.open.iter().map(|alarm| OpenAlarm {
            pages: matches!(verdict(alarm), Some(PageVerdict::Page)),
            muted_because: match verdict(alarm) {
                // A quiet alarm is not muted.
                Some(PageVerdict::Page | PageVerdict::Hold(HoldReason::Tier(_))) | None => None,
                Some(PageVerdict::Hold(reason)) => Some(reason.to_string()),
            },
            alarm: alarm.clone(),
        });
        open.collect()
    }

    fn outcome_counts(&self) -> Vec<OutcomeCount> {
        let count = |(kind, count): (&FailureKind, &u64)| OutcomeCount {
            kind: kind.as_str().to_owned(),
            count: *count,
        };
        self.memory.counts.iter().map(count).collect()
    }

    /// Copies of what was seen around alarms: when they are raised, and once more half an hour later.
    fn evidence(&mut self, judged: &Judged) -> Vec<Evidence> {
        let mut wanted: Vec<Alarm> = judged.tick.alarms.iter().filter_map(raised).collect();
        self.due.extend(wanted.iter().map(|alarm| (judged.at + AFTERMATH, alarm.clone())));
        while let Some((_, alarm)) = self.due.pop_front_if(|(at, _)| *at <= judged.at) {
            wanted.push(alarm);
        }
        wanted.iter().map(|alarm| self.evidence_of(alarm, judged.at)).collect()
    }

    fn evidence_of(&self, alarm: &Alarm, at: Timestamp) -> Evidence {
        let about = (&alarm.unit, alarm.pod.as_deref());
        let events = self.events.iter().filter(|event| concerns(event, self.judge.state(), alarm));
        Evidence {
            of: EvidenceOf::Alarm { id: alarm.id, raised_at: alarm.raised_at },
            copied_at: at,
            series: evidence::series(self.judge.state(), about, at),
            events: events.cloned().collect(),
            // Lines are counted and forgotten: there is no text to copy.
            logs: Vec::new(),
        }
    }
}

// === impl Turn ===

impl Turn {
    /// Hands what is kept of it to the store.
    pub(crate) fn keep(&self, keeper: &Keeper) {
        keeper.put(Item::Tick(Box::new(self.judged.tick.clone())));
        for evidence in &self.evidence {
            keeper.put(Item::Evidence(Box::new(evidence.clone())));
        }
        if let Some(minute) = &self.minute {
            keeper.put(Item::Minute(Box::new(minute.clone())));
            keeper.put(Item::Prune(self.judged.at));
        }
    }
}

fn raised(change: &AlarmChange) -> Option<Alarm> {
    match change {
        AlarmChange::Raised(alarm) => Some(Alarm::clone(alarm)),
        AlarmChange::Renewed { .. } | AlarmChange::Folded { .. } | AlarmChange::Cleared { .. } => {
            None
        }
    }
}

/// Whether an event is about what an alarm is about.
fn concerns(event: &KubernetesEvent, state: &State, alarm: &Alarm) -> bool {
    match &alarm.unit {
        Unit::Workload(id) => {
            let pod = (event.namespace.as_str(), event.name.as_str());
            event.namespace == id.namespace
                && (event.name == id.name || state.graph().unit_of_pod(pod, None) == Some(id))
        }
        Unit::Node(name) | Unit::Component(name) => event.name == *name,
        Unit::Volume { namespace, claim } => event.namespace == *namespace && event.name == *claim,
    }
}

/// What could not be judged or was left out, by reason.
fn skipped(judged: &Judged, batch: &Batch) -> Vec<(String, u64)> {
    let unjudged = judged.predictions.iter();
    let unjudged = unjudged.filter(|one| matches!(one.verdict, Verdict::NotEnoughData { .. }));
    let counts = [("not_enough_data", unjudged.count() as u64), ("log_lines", batch.logs_dropped)];
    counts
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(reason, count)| (reason.to_owned(), count))
        .collect()
}

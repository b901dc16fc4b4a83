//! The judgement of one cluster: what the engine knows, and what it said last.
//!
//! No clock and no I/O: the loop hands in batches and keeps what comes out.

use std::collections::{BTreeSet, HashMap};

use foresail_core::store::{RestartPoint, Tick};
use foresail_core::{
    Alarm, AlarmId, Assessment, Batch, FailureKind, Outcome, Prediction, Timestamp, Unit,
};
use foresail_engine::unknown::Unusual;
use foresail_engine::{Carry, EngineAssessment, Models, Policy, Settings, State, assess};
use serde::Serialize;

use super::restart::{self, RestartError};

/// A model with the policy that its scores are for.
#[derive(Clone, Debug)]
pub(crate) struct Judging {
    /// Name in the registry, or `built-in` or `first-passage`.
    pub(crate) name: String,
    pub(crate) models: Models,
    pub(crate) policy: Policy,
}

/// A model that is scored and never speaks.
#[derive(Debug)]
struct Shadow {
    judging: Judging,
    last: Option<EngineAssessment>,
}

/// Whether a tick is judged, or only taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Taken in.
    Observe,
    /// Taken in and judged by the model in service.
    Judge,
    /// Judged by the shadows too.
    Everyone,
}

/// What one tick gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judged {
    pub(crate) at: Timestamp,
    /// What the store keeps of it.
    pub(crate) tick: Tick,
    /// Everything that was predicted, ranked.
    pub(crate) predictions: Vec<Prediction>,
    /// Open alarms as they are now.
    pub(crate) open: Vec<Alarm>,
    /// What each shadow said.
    pub(crate) shadows: Vec<Said>,
    /// Workloads that are unlike themselves.
    pub(crate) unusual: Vec<Unusual>,
}

/// What a model said that does not speak.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) name: String,
    pub(crate) predictions: Vec<Prediction>,
}

/// The parts of an outcome that change after it became known.
type Revision = (Option<Timestamp>, u32, bool, usize);
/// What tells outcomes apart.
type OutcomeKey = (Unit, FailureKind, Timestamp, Option<String>);

/// What is known of one cluster, and what was said of it.
#[derive(Debug)]
pub(crate) struct Judge {
    state: State,
    last: Option<EngineAssessment>,
    service: Judging,
    shadows: Vec<Shadow>,
    /// Outcomes that were handed out, as they were then.
    known: HashMap<OutcomeKey, Revision>,
    watch_floor: f64,
}

// === impl Judge ===

impl Judge {
    /// Begins with nothing known.
    pub(crate) fn new(settings: Settings, service: Judging) -> Self {
        Self {
            state: State::new(settings),
            last: None,
            service,
            shadows: Vec::new(),
            known: HashMap::new(),
            watch_floor: 0.0,
        }
    }

    /// Goes on from where an earlier life stood.
    pub(crate) fn resumed(state: State, last: EngineAssessment, service: Judging) -> Self {
        let settings = state.settings().clone();
        Self { state, last: Some(last), ..Self::new(settings, service) }
    }

    /// Takes over the alarms that the store has as open; later ones are numbered from `next` on.
    pub(crate) fn take_over(&mut self, open: Vec<Alarm>, next: AlarmId) {
        let last = self.last.get_or_insert_with(nothing_said);
        last.carry.alarms.reconcile(open, next.0);
    }

    /// Lets other models judge from now on. What they remember begins anew; open alarms stay open.
    pub(crate) fn set_models(&mut self, service: Judging, shadows: Vec<Judging>) {
        if let Some(last) = &mut self.last {
            last.carry =
                Carry { alarms: std::mem::take(&mut last.carry.alarms), ..Carry::default() };
        }
        self.service = service;
        self.shadows = watching(shadows);
    }

    /// Scores these beside the model in service.
    pub(crate) fn with_shadows(self, shadows: Vec<Judging>) -> Self {
        Self { shadows: watching(shadows), ..self }
    }

    /// Keeps predictions from this probability on.
    pub(crate) const fn with_watch_floor(mut self, floor: f64) -> Self {
        self.watch_floor = floor;
        self
    }

    /// What was observed.
    pub(crate) const fn state(&self) -> &State {
        &self.state
    }

    /// Takes in a batch, and judges as deep as is asked for.
    pub(crate) fn tick(&mut self, at: Timestamp, batch: &Batch, depth: Depth) -> Judged {
        self.state.observe(batch);
        let mut judged = Judged { at, ..Judged::default() };
        judged.tick.at = at;
        judged.tick.events = batch.events.clone();
        judged.tick.outcomes = self.news();
        if depth == Depth::Observe {
            return judged;
        }
        let both = (&self.service.models, &self.service.policy);
        let mut said = assess(&self.state, self.last.as_ref(), at, both);
        judged.predictions = std::mem::take(&mut said.predictions);
        judged.tick.alarms = std::mem::take(&mut said.alarms);
        judged.open = said.carry.alarms.open().cloned().collect();
        judged.unusual = said.carry.unusual.clone();
        judged.tick.predictions = kept(&judged.predictions, &judged.open, self.watch_floor);
        self.last = Some(said);
        if depth == Depth::Everyone {
            judged.shadows = self.shadows.iter_mut().map(|one| one.tick(&self.state, at)).collect();
        }
        judged
    }

    /// Outcomes that are new or have changed.
    fn news(&mut self) -> Vec<Outcome> {
        let mut outcomes = self.state.outcomes();
        outcomes.retain(|outcome| {
            let Outcome { unit, kind, occurred_at, pod, .. } = outcome;
            let key = (unit.clone(), *kind, *occurred_at, pod.clone());
            let revision =
                (outcome.recovered_at, outcome.incident, outcome.primary, outcome.facts.len());
            self.known.insert(key, revision) != Some(revision)
        });
        outcomes
    }

    /// Name of the model in service.
    pub(crate) fn name(&self) -> &str {
        &self.service.name
    }

    /// The time that was last judged.
    pub(crate) fn last_tick(&self) -> Option<Timestamp> {
        self.last.as_ref().map(|last| last.at).filter(|at| *at > Timestamp::default())
    }

    /// From where a later life can go on, with what the caller remembers; `None` before the first
    /// judged tick.
    pub(crate) fn restart_point(
        &self,
        memory: &impl Serialize,
    ) -> Result<Option<RestartPoint>, RestartError> {
        let last = self.last.as_ref().filter(|last| last.at > Timestamp::default());
        last.map(|last| restart::write(&self.state, last, memory)).transpose()
    }
}

// === impl Shadow ===

impl Shadow {
    fn tick(&mut self, state: &State, at: Timestamp) -> Said {
        let both = (&self.judging.models, &self.judging.policy);
        let mut said = assess(state, self.last.as_ref(), at, both);
        let predictions = std::mem::take(&mut said.predictions);
        self.last = Some(said);
        Said { name: self.judging.name.clone(), predictions }
    }
}

fn watching(shadows: Vec<Judging>) -> Vec<Shadow> {
    shadows.into_iter().map(|judging| Shadow { judging, last: None }).collect()
}

/// Before the first tick.
fn nothing_said() -> EngineAssessment {
    Assessment {
        at: Timestamp::default(),
        predictions: Vec::new(),
        alarms: Vec::new(),
        carry: Carry::default(),
    }
}

/// Predictions above the floor, and those of open alarms.
fn kept(predictions: &[Prediction], open: &[Alarm], floor: f64) -> Vec<Prediction> {
    let cases: BTreeSet<(&Unit, FailureKind)> =
        open.iter().map(|alarm| (&alarm.unit, alarm.kind)).collect();
    let keeps = |one: &&Prediction| {
        one.probability().is_some_and(|probability| probability.get() >= floor)
            || cases.contains(&(&one.unit, one.kind))
    };
    predictions.iter().filter(keeps).cloned().collect()
}

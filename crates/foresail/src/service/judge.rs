//! The judgement of one cluster: what the engine knows, and what it said last.
//!
//! No clock and no I/O: the loop hands in batches and keeps what comes out.

use std::collections::{BTreeSet, HashMap};

use foresail_core::store::{RestartPoint, Tick};
use foresail_core::{
    Alarm, AlarmChange, AlarmId, Batch, FailureKind, Outcome, Prediction, Timestamp, Unit,
};
use foresail_engine::unknown::Unusual;
use foresail_engine::{EngineAssessment, Models, Policy, Settings, State, assess};

use super::restart;

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
    /// What each shadow predicted and did, by its name.
    pub(crate) shadows: Vec<(String, Vec<Prediction>, Vec<AlarmChange>)>,
    /// Workloads that are unlike themselves.
    pub(crate) unusual: Vec<Unusual>,
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
    /// Alarms of an earlier life that nobody would ever close, with the time of the first tick.
    orphans: Vec<AlarmId>,
    watch_floor: f64,
}

// === impl Judge ===

impl Judge {
    /// Begins with nothing known. `orphans` are alarms that an earlier life left open.
    pub(crate) fn new(settings: Settings, service: Judging, orphans: Vec<AlarmId>) -> Self {
        Self {
            state: State::new(settings),
            last: None,
            service,
            shadows: Vec::new(),
            known: HashMap::new(),
            orphans,
            watch_floor: 0.0,
        }
    }

    /// Goes on from where an earlier life stood.
    pub(crate) fn resumed(state: State, last: EngineAssessment, service: Judging) -> Self {
        let settings = state.settings().clone();
        Self { state, last: Some(last), ..Self::new(settings, service, Vec::new()) }
    }

    /// Keeps predictions from this probability on.
    pub(crate) const fn with_watch_floor(mut self, floor: f64) -> Self {
        self.watch_floor = floor;
        self
    }

    /// Scores these beside the model in service.
    pub(crate) fn with_shadows(mut self, shadows: Vec<Judging>) -> Self {
        self.shadows = shadows.into_iter().map(|judging| Shadow { judging, last: None }).collect();
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
        judged.tick.alarms =
            self.orphans.drain(..).map(|id| AlarmChange::Cleared { id, at }).collect();
        judged.tick.alarms.append(&mut said.alarms);
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

    /// From where a later life can go on; `None` before the first judged tick.
    pub(crate) fn restart_point(&self) -> Result<Option<RestartPoint>, restart::RestartError> {
        self.last.as_ref().map(|last| restart::write(&self.state, last)).transpose()
    }
}

// === impl Shadow ===

impl Shadow {
    fn tick(
        &mut self,
        state: &State,
        at: Timestamp,
    ) -> (String, Vec<Prediction>, Vec<AlarmChange>) {
        let both = (&self.judging.models, &self.judging.policy);
        let mut said = assess(state, self.last.as_ref(), at, both);
        let spoken = (std::mem::take(&mut said.predictions), std::mem::take(&mut said.alarms));
        self.last = Some(said);
        (self.judging.name.clone(), spoken.0, spoken.1)
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

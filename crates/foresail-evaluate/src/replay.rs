//! Replay: the batches of a recording through the engine, once, with every scorer beside it.
//!
//! ```text
//!  (tick, Batch) ──> State::observe ──┬─> engine::assess ──> predictions in full
//!                                     └─> each panel of baselines ──> compact scores
//! ```

use foresail_core::{Alarm, AlarmChange, Batch, ChangeKind, Object, ObjectChange, Timestamp, Unit};
use foresail_engine::alarm::respect_plans;
use foresail_engine::{EngineAssessment, Models, Policy, Settings, State, assess};

use crate::trace::{Known, Trace};
use foresail_core::Prediction;

/// Predicts from the same batches and the same state as the engine.
pub trait Scorer: Send {
    /// Stable names, one per list of predictions that [`Scorer::step`] gives.
    fn names(&self) -> Vec<String>;

    /// What is said at `at`; `state` has taken in `batch` already. One list per name.
    fn step(&mut self, state: &State, batch: &Batch, at: Timestamp) -> Vec<Vec<Prediction>>;
}

/// Name of the engine's own scores: every model in service and the checks.
pub const ENGINE: &str = "foresail";

/// Runs batches through the engine and `scorer`.
///
/// `on_tick` is told of every tick, to show progress.
pub fn run(
    (settings, models): (&Settings, &Models),
    batches: impl Iterator<Item = (Timestamp, Batch)>,
    scorer: &mut dyn Scorer,
    on_tick: &dyn Fn(),
) -> Trace {
    let mut names = vec![ENGINE.to_owned()];
    names.extend(scorer.names());
    let mut trace = Trace::new(settings.clone(), &names);
    let mut state = State::new(settings.clone());
    // Nothing reaches a threshold above 1: the engine predicts, alarms are raised later.
    let mut silent = Policy::default();
    silent.alarm.threshold = f64::INFINITY;
    silent.alarm.change_threshold = f64::INFINITY;
    let mut seen = Watch::default();
    let mut parent: Option<EngineAssessment> = None;
    for (at, batch) in batches {
        state.observe(&batch);
        trace.ticks.push(at);
        seen.note(&mut trace, &state, &batch);
        trace.note_known(|unit| Known {
            in_blackout: state.ledger().in_blackout(unit, at),
            last_outcome: state.ledger().last_outcome(unit),
        });
        trace.note_calls(&state.calls(at));
        let mut assessment = assess(&state, parent.as_ref(), at, (models, &silent));
        trace.note_scores(0, &assessment.predictions);
        // Of its parent an assessment takes nothing but the carry.
        trace.engine.push(std::mem::take(&mut assessment.predictions));
        parent = Some(assessment);
        for (number, mut predictions) in scorer.step(&state, &batch, at).into_iter().enumerate() {
            // The same alarm policy for everybody: what is planned is news to none.
            respect_plans(&mut predictions, state.graph());
            trace.note_scores(number + 1, &predictions);
        }
        on_tick();
    }
    trace.started_at = state.started_at().unwrap_or_default();
    trace.outcomes = state.outcomes();
    trace.pods = seen.pods.len();
    for outcome in trace.outcomes.clone() {
        trace.unit(&outcome.unit);
    }
    trace
}

/// Every alarm that the engine raises over batches, in the order in which they were raised.
pub fn alarms(
    (settings, models, policy): (&Settings, &Models, &Policy),
    batches: impl Iterator<Item = (Timestamp, Batch)>,
    mut on_tick: impl FnMut(&State, &Batch, &EngineAssessment),
) -> Vec<Alarm> {
    let mut state = State::new(settings.clone());
    let mut parent: Option<EngineAssessment> = None;
    let mut raised = Vec::new();
    for (at, batch) in batches {
        state.observe(&batch);
        let assessment = assess(&state, parent.as_ref(), at, (models, policy));
        apply(&mut raised, &assessment.alarms);
        on_tick(&state, &batch, &assessment);
        parent = Some(assessment);
    }
    raised
}

/// Adds changes to a list of alarms.
pub(crate) fn apply(alarms: &mut Vec<Alarm>, changes: &[AlarmChange]) {
    for change in changes {
        match change {
            AlarmChange::Raised(alarm) => alarms.push(Alarm::clone(alarm)),
            // An alarm is judged as it was raised.
            AlarmChange::Renewed { .. } => {}
            AlarmChange::Folded { root, unit, .. } => {
                if let Some(alarm) = alarms.iter_mut().rev().find(|alarm| alarm.id == *root) {
                    alarm.affected.push(unit.clone());
                }
            }
            AlarmChange::Cleared { id, at } => {
                if let Some(alarm) = alarms.iter_mut().rev().find(|alarm| alarm.id == *id) {
                    alarm.cleared_at = Some(*at);
                }
            }
        }
    }
}

/// Notes who was there and what people changed.
#[derive(Default)]
struct Watch {
    pods: std::collections::BTreeSet<String>,
    deletions: std::collections::BTreeSet<String>,
    changes: std::collections::BTreeMap<Unit, (Option<Timestamp>, Option<Timestamp>)>,
}

// === impl Watch ===

impl Watch {
    fn note(&mut self, trace: &mut Trace, state: &State, batch: &Batch) {
        let graph = state.graph();
        for change in &batch.objects {
            self.note_deletion(trace, state, change);
        }
        for record in graph.pods() {
            if self.pods.insert(record.object.uid.clone()) {
                let unit = trace.unit(&Unit::Workload(record.unit.clone()));
                let name = (record.object.namespace.clone(), record.object.name.clone());
                trace.pod_units.insert(name, unit);
            }
            if !record.object.is_finished() {
                let unit = trace.unit(&Unit::Workload(record.unit.clone()));
                trace.units[unit.0 as usize].first_seen.get_or_insert(record.first_seen);
                trace.note_presence(unit, 1);
            }
        }
        for node in graph.nodes() {
            let unit = trace.unit(&Unit::Node(node.name.clone()));
            trace.note_presence(unit, 0);
        }
        for (id, record) in graph.workloads() {
            let unit = Unit::Workload(id.clone());
            let now = (record.template_changed_at, record.scaled_at);
            let before = self.changes.insert(unit.clone(), now).unwrap_or_default();
            let index = trace.unit(&unit);
            let unit = &mut trace.units[index.0 as usize];
            for (now, before) in [(now.0, before.0), (now.1, before.1)] {
                if let Some(at) = now
                    && now != before
                {
                    unit.changed_at.push(at);
                    unit.workload_changes += 1;
                }
            }
        }
    }

    /// Notes the first sight of a pod's deletion.
    fn note_deletion(&mut self, trace: &mut Trace, state: &State, change: &ObjectChange) {
        let Object::Pod(pod) = &change.object else { return };
        let asked = pod.deletion_requested_at.is_some();
        if !asked && change.change != ChangeKind::Deleted {
            return;
        }
        let owner = state.graph().unit_of_pod((&pod.namespace, &pod.name), Some(&pod.uid));
        let Some(owner) = owner.cloned() else { return };
        if self.deletions.insert(pod.uid.clone()) {
            let unit = trace.unit(&Unit::Workload(owner));
            trace.units[unit.0 as usize].changed_at.push(change.observed_at);
        }
    }
}

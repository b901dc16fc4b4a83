//! One cycle: predictions, ranked, then alarms.

use std::sync::Arc;

use foresail_core::{Assessment, Prediction, Timestamp};
use serde::{Deserialize, Serialize};

use crate::alarm::{self, AlarmBook, AlarmContext, AlarmPolicy};
use crate::checks;
use crate::features;
use crate::first_passage::{FirstPassageSettings, Survey};
use crate::graph::CallView;
use crate::learned::{self, LearnedModel};
use crate::state::State;
use crate::unknown::{Unknowns, Unusual};

/// The models in service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Models {
    /// First passage to known limits.
    pub first_passage: FirstPassageSettings,
    /// The learned model; without one, first passage speaks alone.
    pub learned: Option<Arc<LearnedModel>>,
}

/// How predictions become alarms.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// The alarm policy.
    pub alarm: AlarmPolicy,
}

/// Memory between ticks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Carry {
    /// Open alarms and hysteresis.
    pub alarms: AlarmBook,
    /// What every workload is usually like.
    pub unknowns: Unknowns,
    /// Workloads that are unlike themselves at this tick, at watch level: never an alarm.
    pub unusual: Vec<Unusual>,
}

/// An assessment with this engine's memory.
pub type EngineAssessment = Assessment<Carry>;

/// Judges `state` as of `at`, as the child of `parent`.
#[must_use]
pub fn assess(
    state: &State,
    parent: Option<&EngineAssessment>,
    at: Timestamp,
    (models, policy): (&Models, &Policy),
) -> EngineAssessment {
    let mut unknowns = parent.map_or_else(Unknowns::default, |last| last.carry.unknowns.clone());
    let calls = state.calls(at);
    let (mut predictions, unusual) = forecasts((state, &calls), at, (models, &mut unknowns));
    predictions.extend(checks::predict(state, at));
    alarm::respect_plans(&mut predictions, state.graph());
    predictions.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.unit.cmp(&b.unit)));
    let empty = AlarmBook::default();
    let book = parent.map_or(&empty, |parent| &parent.carry.alarms);
    let context = AlarmContext {
        settings: state.settings(),
        ledger: state.ledger(),
        graph: Some(state.graph()),
        calls: Some(&calls),
        started_at: state.started_at().unwrap_or(at),
        at,
    };
    let (alarms_carry, alarms) = alarm::advance(book, &predictions, &policy.alarm, context);
    Assessment { at, predictions, alarms, carry: Carry { alarms: alarms_carry, unknowns, unusual } }
}

/// What runs toward a failure, by every model in service, and which workloads are unlike themselves.
fn forecasts(
    (state, calls): (&State, &CallView<'_>),
    at: Timestamp,
    (models, unknowns): (&Models, &mut Unknowns),
) -> (Vec<Prediction>, Vec<Unusual>) {
    let Some(model) = &models.learned else {
        let survey = Survey::new(state, at, &models.first_passage);
        return (survey.predictions(), Vec::new());
    };
    let mut rows = features::Rows::new(state, at);
    let survey = Survey::visiting(state, at, &models.first_passage, |pod| rows.add(pod));
    let (rows, unusual) = rows.finish(calls, unknowns);
    let learned = learned::predict(state, &rows, model);
    (learned::union(&survey, learned, (&rows, model)), unusual)
}

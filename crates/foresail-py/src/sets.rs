//! What makes rows: the simulator, data sets of recordings, back-tests.

use std::path::PathBuf;
use std::sync::Arc;

use foresail_engine::alarm::AlarmLine;
use foresail_engine::{Models, Policy, first_passage};
use foresail_evaluate::backtest::{self, Backtest, BacktestInput};
use foresail_evaluate::dataset;
use foresail_evaluate::learned::StoredModel;
use foresail_evaluate::result::{Estimate, Row, Scope, Seeds};
use foresail_learn::tabular::{ClassWeights, Table, TableColumn, Text, Values};
use foresail_sim::metrics_table::{self, IssueType, Settings};
use pyo3::prelude::*;

use crate::exceptions::{InputError, input, model_file};
use crate::rows::Rows;
use crate::work::interruptible;

/// False alarms per pod-day that thresholds exist for.
const BUDGETS: [f64; 3] = [0.1, 0.5, 1.0];

/// What to simulate, as Python says it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Simulation {
    samples: usize,
    hours: u32,
    issue_types: Vec<String>,
    seed: u64,
}

/// What to judge with what, as Python says it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct BacktestWish {
    recording: PathBuf,
    training: Vec<PathBuf>,
    model: Option<PathBuf>,
    budget: f64,
}

/// Rows of metrics with the issue under way, and apart from them what nobody can measure.
#[pyfunction]
pub(crate) fn simulate(py: Python<'_>, wish: Simulation) -> PyResult<(Rows, Rows)> {
    let Simulation { samples, hours, issue_types, seed } = wish;
    let issue_types = issue_types.iter().map(|issue| issue.parse::<IssueType>());
    let issue_types = issue_types.collect::<Result<_, _>>().map_err(input)?;
    let settings = Settings { samples, hours, issue_types, seed }.check().map_err(input)?;
    let simulated = interruptible(py, "simulating", |_| Ok(metrics_table::simulate(&settings)))?;
    Ok((Rows::of(Arc::new(simulated.table)), Rows::of(Arc::new(simulated.truth))))
}

/// The issue types that can be simulated.
#[pyfunction]
pub(crate) fn issue_types() -> Vec<&'static str> {
    IssueType::ALL.iter().map(|issue| issue.as_str()).collect()
}

/// One row a pod and production minute of these recordings.
#[pyfunction]
pub(crate) fn recording_rows(py: Python<'_>, recordings: Vec<PathBuf>) -> PyResult<Rows> {
    let made = interruptible(py, "reading recordings", |progress| {
        let report = |step: backtest::Progress<'_>| {
            progress.report(step.step, step.done, step.total);
        };
        dataset::dataset(&recordings, ClassWeights::None, &report).map_err(input)
    })?;
    Ok(Rows::of(Arc::new(made.table)))
}

/// The alarms that would have been raised on a recording, and how every method did.
#[pyfunction]
pub(crate) fn backtest_rows(py: Python<'_>, wish: BacktestWish) -> PyResult<(Rows, Rows)> {
    if !BUDGETS.contains(&wish.budget) {
        let text = format!("budget is `{}`, must be 0.1, 0.5 or 1", wish.budget);
        return Err(InputError::new_err(text));
    }
    let (alarms, comparison) = interruptible(py, "reading recordings", |progress| {
        let model = wish.model.as_deref().map(StoredModel::read).transpose().map_err(model_file)?;
        let report = |step: backtest::Progress<'_>| {
            progress.report(step.step, step.done, step.total);
        };
        let judged = backtest::run(&judged_with(wish, model)?, &report).map_err(input)?;
        Ok((alarms(&judged)?, comparison(&judged)?))
    })?;
    Ok((Rows::of(Arc::new(alarms)), Rows::of(Arc::new(comparison))))
}

fn judged_with(wish: BacktestWish, model: Option<StoredModel>) -> PyResult<BacktestInput> {
    let budget = wish.budget;
    let mut policy = Policy::default();
    let threshold = match &model {
        None => first_passage::threshold_for(budget),
        Some(model) => {
            let known = model.header.operating_points.iter().find(|point| point.budget == budget);
            let known = known.ok_or_else(|| {
                InputError::new_err(format!(
                    "model file `{}` has no operating point for a budget of {budget}",
                    model.file.display()
                ))
            })?;
            Some(known.threshold)
        }
    };
    if let Some(threshold) = threshold {
        policy.alarm.threshold = threshold;
    }
    let (header, learned) = model.map(|model| (model.header, model.model)).unzip();
    Ok(BacktestInput {
        recordings: vec![wish.recording],
        training: wish.training,
        budgets: BUDGETS.to_vec(),
        shown_budget: budget,
        models: Models { learned, ..Models::default() },
        header,
        policy,
        fired: None,
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_revision: None,
        command: "foresail.backtest".to_owned(),
        seeds: Seeds::default(),
    })
}

/// The alarms, with the columns of an `--alarms` file.
fn alarms(judged: &Backtest) -> PyResult<Table> {
    let result = &judged.result;
    let shown = result.recordings.iter().find(|recording| recording.name == result.shown);
    let cluster = shown.map_or("", |recording| recording.cluster.as_str());
    let lines: Vec<AlarmLine> =
        judged.alarms.iter().map(|alarm| AlarmLine::new(alarm, cluster)).collect();
    let text = |name: &str, of: &dyn Fn(&AlarmLine) -> Option<String>| text(name, &lines, of);
    let number = |name: &str, of: &dyn Fn(&AlarmLine) -> Option<f64>| number(name, &lines, of);
    let columns = vec![
        text("raised_at", &|line| Some(line.raised_at.to_string())),
        text("cleared_at", &|line| line.cleared_at.map(|at| at.to_string())),
        text("cluster", &|line| Some(line.cluster.clone())),
        text("object_kind", &|line| Some(line.object_kind.to_owned())),
        text("namespace", &|line| line.namespace.clone()),
        text("workload", &|line| line.workload.clone()),
        text("pod", &|line| line.pod.clone()),
        text("node", &|line| line.node.clone()),
        text("volume", &|line| line.volume.clone()),
        text("component", &|line| line.component.clone()),
        text("kind", &|line| Some(line.kind.to_owned())),
        text("tier", &|line| Some(line.tier.to_owned())),
        number("score", &|line| Some(line.score)),
        number("probability", &|line| line.probability),
        number("horizon_seconds", &|line| Some(line.horizon_seconds)),
        number("tte_p10_seconds", &|line| line.tte_p10_seconds),
        number("tte_p50_seconds", &|line| line.tte_p50_seconds),
        number("tte_p90_seconds", &|line| line.tte_p90_seconds),
        text("quantity", &|line| line.quantity.map(str::to_owned)),
        number("level", &|line| line.level),
        number("limit", &|line| line.limit),
        number("slope_per_second", &|line| line.slope_per_second),
        text("sentence", &|line| Some(line.sentence.clone())),
        text("kubectl", &|line| Some(line.kubectl.clone())),
        text("recommendation", &|line| line.recommendation.clone()),
        text("model", &|line| Some(line.model.clone())),
    ];
    Table::new(columns).map_err(input)
}

/// The rows of the result: a method under a budget.
fn comparison(judged: &Backtest) -> PyResult<Table> {
    let rows = &judged.result.rows;
    let text = |name: &str, of: &dyn Fn(&Row) -> Option<String>| text(name, rows, of);
    let number = |name: &str, of: &dyn Fn(&Row) -> Option<f64>| number(name, rows, of);
    let value = |estimate: Option<Estimate>| estimate.map(|estimate| estimate.value);
    let columns = vec![
        text("method", &|row| Some(row.method.name.clone())),
        text("title", &|row| Some(row.method.title.clone())),
        text("settings", &|row| Some(row.settings.clone())),
        text("reading", &|row| name(&row.reading)),
        text("scope", &|row| match &row.scope {
            Scope::Recording(recording) => Some(recording.clone()),
            scope @ (Scope::PooledTraining | Scope::PooledJudged) => name(scope),
        }),
        number("budget", &|row| row.budget),
        number("threshold", &|row| row.threshold),
        text("not_measurable", &|row| row.not_measurable.clone()),
        number("reachable", &|row| Some(f64::from(row.counts.reachable))),
        number("caught", &|row| Some(f64::from(row.counts.reachable_matched))),
        number("alarms", &|row| Some(f64::from(row.counts.alarms))),
        number("false_alarms", &|row| Some(f64::from(row.counts.false_alarms))),
        number("recall", &|row| value(row.recall)),
        number("recall_low", &|row| row.recall.and_then(|estimate| estimate.low)),
        number("recall_high", &|row| row.recall.and_then(|estimate| estimate.high)),
        number("precision", &|row| value(row.precision)),
        number("false_per_pod_day", &|row| value(row.false_per_pod_day)),
        number("lead_median_production_minutes", &|row| row.lead_median_production_minutes),
    ];
    Table::new(columns).map_err(input)
}

/// The name that `result.json` gives a value.
fn name(value: &impl serde::Serialize) -> Option<String> {
    let json = serde_json::to_value(value).ok()?;
    Some(json.as_str().map_or_else(|| json.to_string(), str::to_owned))
}

fn text<T>(name: &str, rows: &[T], of: &dyn Fn(&T) -> Option<String>) -> TableColumn {
    let texts: Vec<Option<String>> = rows.iter().map(of).collect();
    let values = Values::Text(Text::of(texts.iter().map(Option::as_deref)));
    TableColumn { name: name.to_owned(), values }
}

fn number<T>(name: &str, rows: &[T], of: &dyn Fn(&T) -> Option<f64>) -> TableColumn {
    let numbers = rows.iter().map(|row| of(row).unwrap_or(f64::NAN)).collect();
    TableColumn { name: name.to_owned(), values: Values::Number(numbers) }
}

//! A fitted model at the border to Python.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use foresail_evaluate::tabular_report::{self, JudgedRows, Judging, Part, Provenance};
use foresail_learn::forest::ForestParams;
use foresail_learn::frame::ColumnKind;
use foresail_learn::model_file::{Card, Header};
use foresail_learn::tabular::{
    ClassWeights, EstimatorParams, Finding, FitOptions, MissingTarget, Scores, Table, TableColumn,
    TabularModel, Text, TrainingEvent, Values,
};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::Serialize;

use crate::encoding::{TextCode, is_marked};
use crate::exceptions::{InputError, input, model_file};
use crate::parted::{self, Parted};
use crate::progress::Progress;
use crate::rows::Rows;
use crate::work::{detached, interruptible};

/// What a report calls a model or rows that are no file.
const IN_MEMORY: &str = "in memory";

/// What to fit, as Python says it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Wish {
    target: String,
    model_type: String,
    class_weight: Option<String>,
    n_estimators: Option<u32>,
    seed: u64,
}

/// A fitted model with what its file says of it.
#[pyclass(frozen, module = "foresail._foresail")]
pub(crate) struct Model {
    model: TabularModel,
    card: Card,
    /// What makes a score too good, the most harmful first.
    findings: Vec<Finding>,
}

/// What a report says to Python.
#[derive(Serialize)]
struct Reported<'a> {
    #[serde(flatten)]
    scores: &'a Scores,
    files: Vec<PathBuf>,
}

// === impl Wish ===

impl Wish {
    fn options(self) -> PyResult<FitOptions> {
        let refuse = |what: &str, found: &str, known: &str| {
            InputError::new_err(format!("{what} is `{found}`, must be {known}"))
        };
        let estimator = match self.model_type.as_str() {
            "random_forest" => EstimatorParams::random_forest(),
            "gradient_boosting" => EstimatorParams::gradient_boosting(),
            other => {
                let known = "`random_forest` or `gradient_boosting`";
                return Err(refuse("model_type", other, known));
            }
        };
        let class_weights = match self.class_weight.as_deref() {
            None => ClassWeights::None,
            Some("balanced") => ClassWeights::Balanced,
            Some(other) => return Err(refuse("class_weight", other, "`balanced` or None")),
        };
        let estimator = sized(estimator.with_seed(self.seed), self.n_estimators);
        Ok(FitOptions { estimator, class_weights, ..FitOptions::new(self.target) })
    }
}

/// The estimator with so many trees or, at most, rounds.
fn sized(estimator: EstimatorParams, n_trees: Option<u32>) -> EstimatorParams {
    let Some(n_trees) = n_trees else { return estimator };
    match estimator {
        EstimatorParams::RandomForest(params) => {
            EstimatorParams::RandomForest(ForestParams { n_trees, ..params })
        }
        EstimatorParams::GradientBoosting(mut options) => {
            options.params.n_rounds = n_trees;
            EstimatorParams::GradientBoosting(options)
        }
    }
}

// === impl Model ===

#[pymethods]
impl Model {
    /// Fits to all rows and audits them; where they are the training part of `parted`, its test part
    /// is judged for the card.
    #[staticmethod]
    #[pyo3(signature = (rows, wish, parted=None))]
    fn fit(
        py: Python<'_>,
        rows: &Rows,
        wish: Wish,
        parted: Option<&Bound<'_, Parted>>,
    ) -> PyResult<Self> {
        let seed = wish.seed;
        let options = wish.options()?;
        let table = rows.table();
        let parted = parted.map(Bound::get);
        interruptible(py, "training", |progress| {
            let model = fit(&table, &options, progress)?;
            progress.report("auditing", 0, 0);
            let events = model.classes().iter().cloned().zip(model.class_counts().iter().copied());
            let mut fitted = Self {
                card: Card {
                    program_version: env!("CARGO_PKG_VERSION").to_owned(),
                    seed,
                    rows: model.class_counts().iter().sum(),
                    events: events.collect(),
                    ..Card::default()
                },
                findings: Vec::new(),
                model,
            };
            match parted.filter(|parted| parted.is_training_part(&table)) {
                None => fitted.findings = parted::findings(&table, &fitted.model)?,
                Some(parted) => {
                    let test = fitted.aligned(&parted.test_rows()?)?;
                    let card = parted.judge(&fitted.model, (&test, options.class_weights))?;
                    fitted.findings.clone_from(&card.findings);
                    fitted.card.recordings.extend(parted.source().cloned());
                    fitted.card.table = Some(Box::new(card));
                }
            }
            Ok(fitted)
        })
    }

    /// Reads a model file.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let file = detached(py, || TabularModel::read(&path).map_err(model_file))?;
        let card = file.header.card;
        let findings = card.table.as_ref().map_or_else(Vec::new, |table| table.findings.clone());
        Ok(Self { model: file.payload, card, findings })
    }

    /// Writes a model file; the place never holds half of it.
    fn save(&self, py: Python<'_>, path: PathBuf, trained_at: String) -> PyResult<()> {
        let mut card = self.card.clone();
        card.trained_at.get_or_insert(trained_at);
        detached(py, || self.model.write(&path, card).map_err(model_file))
    }

    /// The name of what was fitted: `random-forest` or `gradient-boosting`.
    #[getter]
    fn kind(&self) -> &'static str {
        self.model.estimator().name()
    }

    /// The column of the classes.
    #[getter]
    fn target(&self) -> &str {
        &self.model.roles().target
    }

    /// The names of the classes.
    #[getter]
    fn classes(&self) -> Vec<String> {
        self.model.classes().to_vec()
    }

    /// The columns that the model takes.
    #[getter]
    fn features(&self) -> Vec<String> {
        self.model.schema().columns().iter().map(|column| column.name.clone()).collect()
    }

    /// How much each column is used, the most used first; the shares add up to 1.
    #[getter]
    fn importances(&self) -> Vec<(String, f64)> {
        let importances = self.model.importances().into_iter();
        importances.map(|importance| (importance.column, importance.share)).collect()
    }

    /// What makes a score on rows like those of the training too good, the most harmful first; JSON.
    #[getter]
    fn findings(&self) -> PyResult<String> {
        serde_json::to_string(&self.findings).map_err(input)
    }

    /// The scores on the test part that was set aside when this was trained; JSON.
    #[getter]
    fn test_scores(&self) -> PyResult<Option<String>> {
        let table = self.card.table.as_ref();
        table.map(|table| serde_json::to_string(&table.scores).map_err(input)).transpose()
    }

    /// The most probable class per row (`u32`), the probabilities (`f64`, classes within rows), and
    /// per column the rows whose text no training row had, with an example.
    #[expect(clippy::type_complexity, reason = "a tuple is what Python takes apart")]
    fn predict<'py>(
        &self,
        py: Python<'py>,
        rows: &Rows,
    ) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>, Vec<(String, usize, String)>)> {
        let table = rows.table();
        let said = detached(py, || self.model.predict(&self.aligned(&table)?).map_err(input))?;
        let codes: Vec<u8> = said.codes.iter().flat_map(|code| code.to_ne_bytes()).collect();
        let probabilities: Vec<u8> =
            said.probabilities.iter().flat_map(|p| p.to_ne_bytes()).collect();
        let unknown = said.unknown.into_iter().map(|of| (of.column, of.rows, of.example)).collect();
        Ok((PyBytes::new(py, &codes), PyBytes::new(py, &probabilities), unknown))
    }

    /// Predicts rows that have the target column and judges the predictions; JSON.
    fn score(&self, py: Python<'_>, rows: &Rows) -> PyResult<String> {
        let table = rows.table();
        interruptible(py, "evaluating", |_| {
            let scores =
                self.model.score(&self.aligned(&table)?, MissingTarget::Refuse).map_err(input)?;
            serde_json::to_string(&scores).map_err(input)
        })
    }

    /// The same, with report and pictures below a folder; `files` says where.
    fn report(&self, py: Python<'_>, rows: &Rows, folder: PathBuf) -> PyResult<String> {
        let table = rows.table();
        interruptible(py, "evaluating", |_| {
            let table = self.aligned(&table)?;
            let result = tabular_report::judge(&Judging {
                model: &self.model,
                header: &self.header(),
                model_file: Path::new(IN_MEMORY),
                table: &table,
                rows: &judged_rows(),
                missing: MissingTarget::Refuse,
                provenance: &Provenance {
                    program_version: env!("CARGO_PKG_VERSION").to_owned(),
                    command: "KubernetesPredictionModel.evaluate_model".to_owned(),
                },
            })
            .map_err(input)?;
            let files = tabular_report::write(&result, &folder).map_err(input)?;
            let files = [files.html, files.json].into_iter().chain(files.charts);
            let reported = Reported { scores: &result.scores, files: files.collect() };
            serde_json::to_string(&reported).map_err(input)
        })
    }

    fn __repr__(&self) -> String {
        let (classes, features) = (self.model.classes().len(), self.model.schema().len());
        format!("<foresail {}: {features} features, {classes} classes>", self.kind())
    }
}

impl Model {
    fn header(&self) -> Header {
        Header {
            kind: self.model.kind().to_owned(),
            schema: self.model.schema().clone(),
            card: self.card.clone(),
            base_rates: BTreeMap::new(),
            operating_points: Vec::new(),
        }
    }

    /// The table with its values as the model knows them: data frames hold as numbers or truth values
    /// what stands as texts in a file, and as marked numbers what is missing.
    fn aligned(&self, table: &Table) -> PyResult<Table> {
        let levels = |name: &str| {
            let known = self.model.schema().columns().iter().find(|column| column.name == name);
            known.and_then(|column| match &column.kind {
                ColumnKind::Category { levels } => Some(levels),
                ColumnKind::Number => None,
            })
        };
        let mut columns = Vec::with_capacity(table.columns().len());
        for column in table.columns() {
            let values = match (levels(&column.name), &column.values) {
                (Some(levels), Values::Number(numbers)) => {
                    TextCode::new(levels.clone()).decode_all(&column.name, numbers)?
                }
                (Some(levels), Values::Text(text)) => Values::Text(truth_values(text, levels)),
                (None, Values::Number(numbers)) => {
                    let number = |&number: &f64| if is_marked(number) { f64::NAN } else { number };
                    Values::Number(numbers.iter().map(number).collect())
                }
                (None, Values::Text(text)) => Values::Text(text.clone()),
            };
            columns.push(TableColumn { name: column.name.clone(), values });
        }
        Table::new(columns).map_err(input)
    }
}

fn fit(table: &Table, options: &FitOptions, progress: &Progress) -> PyResult<TabularModel> {
    let most_rounds = match &options.estimator {
        EstimatorParams::GradientBoosting(options) => options.params.n_rounds as usize,
        EstimatorParams::RandomForest(_) => 0,
    };
    let mut observe = |event: &TrainingEvent| {
        if let TrainingEvent::Round { round, .. } = event {
            progress.report("training", *round as usize, most_rounds);
        }
    };
    TabularModel::fit(table, options, &mut observe).map_err(input)
}

/// Arrow's `true` and `false` as the model has seen them, such as `True` and `False`.
fn truth_values(text: &Text, known: &[String]) -> Text {
    let as_known = |level: &String| {
        let is_truth = level == "true" || level == "false";
        let same = known.iter().find(|known| is_truth && known.eq_ignore_ascii_case(level));
        same.filter(|_| !known.contains(level)).unwrap_or(level).clone()
    };
    Text { levels: text.levels.iter().map(as_known).collect(), codes: text.codes.clone() }
}

fn judged_rows() -> JudgedRows {
    JudgedRows {
        file: IN_MEMORY.to_owned(),
        sha256: String::new(),
        part: Part::All,
        without_class: 0,
        unknown: Vec::new(),
    }
}

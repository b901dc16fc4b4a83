//! The model of a table: classes, roles and estimator in one, and one file.
//!
//! ```text
//! Table ──train──> TabularModel ──write──> file ──read──> TabularModel ──predict(Table)──> Predictions
//! ```

use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::csv::ReadOptions;
use super::encode::{self, Cell, EncodeError, UnknownLevels};
use super::estimator::Estimator;
use super::roles::quoted;
use super::scores::{Judged, ScoreError, Scores};
use super::seen::SeenRows;
use super::{Finding, LabelError, Labels, MissingTarget, Roles, Table};
use crate::frame::{ColumnKind, Schema};
use crate::model_file::{self, Card, Expected, Header, Model, ModelFileError, Named};

/// The kinds of model files that are read here.
const KINDS: [&str; 2] = ["tabular-random-forest", "tabular-gradient-boosting"];

/// A fitted model of a table. It takes tables that have its columns, in any order and among others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct TabularModel {
    classes: Vec<String>,
    class_counts: Vec<u64>,
    roles: Roles,
    estimator: Estimator,
    seen: SeenRows,
}

/// A model as it is read, before its checks.
#[derive(Deserialize)]
struct Unchecked {
    classes: Vec<String>,
    class_counts: Vec<u64>,
    roles: Roles,
    estimator: Estimator,
    /// Models of the first files have none.
    #[serde(default)]
    seen: SeenRows,
}

/// What a model says of the rows of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// The most probable class per row.
    pub codes: Vec<u32>,
    /// Probabilities: `[n_rows, n_classes]`.
    pub probabilities: Vec<f64>,
    /// Levels that the model does not know, by column.
    pub unknown: Vec<UnknownLevels>,
}

/// Why a row got its class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The class that is explained.
    pub class: u32,
    /// What the amounts add up to, with the bias.
    pub scale: ContributionScale,
    /// What is said of a row of which nothing is known.
    pub bias: f64,
    /// What each column adds, the greatest amount first.
    pub columns: Vec<ColumnContribution>,
}

/// What contributions add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContributionScale {
    /// The probability of the class.
    Probability,
    /// The score of the class: its log odds with two classes, else before the softmax.
    Score,
}

/// What a column adds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnContribution {
    /// The column.
    pub column: String,
    /// The amount.
    pub amount: f64,
}

/// How much a column is used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnImportance {
    /// The column.
    pub column: String,
    /// Its share of what all columns gain.
    pub share: f64,
}

/// Why a model could not be judged on a table.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum JudgeError {
    /// Not the columns of the model.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// No classes.
    #[error(transparent)]
    Labels(#[from] LabelError),
    /// Classes that the model was not trained on.
    #[error("the model does not know class {}, it knows {}", quoted(found), quoted(known))]
    UnknownClass {
        /// These.
        found: Vec<String>,
        /// Those of the model.
        known: Vec<String>,
    },
    /// Nothing to judge.
    #[error(transparent)]
    Score(#[from] ScoreError),
}

/// Why what was read is no model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{n_classes} classes with {n_counts} counts, but the estimator has {n_outputs} outputs")]
pub struct NoModel {
    n_classes: usize,
    n_counts: usize,
    n_outputs: usize,
}

// === impl TabularModel ===

impl TabularModel {
    pub(super) fn new(
        labels: &Labels,
        roles: Roles,
        (estimator, seen): (Estimator, SeenRows),
    ) -> Self {
        let (classes, class_counts) = (labels.classes.clone(), labels.counts());
        Self { classes, class_counts, roles, estimator, seen }
    }

    /// What a model file calls it: `tabular-` and the name of the estimator.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        let [forest, boosting] = KINDS;
        match self.estimator {
            Estimator::RandomForest(_) => forest,
            Estimator::GradientBoosting(_) => boosting,
        }
    }

    /// The columns that it takes.
    #[must_use]
    pub const fn schema(&self) -> &Schema {
        self.estimator.schema()
    }

    /// The names of its classes.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Training rows per class.
    #[must_use]
    pub fn class_counts(&self) -> &[u64] {
        &self.class_counts
    }

    /// What the columns of the training table were for.
    #[must_use]
    pub const fn roles(&self) -> &Roles {
        &self.roles
    }

    /// The estimator.
    #[must_use]
    pub const fn estimator(&self) -> &Estimator {
        &self.estimator
    }

    /// How a CSV file for this model is to be read: kinds as in training, whatever its values.
    #[must_use]
    pub fn read_options(&self) -> ReadOptions {
        let mut options = ReadOptions::default();
        options.text.push(self.roles.target.clone());
        options.text.extend(self.roles.groups.iter().cloned());
        for column in self.schema().columns() {
            match column.kind {
                ColumnKind::Number => options.numbers.push(column.name.clone()),
                ColumnKind::Category { .. } => options.categories.push(column.name.clone()),
            }
        }
        options
    }

    /// Predicts all rows of a table; target and further columns are left out.
    ///
    /// # Errors
    /// [`EncodeError`], which names all columns that are absent or of another kind at once.
    pub fn predict(&self, table: &Table) -> Result<Predictions, EncodeError> {
        let encoded = encode::encode(table, self.schema())?;
        let probabilities = self.estimator.probabilities(&encoded.frame)?;
        let codes = probabilities.chunks(self.classes.len()).map(most_probable).collect();
        Ok(Predictions { codes, probabilities, unknown: encoded.unknown })
    }

    /// What to say of rows of a table that the model was trained on, whatever file they came from; `None`
    /// where there are hardly any, or the model knows none of its rows.
    ///
    /// # Errors
    /// [`EncodeError`], as [`TabularModel::predict`].
    pub fn repeated_rows(&self, table: &Table) -> Result<Option<Finding>, EncodeError> {
        let frame = encode::encode(table, self.schema())?.frame;
        Ok(self.seen.finding(&frame))
    }

    /// Predicts the rows of a table and judges the predictions by its target column.
    ///
    /// # Errors
    /// [`JudgeError`] when the columns, the target or its classes are not those of the model.
    pub fn score(&self, table: &Table, missing: MissingTarget) -> Result<Scores, JudgeError> {
        let (rows, truth) = self.truth(table, missing)?;
        let kept = (rows.len() < table.n_rows()).then(|| table.select_rows(&rows));
        let kept = kept.transpose().map_err(LabelError::from)?;
        let said = self.predict(kept.as_ref().unwrap_or(table))?;
        self.judge(&truth, &said).map_err(JudgeError::from)
    }

    /// Judges predictions by the true classes of the same rows.
    ///
    /// # Errors
    /// [`ScoreError`] when there are no rows, or truth and predictions do not fit together.
    pub fn judge(&self, truth: &[u32], said: &Predictions) -> Result<Scores, ScoreError> {
        Scores::of(&Judged {
            classes: &self.classes,
            truth,
            probabilities: &said.probabilities,
            training_counts: &self.class_counts,
        })
    }

    /// The rows of a table that have a class, and its position among the classes of the model.
    ///
    /// # Errors
    /// [`JudgeError::Labels`] and [`JudgeError::UnknownClass`].
    pub fn truth(
        &self,
        table: &Table,
        missing: MissingTarget,
    ) -> Result<(Vec<usize>, Vec<u32>), JudgeError> {
        let labels = Labels::of(table, &self.roles.target, missing)?;
        let known: HashMap<&str, u32> = self.classes.iter().map(String::as_str).zip(0..).collect();
        let codes: Vec<Option<u32>> =
            labels.classes.iter().map(|class| known.get(class.as_str()).copied()).collect();
        let strange = labels.classes.iter().zip(&codes).filter(|(_, code)| code.is_none());
        let found: Vec<String> = strange.map(|(class, _)| class.clone()).collect();
        if !found.is_empty() {
            return Err(JudgeError::UnknownClass { found, known: self.classes.clone() });
        }
        let truth =
            labels.codes.iter().filter_map(|&code| codes.get(code as usize).copied().flatten());
        Ok((labels.rows, truth.collect()))
    }

    /// Brings a row, cells in the order of [`TabularModel::schema`], to the dense values that
    /// [`TabularModel::predict_dense`] takes; returns how many levels the model does not know.
    ///
    /// # Errors
    /// [`EncodeError`] for a row of another length, a cell of another kind or an infinite number.
    pub fn encode_row(&self, row: &[Cell<'_>], into: &mut Vec<f32>) -> Result<usize, EncodeError> {
        encode::encode_row(row, self.schema(), into)
    }

    /// Probabilities of the classes for a dense row, into a buffer that is used again.
    ///
    /// # Errors
    /// [`EncodeError::Predict`] for a row of another length.
    pub fn predict_dense(&self, row: &[f32], into: &mut Vec<f64>) -> Result<(), EncodeError> {
        Ok(self.estimator.predict_into(row, into)?)
    }

    /// Why a row of a table got its class, or would get another.
    ///
    /// # Errors
    /// [`EncodeError`] when the row or class does not exist, or the table is not what the model takes.
    pub fn contributions(
        &self,
        table: &Table,
        row: usize,
        class: Option<u32>,
    ) -> Result<Explanation, EncodeError> {
        let no_row = |_| EncodeError::NoRow { row, n_rows: table.n_rows() };
        let one = table.select_rows(&[row]).map_err(no_row)?;
        let frame = encode::encode(&one, self.schema())?.frame;
        let (mut dense, mut said) = (Vec::new(), Vec::new());
        frame.row_into(0, &mut dense);
        self.estimator.predict_into(&dense, &mut said)?;
        let class = class.unwrap_or_else(|| most_probable(&said));
        let found = self.estimator.contributions(&dense, class)?;
        let names = self.schema().columns().iter().map(|column| column.name.clone());
        let mut columns: Vec<ColumnContribution> = names
            .zip(found.columns)
            .map(|(column, amount)| ColumnContribution { column, amount })
            .collect();
        columns.sort_by(|one, other| other.amount.abs().total_cmp(&one.amount.abs()));
        let scale = match self.estimator {
            Estimator::RandomForest(_) => ContributionScale::Probability,
            Estimator::GradientBoosting(_) => ContributionScale::Score,
        };
        Ok(Explanation { class, scale, bias: found.bias, columns })
    }

    /// How much each column is used, the most used first; the shares add up to 1, unless no column is
    /// used at all.
    #[must_use]
    pub fn importances(&self) -> Vec<ColumnImportance> {
        let gains = self.estimator.importances();
        let all: f64 = gains.iter().sum();
        let mut importances: Vec<ColumnImportance> = self
            .schema()
            .columns()
            .iter()
            .zip(gains)
            .map(|(column, gain)| ColumnImportance {
                column: column.name.clone(),
                share: if all > 0.0 { gain / all } else { 0.0 },
            })
            .collect();
        importances.sort_by(|one, other| other.share.total_cmp(&one.share));
        importances
    }

    /// The bytes of its file; `name` is what errors call them.
    ///
    /// # Errors
    /// [`ModelFileError::Encode`].
    pub fn to_bytes(&self, name: &Path, card: Card) -> Result<Vec<u8>, ModelFileError> {
        model_file::to_bytes(name, &self.header(card), self)
    }

    /// Writes its file; the place never holds half of it.
    ///
    /// # Errors
    /// [`ModelFileError`].
    pub fn write(&self, path: &Path, card: Card) -> Result<(), ModelFileError> {
        model_file::write(path, &self.header(card), self)
    }

    /// Reads its file.
    ///
    /// # Errors
    /// [`ModelFileError`], which names the file, the place and the reason.
    pub fn read(path: &Path) -> Result<Model<Self>, ModelFileError> {
        of_kinds(path, |expected| model_file::read(path, expected))
    }

    /// Reads the bytes of its file.
    ///
    /// # Errors
    /// [`ModelFileError`], which names the file, the place and the reason.
    pub fn from_bytes(from: Named<'_>) -> Result<Model<Self>, ModelFileError> {
        of_kinds(from.name, |expected| model_file::from_bytes(from, expected))
    }

    fn header(&self, card: Card) -> Header {
        let all: u64 = self.class_counts.iter().sum();
        let rate = |&count: &u64| count as f64 / all.max(1) as f64;
        Header {
            kind: self.kind().to_owned(),
            schema: self.schema().clone(),
            card,
            base_rates: self
                .classes
                .iter()
                .cloned()
                .zip(self.class_counts.iter().map(rate))
                .collect(),
            operating_points: Vec::new(),
        }
    }
}

impl TryFrom<Unchecked> for TabularModel {
    type Error = NoModel;

    fn try_from(model: Unchecked) -> Result<Self, NoModel> {
        let Unchecked { classes, class_counts, roles, estimator, seen } = model;
        let (n_classes, n_counts) = (classes.len(), class_counts.len());
        let n_outputs = estimator.n_classes();
        if n_classes < 2 || n_counts != n_classes || n_outputs != n_classes {
            return Err(NoModel { n_classes, n_counts, n_outputs });
        }
        Ok(Self { classes, class_counts, roles, estimator, seen })
    }
}

// === impl Predictions ===

impl Predictions {
    /// The name of the class of each row.
    pub fn labels<'a>(&'a self, model: &'a TabularModel) -> impl Iterator<Item = &'a str> {
        self.codes.iter().filter_map(|&code| model.classes.get(code as usize).map(String::as_str))
    }
}

// === free functions ===

/// Reads a file of the first kind that it is of.
fn of_kinds(
    name: &Path,
    read: impl Fn(&Expected<'_>) -> Result<Model<TabularModel>, ModelFileError>,
) -> Result<Model<TabularModel>, ModelFileError> {
    let mut found_kind = String::new();
    for kind in KINDS {
        let model = match read(&Expected { kind, schema: None }) {
            Ok(model) => model,
            Err(ModelFileError::Kind { found, .. }) => {
                found_kind = found;
                continue;
            }
            Err(other) => return Err(other),
        };
        if kind == model.payload.kind() && model.header.schema == *model.payload.schema() {
            return Ok(model);
        }
        let reason = "kind and schema of the header are not those of the model".to_owned();
        return Err(ModelFileError::Body { file: name.to_owned(), reason });
    }
    let expected = KINDS.join("` or `");
    Err(ModelFileError::Kind { file: name.to_owned(), expected, found: found_kind })
}

/// The first of the most probable classes.
fn most_probable(row: &[f64]) -> u32 {
    let mut best = 0;
    for (class, p) in row.iter().enumerate() {
        if *p > row[best] {
            best = class;
        }
    }
    best as u32
}

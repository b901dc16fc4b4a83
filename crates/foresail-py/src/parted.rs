//! Rows parted for training and test, and what they say of a model that was fitted on their training part.

use std::sync::Arc;

use foresail_learn::model_file::TrainedOn;
use foresail_learn::tabular::{
    AuditPlan, ClassWeights, Finding, Forecast, Labels, MissingTarget, RoleOptions, Roles, Split,
    SplitBy, SplitOptions, Table, TableCard, TabularModel, Values, audit,
};
use pyo3::prelude::*;

use crate::exceptions::{InputError, input};
use crate::rows::Rows;
use crate::work::interruptible;

/// How rows are to be parted, as Python says it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Parting {
    target: String,
    group_column: Option<String>,
    time_column: Option<String>,
    missing_target: String,
    test_share: f64,
    seed: u64,
}

/// Rows of which some are for training and the others for the test.
#[pyclass(frozen, module = "foresail._foresail")]
pub(crate) struct Parted {
    table: Arc<Table>,
    training: Table,
    source: Option<TrainedOn>,
    options: SplitOptions,
    missing: MissingTarget,
    labels: Labels,
    split: Split,
    roles: Roles,
}

/// The numbers of rows, and the label of each.
type Part = (Vec<usize>, Vec<String>);

// === impl Parting ===

impl Parting {
    fn by(&self) -> PyResult<SplitBy> {
        match (self.group_column.clone(), self.time_column.clone()) {
            (Some(_), Some(_)) => Err(InputError::new_err(
                "group_column and time_column are both given: rows are parted by one of them",
            )),
            (Some(column), None) => Ok(SplitBy::Group(column)),
            (None, Some(column)) => Ok(SplitBy::Time(column)),
            (None, None) => Ok(SplitBy::Stratified),
        }
    }
}

// === impl Parted ===

#[pymethods]
impl Parted {
    /// Parts rows, then looks at the columns of the training part.
    #[staticmethod]
    fn of(py: Python<'_>, rows: &Rows, wish: Parting) -> PyResult<Self> {
        let missing = missing(&wish.missing_target)?;
        let options = SplitOptions { by: wish.by()?, test_share: wish.test_share, seed: wish.seed };
        let table = rows.table();
        let source = rows.source().cloned();
        interruptible(py, "splitting rows", |_| {
            let labels = Labels::of(&table, &wish.target, missing).map_err(input)?;
            let split = Split::of(&table, &labels, &options).map_err(input)?;
            let training = table.select_rows(&split.training).map_err(input)?;
            let roles = RoleOptions {
                target: wish.target,
                groups: wish.group_column.into_iter().collect(),
                time: wish.time_column,
                ignore: Vec::new(),
            };
            let roles = Roles::of(&training, &roles).map_err(input)?;
            Ok(Self { table, training, source, options, missing, labels, split, roles })
        })
    }

    /// The numbers of the training rows, and the label of each.
    #[getter]
    fn training(&self) -> Part {
        self.part(&self.split.training)
    }

    /// The numbers of the test rows, and the label of each.
    #[getter]
    fn test(&self) -> Part {
        self.part(&self.split.test)
    }

    /// The columns that no model should see, each with the reason.
    #[getter]
    fn left_out(&self) -> Vec<(String, String)> {
        let left_out = self.roles.left_out.iter();
        left_out.map(|out| (out.column.clone(), out.reason.to_string())).collect()
    }
}

impl Parted {
    /// The columns that a model may see, on the training rows.
    pub(crate) fn features(&self) -> (&[String], &Table) {
        (&self.roles.features, &self.training)
    }

    /// The file that the rows are of.
    pub(crate) fn source(&self) -> Option<&TrainedOn> {
        self.source.as_ref()
    }

    /// Whether these are the training rows with their labels, be it with fewer columns.
    pub(crate) fn is_training_part(&self, rows: &Table) -> bool {
        let target = self.roles.target.as_str();
        let same = |name: &str, values: &Values| {
            self.training.column(name).is_ok_and(|known| are_equal(known, values))
        };
        let is_same = rows.n_rows() == self.training.n_rows()
            && rows.columns().iter().all(|one| one.name == target || same(&one.name, &one.values));
        let labels = is_same.then(|| Labels::of(rows, target, MissingTarget::Refuse).ok());
        labels.flatten().is_some_and(|labels| {
            let said = labels.codes.iter().map(|code| labels.classes.get(*code as usize));
            said.eq(self.split.training.iter().map(|row| self.label(*row)))
        })
    }

    /// How a model of the training rows does on the test rows, and what makes that too good.
    pub(crate) fn judge(
        &self,
        model: &TabularModel,
        (test, class_weights): (&Table, ClassWeights),
    ) -> PyResult<TableCard> {
        let scores = model.score(test, self.missing).map_err(input)?;
        let roles = &self.roles;
        Ok(TableCard {
            target: roles.target.clone(),
            groups: roles.groups.clone(),
            time: roles.time.clone(),
            missing_target: self.missing,
            split: self.options.clone(),
            training_rows: self.split.training.len() as u64,
            test_rows: self.split.test.len() as u64,
            class_weights,
            scores,
            findings: self.findings(model)?,
        })
    }

    /// The rows of the test.
    pub(crate) fn test_rows(&self) -> PyResult<Table> {
        self.table.select_rows(&self.split.test).map_err(input)
    }

    fn findings(&self, model: &TabularModel) -> PyResult<Vec<Finding>> {
        let (groups, mut ignored) = self.roles.groups_and_ignored();
        let seen = &model.roles().features;
        ignored.extend(self.roles.features.iter().filter(|name| !seen.contains(name)).cloned());
        let forecast = match self.options.by {
            SplitBy::Time(_) => Forecast::Asked,
            SplitBy::Stratified | SplitBy::Group(_) => Forecast::NotAsked,
        };
        let plan = AuditPlan {
            target: &self.roles.target,
            groups: &groups,
            time: self.roles.time.as_deref(),
            ignored: &ignored,
            split: Some(&self.split),
            forecast,
            missing_target: self.missing,
        };
        audit(&self.table, &plan).map_err(input)
    }

    fn label(&self, row: usize) -> Option<&String> {
        let code = self.labels.rows.binary_search(&row).ok();
        let code = code.and_then(|at| self.labels.codes.get(at));
        code.and_then(|code| self.labels.classes.get(*code as usize))
    }

    fn part(&self, rows: &[usize]) -> Part {
        let labels = rows.iter().filter_map(|row| self.label(*row).cloned()).collect();
        (rows.to_vec(), labels)
    }
}

// === free functions ===

/// What makes a score on rows like these too good, when nothing is known of where they come from.
pub(crate) fn findings(rows: &Table, model: &TabularModel) -> PyResult<Vec<Finding>> {
    let roles = model.roles();
    let (groups, ignored) = roles.groups_and_ignored();
    let plan = AuditPlan {
        target: &roles.target,
        groups: &groups,
        ignored: &ignored,
        ..AuditPlan::default()
    };
    audit(rows, &plan).map_err(input)
}

/// What becomes of rows without a label, by its name in Python.
fn missing(name: &str) -> PyResult<MissingTarget> {
    match name {
        "refuse" => Ok(MissingTarget::Refuse),
        "drop" => Ok(MissingTarget::Drop),
        "class" => Ok(MissingTarget::Class),
        other => Err(InputError::new_err(format!(
            "missing_target is `{other}`, must be `refuse`, `drop` or `class`"
        ))),
    }
}

/// Whether two columns say the same of every row.
fn are_equal(one: &Values, other: &Values) -> bool {
    match (one, other) {
        (Values::Number(one), Values::Number(other)) => {
            let same =
                |(one, other): (&f64, &f64)| one == other || (one.is_nan() && other.is_nan());
            one.len() == other.len() && one.iter().zip(other).all(same)
        }
        (Values::Text(one), Values::Text(other)) => {
            let same = |row| one.get(row) == other.get(row);
            one.codes.len() == other.codes.len() && (0..one.codes.len()).all(same)
        }
        (Values::Number(_), Values::Text(_)) | (Values::Text(_), Values::Number(_)) => false,
    }
}

//! The report on a model of a table: `result.json`, one self-contained page and its pictures.
//!
//! ```text
//! TabularModel, Table ──judge──> TabularResult ──┬─> result.json
//!                                                ├─> charts ──> charts/*.svg, charts/*.png
//!                                                └─> page ──> report.html
//! ```
//!
//! Names of classes and columns are data: maud escapes them, and what is invisible is taken out.

use std::path::{Path, PathBuf};

use foresail_learn::metrics::{MetricError, Probabilities, RELIABILITY_BINS};
use foresail_learn::model_file::{Header, TrainedOn};
use foresail_learn::tabular::{
    ColumnImportance, EncodeError, Finding, JudgeError, LabelError, MissingTarget, ScoreError,
    Scores, Table, TabularModel, UnknownLevels,
};
use serde::Serialize;

use crate::report::output::{self, Page};
use crate::report::{ReportError, ReportFiles};
use crate::untrusted;

mod charts;
mod page;
#[cfg(test)]
mod tests;

/// Format of `result.json`; it grows with every change that a reader must know of.
const FORMAT: u32 = 1;

/// How a model did on a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TabularResult {
    /// Format of this object.
    pub format: u32,
    /// Where it comes from.
    pub provenance: Provenance,
    /// The model.
    pub model: JudgedModel,
    /// The rows.
    pub rows: JudgedRows,
    /// The scores.
    pub scores: Scores,
    /// Whether the probability of the class that was said means what it says.
    pub confidence: Confidence,
    /// How much each column is used, the most used first.
    pub importances: Vec<ColumnImportance>,
    /// Judged rows of another file that the model was trained on, then what the audit found in the
    /// training table, the most harmful first.
    pub findings: Vec<Finding>,
}

/// Where a result comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// Version of the program that judged.
    pub program_version: String,
    /// The command that gives it again.
    pub command: String,
}

/// What was judged.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JudgedModel {
    /// Its file.
    pub file: String,
    /// What it is.
    pub kind: String,
    /// The column of the classes.
    pub target: String,
    /// Columns that it takes.
    pub features: usize,
    /// What it was trained on.
    pub trained_on: Vec<TrainedOn>,
    /// Rows that it was trained on.
    pub training_rows: u64,
}

/// What it was judged on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JudgedRows {
    /// The file.
    pub file: String,
    /// Its SHA-256 in hex digits.
    pub sha256: String,
    /// Which of its rows.
    pub part: Part,
    /// Rows without a class, left out.
    pub without_class: usize,
    /// Values of categories that the model does not know, taken as missing.
    pub unknown: Vec<UnknownValues>,
}

/// Values that training did not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnknownValues {
    /// The column.
    pub column: String,
    /// Rows that have one.
    pub rows: usize,
    /// One of them.
    pub example: String,
}

/// Which rows of a file were judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// All of another file than that the model was trained on.
    All,
    /// The test part of the file that it was trained on.
    TestPart,
}

/// The probability of the class that was said against how often it was right.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Confidence {
    /// Mean distance of both over bins of equal mass.
    pub calibration_error: Option<f64>,
    /// The bins, by rising probability.
    pub bins: Vec<ConfidenceBin>,
}

/// Rows of about the same probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ConfidenceBin {
    /// Mean probability of the class that was said.
    pub said: f64,
    /// Share in which it was right.
    pub right: f64,
    /// Rows.
    pub rows: f64,
}

/// Why a table could not be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// Not the columns of the model.
    #[error(transparent)]
    Columns(#[from] EncodeError),
    /// No classes, or others.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// Nothing to judge.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// Probabilities that are none.
    #[error(transparent)]
    Metric(#[from] MetricError),
}

/// What a table is judged with.
#[derive(Clone, Copy, Debug)]
pub struct Judging<'a> {
    /// The model.
    pub model: &'a TabularModel,
    /// What its file says of it.
    pub header: &'a Header,
    /// The file of the model.
    pub model_file: &'a Path,
    /// The rows to judge.
    pub table: &'a Table,
    /// Where they are from; the counts are filled in.
    pub rows: &'a JudgedRows,
    /// What becomes of rows without a class.
    pub missing: MissingTarget,
    /// Where the result comes from.
    pub provenance: &'a Provenance,
}

/// Predicts the rows of a table and judges them by its target column.
///
/// # Errors
/// [`EvaluateError`] when the columns, the target or its classes are not those of the model.
pub fn judge(judging: &Judging<'_>) -> Result<TabularResult, EvaluateError> {
    let Judging { model, header, table, .. } = *judging;
    let (rows, truth) = model.truth(table, judging.missing)?;
    let kept = table.select_rows(&rows).map_err(LabelError::from).map_err(JudgeError::from)?;
    let said = model.predict(&kept)?;
    let scores = model.judge(&truth, &said)?;
    let confidence = Confidence::of(&truth, &said.codes, &said.probabilities)?;
    let without_class = table.n_rows() - rows.len();
    let unknown = said.unknown.into_iter().map(UnknownValues::from).collect();
    let rows = JudgedRows { without_class, unknown, ..judging.rows.clone() };
    let card = &header.card;
    let of_training = card.table.iter().flat_map(|table| table.findings.clone());
    let repeated = match rows.part {
        Part::All => model.repeated_rows(&kept)?,
        // The audit of the training table has looked for them.
        Part::TestPart => None,
    };
    Ok(TabularResult {
        format: FORMAT,
        provenance: judging.provenance.clone(),
        model: JudgedModel {
            file: judging.model_file.display().to_string(),
            kind: header.kind.clone(),
            target: model.roles().target.clone(),
            features: model.schema().len(),
            trained_on: card.recordings.clone(),
            training_rows: card.rows,
        },
        rows,
        scores,
        confidence,
        importances: model.importances(),
        findings: repeated.into_iter().chain(of_training).collect(),
    })
}

/// Writes `result.json`, `report.html` and `charts/*` below a folder, which is made if need be.
///
/// # Errors
/// [`ReportError`] names the file; either all files are new or none is half-written.
pub fn write(result: &TabularResult, folder: &Path) -> Result<ReportFiles, ReportError> {
    let mut json = serde_json::to_vec_pretty(result).map_err(ReportError::Json)?;
    json.push(b'\n');
    let page = |place: &str, bytes| Page { place: PathBuf::from(place), bytes };
    let mut pages = vec![page("result.json", json), page("report.html", html(result).into_bytes())];
    for chart in charts::all(result) {
        let png = chart.png();
        let png = png.map_err(|source| ReportError::Png { chart: chart.name.clone(), source })?;
        pages.push(page(&format!("charts/{}.svg", chart.name), chart.svg_document().into_bytes()));
        pages.push(page(&format!("charts/{}.png", chart.name), png));
    }
    let mut written = output::write_all(folder, &pages)?.into_iter();
    let (json, html) = (written.next().unwrap_or_default(), written.next().unwrap_or_default());
    Ok(ReportFiles { html, json, charts: written.collect() })
}

/// The page as text.
#[must_use]
pub fn html(result: &TabularResult) -> String {
    untrusted::clean_page(&page::page(result).into_string())
}

// === impl UnknownValues ===

impl From<UnknownLevels> for UnknownValues {
    fn from(UnknownLevels { column, rows, example }: UnknownLevels) -> Self {
        Self { column, rows, example }
    }
}

// === impl Confidence ===

impl Confidence {
    /// # Source
    /// Guo et al. 2017, "On calibration of modern neural networks": accuracy over confidence, here
    /// in bins of equal mass.
    fn of(truth: &[u32], said: &[u32], probabilities: &[f64]) -> Result<Self, MetricError> {
        let n_classes = probabilities.len() / truth.len().max(1);
        let right: Vec<bool> = truth.iter().zip(said).map(|(truth, said)| truth == said).collect();
        let best = |row: &[f64]| row.iter().copied().fold(0.0, f64::max).min(1.0);
        let best: Vec<f64> = probabilities.chunks(n_classes.max(1)).map(best).collect();
        let judged = Probabilities::new(&right, &best)?;
        let bins = judged.reliability(RELIABILITY_BINS);
        let bin = |bin: &foresail_learn::metrics::ReliabilityBin| ConfidenceBin {
            said: bin.said,
            right: bin.happened,
            rows: bin.mass,
        };
        let calibration_error = judged.expected_calibration_error();
        Ok(Self { calibration_error, bins: bins.iter().map(bin).collect() })
    }
}

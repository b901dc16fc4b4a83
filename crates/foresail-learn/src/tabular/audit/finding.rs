//! What the audit found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How much a finding takes from a reported score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something to ask; the score may be right.
    Question,
    /// The score is higher than it will be on rows that come later.
    Inflated,
    /// The score says nothing about how well the classes are told.
    Invalid,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// A column is the target under other names.
    TargetCopy,
    /// A column alone tells a class from the rest.
    ColumnTells,
    /// Labels are thresholds on features.
    LabelIsRule,
    /// Rows stand more than once.
    RowsRepeated,
    /// The group tells the label.
    GroupTells,
    /// The row before or after in the same group tells the label.
    NeighboursTell,
    /// A class lies in one group alone.
    ClassInOneGroup,
    /// A forecast is asked of rows that have no order in time.
    NoOrder,
    /// No class means that nothing is wrong.
    NothingHealthy,
}

/// A fact about the table that changes what a score means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What was found.
    pub kind: FindingKind,
    /// How much it takes from the score.
    pub severity: Severity,
    /// For the order among findings of one severity: the share of rows it speaks of.
    pub harm: f64,
    /// The columns it speaks of.
    pub columns: Vec<String>,
    /// The classes it speaks of.
    pub classes: Vec<String>,
    /// Some rows to look at; the first of the table is 1, as in errors and predictions.
    pub rows: Vec<usize>,
    /// Measured numbers, by name.
    pub evidence: BTreeMap<String, f64>,
    /// The fact, in a sentence.
    pub fact: String,
    /// What it does to the reported score.
    pub effect: String,
    /// What to do.
    pub advice: String,
}

// === impl Severity ===

impl Severity {
    /// One word for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Inflated => "inflated",
            Self::Invalid => "invalid",
        }
    }
}

// === impl Finding ===

impl Finding {
    /// A finding of which nothing is said yet.
    pub(super) fn new(kind: FindingKind, severity: Severity, harm: f64) -> Self {
        Self {
            kind,
            severity,
            harm,
            columns: Vec::new(),
            classes: Vec::new(),
            rows: Vec::new(),
            evidence: BTreeMap::new(),
            fact: String::new(),
            effect: String::new(),
            advice: String::new(),
        }
    }

    pub(super) fn columns(self, columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { columns: columns.into_iter().map(Into::into).collect(), ..self }
    }

    pub(super) fn classes(self, classes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { classes: classes.into_iter().map(Into::into).collect(), ..self }
    }

    pub(super) fn rows(self, rows: Vec<usize>) -> Self {
        Self { rows, ..self }
    }

    pub(super) fn evidence(mut self, name: &str, value: f64) -> Self {
        self.evidence.insert(name.to_owned(), value);
        self
    }

    /// The fact, its effect on the score and what to do.
    pub(super) fn said(self, fact: String, effect: impl Into<String>, advice: &str) -> Self {
        Self { fact, effect: effect.into(), advice: advice.to_owned(), ..self }
    }
}

//! Logistic regression with a ridge on standardised columns: the plain baseline for one event.
//!
//! ```text
//! Frame ──> terms (standardised numbers, missing?, level = x) ──> Newton ──> Logistic
//! ```
//!
//! A missing number stands at its mean and, if asked for, is marked by a term of its own; a missing
//! or unknown level leaves all terms of its column at 0.

use serde::{Deserialize, Serialize};

use crate::frame::{Frame, SchemaId};
use crate::metrics::MetricError;
use crate::numeric::sigmoid;
use newton::{Prior, Problem, maximise};
use terms::Term;

pub(crate) mod newton;
mod terms;

/// Terms at most: one Newton step takes their square per row.
pub const MOST_TERMS: usize = 2_000;
/// Precision of the belief that the intercept is 0: too little to move it, enough to keep it finite
/// where only one class was seen.
const INTERCEPT_PRECISION: f64 = 1e-6;

/// Settings, unchecked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogisticParams {
    /// Precision of the belief that each coefficient is 0, on standardised columns; scikit-learn's
    /// `1 / C`.
    pub ridge: f64,
    /// What stands for a missing number.
    pub missing: MissingNumbers,
}

/// What stands for a missing number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingNumbers {
    /// The mean of the column.
    Mean,
    /// The mean, and a term of its own says that it was missing.
    MeanAndIndicator,
}

/// Settings that were checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValidLogisticParams(LogisticParams);

/// What happened in the rows of a frame.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    /// Whether it happened, per row.
    pub happened: &'a [bool],
    /// Weight per row; all 1 without.
    pub weights: Option<&'a [f64]>,
}

/// A fitted logistic regression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Logistic {
    schema: SchemaId,
    intercept: f64,
    terms: Vec<Term>,
    coefficients: Vec<f64>,
}

/// A [`Logistic`] as it is read, before its checks.
#[derive(Clone, Serialize, Deserialize)]
struct Stored {
    schema: SchemaId,
    intercept: f64,
    terms: Vec<Term>,
    coefficients: Vec<f64>,
}

/// The share of one column in the logit of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contribution {
    /// Position of the column in the schema.
    pub column: usize,
    /// What it adds to the logit, against a row at the mean.
    pub logit: f64,
}

/// Why nothing was fitted or predicted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LogisticError {
    /// A setting outside its range.
    #[error("`ridge` is `{ridge}`, which is not a finite number above 0")]
    Ridge {
        /// What was given.
        ridge: f64,
    },
    /// There is no row of positive weight.
    #[error("no row of positive weight to fit on")]
    NoRows,
    /// Columns and levels give more terms than can be fitted.
    #[error("`{n_terms}` terms, at most `{max}` can be fitted: leave out columns of many levels", max = MOST_TERMS)]
    TooManyTerms {
        /// Terms of the frame.
        n_terms: usize,
    },
    /// It tells an event from its absence, nothing else.
    #[error("`{n_classes}` classes, logistic regression takes `2`")]
    Classes {
        /// Number of classes.
        n_classes: usize,
    },
    /// Labels or weights that do not fit the rows.
    #[error(transparent)]
    Labels(#[from] MetricError),
    /// The frame has another schema than the one fitted on.
    #[error("the frame has schema `{found}` but the model was fitted on `{expected}`")]
    Schema {
        /// What the model knows.
        expected: SchemaId,
        /// What was given.
        found: SchemaId,
    },
    /// A stored model that cannot be one.
    #[error("stored logistic regression: {reason}")]
    Stored {
        /// What is wrong.
        reason: &'static str,
    },
}

// === impl LogisticParams ===

impl Default for LogisticParams {
    /// Ridge 1 as in scikit-learn, missing numbers marked.
    fn default() -> Self {
        Self { ridge: 1.0, missing: MissingNumbers::MeanAndIndicator }
    }
}

impl LogisticParams {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`LogisticError::Ridge`].
    pub fn check(self) -> Result<ValidLogisticParams, LogisticError> {
        let good = self.ridge.is_finite() && self.ridge > 0.0;
        if good {
            Ok(ValidLogisticParams(self))
        } else {
            Err(LogisticError::Ridge { ridge: self.ridge })
        }
    }
}

impl ValidLogisticParams {
    /// Fits the coefficients.
    ///
    /// Where all rows are of one class the intercept alone says so, as far as the number of rows
    /// allows.
    ///
    /// # Errors
    /// [`LogisticError::Labels`], [`LogisticError::NoRows`] or [`LogisticError::TooManyTerms`].
    ///
    /// # Source
    /// Newton's method on the penalised likelihood (le Cessie and van Houwelingen 1992); the optimum
    /// is that of scikit-learn's `LogisticRegression` after `StandardScaler`, numbers beyond 10
    /// standard deviations excepted.
    pub fn fit(&self, frame: &Frame, labels: Labels<'_>) -> Result<Logistic, LogisticError> {
        labels.check(frame.n_rows())?;
        let terms = terms::of(frame, labels.weights, self.0.missing);
        if terms.len() > MOST_TERMS {
            return Err(LogisticError::TooManyTerms { n_terms: terms.len() });
        }
        let design = terms::design(frame, &terms);
        let mut prior = vec![Prior { mean: 0.0, precision: self.0.ridge }; terms.len()];
        prior.push(Prior { mean: 0.0, precision: INTERCEPT_PRECISION });
        let mut coefficients = maximise(&Problem {
            design: &design,
            happened: labels.happened,
            weights: labels.weights,
            prior: &prior,
        });
        let intercept = coefficients.pop().expect("the prior of the intercept was pushed");
        Ok(Logistic { schema: frame.schema().id(), intercept, terms, coefficients })
    }
}

// === impl Labels ===

impl Labels<'_> {
    fn check(&self, n_rows: usize) -> Result<(), LogisticError> {
        crate::metrics::check_length("labels", self.happened.len(), n_rows)?;
        let mass: f64 = match self.weights {
            None => n_rows as f64,
            Some(weights) => {
                crate::metrics::check_weights(weights, n_rows)?;
                weights.iter().sum()
            }
        };
        if mass > 0.0 { Ok(()) } else { Err(LogisticError::NoRows) }
    }
}

// === impl Logistic ===

impl Logistic {
    /// The schema of the frames it takes.
    #[must_use]
    pub const fn schema(&self) -> &SchemaId {
        &self.schema
    }

    /// The probability of the event per row.
    ///
    /// # Errors
    /// [`LogisticError::Schema`].
    pub fn predict(&self, frame: &Frame) -> Result<Vec<f64>, LogisticError> {
        self.check_schema(frame)?;
        let mut logits = vec![self.intercept; frame.n_rows()];
        for (term, coefficient) in self.terms.iter().zip(&self.coefficients) {
            for (row, logit) in logits.iter_mut().enumerate() {
                *logit += coefficient * term.value(frame, row);
            }
        }
        Ok(logits.into_iter().map(sigmoid).collect())
    }

    /// What each column adds to the logit of a row, in the order of the schema; columns without a
    /// term are left out. A row past the end counts as missing throughout.
    ///
    /// # Errors
    /// [`LogisticError::Schema`].
    pub fn contributions(
        &self,
        frame: &Frame,
        row: usize,
    ) -> Result<Vec<Contribution>, LogisticError> {
        self.check_schema(frame)?;
        let mut sums: Vec<Contribution> = Vec::new();
        for (term, coefficient) in self.terms.iter().zip(&self.coefficients) {
            let (column, logit) = (term.column(), coefficient * term.value(frame, row));
            match sums.last_mut() {
                Some(last) if last.column == column => last.logit += logit,
                Some(_) | None => sums.push(Contribution { column, logit }),
            }
        }
        Ok(sums)
    }

    fn check_schema(&self, frame: &Frame) -> Result<(), LogisticError> {
        let found = frame.schema().id();
        if found == self.schema {
            Ok(())
        } else {
            Err(LogisticError::Schema { expected: self.schema.clone(), found })
        }
    }
}

impl TryFrom<Stored> for Logistic {
    type Error = LogisticError;

    fn try_from(stored: Stored) -> Result<Self, LogisticError> {
        let Stored { schema, intercept, terms, coefficients } = stored;
        if terms.len() != coefficients.len() {
            return Err(LogisticError::Stored {
                reason: "terms and coefficients differ in number",
            });
        }
        let finite = coefficients.iter().all(|coefficient| coefficient.is_finite())
            && intercept.is_finite()
            && terms.iter().all(Term::is_finite);
        if !finite {
            return Err(LogisticError::Stored { reason: "a number is not finite" });
        }
        Ok(Self { schema, intercept, terms, coefficients })
    }
}

impl From<Logistic> for Stored {
    fn from(model: Logistic) -> Self {
        let Logistic { schema, intercept, terms, coefficients } = model;
        Self { schema, intercept, terms, coefficients }
    }
}

#[cfg(test)]
mod tests;

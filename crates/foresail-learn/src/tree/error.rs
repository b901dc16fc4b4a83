//! What can go wrong with parameters, targets and rows.

use std::ops::RangeInclusive;

use crate::frame::{Frame, Schema, SchemaId};

/// A parameter out of its range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("parameter `{name}` is `{value}`, must be in `{range}`")]
pub struct ParamError {
    /// The parameter.
    pub name: &'static str,
    /// What was given.
    pub value: String,
    /// What is possible.
    pub range: String,
}

/// Why nothing could be fitted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// A parameter is out of its range.
    #[error(transparent)]
    Param(#[from] ParamError),
    /// The frame has no rows.
    #[error("no rows to fit on")]
    NoRows,
    /// All weights are zero.
    #[error("the weights of all `{n_rows}` rows are zero")]
    NoWeight {
        /// Rows given.
        n_rows: usize,
    },
    /// More or fewer targets or weights than rows.
    #[error("`{found}` {what} for `{expected}` rows")]
    Length {
        /// What was counted.
        what: &'static str,
        /// Rows of the frame.
        expected: usize,
        /// Values given.
        found: usize,
    },
    /// A weight below zero or not finite.
    #[error("weight of row `{row}` is `{value}`, must be finite and at least zero")]
    Weight {
        /// The row.
        row: usize,
        /// The weight, as given.
        value: String,
    },
    /// A target that is none of the possible.
    #[error("target of row `{row}` is {what} `{value}`, there are `{n}`")]
    Target {
        /// The row.
        row: usize,
        /// What is wrong: class, kind or bin.
        what: &'static str,
        /// The value.
        value: usize,
        /// How many are possible.
        n: usize,
    },
    /// A parameter names a column that is not there.
    #[error("`{parameter}` names column `{column}`, which is not there")]
    NoColumn {
        /// The parameter.
        parameter: &'static str,
        /// The column.
        column: String,
    },
    /// A parameter names an output that is not there.
    #[error("`monotone` names output `{output}`, there are `{n}`")]
    NoOutput {
        /// The output.
        output: usize,
        /// How many there are.
        n: usize,
    },
    /// Categories have no order.
    #[error("`monotone` names column `{column}`, which holds categories and has no order")]
    MonotoneCategory {
        /// The column.
        column: String,
    },
    /// The validation frame has another schema.
    #[error("the validation frame has schema `{found}`, the training frame `{expected}`")]
    ValidationSchema {
        /// Schema of the training frame.
        expected: SchemaId,
        /// Schema of the validation frame.
        found: SchemaId,
    },
}

/// Why a row or frame could not be predicted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PredictError {
    /// The row has another length.
    #[error("the row has `{found}` values, the model was fitted on `{expected}`")]
    RowLength {
        /// Columns of the schema.
        expected: usize,
        /// Values of the row.
        found: usize,
    },
    /// The frame has another schema.
    #[error("the frame has schema `{found}`, the model was fitted on `{expected}`")]
    Schema {
        /// Schema of the model.
        expected: SchemaId,
        /// Schema of the frame.
        found: SchemaId,
    },
    /// A kind, class or bin that the model does not have.
    #[error("no {what} `{value}`, the model has `{n}`")]
    NoOutput {
        /// Kind, class or bin.
        what: &'static str,
        /// The number asked for.
        value: usize,
        /// How many there are.
        n: usize,
    },
}

pub(crate) fn in_range(
    name: &'static str,
    value: f64,
    range: RangeInclusive<f64>,
) -> Result<(), ParamError> {
    if range.contains(&value) {
        return Ok(());
    }
    let range = format!("{}..={}", range.start(), range.end());
    Err(ParamError { name, value: value.to_string(), range })
}

pub(crate) fn at_least_zero(name: &'static str, value: f32) -> Result<(), ParamError> {
    if value >= 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(ParamError { name, value: value.to_string(), range: "0..".to_owned() })
}

pub(crate) fn share(name: &'static str, value: f32) -> Result<(), ParamError> {
    if value > 0.0 && value <= 1.0 {
        return Ok(());
    }
    Err(ParamError { name, value: value.to_string(), range: "(0, 1]".to_owned() })
}

/// Checks weights, where there are some: one per row, finite, not negative, not all zero.
pub(crate) fn check_weights(weights: Option<&[f32]>, n_rows: usize) -> Result<(), FitError> {
    if n_rows == 0 {
        return Err(FitError::NoRows);
    }
    let Some(weights) = weights else { return Ok(()) };
    if weights.len() != n_rows {
        return Err(FitError::Length { what: "weights", expected: n_rows, found: weights.len() });
    }
    let bad = |&(_, &weight): &(usize, &f32)| !(weight >= 0.0 && weight.is_finite());
    if let Some((row, weight)) = weights.iter().enumerate().find(bad) {
        return Err(FitError::Weight { row, value: weight.to_string() });
    }
    if weights.iter().all(|&weight| weight == 0.0) {
        return Err(FitError::NoWeight { n_rows });
    }
    Ok(())
}

/// Checks weights of classes: finite and not negative.
pub(crate) fn check_class_weights(weights: &[f32]) -> Result<(), ParamError> {
    weights.iter().try_for_each(|&weight| at_least_zero("class_weights", weight))
}

pub(crate) const fn check_row(schema: &Schema, row: &[f32]) -> Result<(), PredictError> {
    if row.len() == schema.len() {
        return Ok(());
    }
    Err(PredictError::RowLength { expected: schema.len(), found: row.len() })
}

pub(crate) fn check_schema(schema: &Schema, frame: &Frame) -> Result<(), PredictError> {
    if frame.schema() == schema {
        return Ok(());
    }
    Err(PredictError::Schema { expected: schema.id(), found: frame.schema().id() })
}

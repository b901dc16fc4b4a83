//! Rows with classes, checked.

use std::borrow::Cow;

use super::error::{FitError, ParamError, check_weights};
use crate::estimator::LabelledFrame;
use crate::frame::Frame;

/// A frame with a class and a weight per row, checked.
#[derive(Clone, Debug)]
pub(crate) struct Labelled<'a> {
    pub frame: &'a Frame,
    pub classes: &'a [u32],
    pub n_classes: usize,
    /// Weights as given, which count as repetitions.
    pub given_weights: Option<&'a [f32]>,
    /// Weights times the weights of classes.
    pub weights: Cow<'a, [f32]>,
}

// === impl Labelled ===

impl<'a> Labelled<'a> {
    /// Checks labels and weights; no `class_weights` are all 1.
    pub fn new(rows: &LabelledFrame<'a>, class_weights: &[f32]) -> Result<Self, FitError> {
        let n_rows = rows.frame.n_rows();
        let LabelledFrame { frame, classes, n_classes, weights: given_weights } = *rows;
        if n_classes < 2 {
            let (value, range) = (n_classes.to_string(), "2..".to_owned());
            return Err(ParamError { name: "n_classes", value, range }.into());
        }
        if !class_weights.is_empty() && class_weights.len() != n_classes {
            let found = class_weights.len();
            return Err(FitError::Length { what: "class weights", expected: n_classes, found });
        }
        check_weights(given_weights, n_rows)?;
        if classes.len() != n_rows {
            let found = classes.len();
            return Err(FitError::Length { what: "classes", expected: n_rows, found });
        }
        let unknown = classes.iter().enumerate().find(|&(_, &class)| class as usize >= n_classes);
        if let Some((row, &class)) = unknown {
            let value = class as usize;
            return Err(FitError::Target { row, what: "class", value, n: n_classes });
        }
        let given = |row: usize| given_weights.map_or(1.0, |weights| weights[row]);
        let weights: Cow<'_, [f32]> = match (given_weights, class_weights) {
            (Some(weights), []) => Cow::Borrowed(weights),
            (None, []) => Cow::Owned(vec![1.0; n_rows]),
            (_, class_weights) => classes
                .iter()
                .enumerate()
                .map(|(row, &class)| given(row) * class_weights[class as usize])
                .collect(),
        };
        check_weights(Some(&weights), n_rows)?;
        Ok(Self { frame, classes, n_classes, given_weights, weights })
    }

    /// The numbers of the rows whose weight is above zero.
    pub fn with_weight(&self) -> Vec<u32> {
        let weights = self.weights.iter().enumerate();
        weights.filter(|&(_, &weight)| weight > 0.0).map(|(row, _)| row as u32).collect()
    }

    /// The share of each class in the weights.
    pub fn class_shares(&self) -> Vec<f64> {
        let mut shares = vec![0.0; self.n_classes];
        for (&class, &weight) in self.classes.iter().zip(self.weights.iter()) {
            shares[class as usize] += f64::from(weight);
        }
        let all: f64 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= all);
        shares
    }
}

/// Checks that validation rows can be scored by a model of the training rows.
pub(crate) fn check_validation(
    rows: &LabelledFrame<'_>,
    validation: &LabelledFrame<'_>,
) -> Result<(), FitError> {
    if validation.frame.schema() != rows.frame.schema() {
        return Err(FitError::ValidationSchema {
            expected: rows.frame.schema().id(),
            found: validation.frame.schema().id(),
        });
    }
    if validation.n_classes != rows.n_classes {
        return Err(FitError::Length {
            what: "classes in the validation rows",
            expected: rows.n_classes,
            found: validation.n_classes,
        });
    }
    Ok(())
}

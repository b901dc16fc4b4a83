//! What the split does to a score: the same forest on the same rows, judged on rows drawn at random and
//! on applications that it never saw.
//!
//! A pod's minutes resemble each other. Rows drawn at random put minute 41 of an incident into the test
//! part and minutes 40 and 42 into the training part, so the score says how well a forest finds the
//! neighbour of a row again. An application that was held out (`evaluation.md` section 4: a namespace,
//! taken out of every recording) says what it knows of failures.

use std::collections::BTreeMap;

use foresail_learn::tabular::Table;
use foresail_learn::tabular::{
    ClassWeights, DATASET_TARGET, EncodeError, EstimatorParams, FitOptions, Judged, LabelError,
    Labels, MissingTarget, RoleOptions, ScoreError, Scores, TableError, TabularModel, TrainError,
    Values,
};

/// Parts that rows drawn at random are divided into.
const RANDOM_FOLDS: u64 = 5;
/// The column that names the application.
const APPLICATION: &str = "namespace";

/// How rows are held out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldOut {
    /// Rows drawn at random, in five parts.
    RandomRows,
    /// One application after the other.
    Applications,
}

/// Scores over all rows, each predicted by a model that was fitted without its part.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// How rows were held out.
    pub held_out: HeldOut,
    /// Parts, and as many fits.
    pub folds: usize,
    /// Scores over all labelled rows.
    pub scores: Scores,
}

/// Why nothing was compared.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LessonError {
    /// The table is no data set.
    #[error(transparent)]
    Table(#[from] TableError),
    /// It has no labels.
    #[error(transparent)]
    Labels(#[from] LabelError),
    /// One part holds all rows, so nothing is left to fit on.
    #[error(
        "column `{APPLICATION}` has one value in all labelled rows: no application can be held out"
    )]
    OneApplication,
    /// Nothing was fitted.
    #[error(transparent)]
    Fit(#[from] TrainError),
    /// Nothing was predicted.
    #[error(transparent)]
    Predict(#[from] EncodeError),
    /// Nothing could be judged.
    #[error(transparent)]
    Score(#[from] ScoreError),
}

// === impl HeldOut ===

impl HeldOut {
    /// Its name in tables and pictures.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RandomRows => "random rows",
            Self::Applications => "applications held out",
        }
    }

    /// The part of each of these rows.
    fn parts(self, table: &Table, (rows, seed): (&[usize], u64)) -> Result<Vec<u64>, LessonError> {
        match self {
            Self::RandomRows => {
                Ok(rows.iter().map(|row| scramble(seed ^ *row as u64) % RANDOM_FOLDS).collect())
            }
            Self::Applications => {
                let Values::Text(names) = table.column(APPLICATION)? else {
                    return Err(LessonError::OneApplication);
                };
                let code = |row: &usize| names.codes.get(*row).map_or(0, |code| u64::from(*code));
                Ok(rows.iter().map(code).collect())
            }
        }
    }
}

/// Judges a random forest on a data set, with rows held out in one way.
///
/// # Errors
/// [`LessonError`] when the table is no data set or has too little in it.
pub fn lesson(table: &Table, held_out: HeldOut, seed: u64) -> Result<Part, LessonError> {
    let labels = Labels::of(table, DATASET_TARGET, MissingTarget::Drop)?;
    let mut by_part: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (place, part) in held_out.parts(table, (&labels.rows, seed))?.into_iter().enumerate() {
        by_part.entry(part).or_default().push(place);
    }
    if by_part.len() < 2 {
        return Err(LessonError::OneApplication);
    }
    let n_classes = labels.classes.len();
    let mut probabilities = vec![0.0; labels.rows.len() * n_classes];
    for (part, places) in &by_part {
        let others: Vec<usize> = by_part
            .iter()
            .filter(|(other, _)| *other != part)
            .flat_map(|(_, places)| places.iter().map(|place| labels.rows[*place]))
            .collect();
        let model = fit(&table.select_rows(&others)?, seed)?;
        let rows: Vec<usize> = places.iter().map(|place| labels.rows[*place]).collect();
        let said = model.predict(&table.select_rows(&rows)?)?;
        // A class that the other parts lack has no column of its own there.
        let columns: Vec<Option<usize>> = labels
            .classes
            .iter()
            .map(|class| model.classes().iter().position(|known| known == class))
            .collect();
        for (place, own) in places.iter().zip(said.probabilities.chunks(model.classes().len())) {
            for (class, column) in columns.iter().enumerate() {
                let known = column.and_then(|column| own.get(column));
                probabilities[place * n_classes + class] = known.copied().unwrap_or(0.0);
            }
        }
    }
    let scores = Scores::of(&Judged {
        classes: &labels.classes,
        truth: &labels.codes,
        probabilities: &probabilities,
        training_counts: &labels.counts(),
    })?;
    Ok(Part { held_out, folds: by_part.len(), scores })
}

fn fit(table: &Table, seed: u64) -> Result<TabularModel, TrainError> {
    let options = FitOptions {
        roles: RoleOptions { target: DATASET_TARGET.to_owned(), ..RoleOptions::default() },
        missing_target: MissingTarget::Drop,
        estimator: EstimatorParams::random_forest().with_seed(seed),
        class_weights: ClassWeights::Balanced,
    };
    TabularModel::fit(table, &options, &mut |_| ())
}

/// A row's place in a random order (the finalizer of `SplitMix64`, Steele et al. 2014).
const fn scramble(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

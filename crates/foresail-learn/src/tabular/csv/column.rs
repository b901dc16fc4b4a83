//! A column as a chunk reads it, and chunks joined.

use std::collections::HashMap;

use super::number::{self, Said};
use crate::frame::MISSING_CODE;
use crate::tabular::Text;

/// How a pass reads a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// As numbers, until something else comes.
    Numbers,
    /// As texts; what stands for a missing value is missing.
    Texts,
    /// As texts; only nothing is missing.
    Verbatim,
    /// Not at all.
    Skip,
}

/// A field that does not fit, by its row in the chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Odd {
    pub row: usize,
    pub value: String,
}

/// A column of one chunk.
#[derive(Debug)]
pub(super) enum Part {
    Numbers {
        values: Vec<f64>,
        /// The first text; nothing is read behind it.
        text: Option<Odd>,
        /// The first number without end.
        infinite: Option<Odd>,
    },
    Texts {
        texts: Levels,
        verbatim: bool,
    },
    Skipped,
}

/// Distinct texts in the order of their first row, and a code a row.
#[derive(Debug, Default)]
pub(super) struct Levels {
    known: HashMap<Box<str>, u32>,
    text: Text,
}

// === impl Part ===

impl Part {
    pub fn new(plan: Plan) -> Self {
        match plan {
            Plan::Numbers => Self::Numbers { values: Vec::new(), text: None, infinite: None },
            Plan::Texts => Self::Texts { texts: Levels::default(), verbatim: false },
            Plan::Verbatim => Self::Texts { texts: Levels::default(), verbatim: true },
            Plan::Skip => Self::Skipped,
        }
    }

    /// Takes in the field of the next row.
    pub fn push(&mut self, field: &str, row: usize) {
        match self {
            Self::Numbers { values, text: None, infinite } => {
                let odd = || Odd { row, value: field.to_owned() };
                match number::read(field) {
                    Said::Number(number) => values.push(number),
                    Said::Missing => values.push(f64::NAN),
                    Said::Infinite => {
                        infinite.get_or_insert_with(odd);
                        values.push(f64::NAN);
                    }
                    Said::Text => {
                        let odd = odd();
                        *self = Self::Numbers { values: vec![], text: Some(odd), infinite: None };
                    }
                }
            }
            Self::Numbers { text: Some(_), .. } | Self::Skipped => {}
            Self::Texts { texts, verbatim } => {
                let missing = if *verbatim { field.is_empty() } else { number::is_missing(field) };
                texts.push((!missing).then_some(field));
            }
        }
    }
}

// === impl Levels ===

impl Levels {
    fn push(&mut self, field: Option<&str>) {
        let code = field.map_or(MISSING_CODE, |field| self.code(field));
        self.text.codes.push(code);
    }

    fn code(&mut self, field: &str) -> u32 {
        if let Some(&code) = self.known.get(field) {
            return code;
        }
        let code = self.text.levels.len() as u32;
        self.text.levels.push(field.to_owned());
        self.known.insert(field.into(), code);
        code
    }

    /// Adds the rows of the chunk behind.
    pub fn append(&mut self, next: &Self) {
        let codes: Vec<u32> = next.text.levels.iter().map(|level| self.code(level)).collect();
        let recoded = next.text.codes.iter();
        self.text
            .codes
            .extend(recoded.map(|&code| codes.get(code as usize).copied().unwrap_or(code)));
    }

    pub fn finish(self) -> Text {
        self.text
    }
}

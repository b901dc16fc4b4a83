//! What is in each column of a table: kind, gaps, range, most frequent values.

use std::cmp::Reverse;

use rayon::prelude::*;
use serde::Serialize;

use super::{Table, TableColumn, Text, Values};

/// Values that are named as the most frequent.
const MOST_FREQUENT: usize = 5;

/// What is in a column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// Rows without a value.
    pub missing: usize,
    /// Distinct values.
    pub distinct: usize,
    /// What it holds.
    #[serde(flatten)]
    pub content: Content,
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// Numbers; without any, the values are absent.
    Number {
        /// The least.
        least: Option<f64>,
        /// The middle one.
        median: Option<f64>,
        /// The greatest.
        greatest: Option<f64>,
    },
    /// Texts.
    Text {
        /// The most frequent and their rows, the first of the table where as frequent.
        frequent: Vec<Frequent>,
    },
}

/// A text and how often it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Frequent {
    /// The text.
    pub value: String,
    /// Rows that have it.
    pub rows: usize,
}

/// What is in each column, in the order of the table.
#[must_use]
pub fn profile(table: &Table) -> Vec<ColumnProfile> {
    table.columns().par_iter().map(ColumnProfile::of).collect()
}

// === impl ColumnProfile ===

impl ColumnProfile {
    fn of(column: &TableColumn) -> Self {
        let name = column.name.clone();
        match &column.values {
            Values::Number(numbers) => {
                let mut known: Vec<f64> =
                    numbers.iter().copied().filter(|number| !number.is_nan()).collect();
                known.sort_unstable_by(f64::total_cmp);
                let (least, greatest) = (known.first().copied(), known.last().copied());
                let median = known.get(known.len() / 2).copied();
                let missing = numbers.len() - known.len();
                known.dedup();
                let content = Content::Number { least, median, greatest };
                Self { name, missing, distinct: known.len(), content }
            }
            Values::Text(text) => Self::of_text(name, text),
        }
    }

    fn of_text(name: String, text: &Text) -> Self {
        let mut counts = vec![0_usize; text.levels.len()];
        let mut missing = 0;
        for &code in &text.codes {
            match counts.get_mut(code as usize) {
                Some(count) => *count += 1,
                None => missing += 1,
            }
        }
        let mut order: Vec<(usize, &String)> =
            counts.into_iter().zip(&text.levels).filter(|(rows, _)| *rows > 0).collect();
        let distinct = order.len();
        order.sort_by_key(|(rows, _)| Reverse(*rows));
        let frequent = order.into_iter().take(MOST_FREQUENT);
        let frequent = frequent.map(|(rows, value)| Frequent { value: value.clone(), rows });
        Self { name, missing, distinct, content: Content::Text { frequent: frequent.collect() } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_are_summed_up() {
        let number = Values::Number(vec![3.0, f64::NAN, 1.0, 3.0]);
        let text = Values::Text(Text::of([Some("a"), Some("b"), None, Some("b")]));
        let columns = vec![
            TableColumn { name: "n".to_owned(), values: number },
            TableColumn { name: "t".to_owned(), values: text },
        ];
        let profiles = profile(&Table::new(columns).unwrap());
        assert_eq!((profiles[0].missing, profiles[0].distinct), (1, 2));
        let known = Content::Number { least: Some(1.0), median: Some(3.0), greatest: Some(3.0) };
        assert_eq!(profiles[0].content, known);
        assert_eq!((profiles[1].missing, profiles[1].distinct), (1, 2));
        let b = Frequent { value: "b".to_owned(), rows: 2 };
        let a = Frequent { value: "a".to_owned(), rows: 1 };
        assert_eq!(profiles[1].content, Content::Text { frequent: vec![b, a] });
    }
}

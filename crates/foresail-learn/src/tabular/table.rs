//! The table: named columns of one length, as read, simulated or handed over.

use std::collections::HashSet;

use super::TableError;
use crate::frame::MISSING_CODE;

/// Named columns of one length, checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    columns: Vec<TableColumn>,
    n_rows: usize,
}

/// A column with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct TableColumn {
    /// Its name, unique in the table.
    pub name: String,
    /// One value a row.
    pub values: Values,
}

/// The values of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Numbers; NaN where missing.
    Number(Vec<f64>),
    /// Texts.
    Text(Text),
}

/// A column of texts: each distinct text once, and a code a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The distinct texts, in the order of their first row.
    pub levels: Vec<String>,
    /// The position in `levels` by row, or [`MISSING_CODE`].
    pub codes: Vec<u32>,
}

// === impl Text ===

impl Text {
    /// The column of these texts, `None` where missing.
    pub fn of<'a>(texts: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let mut text = Self::default();
        let mut known = std::collections::HashMap::new();
        for value in texts {
            let code = value.map_or(MISSING_CODE, |value| {
                *known.entry(value).or_insert_with(|| {
                    text.levels.push(value.to_owned());
                    (text.levels.len() - 1) as u32
                })
            });
            text.codes.push(code);
        }
        text
    }

    /// The text of a row; `None` where missing or past the end.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&str> {
        let code = *self.codes.get(row)?;
        self.levels.get(code as usize).map(String::as_str)
    }
}

// === impl Values ===

impl Values {
    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Number(numbers) => numbers.len(),
            Self::Text(text) => text.codes.len(),
        }
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the value of a row is missing, which a row past the end is too.
    #[must_use]
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Number(numbers) => numbers.get(row).is_none_or(|number| number.is_nan()),
            Self::Text(text) => text.get(row).is_none(),
        }
    }

    fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Number(numbers) => {
                Self::Number(rows.iter().filter_map(|&row| numbers.get(row).copied()).collect())
            }
            Self::Text(text) => Self::Text(Text {
                levels: text.levels.clone(),
                codes: rows.iter().filter_map(|&row| text.codes.get(row).copied()).collect(),
            }),
        }
    }
}

// === impl Table ===

impl Table {
    /// A table of these columns.
    ///
    /// # Errors
    /// [`TableError`] when a name stands twice, lengths differ or a code has no level.
    pub fn new(columns: Vec<TableColumn>) -> Result<Self, TableError> {
        let n_rows = columns.first().map_or(0, |column| column.values.len());
        let mut names = HashSet::new();
        for column in &columns {
            if !names.insert(column.name.as_str()) {
                return Err(TableError::DuplicateColumn { name: column.name.clone() });
            }
            column.check(n_rows)?;
        }
        Ok(Self { columns, n_rows })
    }

    /// The columns, in their order.
    #[must_use]
    pub fn columns(&self) -> &[TableColumn] {
        &self.columns
    }

    /// The values of a column.
    ///
    /// # Errors
    /// [`TableError::NoColumn`].
    pub fn column(&self, name: &str) -> Result<&Values, TableError> {
        self.columns
            .iter()
            .find(|column| column.name == name)
            .map(|column| &column.values)
            .ok_or_else(|| TableError::NoColumn { name: name.to_owned() })
    }

    /// The number of rows.
    #[must_use]
    pub const fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The rows of these numbers, in this order; a row may be taken twice.
    ///
    /// # Errors
    /// [`TableError::NoRow`] for a number past the end.
    pub fn select_rows(&self, rows: &[usize]) -> Result<Self, TableError> {
        if let Some(&row) = rows.iter().find(|&&row| row >= self.n_rows) {
            return Err(TableError::NoRow { row, n_rows: self.n_rows });
        }
        let select = |column: &TableColumn| TableColumn {
            name: column.name.clone(),
            values: column.values.select(rows),
        };
        Ok(Self { columns: self.columns.iter().map(select).collect(), n_rows: rows.len() })
    }
}

// === impl TableColumn ===

impl TableColumn {
    fn check(&self, n_rows: usize) -> Result<(), TableError> {
        if self.values.len() != n_rows {
            return Err(TableError::Ragged {
                column: self.name.clone(),
                expected: n_rows,
                found: self.values.len(),
            });
        }
        let Values::Text(text) = &self.values else { return Ok(()) };
        let known = |code: u32| code == MISSING_CODE || (code as usize) < text.levels.len();
        match text.codes.iter().enumerate().find(|&(_, &code)| !known(code)) {
            Some((row, &code)) => {
                Err(TableError::UnknownCode { column: self.name.clone(), row, code })
            }
            None => Ok(()),
        }
    }
}

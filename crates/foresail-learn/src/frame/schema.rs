//! Names and kinds of columns, and the id that stands for them in a model file.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{FrameError, MAX_COLUMNS, MAX_LEVELS, MISSING_CODE, dense_to_code};

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ColumnKind {
    /// Numbers.
    Number,
    /// Categories.
    Category {
        /// The names of the levels; a code is a position here.
        levels: Vec<String>,
    },
}

/// Name and kind of a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnSchema {
    /// The name, once per schema.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
}

/// The columns of a frame, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<ColumnSchema>", into = "Vec<ColumnSchema>")]
pub struct Schema {
    columns: Vec<ColumnSchema>,
}

/// What two frames must share to be used with one model: 16 hex digits of the SHA-256 of the
/// names, kinds and levels of their columns, in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SchemaId(String);

// === impl ColumnKind ===

impl ColumnKind {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Number => "numbers",
            Self::Category { .. } => "categories",
        }
    }
}

// === impl ColumnSchema ===

impl ColumnSchema {
    /// A column of numbers.
    #[must_use]
    pub fn number(name: impl Into<String>) -> Self {
        Self { name: name.into(), kind: ColumnKind::Number }
    }

    /// A column of categories with these levels.
    #[must_use]
    pub fn category(name: impl Into<String>, levels: Vec<String>) -> Self {
        Self { name: name.into(), kind: ColumnKind::Category { levels } }
    }

    /// The code of a level, [`MISSING_CODE`] when it is unknown or this is a column of numbers.
    #[must_use]
    pub fn code(&self, level: &str) -> u32 {
        match &self.kind {
            ColumnKind::Number => MISSING_CODE,
            ColumnKind::Category { levels } => levels
                .iter()
                .position(|known| known == level)
                .map_or(MISSING_CODE, |code| code as u32),
        }
    }

    fn check(&self) -> Result<(), FrameError> {
        let ColumnKind::Category { levels } = &self.kind else { return Ok(()) };
        if levels.len() > MAX_LEVELS {
            return Err(FrameError::TooManyLevels {
                column: self.name.clone(),
                have: levels.len(),
            });
        }
        match first_duplicate(levels.iter().map(String::as_str)) {
            Some(level) => Err(FrameError::DuplicateLevel {
                column: self.name.clone(),
                level: level.to_owned(),
            }),
            None => Ok(()),
        }
    }

    pub(super) fn check_dense(&self, value: f32, row: usize) -> Result<(), FrameError> {
        if value.is_infinite() {
            return Err(FrameError::Infinite { column: self.name.clone(), row });
        }
        let ColumnKind::Category { levels } = &self.kind else { return Ok(()) };
        let is_code = value.fract() == 0.0 && (dense_to_code(value) as usize) < levels.len();
        if value.is_nan() || is_code {
            return Ok(());
        }
        Err(FrameError::UnknownCode {
            column: self.name.clone(),
            row,
            code: value.to_string(),
            levels: levels.len(),
        })
    }
}

// === impl Schema ===

impl Schema {
    /// Makes a schema.
    ///
    /// # Errors
    /// [`FrameError::DuplicateColumn`], [`FrameError::DuplicateLevel`],
    /// [`FrameError::TooManyColumns`] or [`FrameError::TooManyLevels`].
    pub fn new(columns: Vec<ColumnSchema>) -> Result<Self, FrameError> {
        if columns.len() > MAX_COLUMNS {
            return Err(FrameError::TooManyColumns { have: columns.len() });
        }
        if let Some(name) = first_duplicate(columns.iter().map(|column| column.name.as_str())) {
            return Err(FrameError::DuplicateColumn { name: name.to_owned() });
        }
        columns.iter().try_for_each(ColumnSchema::check)?;
        Ok(Self { columns })
    }

    /// A schema of columns of numbers.
    ///
    /// # Errors
    /// [`FrameError::DuplicateColumn`].
    pub fn numbers<S: AsRef<str>>(names: &[S]) -> Result<Self, FrameError> {
        Self::new(names.iter().map(|name| ColumnSchema::number(name.as_ref())).collect())
    }

    /// The columns, in order.
    #[must_use]
    pub fn columns(&self) -> &[ColumnSchema] {
        &self.columns
    }

    /// The number of columns.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there is no column.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The position of a column.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The columns of these names, in this order.
    ///
    /// # Errors
    /// [`FrameError::NoColumn`] for an unknown name, [`FrameError::DuplicateColumn`].
    pub fn select(&self, names: &[&str]) -> Result<Self, FrameError> {
        let find = |name: &&str| {
            self.columns
                .iter()
                .find(|column| column.name == *name)
                .cloned()
                .ok_or_else(|| FrameError::NoColumn { name: (*name).to_owned() })
        };
        Self::new(names.iter().map(find).collect::<Result<_, _>>()?)
    }

    /// The id: equal for equal names, kinds and levels in equal order.
    #[must_use]
    pub fn id(&self) -> SchemaId {
        let mut hash = Sha256::new();
        for column in &self.columns {
            hash_text(&mut hash, &column.name);
            match &column.kind {
                ColumnKind::Number => hash.update(b"number;"),
                ColumnKind::Category { levels } => {
                    hash.update(format!("category {};", levels.len()).as_bytes());
                    levels.iter().for_each(|level| hash_text(&mut hash, level));
                }
            }
        }
        SchemaId(hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
    }
}

impl TryFrom<Vec<ColumnSchema>> for Schema {
    type Error = FrameError;

    fn try_from(columns: Vec<ColumnSchema>) -> Result<Self, FrameError> {
        Self::new(columns)
    }
}

impl From<Schema> for Vec<ColumnSchema> {
    fn from(schema: Schema) -> Self {
        schema.columns
    }
}

// === impl SchemaId ===

impl SchemaId {
    /// The hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SchemaId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Length first, so that no two lists of names have one text.
fn hash_text(hash: &mut Sha256, text: &str) {
    hash.update(format!("{}:", text.len()).as_bytes());
    hash.update(text.as_bytes());
}

fn first_duplicate<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut sorted: Vec<&str> = names.collect();
    sorted.sort_unstable();
    sorted.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

//! One value of a row, on its way to or from a database.

use foresail_core::Timestamp;
use foresail_core::store::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::text;

/// A value. A missing one still says its type, which PostgreSQL wants to know.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Int(Option<i64>),
    Real(Option<f64>),
    Text(Option<String>),
    Bytes(Vec<u8>),
}

/// The values of an answer's row, taken from the left.
pub(crate) struct Fields<'a> {
    cells: std::vec::IntoIter<Cell>,
    about: About<'a>,
}

/// What an answer is about, for messages: the store, and what was asked for.
#[derive(Clone, Copy)]
pub(crate) struct About<'a>(pub(crate) &'a str, pub(crate) &'static str);

// === impl Cell ===

impl Cell {
    /// A whole number.
    pub(crate) const fn int(value: i64) -> Self {
        Self::Int(Some(value))
    }

    /// A count; what no database can hold is the largest that it can.
    pub(crate) fn count(value: u64) -> Self {
        Self::Int(Some(i64::try_from(value).unwrap_or(i64::MAX)))
    }

    /// A number of things.
    pub(crate) fn len(value: usize) -> Self {
        Self::count(value as u64)
    }

    /// An instant, in milliseconds.
    pub(crate) const fn time(at: Timestamp) -> Self {
        Self::Int(Some(at.as_millis()))
    }

    /// An instant, if there is one.
    pub(crate) fn some_time(at: Option<Timestamp>) -> Self {
        Self::Int(at.map(Timestamp::as_millis))
    }

    /// A number; one that is not finite is missing, on both databases alike.
    pub(crate) fn real(value: f64) -> Self {
        Self::Real(value.is_finite().then_some(value))
    }

    /// A text that is no key.
    pub(crate) fn text(value: &str) -> Self {
        Self::Text(Some(text::plain(value)))
    }

    /// A text that is no key, if there is one.
    pub(crate) fn some_text(value: Option<&str>) -> Self {
        Self::Text(value.map(text::plain))
    }

    /// A text that is part of a key.
    pub(crate) fn key(value: &str) -> Self {
        Self::Text(Some(text::key(value)))
    }

    /// A name as keys have it, if there is one.
    pub(crate) fn some_key(value: Option<&str>) -> Self {
        Self::Text(value.map(text::key))
    }

    /// Everything of `value`, for reading it back unchanged.
    pub(crate) fn detail<T: Serialize>(value: &T) -> Self {
        Self::Bytes(pack(value))
    }
}

/// Everything of `value` as MessagePack with named fields: numbers that are not finite and characters
/// that a text column refuses come back as they were, and later versions may add fields.
pub(crate) fn pack<T: Serialize>(value: &T) -> Vec<u8> {
    rmp_serde::to_vec_named(value).expect("plain structs of core always serialise")
}

/// The value of [`pack`].
pub(crate) fn unpack<T: DeserializeOwned>(bytes: &[u8], about: About<'_>) -> Result<T, StoreError> {
    rmp_serde::from_slice(bytes).map_err(|error| about.damaged(&error.to_string()))
}

// === impl About ===

impl About<'_> {
    /// The error for an answer that is not what was written.
    pub(crate) fn damaged(self, reason: &str) -> StoreError {
        StoreError::Corrupt {
            place: self.0.to_owned(),
            what: self.1.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

// === impl Fields ===

impl<'a> Fields<'a> {
    /// The values of `row`.
    pub(crate) fn new(row: Vec<Cell>, about: About<'a>) -> Self {
        Self { cells: row.into_iter(), about }
    }

    /// The next value, a whole number if there is one.
    pub(crate) fn some_int(&mut self) -> Result<Option<i64>, StoreError> {
        match self.next()? {
            Cell::Int(value) => Ok(value),
            Cell::Real(None) | Cell::Text(None) => Ok(None),
            other @ (Cell::Real(_) | Cell::Text(_) | Cell::Bytes(_)) => Err(self.unlike(&other)),
        }
    }

    /// The next value, a whole number.
    pub(crate) fn int(&mut self) -> Result<i64, StoreError> {
        self.some_int()?.ok_or_else(|| self.about.damaged("a number is missing"))
    }

    /// The next value, an instant.
    pub(crate) fn time(&mut self) -> Result<Timestamp, StoreError> {
        self.int().map(Timestamp::from_millis)
    }

    /// The next value as a measurement; NaN when it is missing.
    pub(crate) fn value(&mut self) -> Result<f32, StoreError> {
        match self.next()? {
            Cell::Real(Some(value)) => Ok(value as f32),
            Cell::Int(Some(value)) => Ok(value as f32),
            Cell::Real(None) | Cell::Int(None) | Cell::Text(None) => Ok(f32::NAN),
            other @ (Cell::Text(_) | Cell::Bytes(_)) => Err(self.unlike(&other)),
        }
    }

    /// The next value, a text if there is one.
    pub(crate) fn some_text(&mut self) -> Result<Option<String>, StoreError> {
        match self.next()? {
            Cell::Text(value) => Ok(value),
            Cell::Real(None) | Cell::Int(None) => Ok(None),
            other @ (Cell::Real(_) | Cell::Int(_) | Cell::Bytes(_)) => Err(self.unlike(&other)),
        }
    }

    /// The next value, a text.
    pub(crate) fn text(&mut self) -> Result<String, StoreError> {
        self.some_text()?.ok_or_else(|| self.about.damaged("a text is missing"))
    }

    /// The next value, bytes.
    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        match self.next()? {
            Cell::Bytes(value) => Ok(value),
            other @ (Cell::Real(_) | Cell::Int(_) | Cell::Text(_)) => Err(self.unlike(&other)),
        }
    }

    /// The next value, what [`Cell::detail`] wrote.
    pub(crate) fn detail<T: DeserializeOwned>(&mut self) -> Result<T, StoreError> {
        let bytes = self.bytes()?;
        unpack(&bytes, self.about)
    }

    /// The next value, the stable name of one of `all`.
    pub(crate) fn one_of<T: Copy>(
        &mut self,
        all: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Result<T, StoreError> {
        let text = self.text()?;
        let found = all.iter().copied().find(|one| name(*one) == text);
        found.ok_or_else(|| self.about.damaged(&format!("`{text}` is not known")))
    }

    fn next(&mut self) -> Result<Cell, StoreError> {
        self.cells.next().ok_or_else(|| self.about.damaged("a row is too short"))
    }

    fn unlike(&self, found: &Cell) -> StoreError {
        let kind = match found {
            Cell::Int(_) => "a whole number",
            Cell::Real(_) => "a number",
            Cell::Text(_) => "a text",
            Cell::Bytes(_) => "bytes",
        };
        self.about.damaged(&format!("{kind} stands where something else belongs"))
    }
}

//! Records to columns.

use std::collections::HashMap;
use std::ops::Range;

use ::csv::{ByteRecord, Reader, ReaderBuilder, StringRecord};
use rayon::prelude::*;

use super::column::{Levels, Odd, Part, Plan};
use super::number::{self, Said};
use super::{CsvError, Place, ReadOptions, bytes};
use crate::model_file::Named;
use crate::tabular::{Table, TableColumn, Text, Values};

/// Rows that say what a column is likely to hold. A guess that fails costs a second pass, no more.
const ROWS_TO_GUESS: usize = 200;

/// A file with its header read.
pub(super) struct Source<'a> {
    from: Named<'a>,
    names: Vec<String>,
    /// Where the rows lie in the file.
    chunks: Vec<Range<usize>>,
}

/// All columns of one chunk.
struct Chunk {
    n_rows: usize,
    parts: Vec<Part>,
}

/// The chunks read so far.
#[derive(Default)]
pub(super) struct Chunks {
    read: Vec<Chunk>,
    n_rows: usize,
}

/// A row of another length than the header.
pub(super) struct Ragged {
    row: usize,
    found: usize,
}

/// What the columns must be; no entry where the values decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Numbers,
    Texts,
    Verbatim,
}

/// A column read by one pass.
pub(super) enum Outcome {
    Values(Values),
    /// Numbers up to this text.
    Text(Odd),
    Infinite(Odd),
    Skipped,
}

// === impl Source ===

impl<'a> Source<'a> {
    /// Reads the header and cuts the rest.
    pub fn open(from: Named<'a>) -> Result<Self, CsvError> {
        let file = || from.name.to_owned();
        let text = bytes::unmarked(from)?;
        if text.trim_ascii().is_empty() {
            return Err(CsvError::Empty { file: file() });
        }
        let start = from.bytes.len() - text.len();
        let chunks = bytes::chunks(from, start..from.bytes.len(), bytes::CHUNK)?;
        chunks.par_iter().try_for_each(|chunk| bytes::check(from, chunk.clone()))?;
        let (names, length) = header(from, text)?;
        let body = start + length;
        if from.bytes[body..].trim_ascii().is_empty() {
            return Err(CsvError::NoRows { file: file() });
        }
        // The header may be longer than a chunk.
        let chunks = chunks.into_iter().map(|chunk| chunk.start.max(body)..chunk.end);
        let chunks = chunks.filter(|chunk| chunk.start < chunk.end).collect();
        Ok(Self { from, names, chunks })
    }

    pub fn read(&self, options: &ReadOptions) -> Result<Table, CsvError> {
        let wishes = wishes(&self.names, options);
        let first = self.chunks.first().map_or(&[][..], |chunk| &self.from.bytes[chunk.clone()]);
        let mut plans = plans(first, &wishes);
        let mut columns: Vec<Option<Values>> = vec![None; self.names.len()];
        loop {
            let mut again = vec![Plan::Skip; plans.len()];
            for (column, outcome) in self.pass(&plans)?.into_iter().enumerate() {
                match outcome {
                    Outcome::Values(values) => columns[column] = Some(values),
                    Outcome::Skipped => {}
                    Outcome::Infinite(odd) => {
                        let place = self.place(column, odd.row);
                        return Err(CsvError::Infinite { place, value: odd.value });
                    }
                    Outcome::Text(odd) => match wishes[column] {
                        Some(Wish::Numbers) => return Err(self.not_a_number(column, odd)),
                        Some(Wish::Texts | Wish::Verbatim) | None => {
                            again[column] = Plan::Texts;
                        }
                    },
                }
            }
            if again.iter().all(|plan| *plan == Plan::Skip) {
                break;
            }
            plans = again;
        }
        let columns: Vec<TableColumn> = self
            .names
            .iter()
            .zip(columns)
            .filter_map(|(name, values)| values.map(|values| (name, values)))
            .map(|(name, values)| TableColumn { name: name.clone(), values })
            .collect();
        for (column, TableColumn { values, .. }) in columns.iter().enumerate() {
            if let (Values::Text(text), None) = (values, wishes[column]) {
                self.check_thousands(column, text)?;
            }
        }
        Ok(Table::new(columns).expect("names were compared and all columns have a value a record"))
    }

    /// Reads all rows.
    fn pass(&self, plans: &[Plan]) -> Result<Vec<Outcome>, CsvError> {
        let mut chunks = Chunks::default();
        chunks.read(self.from.bytes, &self.chunks, plans).map_err(|ragged| CsvError::Ragged {
            file: self.from.name.to_owned(),
            line: self.line(ragged.row),
            expected: self.names.len(),
            found: ragged.found,
        })?;
        Ok(chunks.join(plans.len()))
    }

    /// Refuses a column of texts that would be one of numbers, were there no thousands separators.
    fn check_thousands(&self, column: usize, text: &Text) -> Result<(), CsvError> {
        let Some((code, plain)) = separated(text) else { return Ok(()) };
        let row = text.codes.iter().position(|&found| found == code).unwrap_or_default();
        let value = text.levels.get(code as usize).cloned().unwrap_or_default();
        Err(CsvError::Thousands { place: self.place(column, row), value, plain })
    }

    fn not_a_number(&self, column: usize, odd: Odd) -> CsvError {
        let place = self.place(column, odd.row);
        match number::without_thousands(&odd.value) {
            Some(plain) => CsvError::Thousands { place, value: odd.value, plain },
            None => CsvError::NotANumber { place, value: odd.value },
        }
    }

    fn place(&self, column: usize, row: usize) -> Place {
        let column = self.names.get(column).cloned().unwrap_or_default();
        Place { file: self.from.name.to_owned(), line: self.line(row), column }
    }

    /// The line on which a row begins: rows may span lines, so it is counted anew.
    fn line(&self, row: usize) -> u64 {
        let mut reader = reader(self.from.bytes);
        let mut record = ByteRecord::new();
        for _ in 0..row + 2 {
            if !reader.read_byte_record(&mut record).unwrap_or(false) {
                break;
            }
        }
        // A record is said to begin where the one before ended; blank lines between are skipped.
        let at = record.position().map_or(0, |position| position.byte() as usize);
        let blank =
            self.from.bytes[at..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        memchr::memchr_iter(b'\n', &self.from.bytes[..at + blank]).count() as u64 + 1
    }
}

// === impl Chunks ===

impl Chunks {
    /// Reads the chunks that lie in `bytes` at `ranges`, behind those read before.
    pub fn read(
        &mut self,
        bytes: &[u8],
        ranges: &[Range<usize>],
        plans: &[Plan],
    ) -> Result<(), Ragged> {
        let chunks: Vec<Result<Chunk, (usize, usize)>> =
            ranges.par_iter().map(|range| Chunk::read(&bytes[range.clone()], plans)).collect();
        for chunk in chunks {
            let chunk = chunk.map_err(|(row, found)| Ragged { row: self.n_rows + row, found })?;
            self.n_rows += chunk.n_rows;
            self.read.push(chunk);
        }
        Ok(())
    }

    /// All columns.
    pub fn join(&self, n_columns: usize) -> Vec<Outcome> {
        (0..n_columns).into_par_iter().map(|column| join(&self.read, column)).collect()
    }
}

// === impl Chunk ===

impl Chunk {
    /// The columns of a chunk, or its first row of another length with that length.
    fn read(bytes: &[u8], plans: &[Plan]) -> Result<Self, (usize, usize)> {
        let mut chunk = Self { n_rows: 0, parts: plans.iter().copied().map(Part::new).collect() };
        match plain(bytes) {
            Some(text) => chunk.read_plain(text)?,
            None => chunk.read_quoted(bytes)?,
        }
        Ok(chunk)
    }

    /// Reads text without quotes: commas and newlines are all there is to look for.
    fn read_plain(&mut self, text: &str) -> Result<(), (usize, usize)> {
        let mut start = 0;
        let newlines = memchr::memchr_iter(b'\n', text.as_bytes());
        for end in newlines.chain([text.len()]) {
            let line = &text[start..end];
            start = end + 1;
            let line = line.strip_suffix('\r').unwrap_or(line);
            if !line.is_empty() {
                self.push_plain(line)?;
            }
        }
        Ok(())
    }

    fn push_plain(&mut self, line: &str) -> Result<(), (usize, usize)> {
        let row = self.n_rows;
        let ragged = || (row, memchr::memchr_iter(b',', line.as_bytes()).count() + 1);
        let mut parts = self.parts.iter_mut();
        let mut start = 0;
        for end in memchr::memchr_iter(b',', line.as_bytes()).chain([line.len()]) {
            let part = parts.next().ok_or_else(ragged)?;
            part.push(&line[start..end], row);
            start = end + 1;
        }
        if parts.next().is_some() {
            return Err(ragged());
        }
        self.n_rows += 1;
        Ok(())
    }

    fn read_quoted(&mut self, bytes: &[u8]) -> Result<(), (usize, usize)> {
        let mut reader = reader(bytes);
        let mut record = StringRecord::new();
        // Reading UTF-8 from memory does not fail, and records of any length are taken.
        while reader.read_record(&mut record).unwrap_or(false) {
            if record.len() != self.parts.len() {
                return Err((self.n_rows, record.len()));
            }
            for (part, field) in self.parts.iter_mut().zip(&record) {
                part.push(field, self.n_rows);
            }
            self.n_rows += 1;
        }
        Ok(())
    }
}

// === free functions ===

/// The text of bytes without quotes, whose lines end as lines do.
fn plain(bytes: &[u8]) -> Option<&str> {
    let ends_a_line = |at: usize| bytes.get(at + 1) == Some(&b'\n');
    let is_plain =
        memchr::memchr(b'"', bytes).is_none() && memchr::memchr_iter(b'\r', bytes).all(ends_a_line);
    is_plain.then(|| std::str::from_utf8(bytes).ok()).flatten()
}

fn reader(bytes: &[u8]) -> Reader<&[u8]> {
    ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes)
}

/// The names of the columns, and the length of the record that has them.
pub(super) fn header(from: Named<'_>, text: &[u8]) -> Result<(Vec<String>, usize), CsvError> {
    let mut reader = reader(text);
    let mut record = ByteRecord::new();
    if !matches!(reader.read_byte_record(&mut record), Ok(true)) {
        return Err(CsvError::Empty { file: from.name.to_owned() });
    }
    Ok((names(from, &record)?, reader.position().byte() as usize))
}

/// What each column must be.
pub(super) fn wishes(names: &[String], options: &ReadOptions) -> Vec<Option<Wish>> {
    let wish = |name: &String| {
        if options.text.contains(name) {
            Some(Wish::Verbatim)
        } else if options.categories.contains(name) {
            Some(Wish::Texts)
        } else if options.numbers.contains(name) || name.starts_with("num_") {
            Some(Wish::Numbers)
        } else {
            name.starts_with("cat_").then_some(Wish::Texts)
        }
    };
    names.iter().map(wish).collect()
}

/// The wishes, and guesses by the first rows.
pub(super) fn plans(first: &[u8], wishes: &[Option<Wish>]) -> Vec<Plan> {
    let mut plans: Vec<Plan> = wishes
        .iter()
        .map(|wish| match wish {
            Some(Wish::Verbatim) => Plan::Verbatim,
            Some(Wish::Texts) => Plan::Texts,
            Some(Wish::Numbers) | None => Plan::Numbers,
        })
        .collect();
    let records = reader(first).into_records().take(ROWS_TO_GUESS);
    for record in records.filter_map(Result::ok) {
        for ((field, plan), wish) in record.iter().zip(&mut plans).zip(wishes) {
            if *plan == Plan::Numbers && wish.is_none() && number::read(field) == Said::Text {
                *plan = Plan::Texts;
            }
        }
    }
    plans
}

/// Of texts that would all be numbers without thousands separators, the first that has them, and
/// the number without.
pub(super) fn separated(text: &Text) -> Option<(u32, String)> {
    let is_number = |level: &String| matches!(number::read(level), Said::Number(_));
    let mut separated = None;
    for (code, level) in text.levels.iter().enumerate() {
        match number::without_thousands(level) {
            Some(plain) => {
                separated.get_or_insert((code as u32, plain));
            }
            None if is_number(level) => {}
            None => return None,
        }
    }
    separated
}

/// The names of the columns; a column without one is named after its place.
fn names(from: Named<'_>, header: &ByteRecord) -> Result<Vec<String>, CsvError> {
    let name = |(at, name): (usize, &[u8])| match name {
        [] => format!("unnamed_{}", at + 1),
        name => String::from_utf8_lossy(name).into_owned(),
    };
    let names: Vec<String> = header.iter().enumerate().map(name).collect();
    let mut seen = HashMap::new();
    for (second, name) in names.iter().enumerate() {
        if let Some(first) = seen.insert(name, second) {
            return Err(CsvError::DuplicateColumn {
                file: from.name.to_owned(),
                name: name.clone(),
                first: first + 1,
                second: second + 1,
            });
        }
    }
    Ok(names)
}

/// One column of all chunks.
fn join(chunks: &[Chunk], column: usize) -> Outcome {
    let mut before = 0;
    let mut first_infinite = None;
    let mut numbers = Vec::new();
    let mut texts: Option<Levels> = None;
    let n_rows: usize = chunks.iter().map(|chunk| chunk.n_rows).sum();
    for chunk in chunks {
        let at = |odd: &Odd| Odd { row: before + odd.row, value: odd.value.clone() };
        match chunk.parts.get(column) {
            Some(Part::Numbers { text: Some(odd), .. }) => return Outcome::Text(at(odd)),
            Some(Part::Numbers { values, text: None, infinite }) => {
                first_infinite = first_infinite.or(infinite.as_ref().map(at));
                numbers.reserve(n_rows - before);
                numbers.extend_from_slice(values);
            }
            Some(Part::Texts { texts: more, .. }) => {
                texts.get_or_insert_default().append(more);
            }
            Some(Part::Skipped) | None => return Outcome::Skipped,
        }
        before += chunk.n_rows;
    }
    match (texts, first_infinite) {
        (Some(texts), _) => Outcome::Values(Values::Text(texts.finish())),
        (None, Some(odd)) => Outcome::Infinite(odd),
        (None, None) => Outcome::Values(Values::Number(numbers)),
    }
}

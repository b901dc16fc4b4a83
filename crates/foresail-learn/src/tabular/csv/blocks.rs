//! A file block by block: its bytes are parsed while they are in the cache, and no memory of the size of the file is
//! taken for them.
//!
//! This is the fast way for files of which there is nothing to say; at the first surprise it gives up, and the way over
//! all bytes at once finds the place.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;

use super::column::Plan;
use super::parse::{self, Chunks, Outcome, Wish};
use super::{ReadOptions, bytes};
use crate::model_file::Named;
use crate::tabular::{Table, TableColumn, Values};

/// Bytes read at once: some chunks for every core.
pub(super) const BLOCK: usize = 1 << 24;

/// What the header and the first rows say.
struct Head {
    names: Vec<String>,
    wishes: Vec<Option<Wish>>,
    plans: Vec<Plan>,
}

/// Reads a file in blocks of this size; `None` where there is something to say of it.
pub(super) fn read(path: &Path, options: &ReadOptions, block: usize) -> io::Result<Option<Table>> {
    let mut file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let (mut buffer, mut head, mut chunks) = (Vec::new(), None, Chunks::default());
    loop {
        let ended = file.by_ref().take(block as u64).read_to_end(&mut buffer)? < block;
        let from = Named { name: path, bytes: &buffer };
        let Some((mut ranges, rest)) = records(from, block.min(bytes::CHUNK), ended) else {
            if ended {
                return Ok(None);
            }
            continue;
        };
        if head.is_none() {
            let Some((first, body)) = Head::read(from, &ranges, options) else {
                return Ok(None);
            };
            ranges[0].start = body;
            head = Some(first);
        }
        let Some(head) = &head else { return Ok(None) };
        let is_text = ranges.par_iter().all(|range| bytes::check(from, range.clone()).is_ok());
        if !is_text || chunks.read(&buffer, &ranges, &head.plans).is_err() {
            return Ok(None);
        }
        if ended {
            return Ok(head.table(&chunks));
        }
        buffer.drain(..rest);
    }
}

/// Where whole records lie, and where the next one begins; `None` where none is whole.
fn records(from: Named<'_>, least: usize, ended: bool) -> Option<(Vec<Range<usize>>, usize)> {
    let mut ranges = bytes::chunks(from, 0..from.bytes.len(), least).ok()?;
    let rest = if ended { from.bytes.len() } else { ranges.pop()?.start };
    (!ranges.is_empty()).then_some((ranges, rest))
}

// === impl Head ===

impl Head {
    /// Reads the header, and where the rows begin; the first range holds it.
    fn read(
        from: Named<'_>,
        ranges: &[Range<usize>],
        options: &ReadOptions,
    ) -> Option<(Self, usize)> {
        let first = &from.bytes[ranges.first()?.clone()];
        let text = bytes::unmarked(Named { name: from.name, bytes: first }).ok()?;
        bytes::check(from, ranges.first()?.clone()).ok()?;
        let (names, length) = parse::header(from, text).ok()?;
        let wishes = parse::wishes(&names, options);
        let plans = parse::plans(&text[length..], &wishes);
        Some((Self { names, wishes, plans }, first.len() - text.len() + length))
    }

    fn table(&self, chunks: &Chunks) -> Option<Table> {
        let columns = self.names.iter().zip(chunks.join(self.names.len()));
        let column = |(name, outcome): (&String, Outcome)| match outcome {
            Outcome::Values(values) => Some(TableColumn { name: name.clone(), values }),
            Outcome::Text(_) | Outcome::Infinite(_) | Outcome::Skipped => None,
        };
        let columns: Vec<TableColumn> = columns.map(column).collect::<Option<_>>()?;
        let is_odd = |(column, wish): (&TableColumn, &Option<Wish>)| match &column.values {
            Values::Text(text) => wish.is_none() && parse::separated(text).is_some(),
            Values::Number(_) => false,
        };
        let table = Table::new(columns).ok()?;
        let odd = table.columns().iter().zip(&self.wishes).any(is_odd);
        (table.n_rows() > 0 && !odd).then_some(table)
    }
}

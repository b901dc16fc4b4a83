//! The bytes of a file: their encoding, and where they may be cut.

use std::ops::Range;

use super::CsvError;
use crate::model_file::Named;

/// Bytes of a piece of parallel work.
pub(super) const CHUNK: usize = 1 << 21;

/// How texts of wider characters begin; the longer mark first.
const WIDE: [(&[u8], &str); 4] = [
    (&[0xff, 0xfe, 0, 0], "UTF-32 (little-endian)"),
    (&[0, 0, 0xfe, 0xff], "UTF-32 (big-endian)"),
    (&[0xff, 0xfe], "UTF-16 (little-endian)"),
    (&[0xfe, 0xff], "UTF-16 (big-endian)"),
];

/// A mark that some programs write before UTF-8.
const UTF8_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// The text of a file without its mark.
pub(super) fn unmarked(from: Named<'_>) -> Result<&[u8], CsvError> {
    if let Some((_, encoding)) = WIDE.iter().find(|(mark, _)| from.bytes.starts_with(mark)) {
        return Err(CsvError::Wide { file: from.name.to_owned(), encoding });
    }
    Ok(from.bytes.strip_prefix(UTF8_MARK).unwrap_or(from.bytes))
}

/// Refuses what is no text; `at` is where the bytes lie in the file.
pub(super) fn check(from: Named<'_>, at: Range<usize>) -> Result<(), CsvError> {
    let bytes = &from.bytes[at.clone()];
    let place = |offset: usize| {
        let before = &from.bytes[..at.start + offset];
        let line = memchr::memchr_iter(b'\n', before).count() as u64 + 1;
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        (line, (before.len() - line_start) as u64 + 1)
    };
    if let Err(error) = std::str::from_utf8(bytes) {
        let offset = error.valid_up_to();
        let (line, byte) = place(offset);
        let value = bytes.get(offset).copied().unwrap_or_default();
        return Err(CsvError::NotUtf8 { file: from.name.to_owned(), line, byte, value });
    }
    if let Some(offset) = memchr::memchr(0, bytes) {
        let (line, byte) = place(offset);
        return Err(CsvError::Nul { file: from.name.to_owned(), line, byte });
    }
    Ok(())
}

/// Cuts text, which begins at a record, where records begin, into chunks of at least so many bytes.
///
/// A newline between quotes is part of a field. A quote opens a field only where the field begins,
/// and one quote more inside of it stands for itself; all others are text like any other byte.
pub(super) fn chunks(
    from: Named<'_>,
    text: Range<usize>,
    least: usize,
) -> Result<Vec<Range<usize>>, CsvError> {
    let bytes = from.bytes;
    let mut chunks = Vec::new();
    let (mut start, mut at) = (text.start, text.start);
    loop {
        // Quotes before `at` are closed. `wanted` may lie between quotes yet to come.
        let wanted = (start + least).max(at);
        if wanted >= text.end {
            break;
        }
        match quoted_from(bytes, at..wanted) {
            Some(open) => at = closed_from(from, open..text.end)?,
            None => match memchr::memchr2(b'\n', b'"', &bytes[wanted..text.end]) {
                Some(offset) if bytes[wanted + offset] == b'\n' => {
                    chunks.push(start..wanted + offset + 1);
                    start = wanted + offset + 1;
                    at = start;
                }
                Some(offset) if opens(bytes, wanted + offset) => {
                    at = closed_from(from, wanted + offset..text.end)?;
                }
                Some(offset) => at = wanted + offset + 1,
                None => break,
            },
        }
    }
    while let Some(open) = quoted_from(bytes, at..text.end) {
        at = closed_from(from, open..text.end)?;
    }
    chunks.push(start..text.end);
    Ok(chunks)
}

/// The first quote that opens a field.
fn quoted_from(bytes: &[u8], within: Range<usize>) -> Option<usize> {
    memchr::memchr_iter(b'"', &bytes[within.clone()])
        .map(|offset| within.start + offset)
        .find(|&quote| opens(bytes, quote))
}

/// Whether a quote, which does not lie between quotes, opens a field.
fn opens(bytes: &[u8], quote: usize) -> bool {
    let before = quote.checked_sub(1).and_then(|before| bytes.get(before));
    let marked = bytes[..quote] == *UTF8_MARK;
    marked || before.is_none_or(|byte| matches!(byte, b',' | b'\n' | b'\r'))
}

/// The byte behind the quote that closes what the first byte opens.
fn closed_from(from: Named<'_>, within: Range<usize>) -> Result<usize, CsvError> {
    let mut at = within.start + 1;
    while let Some(offset) = memchr::memchr(b'"', &from.bytes[at..within.end]) {
        at += offset + 1;
        if at < within.end && from.bytes[at] == b'"' {
            at += 1;
        } else {
            return Ok(at);
        }
    }
    let before = &from.bytes[..within.start];
    let line = memchr::memchr_iter(b'\n', before).count() as u64 + 1;
    Err(CsvError::OpenQuote { file: from.name.to_owned(), line })
}

//! Cuts a stream into lines, none longer than is held.

/// How much of a line that is too long is kept to say which one it was.
const START_BYTES: usize = 200;

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Whole(Vec<u8>),
    /// How a line begins that is longer than is held.
    TooLong(Vec<u8>),
}

/// Cuts a stream into lines.
#[derive(Debug)]
pub(super) struct Lines {
    most: usize,
    line: Vec<u8>,
    is_too_long: bool,
}

// === impl Lines ===

impl Lines {
    pub(super) const fn new(most: usize) -> Self {
        Self { most, line: Vec::new(), is_too_long: false }
    }

    /// Takes the next bytes; gives the lines that they complete.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Vec<Line> {
        let mut out = Vec::new();
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = bytes.split_at(end);
            self.keep(line);
            let line = std::mem::take(&mut self.line);
            let long = std::mem::take(&mut self.is_too_long);
            out.push(if long { Line::TooLong(line) } else { Line::Whole(line) });
            bytes = rest.get(1..).unwrap_or_default();
        }
        self.keep(bytes);
        out
    }

    /// Whether the stream ended within a line.
    pub(super) fn has_rest(&self) -> bool {
        self.is_too_long || self.line.iter().any(|byte| !byte.is_ascii_whitespace())
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.is_too_long {
            return;
        }
        if self.line.len() + bytes.len() > self.most {
            let room = START_BYTES.saturating_sub(self.line.len());
            self.line.extend(bytes.iter().take(room));
            self.line.truncate(START_BYTES);
            self.line.shrink_to_fit();
            self.is_too_long = true;
            return;
        }
        self.line.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_wherever_the_parts_end_and_long_ones_are_passed_over() {
        let text = format!("one\n\n{}\nlast\nrest", "x".repeat(1_000));
        for size in [1, 3, 64, 5_000] {
            let mut lines = Lines::new(500);
            let found: Vec<Line> =
                text.as_bytes().chunks(size).flat_map(|part| lines.push(part)).collect();
            assert_eq!(found.len(), 4, "{size}");
            assert_eq!(found[0], Line::Whole(b"one".to_vec()));
            assert!(matches!(&found[2], Line::TooLong(start) if start.len() <= 200), "{size}");
            assert_eq!(found[3], Line::Whole(b"last".to_vec()));
            assert!(lines.has_rest());
        }
    }
}

//! The elements of one answer: decoded one by one, and those left out counted.

use std::ops::ControlFlow;

use serde::de::DeserializeOwned;

use super::answer::{Answer, Receive, shorten};
use super::split::Piece;

/// What becomes of one element.
pub(super) enum Taken {
    Yes(ControlFlow<()>),
    Histogram,
}

/// Takes the bytes of elements.
pub(super) trait Elements: Send {
    fn restart(&mut self);
    fn take(&mut self, bytes: &[u8]) -> Result<Taken, String>;
}

/// Decodes elements for a receiver.
pub(super) struct Decoded<'a, T, F> {
    pub(super) decode: F,
    pub(super) receiver: &'a mut dyn Receive<T>,
}

impl<T, F> Elements for Decoded<'_, T, F>
where
    F: Fn(&[u8]) -> Result<Option<T>, String> + Send,
{
    fn restart(&mut self) {
        self.receiver.restart();
    }

    fn take(&mut self, bytes: &[u8]) -> Result<Taken, String> {
        Ok(match (self.decode)(bytes)? {
            Some(element) => Taken::Yes(self.receiver.take(element)),
            None => Taken::Histogram,
        })
    }
}

/// The elements of one answer under way.
pub(super) struct Reading<'a> {
    pub(super) answer: Answer,
    pub(super) elements: &'a mut dyn Elements,
    pub(super) most: u64,
}

// === impl Reading ===

impl Reading<'_> {
    pub(super) fn take(&mut self, piece: Piece<'_>) -> ControlFlow<()> {
        let answer = &mut self.answer;
        let (left_out, start, reason) = match piece {
            Piece::TooLong(start) => (&mut answer.too_long, start, "too long".to_owned()),
            Piece::Element(bytes) => match self.elements.take(bytes) {
                Ok(Taken::Yes(flow)) => {
                    answer.taken += 1;
                    return if answer.taken > self.most { ControlFlow::Break(()) } else { flow };
                }
                Ok(Taken::Histogram) => {
                    answer.histograms += 1;
                    return ControlFlow::Continue(());
                }
                Err(reason) => (&mut answer.malformed, bytes, reason),
            },
        };
        *left_out += 1;
        answer.example.get_or_insert_with(|| format!("`{}`: {reason}", shorten(start, 120)));
        ControlFlow::Continue(())
    }
}

pub(super) fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<Option<T>, String> {
    serde_json::from_slice(bytes).map(Some).map_err(|error| error.to_string())
}

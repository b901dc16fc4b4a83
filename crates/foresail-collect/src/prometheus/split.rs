//! Cuts the elements out of one array of a JSON document while it arrives.
//!
//! ```text
//!  {"status":"success","data":{"resultType":"matrix","result":[ {…} , {…} , … ]},"warnings":[]}
//!  └──────────────── envelope ───────────────────────────────┘ └ one after another ┘ └ envelope ┘
//! ```
//! Only one element and the envelope are held at a time, so an answer of any size takes bounded
//! memory. An element that is too long is passed over and told about; the rest goes on.

use std::ops::ControlFlow;

/// Longest envelope that is held.
const ENVELOPE_BYTES: usize = 1 << 18;

/// How much of an element that is too long is kept to say which one it was.
const START_BYTES: usize = 200;

/// What was cut out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A whole element.
    Element(&'a [u8]),
    /// How an element begins that is longer than is held.
    TooLong(&'a [u8]),
}

/// The envelope is longer than is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EnvelopeTooLong;

/// Where in the document the splitter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Outside the array.
    Envelope,
    /// In the array, between two elements.
    Between,
    /// In an element that is kept.
    Element,
    /// In an element that is too long.
    Skipped,
}

/// Cuts the elements out of one array of a JSON document.
#[derive(Debug)]
pub(crate) struct Splitter {
    /// Keys that lead to the array.
    path: &'static [&'static str],
    /// Longest element that is kept.
    element_bytes: usize,
    envelope: Vec<u8>,
    element: Vec<u8>,
    place: Place,
    /// Open objects and arrays.
    depth: usize,
    /// Depth of the array, while in it.
    array_depth: usize,
    /// Keys of the path that enclose the place.
    matched: usize,
    /// The key before the coming value is the next one of the path.
    next_matches: bool,
    in_string: bool,
    escaped: bool,
    /// Where the latest string of the envelope begins and ends.
    string: (usize, usize),
}

// === impl Splitter ===

impl Splitter {
    pub(crate) fn new(path: &'static [&'static str], element_bytes: usize) -> Self {
        Self {
            path,
            element_bytes,
            envelope: Vec::new(),
            element: Vec::new(),
            place: Place::Envelope,
            depth: 0,
            array_depth: 0,
            matched: 0,
            next_matches: false,
            in_string: false,
            escaped: false,
            string: (0, 0),
        }
    }

    /// The document without the elements of the array.
    pub(crate) fn envelope(&self) -> &[u8] {
        &self.envelope
    }

    /// Takes the next bytes; gives each element that they complete to `take`.
    pub(crate) fn push(
        &mut self,
        bytes: &[u8],
        take: &mut dyn FnMut(Piece<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, EnvelopeTooLong> {
        for &byte in bytes {
            let flow = match self.place {
                Place::Envelope => self.envelope_byte(byte)?,
                Place::Between => self.between_byte(byte, take),
                Place::Element | Place::Skipped => self.element_byte(byte, take),
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn envelope_byte(&mut self, byte: u8) -> Result<ControlFlow<()>, EnvelopeTooLong> {
        if self.envelope.len() == ENVELOPE_BYTES {
            return Err(EnvelopeTooLong);
        }
        self.envelope.push(byte);
        let at = self.envelope.len();
        if self.in_string {
            self.string_byte(byte);
            if !self.in_string {
                self.string.1 = at - 1;
            }
            return Ok(ControlFlow::Continue(()));
        }
        match byte {
            b'"' => {
                self.in_string = true;
                self.string.0 = at;
            }
            b':' if self.depth == self.matched + 1 => self.next_matches = self.is_next_key(),
            b'{' => {
                self.depth += 1;
                if self.next_matches && self.matched + 1 < self.path.len() {
                    self.matched += 1;
                }
                self.next_matches = false;
            }
            b'[' => {
                self.depth += 1;
                if self.next_matches && self.matched + 1 == self.path.len() {
                    self.array_depth = self.depth;
                    self.place = Place::Between;
                }
                self.next_matches = false;
            }
            b'}' | b']' => {
                if self.depth == self.matched + 1 {
                    self.matched = self.matched.saturating_sub(1);
                }
                self.depth = self.depth.saturating_sub(1);
            }
            b',' => self.next_matches = false,
            _ => {}
        }
        Ok(ControlFlow::Continue(()))
    }

    fn is_next_key(&self) -> bool {
        let (from, to) = self.string;
        let key = self.envelope.get(from..to).unwrap_or_default();
        self.path.get(self.matched).is_some_and(|next| next.as_bytes() == key)
    }

    fn between_byte(
        &mut self,
        byte: u8,
        take: &mut dyn FnMut(Piece<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => ControlFlow::Continue(()),
            b']' => {
                self.envelope.push(byte);
                self.depth = self.depth.saturating_sub(1);
                self.place = Place::Envelope;
                ControlFlow::Continue(())
            }
            _ => {
                self.place = Place::Element;
                self.element_byte(byte, take)
            }
        }
    }

    fn element_byte(
        &mut self,
        byte: u8,
        take: &mut dyn FnMut(Piece<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let outermost = self.depth == self.array_depth;
        if outermost && !self.in_string && matches!(byte, b',' | b']') {
            // A number or a word ends where the next thing begins.
            let flow = self.give(take);
            return if flow.is_break() { flow } else { self.between_byte(byte, take) };
        }
        self.keep(byte);
        if self.in_string {
            self.string_byte(byte);
            return if outermost && !self.in_string {
                self.give(take)
            } else {
                ControlFlow::Continue(())
            };
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == self.array_depth {
                    return self.give(take);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn keep(&mut self, byte: u8) {
        if self.place == Place::Skipped {
            return;
        }
        if self.element.len() == self.element_bytes {
            self.element.truncate(START_BYTES);
            self.place = Place::Skipped;
            return;
        }
        self.element.push(byte);
    }

    fn give(&mut self, take: &mut dyn FnMut(Piece<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
        let flow = take(match self.place {
            Place::Skipped => Piece::TooLong(&self.element),
            Place::Envelope | Place::Between | Place::Element => Piece::Element(&self.element),
        });
        self.element.clear();
        self.place = Place::Between;
        flow
    }

    fn string_byte(&mut self, byte: u8) {
        if self.escaped {
            self.escaped = false;
        } else if byte == b'\\' {
            self.escaped = true;
        } else if byte == b'"' {
            self.in_string = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const RESULT: &[&str] = &["data", "result"];

    /// The document in pieces of `size` bytes: its elements, those too long, and the envelope.
    fn split(text: &[u8], (size, limit): (usize, usize)) -> (Vec<String>, usize, String) {
        let mut splitter = Splitter::new(RESULT, limit);
        let (mut elements, mut too_long) = (Vec::new(), 0);
        for chunk in text.chunks(size) {
            let _ = splitter
                .push(chunk, &mut |piece| {
                    match piece {
                        Piece::Element(bytes) => {
                            elements.push(String::from_utf8_lossy(bytes).into_owned());
                        }
                        Piece::TooLong(_) => too_long += 1,
                    }
                    ControlFlow::Continue(())
                })
                .unwrap();
        }
        (elements, too_long, String::from_utf8_lossy(splitter.envelope()).into_owned())
    }

    #[test]
    fn elements_are_cut_out_wherever_the_pieces_end() {
        let text = br#"{"status":"success","data":{"result":"no","resultType":"m","result":[{"a":"]}\"[","b":[1,2]} , "x,\\" , 17,null]},"warnings":["w"]}"#;
        for size in [1, 2, 3, 7, 1_000] {
            let (elements, _, envelope) = split(text, (size, 1_000));
            assert_eq!(elements, [r#"{"a":"]}\"[","b":[1,2]}"#, r#""x,\\""#, "17", "null"]);
            assert!(envelope.ends_with(r#""result":[]},"warnings":["w"]}"#), "{envelope}");
        }
    }

    #[test]
    fn only_the_array_under_the_whole_path_is_cut() {
        let text = br#"{"result":[1],"other":{"data":{"result":[2]}},"data":{"x":{"result":[3]},"result":[4]}}"#;
        assert_eq!(split(text, (5, 100)).0, ["4"]);
    }

    #[test]
    fn an_element_that_is_too_long_is_passed_over() {
        let long = "x".repeat(10_000);
        let text = format!(r#"{{"data":{{"result":[{{"a":1}},{{"b":"{long}"}},{{"c":2}}]}}}}"#);
        let (elements, too_long, envelope) = split(text.as_bytes(), (64, 1_000));
        assert_eq!(
            (elements, too_long),
            (vec![r#"{"a":1}"#.to_owned(), r#"{"c":2}"#.to_owned()], 1)
        );
        assert_eq!(envelope, r#"{"data":{"result":[]}}"#);
    }

    #[test]
    fn an_endless_envelope_is_refused() {
        let mut splitter = Splitter::new(RESULT, 10);
        let blank = vec![b' '; ENVELOPE_BYTES + 1];
        assert_eq!(splitter.push(&blank, &mut |_| ControlFlow::Continue(())), Err(EnvelopeTooLong));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<i32>().prop_map(|n| json!(n)),
            ".{0,8}".prop_map(|s| json!(s))
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(|list| json!(list)),
                prop::collection::btree_map("[a-z]{0,6}|result|data", inner, 0..4)
                    .prop_map(|map| json!(map)),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_document_gives_back_its_elements(
            elements in prop::collection::vec(value(), 0..5),
            (before, after) in (value(), value()),
            size in 1usize..40,
        ) {
            let text = format!(
                r#"{{"before":{before},"data":{{"result":{}}},"after":{after}}}"#, json!(elements)
            );
            let (found, _, envelope) = split(text.as_bytes(), (size, 1 << 20));
            let parsed: Vec<Value> = found.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
            prop_assert_eq!(parsed, elements);
            let envelope: Value = serde_json::from_str(&envelope).unwrap();
            prop_assert_eq!(envelope, json!({ "before": before, "data": { "result": [] }, "after": after }));
        }

        #[test]
        fn bytes_that_are_no_json_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = split(&bytes, (7, 50));
        }
    }
}

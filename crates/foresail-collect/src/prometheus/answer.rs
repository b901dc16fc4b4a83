//! What the API answers: series, rules, alerts, what the server is.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use foresail_core::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// Most warnings of one answer that are kept.
const WARNINGS: usize = 20;

/// One series of an answer; an instant vector has one point each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// All labels, `__name__` among them.
    pub labels: BTreeMap<String, String>,
    /// Time and value, in order of time. Values may be NaN or infinite.
    pub points: Vec<(Timestamp, f64)>,
}

/// What came beside the elements of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Elements that were taken.
    pub taken: u64,
    /// What the server warns of: a store that did not answer, a truncated result.
    pub warnings: Vec<String>,
    /// Elements longer than is read, and how the first one begins.
    pub too_long: u64,
    /// Elements that could not be understood: invalid UTF-8, a value that is no number.
    pub malformed: u64,
    /// Series that are native histograms, which nothing here reads.
    pub histograms: u64,
    /// The first element that was left out, and why.
    pub example: Option<String>,
}

/// Takes the elements of an answer one by one as they arrive.
pub trait Receive<T>: Send {
    /// The question is asked anew: whatever was taken is to be forgotten.
    fn restart(&mut self);

    /// Takes one element; a break ends the answer early.
    fn take(&mut self, element: T) -> ControlFlow<()>;
}

impl<T: Send> Receive<T> for Vec<T> {
    fn restart(&mut self) {
        self.clear();
    }

    fn take(&mut self, element: T) -> ControlFlow<()> {
        self.push(element);
        ControlFlow::Continue(())
    }
}

/// What the server says that it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct BuildInfo {
    /// Version.
    #[serde(default)]
    pub version: String,
    /// Mimir and its like name themselves here.
    #[serde(default)]
    pub application: Option<String>,
}

/// A group of rules.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct RuleGroup {
    /// Name.
    pub name: String,
    /// Its rules.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Rule {
    /// Name of the alert or of the series that it records.
    pub name: String,
    /// The expression.
    #[serde(default)]
    pub query: String,
    /// `alerting` or `recording`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Seconds that the condition must hold (alerting rules).
    #[serde(rename = "duration", default)]
    pub hold_seconds: f64,
    /// Labels that it sets.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// The document around the elements.
#[derive(Debug, Deserialize)]
pub(crate) struct Envelope {
    pub(crate) status: Option<String>,
    #[serde(rename = "errorType")]
    pub(crate) error_type: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) data: Option<Value>,
    #[serde(default)]
    warnings: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct SeriesLine<'a> {
    metric: BTreeMap<String, String>,
    #[serde(borrow)]
    values: Option<Vec<Point<'a>>>,
    #[serde(borrow)]
    value: Option<Point<'a>>,
}

#[derive(Deserialize)]
struct Point<'a>(f64, #[serde(borrow)] Cow<'a, str>);

// === impl Envelope ===

impl Envelope {
    pub(crate) fn warnings(&self) -> Vec<String> {
        let all = self.warnings.iter().flatten();
        all.take(WARNINGS).map(|text| shorten(text.as_bytes(), 300)).collect()
    }
}

// === impl Point ===

impl Point<'_> {
    fn point(&self) -> Result<(Timestamp, f64), String> {
        let at = Timestamp::from_epoch_seconds(self.0)
            .ok_or_else(|| format!("`{}` is no time", self.0))?;
        let value = self
            .1
            .parse()
            .map_err(|_| format!("value `{}` is no number", shorten(self.1.as_bytes(), 40)))?;
        Ok((at, value))
    }
}

/// Reads one element of `data.result`; `None` if it holds native histograms only.
pub(crate) fn series(bytes: &[u8]) -> Result<Option<Series>, String> {
    let line: SeriesLine<'_> = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let given = line.values.into_iter().flatten().chain(line.value);
    let points: Vec<_> = given.map(|point| point.point()).collect::<Result<_, _>>()?;
    Ok((!points.is_empty()).then_some(Series { labels: line.metric, points }))
}

/// The beginning of an untrusted text: at most `most` characters, without control characters.
pub(crate) fn shorten(bytes: &[u8], most: usize) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * most)]);
    let cut = text.chars().count() > most || bytes.len() > 4 * most;
    let mut text: String =
        text.chars().take(most).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if cut {
        text.push('…');
    }
    text.trim().to_owned()
}

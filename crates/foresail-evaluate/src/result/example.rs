//! Incidents and alarms one by one, and the series to draw four of them.

use foresail_core::{Alarm, FailureKind, Outcome, Timestamp, Unit};
use serde::{Deserialize, Serialize};

/// Whether something gave warning of an incident. Only truth may say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precursor {
    /// A slow fault, or a look-alike that killed.
    Bearing,
    /// An episode on the workload that gives no warning.
    None,
    /// No episode on the workload, or no truth.
    Unknown,
}

/// What became of an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmFate {
    /// Matches an incident.
    Hit,
    /// Nothing of the sort happened.
    False,
    /// Raised in the last `L_min` before the incident.
    Late,
    /// The slow fault was under way but ended beyond the horizon.
    Early,
    /// A pod was deleted or the workload changed before anything happened.
    Intervened,
    /// Raised while the unit was failing or had just recovered.
    Blackout,
    /// A further alarm for an incident already matched.
    Nuisance,
}

/// What became of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentFate {
    /// Announced in time.
    Caught,
    /// Announced, but in the last `L_min`.
    Late,
    /// Not announced.
    Missed,
}

/// An incident and whether it was announced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgedIncident {
    /// Number of the incident in the ledger.
    pub number: u32,
    /// What failed.
    pub unit: Unit,
    /// Kind of the primary outcome.
    pub kind: FailureKind,
    /// When it began.
    pub occurred_at: Timestamp,
    /// When the unit had recovered from all of it; `None` while it has not.
    pub recovered_at: Option<Timestamp>,
    /// Whether something gave warning.
    pub precursor: Precursor,
    /// Whether it could have been announced in time.
    pub reachable: bool,
    /// Why it was not reachable, in words.
    pub not_reachable_because: Option<String>,
    /// Kind of the episode behind it, from truth.
    pub episode: Option<String>,
    /// When that episode began.
    pub fault_began_at: Option<Timestamp>,
    /// What became of it.
    pub fate: IncidentFate,
    /// Whether an alarm of the same kind matched.
    pub right_kind: bool,
    /// Lead of the first matching alarm.
    pub lead_production_minutes: Option<f64>,
    /// Index of that alarm (or of the late one) in `alarms`.
    pub alarm: Option<usize>,
    /// The highest score of the unit in the `H_max` before, where any.
    pub highest_score_before: Option<f64>,
    /// One sentence: why it was caught, late or missed.
    pub reason: String,
    /// Its outcomes, the primary one first.
    pub outcomes: Vec<Outcome>,
}

/// An alarm and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgedAlarm {
    /// The alarm as raised.
    pub alarm: Alarm,
    /// When it ended for judgement: cleared, horizon or first outcome.
    pub ended_at: Timestamp,
    /// What became of it.
    pub fate: AlarmFate,
    /// Number of the incident it matches or was late for.
    pub incident: Option<u32>,
    /// Whether it named the kind.
    pub right_kind: bool,
    /// Lead before that incident.
    pub lead_production_minutes: Option<f64>,
    /// Kind of the episode under way on the unit when it was raised, from truth.
    pub episode: Option<String>,
}

/// Which of the four stories a timeline tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimelineStory {
    /// An incident announced in time.
    Caught,
    /// An incident announced too late.
    Late,
    /// A reachable incident not announced.
    Missed,
    /// An alarm without an incident.
    False,
}

/// One value of a series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesPoint {
    /// When.
    pub at: Timestamp,
    /// The value; `None` where nothing was measured (a gap).
    pub value: Option<f64>,
}

/// A level and its limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LevelSeries {
    /// Stable name of the quantity, such as `memory_working_set`.
    pub quantity: String,
    /// Unit of the values, such as `bytes`.
    pub unit: String,
    /// Pod and container it was measured on. Untrusted text.
    pub object: String,
    /// The level over time.
    pub level: Vec<SeriesPoint>,
    /// The limit over time; empty when unknown.
    pub limit: Vec<SeriesPoint>,
}

/// Who knows of a mark on a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnnotationSource {
    /// Ground truth: what the laboratory did, which no method sees.
    Truth,
    /// Seen in the Kubernetes API.
    Observed,
}

/// A mark on a timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Annotation {
    /// When, or from when.
    pub at: Timestamp,
    /// Until when; `None` for an instant.
    pub until: Option<Timestamp>,
    /// Who knows of it.
    pub source: AnnotationSource,
    /// What, short. May contain untrusted names.
    pub text: String,
}

/// Everything to draw one incident or false alarm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// Which story.
    pub story: TimelineStory,
    /// One line for people. May contain untrusted names.
    pub title: String,
    /// Why it came out so, in a sentence. May contain untrusted names.
    pub reason: String,
    /// The unit.
    pub unit: Unit,
    /// Its time scale, to label production minutes.
    pub time_scale: f64,
    /// First instant to draw.
    pub from: Timestamp,
    /// Last instant to draw.
    pub to: Timestamp,
    /// The level that tells the story, with its limit; up to a few containers, the leading one first.
    pub levels: Vec<LevelSeries>,
    /// Score of the unit over time, 0 where nothing was said.
    pub score: Vec<SeriesPoint>,
    /// Probability said for the unit over time.
    pub probability: Vec<SeriesPoint>,
    /// Threshold of the alarm policy.
    pub threshold: f64,
    /// The alarm, where there was one.
    pub alarm: Option<JudgedAlarm>,
    /// The incident, where there was one.
    pub incident: Option<JudgedIncident>,
    /// The latest instant at which an alarm would have been in time.
    pub deadline: Option<Timestamp>,
    /// Episodes of truth, changes and the like, by time.
    pub annotations: Vec<Annotation>,
}

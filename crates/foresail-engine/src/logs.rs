//! Log lines, reduced at once to rates by severity and to the templates that are new; and how often
//! Kubernetes warns of a pod.
//!
//! No text is kept: a template is the hash of its line with everything that varies masked.

mod severity;
mod template;

use foresail_core::{
    ChangeKind, FaultDuration, KubernetesEvent, LogLine, LogSeverity, Object, ObjectChange,
    TimeScale, Timestamp,
};
use serde::{Deserialize, Serialize};

pub use severity::severity;

use crate::by_name::{Ascending, ByName};
use crate::series::HALF_LIVES_MINUTES;

/// Templates remembered per pod; a pod that writes more kinds of lines than this says nothing new.
const TEMPLATES: usize = 48;
/// A template is new for so long after its first line.
const NEW_FOR: FaultDuration = FaultDuration::from_minutes(10.0);
/// Before a pod has written for so long, every template would be new.
const SETTLING: FaultDuration = FaultDuration::from_minutes(20.0);

/// Log rates of every pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogStore {
    scale: TimeScale,
    pods: ByName<PodLogs>,
    /// Warning events of each pod, and when the last was seen.
    events: ByName<(Decayed, Timestamp)>,
}

/// What one pod writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PodLogs {
    first: Timestamp,
    last: Timestamp,
    warnings: Decayed,
    errors: Decayed,
    templates: Vec<(u32, Timestamp)>,
}

/// Counts that halve in [`HALF_LIVES_MINUTES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Decayed([f32; 3]);

/// Log rates as of a time, in lines per fault minute, one per half-life.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogRates {
    /// Warnings.
    pub warnings: [f64; 3],
    /// Errors and worse.
    pub errors: [f64; 3],
    /// Kinds of warnings and errors first written within the last ten minutes; `None` while the pod is too young to say.
    pub new_templates: Option<usize>,
}

/// What all pods write as of a time, asked in the order of their namespaces and names.
#[derive(Debug)]
pub struct LogLook<'a> {
    scale: TimeScale,
    at: Timestamp,
    pods: Ascending<'a, PodLogs>,
    events: Ascending<'a, (Decayed, Timestamp)>,
}

// === impl LogStore ===

impl LogStore {
    /// An empty store.
    #[must_use]
    pub const fn new(scale: TimeScale) -> Self {
        Self { scale, pods: ByName::new(), events: ByName::new() }
    }

    /// Takes in one line. One of a pod that is gone would be remembered for ever: whether a pod that
    /// has not written yet `exists` is asked first.
    pub fn observe(&mut self, line: &LogLine, exists: impl FnOnce() -> bool) {
        let key = (line.namespace.as_str(), line.pod.as_str());
        if let Some(pod) = self.pods.get_mut(key) {
            pod.observe(line, self.scale);
        } else if exists() {
            self.pods.entry(key, || PodLogs::new(line.at)).observe(line, self.scale);
        }
    }

    /// Takes in one event about a pod that exists.
    pub fn observe_event(&mut self, event: &KubernetesEvent) {
        let about = event.event_type == "Warning" && event.object_kind == "Pod";
        if !about || event.change == ChangeKind::Listed {
            return;
        }
        let at = event.observed_at;
        let first = || (Decayed::default(), at);
        let (count, last) = self.events.entry((&event.namespace, &event.name), first);
        *count = count.after(self.scale.to_fault(at.since(*last)).as_minutes().max(0.0));
        count.add();
        *last = at;
    }

    /// Forgets a pod that was deleted.
    pub fn observe_object(&mut self, change: &ObjectChange) {
        if let Object::Pod(pod) = &change.object
            && change.change == ChangeKind::Deleted
        {
            self.pods.remove((&pod.namespace, &pod.name));
            self.events.remove((&pod.namespace, &pod.name));
        }
    }

    /// What pods write as of `at`.
    #[must_use]
    pub fn look(&self, at: Timestamp) -> LogLook<'_> {
        let (pods, events) = (self.pods.ascending(), self.events.ascending());
        LogLook { scale: self.scale, at, pods, events }
    }
}

// === impl LogLook ===

impl LogLook<'_> {
    /// Warning events of a pod per fault minute, one rate per half-life; no pod may be asked for after
    /// a later one.
    #[must_use]
    pub fn warning_events(&mut self, pod: (&str, &str)) -> [f64; 3] {
        self.events.get(pod).map_or([0.0; 3], |(count, last)| {
            let minutes = self.scale.to_fault(self.at.since(*last)).as_minutes().max(0.0);
            count.after(minutes).per_minute()
        })
    }

    /// What a pod writes; `None` where none of its lines was seen. No pod may be asked for after a
    /// later one.
    #[must_use]
    pub fn rates(&mut self, pod: (&str, &str)) -> Option<LogRates> {
        Some(self.pods.get(pod)?.rates(self.at, self.scale))
    }
}

// === impl PodLogs ===

impl PodLogs {
    const fn new(at: Timestamp) -> Self {
        let none = Decayed([0.0; 3]);
        Self { first: at, last: at, warnings: none, errors: none, templates: Vec::new() }
    }

    fn observe(&mut self, line: &LogLine, scale: TimeScale) {
        let minutes = scale.to_fault(line.at.since(self.last)).as_minutes().max(0.0);
        self.last = self.last.max(line.at);
        let left = left_after(minutes);
        self.warnings = self.warnings.times(left);
        self.errors = self.errors.times(left);
        match severity(&line.text) {
            LogSeverity::Debug | LogSeverity::Info => return,
            LogSeverity::Warning => self.warnings.add(),
            LogSeverity::Error => self.errors.add(),
        }
        let hash = template::hash(&line.text);
        if self.templates.len() < TEMPLATES
            && !self.templates.iter().any(|(known, _)| *known == hash)
        {
            self.templates.push((hash, line.at));
        }
    }

    fn rates(&self, at: Timestamp, scale: TimeScale) -> LogRates {
        let silent = self.warnings.is_zero() && self.errors.is_zero();
        let minutes = scale.to_fault(at.since(self.last)).as_minutes().max(0.0);
        let left = if silent { [1.0; 3] } else { left_after(minutes) };
        let settled = at.since(self.first) >= scale.to_platform(SETTLING);
        let recent = at - scale.to_platform(NEW_FOR);
        let new = || self.templates.iter().filter(|(_, first)| *first > recent).count();
        LogRates {
            warnings: self.warnings.times(left).per_minute(),
            errors: self.errors.times(left).per_minute(),
            new_templates: settled.then(new),
        }
    }
}

/// What is left of each decayed count after so many minutes.
fn left_after(minutes: f64) -> [f32; 3] {
    HALF_LIVES_MINUTES.map(|half_life| libm::exp2(-minutes / half_life) as f32)
}

// === impl Decayed ===

impl Decayed {
    fn after(self, minutes: f64) -> Self {
        self.times(left_after(minutes))
    }

    fn times(self, left: [f32; 3]) -> Self {
        Self(std::array::from_fn(|i| self.0[i] * left[i]))
    }

    fn is_zero(self) -> bool {
        self.0 == [0.0; 3]
    }

    fn add(&mut self) {
        for count in &mut self.0 {
            *count += 1.0;
        }
    }

    fn per_minute(self) -> [f64; 3] {
        // Lines that come at a steady rate r make a decayed count of r times half-life over ln 2.
        std::array::from_fn(|i| {
            f64::from(self.0[i]) * std::f64::consts::LN_2 / HALF_LIVES_MINUTES[i]
        })
    }
}

#[cfg(test)]
mod tests;

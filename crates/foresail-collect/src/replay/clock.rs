//! The clock of a replay: recording time → replayed time.

use foresail_core::{
    Condition, ContainerState, KubernetesEvent, Object, ObjectChange, PlatformDuration, Timestamp,
};

/// Maps times of a recording to times of its replay.
///
/// Times are stretched about a multiple of the stretched interval, so ticks stay multiples of their
/// interval, and all that was visible at a tick is visible at the tick that it becomes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReplayClock {
    origin: Timestamp,
    stretch: f64,
}

// === impl ReplayClock ===

impl ReplayClock {
    pub(crate) fn new(
        started_at: Timestamp,
        interval: PlatformDuration,
        stretch: Option<f64>,
    ) -> Self {
        let stretch = stretch.filter(|factor| factor.is_finite() && *factor > 0.0).unwrap_or(1.0);
        let common = interval.as_millis() * (stretch.ceil() as i64).max(1);
        let origin = started_at.as_millis().div_euclid(common) * common;
        Self { origin: Timestamp::from_millis(origin), stretch }
    }

    /// The replayed time of a time of the recording.
    #[must_use]
    pub fn map(&self, at: Timestamp) -> Timestamp {
        if self.stretch == 1.0 { at } else { self.origin + self.map_span(at.since(self.origin)) }
    }

    /// The replayed length of a span of the recording.
    #[must_use]
    pub fn map_span(&self, span: PlatformDuration) -> PlatformDuration {
        PlatformDuration::from_millis((span.as_millis() as f64 * self.stretch).round() as i64)
    }

    pub(crate) fn map_seconds(&self, value: f64) -> f64 {
        match Timestamp::from_epoch_seconds(value) {
            Some(at) if self.stretch != 1.0 => self.map(at).as_epoch_seconds(),
            Some(_) | None => value,
        }
    }

    pub(crate) fn map_change(&self, change: &ObjectChange) -> ObjectChange {
        let mut change = change.clone();
        if self.stretch != 1.0 {
            change.observed_at = self.map(change.observed_at);
            self.map_object(&mut change.object);
        }
        change
    }

    pub(crate) fn map_event(&self, event: &KubernetesEvent) -> KubernetesEvent {
        let mut event = event.clone();
        event.observed_at = self.map(event.observed_at);
        for at in [&mut event.first, &mut event.last, &mut event.event_time] {
            self.map_in_place(at);
        }
        event
    }

    fn map_in_place(&self, at: &mut Option<Timestamp>) {
        *at = at.map(|at| self.map(at));
    }

    fn map_object(&self, object: &mut Object) {
        match object {
            Object::Pod(pod) => {
                self.map_in_place(&mut pod.created_at);
                self.map_in_place(&mut pod.deletion_requested_at);
                self.map_conditions(&mut pod.conditions);
                for container in &mut pod.containers {
                    for state in [&mut container.state, &mut container.last_state] {
                        self.map_state(state.as_mut());
                    }
                }
            }
            Object::Workload(workload) => {
                self.map_in_place(&mut workload.deletion_requested_at);
                self.map_conditions(&mut workload.conditions);
            }
            Object::Node(node) => self.map_conditions(&mut node.conditions),
            Object::Service(_)
            | Object::ConfigMap(_)
            | Object::Claim(_)
            | Object::Quota(_)
            | Object::DisruptionBudget(_) => {}
        }
    }

    fn map_conditions(&self, conditions: &mut [Condition]) {
        for condition in conditions {
            self.map_in_place(&mut condition.last_transition);
        }
    }

    fn map_state(&self, state: Option<&mut ContainerState>) {
        match state {
            Some(ContainerState::Running { started_at }) => self.map_in_place(started_at),
            Some(ContainerState::Terminated { started_at, finished_at, .. }) => {
                self.map_in_place(started_at);
                self.map_in_place(finished_at);
            }
            Some(ContainerState::Waiting { .. }) | None => {}
        }
    }
}

//! Terminations of a pod's containers, and the probe kills that explain some of them.

use std::collections::VecDeque;

use foresail_core::{ContainerState, ContainerStatus, PlatformDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A container ends from this long before a probe kill's event (`evaluation.md` section 1; the
/// stamps are cut to seconds) ...
const KILL_BEFORE: PlatformDuration = PlatformDuration::from_seconds(2);
/// ... to this long after it (the grace period and the kubelet's own delay).
const KILL_AFTER: PlatformDuration = PlatformDuration::from_seconds(40);

/// Abnormal terminations of one container that make a crash loop, and within which time.
const LOOP_TERMINATIONS: usize = 3;
const LOOP_WITHIN: PlatformDuration = PlatformDuration::from_seconds(15 * 60);

/// Abnormal terminations and probe kills that are remembered.
const REMEMBERED: usize = 8;

/// A container that ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Termination {
    pub(super) container: String,
    /// By its own time, else when it was observed.
    pub(super) finished_at: Timestamp,
    pub(super) exit_code: i32,
    pub(super) reason: Option<String>,
    /// Where it stands in the status.
    pub(super) field: String,
    /// When the pod had recovered from it, once it has.
    pub(super) recovered_at: Option<Timestamp>,
    /// When it counts as unexplained.
    pub(super) due: Timestamp,
}

/// A probe kill that the kubelet reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kill {
    pub(super) at: Timestamp,
    pub(super) container: Option<String>,
    pub(super) message: String,
    /// Whether it explains a termination already.
    used: bool,
}

/// The probe kills of a pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Kills(VecDeque<Kill>);

/// What is remembered of a container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ContainerWatch {
    /// Reason it waits for.
    pub(super) waiting: Option<String>,
    finished_at: Option<Timestamp>,
    container_id: Option<String>,
    number: Option<u32>,
    abnormal: VecDeque<Timestamp>,
}

/// Which of a status' two states is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    State,
    LastState,
}

// === impl Kill ===

impl Kill {
    pub(super) const fn new(at: Timestamp, container: Option<String>, message: String) -> Self {
        Self { at, container, message, used: false }
    }

    fn explains(&self, termination: &Termination) -> bool {
        let same = self.container.as_ref().is_none_or(|name| *name == termination.container);
        let finished = termination.finished_at;
        same && finished >= self.at - KILL_BEFORE && finished <= self.at + KILL_AFTER
    }
}

// === impl Kills ===

impl Kills {
    /// Adds a kill, unless it is known (an event is observed again when its count grows), and says
    /// whether it was added.
    pub(super) fn add(&mut self, kill: Kill) -> bool {
        if self.0.iter().any(|known| known.at == kill.at && known.container == kill.container) {
            return false;
        }
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(kill);
        true
    }

    /// The earliest unused kill that explains `termination`; it is used up.
    pub(super) fn take_for(&mut self, termination: &Termination) -> Option<Kill> {
        let unused = self.0.iter_mut().filter(|kill| !kill.used && kill.explains(termination));
        let kill = unused.min_by_key(|kill| kill.at)?;
        kill.used = true;
        Some(kill.clone())
    }
}

// === impl ContainerWatch ===

impl ContainerWatch {
    /// The termination that `status` shows at `place`, if it was not seen before.
    pub(super) fn termination(
        &mut self,
        status: &ContainerStatus,
        (place, at): (Place, Timestamp),
        settle_after: PlatformDuration,
    ) -> Option<Termination> {
        let (state, word, number) = match place {
            Place::State => (&status.state, "state", Some(status.restarts)),
            Place::LastState => (&status.last_state, "lastState", status.restarts.checked_sub(1)),
        };
        let Some(ContainerState::Terminated {
            exit_code, reason, finished_at, container_id, ..
        }) = state
        else {
            return None;
        };
        let id = container_id.as_deref();
        if !self.is_new(*finished_at, (id, number)) {
            return None;
        }
        self.finished_at = finished_at.or(self.finished_at);
        self.container_id = id.map(str::to_owned);
        self.number = number.max(self.number);
        Some(Termination {
            container: status.name.clone(),
            finished_at: finished_at.unwrap_or(at),
            exit_code: *exit_code,
            reason: reason.clone(),
            field: format!("containers[{}].{word}.terminated", status.name),
            recovered_at: None,
            due: at + settle_after,
        })
    }

    /// One container ends at later and later times. Of two ends within the same second (stamps are
    /// cut to seconds, a first restart comes at once) the later has another runtime id and a higher
    /// number of restarts; the number alone may run ahead of the status. Without a time, it decides.
    fn is_new(
        &self,
        finished: Option<Timestamp>,
        (id, number): (Option<&str>, Option<u32>),
    ) -> bool {
        let later = self.number.is_none() || number > self.number;
        match (finished, self.finished_at) {
            (Some(finished), Some(known)) if finished == known => {
                let known = self.container_id.as_deref();
                later && matches!((id, known), (Some(id), Some(known)) if id != known)
            }
            (Some(finished), Some(known)) => finished > known,
            (Some(_), None) => true,
            (None, _) => later,
        }
    }

    /// Notes an abnormal termination; the third of the first three within the time that makes a
    /// loop, if it completes such three.
    pub(super) fn note_abnormal(&mut self, finished_at: Timestamp) -> Option<Timestamp> {
        let index = self.abnormal.partition_point(|known| *known <= finished_at);
        self.abnormal.insert(index, finished_at);
        let first = (index + 1).saturating_sub(LOOP_TERMINATIONS);
        let found = (first..=index).find_map(|start| {
            let third = *self.abnormal.get(start + LOOP_TERMINATIONS - 1)?;
            (third.since(self.abnormal[start]) <= LOOP_WITHIN).then_some(third)
        });
        if self.abnormal.len() > REMEMBERED {
            self.abnormal.pop_front();
        }
        found
    }
}

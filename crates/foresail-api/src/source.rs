//! The port through which the API sees the running service.

use std::sync::Arc;

use foresail_core::store::{Archive, BoxFuture, ClusterName, Minute, Registry};
use foresail_core::{Alarm, AlarmChange, Outcome, Prediction, Timestamp};
use tokio::sync::broadcast;

use crate::predict::{PredictAnswer, PredictError, PredictRequest};
use crate::status::Status;

/// The running service, as the API sees it. No call may wait for a tick or hold one up.
pub trait Source: Send + Sync {
    /// The cluster that is watched.
    fn cluster(&self) -> &ClusterName;

    /// What the service takes for now.
    fn now(&self) -> Timestamp;

    /// What the service says of itself.
    fn status(&self) -> Status;

    /// What the last tick said; `None` before the first.
    fn snapshot(&self) -> Option<Arc<Snapshot>>;

    /// What happens from now on. The API subscribes once.
    fn changes(&self) -> broadcast::Receiver<Arc<Change>>;

    /// What is kept, where there is a store.
    fn archive(&self) -> Option<&dyn Archive>;

    /// The models that are kept, where there is a store.
    fn registry(&self) -> Option<&dyn Registry>;

    /// Predicts for what a client sent. CPU work belongs on threads of its own.
    fn predict(
        &self,
        request: PredictRequest,
    ) -> BoxFuture<'_, Result<PredictAnswer, PredictError>>;
}

/// What one tick said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// The time that was assessed.
    pub at: Timestamp,
    /// Predictions, highest score first.
    pub predictions: Vec<Prediction>,
    /// Alarms that are open.
    pub alarms: Vec<OpenAlarm>,
    /// Values of the last minute.
    pub minute: Option<Arc<Minute>>,
    /// How far the data have moved from what the model was trained on.
    pub drift: Vec<Drift>,
}

/// An alarm that is open, and whether it may wake somebody.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenAlarm {
    /// The alarm as it was last said.
    pub alarm: Alarm,
    /// Whether it pages.
    pub pages: bool,
    /// Why it does not, where its tier would.
    pub muted_because: Option<String>,
}

/// How far one thing has moved from what the model was trained on.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// What is compared: a name of a closed list, never one of the cluster.
    pub measure: String,
    /// How far, in the measure's own unit.
    pub value: f64,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Something of an alarm.
    Alarm {
        /// What.
        change: AlarmChange,
        /// Whether it pages.
        pages: bool,
        /// Why it does not, where its tier would.
        muted_because: Option<String>,
    },
    /// A failure occurred, or more is known of one.
    Outcome(Outcome),
    /// A tick was assessed.
    Tick {
        /// Predictions that it made.
        predictions: usize,
    },
}

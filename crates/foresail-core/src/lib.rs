//! The shared words of Foresail.
//!
//! Everything that crosses a crate border is defined here: the two clocks, entities and the closed
//! catalogue of quantities, what a collector hands to the engine (a [`Batch`]) and what the engine
//! hands back (an [`Assessment`]). No I/O, no clock, no randomness.
//!
//! ```text
//!  collector ── Batch { samples, objects, events, logs } ──> engine ──> Assessment { predictions, alarms }
//! ```

#![deny(missing_docs)]

mod alarm;
mod assessment;
mod batch;
mod call;
mod clock;
mod entity;
mod event;
mod failure;
mod object;
mod outcome;
mod prediction;
mod quantity;
pub mod store;
mod time;
mod unit;

pub use alarm::{Alarm, AlarmChange, AlarmId, Cause, RenewalReason, Tier};
pub use assessment::Assessment;
pub use batch::{Batch, LogLine, LogSeverity, Sample};
pub use call::{CallEdge, ServiceName};
pub use clock::Clock;
pub use entity::{Entity, EntityId, EntityTable};
pub use event::KubernetesEvent;
pub use failure::{FailureKind, KindClass, UnknownFailureKind};
pub use object::{
    ChangeKind, ClaimObject, Condition, ConditionStatus, ConfigMapObject, ContainerSpec,
    ContainerState, ContainerStatus, DisruptionBudgetObject, NodeObject, Object, ObjectChange,
    OwnerRef, PodObject, PodPhase, Probe, QuotaObject, Reference, ReferenceKind, Resources,
    ServiceObject, VolumeSource, VolumeSpec, WorkloadKind, WorkloadObject,
};
pub use outcome::{Fact, Outcome};
pub use prediction::{Basis, Horizon, ModelId, Prediction, Probability, TimeToEvent, Verdict};
pub use quantity::{Quantity, QuantityClass, QuantityScope};
pub use time::{
    FaultDuration, InvalidTimeScale, PlatformDuration, TimeParseError, TimeScale, Timestamp,
};
pub use unit::{Unit, WorkloadId};

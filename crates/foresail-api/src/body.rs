//! The shapes of answers: names as in the `--alarms` file, times in RFC 3339, durations in seconds
//! of wall time. Fields may be added, never renamed.

mod alarm;
mod change;
mod object;
mod outcome;
mod place;
mod predicted;
mod prediction;

pub use alarm::{AffectedBody, AlarmBody, CauseBody, IncidentsBody};
pub use change::{ChangeBody, ChangeType};
pub use object::{ModelsBody, ObjectBody, RegisteredModel};
pub use outcome::{FactBody, OutcomeBody};
pub use predicted::PredictBody;
pub use prediction::{PredictionBody, PredictionsBody};

pub(crate) use place::{Place, workload_kind};
pub(crate) use prediction::OpenAlarms;

//! The bytes of a restart point: state, last assessment, and what is remembered beside them.

use foresail_core::store::RestartPoint;
use foresail_engine::{EngineAssessment, Settings, State};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Names the form of the bytes: the program's version, since a state is only its own program's.
const FORMAT: &str = concat!("foresail ", env!("CARGO_PKG_VERSION"), " state 1");

/// Why a restart point cannot be written or used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestartError {
    /// It cannot be written.
    #[error("the state cannot be written")]
    Encode(#[from] rmp_serde::encode::Error),
    /// Another program wrote it.
    #[error("it is of the form `{0}`, this program's is `{FORMAT}`")]
    Format(String),
    /// Its bytes are not what this program writes.
    #[error("its bytes cannot be read")]
    Decode(#[from] rmp_serde::decode::Error),
    /// The cluster, the time scale or the interval was changed since.
    #[error("it was made with other settings: cluster, time scale or scrape interval")]
    Settings,
}

/// Writes one; `memory` is what the caller remembers beside the engine.
pub(super) fn write(
    state: &State,
    last: &EngineAssessment,
    memory: &impl Serialize,
) -> Result<RestartPoint, RestartError> {
    Ok(RestartPoint {
        at: last.at,
        format: FORMAT.to_owned(),
        state: rmp_serde::to_vec_named(state)?,
        assessment: rmp_serde::to_vec_named(&(last, memory))?,
    })
}

/// Reads one that was made with these settings.
pub(super) fn read<M: DeserializeOwned>(
    point: &RestartPoint,
    settings: &Settings,
) -> Result<(State, EngineAssessment, M), RestartError> {
    if point.format != FORMAT {
        return Err(RestartError::Format(point.format.clone()));
    }
    let state: State = rmp_serde::from_slice(&point.state)?;
    if state.settings() != settings {
        return Err(RestartError::Settings);
    }
    let (last, memory) = rmp_serde::from_slice(&point.assessment)?;
    Ok((state, last, memory))
}

/// The settings that a point was made with, if this program can read it.
pub(super) fn settings(point: &RestartPoint) -> Option<Settings> {
    if point.format != FORMAT {
        return None;
    }
    let state: State = rmp_serde::from_slice(&point.state).ok()?;
    Some(state.settings().clone())
}

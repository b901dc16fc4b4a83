//! `predict_linear` on every limited quantity, memory included.
//!
//! The score is the share of the limit in use when the line over the window reaches the limit within
//! the horizon, else 0: the threshold of the alarm policy is then the level gate of the tuned rule.
//!
//! # Source
//! PromQL `predict_linear`: least squares over the window, evaluated at now + horizon.

use foresail_core::Timestamp;

use super::{Score, Tracks};

/// Windows of the fit, fault minutes.
pub const WINDOWS_MINUTES: [f64; 4] = [10.0, 30.0, 60.0, 360.0];
/// Horizons, fault hours.
pub const HORIZONS_HOURS: [f64; 3] = [1.0, 4.0, 24.0];

/// Stable name of one pair.
#[must_use]
pub fn linear_name(window_minutes: f64, horizon_hours: f64) -> String {
    format!("predict_linear_{window_minutes:.0}m_{horizon_hours:.0}h")
}

/// One list per window and horizon, windows outside.
pub(super) fn score(tracks: &Tracks, at: Timestamp) -> Vec<Vec<Score>> {
    let mut lists = vec![Vec::new(); WINDOWS_MINUTES.len() * HORIZONS_HOURS.len()];
    let now = tracks.clock(at);
    for limited in tracks.limited() {
        let Some((_, level)) = limited.track.last() else { continue };
        for window in 0..WINDOWS_MINUTES.len() {
            let Some((slope, value)) = limited.track.line(window, now) else { continue };
            for (number, hours) in HORIZONS_HOURS.iter().enumerate() {
                let then = value + slope * tracks.seconds(hours * 60.0);
                if limited.is_passed(then) {
                    lists[window * HORIZONS_HOURS.len() + number].push(Score {
                        unit: limited.unit.clone(),
                        kind: limited.kind,
                        value: limited.share(level).clamp(0.001, 1.0),
                    });
                }
            }
        }
    }
    lists
}

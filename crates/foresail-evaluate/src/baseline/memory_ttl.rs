//! Memory 1/TTL, sticky: the reciprocal of the least of two times to the memory limit.
//!
//! One comes from a line through the last 20 min of fault time, one from a line through the troughs
//! of the last hour of fault time (a collector's sawtooth has rising peaks, a leak rising troughs).
//! Stickiness is the alarm policy's.

use foresail_core::{Quantity, Timestamp};

use super::tracks::{Limited, least_squares};
use super::{Score, Tracks};

/// Window of the short fit, fault minutes: two minutes of wall time at scale 10.
const SHORT_MINUTES: f64 = 20.0;
/// Window of the troughs, fault minutes.
const TROUGH_WINDOW_MINUTES: f64 = 60.0;
/// Width of one trough, fault minutes.
const TROUGH_MINUTES: f64 = 5.0;
/// Troughs below which no line is drawn.
const FEWEST_TROUGHS: usize = 4;
/// Share of a window that has to be there.
const COVER: f64 = 0.5;
/// Time to the limit at which the score is 1, fault minutes; it falls as its reciprocal.
const FULL_SCORE_MINUTES: f64 = 1.0;

pub(super) fn score(tracks: &Tracks, at: Timestamp) -> Vec<Score> {
    let now = tracks.clock(at);
    tracks
        .limited()
        .into_iter()
        .filter(|limited| limited.quantity == Quantity::MemoryWorkingSet)
        .filter_map(|limited| {
            let minutes = minutes_to_limit(tracks, &limited, now)?;
            let value = (FULL_SCORE_MINUTES / minutes.max(FULL_SCORE_MINUTES)).min(1.0);
            Some(Score { unit: limited.unit.clone(), kind: limited.kind, value })
        })
        .collect()
}

/// The least of the two estimates, in fault minutes; `None` when neither rises.
fn minutes_to_limit(tracks: &Tracks, limited: &Limited<'_>, now: f64) -> Option<f64> {
    let (_, level) = limited.track.last()?;
    let left = limited.limit - level;
    let slopes = [short_slope(tracks, limited, now), trough_slope(tracks, limited, now)];
    let seconds = slopes
        .into_iter()
        .flatten()
        .filter(|slope| *slope > 0.0)
        .map(|slope| (left / slope).max(0.0))
        .reduce(f64::min)?;
    Some(tracks.fault_minutes(seconds))
}

fn short_slope(tracks: &Tracks, limited: &Limited<'_>, now: f64) -> Option<f64> {
    let window = tracks.seconds(SHORT_MINUTES);
    let first = limited.track.since(now - window).next()?.0;
    if now - first < window * COVER {
        return None;
    }
    least_squares(limited.track.since(now - window), now).map(|(slope, _)| slope)
}

fn trough_slope(tracks: &Tracks, limited: &Limited<'_>, now: f64) -> Option<f64> {
    let width = tracks.seconds(TROUGH_MINUTES);
    let mut troughs: Vec<(f64, f64)> = Vec::new();
    let mut current = None;
    for (t, v) in limited.track.since(now - tracks.seconds(TROUGH_WINDOW_MINUTES)) {
        let number = (t / width).floor() as i64;
        match (current, troughs.last_mut()) {
            (Some(known), Some(trough)) if known == number => {
                if v < trough.1 {
                    *trough = (t, v);
                }
            }
            (_, _) => {
                troughs.push((t, v));
                current = Some(number);
            }
        }
    }
    if troughs.len() < FEWEST_TROUGHS {
        return None;
    }
    least_squares(troughs.into_iter(), now).map(|(slope, _)| slope)
}

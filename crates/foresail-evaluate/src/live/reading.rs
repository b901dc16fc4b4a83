//! Shares and rates that say when they rest on too little.

use super::card::Reading;
use crate::checks::wilson;
use crate::result::Estimate;

/// Outcomes, and judged alarms, below which a share says nothing.
const FEWEST: u32 = 10;
/// Pod-days below which a rate of false alarms says nothing.
const FEWEST_POD_DAYS: f64 = 1.0;

/// A share with its Wilson interval, of enough things.
pub(super) fn share(hits: u32, all: u32) -> Reading {
    let known = (all >= FEWEST).then(|| wilson(hits as usize, all as usize)).flatten();
    known.map_or_else(
        || Reading::TooFew { have: f64::from(all), need: f64::from(FEWEST) },
        Reading::Known,
    )
}

/// A rate with its 95 % interval.
///
/// # Source
/// Byar's approximation to the exact Poisson limits, Breslow & Day 1987, *Statistical Methods in
/// Cancer Research* II, 2.12.
pub(super) fn rate(count: u32, days: f64) -> Reading {
    /// The 97.5 % quantile of the normal distribution.
    const Z: f64 = 1.959_964;
    if days < FEWEST_POD_DAYS {
        return Reading::TooFew { have: days, need: FEWEST_POD_DAYS };
    }
    let limit =
        |k: f64, side: f64| k * (1.0 - 1.0 / (9.0 * k) + side * Z / (3.0 * k.sqrt())).powi(3);
    let k = f64::from(count);
    let low = if count == 0 { 0.0 } else { limit(k, -1.0) };
    Reading::Known(Estimate {
        value: k / days,
        low: Some(low / days),
        high: Some(limit(k + 1.0, 1.0) / days),
        n: days,
    })
}

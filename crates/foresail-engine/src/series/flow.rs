//! A flow: a counter turned into rates, with reset detection.

use std::collections::VecDeque;

use foresail_core::Quantity;
use serde::{Deserialize, Serialize};

use super::clock::{Instant, Moment};
use super::level::MINUTES;

/// Half-lives of the decayed rates, in fault minutes.
pub const HALF_LIVES_MINUTES: [f64; 3] = [2.0, 10.0, 60.0];

/// A counter's recent rates, per second of wall time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlowSeries {
    at: Instant,
    value: f64,
    rates: Option<[f32; 3]>,
    minutes: Option<Box<RateMinutes>>,
}

/// Mean rate per fault minute, kept only for flows that measure load.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct RateMinutes {
    last: u32,
    rates: VecDeque<f32>,
}

impl FlowSeries {
    /// A flow that starts with its first value, which gives no rate yet.
    #[must_use]
    pub fn new(quantity: Quantity, at: Instant, value: f64) -> Self {
        let minutes = measures_load(quantity).then(Box::default);
        Self { at, value, rates: None, minutes }
    }

    /// Takes in the next value of the counter; older or equal times are ignored.
    pub fn push(&mut self, value: f64, moment: &mut Moment<'_>) {
        let at = moment.at;
        let seconds = at.seconds_since(self.at);
        if seconds <= 0.0 {
            return;
        }
        // A counter that fell has restarted from zero: all it shows grew since then.
        let growth = if value < self.value { value } else { value - self.value };
        let rate = growth / seconds;
        let keep = moment.kept_since(self.at);
        self.rates = Some(match self.rates {
            None => [rate as f32; 3],
            Some(rates) => std::array::from_fn(|i| {
                (f64::from(rates[i]) * keep[i] + rate * (1.0 - keep[i])) as f32
            }),
        });
        if let Some(minutes) = &mut self.minutes {
            minutes.push(moment.minute, rate as f32);
        }
        self.at = at;
        self.value = value;
    }

    /// Forgets the counter and its rates: the process that made them is gone.
    pub fn cut(&mut self, at: Instant) {
        if self.at < at {
            self.rates = None;
            self.value = 0.0;
            self.at = at;
            if let Some(minutes) = &mut self.minutes {
                minutes.rates.clear();
            }
        }
    }

    /// Rate decayed over [`HALF_LIVES_MINUTES`]`[which]`, per wall second; `None` before two values.
    #[must_use]
    pub fn rate(&self, which: usize) -> Option<f64> {
        self.rates.and_then(|rates| rates.get(which).copied()).map(f64::from)
    }

    /// Rates decayed over [`HALF_LIVES_MINUTES`], per wall second; `None` before two values.
    #[must_use]
    pub const fn rates(&self) -> Option<[f32; 3]> {
        self.rates
    }

    /// Mean rate in fault minute `index`, where this flow keeps them.
    #[must_use]
    pub fn minute(&self, index: u32) -> Option<f64> {
        let minutes = self.minutes.as_ref()?;
        let back = minutes.last.checked_sub(index)? as usize;
        let place = minutes.rates.len().checked_sub(back + 1)?;
        minutes.rates.get(place).copied().filter(|rate| rate.is_finite()).map(f64::from)
    }

    /// Heap bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.minutes.as_ref().map_or(0, |minutes| {
            size_of::<RateMinutes>() + minutes.rates.capacity() * size_of::<f32>()
        })
    }
}

impl RateMinutes {
    fn push(&mut self, index: u32, rate: f32) {
        if self.rates.is_empty() {
            self.rates.push_back(rate);
        } else if index == self.last {
            if let Some(last) = self.rates.back_mut() {
                *last = (*last + rate) / 2.0;
            }
        } else {
            for _ in 1..index.saturating_sub(self.last).min(MINUTES as u32) {
                self.rates.push_back(f32::NAN);
            }
            self.rates.push_back(rate);
        }
        while self.rates.len() > MINUTES {
            self.rates.pop_front();
        }
        self.last = index;
    }
}

/// What is left of a decayed rate after `minutes`, per half-life: one exponential, since the
/// half-lives are multiples of each other.
pub(super) fn kept(minutes: f64) -> [f64; 3] {
    let slow = libm::exp2(-minutes / HALF_LIVES_MINUTES[2]);
    let middle = slow.powi(6);
    [middle.powi(5), middle, slow]
}

/// Flows whose minutes are kept, so that a level can be told from its load.
const fn measures_load(quantity: Quantity) -> bool {
    matches!(quantity, Quantity::Requests)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rate_halves_in_its_half_life() {
        for (i, half_life) in HALF_LIVES_MINUTES.into_iter().enumerate() {
            assert!((kept(half_life)[i] - 0.5).abs() < 1e-12);
        }
    }
}

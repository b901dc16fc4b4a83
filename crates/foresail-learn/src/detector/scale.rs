//! Centre and spread of one feature, in 12 bytes, hardly moved by outliers.

use serde::{Deserialize, Serialize};

/// Deviations beyond this pull centre and spread no further. In the laboratory 2 to 3 measure alike, 4 worse by .05.
pub(super) const CLIP: f64 = 2.5;
/// Least spread as a share of the centre: a change within 5 % of a level is no news. 3 % to 10 % measure alike.
const LEAST_SPREAD: f64 = 0.05;
/// Guards the division where a feature has been 0 all along.
const TINY: f64 = 1e-9;
/// The first values are taken as they are: there is no spread yet to clip by.
const UNCLIPPED: u32 = 4;
/// Values that a feature needs before it is judged. 10 to 36 measure alike in the laboratory.
const WARM_UP: u32 = 16;
/// A day of one-minute ticks: one daily rhythm. The laboratory only says that longer is better up to its 8 hours.
const HALF_LIFE_TICKS: f32 = 1440.0;

/// How fast a state forgets.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    gain: f32,
}

/// Running centre and spread: recursive mean, and root mean square of the deviations, both clipped at 2.5 spreads.
///
/// # Source
/// Huber's location estimate with a clipped influence function (Huber 1964) as a recursion: gain 1/n until the memory
/// is full, then constant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RobustScale {
    centre: f32,
    spread: f32,
    seen: u32,
}

// === impl Memory ===

impl Memory {
    /// Forgets half of what it knows in the given number of ticks.
    #[must_use]
    pub fn half_life(ticks: f32) -> Self {
        Self { gain: 1.0 - libm::exp2f(-1.0 / ticks.max(1.0)) }
    }

    /// Weight of the newest of `seen` values.
    pub(super) fn gain(self, seen: u32) -> f64 {
        (1.0 / f64::from(seen.max(1))).max(f64::from(self.gain))
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::half_life(HALF_LIFE_TICKS)
    }
}

// === impl RobustScale ===

impl RobustScale {
    /// Takes the next value; returns its deviation from what was seen before, in spreads.
    ///
    /// `None` for a missing value and until 16 values were seen. `slowing` of 1 and above divides the weight of the
    /// value, so that an unusual time is not learned as the usual one.
    pub fn observe(&mut self, value: f32, memory: Memory, slowing: f64) -> Option<f64> {
        if !value.is_finite() {
            return None;
        }
        let value = f64::from(value);
        if self.seen == 0 {
            self.centre = value as f32;
        }
        let (centre, spread) = (f64::from(self.centre), f64::from(self.spread));
        let unit = spread.max(LEAST_SPREAD * centre.abs()).max(TINY);
        let deviation = (value - centre) / unit;
        let judged = self.seen >= WARM_UP;
        let step = match self.seen {
            0..UNCLIPPED => value - centre,
            UNCLIPPED.. => deviation.clamp(-CLIP, CLIP) * unit,
        };
        self.seen = self.seen.saturating_add(1);
        let gain = memory.gain(self.seen) / if judged { slowing } else { 1.0 };
        self.centre = (centre + gain * step) as f32;
        self.spread = ((1.0 - gain) * (spread * spread + gain * step * step)).sqrt() as f32;
        judged.then_some(deviation)
    }
}

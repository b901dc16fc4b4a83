//! First passage of a drifting level to a limit.
//!
//! # Source
//! Inverse Gaussian first-passage law of Brownian motion with drift (Chhikara and Folks 1989).
//! The uncertainty of the drift is averaged over three draws (Gauss–Hermite nodes).

/// Nodes and weights of three-point Gauss–Hermite quadrature for a standard normal.
const NODES: [(f64, f64); 3] =
    [(-1.732_050_807_568_877_2, 1.0 / 6.0), (0.0, 2.0 / 3.0), (1.732_050_807_568_877_2, 1.0 / 6.0)];
/// Standard normal quantile of 0.9.
const Z90: f64 = 1.281_551_565_544_600_4;

/// A level that drifts toward a limit; distances in shares of the limit, times in fault minutes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drift {
    /// Way left to the limit; zero or less when it is passed.
    pub distance: f64,
    /// Growth per minute.
    pub slope: f64,
    /// Standard error of the growth.
    pub slope_error: f64,
    /// Diffusion per square root of a minute.
    pub diffusion: f64,
}

/// Times to the limit in fault minutes: 10, 50 and 90 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantiles {
    /// One in ten comes earlier.
    pub p10: f64,
    /// Half come earlier.
    pub p50: f64,
    /// Nine in ten come earlier.
    pub p90: f64,
}

impl Quantiles {
    /// The same times with a further independent spread of their logarithm.
    #[must_use]
    pub fn widened(self, spread: f64) -> Self {
        if self.p50 <= 0.0 {
            return self;
        }
        let early = (self.p10 / self.p50).clamp(1e-3, 1.0);
        let late = (self.p90 / self.p50).max(1.0);
        let later = |ratio: f64| ratio.ln().hypot(Z90 * spread);
        Self {
            p10: self.p50 * (-later(early)).exp(),
            p50: self.p50,
            p90: self.p50 * later(late).exp(),
        }
    }
}

impl Drift {
    /// Probability that the limit is passed within `minutes`.
    #[must_use]
    pub fn passes_within(&self, minutes: f64) -> f64 {
        let draws = NODES.iter().map(|(node, weight)| {
            let slope = self.slope + node * self.slope_error;
            weight * inverse_gaussian(self.distance, slope, self.diffusion, minutes)
        });
        draws.sum::<f64>().clamp(0.0, 1.0)
    }

    /// When the limit is passed, if the drift goes on; `None` when it does not run toward it.
    #[must_use]
    pub fn quantiles(&self) -> Option<Quantiles> {
        if self.distance <= 0.0 {
            return Some(Quantiles { p10: 0.0, p50: 0.0, p90: 0.0 });
        }
        if self.slope <= 0.0 {
            return None;
        }
        let p50 = self.distance / self.slope;
        let spread = self.diffusion * p50.sqrt() / self.slope;
        let fast = self.distance / (self.slope + Z90 * self.slope_error);
        let slow_slope = (self.slope - Z90 * self.slope_error).max(self.slope / 4.0);
        let slow = self.distance / slow_slope;
        let widen = Z90 * spread;
        Some(Quantiles {
            p10: (p50 - (p50 - fast).hypot(widen)).max(0.0),
            p50,
            p90: p50 + (slow - p50).hypot(widen),
        })
    }
}

/// P(T ≤ `time`) of Brownian motion with drift to reach `distance`.
fn inverse_gaussian(distance: f64, slope: f64, diffusion: f64, time: f64) -> f64 {
    if distance <= 0.0 {
        return 1.0;
    }
    if time <= 0.0 {
        return 0.0;
    }
    if diffusion <= 1e-12 {
        return if slope * time >= distance { 1.0 } else { 0.0 };
    }
    let spread = diffusion * time.sqrt();
    let direct = normal_cdf((slope * time - distance) / spread);
    let exponent = (2.0 * slope * distance / (diffusion * diffusion)).clamp(-700.0, 700.0);
    let tail = (-slope * time - distance) / spread;
    // The product of a huge exponential and a tiny tail is taken in logarithms; the tail is less than
    // exp(-tail²/2), and what is below exp(-60) adds nothing.
    let reflected = if tail < 0.0 && exponent - 0.5 * tail * tail < -60.0 {
        0.0
    } else {
        (exponent + log_normal_cdf(tail)).exp()
    };
    (direct + reflected).clamp(0.0, 1.0)
}

/// Standard normal distribution function.
fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// Logarithm of the standard normal distribution function, accurate in the lower tail.
fn log_normal_cdf(x: f64) -> f64 {
    if x > -30.0 {
        return normal_cdf(x).ln();
    }
    let square = x * x;
    -0.5 * square - (-x).ln() - 0.5 * (2.0 * std::f64::consts::PI).ln() + (-1.0 / square).ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drift(distance: f64, slope: f64, slope_error: f64, diffusion: f64) -> Drift {
        Drift { distance, slope, slope_error, diffusion }
    }

    #[test]
    fn a_passed_limit_is_certain_and_now() {
        let drift = drift(0.0, -1.0, 0.1, 0.1);
        assert!(drift.passes_within(5.0) > 1.0 - 1e-12);
        assert_eq!(drift.quantiles().unwrap().p50, 0.0);
    }

    #[test]
    fn without_noise_the_time_is_distance_over_slope() {
        let drift = drift(0.5, 0.01, 0.0, 0.0);
        assert_eq!(drift.quantiles().unwrap().p50, 50.0);
        assert_eq!(drift.passes_within(49.0), 0.0);
        assert!(drift.passes_within(51.0) > 1.0 - 1e-12);
    }

    #[test]
    fn the_closed_form_agrees_with_a_known_value() {
        // IG(mean 1, shape 1) has P(T ≤ 1) = 0.6681020012 (Chhikara and Folks, table 3.1).
        let value = drift(1.0, 1.0, 0.0, 1.0).passes_within(1.0);
        assert!((value - 0.668_102_001).abs() < 1e-8, "{value}");
    }

    #[test]
    fn probability_grows_with_the_horizon_and_stays_in_bounds() {
        for slope in [-0.02, 0.0, 0.001, 0.05, 10.0] {
            let drift = drift(0.3, slope, 0.002, 0.01);
            let mut last = 0.0;
            for minutes in [0.0, 1.0, 5.0, 30.0, 100.0, 10_000.0] {
                let value = drift.passes_within(minutes);
                assert!(
                    (0.0..=1.0).contains(&value) && value >= last - 1e-12,
                    "{slope} {minutes} {value}"
                );
                last = value;
            }
        }
    }

    #[test]
    fn a_spread_widens_both_ends_and_leaves_the_median() {
        let exact = Quantiles { p10: 20.0, p50: 20.0, p90: 20.0 };
        let wide = exact.widened(0.5);
        assert_eq!(wide.p50, 20.0);
        assert!((wide.p90 / 20.0 - 20.0 / wide.p10).abs() < 1e-9);
        assert!((wide.p90 / 20.0).ln() / Z90 - 0.5 < 1e-9);
    }

    #[test]
    fn a_level_that_falls_has_no_time() {
        assert_eq!(drift(0.3, -0.01, 0.001, 0.01).quantiles(), None);
    }
}

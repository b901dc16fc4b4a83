//! Whether probabilities and announced quantiles mean what they say: Brier score and skill, log-loss,
//! calibration error, reliability bins, pinball loss.

use std::ops::Deref;

use super::ranking::Tie;
use super::{MetricError, Scores, check_length, check_values, check_weights, mean, ratio};

/// Bins of equal mass in a reliability plot and in the calibration error.
pub const RELIABILITY_BINS: usize = 15;
/// Share of the highest probabilities whose calibration is judged apart.
pub const TOP_SHARE: f64 = 0.01;

/// [`Scores`] that are probabilities; what is defined for scores is reached through them.
#[derive(Clone, Copy, Debug)]
pub struct Probabilities<'a>(Scores<'a>);

/// What would be said without a model: rates known beforehand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Climatology<'a> {
    /// One rate for all rows.
    Everywhere(f64),
    /// One rate a row, such as that of its kind.
    PerRow(&'a [f64]),
}

/// One bin of a reliability plot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReliabilityBin {
    /// Mean of what was said.
    pub said: f64,
    /// Share in which it happened.
    pub happened: f64,
    /// Weight of the bin.
    pub mass: f64,
}

/// What is published about probabilities.
///
/// A calibration error stands only beside a Brier skill above 0: without that, always saying the
/// usual rate would look better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    /// Mean squared error.
    pub brier: Option<f64>,
    /// Share of the climatology's Brier score that the probabilities save.
    pub brier_skill: Option<f64>,
    /// Calibration error over bins of equal mass.
    pub ece: Option<f64>,
    /// Calibration error of the highest probabilities.
    pub ece_top: Option<f64>,
}

/// True values, such as times to an event, and one announced quantile of each.
#[derive(Clone, Copy, Debug)]
pub struct QuantileForecasts<'a> {
    really: &'a [f64],
    said: &'a [f64],
    weights: Option<&'a [f64]>,
}

// === impl Probabilities ===

impl<'a> Probabilities<'a> {
    /// Takes one probability a row.
    ///
    /// # Errors
    /// [`MetricError`] when the lengths differ or a value lies outside `0..=1`.
    pub fn new(happened: &'a [bool], said: &'a [f64]) -> Result<Self, MetricError> {
        check_length("probabilities", said.len(), happened.len())?;
        check_values("probabilities", said, (is_probability, "between 0 and 1"))?;
        Ok(Self(Scores::new(happened, said)?))
    }

    /// The same rows with one weight each.
    ///
    /// # Errors
    /// [`MetricError`] when there is not one finite weight of at least 0 a row.
    pub fn weighted(self, weights: &'a [f64]) -> Result<Self, MetricError> {
        Ok(Self(self.0.weighted(weights)?))
    }

    /// Mean squared distance of what was said and what happened. `None` without rows.
    ///
    /// # Source
    /// Brier 1950, in the form for one event.
    #[must_use]
    pub fn brier(&self) -> Option<f64> {
        mean(self.weights(), self.pairs().map(|(said, happened)| square(said, happened)))
    }

    /// Share of the climatology's Brier score that is saved; below 0 where it is exceeded. `None`
    /// where the climatology is never wrong.
    ///
    /// # Errors
    /// [`MetricError`] when there is not one rate between 0 and 1 for each row.
    pub fn brier_skill(&self, climatology: Climatology<'_>) -> Result<Option<f64>, MetricError> {
        let good: (fn(f64) -> bool, &'static str) = (is_probability, "between 0 and 1");
        let reference = match climatology {
            Climatology::Everywhere(rate) => {
                check_values("climatology", &[rate], good)?;
                mean(self.weights(), self.pairs().map(|(_, happened)| square(rate, happened)))
            }
            Climatology::PerRow(rates) => {
                check_length("climatology", rates.len(), self.values().len())?;
                check_values("climatology", rates, good)?;
                let pairs = self.pairs().zip(rates);
                mean(self.weights(), pairs.map(|((_, happened), rate)| square(*rate, happened)))
            }
        };
        let saved = self.brier().zip(reference).and_then(|(own, other)| ratio(other - own, other));
        Ok(saved)
    }

    /// Mean negative log-likelihood. Infinite when something happened that was ruled out; `None`
    /// without rows.
    #[must_use]
    pub fn log_loss(&self) -> Option<f64> {
        let loss = |(said, happened)| if happened { -libm::log(said) } else { -libm::log1p(-said) };
        mean(self.weights(), self.pairs().map(loss))
    }

    /// Mean distance of said and happened over [`RELIABILITY_BINS`] bins. `None` without mass.
    ///
    /// Publish it through [`Probabilities::calibration`], which withholds it where it misleads.
    #[must_use]
    pub fn expected_calibration_error(&self) -> Option<f64> {
        calibration_error(&self.reliability(RELIABILITY_BINS))
    }

    /// Distance of said and happened over the [`TOP_SHARE`] of mass with the highest probabilities.
    #[must_use]
    pub fn calibration_error_of_the_top(&self) -> Option<f64> {
        let ties = self.ties();
        let mass = total(&ties);
        calibration_error(&slice(&ties, &[mass * (1.0 - TOP_SHARE), mass]))
    }

    /// Bins of equal mass from the lowest probabilities to the highest.
    ///
    /// Rows of one probability are interchangeable: where such a group crosses an edge, each side
    /// gets its part of the group's mass and events. The order of rows therefore does not matter.
    #[must_use]
    pub fn reliability(&self, n_bins: usize) -> Vec<ReliabilityBin> {
        let ties = self.ties();
        let mass = total(&ties);
        let edges: Vec<f64> = (0..=n_bins).map(|i| mass * i as f64 / n_bins as f64).collect();
        slice(&ties, &edges)
    }

    /// Brier score and skill; the calibration errors only where the skill is above 0.
    ///
    /// # Errors
    /// [`MetricError`] when there is not one rate between 0 and 1 for each row.
    pub fn calibration(&self, climatology: Climatology<'_>) -> Result<Calibration, MetricError> {
        let brier_skill = self.brier_skill(climatology)?;
        let skilled = brier_skill.is_some_and(|skill| skill > 0.0);
        Ok(Calibration {
            brier: self.brier(),
            brier_skill,
            ece: self.expected_calibration_error().filter(|_| skilled),
            ece_top: self.calibration_error_of_the_top().filter(|_| skilled),
        })
    }

    fn pairs(&self) -> impl Iterator<Item = (f64, bool)> + 'a {
        self.0.values().iter().copied().zip(self.0.happened().iter().copied())
    }
}

impl<'a> Deref for Probabilities<'a> {
    type Target = Scores<'a>;

    fn deref(&self) -> &Scores<'a> {
        &self.0
    }
}

// === impl QuantileForecasts ===

impl<'a> QuantileForecasts<'a> {
    /// Takes one true and one announced value a row.
    ///
    /// # Errors
    /// [`MetricError`] when the lengths differ or a value is not finite.
    pub fn new(really: &'a [f64], said: &'a [f64]) -> Result<Self, MetricError> {
        check_length("announced values", said.len(), really.len())?;
        check_values("true values", really, (f64::is_finite, "a finite number"))?;
        check_values("announced values", said, (f64::is_finite, "a finite number"))?;
        Ok(Self { really, said, weights: None })
    }

    /// The same rows with one weight each.
    ///
    /// # Errors
    /// [`MetricError`] when there is not one finite weight of at least 0 a row.
    pub fn weighted(self, weights: &'a [f64]) -> Result<Self, MetricError> {
        check_weights(weights, self.really.len())?;
        Ok(Self { weights: Some(weights), ..self })
    }

    /// Mean pinball loss at quantile level `share`, in the unit of the values. `None` without rows.
    ///
    /// # Source
    /// Koenker and Bassett 1978.
    #[must_use]
    pub fn pinball_loss(&self, share: f64) -> Option<f64> {
        let loss = |(really, said): (&f64, &f64)| {
            let miss = really - said;
            if miss >= 0.0 { share * miss } else { (share - 1.0) * miss }
        };
        mean(self.weights, self.really.iter().zip(self.said).map(loss))
    }

    /// Share of rows whose true value is at most the announced one: the level that was reached.
    #[must_use]
    pub fn share_below(&self) -> Option<f64> {
        let below = |(really, said): (&f64, &f64)| f64::from(u8::from(really <= said));
        mean(self.weights, self.really.iter().zip(self.said).map(below))
    }
}

// === free functions ===

fn is_probability(value: f64) -> bool {
    (0.0..=1.0).contains(&value)
}

fn square(said: f64, happened: bool) -> f64 {
    let miss = said - f64::from(u8::from(happened));
    miss * miss
}

fn total(ties: &[Tie]) -> f64 {
    ties.iter().map(|tie| tie.weight).sum()
}

/// Mean distance of said and happened, weighted by mass; `None` without bins.
fn calibration_error(bins: &[ReliabilityBin]) -> Option<f64> {
    let masses: Vec<f64> = bins.iter().map(|bin| bin.mass).collect();
    mean(Some(&masses), bins.iter().map(|bin| (bin.said - bin.happened).abs()))
}

/// The bins between consecutive `edges` of cumulated mass; empty ones are left out.
fn slice(ties: &[Tie], edges: &[f64]) -> Vec<ReliabilityBin> {
    let mut bins = Vec::with_capacity(edges.len());
    let (mut first, mut start) = (0, 0.0);
    for edge in edges.windows(2) {
        let (mut mass, mut said, mut happened) = (0.0, 0.0, 0.0);
        while let Some(tie) = ties.get(first) {
            let end = start + tie.weight;
            let part = end.min(edge[1]) - start.max(edge[0]);
            if part > 0.0 {
                mass += part;
                said += part * tie.score;
                happened += part * tie.happened / tie.weight;
            }
            if end > edge[1] {
                break;
            }
            (first, start) = (first + 1, end);
        }
        if mass > 0.0 {
            bins.push(ReliabilityBin { said: said / mass, happened: happened / mass, mass });
        }
    }
    bins
}

//! From the truth to what is measured: noise, counts of rare things, values that are missing alone
//! and sources that are missing together.

use super::columns::{CATEGORIES, NUMBERS, Noise, Number, Readings, Source};
use super::fleet::Workload;
use super::mechanics::Truth;
use crate::draw::Draw;

/// Share of the values that are missing alone.
const MISSING_SHARE: f64 = 0.01;

/// Share of the steps in which the outage of a source begins.
const OUTAGE_SHARE: f64 = 0.006;

/// Longest outage of a source, in steps.
const LONGEST_OUTAGE: usize = 4;

/// Steps in which a restart still counts: 2 h.
const RESTART_MEMORY: usize = 4;

/// One row as it is measured; `None` and NaN where missing.
pub(super) struct Measured {
    pub numbers: Readings,
    pub categories: [Option<&'static str>; CATEGORIES.len()],
}

/// Measures one workload, step after step.
pub(super) struct Scraper<'a> {
    workload: &'a Workload,
    draw: Draw,
    /// Steps for which each source is still away.
    away: [usize; Source::ALL.len()],
    /// Restarts of the last steps, newest first, by reason.
    restarts: [(f64, f64); RESTART_MEMORY],
    completed: [bool; RESTART_MEMORY],
}

// === impl Scraper ===

impl<'a> Scraper<'a> {
    pub(super) fn new(workload: &'a Workload, draw: Draw) -> Self {
        Self {
            workload,
            draw,
            away: [0; Source::ALL.len()],
            restarts: [(0.0, 0.0); RESTART_MEMORY],
            completed: [false; RESTART_MEMORY],
        }
    }

    /// When within its step the next scrape takes place.
    pub(super) fn moment(&mut self) -> f64 {
        0.95 * self.workload.scrape_shift + 0.05 * self.draw.unit()
    }

    /// The measurement of the next step.
    pub(super) fn measure(&mut self, truth: &Truth) -> Measured {
        self.age_outages(truth.node_loss);
        let restarts = truth.restarts;
        let (oom, error) = (self.draw.count(restarts.oom), self.draw.count(restarts.error));
        self.restarts.rotate_right(1);
        self.restarts[0] = (oom, error);
        self.completed.rotate_right(1);
        self.completed[0] = truth.rollout > 0.0;
        let mut numbers = Readings::new();
        for (column, number) in NUMBERS.iter().zip(Number::ALL) {
            let value = if number == Number::OomKillCount {
                oom
            } else if number == Number::PodRestartCount {
                self.restarts.iter().map(|(oom, error)| oom + error).sum()
            } else {
                self.stray(truth.readings[number], column.noise)
            };
            let missing = self.is_missing(column.source);
            numbers[number] = if missing { f64::NAN } else { value };
        }
        let words = self.words(truth);
        let mut categories = [None; CATEGORIES.len()];
        for ((slot, column), word) in categories.iter_mut().zip(&CATEGORIES).zip(words) {
            *slot = (!self.is_missing(column.source)).then_some(word);
        }
        Measured { numbers, categories }
    }

    fn age_outages(&mut self, node_loss: f64) {
        for (away, source) in self.away.iter_mut().zip(Source::ALL) {
            *away = away.saturating_sub(1);
            // A kubelet that does not answer cannot be scraped either.
            let lost = match source {
                Source::Container | Source::Node => 0.12 * node_loss,
                Source::Application
                | Source::Runtime
                | Source::ClusterState
                | Source::ControlPlane => 0.0,
            };
            if self.draw.chance(OUTAGE_SHARE + lost) {
                *away = 1 + self.draw.below(LONGEST_OUTAGE);
            }
        }
    }

    fn is_missing(&mut self, source: Source) -> bool {
        let alone = self.draw.chance(MISSING_SHARE);
        let unshown = source == Source::Runtime && !self.workload.shows_runtime;
        alone || unshown || self.away[source as usize] > 0
    }

    fn stray(&mut self, truth: f64, noise: Noise) -> f64 {
        match noise {
            Noise::Exact => truth,
            Noise::Factor(sigma) => self.draw.around(truth, sigma),
            Noise::Points(sigma) => (truth + sigma * self.draw.normal()).clamp(0.0, 100.0),
            Noise::Count => self.draw.count(truth),
        }
    }

    fn words(&mut self, truth: &Truth) -> [&'static str; CATEGORIES.len()] {
        let workload = self.workload;
        let rollout =
            if self.draw.chance(0.9 * truth.rollout) { "progressing" } else { "complete" };
        let condition = self.node_condition(truth);
        [
            workload.kind,
            workload.runtime,
            workload.qos_class,
            workload.tier,
            rollout,
            self.last_termination(),
            condition,
        ]
    }

    /// The reason of the newest restart that is still remembered.
    fn last_termination(&self) -> &'static str {
        for (&(oom, error), &completed) in self.restarts.iter().zip(&self.completed) {
            if oom > 0.0 && oom >= error {
                return "OOMKilled";
            }
            if error > 0.0 {
                return "Error";
            }
            if completed {
                return "Completed";
            }
        }
        "none"
    }

    fn node_condition(&mut self, truth: &Truth) -> &'static str {
        let readings = &truth.readings;
        if self.draw.chance(0.8 * truth.node_loss) {
            "NotReady"
        } else if readings[Number::DiskUsedPercent] > 90.0 {
            "DiskPressure"
        } else if readings[Number::NodeMemoryPercent] > 93.0 {
            "MemoryPressure"
        } else {
            "Ready"
        }
    }
}

//! The opponents: what a user has today, and simple methods that need no training.
//!
//! All of them see the same batches at the same ticks and go through the engine's alarm policy.
//! `docs/baselines.md` says how each rule was translated.
//!
//! ```text
//!  Batch ──> Tracks (own rings: six hours of fault time) ──┬─> linear grid, memory TTL, static, signature, MAD
//!  State (objects) ────────────────────────────────────────┴─> stock rules with their holds
//! ```

mod first_passage;
mod linear;
mod memory_ttl;
mod simple;
mod stock;
mod tracks;

use foresail_core::{
    Batch, FailureKind, FaultDuration, ModelId, PlatformDuration, Prediction, Probability,
    TimeScale, Timestamp, Unit, Verdict,
};
use foresail_engine::State;
use foresail_engine::first_passage::FirstPassageSettings;

use crate::replay::Scorer;

pub use first_passage::FIRST_PASSAGE;
pub use linear::{HORIZONS_HOURS, WINDOWS_MINUTES, linear_name};
pub use stock::{ABSENT, RULES, Rule};
pub use tracks::{LevelTrack, Tracks};

/// Name of the memory opponent.
pub const MEMORY_TTL: &str = "memory_ttl_sticky";
/// Name of the union of stock rules.
pub const STOCK: &str = "stock_rules";
/// Name of the static thresholds.
pub const STATIC: &str = "static_90_percent";
/// Name of the largest feature over its 99 % quantile.
pub const SIGNATURE: &str = "signature";
/// Name of the robust z-score.
pub const MAD: &str = "mad_z_score";

/// Every baseline, side by side.
#[derive(Debug)]
pub struct Baselines {
    tracks: Tracks,
    stock: stock::StockRules,
    signature: simple::Signature,
    scale: TimeScale,
    first_passage: Option<FirstPassageSettings>,
}

/// A score of one unit for one kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Score {
    pub(crate) unit: Unit,
    pub(crate) kind: FailureKind,
    pub(crate) value: f64,
}

// === impl Baselines ===

impl Baselines {
    /// Baselines for a source with this time scale.
    #[must_use]
    pub fn new(scale: TimeScale) -> Self {
        Self {
            tracks: Tracks::new(scale),
            stock: stock::StockRules::new(scale),
            signature: simple::Signature::new(),
            scale,
            first_passage: None,
        }
    }

    /// With first passage and the checks beside them: what the engine says without a learned model.
    #[must_use]
    pub fn with_first_passage(self, settings: FirstPassageSettings) -> Self {
        Self { first_passage: Some(settings), ..self }
    }
}

impl Scorer for Baselines {
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            [MEMORY_TTL, STOCK, STATIC, SIGNATURE, MAD].map(str::to_owned).to_vec();
        for window in WINDOWS_MINUTES {
            names.extend(HORIZONS_HOURS.map(|horizon| linear_name(window, horizon)));
        }
        names.extend(self.first_passage.iter().map(|_| FIRST_PASSAGE.to_owned()));
        names
    }

    fn step(&mut self, state: &State, batch: &Batch, at: Timestamp) -> Vec<Vec<Prediction>> {
        self.tracks.observe(batch, state);
        let mut lists = vec![
            memory_ttl::score(&self.tracks, at),
            self.stock.score(&self.tracks, state, at),
            simple::fixed(&self.tracks),
            self.signature.score(&self.tracks),
            simple::deviation(&self.tracks, at),
        ];
        lists.extend(linear::score(&self.tracks, at));
        let horizon = self.scale.to_platform(FaultDuration::from_minutes(100.0));
        let names = self.names();
        let said = lists
            .into_iter()
            .zip(&names)
            .map(|(scores, name)| predictions(scores, at, horizon, &ModelId(name.clone())));
        let untrained =
            self.first_passage.iter().map(|settings| first_passage::predict(state, at, settings));
        said.chain(untrained).collect()
    }
}

/// The best score of each unit and kind as predictions. Baselines say no probability of their own:
/// the score stands in its place and is never judged as one.
fn predictions(
    mut scores: Vec<Score>,
    at: Timestamp,
    horizon: PlatformDuration,
    model: &ModelId,
) -> Vec<Prediction> {
    scores.retain(|score| score.value > 0.0);
    scores.sort_by(|a, b| {
        a.unit.cmp(&b.unit).then(a.kind.cmp(&b.kind)).then(b.value.total_cmp(&a.value))
    });
    scores.dedup_by(|next, kept| next.unit == kept.unit && next.kind == kept.kind);
    scores
        .into_iter()
        .map(|score| Prediction {
            at,
            unit: score.unit,
            pod: None,
            node: None,
            kind: score.kind,
            horizon,
            verdict: Verdict::Likely {
                probability: Probability::saturating(score.value).unwrap_or(Probability::ZERO),
                time_to_event: None,
            },
            score: score.value.min(1.0),
            basis: None,
            sentence: String::new(),
            evidence: Vec::new(),
            model: model.clone(),
        })
        .collect()
}

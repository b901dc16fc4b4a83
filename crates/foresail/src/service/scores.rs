//! The live scorecard in the shapes of the API.

use foresail_api::{CalibrationBin, Drift, Estimate, ModelScore, Scorecard};
use foresail_evaluate::live::{Card, HorizonCard, ModelCard, Reading};

/// Judged probabilities below which a share of them says nothing.
const FEWEST: f64 = 30.0;

/// The card as the API shows it.
pub(super) fn scorecard(card: &Card) -> Scorecard {
    let models = card.models.iter().enumerate();
    Scorecard {
        since: card.from,
        until: card.at,
        models: models.map(|(place, model)| score(card, model, place == 0)).collect(),
    }
}

/// How far each model has moved from what it said at first.
pub(super) fn drift(card: &Card) -> Vec<Drift> {
    let stability = |model: &ModelCard| {
        let value = model.drift.index()?;
        Some(Drift { measure: "population_stability".to_owned(), value })
    };
    card.models.first().and_then(stability).into_iter().collect()
}

/// Alarms are raised by the model in service alone: shadows are judged by their probabilities.
fn score(card: &Card, model: &ModelCard, in_service: bool) -> ModelScore {
    let longest = model.horizons.iter().max_by_key(|horizon| horizon.minutes);
    let count = |n: u32| if in_service { u64::from(n) } else { 0 };
    let of_alarms = |reading: Reading| if in_service { estimate(reading) } else { NONE };
    let lead = card.median_lead_minutes.filter(|_| in_service);
    ModelScore {
        model: model.name.clone(),
        in_service,
        incidents: count(card.outcomes),
        caught: count(card.caught),
        alarms: count(card.alarms.hit + card.alarms.wrong),
        false_alarms: count(card.alarms.wrong),
        recall: of_alarms(card.recall),
        precision: of_alarms(card.precision),
        lead_seconds: lead.map_or(NONE, |minutes| {
            // A median without an interval: both ends are the number itself.
            let value = minutes * 60.0;
            Estimate::Measured { value, low: value, high: value, count: u64::from(card.caught) }
        }),
        calibration_error: longest.map_or(NONE, calibration_error),
        calibration: longest.map_or_else(Vec::new, bins),
    }
}

const NONE: Estimate = Estimate::TooFew { have: 0, need: 1 };

fn estimate(reading: Reading) -> Estimate {
    match reading {
        Reading::Known(known) => Estimate::Measured {
            value: known.value,
            low: known.low.unwrap_or(known.value),
            high: known.high.unwrap_or(known.value),
            count: known.n as u64,
        },
        Reading::TooFew { have, need } => {
            Estimate::TooFew { have: have as u64, need: need.ceil() as u64 }
        }
    }
}

fn calibration_error(horizon: &HorizonCard) -> Estimate {
    let all: f64 = horizon.bins.iter().map(|bin| bin.n).sum();
    if all < FEWEST {
        return Estimate::TooFew { have: all as u64, need: FEWEST as u64 };
    }
    let distance = |bin: &foresail_evaluate::live::CalibrationBin| {
        Some((bin.said? - bin.happened?).abs() * bin.n / all)
    };
    let value = horizon.bins.iter().filter_map(distance).sum();
    Estimate::Measured { value, low: value, high: value, count: all as u64 }
}

fn bins(horizon: &HorizonCard) -> Vec<CalibrationBin> {
    let bins = horizon.bins.iter().filter_map(|bin| {
        let (predicted, happened) = (bin.said?, bin.happened?);
        let observed = if bin.n < FEWEST {
            Estimate::TooFew { have: bin.n as u64, need: FEWEST as u64 }
        } else {
            let count = bin.n as u64;
            Estimate::Measured { value: happened, low: happened, high: happened, count }
        };
        Some(CalibrationBin { from: bin.from, until: bin.to, predicted, observed })
    });
    bins.collect()
}

//! What the model says of one workload, in words.

use foresail_core::{
    FaultDuration, ModelId, PlatformDuration, Prediction, Probability, TimeToEvent, Unit, Verdict,
};

use super::{KindScore, LearnedModel, RowScore};
use crate::features::{Feature, PodFeatures};
use crate::state::State;

/// Name of the model in predictions.
pub(super) const MODEL: &str = "hazard";
/// Features named as evidence.
const MOST_EVIDENCE: usize = 3;
/// Evidence is worked out from this many floors on: below it a prediction only keeps an alarm open.
const FLOORS_WITH_EVIDENCE: f64 = 2.0;
/// Log odds below which a feature is no evidence.
const LEAST_EVIDENCE: f64 = 0.1;

/// Predictions of one workload from its pods, the strongest pod first: per kind what the pod with
/// the highest score says.
pub(super) fn unit(
    state: &State,
    scores: &[(&PodFeatures<'_>, RowScore)],
    model: &LearnedModel,
) -> Vec<Prediction> {
    (0..model.pipeline().kinds.len())
        .filter_map(|kind| {
            let best = scores
                .iter()
                .max_by(|a, b| a.1.kinds[kind].score.total_cmp(&b.1.kinds[kind].score))?;
            let said = best.1.kinds[kind];
            (said.score >= model.pipeline().floor)
                .then(|| prediction(state, (best.0, kind, &said), model))
        })
        .collect()
}

fn prediction(
    state: &State,
    (pod, number, said): (&PodFeatures<'_>, usize, &KindScore),
    model: &LearnedModel,
) -> Prediction {
    let wall = |minutes: f64| -> PlatformDuration {
        state.settings().time_scale.to_platform(FaultDuration::from_minutes(minutes))
    };
    let time = said.times.map(|times| TimeToEvent {
        p10: wall(times.p10),
        p50: wall(times.p50),
        p90: wall(times.p90),
    });
    let probability = Probability::saturating(said.probability).unwrap_or(Probability::ZERO);
    let unit = Unit::Workload(pod.unit.clone());
    let spoken = said.score >= FLOORS_WITH_EVIDENCE * model.pipeline().floor;
    let evidence = if spoken { evidence(pod, number, model) } else { Vec::new() };
    let why = evidence.first().map_or_else(String::new, |first| format!(", because {first}"));
    let horizon = model.horizon_minutes();
    Prediction {
        at: state.until(),
        sentence: format!(
            "{unit} {} within {horizon:.0} min, probability {:.2}{why}",
            said.kind.phrase(),
            probability.get()
        ),
        unit,
        pod: Some(pod.pod.to_owned()),
        node: pod.node.map(str::to_owned),
        kind: said.kind,
        horizon: wall(horizon),
        verdict: Verdict::Likely { probability, time_to_event: time },
        score: said.score.clamp(0.0, 1.0),
        basis: None,
        evidence,
        model: ModelId(MODEL.to_owned()),
    }
}

/// The features that raise the odds most, with their values.
fn evidence(pod: &PodFeatures<'_>, kind: usize, model: &LearnedModel) -> Vec<String> {
    let strongest = model.contributions(&pod.values, (kind, LEAST_EVIDENCE)).into_iter();
    strongest
        .filter(|(feature, _)| pod.get(*feature).is_finite())
        .take(MOST_EVIDENCE)
        .map(|(feature, log_odds)| phrase(feature, pod.get(feature), log_odds))
        .collect()
}

fn phrase(feature: Feature, value: f32, log_odds: f64) -> String {
    let what = feature.formula().trim_end_matches('.');
    let lower = what.chars().next().map_or_else(String::new, |first| {
        format!("{}{}", first.to_lowercase(), &what[first.len_utf8()..])
    });
    let odds = libm::exp(log_odds);
    format!("{lower} is {value:.2} ({}; odds × {odds:.1})", feature.unit())
}

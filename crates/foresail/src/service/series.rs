//! `POST /api/v1/predict`: answers for series of a cluster.

use foresail_api::{PredictAnswer, PredictError, SeriesInput};
use foresail_collect::kubernetes::objects_of;
use foresail_collect::live::{Given, GivenSeries, given};
use foresail_core::{PlatformDuration, TimeScale, Timestamp};
use foresail_engine::{Models, Policy, Settings, State, assess};
use foresail_evaluate::learned::StoredModel;
use serde_json::Value;

/// Points that are taken at once: as many as an answer of a Prometheus may hold.
const MOST_POINTS: usize = 2_000_000;
/// A scrape interval where the points do not tell one.
const INTERVAL: PlatformDuration = PlatformDuration::from_seconds(30);

/// What the model says of the cluster that the series describe, with `top` predictions at most.
pub(super) fn predict(
    name: &str,
    model: &StoredModel,
    (input, top): (&SeriesInput, usize),
) -> Result<PredictAnswer, PredictError> {
    let refused = |reason: String| PredictError::Refused { reason };
    if input.series.iter().map(|one| one.points.len()).sum::<usize>() > MOST_POINTS {
        return Err(refused(format!("`series` holds more than {MOST_POINTS} points")));
    }
    let mut objects = Vec::new();
    for (place, object) in input.objects.iter().enumerate() {
        let read = objects_of(&Value::Object(object.clone()));
        objects.extend(read.map_err(|reason| refused(format!("`objects[{place}]`: {reason}")))?);
    }
    let newest = input.series.iter().filter_map(|one| Some(one.points.last()?.0)).max();
    let until = input.at.or(newest).ok_or_else(|| refused("`series` holds no points".into()))?;
    let interval = interval(input);
    let series: Vec<GivenSeries<'_>> =
        input.series.iter().map(|one| (&one.labels, &one.points[..])).collect();
    let given = given(objects, &series, (interval, until));
    let mut predictions = last_word(model, &given, interval);
    predictions.truncate(top);
    Ok(PredictAnswer::Series { model: name.to_owned(), predictions, notes: notes(&given) })
}

/// What is said at the last tick.
fn last_word(
    model: &StoredModel,
    given: &Given,
    scrape_interval: PlatformDuration,
) -> Vec<foresail_core::Prediction> {
    let settings = Settings { cluster: String::new(), time_scale: TimeScale::ONE, scrape_interval };
    let mut state = State::new(settings);
    let models = Models { learned: Some(model.model.clone()), ..Models::default() };
    let mut last: Option<Timestamp> = None;
    for (at, batch) in &given.batches {
        state.observe(batch);
        last = Some(*at);
    }
    let Some(at) = last else { return Vec::new() };
    assess(&state, None, at, (&models, &Policy::default())).predictions
}

/// The usual distance of two points.
fn interval(input: &SeriesInput) -> PlatformDuration {
    let mut steps: Vec<i64> = input
        .series
        .iter()
        .flat_map(|one| one.points.windows(2))
        .map(|pair| pair[1].0.since(pair[0].0).as_millis())
        .collect();
    let middle = steps.len() / 2;
    if steps.is_empty() {
        return INTERVAL;
    }
    let (_, median, _) = steps.select_nth_unstable(middle);
    PlatformDuration::from_millis((*median).max(1_000))
}

fn notes(given: &Given) -> Vec<String> {
    let mut notes = Vec::new();
    if given.made_up > 0 {
        notes.push(format!(
            "{} pods that no object describes stand for themselves, without limits of their spec",
            given.made_up
        ));
    }
    if !given.unread.is_empty() {
        let families: Vec<String> = given.unread.iter().map(|one| format!("`{one}`")).collect();
        notes.push(format!("families that nothing reads: {}", families.join(", ")));
    }
    notes
}

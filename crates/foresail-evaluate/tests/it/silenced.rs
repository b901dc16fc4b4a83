//! Metrics that stop midway: no probability is said of a workload without its data.

use std::path::Path;
use std::sync::Arc;

use foresail_core::{Batch, Quantity, Timestamp, Verdict};
use foresail_engine::{EngineAssessment, Models, Policy, State, assess};
use foresail_evaluate::learned::StoredModel;

use crate::synthetic::{LABORATORY, batches, settings, tick};

/// From this tick on half of the pods are scraped no more.
const SILENT_FROM: i64 = 200;
/// Samples older than five scrapes are no data; a sample is seen two ticks after its time.
const FRESH_TICKS: i64 = 7;

fn models() -> Models {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../foresail/model/default.model");
    Models { learned: Some(StoredModel::read(&file).unwrap().model), ..Models::default() }
}

/// The synthetic recording; what is measured of every second pod, `cart` first, ends at [`SILENT_FROM`].
fn half_silent() -> Vec<(Timestamp, Batch)> {
    let mut all = batches(LABORATORY);
    for (at, batch) in &mut all {
        if *at >= tick(LABORATORY, SILENT_FROM) {
            batch.samples.retain(|sample| sample.entity.index() % 2 == 1);
        }
    }
    all
}

/// Probabilities said of `cart` and `search` from a tick on: how many, and the highest.
fn said(batches: Vec<(Timestamp, Batch)>, models: &Models, from: i64) -> [(usize, f64); 2] {
    let mut state = State::new(settings(LABORATORY));
    let mut parent: Option<EngineAssessment> = None;
    let mut said = [(0, 0.0_f64); 2];
    for (at, batch) in batches {
        state.observe(&batch);
        let assessment = assess(&state, parent.as_ref(), at, (models, &Policy::default()));
        for prediction in assessment.predictions.iter().filter(|_| at >= tick(LABORATORY, from)) {
            let names = ["cart", "search"];
            let place = prediction.unit.workload().map(|unit| unit.name.as_str());
            let Some(place) = names.iter().position(|name| Some(*name) == place) else { continue };
            if let Verdict::Likely { probability, .. } = &prediction.verdict {
                said[place] = (said[place].0 + 1, said[place].1.max(probability.get()));
            }
        }
        parent = Some(assessment);
    }
    said
}

#[test]
fn without_its_data_no_probability_is_said_of_a_workload() {
    let silent = half_silent();
    let removed = silent.iter().flat_map(|(_, batch)| &batch.samples);
    assert!(removed.filter(|one| one.quantity == Quantity::MemoryWorkingSet).count() > 1_000);
    for models in [models(), Models::default()] {
        let models = Models { learned: models.learned.as_ref().map(Arc::clone), ..models };
        let before = said(batches(LABORATORY), &models, SILENT_FROM + FRESH_TICKS);
        assert!(before.iter().all(|(n, _)| *n > 50), "{before:?}");
        let after = said(half_silent(), &models, SILENT_FROM + FRESH_TICKS);
        assert_eq!(after[0].0, 0, "{after:?}");
        assert_eq!(after[1], before[1], "what is still measured is judged as before");
    }
}

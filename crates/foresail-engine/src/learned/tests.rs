use foresail_core::{PlatformDuration, TimeScale, WorkloadId, WorkloadKind};
use foresail_learn::frame::{Column, Frame};
use foresail_learn::hazard::{self, HazardParams, HazardRows, HazardShape, HazardTarget, Prior};

use super::*;
use crate::settings::Settings;

const FEATURES: [Feature; 2] = [Feature::TowardOom, Feature::LatencyTrend];

fn unit() -> WorkloadId {
    let (namespace, name) = ("shop".to_owned(), "cart".to_owned());
    WorkloadId { namespace, kind: WorkloadKind::Deployment, name }
}

/// A model of one kind whose log odds start from first passage.
fn pipeline() -> Pipeline {
    let preprocessing = Preprocessing::of(&FEATURES);
    let scores: Vec<f32> = (0..200).map(|row| if row % 4 == 0 { 0.9 } else { 0.05 }).collect();
    let columns = vec![Column::Number(scores), Column::Number(vec![0.0; 200])];
    let frame = Frame::new(preprocessing.schema().unwrap(), columns).unwrap();
    let failed = HazardTarget { until_bin: 1, event: Some(0), weight: 1.0 };
    let survived = HazardTarget { until_bin: 2, event: None, weight: 1.0 };
    let targets: Vec<HazardTarget> =
        (0..200).map(|row| if row % 4 == 0 { failed } else { survived }).collect();
    let shape = HazardShape { edges: vec![0.0, 5.0, 100.0], n_kinds: 1 };
    let priors = vec![Prior { column: "toward_oom_killed".to_owned(), kind: 0 }];
    let params = HazardParams { n_trees: 0, priors, ..HazardParams::default() };
    let rows = HazardRows { frame: &frame, targets: &targets };
    Pipeline {
        preprocessing,
        estimator: Estimator::Hazard(
            hazard::fit(&params.check(shape).unwrap(), rows, None).unwrap(),
        ),
        calibrator: vec![Calibrator::Identity],
        kinds: vec![FailureKind::OomKilled],
        floor: 0.05,
        base_rates: Vec::new(),
    }
}

fn state() -> State {
    State::new(Settings {
        cluster: "c".to_owned(),
        time_scale: TimeScale::ONE,
        scrape_interval: PlatformDuration::from_seconds(15),
    })
}

#[test]
fn a_pod_that_runs_toward_its_limit_is_named() {
    let (unit, model) = (unit(), LearnedModel::new(pipeline()).unwrap());
    let values = [(Feature::TowardOom, 0.9), (Feature::Staleness, 1.0)];
    let said = predict(&state(), &[PodFeatures::for_tests(&unit, &values)], &model);
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].kind, FailureKind::OomKilled);
    assert!(said[0].probability().unwrap().get() > 0.5, "{}", said[0].sentence);
    assert!(said[0].evidence[0].contains("first-passage score"), "{:?}", said[0].evidence);
}

#[test]
fn nothing_is_said_of_a_pod_without_fresh_samples() {
    let (unit, model) = (unit(), LearnedModel::new(pipeline()).unwrap());
    for values in [
        vec![(Feature::TowardOom, 0.9)],
        vec![(Feature::TowardOom, 0.9), (Feature::Staleness, 6.0)],
    ] {
        let rows = [PodFeatures::for_tests(&unit, &values)];
        assert!(predict(&state(), &rows, &model).is_empty(), "{values:?}");
    }
}

#[test]
fn what_only_first_passage_sees_is_ranked_on_the_models_scale() {
    let model = LearnedModel::new(pipeline()).unwrap();
    let scores = [0.0, 0.1, 0.5, 0.9].map(|score| model.rescale(score));
    assert_eq!(scores[0], 0.0);
    assert!(scores.is_sorted(), "{scores:?}");
}

#[test]
fn a_model_of_another_schema_is_refused_by_the_name_of_its_feature() {
    let mut pipeline = pipeline();
    pipeline.preprocessing.features[1] = "moon_phase".to_owned();
    let error = LearnedModel::new(pipeline).unwrap_err().to_string();
    assert!(error.contains("`moon_phase`"), "{error}");
}

#[test]
fn parts_that_do_not_fit_together_are_refused() {
    let mut pipeline = pipeline();
    pipeline.calibrator.clear();
    let error = LearnedModel::new(pipeline).unwrap_err().to_string();
    assert_eq!(error, "the model has 0 calibrators for 1 kinds of failure");
}

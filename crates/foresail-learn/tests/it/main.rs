//! What all models have in common, on every model.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod golden_classifiers;
mod hazard_classifier;
mod model_suite;
mod params;
mod rows;
mod tabular_golden;
mod tabular_suite;

model_suite!(logistic, foresail_learn::logistic::Logistic, {
    n_classes: 2,
    params: crate::params::logistic(),
});
model_suite!(boosting_of_two, foresail_learn::boosting::GradientBoosting, {
    n_classes: 2,
    params: crate::params::boosting(),
});
model_suite!(boosting_of_three, foresail_learn::boosting::GradientBoosting, {
    n_classes: 3,
    params: crate::params::boosting(),
});
model_suite!(forest_of_two, foresail_learn::forest::RandomForest, {
    n_classes: 2,
    params: crate::params::forest(),
});
model_suite!(forest_of_three, foresail_learn::forest::RandomForest, {
    n_classes: 3,
    params: crate::params::forest(),
});
model_suite!(hazard_of_two, crate::hazard_classifier::OneBin, {
    n_classes: 2,
    params: crate::hazard_classifier::params(2),
});
model_suite!(hazard_of_three, crate::hazard_classifier::OneBin, {
    n_classes: 3,
    params: crate::hazard_classifier::params(3),
});

use super::*;

fn classes() -> Vec<String> {
    ["a", "b", "c"].map(str::to_owned).to_vec()
}

/// Six rows of which one of `b` is taken for `a`; no row is taken for `c`.
fn scores() -> Scores {
    let said = [
        [0.8, 0.1, 0.1],
        [0.6, 0.4, 0.0],
        [0.5, 0.3, 0.2],
        [0.7, 0.2, 0.1],
        [0.1, 0.8, 0.1],
        [0.2, 0.7, 0.1],
    ];
    Scores::of(&Judged {
        classes: &classes(),
        truth: &[0, 0, 0, 1, 1, 1],
        probabilities: said.as_flattened(),
        training_counts: &[60, 30, 10],
    })
    .unwrap()
}

#[test]
fn numbers_are_those_of_scikit_learn() {
    // accuracy_score, balanced_accuracy_score, f1_score(average="macro"), log_loss of 1.9.1.
    let scores = scores();
    let near =
        |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-9, "{found}, {wanted}");
    near(scores.accuracy, 5.0 / 6.0);
    near(scores.balanced_accuracy, 5.0 / 6.0);
    near(scores.macro_f1, (6.0 / 7.0 + 0.8) / 2.0);
    let logs: f64 = [0.8_f64, 0.6, 0.5, 0.2, 0.8, 0.7].iter().map(|p| -p.ln()).sum();
    near(scores.log_loss, logs / 6.0);
    assert_eq!(scores.confusion, [[3, 0, 0], [1, 2, 0], [0, 0, 0]]);
    assert_eq!(scores.rows, 6);
    let none = &scores.classes[2];
    assert_eq!((none.precision, none.recall, none.f1, none.support), (None, None, None, 0));
    assert_eq!(scores.classes[0].roc_auc, Some(7.0 / 9.0));
}

#[test]
fn baselines_know_the_training_shares_alone() {
    let baselines = scores().baselines;
    assert_eq!(baselines.majority.accuracy, 0.5);
    assert!((baselines.majority.macro_f1 - (2.0 / 3.0) / 2.0).abs() < 1e-12);
    // Half of the rows are hit with .6, the other half with .3.
    assert!((baselines.stratified.accuracy - 0.45).abs() < 1e-12);
    let wanted = -(0.6_f64.ln() + 0.3_f64.ln()) / 2.0;
    assert!((baselines.prior_log_loss - wanted).abs() < 1e-12);
}

#[test]
fn intervals_hold_the_score_and_come_out_the_same() {
    let (one, other) = (scores(), scores());
    assert_eq!(one, other);
    let Interval { low, high } = one.intervals.accuracy;
    assert!(low < one.accuracy && one.accuracy < high && high <= 1.0, "{low}, {high}");
}

#[test]
fn scores_survive_json() {
    let scores = scores();
    let text = serde_json::to_string(&scores).unwrap();
    assert_eq!(serde_json::from_str::<Scores>(&text).unwrap(), scores);
}

#[test]
fn what_does_not_fit_is_refused() {
    let classes = classes();
    let judged =
        Judged { classes: &classes, truth: &[], probabilities: &[], training_counts: &[1; 3] };
    assert!(matches!(Scores::of(&judged), Err(ScoreError::NoRows)));
    let counts = Judged { training_counts: &[1], ..judged };
    assert!(matches!(Scores::of(&counts), Err(ScoreError::Counts { expected: 3, found: 1 })));
    let short = Judged { truth: &[0], ..judged };
    assert!(matches!(Scores::of(&short), Err(ScoreError::Metric(_))));
}

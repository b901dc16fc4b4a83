use super::*;

#[derive(serde::Deserialize)]
struct Fixture {
    cases: Vec<Case>,
    periods: Vec<PeriodCase>,
}

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    labels: Vec<u8>,
    scores: Vec<f64>,
    max_buffer: usize,
    thresholds: usize,
    vus_pr: f64,
}

#[derive(serde::Deserialize)]
struct PeriodCase {
    name: String,
    series: Vec<f64>,
    period: usize,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../../../../fixtures/learn/vus.json")).expect("committed")
}

#[test]
fn golden_values_of_an_independent_reference_are_met() {
    for case in fixture().cases {
        let labels: Vec<bool> = case.labels.iter().map(|label| *label == 1).collect();
        let params = VusParams { max_buffer: case.max_buffer, thresholds: case.thresholds };
        let found = vus_pr(&labels, &case.scores, params).unwrap();
        // Both sum the same few hundred terms in another order.
        assert!((found - case.vus_pr).abs() < 1e-9, "{}: {found} for {}", case.name, case.vus_pr);
    }
}

#[test]
fn periods_of_the_reference_are_met() {
    for case in fixture().periods {
        assert_eq!(period(&case.series), case.period, "{}", case.name);
    }
}

#[test]
fn a_score_that_is_the_label_is_perfect_without_a_buffer() {
    let labels: Vec<bool> = (0..500).map(|i| (100..140).contains(&i)).collect();
    let scores: Vec<f64> = labels.iter().map(|label| f64::from(u8::from(*label))).collect();
    let params = VusParams { max_buffer: 0, thresholds: 250 };
    assert!((vus_pr(&labels, &scores, params).unwrap() - 1.0).abs() < 1e-12);
}

#[test]
fn a_constant_score_gets_the_share_of_anomalous_points() {
    let labels: Vec<bool> = (0..500).map(|i| (100..150).contains(&i)).collect();
    let params = VusParams { max_buffer: 0, thresholds: 250 };
    assert!((vus_pr(&labels, &[3.0; 500], params).unwrap() - 0.1).abs() < 1e-12);
}

#[test]
fn a_monotone_change_of_the_score_changes_nothing() {
    let labels: Vec<bool> = (0..400).map(|i| i % 97 < 9).collect();
    let scores: Vec<f64> = (0..400).map(|i| f64::from(i * 7919 % 401)).collect();
    let cubed: Vec<f64> = scores.iter().map(|score| score * score * score + 5.0).collect();
    let params = VusParams::published(20);
    assert_eq!(vus_pr(&labels, &scores, params), vus_pr(&labels, &cubed, params));
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let params = VusParams::published(10);
    let refusals = [
        (vus_pr(&[true], &[], params), "`1` labels but `0` scores"),
        (vus_pr(&[false; 3], &[0.0; 3], params), "no point is labelled an anomaly"),
        (vus_pr(&[true, false], &[0.0, f64::NAN], params), "the score at `1` is not a number"),
        (
            vus_pr(&[true], &[1.0], VusParams { max_buffer: 1, thresholds: 1 }),
            "`1` thresholds, at least 2 are needed",
        ),
    ];
    for (found, expected) in refusals {
        assert_eq!(found.unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_short_or_constant_series_has_the_default_period() {
    for series in [vec![], vec![1.0; 2], vec![1.0; 1000], vec![f64::NAN; 1000]] {
        assert_eq!(period(&series), 125);
    }
}

#[test]
fn one_point_and_all_points_can_be_judged() {
    let params = VusParams::published(8);
    assert_eq!(vus_pr(&[true], &[1.0], params), Ok(1.0));
    assert_eq!(vus_pr(&[true; 20], &[1.0; 20], params), Ok(1.0));
}

use proptest::prelude::*;

use super::*;

/// Uniform numbers of a 64-bit linear congruential generator; the golden values were made with the
/// same lines in Python.
fn uniform(n: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / 9_007_199_254_740_992.0
    };
    (0..n).map(|_| next()).collect()
}

/// Probabilities that are too high: it happens with their square.
fn too_high(n: usize) -> (Vec<bool>, Vec<f64>) {
    let said = uniform(n, 1);
    let happened = said.iter().zip(uniform(n, 2)).map(|(said, draw)| draw < said * said).collect();
    (happened, said)
}

fn all(rows: &Probabilities<'_>) -> [Calibrator; 4] {
    [
        Calibrator::Identity,
        Calibrator::isotonic(rows).unwrap(),
        Calibrator::platt(rows, PRIOR_EVENTS).unwrap(),
        Calibrator::beta(rows, PRIOR_EVENTS).unwrap(),
    ]
}

/// A prior too weak to matter, where the reference has none.
const NO_PRIOR: f64 = 1e-9;

/// Golden blocks of scikit-learn 1.9.1 (`IsotonicRegression`) on 200 rows of `uniform`; the first and
/// last stay half an event away from 0 and 1.
#[test]
fn isotonic_blocks_agree_with_scikit_learn() {
    let (happened, said) = too_high(200);
    let rows = Scores::new(&happened, &said).unwrap();
    let least = 0.5 / 201.0;
    let expected = [
        least,
        0.036_363_636_363_636_36,
        0.166_666_666_666_666_66,
        0.2,
        0.285_714_285_714_285_7,
        0.35,
        0.533_333_333_333_333_3,
        0.6,
        0.666_666_666_666_666_6,
        0.812_5,
        1.0 - least,
    ];
    check_blocks(&rows, &expected);
    let weights = uniform(200, 3);
    let mass: f64 = weights.iter().sum();
    let least = 0.5 / (mass + 1.0);
    let expected = [
        least,
        0.059_293_277_167_432_98,
        0.250_877_168_791_229_5,
        0.435_614_248_955_283_7,
        0.561_249_723_092_578_5,
        0.797_429_353_099_190_9,
        1.0 - least,
    ];
    check_blocks(&rows.weighted(&weights).unwrap(), &expected);
}

fn check_blocks(rows: &Scores<'_>, expected: &[f64]) {
    let text = serde_json::to_value(Isotonic::fit(rows).unwrap()).unwrap();
    let values: Vec<f64> = serde_json::from_value(text["values"].clone()).unwrap();
    assert_eq!(values.len(), expected.len(), "{values:?}");
    for (found, expected) in values.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
    }
}

/// Golden coefficients of scikit-learn 1.9.1 (`LogisticRegression(C=inf)` on the logit, and on ln p
/// and −ln(1 − p)).
#[test]
fn platt_and_beta_agree_with_scikit_learn() {
    let (happened, said) = too_high(200);
    let rows = Probabilities::new(&happened, &said).unwrap();
    let platt = Platt::fit(&rows, NO_PRIOR).unwrap();
    assert!((platt.slope() - 1.481_236_49).abs() < 1e-5, "{platt:?}");
    assert!((platt.intercept() + 1.111_680_82).abs() < 1e-5, "{platt:?}");
    let weights = uniform(200, 3);
    let platt = Platt::fit(&rows.weighted(&weights).unwrap(), NO_PRIOR).unwrap();
    assert!((platt.slope() - 1.347_396_76).abs() < 1e-5, "{platt:?}");
    let beta = serde_json::to_value(Beta::fit(&rows, NO_PRIOR).unwrap()).unwrap();
    for (name, expected) in
        [("rise", 2.005_199_63), ("fall", 1.145_917_36), ("intercept", -0.463_892_96)]
    {
        let found = beta[name].as_f64().unwrap();
        assert!((found - expected).abs() < 1e-5, "{name} {found}");
    }
}

#[test]
fn calibration_brings_wrong_probabilities_to_their_rates() {
    let (happened, said) = too_high(20_000);
    let rows = Probabilities::new(&happened, &said).unwrap();
    for calibrator in all(&rows).iter().skip(1) {
        let calibrated: Vec<f64> = said.iter().map(|said| calibrator.apply(*said)).collect();
        let after = Probabilities::new(&happened, &calibrated).unwrap();
        let error = after.expected_calibration_error().unwrap();
        assert!(error < 0.02, "{calibrator:?} leaves {error}");
        assert!(rows.expected_calibration_error().unwrap() > 0.15);
    }
}

#[test]
fn few_events_change_little_and_none_change_nothing() {
    let none = Probabilities::new(&[], &[]).unwrap();
    let (platt, beta) =
        (Platt::fit(&none, PRIOR_EVENTS).unwrap(), Beta::fit(&none, PRIOR_EVENTS).unwrap());
    for p in [0.001, 0.2, 0.5, 0.97] {
        assert!((platt.apply(p) - p).abs() < 1e-12);
        assert!((beta.apply(p) - p).abs() < 1e-12);
    }
    // Three rows that contradict the probabilities.
    let few = Probabilities::new(&[true, false, false], &[0.1, 0.9, 0.8]).unwrap();
    let moved = Platt::fit(&few, PRIOR_EVENTS).unwrap();
    assert!((moved.slope() - 1.0).abs() < 0.25 && moved.intercept().abs() < 0.05, "{moved:?}");
}

#[test]
fn every_calibrator_takes_the_edges() {
    let cases: [(&[bool], &[f64]); 6] = [
        (&[true], &[0.3]),
        (&[false], &[0.0]),
        (&[true, true, true], &[0.1, 0.5, 1.0]),
        (&[false, false], &[0.0, 1.0]),
        (&[true, false, true, false], &[0.5; 4]),
        (&[false, true], &[1.0, 0.0]),
    ];
    for (happened, said) in cases {
        let rows = Probabilities::new(happened, said).unwrap();
        for calibrator in all(&rows).iter().skip(1) {
            let values = [0.0, 1e-300, 0.3, 0.5, 1.0 - 1e-16, 1.0].map(|p| calibrator.apply(p));
            let inner = values.iter().all(|value| *value > 0.0 && *value < 1.0);
            assert!(inner, "{calibrator:?} of {happened:?} gives {values:?}");
            assert!(values.is_sorted(), "{calibrator:?} of {happened:?} gives {values:?}");
            assert!(calibrator.apply(f64::NAN).is_nan());
        }
    }
}

#[test]
fn a_contradicted_order_is_levelled_never_turned() {
    let said = uniform(2_000, 5);
    let happened: Vec<bool> =
        said.iter().zip(uniform(2_000, 6)).map(|(said, draw)| draw > *said).collect();
    let rows = Probabilities::new(&happened, &said).unwrap();
    let platt = Platt::fit(&rows, PRIOR_EVENTS).unwrap();
    assert_eq!(platt.slope(), 0.0);
    for calibrator in all(&rows).iter().skip(1) {
        assert!((calibrator.apply(0.5) - 0.5).abs() < 0.05, "{calibrator:?}");
        assert!(calibrator.apply(0.9) >= calibrator.apply(0.1));
    }
}

#[test]
fn rows_without_weight_are_no_rows() {
    let rows = Scores::new(&[true, false], &[0.1, 0.2]).unwrap();
    let none = Calibrator::isotonic(&rows.weighted(&[0.0, 0.0]).unwrap());
    assert_eq!(none, Err(CalibrationError::NoRows));
    let rows = Probabilities::new(&[true], &[0.1]).unwrap();
    let refused = Calibrator::beta(&rows, 0.0).unwrap_err();
    assert_eq!(refused.to_string(), "`prior_events` is `0`, which is not a finite number above 0");
}

#[test]
fn a_calibrator_survives_a_round_trip_and_a_forged_one_does_not() {
    let (happened, said) = too_high(200);
    let rows = Probabilities::new(&happened, &said).unwrap();
    for calibrator in all(&rows) {
        let bytes = rmp_serde::to_vec_named(&calibrator).unwrap();
        assert_eq!(rmp_serde::from_slice::<Calibrator>(&bytes).unwrap(), calibrator);
    }
    for forged in [
        r#"{"Isotonic":{"centres":[],"values":[]}}"#,
        r#"{"Isotonic":{"centres":[1.0,0.0],"values":[0.1,0.2]}}"#,
        r#"{"Isotonic":{"centres":[0.0,1.0],"values":[0.3,0.2]}}"#,
        r#"{"Isotonic":{"centres":[0.0],"values":[1.5]}}"#,
        r#"{"Platt":{"slope":-1.0,"intercept":0.0}}"#,
        r#"{"Beta":{"rise":1.0,"fall":-0.5,"intercept":0.0}}"#,
    ] {
        assert!(serde_json::from_str::<Calibrator>(forged).is_err(), "{forged}");
    }
}

#[test]
fn the_shift_moves_the_rate_and_keeps_certainty() {
    let rates = BaseRates { training: 0.5, local: 0.01 };
    assert_eq!(shift(0.0, rates), Some(0.0));
    assert_eq!(shift(1.0, rates), Some(1.0));
    assert!((shift(0.5, rates).unwrap() - 0.01).abs() < 1e-15);
    let same = BaseRates { training: 0.2, local: 0.2 };
    assert!((shift(0.7, same).unwrap() - 0.7).abs() < 1e-15);
    let tiny = BaseRates { training: 1e-300, local: 1.0 - 1e-16 };
    assert_eq!(shift(1e-300, tiny), Some(1.0));
    for rates in [(0.0, 0.5), (0.5, 0.0), (1.0, 0.5), (0.5, f64::NAN)] {
        assert_eq!(shift(0.5, BaseRates { training: rates.0, local: rates.1 }), None);
    }
    assert_eq!(shift(f64::NAN, same), None);
}

#[test]
fn a_local_rate_starts_at_the_training_rate_and_learns() {
    let fresh = LocalRate::unseen();
    assert_eq!(fresh.posterior_mean(2.5), Some(2.5));
    // 100 pod-days without an event, where training had 2.5 a pod-day: 20 / (20 / 2.5 + 100).
    let quiet = LocalRate { exposure: 100.0, ..fresh };
    assert!((quiet.posterior_mean(2.5).unwrap() - 20.0 / 108.0).abs() < 1e-15);
    assert!((quiet.ratio(2.5).unwrap() - 20.0 / 108.0 / 2.5).abs() < 1e-15);
    let long = LocalRate { events: 10_000.0, exposure: 100_000.0, ..fresh };
    assert!((long.posterior_mean(2.5).unwrap() - 0.1).abs() < 0.001);
    assert_eq!(fresh.posterior_mean(0.0), None);
    assert_eq!(LocalRate { events: -1.0, ..fresh }.posterior_mean(1.0), None);
    assert_eq!(LocalRate { prior_events: 0.0, ..fresh }.posterior_mean(1.0), None);
}

#[test]
fn a_scaled_share_follows_the_ratio_of_the_rates() {
    let rates = BaseRates::scaled(0.02, 0.05);
    assert!((rates.local - 0.001).abs() < 2e-5, "{rates:?}");
    assert!((BaseRates::scaled(0.3, 1.0).local - 0.3).abs() < 1e-15);
    assert!(BaseRates::scaled(0.9, 50.0).local <= 1.0);
}

/// `evaluation.md` section 3, prevalence, on drawn rows: rows with the event thinned to 1 in 20.
#[test]
fn the_shift_calibrates_where_events_are_thinned() {
    let (mut happened, mut thinned) = (Vec::new(), Vec::new());
    for row in uniform(600_000, 7).chunks_exact(3) {
        let (said, draw, keep) = (row[0], row[1], row[2]);
        let event = draw < said;
        if !event || keep < 0.05 {
            happened.push(event);
            thinned.push(said);
        }
    }
    let before = Probabilities::new(&happened, &thinned).unwrap();
    assert!(before.expected_calibration_error().unwrap() > 0.2);
    let local = happened.iter().filter(|event| **event).count() as f64 / happened.len() as f64;
    let rates = BaseRates { training: 0.5, local };
    let shifted: Vec<f64> = thinned.iter().map(|p| shift(*p, rates).unwrap()).collect();
    let after = Probabilities::new(&happened, &shifted).unwrap();
    assert!(after.expected_calibration_error().unwrap() < 0.01);
}

proptest! {
    #[test]
    fn every_calibrator_is_monotone_within_bounds_and_blind_to_order(
        rows in prop::collection::vec((any::<bool>(), 0.0..=1.0_f64, 0_u8..4), 1..40),
        mut probes in prop::collection::vec(0.0..=1.0_f64, 2..20),
    ) {
        let happened: Vec<bool> = rows.iter().map(|row| row.0).collect();
        let said: Vec<f64> = rows.iter().map(|row| row.1).collect();
        let weights: Vec<f64> = rows.iter().map(|row| f64::from(row.2) + 1.0).collect();
        let given = Probabilities::new(&happened, &said).unwrap().weighted(&weights).unwrap();
        let repeated: Vec<(bool, f64)> = rows
            .iter()
            .rev()
            .flat_map(|row| std::iter::repeat_n((row.0, row.1), usize::from(row.2) + 1))
            .collect();
        let (happened_again, said_again): (Vec<bool>, Vec<f64>) = repeated.into_iter().unzip();
        let again = Probabilities::new(&happened_again, &said_again).unwrap();
        probes.sort_by(f64::total_cmp);
        for (one, other) in all(&given).iter().zip(all(&again)) {
            let values: Vec<f64> = probes.iter().map(|p| one.apply(*p)).collect();
            prop_assert!(values.is_sorted(), "{:?} {:?}", one, values);
            prop_assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
            for (p, value) in probes.iter().zip(&values) {
                prop_assert!((other.apply(*p) - value).abs() < 1e-6, "{:?} {:?}", one, other);
            }
        }
    }

    #[test]
    fn the_shift_goes_back(p in 0.0..=1.0_f64, a in 0.001..0.999_f64, b in 0.001..0.999_f64) {
        let there = shift(p, BaseRates { training: a, local: b }).unwrap();
        let back = shift(there, BaseRates { training: b, local: a }).unwrap();
        prop_assert!((back - p).abs() < 1e-9);
    }
}

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

fn near(found: Option<f64>, expected: f64) {
    let found = found.expect("the metric is defined");
    assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
}

const N: usize = 200;

/// Golden values of scikit-learn 1.9.1 (`roc_auc_score`, `average_precision_score`,
/// `brier_score_loss`, `log_loss`) on 200 rows of `uniform`, plain and weighted.
#[test]
fn binary_metrics_agree_with_scikit_learn() {
    let (u, v, weights) = (uniform(N, 1), uniform(N, 2), uniform(N, 3));
    let happened: Vec<bool> = u.iter().zip(&v).map(|(u, v)| v < u).collect();
    let tied: Vec<f64> = u.iter().map(|u| (u * 20.0).floor() / 20.0).collect();
    let plain = Probabilities::new(&happened, &tied).unwrap();
    let weighted = plain.weighted(&weights).unwrap();
    near(plain.roc_auc(), 0.811_074_429_771_908_8);
    near(weighted.roc_auc(), 0.843_143_020_839_482_9);
    near(plain.average_precision(), 0.811_063_821_923_838);
    near(weighted.average_precision(), 0.846_017_348_550_867_7);
    near(plain.brier(), 0.177_2);
    near(weighted.brier(), 0.160_806_122_271_652_64);
    let inner: Vec<f64> = u.iter().map(|u| u.clamp(0.01, 0.99)).collect();
    let plain = Probabilities::new(&happened, &inner).unwrap();
    near(plain.log_loss(), 0.525_895_606_123_629_4);
    near(plain.weighted(&weights).unwrap().log_loss(), 0.483_220_190_584_012_17);
}

/// Golden values of scikit-learn 1.9.1 (`accuracy_score`, `precision_recall_fscore_support` with
/// `average="macro", zero_division=0`) where one of four predicted classes never occurs.
#[test]
fn class_metrics_agree_with_scikit_learn() {
    let (truth, predicted, weights) = classified();
    let matrix = |weights| {
        let rows = ClassifiedRows { truth: &truth, predicted: &predicted, weights, n_classes: 4 };
        ConfusionMatrix::of(rows).unwrap()
    };
    let plain = matrix(None);
    near(plain.accuracy(), 0.7);
    near(plain.balanced_accuracy(), 0.700_810_185_185_185_1);
    let scores = plain.macro_scores().unwrap();
    near(Some(scores.f1), 0.545_516_783_949_352_1);
    near(Some(scores.precision), 0.567_363_056_998_360_3);
    near(Some(scores.recall), 0.525_607_638_888_888_8);
    let weighted = matrix(Some(&weights));
    near(weighted.accuracy(), 0.700_683_710_102_064);
    let scores = weighted.macro_scores().unwrap();
    near(Some(scores.f1), 0.543_161_593_238_875);
    near(Some(scores.precision), 0.564_694_646_724_288_4);
    near(Some(scores.recall), 0.524_866_740_998_065_2);
    let last = plain.classes().last().unwrap();
    assert_eq!((last.precision, last.recall, last.f1), (Some(0.0), None, Some(0.0)));
}

fn classified() -> (Vec<u32>, Vec<u32>, Vec<f64>) {
    let truth: Vec<u32> = uniform(N, 4).iter().map(|u| (u * 3.0) as u32).collect();
    let (keep, other) = (uniform(N, 5), uniform(N, 6));
    let predicted =
        (0..N).map(|i| if keep[i] < 0.6 { truth[i] } else { (other[i] * 4.0) as u32 }).collect();
    (truth, predicted, uniform(N, 3))
}

/// Golden values of scikit-learn 1.9.1 (`log_loss`, `average_precision_score` of class 1,
/// `mean_pinball_loss`).
#[test]
fn class_probabilities_and_quantiles_agree_with_scikit_learn() {
    let (truth, _, weights) = classified();
    let columns = [uniform(N, 7), uniform(N, 8), uniform(N, 9)];
    let mut said = Vec::new();
    for row in 0..N {
        let mut values = columns.each_ref().map(|column| column[row] + 0.05);
        values[truth[row] as usize] += 0.7;
        let sum: f64 = values.iter().sum();
        said.extend(values.map(|value| value / sum));
    }
    let table = ClassProbabilities::new(&truth, &said, 3).unwrap();
    near(table.log_loss(), 0.625_207_541_737_609_4);
    near(table.average_precision(1), 0.986_486_417_873_907);
    assert_eq!(table.average_precision(7), None);
    let (really, said): (Vec<f64>, Vec<f64>) =
        uniform(N, 10).iter().zip(uniform(N, 11)).map(|(a, b)| (a * 10.0, b * 10.0)).unzip();
    let forecasts = QuantileForecasts::new(&really, &said).unwrap();
    near(forecasts.pinball_loss(0.9), 1.700_400_749_518_046_9);
    near(forecasts.weighted(&weights).unwrap().pinball_loss(0.1), 1.530_130_802_551_585_2);
}

#[test]
fn a_metric_without_its_data_is_undefined_not_zero() {
    let nothing = Probabilities::new(&[], &[]).unwrap();
    assert_eq!(nothing.brier(), None);
    assert_eq!(nothing.log_loss(), None);
    assert_eq!(nothing.roc_auc(), None);
    assert_eq!(nothing.average_precision(), None);
    assert_eq!(nothing.expected_calibration_error(), None);
    assert_eq!(nothing.calibration_error_of_the_top(), None);
    assert_eq!(nothing.brier_skill(Climatology::Everywhere(0.1)).unwrap(), None);
    let one_class = Probabilities::new(&[false, false], &[0.2, 0.3]).unwrap();
    assert_eq!(one_class.roc_auc(), None);
    assert_eq!(one_class.average_precision(), None);
    assert!(one_class.brier().is_some());
    let none: [f64; 0] = [];
    assert_eq!(QuantileForecasts::new(&none, &none).unwrap().pinball_loss(0.5), None);
    let rows = ClassifiedRows { truth: &[], predicted: &[], weights: None, n_classes: 2 };
    let matrix = ConfusionMatrix::of(rows).unwrap();
    assert_eq!(matrix.accuracy(), None);
    assert_eq!(matrix.balanced_accuracy(), None);
    assert_eq!(matrix.macro_scores(), None);
    assert_eq!(ClassProbabilities::new(&[], &[], 0).unwrap().log_loss(), None);
    let weightless = one_class.weighted(&[0.0, 0.0]).unwrap();
    assert_eq!(weightless.brier(), None);
    assert_eq!(weightless.average_precision(), None);
}

#[test]
fn extreme_probabilities_are_judged_without_nan() {
    let sure = Probabilities::new(&[true, false], &[1.0, 0.0]).unwrap();
    assert_eq!(sure.log_loss(), Some(0.0));
    assert_eq!(sure.brier(), Some(0.0));
    let wrong = Probabilities::new(&[true, false], &[0.0, 1.0]).unwrap();
    assert_eq!(wrong.log_loss(), Some(f64::INFINITY));
    let without = wrong.weighted(&[0.0, 0.0]).unwrap();
    assert_eq!(without.log_loss(), None);
    let ruled_out = ClassProbabilities::new(&[0], &[0.0, 1.0], 2).unwrap();
    assert!(ruled_out.log_loss().unwrap().is_finite());
}

#[test]
fn a_constant_probability_errs_by_its_distance_to_the_rate() {
    let happened: Vec<bool> = (0..300).map(|i| i < 60).collect();
    let said = vec![0.5; 300];
    let rows = Probabilities::new(&happened, &said).unwrap();
    near(rows.expected_calibration_error(), 0.3);
    near(rows.calibration_error_of_the_top(), 0.3);
    near(rows.roc_auc(), 0.5);
    near(rows.average_precision(), 0.2);
}

#[test]
fn the_calibration_error_is_withheld_without_skill() {
    // As many rows as bins, so that no bin mixes both probabilities.
    let happened: Vec<bool> = (0..15).map(|row| row < 3).collect();
    let rows = Probabilities::new(&happened, &[0.2; 15]).unwrap();
    let at_climatology = rows.calibration(Climatology::Everywhere(0.2)).unwrap();
    assert!(at_climatology.brier_skill.unwrap().abs() < 1e-12);
    assert_eq!((at_climatology.ece, at_climatology.ece_top), (None, None));
    let said: Vec<f64> =
        happened.iter().map(|happened| if *happened { 0.9 } else { 0.1 }).collect();
    let better = Probabilities::new(&happened, &said).unwrap();
    let skilled = better.calibration(Climatology::PerRow(&[0.2; 15])).unwrap();
    near(skilled.ece, 0.1);
    near(skilled.ece_top, 0.1);
    // A climatology that is never wrong leaves nothing to save.
    let quiet = Probabilities::new(&[false], &[0.1]).unwrap();
    assert_eq!(quiet.brier_skill(Climatology::Everywhere(0.0)).unwrap(), None);
}

#[test]
fn unusable_rows_are_refused_with_place_and_value() {
    let refused = Probabilities::new(&[true, false], &[0.5, 1.5]).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "row 1: `probabilities` is `1.5`, which is not between 0 and 1"
    );
    assert!(Probabilities::new(&[true], &[f64::NAN]).is_err());
    assert!(Scores::new(&[true], &[f64::INFINITY]).is_err());
    assert!(Scores::new(&[true], &[]).is_err());
    assert!(Scores::new(&[true], &[1.0]).unwrap().weighted(&[-1.0]).is_err());
    let rows = ClassifiedRows { truth: &[2], predicted: &[0], weights: None, n_classes: 2 };
    assert_eq!(
        ConfusionMatrix::of(rows).unwrap_err().to_string(),
        "row 0: class `2` in `truth`, but classes run from 0 to below 2"
    );
    assert!(ClassProbabilities::new(&[0], &[0.4, 0.4], 2).is_err());
    let rows = Probabilities::new(&[true], &[0.5]).unwrap();
    assert!(rows.brier_skill(Climatology::PerRow(&[])).is_err());
    assert!(rows.brier_skill(Climatology::Everywhere(2.0)).is_err());
}

fn rows() -> impl Strategy<Value = Vec<(bool, f64, u8)>> {
    prop::collection::vec(
        (any::<bool>(), (0_u8..=20).prop_map(|i| f64::from(i) / 20.0), 0_u8..4),
        1..60,
    )
}

proptest! {
    #[test]
    fn a_weight_counts_as_that_many_rows(rows in rows()) {
        let happened: Vec<bool> = rows.iter().map(|row| row.0).collect();
        let said: Vec<f64> = rows.iter().map(|row| row.1).collect();
        let weights: Vec<f64> = rows.iter().map(|row| f64::from(row.2)).collect();
        let repeated: Vec<(bool, f64)> = rows
            .iter()
            .flat_map(|row| std::iter::repeat_n((row.0, row.1), usize::from(row.2)))
            .collect();
        let (happened_again, said_again): (Vec<bool>, Vec<f64>) = repeated.into_iter().unzip();
        let one = Probabilities::new(&happened, &said).unwrap().weighted(&weights).unwrap();
        let other = Probabilities::new(&happened_again, &said_again).unwrap();
        let pairs = [
            (one.roc_auc(), other.roc_auc()),
            (one.average_precision(), other.average_precision()),
            (one.brier(), other.brier()),
            (one.log_loss(), other.log_loss()),
            (one.expected_calibration_error(), other.expected_calibration_error()),
            (one.calibration_error_of_the_top(), other.calibration_error_of_the_top()),
        ];
        for (a, b) in pairs {
            prop_assert_eq!(a.is_some(), b.is_some());
            let (a, b) = (a.unwrap_or(0.0), b.unwrap_or(0.0));
            prop_assert!(a == b || (a - b).abs() < 1e-9, "{} {}", a, b);
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(rows in rows()) {
        let mut turned = rows.clone();
        turned.reverse();
        let split = |rows: &[(bool, f64, u8)]| -> (Vec<bool>, Vec<f64>) {
            rows.iter().map(|row| (row.0, row.1)).unzip()
        };
        let ((happened, said), (happened_again, said_again)) = (split(&rows), split(&turned));
        let one = Probabilities::new(&happened, &said).unwrap();
        let other = Probabilities::new(&happened_again, &said_again).unwrap();
        prop_assert_eq!(one.roc_auc(), other.roc_auc());
        prop_assert_eq!(one.average_precision(), other.average_precision());
        prop_assert_eq!(one.reliability(15), other.reliability(15));
    }

    #[test]
    fn turned_scores_have_the_rest_of_the_area(rows in rows()) {
        let happened: Vec<bool> = rows.iter().map(|row| row.0).collect();
        let said: Vec<f64> = rows.iter().map(|row| row.1).collect();
        let turned: Vec<f64> = said.iter().map(|said| -said).collect();
        let one = Scores::new(&happened, &said).unwrap().roc_auc();
        let other = Scores::new(&happened, &turned).unwrap().roc_auc();
        prop_assert_eq!(one.is_some(), other.is_some());
        if let (Some(one), Some(other)) = (one, other) {
            prop_assert!((one + other - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn bins_hold_equal_mass_and_all_of_it(rows in rows()) {
        let happened: Vec<bool> = rows.iter().map(|row| row.0).collect();
        let said: Vec<f64> = rows.iter().map(|row| row.1).collect();
        let bins = Probabilities::new(&happened, &said).unwrap().reliability(15);
        let mass = rows.len() as f64;
        prop_assert_eq!(bins.len(), 15);
        prop_assert!(bins.iter().all(|bin| (bin.mass - mass / 15.0).abs() < 1e-9));
        let events: f64 = bins.iter().map(|bin| bin.happened * bin.mass).sum();
        let happened = happened.iter().filter(|happened| **happened).count() as f64;
        prop_assert!((events - happened).abs() < 1e-9);
    }
}

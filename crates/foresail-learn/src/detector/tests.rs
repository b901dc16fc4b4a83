use std::time::Duration;

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn noise(random: &mut ChaCha8Rng) -> f32 {
    (0..12).map(|_| random.random::<f32>()).sum::<f32>() - 6.0
}

/// Two features that move together, one that does not.
fn usual_row(random: &mut ChaCha8Rng) -> [f32; 3] {
    let load = noise(random);
    [50.0 + 10.0 * load, 5.0 + load + 0.05 * noise(random), 100.0 + 10.0 * noise(random)]
}

fn after_usual_times<D: Detector>(mut detector: D, n_rows: usize) -> D {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..n_rows {
        detector.observe(&usual_row(&mut random));
    }
    detector
}

#[test]
fn nothing_is_judged_before_sixteen_rows() {
    let mut watch = Watch::new(3, MINUTE);
    let mut random = ChaCha8Rng::seed_from_u64(2);
    for _ in 0..16 {
        assert_eq!(watch.observe(&usual_row(&mut random)), None);
    }
    assert!(watch.observe(&usual_row(&mut random)).is_some());
}

#[test]
fn centre_and_spread_are_found_and_outliers_hardly_move_them() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut scale = RobustScale::default();
    for i in 0..4000 {
        let value = if i % 20 == 19 { 1e6 } else { 100.0 + 10.0 * noise(&mut random) };
        scale.observe(value, Memory::default(), 1.0);
    }
    let deviation = scale.observe(130.0, Memory::default(), 1.0).unwrap();
    assert!((2.0..3.5).contains(&deviation), "{deviation}");
}

#[test]
fn a_change_within_the_least_spread_is_no_news() {
    let mut scale = RobustScale::default();
    for _ in 0..100 {
        scale.observe(100.0, Memory::default(), 1.0);
    }
    let deviation = scale.observe(104.0, Memory::default(), 1.0).unwrap();
    assert!((deviation - 0.8).abs() < 1e-3, "{deviation}");
}

#[test]
fn one_feature_that_leaves_its_range_raises_the_score_and_is_named() {
    let mut watch = Watch::new(3, MINUTE);
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut usual = None;
    for _ in 0..600 {
        usual = watch.observe(&usual_row(&mut random));
    }
    let usual = usual.unwrap();
    let mut unusual = usual;
    for _ in 0..20 {
        let mut row = usual_row(&mut random);
        row[2] += 70.0;
        unusual = watch.observe(&row).unwrap();
    }
    assert!(usual.largest < 2.5 && unusual.largest > 4.0, "{usual:?} {unusual:?}");
    assert!(unusual.p_value <= 2.0 / 76.0, "{unusual:?}");
    let deviations = watch.deviations();
    assert!(deviations[2] > 3.0 && deviations[0].abs() < 4.0, "{deviations:?}");
}

#[test]
fn a_broken_correlation_is_unexplained_though_each_feature_is_in_range() {
    let smoother = Smoother::half_life(0.0);
    let new = || RobustPca::with(3, 2, (Memory::default(), smoother));
    let together = after_usual_times(new(), 800).observe(&[65.0, 6.5, 100.0]).unwrap();
    let apart = after_usual_times(new(), 800).observe(&[65.0, 3.5, 100.0]).unwrap();
    assert!(apart > 4.0 * together, "together {together}, apart {apart}");
}

#[test]
fn an_unusual_time_is_not_soon_taken_for_usual() {
    let mut deviation = after_usual_times(Deviation::new(3), 600);
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let mut scores = Vec::new();
    for _ in 0..120 {
        let mut row = usual_row(&mut random);
        row[2] += 100.0;
        scores.push(deviation.observe(&row).unwrap());
    }
    assert!(scores[119] > 4.0, "{:?}", &scores[100..]);
}

/// What every detector must do.
macro_rules! detector_suite {
    ($($name:ident: $new:expr;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn the_same_rows_give_the_same_bytes() {
                let run = || rmp_serde::to_vec(&after_usual_times($new, 500)).unwrap();
                assert_eq!(run(), run());
            }

            #[test]
            fn a_stored_state_goes_on_as_if_nothing_had_happened() {
                let mut detector = after_usual_times($new, 500);
                let bytes = rmp_serde::to_vec_named(&detector).unwrap();
                let mut restored = detector.clone();
                restored.clone_from(&rmp_serde::from_slice(&bytes).unwrap());
                let mut random = ChaCha8Rng::seed_from_u64(5);
                for _ in 0..100 {
                    let row = usual_row(&mut random);
                    assert_eq!(detector.observe(&row), restored.observe(&row));
                }
            }

            #[test]
            fn a_row_without_values_says_nothing_and_changes_no_later_answer() {
                let mut detector = after_usual_times($new, 500);
                let mut other = detector.clone();
                assert_eq!(detector.observe(&[f32::NAN, f32::INFINITY]), None);
                assert_eq!(detector.observe(&[]), None);
                let row = [55.0, 5.5, 90.0];
                assert_eq!(detector.observe(&row), other.observe(&row));
            }

            #[test]
            fn surplus_values_are_not_read_and_absent_ones_are_missing() {
                let detector = after_usual_times($new, 500);
                let answer = |row: &[f32]| detector.clone().observe(row);
                assert_eq!(answer(&[55.0, 5.5, 90.0, 1e9]), answer(&[55.0, 5.5, 90.0]));
                assert_eq!(answer(&[55.0]), answer(&[55.0, f32::NAN, f32::NAN]));
            }
        }
    )*};
}

detector_suite! {
    deviation: Deviation::new(3);
    robust_pca: RobustPca::new(3, 2);
    robust_pca_without_components: RobustPca::new(3, 0);
    robust_pca_of_all_components: RobustPca::new(3, 9);
}

#[test]
fn a_stored_watch_goes_on_as_if_nothing_had_happened() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut watch = Watch::new(3, MINUTE);
    for _ in 0..2000 {
        watch.observe(&usual_row(&mut random));
    }
    let bytes = rmp_serde::to_vec_named(&watch).unwrap();
    let mut restored: Watch = rmp_serde::from_slice(&bytes).unwrap();
    for _ in 0..100 {
        let row = usual_row(&mut random);
        assert_eq!(watch.observe(&row), restored.observe(&row));
    }
}

#[test]
fn the_state_of_a_wide_row_stays_below_eight_kibibytes() {
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let mut watch = Watch::new(38, MINUTE);
    for _ in 0..3000 {
        let row: Vec<f32> = (0..38).map(|_| noise(&mut random)).collect();
        watch.observe(&row);
    }
    let bytes = rmp_serde::to_vec(&watch).unwrap().len();
    assert!(bytes < 8 * 1024, "{bytes}");
}

#[test]
fn p_values_of_exchangeable_scores_are_even() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut recent = RecentScores::default();
    let n_low = (0..20_000)
        .map(|_| recent.p_value(f64::from(noise(&mut random))))
        .skip(1024)
        .filter(|p_value| *p_value <= 0.05)
        .count();
    // 6 of 129 places are at or below 0.05.
    let share = n_low as f64 / (20_000 - 1024) as f64;
    assert!((share - 6.0 / 129.0).abs() < 0.02, "{share}");
}

#[test]
fn rows_without_values_and_detectors_without_features_say_nothing() {
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let mut watch = Watch::new(3, MINUTE);
    for _ in 0..50 {
        watch.observe(&usual_row(&mut random));
    }
    let mut other = watch.clone();
    assert_eq!(watch.observe(&[f32::NAN; 3]), None);
    assert_eq!(watch.observe(&[]), None);
    assert_eq!(watch.observe(&[f32::INFINITY; 3]), None);
    let row = usual_row(&mut random);
    assert_eq!(watch.observe(&row), other.observe(&row));
    let mut empty = Watch::new(0, MINUTE);
    for _ in 0..40 {
        assert_eq!(empty.observe(&[1.0]), None);
    }
}

proptest! {
    #[test]
    fn any_values_give_finite_scores_in_range(
        rows in proptest::collection::vec(proptest::array::uniform4(any::<f32>()), 1..120)
    ) {
        let mut watch = Watch::new(4, MINUTE);
        for row in rows {
            if let Some(judgement) = watch.observe(&row) {
                prop_assert!((0.0..=8.0).contains(&judgement.largest));
                prop_assert!((0.0..=64.0).contains(&judgement.breadth));
                prop_assert!(judgement.unexplained.is_finite() && judgement.unexplained >= 0.0);
                prop_assert!(judgement.p_value > 0.0 && judgement.p_value <= 1.0);
            }
        }
    }
}

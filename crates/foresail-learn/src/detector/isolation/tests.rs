use super::*;

#[derive(serde::Deserialize)]
struct Fixture {
    n_features: usize,
    values: Vec<f32>,
    scores: Vec<f64>,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../../../../../fixtures/learn/isolation.json"))
        .expect("committed")
}

fn small() -> IsolationForest {
    let params = IsolationParams { n_trees: 10, ..IsolationParams::default() };
    IsolationForest::fit(&fixture().values, 4, params).unwrap()
}

#[test]
fn scores_agree_with_scikit_learn() {
    let fixture = fixture();
    let mut mean = vec![0.0; fixture.scores.len()];
    for seed in 0..20 {
        let params = IsolationParams { seed, ..IsolationParams::default() };
        let forest = IsolationForest::fit(&fixture.values, fixture.n_features, params).unwrap();
        for (sum, score) in mean.iter_mut().zip(forest.score(&fixture.values).unwrap()) {
            *sum += score / 20.0;
        }
    }
    let worst = mean.iter().zip(&fixture.scores).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    // Two means of 20 forests each: a score of one forest varies by about .01 with the seed.
    assert!(worst < 0.012, "{worst}");
}

#[test]
fn the_same_seed_gives_the_same_forest_at_any_number_of_threads() {
    let fixture = fixture();
    let fit = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| IsolationForest::fit(&fixture.values, 4, IsolationParams::default()))
    };
    assert_eq!(fit(1).unwrap(), fit(3).unwrap());
    let other = IsolationParams { seed: 1, ..IsolationParams::default() };
    assert_ne!(fit(1).unwrap(), IsolationForest::fit(&fixture.values, 4, other).unwrap());
}

#[test]
fn a_gap_alone_is_not_unusual_and_an_outlier_with_a_gap_is() {
    let mut values = fixture().values;
    for (i, value) in values.iter_mut().enumerate().skip(32) {
        if i % 7 == 0 {
            *value = f32::NAN;
        }
    }
    let forest = IsolationForest::fit(&values, 4, IsolationParams::default()).unwrap();
    let rows = [[0.0, 0.0, 0.0, 0.0], [0.0, f32::NAN, 0.0, 0.0], [5.0, 5.0, f32::NAN, 5.0]];
    let scores = forest.score(rows.as_flattened()).unwrap();
    assert!((scores[1] - scores[0]).abs() < 0.05, "{scores:?}");
    assert!(scores[2] > 0.6 && scores[0] < 0.5, "{scores:?}");
}

#[test]
fn one_row_constant_columns_and_all_missing_are_no_reason_to_fail() {
    for values in [vec![1.0, 2.0], vec![3.0; 40], vec![f32::NAN; 40]] {
        let forest = IsolationForest::fit(&values, 2, IsolationParams::default()).unwrap();
        let scores = forest.score(&values).unwrap();
        assert!(scores.iter().all(|score| (score - scores[0]).abs() < 1e-12), "{scores:?}");
    }
}

#[test]
fn what_cannot_be_grown_or_scored_is_refused() {
    let fit = |values: &[f32], n| IsolationForest::fit(values, n, IsolationParams::default());
    let refusals = [
        (
            fit(&[], 2).map(drop),
            "no rows, no features or no trees: `0` rows, `2` features, `100` trees",
        ),
        (fit(&[1.0; 5], 2).map(drop), "`5` values do not make rows of `2` features"),
        (fit(&[1.0; 5], 0).map(drop), "`5` values do not make rows of `0` features"),
        (
            fit(&[1.0, 1.0, 1.0, f32::INFINITY], 2).map(drop),
            "the value of feature `1` in row `1` is infinite",
        ),
        (small().score(&[0.0; 3]).map(drop), "`3` values do not make rows of `4` features"),
    ];
    for (found, expected) in refusals {
        assert_eq!(found.unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_stored_forest_scores_the_same_and_a_damaged_one_is_refused() {
    let forest = small();
    let bytes = rmp_serde::to_vec_named(&forest).unwrap();
    let restored: IsolationForest = rmp_serde::from_slice(&bytes).unwrap();
    assert_eq!(restored, forest);
    let damages: [fn(&mut Tree); 4] = [
        |tree| tree.left[0] = 0,
        |tree| tree.left[0] = u32::MAX - 1,
        |tree| tree.feature[0] = 4,
        |tree| tree.value.truncate(1),
    ];
    for damage in damages {
        let mut damaged = forest.clone();
        damage(&mut damaged.trees[3]);
        let bytes = rmp_serde::to_vec_named(&damaged).unwrap();
        let error = rmp_serde::from_slice::<IsolationForest>(&bytes).unwrap_err().to_string();
        assert!(error.contains("node `0` of tree `3` is damaged"), "{error}");
    }
}

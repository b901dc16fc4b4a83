use super::*;
use crate::frame::{Column, ColumnSchema, MISSING_CODE, Schema};

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

fn params(ridge: f64) -> ValidLogisticParams {
    LogisticParams { ridge, missing: MissingNumbers::MeanAndIndicator }.check().unwrap()
}

fn plain(happened: &[bool]) -> Labels<'_> {
    Labels { happened, weights: None }
}

fn numbers(columns: Vec<Vec<f32>>) -> Frame {
    let names: Vec<String> = (0..columns.len()).map(|i| format!("x{i}")).collect();
    Frame::new(Schema::numbers(&names).unwrap(), columns.into_iter().map(Column::Number).collect())
        .unwrap()
}

fn golden() -> (Frame, Vec<bool>) {
    let [a, b, c, d] = [21, 22, 23, 24].map(|seed| uniform(200, seed));
    let column = |values: &[f64], map: fn(f64) -> f64| -> Vec<f32> {
        values.iter().map(|value| map(*value) as f32).collect()
    };
    let columns = vec![
        column(&a, |x| x),
        column(&b, |x| x * 100.0),
        column(&c, |x| x * x * x),
        column(&d, |x| x),
    ];
    let draws = uniform(200, 25);
    let happened = (0..200)
        .map(|row| {
            let [a, b, c] = [0, 1, 2].map(|column: usize| f64::from(columns[column][row]));
            draws[row] < sigmoid(3.0 * a - 0.03 * b + 2.0 * c - 0.5)
        })
        .collect();
    (numbers(columns), happened)
}

/// Golden values of scikit-learn 1.9.1: `StandardScaler`, `LogisticRegression(C=1/ridge, tol=1e-12)`.
/// Standardised values pass through single precision here, hence 1e-6.
#[test]
fn coefficients_and_probabilities_agree_with_scikit_learn() {
    let (frame, happened) = golden();
    let weights = uniform(200, 3);
    let cases = [
        (
            1.0,
            None,
            [1.202_557_672, -1.081_101_250, 0.626_544_298, -0.411_176_210, 0.133_802_557],
            [0.185_682_243, 0.831_163_221, 0.444_792_709],
        ),
        (
            10.0,
            Some(weights.as_slice()),
            [0.785_689_757, -0.549_233_941, 0.398_686_801, -0.086_632_733, 0.037_116_296],
            [0.267_560_510, 0.735_837_574, 0.481_379_130],
        ),
    ];
    for (ridge, weights, coefficients, probabilities) in cases {
        let model = params(ridge).fit(&frame, Labels { happened: &happened, weights }).unwrap();
        let found: Vec<f64> = model.coefficients.iter().copied().chain([model.intercept]).collect();
        for (found, expected) in found.iter().zip(coefficients) {
            assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
        }
        for (found, expected) in model.predict(&frame).unwrap().iter().zip(probabilities) {
            assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
        }
    }
}

#[test]
fn one_class_gives_a_small_probability_not_zero() {
    let frame = numbers(vec![vec![0.0, 1.0, 2.0]]);
    let model = params(1.0).fit(&frame, plain(&[false; 3])).unwrap();
    let said = model.predict(&frame).unwrap();
    assert!(said.iter().all(|p| *p > 0.0 && *p < 1e-3), "{said:?}");
    let model = params(1.0).fit(&frame, plain(&[true; 3])).unwrap();
    assert!(model.predict(&frame).unwrap().iter().all(|p| *p > 0.999 && *p < 1.0));
}

#[test]
fn separable_rows_stay_finite() {
    let values: Vec<f32> = (0..100).map(|i| i as f32).collect();
    let happened: Vec<bool> = (0..100).map(|i| i >= 50).collect();
    let frame = numbers(vec![values.clone(), values]);
    let model = params(1e-6).fit(&frame, plain(&happened)).unwrap();
    let said = model.predict(&frame).unwrap();
    assert!(said.iter().zip(&happened).all(|(p, happened)| (*p > 0.5) == *happened));
    assert!(model.coefficients.iter().all(|coefficient| coefficient.is_finite()));
}

#[test]
fn missing_and_constant_columns_have_no_term_and_missing_numbers_stand_at_the_mean() {
    let gap = f32::NAN;
    let frame = numbers(vec![vec![3.3; 4], vec![gap; 4], vec![1.0, gap, 2.0, 3.0]]);
    let happened = [false, true, true, false];
    let model = params(1.0).fit(&frame, plain(&happened)).unwrap();
    assert!(matches!(
        model.terms[..],
        [Term::Number { column: 2, .. }, Term::Missing { column: 2 }]
    ));
    let without = LogisticParams { missing: MissingNumbers::Mean, ..LogisticParams::default() };
    let model = without.check().unwrap().fit(&frame, plain(&happened)).unwrap();
    assert_eq!(model.terms.len(), 1);
    let said = model.predict(&frame).unwrap();
    assert_eq!(said[1], sigmoid(model.intercept));
    assert_eq!(said[1], said[2], "2 is the mean");
}

#[test]
fn a_number_never_met_in_training_does_not_outweigh_all_others() {
    let frame = numbers(vec![vec![1.0, 2.0, 3.0, 4.0]]);
    let model = params(1.0).fit(&frame, plain(&[false, false, true, true])).unwrap();
    let far = model.predict(&numbers(vec![vec![f32::MAX, 1e6]])).unwrap();
    assert_eq!(far[0], far[1]);
    assert!(far[0] < 1.0);
}

#[test]
fn levels_tell_and_a_missing_level_is_neutral() {
    let levels = vec!["a".to_owned(), "b".to_owned()];
    let schema = Schema::new(vec![ColumnSchema::category("zone", levels)]).unwrap();
    let codes = vec![0, 0, 0, 1, 1, 1, MISSING_CODE];
    let frame = Frame::new(schema, vec![Column::Category(codes)]).unwrap();
    let happened = [true, true, true, false, false, false, true];
    let model = params(0.1).fit(&frame, plain(&happened)).unwrap();
    let said = model.predict(&frame).unwrap();
    assert!(said[0] > 0.8 && said[3] < 0.2, "{said:?}");
    assert_eq!(said[6], sigmoid(model.intercept));
}

#[test]
fn contributions_and_the_intercept_make_the_logit() {
    let (frame, happened) = golden();
    let model = params(1.0).fit(&frame, plain(&happened)).unwrap();
    let said = model.predict(&frame).unwrap()[7];
    let sum: f64 = model.contributions(&frame, 7).unwrap().iter().map(|part| part.logit).sum();
    assert!((sigmoid(sum + model.intercept) - said).abs() < 1e-12);
}

#[test]
fn weights_count_as_rows_and_order_does_not_matter_much() {
    let (frame, happened) = golden();
    let weights: Vec<f64> = (0..200).map(|row| f64::from(row % 3)).collect();
    let repeated: Vec<usize> =
        (0..200).rev().flat_map(|row| std::iter::repeat_n(row, row % 3)).collect();
    let happened_again: Vec<bool> = repeated.iter().map(|row| happened[*row]).collect();
    let one =
        params(1.0).fit(&frame, Labels { happened: &happened, weights: Some(&weights) }).unwrap();
    let other =
        params(1.0).fit(&frame.select_rows(&repeated).unwrap(), plain(&happened_again)).unwrap();
    for (a, b) in one.coefficients.iter().zip(&other.coefficients) {
        assert!((a - b).abs() < 1e-6, "{a} {b}");
    }
}

#[test]
fn unusable_input_is_refused() {
    let frame = numbers(vec![vec![0.0, 1.0]]);
    let refused = params(1.0).fit(&frame, plain(&[true])).unwrap_err();
    assert_eq!(refused.to_string(), "`labels` has 1 values but there are 2 rows");
    let weights = [0.0, 0.0];
    let labels = Labels { happened: &[true, false], weights: Some(&weights) };
    assert_eq!(params(1.0).fit(&frame, labels), Err(LogisticError::NoRows));
    assert!(LogisticParams { ridge: 0.0, ..LogisticParams::default() }.check().is_err());
    let levels: Vec<String> = (0..=MOST_TERMS).map(|level| level.to_string()).collect();
    let schema = Schema::new(vec![ColumnSchema::category("name", levels)]).unwrap();
    let frame = Frame::new(schema, vec![Column::Category(vec![0])]).unwrap();
    assert!(matches!(
        params(1.0).fit(&frame, plain(&[true])),
        Err(LogisticError::TooManyTerms { n_terms: 2_001 })
    ));
    let forged = r#"{"schema":"0","intercept":0.0,"terms":[],"coefficients":[1.0]}"#;
    assert!(serde_json::from_str::<Logistic>(forged).is_err());
}

/// Thread pools of 1 and 3: the partial sums depend on the number of rows alone.
#[test]
fn the_fit_has_the_same_bytes_at_any_number_of_threads() {
    let n = 5_000;
    let columns: Vec<Vec<f32>> =
        (0..5).map(|seed| uniform(n, seed).iter().map(|u| *u as f32).collect()).collect();
    let happened: Vec<bool> =
        columns[0].iter().zip(uniform(n, 9)).map(|(x, draw)| draw < f64::from(*x)).collect();
    let frame = numbers(columns);
    let fit = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let model = pool.install(|| params(1.0).fit(&frame, plain(&happened)).unwrap());
        rmp_serde::to_vec_named(&model).unwrap()
    };
    assert_eq!(fit(1), fit(3));
}

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::frame::{Column, ColumnSchema, Schema};
use crate::tree::sample::{below, unit};
use crate::tree::{Direction, Monotone, Outputs, TreeParams};

struct Drawn {
    frame: Frame,
    classes: Vec<u32>,
    n_classes: usize,
}

impl Drawn {
    fn rows(&self) -> LabelledFrame<'_> {
        let Self { frame, classes, n_classes } = self;
        LabelledFrame { frame, classes, n_classes: *n_classes, weights: None }
    }
}

/// Two numbers, of which the first tells, and a category of six levels that tells a little.
fn draw(n_rows: usize, seed: u64, n_classes: usize) -> Drawn {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut xs, mut noise, mut zones, mut classes) = (vec![], vec![], vec![], vec![]);
    for _ in 0..n_rows {
        let (x, zone) = (below(&mut rng, 50) as f32 / 50.0, below(&mut rng, 6));
        xs.push(if unit(&mut rng) < 0.1 { f32::NAN } else { x });
        noise.push(below(&mut rng, 50) as f32);
        zones.push(zone as u32);
        let level = f64::from(x) * 0.6 + if zone == 2 { 0.2 } else { 0.0 } + unit(&mut rng) * 0.2;
        classes.push(((level * n_classes as f64) as u32).min(n_classes as u32 - 1));
    }
    let levels = (0..6).map(|level| level.to_string()).collect();
    let schema = Schema::new(vec![
        ColumnSchema::number("x"),
        ColumnSchema::number("noise"),
        ColumnSchema::category("zone", levels),
    ]);
    let columns = vec![Column::Number(xs), Column::Number(noise), Column::Category(zones)];
    Drawn { frame: Frame::new(schema.unwrap(), columns).unwrap(), classes, n_classes }
}

fn few_rounds() -> BoostingParams {
    BoostingParams { n_rounds: 20, ..BoostingParams::default() }
}

#[test]
fn a_weight_is_a_repetition() {
    for n_classes in [2, 3] {
        let drawn = draw(400, 1, n_classes);
        let weights: Vec<f32> = (0..400).map(|row| [1.0, 2.0, 3.0][row % 3]).collect();
        let repeated: Vec<usize> =
            (0..400).flat_map(|row| std::iter::repeat_n(row, row % 3 + 1)).collect();
        let frame = drawn.frame.select_rows(&repeated).unwrap();
        let classes: Vec<u32> = repeated.iter().map(|&row| drawn.classes[row]).collect();
        // Large leaves: in small ones splits of exactly equal gain are common, and rounding, which
        // differs between a weight and a repetition, then chooses.
        let tree = TreeParams { max_leaves: 6, min_rows: 60.0, ..TreeParams::default() };
        let params = BoostingParams { tree, ..few_rounds() }.check().unwrap();
        let weighted = LabelledFrame { weights: Some(&weights), ..drawn.rows() };
        let one = fit(&params, &weighted, None).unwrap();
        let rows = LabelledFrame { frame: &frame, classes: &classes, n_classes, weights: None };
        let other = fit(&params, &rows, None).unwrap();
        let [one, other] = [one, other].map(|model| model.predict_proba(&drawn.frame).unwrap());
        let apart = one.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(apart < 1e-4, "{apart}");
    }
}

#[test]
fn a_class_weight_is_a_weight() {
    let drawn = draw(300, 2, 3);
    let heavy = BoostingParams { class_weights: vec![1.0, 4.0, 1.0], ..few_rounds() };
    let model = fit(&heavy.check().unwrap(), &drawn.rows(), None).unwrap();
    let weights: Vec<f32> =
        drawn.classes.iter().map(|&class| if class == 1 { 4.0 } else { 1.0 }).collect();
    let weighted = LabelledFrame { weights: Some(&weights), ..drawn.rows() };
    let other = fit(&few_rounds().check().unwrap(), &weighted, None).unwrap();
    assert_eq!(model.base, other.base);
    let unknown = BoostingParams { class_weights: vec![1.0], ..few_rounds() };
    assert!(matches!(
        fit(&unknown.check().unwrap(), &drawn.rows(), None),
        Err(FitError::Length { what: "class weights", expected: 3, found: 1 })
    ));
}

#[test]
fn contributions_add_up_to_the_score() {
    for n_classes in [2_usize, 4] {
        let drawn = draw(500, 3, n_classes);
        let model = fit(&few_rounds().check().unwrap(), &drawn.rows(), None).unwrap();
        for row in [[0.1, 3.0, 2.0], [f32::NAN, f32::NAN, f32::NAN], [0.9, 40.0, 5.0]] {
            let score = |class: u32| {
                let found = model.contributions(&row, class).unwrap();
                found.bias + found.columns.iter().sum::<f64>()
            };
            let mut said = Vec::new();
            model.predict_into(&row, &mut said).unwrap();
            let log_odds = libm::log(said[1] / said[0]);
            let apart = if n_classes == 2 { score(1) } else { score(1) - score(0) };
            assert!((apart - log_odds).abs() < 1e-5, "{apart} {log_odds}");
        }
        assert!(model.contributions(&[0.0; 3], n_classes as u32).is_err());
    }
}

#[test]
fn validation_rows_end_the_fit_early() {
    let (drawn, later) = (draw(300, 4, 3), draw(300, 5, 3));
    let params = BoostingParams { n_rounds: 500, patience: 5, ..BoostingParams::default() };
    let params = params.check().unwrap();
    let model = fit(&params, &drawn.rows(), Some(&later.rows())).unwrap();
    let history = model.history();
    assert!(history.n_rounds > 0 && history.n_rounds < 400);
    assert_eq!(history.validation.len(), history.n_rounds + 5);
    assert_eq!(model.ensemble().n_trees(), history.n_rounds * 3);
    let least = history.validation.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(history.validation[history.n_rounds - 1], least);
    let bytes = rmp_serde::to_vec_named(&model).unwrap();
    assert_eq!(rmp_serde::from_slice::<GradientBoosting>(&bytes).unwrap(), model);
    let narrow = later.frame.select_columns(&["x"]).unwrap();
    let narrow = LabelledFrame { frame: &narrow, ..later.rows() };
    let refused = fit(&params, &drawn.rows(), Some(&narrow));
    assert!(matches!(refused, Err(FitError::ValidationSchema { .. })));
}

#[test]
fn sampled_fits_are_the_same_at_any_number_of_threads() {
    let drawn = draw(4_000, 6, 3);
    let tree = TreeParams { row_share: 0.6, column_share: 0.6, ..TreeParams::default() };
    let params = BoostingParams { tree, seed: 9, ..few_rounds() }.check().unwrap();
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fit(&params, &drawn.rows(), None)).unwrap()
    };
    assert_eq!(on(1), on(4));
}

#[test]
fn parameters_out_of_range_are_named() {
    let fails = |params: BoostingParams| params.check().unwrap_err().to_string();
    assert_eq!(
        fails(BoostingParams { learning_rate: 0.0, ..few_rounds() }),
        "parameter `learning_rate` is `0`, must be in `(0, 1]`"
    );
    let tree = TreeParams { row_share: 1.5, ..TreeParams::default() };
    assert!(fails(BoostingParams { tree, ..few_rounds() }).contains("`row_share` is `1.5`"));
    let drawn = draw(10, 7, 2);
    let one_class = LabelledFrame { n_classes: 1, ..drawn.rows() };
    let refused = fit(&few_rounds().check().unwrap(), &one_class, None).unwrap_err();
    assert_eq!(refused.to_string(), "parameter `n_classes` is `1`, must be in `2..`");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn a_constrained_score_never_moves_against_its_sign(
        seed in 0_u64..1_000,
        n_classes in 2_usize..4,
        noise in 0_u8..50,
    ) {
        let drawn = draw(400, seed, n_classes);
        // The last class truly rises with x, and is forced to fall.
        let last = n_classes as u32 - 1;
        let monotone = vec![Monotone {
            column: "x".to_owned(),
            outputs: Outputs::One(last as u16),
            direction: Direction::Decreasing,
        }];
        let params = BoostingParams { monotone, ..few_rounds() }.check().unwrap();
        let model = fit(&params, &drawn.rows(), None).unwrap();
        for zone in 0..6_u8 {
            let mut before = f64::INFINITY;
            for step in 0..=50 {
                let row = [step as f32 / 50.0, f32::from(noise), f32::from(zone)];
                let found = model.contributions(&row, last).unwrap();
                let score = found.bias + found.columns.iter().sum::<f64>();
                prop_assert!(score <= before + 1e-9);
                before = score;
            }
        }
    }
}

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::frame::{Column, ColumnSchema, MISSING_CODE};
use crate::tree::sample::{below, unit};

struct Drawn {
    frame: Frame,
    classes: Vec<u32>,
}

impl Drawn {
    fn rows(&self) -> LabelledFrame<'_> {
        LabelledFrame { frame: &self.frame, classes: &self.classes, n_classes: 3, weights: None }
    }
}

/// A number that tells two classes apart, a category that tells the third, and noise.
fn draw(n_rows: usize, seed: u64) -> Drawn {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut xs, mut noise, mut zones, mut classes) = (vec![], vec![], vec![], vec![]);
    for _ in 0..n_rows {
        let (x, zone) = (unit(&mut rng) as f32, below(&mut rng, 6) as u32);
        let class = if [1, 4].contains(&zone) { 2 } else { u32::from(x > 0.5) };
        classes.push(if unit(&mut rng) < 0.05 { below(&mut rng, 3) as u32 } else { class });
        xs.push(if unit(&mut rng) < 0.1 { f32::NAN } else { x });
        noise.push(unit(&mut rng) as f32);
        zones.push(if unit(&mut rng) < 0.05 { MISSING_CODE } else { zone });
    }
    let levels = (0..6).map(|level| level.to_string()).collect();
    let schema = Schema::new(vec![
        ColumnSchema::number("x"),
        ColumnSchema::number("noise"),
        ColumnSchema::category("zone", levels),
    ]);
    let columns = vec![Column::Number(xs), Column::Number(noise), Column::Category(zones)];
    Drawn { frame: Frame::new(schema.unwrap(), columns).unwrap(), classes }
}

fn params() -> ForestParams {
    ForestParams { n_trees: 30, ..ForestParams::default() }
}

fn fit_with(params: ForestParams, drawn: &Drawn) -> RandomForest {
    fit(&params.check().unwrap(), &drawn.rows()).unwrap()
}

fn said(model: &RandomForest, row: &[f32]) -> Vec<f64> {
    let mut said = Vec::new();
    model.predict_into(row, &mut said).unwrap();
    said
}

#[test]
fn what_tells_is_found() {
    let drawn = draw(2_000, 1);
    let model = fit_with(ForestParams { min_rows: 5.0, ..params() }, &drawn);
    assert!(said(&model, &[0.1, 0.5, 0.0])[0] > 0.7);
    assert!(said(&model, &[0.9, 0.5, 0.0])[1] > 0.7);
    for zone in [1.0, 4.0] {
        assert!(said(&model, &[0.9, 0.5, zone])[2] > 0.7);
    }
    let importances = model.importances();
    assert!(importances[0] > 3.0 * importances[1] && importances[2] > 3.0 * importances[1]);
}

#[test]
fn deep_trees_know_their_own_rows() {
    let drawn = draw(300, 2);
    let model = fit_with(params(), &drawn);
    let said = model.predict_proba(&drawn.frame).unwrap();
    let right = said.chunks(3).zip(&drawn.classes).filter(|(p, class)| p[**class as usize] > 0.4);
    assert!(right.count() > 285);
}

#[test]
fn the_forest_is_the_same_at_any_number_of_threads_and_another_with_another_seed() {
    let drawn = draw(500, 3);
    let on = |threads, seed| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let model = pool.install(|| fit_with(ForestParams { seed, ..params() }, &drawn));
        rmp_serde::to_vec_named(&model).unwrap()
    };
    assert_eq!(on(1, 0), on(4, 0));
    assert_ne!(on(1, 0), on(1, 1));
}

#[test]
fn contributions_add_up_to_the_probability() {
    let drawn = draw(500, 4);
    let model = fit_with(params(), &drawn);
    for row in [[0.2, 0.3, 1.0], [f32::NAN, f32::NAN, f32::NAN]] {
        for class in 0..3 {
            let found = model.contributions(&row, class).unwrap();
            let sum = found.bias + found.columns.iter().sum::<f64>();
            assert!((sum - said(&model, &row)[class as usize]).abs() < 1e-6);
        }
    }
    assert!(model.contributions(&[0.0; 3], 3).is_err());
}

#[test]
fn weights_are_the_odds_of_being_drawn() {
    let drawn = draw(600, 5);
    let nothing = drawn.frame.select_columns(&["noise"]).unwrap();
    let rows = LabelledFrame { frame: &nothing, ..drawn.rows() };
    let stumps = ForestParams { min_rows: 300.0, n_trees: 100, ..ForestParams::default() };
    let heavy = ForestParams { class_weights: vec![1.0, 1.0, 4.0], ..stumps };
    let model = fit(&heavy.check().unwrap(), &rows).unwrap();
    let count = |class| drawn.classes.iter().filter(|&&found| found == class).count() as f64;
    let expected = 4.0 * count(2) / (count(0) + count(1) + 4.0 * count(2));
    assert!((said(&model, &[0.5])[2] - expected).abs() < 0.03);
}

#[test]
fn a_forest_survives_serialisation() {
    let model = fit_with(params(), &draw(200, 6));
    let bytes = rmp_serde::to_vec_named(&model).unwrap();
    assert_eq!(rmp_serde::from_slice::<RandomForest>(&bytes).unwrap(), model);
}

#[test]
fn parameters_out_of_range_are_named() {
    let fails = |params: ForestParams| params.check().unwrap_err().to_string();
    let none = fails(ForestParams { n_trees: 0, ..params() });
    assert_eq!(none, "parameter `n_trees` is `0`, must be in `1..=10000`");
    let share = ForestParams { columns: ColumnsPerNode::Share(0.0), ..params() };
    assert!(fails(share).contains("`columns` is `0`"));
    assert!(fails(ForestParams { class_weights: vec![f32::NAN], ..params() }).contains("NaN"));
}

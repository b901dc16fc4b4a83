use super::bins::{Binner, ColumnBins};
use super::grow::{Grower, GrownTree};
use super::histogram::{Gradients, Layout};
use super::monotone::Signs;
use super::*;
use crate::frame::{Column, ColumnSchema, Frame, MISSING_CODE, Schema};

/// A number with gaps and a category, 300 rows.
fn frame() -> Frame {
    let levels = (0..100).map(|level| level.to_string()).collect();
    let schema =
        Schema::new(vec![ColumnSchema::number("x"), ColumnSchema::category("zone", levels)]);
    let x = (0..300).map(|row| if row % 10 == 0 { f32::NAN } else { row as f32 }).collect();
    // Levels 0 to 2 and 90 occur.
    let zone = |row: u32| [0, 1, 2, 90, MISSING_CODE][row as usize % 5];
    let columns = vec![Column::Number(x), Column::Category((0..300).map(zone).collect())];
    Frame::new(schema.unwrap(), columns).unwrap()
}

/// A tree on squared loss: the value of a leaf is the mean target of its rows.
fn grow(frame: &Frame, params: &TreeParams, target: impl Fn(usize) -> f32) -> (GrownTree, Binner) {
    let binner = Binner::fit(frame, None, params.max_bins);
    let mut gradients = Gradients::new(Layout::new(1), frame.n_rows());
    let (cells, _) = gradients.cells_mut().as_chunks_mut::<4>();
    for (row, cell) in cells.iter_mut().enumerate() {
        *cell = [1.0, -target(row), 1.0, 0.0];
    }
    let features: Vec<usize> = (0..frame.n_columns()).collect();
    let tree = Grower {
        binner: &binner,
        binned: &binner.apply(frame),
        gradients: &gradients,
        params,
        signs: &Signs::default(),
        features: &features,
    }
    .grow((0..frame.n_rows() as u32).collect());
    (tree, binner)
}

fn small() -> TreeParams {
    TreeParams { min_rows: 1.0, ..TreeParams::default() }
}

fn flat(tree: &GrownTree, binner: &Binner) -> Ensemble {
    let mut ensemble = Ensemble::new(binner.columns().len(), 1);
    ensemble.push(tree, binner, 1.0);
    ensemble
}

#[test]
fn flat_and_grown_trees_agree_on_every_row() {
    let frame = frame();
    let (tree, binner) = grow(&frame, &small(), |row| (row * 7_919 % 101) as f32);
    assert!(tree.nodes.len() > 20);
    let (ensemble, binned) = (flat(&tree, &binner), binner.apply(&frame));
    let mut row = Vec::new();
    for at in 0..frame.n_rows() {
        frame.row_into(at, &mut row);
        let value = ensemble.leaf_values(ensemble.find_leaf(0, &row))[0];
        assert_eq!(value, tree.leaf_of(&binned, at).values[0]);
    }
}

#[test]
fn a_leaf_holds_the_rows_that_it_is_fitted_to() {
    let frame = frame();
    let target = |row: usize| (row * 7_919 % 101) as f32;
    let (tree, binner) = grow(&frame, &small(), target);
    let binned = binner.apply(&frame);
    for leaf in tree.nodes.iter().filter(|node| node.split.is_none()) {
        let rows = &tree.rows[leaf.rows.clone()];
        let mean = rows.iter().map(|&row| target(row as usize)).sum::<f32>() / rows.len() as f32;
        assert!((mean - leaf.values[0]).abs() < 1e-3 * mean.abs().max(1.0));
        assert!(rows.iter().all(|&row| tree.leaf_of(&binned, row as usize) == leaf));
    }
}

#[test]
fn missing_values_find_their_side() {
    let frame = frame();
    let (tree, binner) = grow(&frame, &TreeParams { max_leaves: 2, ..small() }, |row| {
        if row % 10 == 0 || row > 200 { 1.0 } else { 0.0 }
    });
    let ensemble = flat(&tree, &binner);
    let value = |x: f32| ensemble.leaf_values(ensemble.find_leaf(0, &[x, 0.0]))[0];
    assert!((value(f32::NAN) - 1.0).abs() < 1e-5 && (value(250.0) - 1.0).abs() < 1e-5);
    assert!(value(100.0).abs() < 1e-5);
}

#[test]
fn missing_alone_can_be_split_off() {
    let frame = frame();
    let params = TreeParams { max_leaves: 2, ..small() };
    let (tree, binner) = grow(&frame, &params, |row| if row % 10 == 0 { 1.0 } else { 0.0 });
    let ensemble = flat(&tree, &binner);
    let value = |x: f32| ensemble.leaf_values(ensemble.find_leaf(0, &[x, 0.0]))[0];
    assert!((value(f32::NAN) - 1.0).abs() < 1e-5);
    assert!(value(-1e30).abs() < 1e-5 && value(1e30).abs() < 1e-5);
}

#[test]
fn categories_are_parted_without_order_and_unknown_codes_are_missing() {
    let frame = frame();
    // Levels 0 and 90, the ends of the order, belong together.
    let target = |row: usize| if [0, 3].contains(&(row % 5)) { 1.0 } else { 0.0 };
    let (tree, binner) = grow(&frame, &TreeParams { max_leaves: 2, ..small() }, target);
    let ensemble = flat(&tree, &binner);
    let value = |zone: f32| ensemble.leaf_values(ensemble.find_leaf(0, &[0.0, zone]))[0];
    for zone in [0.0, 90.0] {
        assert!((value(zone) - 1.0).abs() < 1e-5);
    }
    for zone in [1.0, 2.0, f32::NAN, 50.0, 1e9, -1.0] {
        assert!(value(zone).abs() < 1e-5, "{zone}");
    }
}

#[test]
fn bins_keep_the_order_and_the_share_of_values() {
    let values: Vec<f32> =
        (0..10_000).map(|row| if row < 5_000 { 0.0 } else { row as f32 }).collect();
    let frame = Frame::new(Schema::numbers(&["x"]).unwrap(), vec![Column::Number(values)]).unwrap();
    let binner = Binner::fit(&frame, None, 11);
    let ColumnBins::Number { cuts } = &binner.columns()[0] else { panic!("a number") };
    assert!(cuts.is_sorted() && cuts.len() == 10);
    let binned = binner.apply(&frame);
    let count = |bin: u8| binned.column(0).iter().filter(|&&found| found == bin).count();
    assert_eq!(count(0), 5_000);
    assert!((1..11).all(|bin| (450..=550).contains(&count(bin))));
}

#[test]
fn neighbouring_numbers_are_told_apart() {
    let one = 1.0_f32;
    let values = vec![one, one.next_up(), -0.0, 0.0, f32::MAX, f32::MIN];
    let schema = Schema::numbers(&["x"]).unwrap();
    let frame = Frame::new(schema, vec![Column::Number(values)]).unwrap();
    let binned = Binner::fit(&frame, None, MAX_BINS).apply(&frame);
    assert_eq!(binned.column(0), [2, 3, 1, 1, 4, 0]);
}

#[test]
fn an_ensemble_survives_serialisation_and_a_damaged_one_is_refused() {
    let frame = frame();
    let (tree, binner) = grow(&frame, &small(), |row| (row * 7_919 % 101) as f32);
    let mut ensemble = flat(&tree, &binner);
    let one_tree = ensemble.clone();
    ensemble.push(&tree, &binner, 0.5);
    let text = serde_json::to_string(&ensemble).unwrap();
    assert_eq!(serde_json::from_str::<Ensemble>(&text).unwrap(), ensemble);
    let damaged = [
        ("\"lefts\":[1", "\"lefts\":[0"),
        ("\"lefts\":[1", "\"lefts\":[9999"),
        ("\"tests\":[", "\"tests\":[3,"),
        ("\"tests\":[", "\"tests\":[0,"),
        ("\"features\":[", "\"features\":[7,"),
        ("\"leaves\":[", "\"leaves\":[0.5,"),
        ("\"covers\":[", "\"covers\":[0.5,"),
        ("\"sizes\":[", "\"sizes\":[0,"),
        ("\"sets\":[", "\"sets\":[99,"),
        ("\"n_features\":2", "\"n_features\":1"),
    ];
    for (whole, broken) in damaged {
        assert!(text.contains(whole), "{whole}");
        assert!(
            serde_json::from_str::<Ensemble>(&text.replace(whole, broken)).is_err(),
            "{broken}"
        );
    }
    ensemble.truncate(1);
    assert_eq!(ensemble, one_tree);
}

#[test]
fn gain_is_counted_for_the_column_that_tells() {
    let frame = frame();
    let (tree, binner) = grow(&frame, &small(), |row| row as f32);
    let importances = flat(&tree, &binner).importances();
    assert!(importances[0] > 20.0 * importances[1].max(1.0));
}

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::frame::{Column, ColumnSchema, MISSING_CODE};
use crate::tree::sample::{below, unit};
use crate::tree::{Direction, FitError, Monotone, Outputs, TreeParams};

fn shape() -> HazardShape {
    HazardShape { edges: vec![0.0, 5.0, 15.0, 60.0], n_kinds: 3 }
}

fn params() -> HazardParams {
    let tree = TreeParams { min_rows: 5.0, ..HazardParams::default().tree };
    HazardParams { n_trees: 60, tree, ..HazardParams::default() }
}

/// The hazards that rows are drawn from: kind 0 rises with `x`, kind 2 with `1 - x` in the last
/// bin, kind 1 never occurs.
fn truth(x: f32, bin: usize) -> [f64; 3] {
    let x = f64::from(x);
    [0.02 + 0.25 * x, 0.0, if bin == 2 { 0.3 * (1.0 - x) } else { 0.01 }]
}

struct Drawn {
    frame: Frame,
    targets: Vec<HazardTarget>,
}

impl Drawn {
    fn rows(&self) -> HazardRows<'_> {
        HazardRows { frame: &self.frame, targets: &self.targets }
    }
}

/// Rows with four levels of `x`, noise with gaps, a category, and censoring that depends on `x`.
fn draw(n_rows: usize, seed: u64) -> Drawn {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut xs, mut noise, mut zones) = (Vec::new(), Vec::new(), Vec::new());
    let mut targets = Vec::new();
    for _ in 0..n_rows {
        let x = below(&mut rng, 4) as f32 / 3.0;
        xs.push(x);
        noise.push(if unit(&mut rng) < 0.2 { f32::NAN } else { unit(&mut rng) as f32 });
        zones.push(if unit(&mut rng) < 0.1 { MISSING_CODE } else { below(&mut rng, 3) as u32 });
        targets.push(draw_target(x, &mut rng));
    }
    let levels = ["a", "b", "c"].map(str::to_owned).to_vec();
    let schema = Schema::new(vec![
        ColumnSchema::number("x"),
        ColumnSchema::number("noise"),
        ColumnSchema::category("zone", levels),
    ]);
    let columns = vec![Column::Number(xs), Column::Number(noise), Column::Category(zones)];
    Drawn { frame: Frame::new(schema.unwrap(), columns).unwrap(), targets }
}

fn draw_target(x: f32, rng: &mut ChaCha8Rng) -> HazardTarget {
    for bin in 0..3_u16 {
        if unit(rng) < 0.15 + 0.2 * f64::from(x) {
            return HazardTarget { until_bin: bin, event: None, weight: 1.0 };
        }
        let mut level = unit(rng);
        for (kind, hazard) in truth(x, usize::from(bin)).into_iter().enumerate() {
            if level < hazard {
                return HazardTarget { until_bin: bin, event: Some(kind as u16), weight: 1.0 };
            }
            level -= hazard;
        }
    }
    HazardTarget { until_bin: 3, event: None, weight: 1.0 }
}

fn fit_default(drawn: &Drawn) -> HazardModel {
    fit(&params().check(shape()).unwrap(), drawn.rows(), None).unwrap()
}

#[test]
fn known_hazards_are_recovered_under_censoring() {
    let model = fit_default(&draw(40_000, 1));
    assert_eq!(model.active_kinds(), [0, 2]);
    for x in [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0] {
        let curve = model.predict(&[x, 0.5, 1.0]).unwrap();
        for bin in 0..3 {
            for (kind, expected) in truth(x, bin).into_iter().enumerate() {
                let found = f64::from(curve.hazards(kind as u16)[bin]);
                assert!((found - expected).abs() < 0.04, "{x} {bin} {kind}: {found} {expected}");
            }
        }
    }
}

#[test]
fn a_curve_adds_up() {
    let curve = fit_default(&draw(3_000, 2)).predict(&[1.0, f32::NAN, f32::NAN]).unwrap();
    for bin in 0..3 {
        let failed: f64 = (0..3).map(|kind| curve.incidence(kind)[bin]).sum();
        assert!((failed + curve.survival()[bin] - 1.0).abs() < 1e-6);
    }
    let parts = curve.within(0, 0..=0) + curve.within(0, 1..=2);
    assert!((parts - curve.incidence(0)[2]).abs() < 1e-12);
    assert!((curve.any_within(0..=2) + curve.survival()[2] - 1.0).abs() < 1e-6);
    assert_eq!(curve.within(9, 0..=0), 0.0);
    assert_eq!(curve.within(0, 0..=9), 0.0);
    let times = curve.any_quantiles().unwrap();
    assert!(0.0 < times.p10 && times.p10 < times.p50 && times.p50 < times.p90);
    assert!(times.p90 <= 60.0);
    assert_eq!(curve.quantiles(1), None);
}

#[test]
fn times_are_interpolated_inside_bins() {
    let mut curve = HazardCurve::default();
    // One kind with hazard one half in both bins of 10 minutes: incidence 1/2 and 3/4.
    let shape = HazardShape { edges: vec![0.0, 10.0, 20.0], n_kinds: 1 };
    curve.set(&shape, &[0], &mut [0.0, 0.0]);
    let times = curve.quantiles(0).unwrap();
    assert!((times.p10 - 1.5).abs() < 1e-5);
    assert!((times.p50 - 7.5).abs() < 1e-5);
    assert!((times.p90 - 17.0).abs() < 1e-5);
}

#[test]
fn the_model_is_the_same_at_any_number_of_threads() {
    let drawn = draw(5_000, 3);
    let mut params = params();
    params.tree.row_share = 0.7;
    params.tree.column_share = 0.7;
    let params = params.check(shape()).unwrap();
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let model = pool.install(|| fit(&params, drawn.rows(), None)).unwrap();
        rmp_serde::to_vec_named(&model).unwrap()
    };
    assert_eq!(on(1), on(4));
}

#[test]
fn contributions_add_up_to_the_score() {
    let model = fit_default(&draw(3_000, 4));
    for row in [[0.0, 0.1, 0.0], [1.0, f32::NAN, 2.0], [0.4, 0.9, f32::NAN]] {
        let mut scratch = Scratch::default();
        let curve = model.predict_into(&row, &mut scratch).unwrap();
        for kind in [0, 2] {
            let score = |bin: usize| {
                let none: f32 = (0..3).map(|kind| curve.hazards(kind)[bin]).sum();
                libm::log(f64::from(curve.hazards(kind)[bin] / (1.0 - none)))
            };
            let found = model.contributions(&row, kind, 1..=2).unwrap();
            let sum = found.bias + found.columns.iter().sum::<f64>();
            assert!((sum - score(1) - score(2)).abs() < 1e-4);
        }
    }
    let absent = model.contributions(&[0.0, 0.0, 0.0], 1, 0..=2).unwrap();
    assert_eq!(absent.columns, [0.0; 3]);
    assert!(model.contributions(&[0.0, 0.0, 0.0], 3, 0..=2).is_err());
    assert!(model.contributions(&[0.0, 0.0, 0.0], 0, 0..=3).is_err());
}

#[test]
fn validation_rows_end_the_fit_early() {
    let (drawn, later) = (draw(1_000, 5), draw(1_000, 6));
    let params = HazardParams { n_trees: 300, learning_rate: 0.3, patience: 5, ..params() };
    let params = params.check(shape()).unwrap();
    let model = fit(&params, drawn.rows(), Some(later.rows())).unwrap();
    let history = model.history();
    assert!(history.n_trees > 0 && history.n_trees < 100);
    assert_eq!(history.validation.len(), history.n_trees + 5);
    assert_eq!(model.ensemble().n_trees(), history.n_trees);
    let best = history.validation.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    assert_eq!(history.validation[history.n_trees - 1], best);
}

#[test]
fn a_model_survives_serialisation() {
    let model = fit_default(&draw(1_000, 7));
    let bytes = rmp_serde::to_vec_named(&model).unwrap();
    assert_eq!(rmp_serde::from_slice::<HazardModel>(&bytes).unwrap(), model);
}

#[test]
fn odd_rows_give_a_model_or_a_clear_error() {
    let valid = params().check(shape()).unwrap();
    let frame = |values: Vec<f32>| {
        Frame::new(Schema::numbers(&["x"]).unwrap(), vec![Column::Number(values)]).unwrap()
    };
    let survived = HazardTarget { until_bin: 3, event: None, weight: 1.0 };
    let failed = HazardTarget { until_bin: 1, event: Some(2), weight: 1.0 };
    let try_fit = |values: Vec<f32>, targets: &[HazardTarget]| {
        fit(&valid, HazardRows { frame: &frame(values), targets }, None)
    };
    assert_eq!(try_fit(vec![], &[]), Err(FitError::NoRows));
    let none = try_fit(vec![1.0], &[survived]).unwrap();
    assert_eq!(none.predict(&[1.0]).unwrap().survival(), [1.0; 3]);
    let one = try_fit(vec![1.0], &[failed]).unwrap();
    assert!(one.predict(&[f32::NAN]).unwrap().incidence(2)[1] > 0.3);
    let missing = try_fit(vec![f32::NAN; 50], &[[survived; 25], [failed; 25]].concat()).unwrap();
    let half = missing.predict(&[1.0]).unwrap().incidence(2)[2];
    assert!((half - 0.5).abs() < 0.1, "{half}");
    let lost = HazardTarget { until_bin: 0, event: None, weight: 1.0 };
    assert!(try_fit(vec![1.0; 3], &[lost; 3]).is_ok());
    let late = HazardTarget { until_bin: 3, event: Some(0), weight: 1.0 };
    assert!(matches!(try_fit(vec![1.0], &[late]), Err(FitError::Target { what: "bin", .. })));
    let unknown = HazardTarget { until_bin: 0, event: Some(3), weight: 1.0 };
    let message = try_fit(vec![1.0], &[unknown]).unwrap_err().to_string();
    assert_eq!(message, "target of row `0` is kind `3`, there are `3`");
    let heavy = HazardTarget { weight: f32::NAN, ..survived };
    assert!(matches!(try_fit(vec![1.0], &[heavy]), Err(FitError::Weight { row: 0, .. })));
    let weightless = HazardTarget { weight: 0.0, ..survived };
    assert_eq!(try_fit(vec![1.0], &[weightless]), Err(FitError::NoWeight { n_rows: 1 }));
    assert!(matches!(try_fit(vec![1.0], &[]), Err(FitError::Length { .. })));
    assert!(one.predict(&[1.0, 2.0]).is_err());
}

#[test]
fn parameters_out_of_range_are_named() {
    let message = |params: HazardParams, edges: &[f64]| {
        params.check(HazardShape { edges: edges.to_vec(), n_kinds: 2 }).unwrap_err().to_string()
    };
    let deep = HazardParams { tree: TreeParams { max_depth: 7, ..params().tree }, ..params() };
    assert_eq!(message(deep, &[0.0, 1.0]), "parameter `max_depth` is `7`, must be in `1..=6`");
    assert!(message(params(), &[0.0, 2.0, 2.0]).contains("`edges`"));
    assert!(message(params(), &[1.0, 2.0]).contains("rising numbers from 0"));
    assert!(message(params(), &[0.0]).contains("`n_bins`"));
    let column = Monotone {
        column: "gone".to_owned(),
        outputs: Outputs::All,
        direction: Direction::Increasing,
    };
    let drawn = draw(10, 8);
    let with = |constraint: Monotone| {
        let params = HazardParams { monotone: vec![constraint], ..params() };
        fit(&params.check(shape()).unwrap(), drawn.rows(), None).unwrap_err()
    };
    assert!(matches!(with(column.clone()), FitError::NoColumn { .. }));
    let category = Monotone { column: "zone".to_owned(), ..column.clone() };
    assert!(matches!(with(category), FitError::MonotoneCategory { .. }));
    let kind = Monotone { column: "x".to_owned(), outputs: Outputs::One(3), ..column };
    assert!(matches!(with(kind), FitError::NoOutput { output: 3, n: 3 }));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_constrained_score_never_moves_against_its_sign(
        seed in 0_u64..1_000,
        noise in 0.0_f32..1.0,
        zone in 0_u8..4,
    ) {
        let drawn = draw(800, seed);
        // Kind 0 truly rises with x; kind 2 truly falls, and is forced to rise.
        let rising = |column: &str, outputs| Monotone {
            column: column.to_owned(), outputs, direction: Direction::Increasing,
        };
        let mut params = HazardParams { n_trees: 20, learning_rate: 0.3, ..params() };
        params.monotone = vec![
            rising("x", Outputs::All),
            Monotone { direction: Direction::Decreasing, ..rising("noise", Outputs::One(2)) },
        ];
        let model = fit(&params.check(shape()).unwrap(), drawn.rows(), None).unwrap();
        let zone = if zone == 3 { f32::NAN } else { f32::from(zone) };
        let scores = |row: [f32; 3], kind: u16| -> Vec<f64> {
            (0..3).map(|bin| {
                let found = model.contributions(&row, kind, bin..=bin).unwrap();
                found.bias + found.columns.iter().sum::<f64>()
            }).collect()
        };
        for kind in [0, 2] {
            let mut before = vec![f64::NEG_INFINITY; 3];
            for step in 0..=10 {
                let now = scores([step as f32 / 10.0, noise, zone], kind);
                prop_assert!(now.iter().zip(&before).all(|(now, before)| *now >= before - 1e-6));
                before = now;
            }
        }
        let mut before = vec![f64::INFINITY; 3];
        for step in 0..=20 {
            let now = scores([0.5, step as f32 / 20.0, zone], 2);
            prop_assert!(now.iter().zip(&before).all(|(now, before)| *now <= before + 1e-6));
            before = now;
        }
    }
}

#[test]
fn a_prior_that_is_right_leaves_little_to_learn() {
    let n = 4_000;
    let probabilities: Vec<f32> = (0..n).map(|row| 0.05 + 0.9 * (row % 10) as f32 / 10.0).collect();
    let targets: Vec<HazardTarget> = (0..n)
        .map(|row| {
            let fails = (row / 10) % 100 < (100.0 * probabilities[row]) as usize;
            HazardTarget { until_bin: u16::from(!fails), event: fails.then_some(0), weight: 1.0 }
        })
        .collect();
    let shape = HazardShape { edges: vec![0.0, 10.0], n_kinds: 1 };
    let prior = Prior { column: "x".to_owned(), kind: 0 };
    let params = HazardParams { n_trees: 0, priors: vec![prior], ..HazardParams::default() };
    let schema = Schema::new(vec![ColumnSchema::number("x")]).unwrap();
    let frame = Frame::new(schema, vec![Column::Number(probabilities.clone())]).unwrap();
    let rows = HazardRows { frame: &frame, targets: &targets };
    let model = fit(&params.check(shape).unwrap(), rows, None).unwrap();
    for probability in [0.05_f32, 0.5, 0.86] {
        let said = model.predict(&[probability]).unwrap().within(0, 0..=0);
        assert!((said - f64::from(probability)).abs() < 0.03, "{probability}: {said}");
    }
    let missing = model.contributions(&[f32::NAN], 0, 0..=0).unwrap();
    assert!(missing.columns[0] < -4.0);
}

#[test]
fn a_curve_of_one_bin_gives_back_the_probabilities_it_was_made_of() {
    let mut scratch = Scratch::default();
    let curve = scratch.set_single_bin(100.0, &[0.25, 0.0, 0.5]);
    assert_eq!(curve.n_bins(), 1);
    for (kind, probability) in [(0, 0.25), (1, 0.0), (2, 0.5)] {
        assert!((curve.within(kind, 0..=0) - probability).abs() < 1e-6);
    }
    let certain = scratch.set_single_bin(100.0, &[1.0]);
    assert!((certain.within(0, 0..=0) - 1.0).abs() < 1e-6);
}

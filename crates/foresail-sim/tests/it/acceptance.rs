//! How hard the rows are: the bars that keep them from being trivial or hopeless, judged by the
//! random forest of the CSV workflow. `--nocapture` prints the table of `docs/simulated-csv.md`.

use foresail_learn::forest::{ColumnsPerNode, ForestParams};
use foresail_learn::metrics::Scores as Ranking;
use foresail_learn::tabular::{
    EstimatorParams, Predictions, SplitBy, Table, TableColumn, TabularModel, Text, TrainOptions,
    Values, train,
};
use foresail_sim::metrics_table::{IssueType, Settings, Simulated, simulate};

use crate::metrics_table::{numbers, texts};

/// What a model says of rows that it has not seen.
struct Said {
    model: TabularModel,
    rows: Vec<usize>,
    predictions: Predictions,
}

fn said(table: &Table, by: &SplitBy, seed: u64) -> Said {
    said_by(EstimatorParams::random_forest(), table, (by, seed))
}

fn said_by(estimator: EstimatorParams, table: &Table, (by, seed): (&SplitBy, u64)) -> Said {
    let mut options = TrainOptions::new("issue_type");
    options.fit.estimator = estimator;
    options.split.by = by.clone();
    options.split.seed = seed;
    options.fit.roles.groups = vec!["object".to_owned()];
    let trained = train(table, &options, &mut |_| {}).unwrap();
    let test = table.select_rows(&trained.split.test).unwrap();
    let predictions = trained.model.predict(&test).unwrap();
    Said { model: trained.model, rows: trained.split.test, predictions }
}

// === impl Said ===

impl Said {
    fn labels(&self) -> Vec<&str> {
        self.predictions.labels(&self.model).collect()
    }
}

/// Macro-F1 over these classes.
fn macro_f1(truth: &[&str], predicted: &[&str], classes: &[&str]) -> f64 {
    let f1 = classes.iter().map(|class| {
        let count = |rows: &mut dyn Iterator<Item = (bool, bool)>, wanted: (bool, bool)| {
            rows.filter(|row| *row == wanted).count() as f64
        };
        let pairs = || truth.iter().zip(predicted).map(|(t, p)| (t == class, p == class));
        let hits = count(&mut pairs(), (true, true));
        let wrong = count(&mut pairs(), (true, false)) + count(&mut pairs(), (false, true));
        2.0 * hits / (2.0 * hits + wrong).max(1.0)
    });
    f1.sum::<f64>() / classes.len() as f64
}

/// Healthy rows with the class `soon` where an issue begins within 2 h.
fn before_onsets(rows: &Simulated) -> Table {
    let issues = texts(&rows.table, "issue_type");
    let healthy: Vec<usize> = (0..issues.len()).filter(|row| issues[*row] == "normal").collect();
    let minutes = numbers(&rows.truth, "minutes_to_next_onset");
    let soon = |row: &usize| if minutes[*row] <= 120.0 { "soon" } else { "later" };
    let target = Text::of(healthy.iter().map(|row| Some(soon(row))));
    let table = rows.table.select_rows(&healthy).unwrap();
    let mut columns: Vec<TableColumn> =
        table.columns().iter().filter(|column| column.name != "issue_type").cloned().collect();
    columns.push(TableColumn { name: "issue_type".to_owned(), values: Values::Text(target) });
    Table::new(columns).unwrap()
}

/// Mean AUROC over splits of how a forest ranks healthy rows by whether an issue begins soon.
fn onset_auroc(table: &Table, by: &SplitBy) -> f64 {
    const SPLITS: u64 = 5;
    let of_split = |seed| {
        let said = said(table, by, seed);
        let truth = texts(table, "issue_type");
        let soon: Vec<bool> = said.rows.iter().map(|row| truth[*row] == "soon").collect();
        let at = said.model.classes().iter().position(|class| class == "soon").unwrap();
        let n_classes = said.model.classes().len();
        let scores: Vec<f64> =
            said.predictions.probabilities.chunks(n_classes).map(|row| row[at]).collect();
        auroc(&soon, &scores)
    };
    (0..SPLITS).map(of_split).sum::<f64>() / SPLITS as f64
}

fn auroc(happened: &[bool], scores: &[f64]) -> f64 {
    Ranking::new(happened, scores).unwrap().roc_auc().unwrap()
}

/// One tree that asks two questions, of all columns.
fn small_tree() -> EstimatorParams {
    EstimatorParams::RandomForest(ForestParams {
        n_trees: 1,
        max_depth: 2,
        columns: ColumnsPerNode::Share(1.0),
        ..ForestParams::default()
    })
}

struct Measured {
    stratified: f64,
    grouped: f64,
    severe: f64,
    depth_2: f64,
    onset_rows: f64,
    onset_objects: f64,
    best_columns: Vec<(String, String, f64)>,
}

fn measure(settings: Settings) -> Measured {
    let rows = simulate(&settings.check().unwrap());
    let truth = texts(&rows.table, "issue_type");
    let severity = numbers(&rows.truth, "severity");
    let mut classes = truth.clone();
    classes.sort_unstable();
    classes.dedup();
    let issues: Vec<&str> = classes.iter().copied().filter(|class| *class != "normal").collect();
    let f1 = |said: &Said| {
        let true_ones: Vec<&str> = said.rows.iter().map(|row| truth[*row]).collect();
        macro_f1(&true_ones, &said.labels(), &classes)
    };
    let forest = said(&rows.table, &SplitBy::Stratified, 42);
    let (severe_truth, severe_said): (Vec<&str>, Vec<&str>) = forest
        .rows
        .iter()
        .zip(forest.labels())
        .filter(|(row, _)| severity[**row] > 0.8)
        .map(|(row, said)| (truth[*row], said))
        .unzip();
    let objects = SplitBy::Group("object".to_owned());
    let soon = before_onsets(&rows);
    Measured {
        stratified: f1(&forest),
        grouped: (0..3).map(|seed| f1(&said(&rows.table, &objects, seed))).sum::<f64>() / 3.0,
        severe: macro_f1(&severe_truth, &severe_said, &issues),
        depth_2: f1(&said_by(small_tree(), &rows.table, (&SplitBy::Stratified, 42))),
        onset_rows: onset_auroc(&soon, &SplitBy::Stratified),
        onset_objects: onset_auroc(&soon, &objects),
        best_columns: issues.iter().map(|issue| best_column(&rows.table, &truth, issue)).collect(),
    }
}

/// The column of numbers that alone tells an issue from everything else best.
fn best_column(table: &Table, truth: &[&str], issue: &str) -> (String, String, f64) {
    let mut best = (String::new(), 0.0);
    for column in table.columns() {
        let Values::Number(values) = &column.values else { continue };
        let kept: Vec<usize> = (0..values.len()).filter(|row| !values[*row].is_nan()).collect();
        let happened: Vec<bool> = kept.iter().map(|row| truth[*row] == issue).collect();
        let scores: Vec<f64> = kept.iter().map(|row| values[*row]).collect();
        let area = auroc(&happened, &scores);
        let area = area.max(1.0 - area);
        if area > best.1 {
            best = (column.name.clone(), area);
        }
    }
    (issue.to_owned(), best.0, best.1)
}

fn print(name: &str, measured: &Measured) {
    println!(
        "| {name} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} |",
        measured.stratified,
        measured.severe,
        measured.grouped,
        measured.depth_2,
        measured.onset_rows,
        measured.onset_objects,
    );
}

fn print_best_columns(measured: &Measured) {
    for (issue, column, area) in &measured.best_columns {
        println!("| `{issue}` | `{column}` | {area:.2} |");
    }
}

/// What must hold at any settings.
fn check(measured: &Measured) {
    assert!((0.6..0.9).contains(&measured.stratified), "forest {}", measured.stratified);
    assert!(measured.severe >= 0.95, "severe {}", measured.severe);
    assert!(measured.depth_2 <= measured.stratified - 0.1, "two questions {}", measured.depth_2);
    assert!((0.65..0.9).contains(&measured.onset_rows), "onset {}", measured.onset_rows);
    for (issue, column, area) in &measured.best_columns {
        assert!(*area < 0.98, "`{column}` alone tells `{issue}`: {area}");
    }
}

#[test]
fn at_the_defaults_rows_are_neither_trivial_nor_hopeless() {
    let measured = measure(Settings::default());
    print("4 types, 1,000 rows, seed 42", &measured);
    print_best_columns(&measured);
    check(&measured);
}

#[test]
#[ignore = "takes a minute"]
fn with_other_seeds_rows_are_neither_trivial_nor_hopeless() {
    for seed in 1..=5 {
        let measured = measure(Settings { seed, ..Settings::default() });
        print(&format!("4 types, 1,000 rows, seed {seed}"), &measured);
        check(&measured);
    }
}

#[test]
#[ignore = "takes minutes without optimisation"]
fn with_every_issue_rows_are_neither_trivial_nor_hopeless() {
    let issue_types = IssueType::ALL.to_vec();
    let measured = measure(Settings { samples: 10_000, issue_types, ..Settings::default() });
    print("18 types, 10,000 rows, seed 42", &measured);
    print_best_columns(&measured);
    check(&measured);
}

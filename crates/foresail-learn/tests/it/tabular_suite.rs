//! The contract of models (`model_suite.rs`), on models of tables: what a table adds is that columns
//! are found by name and levels by their text, and that a target of one class is refused.

use std::path::{Path, PathBuf};

use foresail_learn::frame::MISSING_CODE;
use foresail_learn::model_file::{self, Card, ModelFileError, Named};
use foresail_learn::tabular::{
    EstimatorParams, FitOptions, LabelError, MissingTarget, RoleError, Table, TableColumn,
    TabularModel, Text, TrainError, Values,
};

use crate::rows::Rows;

/// One module of tests for one estimator.
macro_rules! tabular_suite {
    ($name:ident, $estimator:expr) => {
        mod $name {
            use super::*;

            fn suite() -> Suite {
                Suite { estimator: $estimator }
            }

            tabular_suite!(@tests
                learns_what_tells,
                a_fit_forgets_the_past,
                the_same_seed_gives_the_same_bytes_at_any_number_of_threads,
                one_class_is_refused_by_name,
                one_row_is_refused,
                no_rows_are_refused_and_none_are_predicted,
                constant_and_empty_columns_are_left_out,
                rows_of_which_nothing_is_known_are_predicted,
                columns_are_found_by_name,
                absent_and_wrong_columns_are_all_named,
                unknown_levels_are_missing_and_counted,
                contributions_add_up_and_name_what_tells,
                a_model_from_a_file_is_the_model_that_was_written,
                changed_and_cut_files_are_refused,
                files_of_every_format_still_load
            );

            #[test]
            #[ignore = "writes a file of the present format to fixtures/models, where there is none"]
            fn write_the_fixture() {
                suite().write_the_fixture();
            }
        }
    };
    (@tests $($test:ident),+) => {
        $(
            #[test]
            fn $test() {
                suite().$test();
            }
        )+
    };
}

tabular_suite!(random_forest, EstimatorParams::random_forest().with_seed(13));
tabular_suite!(gradient_boosting, EstimatorParams::gradient_boosting().with_seed(13));

/// An estimator under test.
struct Suite {
    estimator: EstimatorParams,
}

// === impl Suite ===

impl Suite {
    fn options(&self) -> FitOptions {
        FitOptions { estimator: self.estimator.clone(), ..FitOptions::new("issue") }
    }

    fn try_fit(&self, table: &Table) -> Result<TabularModel, TrainError> {
        TabularModel::fit(table, &self.options(), &mut |_| {})
    }

    fn fit(&self, table: &Table) -> TabularModel {
        self.try_fit(table).unwrap()
    }

    fn learns_what_tells(&self) {
        let model = self.fit(&drawn(600, 1));
        assert_eq!(model.classes(), ["crash", "leak", "none"]);
        let scores = model.score(&drawn(600, 2), MissingTarget::Refuse).unwrap();
        assert!(scores.macro_f1 > 0.75, "{scores:?}");
        assert!(scores.baselines.majority.macro_f1 < 0.3, "{scores:?}");
        let interval = scores.intervals.macro_f1;
        assert!(interval.low < scores.macro_f1 && scores.macro_f1 < interval.high, "{scores:?}");
        let names: Vec<String> = model.importances().into_iter().map(|one| one.column).collect();
        assert_eq!(names[2], "noise");
    }

    fn a_fit_forgets_the_past(&self) {
        let first = bytes(&self.fit(&drawn(90, 1)));
        assert_ne!(bytes(&self.fit(&drawn(100, 2))), first);
        assert_eq!(bytes(&self.fit(&drawn(90, 1))), first);
    }

    fn the_same_seed_gives_the_same_bytes_at_any_number_of_threads(&self) {
        let table = drawn(2_000, 3);
        let here = self.fit(&table);
        let said = here.predict(&table).unwrap();
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let (again, said_again) = pool.install(|| {
                let model = self.fit(&table);
                (bytes(&model), model.predict(&table).unwrap())
            });
            assert_eq!(again, bytes(&here), "{threads} threads");
            assert_eq!(said_again, said, "{threads} threads");
        }
    }

    fn one_class_is_refused_by_name(&self) {
        let table = with(&drawn(60, 4), "issue", texts(&["leak"; 60]));
        let error = self.try_fit(&table).unwrap_err().to_string();
        assert_eq!(
            error,
            "target `issue` is `leak` in all 60 rows: there is nothing to tell apart"
        );
    }

    fn one_row_is_refused(&self) {
        // One row has one class, and no column that differs.
        let error = self.try_fit(&drawn(1, 5)).unwrap_err();
        assert!(matches!(error, TrainError::Roles(RoleError::NoFeatures { .. })), "{error}");
    }

    fn no_rows_are_refused_and_none_are_predicted(&self) {
        assert!(self.try_fit(&drawn(0, 6)).is_err());
        let model = self.fit(&drawn(80, 6));
        let said = model.predict(&drawn(0, 6)).unwrap();
        assert!(said.codes.is_empty() && said.probabilities.is_empty());
        assert!(model.score(&drawn(0, 6), MissingTarget::Refuse).is_err());
    }

    fn constant_and_empty_columns_are_left_out(&self) {
        let table = with(&drawn(300, 7), "constant", Values::Number(vec![7.5; 300]));
        let table = with(&table, "empty", Values::Number(vec![f64::NAN; 300]));
        let table = with(&table, "blank", Values::Text(Text::of([None; 300])));
        let model = self.fit(&table);
        assert_eq!(model.schema(), self.fit(&drawn(300, 7)).schema());
        let mut left_out = model.roles().left_out.iter().map(|one| one.column.as_str());
        assert!(left_out.by_ref().eq(["constant", "empty", "blank"]));
        // What is left out need not be there to predict.
        model.predict(&drawn(10, 8)).unwrap();
    }

    fn rows_of_which_nothing_is_known_are_predicted(&self) {
        let model = self.fit(&drawn(300, 9));
        let columns = ["tells", "noise", "zone"].map(|name| TableColumn {
            name: name.to_owned(),
            // Without any value a column has no kind of its own.
            values: Values::Number(vec![f64::NAN; 2]),
        });
        let said = model.predict(&Table::new(columns.to_vec()).unwrap()).unwrap();
        for row in said.probabilities.chunks(3) {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-5, "{row:?}");
        }
    }

    fn columns_are_found_by_name(&self) {
        let table = drawn(200, 10);
        let model = self.fit(&table);
        let mut columns = table.columns().to_vec();
        columns.reverse();
        columns.retain(|column| column.name != "issue");
        columns.push(TableColumn { name: "more".to_owned(), values: texts(&["x"; 200]) });
        let other = Table::new(columns).unwrap();
        assert_eq!(model.predict(&other).unwrap(), model.predict(&table).unwrap());
    }

    fn absent_and_wrong_columns_are_all_named(&self) {
        let model = self.fit(&drawn(80, 11));
        let columns =
            vec![TableColumn { name: "zone".to_owned(), values: Values::Number(vec![1.0]) }];
        let error = model.predict(&Table::new(columns).unwrap()).unwrap_err().to_string();
        assert_eq!(
            error,
            "the table lacks 2 columns: `tells`, `noise`; \
             column `zone` holds numbers where the model takes texts"
        );
        let infinite = with(&drawn(80, 11), "noise", Values::Number(vec![f64::INFINITY; 80]));
        let error = model.predict(&infinite).unwrap_err().to_string();
        assert!(error.contains("column `noise` row 1 is infinite"), "{error}");
    }

    fn unknown_levels_are_missing_and_counted(&self) {
        let table = drawn(80, 12);
        let model = self.fit(&table);
        let mut zones = vec!["a"; 80];
        zones[3..5].fill("moon");
        let unknown = model.predict(&with(&table, "zone", texts(&zones))).unwrap().unknown;
        let found: Vec<_> =
            unknown.iter().map(|one| (&*one.column, one.rows, &*one.example)).collect();
        assert_eq!(found, [("zone", 2, "moon")]);
    }

    fn contributions_add_up_and_name_what_tells(&self) {
        let table = drawn(600, 14);
        let model = self.fit(&table);
        let said = model.predict(&table).unwrap();
        let why = model.contributions(&table, 5, None).unwrap();
        assert_eq!(why.class, said.codes[5]);
        assert_ne!(why.columns[0].column, "noise");
        if let EstimatorParams::RandomForest(_) = self.estimator {
            let sum = why.bias + why.columns.iter().map(|one| one.amount).sum::<f64>();
            let p = said.probabilities[5 * 3 + why.class as usize];
            assert!((sum - p).abs() < 1e-6, "{sum} is not {p}");
        }
        let together = model.explain(&table, &said.codes, 9).unwrap();
        for row in [0, 5, 599] {
            let mut alone = model.contributions(&table, row, None).unwrap().columns;
            alone.retain(|one| one.amount != 0.0);
            assert_eq!(together[row], alone);
        }
        assert!(model.explain(&table, &[3; 600], 9).is_err());
        assert!(model.contributions(&table, 600, None).is_err());
        assert!(model.contributions(&table, 0, Some(3)).is_err());
    }

    fn a_model_from_a_file_is_the_model_that_was_written(&self) {
        let table = drawn(200, 15);
        let model = self.fit(&table);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.model");
        let card = Card { rows: 200, ..Card::default() };
        model.write(&path, card.clone()).unwrap();
        let again = TabularModel::read(&path).unwrap();
        assert_eq!(again.header.card, card);
        assert_eq!(again.header.kind, model.kind());
        assert_eq!(again.payload, model);
        assert_eq!(again.payload.predict(&table).unwrap(), model.predict(&table).unwrap());
    }

    fn changed_and_cut_files_are_refused(&self) {
        let name = Path::new("a.model");
        let model = self.fit(&drawn(80, 16));
        let whole = model.to_bytes(name, Card::default()).unwrap();
        let refused = |bytes: &[u8]| TabularModel::from_bytes(Named { name, bytes }).unwrap_err();
        let cut = refused(&whole[..whole.len() - 1]);
        assert!(matches!(cut, ModelFileError::CutShort { .. }), "{cut}");
        let mut changed = whole.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(matches!(refused(&changed), ModelFileError::Changed { .. }));
        // Sealed anew by somebody who knows how, but with a header of another kind.
        let mut header = TabularModel::from_bytes(Named { name, bytes: &whole }).unwrap().header;
        for kind in ["tabular-random-forest", "tabular-gradient-boosting", "hazard"] {
            header.kind = kind.to_owned();
            let bytes = model_file::to_bytes(name, &header, &model).unwrap();
            if kind != model.kind() {
                let error = refused(&bytes).to_string();
                assert!(error.contains("a.model"), "{error}");
            }
        }
    }

    fn files_of_every_format_still_load(&self) {
        for format in 1..=model_file::FORMAT {
            let model = TabularModel::read(&self.fixture(format)).unwrap().payload;
            let scores = model.score(&drawn(200, 18), MissingTarget::Refuse).unwrap();
            let notes = TabularModel::read(&self.fixture(format)).unwrap().header.card.notes;
            assert_eq!(scores.log_loss, notes["log_loss"], "format {format}");
            assert_eq!(scores.macro_f1, notes["macro_f1"], "format {format}");
        }
    }

    fn write_the_fixture(&self) {
        let path = self.fixture(model_file::FORMAT);
        if path.exists() {
            return; // What was once written is what later versions must read.
        }
        let model = self.fit(&drawn(120, 17));
        let scores = model.score(&drawn(200, 18), MissingTarget::Refuse).unwrap();
        let notes = [("log_loss", scores.log_loss), ("macro_f1", scores.macro_f1)];
        let card = Card {
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            seed: 13,
            rows: 120,
            notes: notes.map(|(name, value)| (name.to_owned(), value)).into(),
            ..Card::default()
        };
        model.write(&path, card).unwrap();
    }

    fn fixture(&self, format: u32) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/models");
        let name = format!("tabular-{}-of-3.model", self.estimator.name());
        folder.join(format!("format-{format}")).join(name)
    }
}

// === free functions ===

fn bytes(model: &TabularModel) -> Vec<u8> {
    model.to_bytes(Path::new("some"), Card::default()).unwrap()
}

fn texts(texts: &[&str]) -> Values {
    Values::Text(Text::of(texts.iter().copied().map(Some)))
}

/// The rows of `rows.rs` as a table with three classes.
fn drawn(n: usize, seed: u64) -> Table {
    let rows = Rows::drawn(n, seed, 3);
    let issues = ["none", "leak", "crash"];
    let issue: Vec<&str> = rows.classes.iter().map(|class| issues[*class as usize]).collect();
    let mut columns = Vec::new();
    for (schema, column) in rows.frame.schema().columns().iter().zip(rows.frame.columns()) {
        let dense: Vec<f32> = (0..n).map(|row| column.dense(row)).collect();
        let values = if schema.name == "zone" {
            let zones = dense.iter().map(|code| ["a", "b", "c"].get(*code as usize).copied());
            let zones = zones.zip(&dense).map(|(zone, code)| zone.filter(|_| !code.is_nan()));
            Values::Text(Text::of(zones))
        } else {
            Values::Number(dense.into_iter().map(f64::from).collect())
        };
        columns.push(TableColumn { name: schema.name.clone(), values });
    }
    columns.push(TableColumn { name: "issue".to_owned(), values: texts(&issue) });
    Table::new(columns).unwrap()
}

/// The table with one column in place of another, or more.
fn with(table: &Table, name: &str, values: Values) -> Table {
    let mut columns = table.columns().to_vec();
    columns.retain(|column| column.name != name);
    columns.push(TableColumn { name: name.to_owned(), values });
    Table::new(columns).unwrap()
}

#[test]
fn a_target_with_gaps_is_refused_with_their_count_unless_told_otherwise() {
    let table = drawn(100, 19);
    let Values::Text(mut issue) = table.column("issue").unwrap().clone() else { panic!("texts") };
    issue.codes[7] = MISSING_CODE;
    issue.codes[70] = MISSING_CODE;
    issue.codes[90] = MISSING_CODE;
    let table = with(&table, "issue", Values::Text(issue));
    let fit = |missing_target| {
        let options = FitOptions { missing_target, ..FitOptions::new("issue") };
        TabularModel::fit(&table, &options, &mut |_| {})
    };
    let error = fit(MissingTarget::Refuse).unwrap_err();
    assert!(matches!(error, TrainError::Labels(LabelError::Missing { n_missing: 3, .. })));
    assert!(error.to_string().contains("missing in 3 of 100 rows, first in row 8"), "{error}");
    let dropped = fit(MissingTarget::Drop).unwrap();
    assert_eq!(dropped.class_counts().iter().sum::<u64>(), 97);
    let own_class = fit(MissingTarget::Class).unwrap();
    assert_eq!(own_class.classes(), ["crash", "leak", "missing", "none"]);
    assert_eq!(own_class.class_counts()[2], 3);
    // A model that does not know the class says so.
    let error = dropped.score(&table, MissingTarget::Class).unwrap_err().to_string();
    assert!(error.contains("does not know class `missing`, it knows `crash`"), "{error}");
}

#[test]
fn numbers_as_classes_are_sorted_by_value() {
    let table = drawn(99, 20);
    let numbers = (0..99).map(|row| [10.0, 9.0, 0.5][row % 3]).collect();
    let table = with(&table, "issue", Values::Number(numbers));
    let model = TabularModel::fit(&table, &FitOptions::new("issue"), &mut |_| {}).unwrap();
    assert_eq!(model.classes(), ["0.5", "9", "10"]);
}

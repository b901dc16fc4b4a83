//! The contract of `foresail_learn::estimator::Classifier`, as tests: one module of them per model.
//!
//! A new model joins with `model_suite!(name, Type, { n_classes, params })` and, once, a fixture
//! written by its `write_the_fixture`.

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use foresail_learn::estimator::{Classifier, LabelledFrame};
use foresail_learn::frame::{Column, ColumnSchema, Frame, MISSING_CODE, Schema};
use foresail_learn::metrics::ClassProbabilities;
use foresail_learn::model_file::{self, Card, Expected, Header, ModelFileError};
use serde::{Deserialize, Serialize};

use crate::rows::{self, Rows};

/// One module of tests for one classifier.
#[macro_export]
macro_rules! model_suite {
    ($name:ident, $model:ty, { n_classes: $n_classes:expr, params: $params:expr $(,)? }) => {
        mod $name {
            use $crate::model_suite::Suite;

            fn suite() -> Suite<$model> {
                Suite { params: $params, n_classes: $n_classes }
            }

            $crate::model_suite!(@tests
                learns_what_tells,
                a_fit_forgets_the_past,
                the_same_seed_gives_the_same_bytes_at_any_number_of_threads,
                one_class_alone_is_predicted,
                one_row_is_enough,
                no_rows_are_refused_and_none_are_predicted,
                labels_that_do_not_fit_the_rows_are_refused,
                rows_of_no_weight_do_not_count,
                a_constant_column_does_not_hurt,
                all_missing_gives_the_rates,
                another_schema_is_refused,
                a_model_from_a_file_is_the_model_that_was_written,
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

/// A classifier under test.
pub struct Suite<C: Classifier> {
    pub params: C::Params,
    pub n_classes: usize,
}

/// The body of a fixture: a model, rows, and what it said of them when it was written.
#[derive(Serialize, Deserialize)]
struct Said<C> {
    model: C,
    frame: Frame,
    probabilities: Vec<f64>,
}

// === impl Suite ===

impl<C: Classifier + Debug> Suite<C>
where
    C::Params: Sync,
{
    fn fit(&self, rows: &Rows) -> C {
        C::fit(&self.params, &rows.labelled()).unwrap()
    }

    /// Probabilities of a frame, checked to be one distribution a row.
    fn said(&self, model: &C, frame: &Frame) -> Vec<f64> {
        let said = model.predict_proba(frame).unwrap();
        assert_eq!(said.len(), frame.n_rows() * self.n_classes);
        for row in said.chunks(self.n_classes) {
            assert!(row.iter().all(|p| (0.0..=1.0).contains(p)), "{row:?}");
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-5, "{row:?}");
        }
        said
    }

    pub fn learns_what_tells(&self) {
        let model = self.fit(&Rows::drawn(600, 1, self.n_classes));
        assert_eq!(model.n_classes(), self.n_classes);
        assert_eq!(model.schema_id(), rows::schema().id());
        let new = Rows::drawn(600, 2, self.n_classes);
        let said = self.said(&model, &new.frame);
        let judged = ClassProbabilities::new(&new.classes, &said, self.n_classes).unwrap();
        for class in 0..self.n_classes as u32 {
            let auc = judged.roc_auc(class).unwrap();
            assert!(auc > 0.9, "class {class} has area {auc}");
        }
    }

    pub fn a_fit_forgets_the_past(&self) {
        let (one, other) = (Rows::drawn(80, 1, self.n_classes), Rows::drawn(90, 2, self.n_classes));
        let first = bytes(&self.fit(&one));
        let between = bytes(&self.fit(&other));
        assert_ne!(first, between);
        assert_eq!(bytes(&self.fit(&one)), first);
    }

    pub fn the_same_seed_gives_the_same_bytes_at_any_number_of_threads(&self) {
        let rows = Rows::drawn(3_000, 3, self.n_classes);
        let here = self.fit(&rows);
        let said = self.said(&here, &rows.frame);
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let (again, said_again) = pool.install(|| {
                let model = self.fit(&rows);
                let said = self.said(&model, &rows.frame);
                (bytes(&model), said)
            });
            assert_eq!(again, bytes(&here), "{threads} threads");
            assert_eq!(said_again, said, "{threads} threads");
        }
    }

    pub fn one_class_alone_is_predicted(&self) {
        for class in 0..self.n_classes as u32 {
            let mut rows = Rows::drawn(60, 4, self.n_classes);
            rows.classes.fill(class);
            let model = self.fit(&rows);
            for row in self.said(&model, &rows.frame).chunks(self.n_classes) {
                assert!(row[class as usize] > 0.9, "class {class} alone, but {row:?}");
            }
        }
    }

    pub fn one_row_is_enough(&self) {
        let rows = Rows::drawn(1, 5, self.n_classes);
        let said = self.said(&self.fit(&rows), &rows.frame);
        let own = said[rows.classes[0] as usize];
        assert!(said.iter().all(|p| *p <= own), "{said:?}");
    }

    pub fn no_rows_are_refused_and_none_are_predicted(&self) {
        let none = Rows::drawn(0, 6, self.n_classes);
        assert!(C::fit(&self.params, &none.labelled()).is_err());
        let model = self.fit(&Rows::drawn(60, 6, self.n_classes));
        assert_eq!(self.said(&model, &none.frame), [0.0; 0]);
    }

    pub fn labels_that_do_not_fit_the_rows_are_refused(&self) {
        let rows = Rows::drawn(60, 7, self.n_classes);
        let refused = |classes: &[u32], weights: Option<&[f32]>| {
            let rows = LabelledFrame { classes, weights, ..rows.labelled() };
            C::fit(&self.params, &rows).is_err()
        };
        let all_ones = [1.0; 60];
        assert!(!refused(&rows.classes, Some(&all_ones)));
        assert!(refused(&rows.classes[1..], None), "a class is missing");
        assert!(refused(&[self.n_classes as u32; 60], None), "no such class");
        assert!(refused(&rows.classes, Some(&all_ones[1..])), "a weight is missing");
        assert!(refused(&rows.classes, Some(&[0.0; 60])), "no row has weight");
        for weight in [-1.0, f32::NAN, f32::INFINITY] {
            let mut weights = all_ones;
            weights[3] = weight;
            assert!(refused(&rows.classes, Some(&weights)), "weight {weight}");
        }
    }

    pub fn rows_of_no_weight_do_not_count(&self) {
        let mut rows = Rows::drawn(200, 8, self.n_classes);
        let weights: Vec<f32> = (0..200).map(|row| if row < 100 { 1.0 } else { 0.0 }).collect();
        rows.classes[..100].fill(0);
        rows.classes[100..].fill(1);
        let weighted = LabelledFrame { weights: Some(&weights), ..rows.labelled() };
        let model = C::fit(&self.params, &weighted).unwrap();
        for row in self.said(&model, &rows.frame).chunks(self.n_classes) {
            assert!(row[0] > 0.9, "class 1 has no weight, but {row:?}");
        }
    }

    pub fn a_constant_column_does_not_hurt(&self) {
        let rows = Rows::drawn(600, 9, self.n_classes);
        let mut schema = rows.frame.schema().columns().to_vec();
        let mut columns = rows.frame.columns().to_vec();
        schema.push(ColumnSchema::number("constant"));
        columns.push(Column::Number(vec![7.5; 600]));
        schema.push(ColumnSchema::category("only", vec!["one".to_owned()]));
        columns.push(Column::Category(vec![0; 600]));
        let wider = rows.with_columns(schema, columns);
        let said = self.said(&self.fit(&wider), &wider.frame);
        let judged = ClassProbabilities::new(&wider.classes, &said, self.n_classes).unwrap();
        assert!(judged.roc_auc(0).unwrap() > 0.9);
        let constants = rows.with_columns(
            vec![ColumnSchema::number("constant")],
            vec![Column::Number(vec![7.5; 600])],
        );
        self.gives_the_rates(&constants);
    }

    pub fn all_missing_gives_the_rates(&self) {
        let rows = Rows::drawn(600, 10, self.n_classes);
        let nothing = missing(600);
        let empty = Rows { frame: nothing, ..rows };
        self.gives_the_rates(&empty);
        // And a model that knows more still answers where nothing is known.
        let model = self.fit(&Rows::drawn(600, 10, self.n_classes));
        self.said(&model, &missing(3));
    }

    /// Where nothing tells, every row gets the shares of the classes, but for the draws of a forest.
    fn gives_the_rates(&self, rows: &Rows) {
        let said = self.said(&self.fit(rows), &rows.frame);
        for (p, share) in said.iter().zip(rows.shares()) {
            assert!((p - share).abs() < 0.03, "{p} where the share is {share}");
        }
    }

    pub fn another_schema_is_refused(&self) {
        let rows = Rows::drawn(60, 11, self.n_classes);
        let model = self.fit(&rows);
        let names = ["tells", "noise", "other"];
        let columns = vec![Column::Number(vec![0.0; 2]); 3];
        let other = Frame::new(Schema::numbers(&names).unwrap(), columns).unwrap();
        let refused = model.predict_proba(&other).unwrap_err().to_string();
        for id in [rows.frame.schema().id(), other.schema().id()] {
            assert!(refused.contains(id.as_str()), "`{refused}` does not name `{id}`");
        }
    }

    pub fn a_model_from_a_file_is_the_model_that_was_written(&self) {
        let rows = Rows::drawn(300, 12, self.n_classes);
        let model = self.fit(&rows);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.model");
        model_file::write(&path, &self.header(&rows), &model).unwrap();
        let expected = Expected { kind: C::KIND, schema: Some(rows.frame.schema().id()) };
        let again = model_file::read::<C>(&path, &expected).unwrap().payload;
        assert_eq!(bytes(&again), bytes(&model));
        assert_eq!(self.said(&again, &rows.frame), self.said(&model, &rows.frame));
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        let cut = model_file::read::<C>(&path, &expected).unwrap_err();
        assert!(matches!(cut, ModelFileError::CutShort { .. }), "{cut}");
    }

    pub fn files_of_every_format_still_load(&self) {
        let expected = Expected { kind: C::KIND, schema: Some(rows::schema().id()) };
        for format in 1..=model_file::FORMAT {
            let path = self.fixture(format);
            let said = model_file::read::<Said<C>>(&path, &expected).unwrap().payload;
            let again = said.model.predict_proba(&said.frame).unwrap();
            assert_eq!(again, said.probabilities, "format {format}");
        }
    }

    pub fn write_the_fixture(&self) {
        let path = self.fixture(model_file::FORMAT);
        if path.exists() {
            return; // What was once written is what later versions must read.
        }
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let rows = Rows::drawn(80, 13, self.n_classes);
        let model = self.fit(&rows);
        let frame = rows.frame.select_rows(&[0, 1, 2, 3, 4, 5, 6, 7]).unwrap();
        let probabilities = self.said(&model, &frame);
        let said = Said { model, frame, probabilities };
        model_file::write(&path, &self.header(&rows), &said).unwrap();
    }

    fn fixture(&self, format: u32) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/models");
        let name = format!("{}-of-{}.model", C::KIND, self.n_classes);
        folder.join(format!("format-{format}")).join(name)
    }

    fn header(&self, rows: &Rows) -> Header {
        Header {
            kind: C::KIND.to_owned(),
            schema: rows.frame.schema().clone(),
            card: Card {
                program_version: env!("CARGO_PKG_VERSION").to_owned(),
                seed: 13,
                rows: rows.classes.len() as u64,
                ..Card::default()
            },
            base_rates: (0..).map(|class: u32| class.to_string()).zip(rows.shares()).collect(),
            operating_points: Vec::new(),
        }
    }
}

// === free functions ===

fn bytes<C: Serialize>(model: &C) -> Vec<u8> {
    rmp_serde::to_vec_named(model).unwrap()
}

/// Rows in which nothing is known.
fn missing(n: usize) -> Frame {
    let columns = vec![
        Column::Number(vec![f32::NAN; n]),
        Column::Number(vec![f32::NAN; n]),
        Column::Category(vec![MISSING_CODE; n]),
    ];
    Frame::new(rows::schema(), columns).unwrap()
}

//! The report of a small model.

use foresail_learn::model_file::Card;
use foresail_learn::tabular::{
    FindingKind, FitOptions, SplitOptions, TableColumn, Text, TrainOptions, Values, train,
};

use super::*;

/// Rows whose class follows a number, with one name that markup would have to escape.
fn rows(n: usize) -> Table {
    let numbers: Vec<f64> = (0..n).map(|row| (row * 37 % 101) as f64).collect();
    let class = |number: &f64| if *number > 60.0 { "<b>leak" } else { "normal" };
    let classes = Text::of(numbers.iter().map(|number| Some(class(number))));
    Table::new(vec![
        TableColumn { name: "num_a".to_owned(), values: Values::Number(numbers) },
        TableColumn { name: "issue".to_owned(), values: Values::Text(classes) },
    ])
    .unwrap()
}

fn result() -> TabularResult {
    let table = rows(200);
    let options = TrainOptions { fit: FitOptions::new("issue"), split: SplitOptions::default() };
    let trained = train(&table, &options, &mut |_| {}).unwrap();
    let place = Path::new("a.model");
    let bytes = trained.model.to_bytes(place, Card::default()).unwrap();
    let file =
        TabularModel::from_bytes(foresail_learn::model_file::Named { name: place, bytes: &bytes });
    let model = file.unwrap();
    let rows = JudgedRows {
        file: "new.csv".to_owned(),
        sha256: "00".to_owned(),
        part: Part::All,
        without_class: 0,
        unknown: Vec::new(),
    };
    let provenance =
        Provenance { program_version: "0".to_owned(), command: "foresail evaluate".to_owned() };
    judge(&Judging {
        model: &model.payload,
        header: &model.header,
        model_file: place,
        table: &table,
        rows: &rows,
        missing: MissingTarget::Refuse,
        provenance: &provenance,
    })
    .unwrap()
}

#[test]
fn the_page_escapes_names_and_needs_nothing_else() {
    let page = html(&result());
    assert!(page.contains("&lt;b&gt;leak") && !page.contains("<b>leak"));
    for foreign in ["<script", " src=", " href=", "@import", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}

#[test]
fn rows_that_the_model_was_trained_on_are_the_first_finding_whatever_their_file() {
    let finding = &result().findings[0];
    assert_eq!(finding.kind, FindingKind::RowsRepeated);
    assert!(finding.fact.starts_with("of 200 judged rows that were looked for, "), "{finding:?}");
}

#[test]
fn all_files_are_written_and_the_same_twice() {
    let folder = tempfile::tempdir().unwrap();
    let result = result();
    let once = write(&result, folder.path()).unwrap();
    let bytes = |files: &ReportFiles| -> Vec<Vec<u8>> {
        let all = files.charts.iter().chain([&files.html, &files.json]);
        all.map(|file| std::fs::read(file).unwrap()).collect()
    };
    let first = bytes(&once);
    assert_eq!(once.charts.len(), 6);
    assert_eq!(first, bytes(&write(&result, folder.path()).unwrap()));
}

#[test]
fn confidence_is_the_share_of_right_rows_in_bins_of_equal_mass() {
    let truth = [0, 0, 1, 1];
    let said = [0, 0, 1, 0];
    let confidence =
        Confidence::of(&truth, &said, &[0.9, 0.1, 0.8, 0.2, 0.2, 0.8, 0.6, 0.4]).unwrap();
    let rows: f64 = confidence.bins.iter().map(|bin| bin.rows).sum();
    assert!((rows - 4.0).abs() < 1e-9);
    assert!(confidence.bins[0].right < 1e-9 && (confidence.bins[0].said - 0.6).abs() < 1e-9);
}

#[test]
fn many_classes_are_pooled_in_the_picture_and_kept_in_the_numbers() {
    let mut result = result();
    let mut row = result.scores.classes[0].clone();
    result.scores.classes = (0..40)
        .map(|class| {
            row.class = format!("class {class}");
            row.support = class;
            row.clone()
        })
        .collect();
    result.scores.confusion = (0..40).map(|class| vec![class; 40]).collect();
    let charts = charts::all(&result);
    let crate::chart::Figure::Confusion(confusion) = &charts[0].figure else {
        panic!("the first chart is the matrix");
    };
    assert_eq!(confusion.classes.len(), 24);
    assert_eq!(confusion.classes[23], "17 others");
    let shown: u64 = confusion.counts.iter().flatten().sum();
    assert_eq!(shown, result.scores.confusion.iter().flatten().sum::<u64>());
}

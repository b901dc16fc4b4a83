use std::path::Path;

use proptest::prelude::*;

use super::{CsvError, ReadOptions, blocks, from_bytes, write};
use crate::model_file::Named;
use crate::tabular::{Table, TableColumn, Text, Values};

fn read_with(bytes: &[u8], options: &ReadOptions) -> Result<Table, CsvError> {
    from_bytes(Named { name: Path::new("some.csv"), bytes }, options)
}

fn read(text: &str) -> Table {
    read_with(text.as_bytes(), &ReadOptions::default()).unwrap()
}

fn refused(bytes: impl AsRef<[u8]>) -> String {
    read_with(bytes.as_ref(), &ReadOptions::default()).unwrap_err().to_string()
}

fn verbatim(names: &[&str]) -> ReadOptions {
    let text = names.iter().map(|name| (*name).to_owned()).collect();
    ReadOptions { text, ..ReadOptions::default() }
}

fn numbers(table: &Table, name: &str) -> Vec<Option<f64>> {
    match table.column(name).unwrap() {
        Values::Number(numbers) => {
            numbers.iter().map(|&number| (!number.is_nan()).then_some(number)).collect()
        }
        Values::Text(text) => panic!("`{name}` holds texts: {text:?}"),
    }
}

fn texts(table: &Table, name: &str) -> Vec<Option<String>> {
    match table.column(name).unwrap() {
        Values::Text(text) => {
            (0..text.codes.len()).map(|row| text.get(row).map(str::to_owned)).collect()
        }
        Values::Number(numbers) => panic!("`{name}` holds numbers: {numbers:?}"),
    }
}

fn some(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| Some((*text).to_owned())).collect()
}

#[test]
fn a_column_of_numbers_is_numbers_and_any_text_makes_it_texts() {
    let table = read("a,b\n1,2\n-2.5e3, 7 \n,x\n");
    assert_eq!(numbers(&table, "a"), [Some(1.0), Some(-2500.0), None]);
    assert_eq!(texts(&table, "b"), some(&["2", " 7 ", "x"]));
}

#[test]
fn a_text_after_many_numbers_makes_the_whole_column_texts() {
    let n = 3_000;
    let mut text = "a,b\n".to_owned();
    (0..n).for_each(|row| text.push_str(&format!("{row},{row}\n")));
    text.push_str("1,late\n");
    let table = read(&text);
    assert_eq!(numbers(&table, "a").len(), n + 1);
    let found = texts(&table, "b");
    assert_eq!((found[17].as_deref(), found[n].as_deref()), (Some("17"), Some("late")));
}

#[test]
fn what_pandas_takes_as_missing_is_missing() {
    let markers = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "<NA>", " NA "];
    let rows: String = markers.iter().map(|marker| format!("{marker},{marker},1\n")).collect();
    let table = read(&format!("a,cat_b,c\n{rows}5,x,1\n"));
    let found = numbers(&table, "a");
    assert_eq!(found[..10], [None; 10]);
    assert_eq!(found[10], Some(5.0));
    assert_eq!(texts(&table, "cat_b")[..10], vec![None; 10]);
}

#[test]
fn in_a_verbatim_column_only_nothing_is_missing() {
    let text = "x,issue\n1,None\n2,NA\n3,null\n4,\n5,7\n";
    let table = read_with(text.as_bytes(), &verbatim(&["issue", "absent"])).unwrap();
    let mut wanted = some(&["None", "NA", "null", "", "7"]);
    wanted[3] = None;
    assert_eq!(texts(&table, "issue"), wanted);
}

#[test]
fn prefixes_decide_the_kind() {
    let table = read("num_a,cat_b\n,1\nNA,2\n");
    assert_eq!(numbers(&table, "num_a"), [None, None]);
    assert_eq!(texts(&table, "cat_b"), some(&["1", "2"]));
    let found = refused("x,num_a\n1,2\n\n3,high\n");
    assert_eq!(found, "`some.csv`, line 4, column `num_a`: `high` is no number");
}

#[test]
fn wishes_decide_the_kind() {
    let options = ReadOptions {
        categories: vec!["a".to_owned()],
        numbers: vec!["b".to_owned()],
        ..ReadOptions::default()
    };
    let table = read_with(b"a,b\n1,2\nNA,3\n", &options).unwrap();
    assert_eq!(texts(&table, "a"), [Some("1".to_owned()), None]);
    let error = read_with(b"a,b\n1,2\nNA,x\n", &options).unwrap_err();
    assert!(matches!(error, CsvError::NotANumber { place, .. } if place.line == 3));
}

#[test]
fn booleans_are_texts() {
    assert_eq!(texts(&read("a\ntrue\nfalse\n"), "a"), some(&["true", "false"]));
}

#[test]
fn thousands_separators_are_named() {
    let wanted = "line 3, column `a`: `1,234.5` has thousands separators: write it as `1234.5`";
    let found = refused("a,b\n12,1\n\"1,234.5\",1\n");
    assert!(found.contains(wanted), "{found}");
    let found = refused("num_a\n12\n\"-1,234,567\"\n");
    assert!(found.contains("write it as `-1234567`"), "{found}");
    // One real text, and the column is one of texts.
    assert_eq!(texts(&read("a\n\"1,234\"\nx\n"), "a"), some(&["1,234", "x"]));
    assert_eq!(texts(&read("cat_a\n\"1,234\"\n"), "cat_a"), some(&["1,234"]));
    assert_eq!(texts(&read("a\n\"1,2345\"\n"), "a"), some(&["1,2345"]));
    let found = refused("a,b\n1,234,5\n");
    assert!(found.contains("line 2: 3 fields where the header names 2"), "{found}");
    assert!(found.contains("thousands"), "{found}");
}

#[test]
fn infinite_numbers_are_refused_and_texts_that_name_them_are_not() {
    for value in ["inf", "-inf", "Infinity", "1e999"] {
        let found = refused(format!("a,b\n1,1\n2,{value}\n"));
        let place = format!("`some.csv`, line 3, column `b`: `{value}` is infinite");
        assert!(found.starts_with(&place), "{found}");
    }
    assert_eq!(texts(&read("a\ninf\nhigh\n"), "a"), some(&["inf", "high"]));
}

#[test]
fn ragged_rows_are_refused_with_their_line() {
    let found = refused("a,b\n1,2\n\"x\ny\",3\n4\n");
    assert!(found.contains("line 5: 1 fields where the header names 2"), "{found}");
}

#[test]
fn quoted_fields_hold_newlines_commas_and_quotes() {
    let table = read("a,b\r\n\"x\r\ny\",1\r\n\"p,q\",2\r\n\"say \"\"hi\"\"\",3\r\n");
    assert_eq!(texts(&table, "a"), some(&["x\r\ny", "p,q", "say \"hi\""]));
    assert_eq!(numbers(&table, "b"), [Some(1.0), Some(2.0), Some(3.0)]);
}

#[test]
fn quotes_inside_of_a_field_are_text() {
    let table = read("a,b\n5\" disk,1\n\"x\"y\"z,2\n");
    assert_eq!(texts(&table, "a"), some(&["5\" disk", "xy\"z"]));
}

#[test]
fn a_quote_that_is_never_closed_is_refused_where_it_opens() {
    assert!(refused("a,b\n1,2\n3,\"x\n5,6\n").contains("line 3: a quote opens here"));
}

#[test]
fn chunks_are_cut_between_records_only() {
    // Longer than two chunks, with newlines, commas and quotes between quotes all over.
    let field = format!("\"{}\"\"\n,\n\"", "z\n,".repeat(700));
    let n = 3_000;
    let rows: String = (0..n).map(|row| format!("{row},{field},{row}\n")).collect();
    let text = format!("a,b,c\n{rows}");
    assert!(text.len() > 5_000_000);
    let table = read(&text);
    let wanted: Vec<Option<f64>> = (0..n).map(|row| Some(f64::from(row))).collect();
    assert_eq!(numbers(&table, "a"), wanted);
    assert_eq!(numbers(&table, "c"), wanted);
    assert_eq!(texts(&table, "b").iter().flatten().count(), n as usize);
    let Values::Text(found) = table.column("b").unwrap() else { panic!("texts") };
    assert_eq!(found.levels.len(), 1);
    // And an error far behind has its line.
    let lines = text.lines().count();
    let found = refused(format!("{text}1,2\n"));
    assert!(found.contains(&format!("line {}: 2 fields", lines + 1)), "{found}");
}

#[test]
fn one_quoted_field_may_be_longer_than_a_chunk() {
    let long = "x\n".repeat(3_000_000);
    let table = read(&format!("a,b\n1,\"{long}\"\n2,y\n"));
    assert_eq!(numbers(&table, "a"), [Some(1.0), Some(2.0)]);
}

#[test]
fn a_mark_before_the_header_is_no_part_of_a_name() {
    assert_eq!(numbers(&read("\u{feff}a,b\n1,2\n"), "a"), [Some(1.0)]);
    assert_eq!(numbers(&read("\u{feff}\"a\",b\n1,2\n"), "a"), [Some(1.0)]);
    assert!(refused("\u{feff}num_a\n1\nx\n").contains("line 3, column `num_a`"));
}

#[test]
fn other_encodings_are_named() {
    let wide: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain("a,b\n1,2\n".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    assert!(refused(&wide).contains("UTF-16 (little-endian)"));
    assert!(refused(&wide[2..]).contains("is zero, so this is no text"));
    let found = refused(b"a,b\n1,2\n1,caf\xe9\n");
    assert!(found.contains("line 3: byte 6 (`0xe9`) is no UTF-8"), "{found}");
    let found = refused(b"a,b\n1,\0\n");
    assert!(found.contains("line 2: byte 3 is zero"), "{found}");
}

#[test]
fn files_without_rows_are_refused() {
    assert!(refused("").contains("is empty"));
    assert!(refused("\n \r\n").contains("is empty"));
    assert!(refused("\u{feff}").contains("is empty"));
    assert!(refused("a,b").contains("no row"));
    assert!(refused("a,b\n\n").contains("no row"));
    let error = super::read(Path::new("/none/such.csv"), &ReadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("failed to read `/none/such.csv`"));
}

#[test]
fn a_name_that_stands_twice_is_refused_and_none_is_named_after_its_place() {
    let found = refused("a,b,a\n1,2,3\n");
    assert_eq!(found, "`some.csv`, line 1: columns 1 and 3 are both named `a`");
    assert_eq!(numbers(&read(",b\n1,2\n"), "unnamed_1"), [Some(1.0)]);
}

#[test]
fn ten_thousand_columns_are_read() {
    let names: Vec<String> = (0..10_000).map(|column| format!("c{column}")).collect();
    let row: Vec<String> = (0..10_000).map(|column| column.to_string()).collect();
    let text = format!("{}\n{}\n{}\n", names.join(","), row.join(","), row.join(","));
    let table = read(&text);
    assert_eq!(table.columns().len(), 10_000);
    assert_eq!(numbers(&table, "c9999"), [Some(9999.0); 2]);
}

#[test]
fn numbers_are_written_short_and_read_back_equal() {
    let values =
        [0.1, 1.0, -0.0, 1e300, 5e-324, f64::MAX, 1.0 / 3.0, 123_456_789.0, 1e15, f64::NAN];
    let column = TableColumn { name: "a".to_owned(), values: Values::Number(values.to_vec()) };
    let mut bytes = Vec::new();
    write(&Table::new(vec![column]).unwrap(), &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.starts_with("a\n0.1\n1\n-0\n1e300\n5e-324\n"), "{text}");
    let again = read(&text);
    let wanted: Vec<Option<f64>> =
        values.iter().map(|&value| (!value.is_nan()).then_some(value)).collect();
    assert_eq!(numbers(&again, "a"), wanted);
}

prop_compose! {
    fn any_table()(n_rows in 1_usize..40, n_columns in 1_usize..6)(
        columns in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(
                    prop_oneof![
                        8 => proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL,
                        2 => (-1_000_i32..1_000).prop_map(f64::from),
                        1 => Just(f64::NAN),
                    ],
                    n_rows,
                ).prop_map(Values::Number),
                proptest::collection::vec(
                    proptest::option::of("[a-c\"\n\r, é0-9.]{1,6}|NA|null"),
                    n_rows,
                ).prop_map(|texts| Values::Text(Text::of(texts.iter().map(Option::as_deref)))),
            ],
            n_columns,
        ),
        names in proptest::collection::hash_set("[a-z \"\n,é]{1,8}", n_columns),
    ) -> Table {
        let mut names: Vec<String> = names.into_iter().collect();
        names.sort_unstable();
        let columns = names.into_iter().zip(columns);
        Table::new(columns.map(|(name, values)| TableColumn { name, values }).collect()).unwrap()
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back_equal(table in any_table()) {
        let text = table.columns().iter().filter(|column| matches!(column.values, Values::Text(_)));
        let options = ReadOptions {
            text: text.map(|column| column.name.clone()).collect(),
            ..ReadOptions::default()
        };
        let mut bytes = Vec::new();
        write(&table, &mut bytes).unwrap();
        let again = read_with(&bytes, &options).unwrap();
        // NaN is not equal to itself: compare as debug texts.
        prop_assert_eq!(format!("{again:?}"), format!("{table:?}"));
    }

    /// Rows without quotes take another way than those behind a quoted one.
    #[test]
    fn quotes_elsewhere_change_no_row(rows in "([a1.]{0,2},[a1.]{0,2}(,x)?(\r?\n|\r){1,2}){1,6}") {
        let plain = read_with(format!("p,q\n{rows}").as_bytes(), &verbatim(&["p", "q"]));
        let quoted = read_with(format!("p,q\n{rows}\"\",\"\"\n").as_bytes(), &verbatim(&["p", "q"]));
        match (plain, quoted) {
            (Ok(plain), Ok(quoted)) => {
                let rows: Vec<usize> = (0..plain.n_rows()).collect();
                prop_assert_eq!(quoted.select_rows(&rows).unwrap(), plain);
            }
            (plain, quoted) => {
                let messages = [plain, quoted].map(|one| one.unwrap_err().to_string());
                prop_assert_eq!(&messages[0], &messages[1]);
            }
        }
    }

    #[test]
    fn any_bytes_are_a_table_or_an_error(
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            "[a,\"\n\r1é.-]{0,80}".prop_map(String::into_bytes),
        ],
    ) {
        let _ = read_with(&bytes, &ReadOptions::default());
    }
}

#[test]
fn blocks_of_any_size_give_the_same_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    let mut text = "\u{feff}a,\"cat b\",c\r\n".to_owned();
    for row in 0..500 {
        let cell = if row % 7 == 0 { "\"two\nlines, \"\"quoted\"\"\"" } else { "plain" };
        text.push_str(&format!("{row}.5,{cell},{}\r\n", if row % 5 == 0 { "NA" } else { "x" }));
    }
    let options = verbatim(&["c"]);
    // The first block holds a row, by which columns are guessed.
    for ending in ["", "1,last,"] {
        std::fs::write(&path, format!("{text}{ending}")).unwrap();
        let whole = read_with(format!("{text}{ending}").as_bytes(), &options).unwrap();
        for block in [20, 33, 100, 4_096, 1 << 20] {
            assert_eq!(
                blocks::read(&path, &options, block).unwrap().as_ref(),
                Some(&whole),
                "{block}"
            );
        }
    }
}

#[test]
fn blocks_leave_what_is_odd_to_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    let odd =
        ["", "a\n", "a,b\n1\n", "a\n\"1\n", "a\ninf\n", "a\n\"1,000\"\n", "a,a\n1,2\n", "a\n1\0\n"];
    for text in odd {
        std::fs::write(&path, text).unwrap();
        for block in [3, 1 << 20] {
            let read = blocks::read(&path, &ReadOptions::default(), block).unwrap();
            assert_eq!(read, None, "{text:?} by {block}");
        }
    }
}

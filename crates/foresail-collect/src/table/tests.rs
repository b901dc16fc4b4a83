use arrow_array::types::Int8Type;
use arrow_array::{
    BinaryArray, BooleanArray, Date32Array, Decimal128Array, DurationSecondArray, Int64Array,
    LargeStringArray, ListArray, NullArray, StringViewArray, TimestampMicrosecondArray,
    TimestampSecondArray, UInt8Array,
};

use super::*;

fn number(name: &str, values: Vec<f64>) -> TableColumn {
    TableColumn { name: name.to_owned(), values: Values::Number(values) }
}

fn text(name: &str, values: &[Option<&str>]) -> TableColumn {
    TableColumn { name: name.to_owned(), values: Values::Text(Text::of(values.iter().copied())) }
}

fn stored(folder: &tempfile::TempDir, columns: Vec<(&str, ArrayRef)>) -> PathBuf {
    let path = folder.path().join("rows.parquet");
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    path
}

fn numbers(table: &Table, name: &str) -> Vec<Option<f64>> {
    let Values::Number(numbers) = table.column(name).unwrap() else { panic!("`{name}` is text") };
    numbers.iter().map(|number| (!number.is_nan()).then_some(*number)).collect()
}

fn texts(table: &Table, name: &str) -> Vec<Option<String>> {
    let Values::Text(text) = table.column(name).unwrap() else { panic!("`{name}` is numbers") };
    (0..text.codes.len()).map(|row| text.get(row).map(str::to_owned)).collect()
}

fn some(values: &[&str]) -> Vec<Option<String>> {
    values.iter().map(|value| Some((*value).to_owned())).collect()
}

#[test]
fn a_table_comes_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.parquet");
    let table = Table::new(vec![
        text("label", &[Some("good"), None, Some("bad, \"quoted\"\n"), Some("good"), Some("")]),
        number("a", vec![1.5, -0.0, f64::MIN_POSITIVE, f64::INFINITY, 1e300]),
    ])
    .unwrap();
    write_parquet(&table, std::fs::File::create(&path).unwrap()).unwrap();
    assert_eq!(read_parquet(&path).unwrap(), table);
    let holes = Table::new(vec![number("a", vec![f64::NAN, 2.0])]).unwrap();
    write_parquet(&holes, std::fs::File::create(&path).unwrap()).unwrap();
    assert_eq!(numbers(&read_parquet(&path).unwrap(), "a"), [None, Some(2.0)]);
}

#[test]
fn the_same_table_gives_the_same_bytes() {
    let table = Table::new(vec![text("a", &[Some("x"), Some("y")]), number("b", vec![1.0, 2.0])]);
    let table = table.unwrap();
    let bytes = || {
        let mut bytes = Vec::new();
        write_parquet(&table, &mut bytes).unwrap();
        bytes
    };
    assert_eq!(bytes(), bytes());
}

#[test]
fn a_table_of_many_batches_keeps_the_order_of_rows_and_levels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.parquet");
    let names: Vec<String> = (0..50_000).map(|row| format!("t{}", row / 7_000)).collect();
    let table = Table::new(vec![
        TableColumn {
            name: "t".to_owned(),
            values: Values::Text(Text::of(names.iter().map(|name| Some(name.as_str())))),
        },
        number("n", (0..50_000).map(f64::from).collect()),
    ])
    .unwrap();
    write_parquet(&table, std::fs::File::create(&path).unwrap()).unwrap();
    assert_eq!(read_parquet(&path).unwrap(), table);
}

#[test]
fn every_flat_type_becomes_numbers_or_texts() {
    let folder = tempfile::tempdir().unwrap();
    let decimal = Decimal128Array::from(vec![Some(1_250), None]).with_precision_and_scale(9, 2);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("int", Arc::new(Int64Array::from(vec![Some(-3), None]))),
        ("byte", Arc::new(UInt8Array::from(vec![200, 0]))),
        ("decimal", Arc::new(decimal.unwrap())),
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        ("large", Arc::new(LargeStringArray::from(vec!["a", "b"]))),
        ("view", Arc::new(StringViewArray::from(vec!["a", "b"]))),
        ("codes", Arc::new(vec!["x", "x"].into_iter().collect::<DictionaryArray<Int8Type>>())),
        ("seconds", Arc::new(TimestampSecondArray::from(vec![0, 1]).with_timezone("+02:00"))),
        ("micros", Arc::new(TimestampMicrosecondArray::from(vec![1_500_000, 1_000_001]))),
        (
            "zone",
            Arc::new(TimestampMicrosecondArray::from(vec![0, 0]).with_timezone("Europe/Rome")),
        ),
        ("day", Arc::new(Date32Array::from(vec![0, 31]))),
        ("nothing", Arc::new(NullArray::new(2))),
    ];
    let table = read_parquet(&stored(&folder, columns)).unwrap();
    assert_eq!(numbers(&table, "int"), [Some(-3.0), None]);
    assert_eq!(numbers(&table, "byte"), [Some(200.0), Some(0.0)]);
    assert_eq!(numbers(&table, "decimal"), [Some(12.5), None]);
    assert_eq!(texts(&table, "flag"), [Some("true".to_owned()), None]);
    assert_eq!(texts(&table, "large"), some(&["a", "b"]));
    assert_eq!(texts(&table, "view"), some(&["a", "b"]));
    assert_eq!(texts(&table, "codes"), some(&["x", "x"]));
    assert_eq!(texts(&table, "seconds"), some(&["1970-01-01T00:00:00Z", "1970-01-01T00:00:01Z"]));
    assert_eq!(
        texts(&table, "micros"),
        some(&["1970-01-01T00:00:01.500Z", "1970-01-01T00:00:01.000001Z"])
    );
    assert_eq!(texts(&table, "zone"), some(&["1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"]));
    assert_eq!(texts(&table, "day"), some(&["1970-01-01", "1970-02-01"]));
    assert_eq!(numbers(&table, "nothing"), [None, None]);
}

#[test]
fn a_type_without_a_place_in_a_table_is_refused_by_column_and_type() {
    let folder = tempfile::tempdir().unwrap();
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), Some(2)])]);
    let refused: Vec<(&str, ArrayRef)> = vec![
        ("list", Arc::new(list)),
        ("bytes", Arc::new(BinaryArray::from(vec![&b"ab"[..]]))),
        ("span", Arc::new(DurationSecondArray::from(vec![1]))),
    ];
    for (name, array) in refused {
        let path =
            stored(&folder, vec![("fine", Arc::new(Int64Array::from(vec![1]))), (name, array)]);
        let error = read_parquet(&path).unwrap_err();
        assert!(
            matches!(&error, TableFileError::Columns { source: ColumnsError::Type { .. }, .. }),
            "{error}"
        );
        let cause = std::error::Error::source(&error).unwrap();
        let message = format!("{error}: {cause}");
        assert!(
            message.contains(&format!("`{name}`")) && message.contains("rows.parquet"),
            "{message}"
        );
    }
}

#[test]
fn a_file_cut_short_or_of_another_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.parquet");
    let table = Table::new(vec![number("a", vec![1.0; 1_000])]).unwrap();
    let mut bytes = Vec::new();
    write_parquet(&table, &mut bytes).unwrap();
    for cut in [0, 4, 12, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..cut]).unwrap();
        let error = read_parquet(&path).unwrap_err();
        assert!(error.to_string().contains("rows.parquet"), "{error}");
    }
    std::fs::write(&path, "a,b\n1,2\n").unwrap();
    assert!(read_parquet(&path).is_err());
    assert!(read_parquet(&folder.path().join("missing.parquet")).is_err());
}

#[test]
fn damaged_pages_are_an_error_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.parquet");
    let table = Table::new(vec![
        number("a", (0..500).map(f64::from).collect()),
        text("b", &[Some("x"); 500]),
    ])
    .unwrap();
    let mut bytes = Vec::new();
    write_parquet(&table, &mut bytes).unwrap();
    for place in (4..bytes.len()).step_by(7) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x5a;
        std::fs::write(&path, &damaged).unwrap();
        // Without checksums a flipped value can go unseen; a crash may not.
        let _ = read_parquet(&path);
    }
}

#[test]
fn a_table_without_rows_or_columns_can_be_written_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.parquet");
    for table in [Table::default(), Table::new(vec![number("a", Vec::new())]).unwrap()] {
        write_parquet(&table, std::fs::File::create(&path).unwrap()).unwrap();
        assert_eq!(read_parquet(&path).unwrap(), table);
    }
}

#[test]
fn a_table_passes_through_arrow_unchanged() {
    let table = Table::new(vec![
        text("label", &[Some("good"), None, Some("bad")]),
        number("a", vec![1.5, -0.0, f64::INFINITY]),
    ])
    .unwrap();
    let batch = to_batch(&table).unwrap();
    let mut gathering = Gathering::new(&batch.schema()).unwrap();
    gathering.take(&batch.slice(0, 1)).unwrap();
    gathering.take(&batch.slice(1, 2)).unwrap();
    assert_eq!(gathering.finish().unwrap(), table);
}

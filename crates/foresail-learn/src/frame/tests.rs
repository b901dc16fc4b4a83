use super::*;

fn levels(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn schema() -> Schema {
    Schema::new(vec![
        ColumnSchema::number("load"),
        ColumnSchema::category("zone", levels(&["a", "b"])),
    ])
    .unwrap()
}

#[test]
fn a_frame_gives_its_rows_back() {
    let mut builder = FrameBuilder::new(schema(), 2);
    builder.push(&[1.5, 1.0]).unwrap();
    builder.push(&[f32::NAN, f32::NAN]).unwrap();
    let frame = builder.finish();
    let mut row = Vec::new();
    frame.row_into(0, &mut row);
    assert_eq!(row, [1.5, 1.0]);
    frame.row_into(1, &mut row);
    assert!(row.iter().all(|value| value.is_nan()));
    assert_eq!(frame.column("zone"), Some(&Column::Category(vec![1, MISSING_CODE])));
    assert_eq!(frame.dense_rows()[..2], [1.5, 1.0]);
    let twice = frame.select_rows(&[0, 0]).unwrap();
    assert_eq!(twice.columns()[0], Column::Number(vec![1.5, 1.5]));
    assert_eq!(frame.select_rows(&[2]).unwrap_err(), FrameError::NoRow { row: 2, n_rows: 2 });
}

#[test]
fn bad_columns_are_refused_with_the_place() {
    let ragged = Frame::new(schema(), vec![Column::Number(vec![1.0]), Column::Category(vec![])]);
    assert_eq!(
        ragged.unwrap_err().to_string(),
        "column `zone` has `0` rows, the first column has `1`"
    );
    let code = Frame::new(schema(), vec![Column::Number(vec![1.0]), Column::Category(vec![2])]);
    assert_eq!(
        code.unwrap_err().to_string(),
        "column `zone` row `0` has code `2`, the column has `2` levels"
    );
    let kind = Frame::new(schema(), vec![Column::Category(vec![0]), Column::Category(vec![0])]);
    assert_eq!(
        kind.unwrap_err().to_string(),
        "column `load` holds categories, the schema says numbers"
    );
    let infinite =
        Frame::new(schema(), vec![Column::Number(vec![f32::INFINITY]), Column::Category(vec![0])]);
    assert!(matches!(infinite, Err(FrameError::Infinite { row: 0, .. })));
    assert!(matches!(
        Frame::new(schema(), vec![]),
        Err(FrameError::ColumnCount { expected: 2, found: 0 })
    ));
    assert!(matches!(
        FrameBuilder::new(schema(), 0).push(&[0.0, 0.5]),
        Err(FrameError::UnknownCode { .. })
    ));
}

#[test]
fn duplicate_names_and_too_many_columns_are_refused() {
    assert_eq!(
        Schema::numbers(&["a", "b", "a"]).unwrap_err(),
        FrameError::DuplicateColumn { name: "a".to_owned() }
    );
    let names: Vec<String> = (0..=MAX_COLUMNS).map(|column| column.to_string()).collect();
    assert!(matches!(Schema::numbers(&names), Err(FrameError::TooManyColumns { have: 65_537 })));
    let twice = Schema::new(vec![ColumnSchema::category("zone", levels(&["x", "x"]))]);
    assert!(matches!(twice, Err(FrameError::DuplicateLevel { .. })));
}

#[test]
fn the_schema_id_tells_names_kinds_and_levels_apart() {
    let id = schema().id();
    assert_eq!(id.as_str().len(), 16);
    assert_eq!(id, schema().id());
    assert_ne!(
        Schema::numbers(&["ab", "c"]).unwrap().id(),
        Schema::numbers(&["a", "bc"]).unwrap().id()
    );
    let other = Schema::new(vec![
        ColumnSchema::number("load"),
        ColumnSchema::category("zone", levels(&["b", "a"])),
    ]);
    assert_ne!(id, other.unwrap().id());
}

#[test]
fn an_unknown_level_is_missing_and_counted() {
    let wider = Schema::new(vec![
        ColumnSchema::category("zone", levels(&["c", "b", "a"])),
        ColumnSchema::number("more"),
        ColumnSchema::number("load"),
    ])
    .unwrap();
    let frame = Frame::new(
        wider,
        vec![
            Column::Category(vec![0, 1, MISSING_CODE]),
            Column::Number(vec![0.0; 3]),
            Column::Number(vec![1.0, 2.0, 3.0]),
        ],
    )
    .unwrap();
    let aligned = frame.align(&schema()).unwrap();
    assert_eq!(aligned.n_unknown_levels, 1);
    assert_eq!(aligned.frame.columns()[1], Column::Category(vec![MISSING_CODE, 1, MISSING_CODE]));
    assert!(matches!(
        frame.align(&Schema::numbers(&["zone"]).unwrap()),
        Err(FrameError::Kind { .. })
    ));
    assert!(matches!(
        frame.align(&Schema::numbers(&["gone"]).unwrap()),
        Err(FrameError::NoColumn { .. })
    ));
}

#[test]
fn a_frame_survives_serialisation_and_a_bad_one_does_not() {
    let frame =
        Frame::new(schema(), vec![Column::Number(vec![1.0]), Column::Category(vec![1])]).unwrap();
    let bytes = rmp_serde::to_vec_named(&frame).unwrap();
    assert_eq!(rmp_serde::from_slice::<Frame>(&bytes).unwrap(), frame);
    let text =
        serde_json::to_string(&frame).unwrap().replace("\"Category\":[1]", "\"Category\":[7]");
    assert!(serde_json::from_str::<Frame>(&text).unwrap_err().to_string().contains("code `7`"));
}

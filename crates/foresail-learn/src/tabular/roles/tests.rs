use super::*;

fn column(name: &str, values: Values) -> TableColumn {
    TableColumn { name: name.to_owned(), values }
}

fn numbers(of_row: impl Fn(usize) -> f64) -> Values {
    Values::Number((0..40).map(of_row).collect())
}

fn texts(of_row: impl Fn(usize) -> String) -> Values {
    let texts: Vec<String> = (0..40).map(of_row).collect();
    Values::Text(Text::of(texts.iter().map(|text| Some(text.as_str()))))
}

fn table() -> Table {
    Table::new(vec![
        column("row", numbers(|row| 7.0 + row as f64)),
        column("cpu", numbers(|row| (row % 7) as f64)),
        column("flat", numbers(|_| 3.0)),
        column("gaps", numbers(|row| if row == 3 { f64::NAN } else { 3.0 })),
        column("none", numbers(|_| f64::NAN)),
        column("pod", texts(|row| format!("pod-{row}"))),
        column("node", texts(|row| format!("node-{}", row % 4))),
        column("kind", texts(|_| "same".to_owned())),
        column("incident", texts(|row| format!("i{}", row / 10))),
        column("minute", numbers(|row| (row * row) as f64)),
        column("issue", texts(|row| format!("{}", row % 2))),
    ])
    .unwrap()
}

fn options() -> RoleOptions {
    RoleOptions {
        target: "issue".to_owned(),
        groups: vec!["incident".to_owned()],
        time: Some("minute".to_owned()),
        ignore: Vec::new(),
    }
}

#[test]
fn what_tells_nothing_or_names_rows_is_left_out_with_the_reason() {
    let roles = Roles::of(&table(), &options()).unwrap();
    assert_eq!(roles.features, ["cpu", "gaps", "node"]);
    let left_out: Vec<String> =
        roles.left_out.iter().map(|one| format!("{}: {}", one.column, one.reason)).collect();
    assert_eq!(
        left_out,
        [
            "row: it counts the rows",
            "flat: all of its values are the same",
            "none: all of its values are missing",
            "pod: it names rows: 40 distinct texts in 40 rows",
            "kind: all of its values are the same",
        ]
    );
}

#[test]
fn groups_time_target_and_ignored_columns_are_never_features() {
    let mut options = options();
    options.ignore = vec!["cpu".to_owned(), "pod".to_owned()];
    let roles = Roles::of(&table(), &options).unwrap();
    assert_eq!(roles.features, ["gaps", "node"]);
    let ignored = roles.left_out.iter().filter(|one| one.reason == LeaveReason::Ignored);
    assert!(ignored.map(|one| one.column.as_str()).eq(["cpu", "pod"]));
}

#[test]
fn absent_columns_are_named_all_at_once() {
    let mut options = options();
    options.target = "label".to_owned();
    options.groups.push("recording".to_owned());
    let error = Roles::of(&table(), &options).unwrap_err().to_string();
    assert!(
        error.starts_with("the table has no column `label`, `recording`; it has `row`"),
        "{error}"
    );
}

#[test]
fn a_column_has_one_role() {
    let mut options = options();
    options.ignore = vec!["issue".to_owned()];
    let error = Roles::of(&table(), &options).unwrap_err().to_string();
    assert_eq!(error, "column `issue` is the target and ignored: it can be one of them");
    options.ignore.clear();
    options.time = Some("incident".to_owned());
    Roles::of(&table(), &options).unwrap();
}

#[test]
fn without_a_feature_there_is_nothing_to_learn_from() {
    let names = ["flat", "issue"];
    let whole = table();
    let columns = whole.columns().iter().filter(|one| names.contains(&&*one.name)).cloned();
    let table = Table::new(columns.collect()).unwrap();
    let options = RoleOptions { target: "issue".to_owned(), ..RoleOptions::default() };
    let error = Roles::of(&table, &options).unwrap_err().to_string();
    assert!(error.ends_with("`flat` because all of its values are the same"), "{error}");
    let table = Table::new(table.columns()[1..].to_vec()).unwrap();
    let error = Roles::of(&table, &options).unwrap_err().to_string();
    assert!(error.ends_with("the table has no other column"), "{error}");
}

#[test]
fn times_are_left_out_unless_named() {
    let hour = |row: usize| format!("2026-01-{:02}", 1 + row / 8);
    let epoch = |row: usize| 1_767_225_600.0 + (row / 2) as f64;
    let columns = vec![
        column("day", texts(hour)),
        column("at", texts(|row| format!("{}T08:00:00Z", hour(row)))),
        column("spaced", texts(|row| format!("{} 08:00", hour(row)))),
        column("Timestamp", numbers(epoch)),
        column("ts", numbers(|row| 1e3 * epoch(row))),
        column("memory", numbers(epoch)),
        column("time", numbers(|row| (row / 3) as f64)),
        column("version", texts(|row| format!("2026-01-0{}-rc", row % 3))),
        column("issue", texts(|row| format!("{}", row % 2))),
    ];
    let table = Table::new(columns).unwrap();
    let options = RoleOptions { target: "issue".to_owned(), ..RoleOptions::default() };
    let roles = Roles::of(&table, &options).unwrap();
    assert_eq!(roles.features, ["memory", "time", "version"]);
    assert!(roles.left_out.iter().all(|one| one.reason == LeaveReason::Times));
    let named = RoleOptions { time: Some("at".to_owned()), ..options };
    let roles = Roles::of(&table, &named).unwrap();
    assert!(roles.left_out.iter().all(|one| one.column != "at"));
}

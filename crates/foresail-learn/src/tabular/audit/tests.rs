//! Planted leaks are found, and clean tables stay clean.

use std::path::PathBuf;

use super::*;
use crate::tabular::{SplitBy, SplitOptions, TableColumn, Text, Values, csv};

const N: usize = 600;

/// Numbers that look drawn from `0..1`, another series for each `salt`.
fn uniform(salt: u64, n: usize) -> Vec<f64> {
    (0..n as u64)
        .map(|row| (view::scramble(row ^ salt << 32) >> 11) as f64 / (1_u64 << 53) as f64)
        .collect()
}

fn number(name: &str, values: Vec<f64>) -> TableColumn {
    TableColumn { name: name.to_owned(), values: Values::Number(values) }
}

fn text<S: AsRef<str>>(name: &str, values: &[S]) -> TableColumn {
    let values = Values::Text(Text::of(values.iter().map(|value| Some(value.as_ref()))));
    TableColumn { name: name.to_owned(), values }
}

/// Three columns of noise, and a class that a fourth makes likely only.
fn noisy() -> (Vec<TableColumn>, Vec<&'static str>) {
    let signal = uniform(9, N);
    let noise = uniform(10, N);
    let class = signal.iter().zip(&noise).map(
        |(signal, noise)| {
            if signal + noise > 1.4 { "leak" } else { "normal" }
        },
    );
    let classes: Vec<&str> = class.collect();
    let columns = vec![
        number("num_a", uniform(1, N)),
        number("num_b", uniform(2, N)),
        number("num_c", uniform(3, N)),
        number("num_signal", signal),
    ];
    (columns, classes)
}

fn table(mut columns: Vec<TableColumn>, classes: &[&str]) -> Table {
    columns.push(text("issue_type", classes));
    Table::new(columns).unwrap()
}

fn plan<'a>() -> AuditPlan<'a> {
    AuditPlan { target: "issue_type", ..AuditPlan::default() }
}

fn kinds(findings: &[Finding]) -> Vec<FindingKind> {
    findings.iter().map(|finding| finding.kind).collect()
}

fn of_kind(findings: &[Finding], kind: FindingKind) -> &Finding {
    let found = findings.iter().find(|finding| finding.kind == kind);
    found.unwrap_or_else(|| panic!("no {kind:?} in {findings:#?}"))
}

fn fixture(set: &str) -> Table {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/learn");
    csv::read(&root.join(format!("classifiers-{set}.csv")), &csv::ReadOptions::default()).unwrap()
}

fn fixture_findings(set: &str) -> Vec<Finding> {
    let ignored = ["part".to_owned()];
    audit(&fixture(set), &AuditPlan { target: "class", ignored: &ignored, ..AuditPlan::default() })
        .unwrap()
}

#[test]
fn a_clean_table_has_no_finding() {
    let (columns, classes) = noisy();
    assert_eq!(audit(&table(columns, &classes), &plan()).unwrap(), []);
}

#[test]
fn noise_in_many_columns_is_no_finding() {
    let (_, classes) = noisy();
    let columns = (0..400).map(|i| number(&format!("n{i}"), uniform(100 + i, N))).collect();
    assert_eq!(audit(&table(columns, &classes), &plan()).unwrap(), []);
}

#[test]
fn names_that_differ_in_every_row_tell_nothing() {
    let (mut columns, classes) = noisy();
    let names: Vec<String> = (0..N).map(|row| format!("pod-{row}")).collect();
    columns.push(text("pod", &names));
    assert_eq!(audit(&table(columns, &classes), &plan()).unwrap(), []);
}

#[test]
fn a_column_that_follows_the_class_is_found() {
    let (mut columns, classes) = noisy();
    let severity = uniform(4, N).into_iter().zip(&classes);
    let severity = severity.map(|(u, class)| if *class == "leak" { 0.5 + u } else { 0.45 * u });
    columns.push(number("severity", severity.collect()));
    let findings = audit(&table(columns, &classes), &plan()).unwrap();
    let told = of_kind(&findings, FindingKind::ColumnTells);
    assert_eq!(told.columns, ["severity"]);
    assert_eq!(told.severity, Severity::Invalid);
    assert_eq!(told.evidence["roc_auc"], 1.0);
    assert!(told.fact.contains("`severity` alone tells every class"), "{}", told.fact);
}

#[test]
fn a_value_that_is_only_there_for_one_class_is_found() {
    let (mut columns, classes) = noisy();
    let exit = uniform(4, N).into_iter().zip(&classes);
    columns.push(number(
        "exit_code",
        exit.map(|(u, class)| if *class == "leak" { u } else { f64::NAN }).collect(),
    ));
    let findings = audit(&table(columns, &classes), &plan()).unwrap();
    assert_eq!(findings[0].columns, ["exit_code"]);
}

#[test]
fn a_class_in_the_middle_of_a_scale_of_few_values_is_found() {
    let (mut columns, classes) = noisy();
    let code = uniform(4, N).into_iter().zip(&classes);
    let code = code.map(|(u, class)| match *class {
        "leak" => 5.0,
        _ if u < 0.5 => 3.0,
        _ => 7.0,
    });
    columns.push(number("code", code.collect()));
    let findings = audit(&table(columns, &classes), &plan()).unwrap();
    assert_eq!(of_kind(&findings, FindingKind::ColumnTells).columns, ["code"]);
}

#[test]
fn the_target_under_other_names_is_the_worst_finding() {
    let (mut columns, classes) = noisy();
    let copy = classes.iter().map(|class| if *class == "leak" { 1.0 } else { 0.0 });
    columns.push(number("label_id", copy.collect()));
    let findings = audit(&table(columns, &classes), &plan()).unwrap();
    assert_eq!(findings[0].kind, FindingKind::TargetCopy);
    assert_eq!(findings[0].columns, ["label_id"]);
}

#[test]
fn labels_made_by_thresholds_are_found_and_the_rule_is_printed() {
    let (cpu, memory) = (uniform(1, 3_000), uniform(2, 3_000));
    let (cpu, memory): (Vec<f64>, Vec<f64>) =
        (cpu.iter().map(|u| 100.0 * u).collect(), memory.iter().map(|u| 100.0 * u).collect());
    let class = cpu.iter().zip(&memory).map(|(cpu, memory)| match (cpu, memory) {
        (cpu, memory) if *cpu > 80.0 && *memory > 70.0 => "bad",
        (cpu, _) if *cpu > 60.0 => "alert",
        _ => "good",
    });
    let classes: Vec<&str> = class.collect();
    let columns =
        vec![number("num_cpu", cpu), number("num_memory", memory), number("x", uniform(3, 3_000))];
    let findings = audit(&table(columns, &classes), &plan()).unwrap();
    let rule = of_kind(&findings, FindingKind::LabelIsRule);
    assert_eq!(rule.severity, Severity::Invalid);
    assert_eq!(rule.columns, ["num_cpu", "num_memory"]);
    for part in ["`num_cpu` > 80", "`num_memory` > 70", "`num_cpu` \u{2264} 60"] {
        assert!(rule.fact.contains(part), "{}", rule.fact);
    }
}

#[test]
fn a_chain_of_thresholds_is_read_in_its_order() {
    let n = 3_000;
    let scaled = |salt| -> Vec<f64> { uniform(salt, n).iter().map(|u| 100.0 * u).collect() };
    let (cpu, memory, latency) = (scaled(1), scaled(2), scaled(3));
    let classes: Vec<&str> = (0..n)
        .map(|row| match (cpu[row] > 85.0 && memory[row] > 80.0, latency[row] > 93.0) {
            (true, _) => "exhausted",
            (false, true) => "slow",
            (false, false) => "normal",
        })
        .collect();
    let columns = vec![number("cpu", cpu), number("memory", memory), number("latency", latency)];
    let findings = audit(&table(columns, &classes), &plan()).unwrap();
    let rule = of_kind(&findings, FindingKind::LabelIsRule);
    assert_eq!(
        (rule.severity, &rule.classes[..]),
        (Severity::Invalid, &["exhausted".to_owned(), "slow".to_owned()][..])
    );
    assert!(rule.fact.contains("else `slow` is `latency` > 93"), "{}", rule.fact);
}

#[test]
fn rules_of_rare_classes_with_two_thresholds_are_read_to_the_round_number() {
    let n = 3_000;
    let scaled = |salt| -> Vec<f64> { uniform(salt, n).iter().map(|u| 100.0 * u).collect() };
    for salt in [1, 20, 30, 40] {
        let (cpu, memory) = (scaled(salt), scaled(salt + 1));
        let errors: Vec<f64> = uniform(salt + 2, n).iter().map(|u| (5.0 * u * u).floor()).collect();
        let classes: Vec<&str> = (0..n)
            .map(|row| match (cpu[row] > 85.0 && memory[row] > 80.0, errors[row] > 3.0) {
                (true, _) => "exhausted",
                (false, true) => "crash",
                (false, false) => "normal",
            })
            .collect();
        let columns = vec![number("cpu", cpu), number("memory", memory), number("errors", errors)];
        let findings = audit(&table(columns, &classes), &plan()).unwrap();
        let rule = of_kind(&findings, FindingKind::LabelIsRule);
        assert_eq!(rule.severity, Severity::Invalid, "{rule:#?}");
        assert!(rule.fact.contains("`errors` > 3"), "{}", rule.fact);
    }
}

#[test]
fn a_class_apart_from_the_others_is_told_but_no_rule_is_claimed() {
    let (mut columns, classes) = noisy();
    let apart = uniform(4, N).into_iter().zip(&classes);
    let apart = apart.map(|(u, class)| if *class == "leak" { 3.0 + u } else { u });
    columns.push(number("far", apart.collect()));
    let findings = audit(&table(columns, &classes), &plan()).unwrap();
    assert_eq!(kinds(&findings), [FindingKind::ColumnTells]);
}

#[test]
fn rows_on_both_sides_of_a_split_are_counted() {
    let (columns, classes) = noisy();
    let whole = table(columns, &classes);
    let twice: Vec<usize> = (0..N).chain(0..100).collect();
    let whole = whole.select_rows(&twice).unwrap();
    let split = Split { training: (0..N).collect(), test: (N..N + 100).collect() };
    let findings = audit(&whole, &AuditPlan { split: Some(&split), ..plan() }).unwrap();
    let repeated = of_kind(&findings, FindingKind::RowsRepeated);
    assert_eq!(repeated.severity, Severity::Invalid);
    assert_eq!(repeated.evidence["share_of_test_rows_in_training"], 1.0);
    assert_eq!(repeated.rows[..2], [1, N + 1]);
}

#[test]
fn rows_repeated_without_a_split_and_with_row_numbers_are_found() {
    let (columns, classes) = noisy();
    let whole = table(columns, &classes);
    let twice: Vec<usize> = (0..N).chain(0..60).collect();
    let whole = whole.select_rows(&twice).unwrap();
    let mut columns = whole.columns().to_vec();
    columns.push(number("row", (0..N + 60).map(|row| row as f64).collect()));
    let findings = audit(&Table::new(columns).unwrap(), &plan()).unwrap();
    let repeated = of_kind(&findings, FindingKind::RowsRepeated);
    assert_eq!(repeated.evidence["rows_with_a_twin"], 120.0);
}

#[test]
fn a_group_that_tells_the_class_is_found_unless_the_split_keeps_it_whole() {
    let (mut columns, classes) = noisy();
    let seen: Vec<String> =
        classes.iter().enumerate().map(|(row, class)| format!("{class}-{}", row % 12)).collect();
    columns.push(text("recording", &seen));
    let whole = table(columns, &classes);
    let groups = ["recording".to_owned()];
    let plan = AuditPlan { groups: &groups, ..plan() };
    let findings = audit(&whole, &plan).unwrap();
    let told = of_kind(&findings, FindingKind::GroupTells);
    assert_eq!((told.severity, &told.columns[0][..]), (Severity::Invalid, "recording"));
    let labels = Labels::of(&whole, "issue_type", MissingTarget::Drop).unwrap();
    let by = SplitBy::Group("recording".to_owned());
    let split = Split::of(&whole, &labels, &SplitOptions { by, test_share: 0.2, seed: 1 }).unwrap();
    assert_eq!(audit(&whole, &AuditPlan { split: Some(&split), ..plan }).unwrap(), []);
}

#[test]
fn rows_that_follow_each_other_are_found_unless_the_split_goes_by_group() {
    let (mut columns, _) = noisy();
    // Every object has both classes, in long stretches.
    let classes: Vec<&str> =
        (0..N).map(|row| if row % 60 < 30 { "leak" } else { "normal" }).collect();
    let objects: Vec<String> = (0..N).map(|row| format!("pod-{}", row / 60)).collect();
    columns.push(text("pod", &objects));
    let whole = table(columns, &classes);
    let groups = ["pod".to_owned()];
    let plan = AuditPlan { groups: &groups, ..plan() };
    let findings = audit(&whole, &plan).unwrap();
    assert_eq!(kinds(&findings), [FindingKind::NeighboursTell]);
    assert!(findings[0].evidence["share_of_these_of_the_same_class"] > 0.9, "{findings:#?}");
    let split = Split { training: (0..480).collect(), test: (480..N).collect() };
    assert_eq!(audit(&whole, &AuditPlan { split: Some(&split), ..plan }).unwrap(), []);
}

#[test]
fn a_name_among_the_features_that_tells_the_class_is_suspected() {
    let (mut columns, classes) = noisy();
    let seen: Vec<String> = classes
        .iter()
        .enumerate()
        .map(|(row, class)| format!("{}-{}", class.len(), row % 12))
        .collect();
    columns.push(text("pod", &seen));
    let findings = audit(&table(columns, &classes), &plan()).unwrap();
    assert!(of_kind(&findings, FindingKind::GroupTells).advice.contains("--groups"));
}

#[test]
fn a_class_of_a_single_recording_is_named() {
    let (mut columns, mut classes) = noisy();
    let seen: Vec<String> = (0..N).map(|row| format!("r{}", row % 6)).collect();
    classes.iter_mut().enumerate().filter(|(row, _)| row % 30 == 4).for_each(|(_, class)| {
        *class = "disk";
    });
    columns.push(text("recording", &seen));
    let groups = ["recording".to_owned()];
    let whole = table(columns, &classes);
    let findings = audit(&whole, &AuditPlan { groups: &groups, ..plan() }).unwrap();
    let lone = of_kind(&findings, FindingKind::ClassInOneGroup);
    assert_eq!(lone.classes, ["disk"]);
}

#[test]
fn a_forecast_needs_an_order_in_time() {
    let (columns, classes) = noisy();
    let asked = AuditPlan { forecast: Forecast::Asked, ..plan() };
    let findings = audit(&table(columns.clone(), &classes), &asked).unwrap();
    assert_eq!(kinds(&findings), [FindingKind::NoOrder]);
    assert!(findings[0].fact.contains("no column gives the time"), "{}", findings[0].fact);
    for (times, expected) in [
        (vec![5.0; N], Some(Severity::Invalid)),
        ((0..N).map(|row| row as f64).collect(), None),
        ((0..N).rev().map(|row| row as f64).collect(), Some(Severity::Question)),
    ] {
        let mut columns = columns.clone();
        columns.push(number("at", times));
        let plan = AuditPlan { time: Some("at"), ..asked };
        let findings = audit(&table(columns, &classes), &plan).unwrap();
        assert_eq!(findings.first().map(|finding| finding.severity), expected);
    }
}

#[test]
fn rows_out_of_order_are_no_question_where_the_split_goes_by_time() {
    let (mut columns, classes) = noisy();
    columns.push(number("at", (0..N).map(|row| (row % 300) as f64).collect()));
    let whole = table(columns, &classes);
    let labels = Labels::of(&whole, "issue_type", MissingTarget::Refuse).unwrap();
    let asked = AuditPlan { time: Some("at"), forecast: Forecast::Asked, ..plan() };
    let found = |by: SplitBy| {
        let options = SplitOptions { by, ..SplitOptions::default() };
        let split = Split::of(&whole, &labels, &options).unwrap();
        kinds(&audit(&whole, &AuditPlan { split: Some(&split), ..asked }).unwrap())
    };
    assert_eq!(found(SplitBy::Time("at".to_owned())), []);
    assert_eq!(found(SplitBy::Stratified), [FindingKind::NoOrder]);
}

#[test]
fn objects_of_one_row_have_no_past() {
    let (mut columns, classes) = noisy();
    let names: Vec<String> = (0..N).map(|row| format!("pod-{row}")).collect();
    let times: Vec<String> = (0..N).map(|row| format!("2026-01-{:02}", 1 + row / 25)).collect();
    columns.push(text("pod", &names));
    columns.push(text("at", &times));
    let groups = ["pod".to_owned()];
    let plan = AuditPlan { groups: &groups, time: Some("at"), forecast: Forecast::Asked, ..plan() };
    let findings = audit(&table(columns, &classes), &plan).unwrap();
    let alone = of_kind(&findings, FindingKind::NoOrder);
    assert!(alone.fact.contains("`pod` have one row"), "{}", alone.fact);
}

#[test]
fn a_missing_healthy_class_is_asked_for() {
    let (columns, classes) = noisy();
    let classes: Vec<&str> =
        classes.iter().map(|class| if *class == "normal" { "disk" } else { class }).collect();
    let findings = audit(&table(columns, &classes), &plan()).unwrap();
    assert_eq!(kinds(&findings), [FindingKind::NothingHealthy]);
    assert_eq!(findings[0].severity, Severity::Question);
    assert!(findings[0].fact.ends_with('?'), "{}", findings[0].fact);
}

#[test]
fn one_class_and_absent_columns_are_refused() {
    let (columns, _) = noisy();
    let one = table(columns, &["normal"; N]);
    let error = audit(&one, &plan()).unwrap_err();
    assert!(error.to_string().contains("one class, `normal`"), "{error}");
    let error = audit(&one, &AuditPlan { target: "nothing", ..plan() }).unwrap_err();
    assert!(error.to_string().contains("`nothing`"), "{error}");
}

#[test]
fn rows_without_a_class_are_audited_where_they_are_a_class() {
    let (mut columns, classes) = noisy();
    let leak = (0..N).map(|row| f64::from(u8::from(row % 5 == 0))).collect();
    columns.push(number("leak", leak));
    let known = classes.iter().enumerate().map(|(row, class)| (row % 5 > 0).then_some(*class));
    let target = Values::Text(Text::of(known));
    columns.push(TableColumn { name: "issue_type".to_owned(), values: target });
    let whole = Table::new(columns).unwrap();
    let told = |missing_target| {
        let findings = audit(&whole, &AuditPlan { missing_target, ..plan() }).unwrap();
        findings.iter().any(|one| one.columns == ["leak"] && one.classes == ["missing"])
    };
    assert!(told(MissingTarget::Class));
    assert!(!told(MissingTarget::Drop));
}

#[test]
fn public_sets_bring_only_true_facts() {
    let iris = fixture_findings("iris");
    // A petal tells setosa from the rest; that is known of this set, and no rule is claimed of it.
    assert!(iris.iter().all(|f| f.kind == FindingKind::ColumnTells), "{iris:#?}");
    assert!(iris.iter().any(|f| f.columns == ["x2"] && f.classes.contains(&"0".to_owned())));
    assert!(iris.iter().all(|f| f.severity < Severity::Invalid), "{iris:#?}");
    for set in ["wine", "breast_cancer", "digits"] {
        let findings = fixture_findings(set);
        let is_asked =
            |f: &Finding| (f.kind, f.severity) == (FindingKind::ColumnTells, Severity::Question);
        assert!(findings.iter().all(is_asked), "{set} {findings:#?}");
        assert!(findings.len() <= 4, "{set} {findings:#?}");
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let table = fixture("digits");
    let plan = AuditPlan { target: "class", ..AuditPlan::default() };
    let with = |n: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        pool.install(|| audit(&table, &plan)).unwrap()
    };
    assert_eq!(with(1), with(4));
}

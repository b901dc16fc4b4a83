//! What every simulated table keeps, whatever the settings.

use foresail_learn::tabular::{RoleOptions, Roles, SIMULATED_COLUMNS, Table, Values};
use foresail_sim::metrics_table::{IssueType, Settings, SettingsError, Simulated, simulate};

fn simulated(settings: Settings) -> Simulated {
    simulate(&settings.check().unwrap())
}

pub(crate) fn numbers<'a>(table: &'a Table, name: &str) -> &'a [f64] {
    match table.column(name).unwrap() {
        Values::Number(numbers) => numbers,
        Values::Text(_) => panic!("`{name}` holds texts"),
    }
}

pub(crate) fn texts<'a>(table: &'a Table, name: &str) -> Vec<&'a str> {
    match table.column(name).unwrap() {
        Values::Text(text) => {
            (0..table.n_rows()).map(|row| text.get(row).unwrap_or_default()).collect()
        }
        Values::Number(_) => panic!("`{name}` holds numbers"),
    }
}

fn csv(table: &Table) -> Vec<u8> {
    let mut bytes = Vec::new();
    foresail_learn::tabular::csv::write(table, &mut bytes).unwrap();
    bytes
}

#[test]
fn the_same_settings_give_the_same_bytes_and_another_seed_others() {
    let [one, again] = [(); 2].map(|()| simulated(Settings::default()));
    assert_eq!(csv(&one.table), csv(&again.table));
    assert_eq!(csv(&one.truth), csv(&again.truth));
    let other = simulated(Settings { seed: 43, ..Settings::default() });
    assert_ne!(csv(&one.table), csv(&other.table));
}

#[test]
fn there_are_exactly_as_many_rows_as_asked() {
    for (samples, hours) in [(100, 1), (101, 48), (777, 7), (1_000, 48), (3_000, 720)] {
        let rows = simulated(Settings { samples, hours, ..Settings::default() });
        assert_eq!((rows.table.n_rows(), rows.truth.n_rows()), (samples, samples));
    }
}

#[test]
fn every_asked_issue_occurs_and_no_other_at_the_least_size() {
    for seed in 0..40 {
        for issue_types in [Settings::default().issue_types, IssueType::ALL.to_vec()] {
            let samples = 25 * issue_types.len();
            let hours = [1, 48, 720][seed as usize % 3];
            let mut asked: Vec<&str> = issue_types.iter().map(|issue| issue.as_str()).collect();
            let rows = simulated(Settings { samples, hours, issue_types, seed });
            let mut seen = texts(&rows.table, "issue_type");
            let rows_of = |issue: &&str| seen.iter().filter(|one| *one == issue).count();
            assert!(asked.iter().all(|issue| rows_of(issue) >= 3), "seed {seed}");
            seen.sort_unstable();
            seen.dedup();
            asked.sort_unstable();
            assert_eq!(seen, asked, "seed {seed}");
        }
    }
}

#[test]
fn the_columns_are_those_that_people_know() {
    let rows = simulated(Settings::default());
    let names: Vec<&str> = rows.table.columns().iter().map(|column| column.name.as_str()).collect();
    for name in [
        "num_scheduler_latency_ms",
        "num_api_server_latency_ms",
        "num_pod_ready_percent",
        "num_etcd_latency_ms",
        "num_pod_restart_count",
        "num_container_runtime_errors",
    ] {
        assert!(names.contains(&name), "{name}");
    }
    let [first, second, features @ .., last] = &names[..] else { panic!("too few columns") };
    assert_eq!([*first, *second, *last], ["timestamp", "object", "issue_type"]);
    assert!(features.len() >= 40);
    assert!(features.iter().all(|name| name.starts_with("num_") || name.starts_with("cat_")));
}

#[test]
fn only_columns_with_a_prefix_are_features() {
    let rows = simulated(Settings::default());
    let target = RoleOptions { target: "issue_type".to_owned(), ..RoleOptions::default() };
    let roles = Roles::of(&rows.table, &target).unwrap();
    let left_out: Vec<&str> = roles.left_out.iter().map(|left| left.column.as_str()).collect();
    assert_eq!(left_out, SIMULATED_COLUMNS[..2]);
    assert_eq!(roles.features.len(), rows.table.columns().len() - 3);
}

#[test]
fn a_row_has_an_issue_from_the_first_severity_on_and_no_label_is_flipped() {
    let rows = simulated(Settings {
        issue_types: IssueType::ALL.to_vec(),
        samples: 4_000,
        ..Settings::default()
    });
    let severity = numbers(&rows.truth, "severity");
    let issues = texts(&rows.table, "issue_type");
    assert_eq!(issues, texts(&rows.truth, "issue_type"));
    for (severity, issue) in severity.iter().zip(&issues) {
        assert_eq!(*severity > 0.0, *issue != "normal");
        assert!((0.0..=1.0).contains(severity));
    }
    let young = numbers(&rows.truth, "minutes_since_onset").iter().zip(severity);
    let young: Vec<f64> = young.filter(|(age, _)| **age < 30.0).map(|(_, s)| *s).collect();
    assert!(young.len() > 50);
    assert!(young.iter().sum::<f64>() / (young.len() as f64) < 0.12);
}

#[test]
fn rows_of_an_object_are_in_the_order_of_time_and_hold_together() {
    let rows = simulated(Settings::default());
    let (times, objects) = (texts(&rows.table, "timestamp"), texts(&rows.table, "object"));
    let n_changes = objects.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert_eq!(n_changes, 10);
    for (at, pair) in objects.windows(2).enumerate() {
        assert!(pair[0] != pair[1] || times[at] < times[at + 1]);
    }
    assert!(times.iter().all(|time| time.len() == 24 && time.starts_with("2026-03-0")));
}

#[test]
fn some_values_are_missing_alone_and_some_with_all_of_their_source() {
    let rows = simulated(Settings::default());
    let missing = |name: &str| numbers(&rows.table, name).iter().filter(|x| x.is_nan()).count();
    let share = missing("num_cpu_usage_percent") as f64 / 1_000.0;
    assert!((0.01..0.08).contains(&share), "{share}");
    let together = numbers(&rows.table, "num_cpu_usage_percent")
        .iter()
        .zip(numbers(&rows.table, "num_memory_usage_percent"))
        .filter(|(cpu, memory)| cpu.is_nan() && memory.is_nan())
        .count();
    assert!(together >= 5, "{together}");
}

#[test]
fn without_normal_every_row_has_an_issue() {
    let issue_types = vec![IssueType::OomKill, IssueType::EtcdSlow];
    let rows = simulated(Settings { issue_types, samples: 600, ..Settings::default() });
    assert_eq!(rows.table.n_rows(), 600);
    assert!(texts(&rows.table, "issue_type").iter().all(|issue| *issue != "normal"));
}

#[test]
fn normal_alone_is_a_healthy_fleet() {
    let rows = simulated(Settings { issue_types: vec![IssueType::Normal], ..Settings::default() });
    assert!(texts(&rows.table, "issue_type").iter().all(|issue| *issue == "normal"));
}

#[test]
fn wishes_that_cannot_be_met_are_refused_by_name() {
    let refused = |settings: Settings| settings.check().unwrap_err().to_string();
    let unknown = "oomkill".parse::<IssueType>().unwrap_err().to_string();
    assert!(unknown.starts_with("`oomkill` is no issue type; known are `normal`, "), "{unknown}");
    assert!(unknown.contains("`oom_kill`"), "{unknown}");
    let twice = vec![IssueType::Normal, IssueType::PodCrash, IssueType::PodCrash];
    assert_eq!(
        refused(Settings { issue_types: twice, ..Settings::default() }),
        "issue type `pod_crash` is asked for twice"
    );
    let none = Settings { issue_types: Vec::new(), ..Settings::default() };
    assert_eq!(none.check().unwrap_err(), SettingsError::NoIssue);
    assert_eq!(
        refused(Settings { samples: 99, ..Settings::default() }),
        "`samples` is `99`, it must be 100 to 2000000: 25 for each issue type"
    );
    let hours = refused(Settings { hours: 0, ..Settings::default() });
    assert_eq!(hours, "`hours` is `0`, it must be 1 to 87600");
}

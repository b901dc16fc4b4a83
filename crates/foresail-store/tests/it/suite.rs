//! The suite that every database must pass.

use foresail_core::store::{
    AlarmFilter, Archive, ClusterName, EvidenceOf, Journal, LabelSpan, ModelRole, NewModel,
    Registry, Retention, RowLabel, StoreError, Tick, TimeSpan,
};
use foresail_core::{AlarmChange, AlarmId, FailureKind, Tier};
use foresail_store::{Access, StoreOptions, open};

use crate::place::Place;
use crate::sample::{
    EVER, START, alarm, cluster, event, evidence, minute, outcome, prediction, raised, renewed,
    restart_point, seconds, tick, workload,
};

/// Runs every test of the suite in a module `$name`, each on a new `$place`.
macro_rules! store_suite {
    ($name:ident, $place:expr) => {
        store_suite!($name, $place,
            a_new_store_is_made_and_opens_again,
            a_store_of_a_later_program_is_refused,
            a_second_service_is_refused_and_a_command_beside_it_is_not,
            a_tick_comes_back_as_it_was_committed,
            the_same_tick_again_changes_nothing,
            a_tick_that_fails_midway_leaves_nothing,
            an_outcome_is_known_once_with_what_was_last_said,
            alarms_open_change_and_close,
            a_number_used_again_means_the_newest_alarm,
            rows_of_pods_are_joined_with_node_and_workload,
            the_same_minute_again_replaces_its_rows,
            a_label_reaches_the_rows_of_its_span_only,
            people_find_readable_times_and_the_view_of_deployments,
            retention_deletes_only_what_is_old,
            hostile_texts_stay_data,
            models_have_names_roles_and_whole_files,
            changed_bytes_of_a_model_are_noticed,
            the_newest_whole_restart_point_is_found,
            a_large_restart_point_comes_back,
            clusters_are_kept_apart,
            the_size_names_the_tables,
        );
    };
    ($name:ident, $place:expr, $($test:ident,)*) => {
        mod $name {
            $(
                #[tokio::test]
                async fn $test() {
                    crate::suite::$test(&$place).await;
                }
            )*
        }
    };
}

fn just(at: foresail_core::Timestamp) -> TimeSpan {
    TimeSpan { from: at, until: at + seconds(1) }
}

pub(crate) async fn a_new_store_is_made_and_opens_again(place: &Place) {
    for _ in 0..3 {
        place.open().await.close().await.unwrap();
    }
    assert_eq!(place.number("SELECT COUNT(*) FROM _sqlx_migrations").await, 1);
}

pub(crate) async fn a_store_of_a_later_program_is_refused(place: &Place) {
    place.open().await.close().await.unwrap();
    place
        .sql(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             SELECT 999, 'later', success, checksum, 1 FROM _sqlx_migrations",
        )
        .await;
    let error = open(&StoreOptions::new(&place.url(), Access::Service)).await.err().unwrap();
    assert!(matches!(error, StoreError::Newer { found: 999, .. }), "{error:?}");
    assert!(error.to_string().contains("version 999"), "{error}");
}

pub(crate) async fn a_second_service_is_refused_and_a_command_beside_it_is_not(place: &Place) {
    let first = place.open().await;
    let second = open(&StoreOptions::new(&place.url(), Access::Service)).await.err().unwrap();
    assert!(matches!(second, StoreError::Locked { .. }), "{second:?}");
    assert!(second.to_string().contains("only one may"), "{second}");

    let beside = open(&StoreOptions::new(&place.url(), Access::Beside)).await.unwrap();
    first.commit_tick(&cluster(), &tick(1)).await.unwrap();
    assert_eq!(beside.last_tick(&cluster()).await.unwrap(), Some(tick(1).at));
    let model = NewModel {
        name: "m".to_owned(),
        kind: "hazard".to_owned(),
        schema: "s".to_owned(),
        file: vec![1],
        added_at: START,
    };
    beside.add_model(&cluster(), &model).await.unwrap();
    assert_eq!(first.models(&cluster()).await.unwrap().len(), 1);
    // Ticks are the service's.
    let refused = beside.commit_tick(&cluster(), &tick(2)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Denied { .. }), "{refused:?}");

    first.close().await.unwrap();
    place.open().await.close().await.unwrap();
}

pub(crate) async fn a_tick_comes_back_as_it_was_committed(place: &Place) {
    let store = place.open().await;
    assert_eq!(store.last_tick(&cluster()).await.unwrap(), None);
    let tick = tick(1);
    store.commit_tick(&cluster(), &tick).await.unwrap();
    assert_eq!(store.last_tick(&cluster()).await.unwrap(), Some(tick.at));
    assert_eq!(store.predictions(&cluster(), just(tick.at)).await.unwrap(), tick.predictions);
    assert_eq!(store.outcomes(&cluster(), EVER).await.unwrap(), tick.outcomes);
    assert_eq!(store.events(&cluster(), EVER).await.unwrap(), tick.events);
    assert_eq!(store.alarms(&cluster(), AlarmFilter::Open).await.unwrap(), [alarm(tick.at, 1)]);
    let later = TimeSpan { from: tick.at + seconds(1), until: EVER.until };
    assert!(store.predictions(&cluster(), later).await.unwrap().is_empty());
}

pub(crate) async fn the_same_tick_again_changes_nothing(place: &Place) {
    let store = place.open().await;
    let count = "SELECT (SELECT COUNT(*) FROM ticks) + (SELECT COUNT(*) FROM predictions) \
        + (SELECT COUNT(*) FROM outcomes) + (SELECT COUNT(*) FROM events) \
        + (SELECT COUNT(*) FROM alarms) + (SELECT COUNT(*) FROM alarm_changes)";
    store.commit_tick(&cluster(), &tick(1)).await.unwrap();
    let before = place.number(count).await;
    store.commit_tick(&cluster(), &tick(1)).await.unwrap();
    assert_eq!(place.number(count).await, before);
    assert_eq!(before, 1 + 30 + 1 + 1 + 1 + 2);
}

pub(crate) async fn a_tick_that_fails_midway_leaves_nothing(place: &Place) {
    let store = place.open().await;
    place
        .sql(match place {
            Place::File(_) => {
                "CREATE TRIGGER refuse BEFORE INSERT ON predictions WHEN NEW.object = 'cart-29' \
                 BEGIN SELECT RAISE(ABORT, 'refused'); END"
            }
            Place::Server(_) => "ALTER TABLE predictions ADD CHECK (object <> 'cart-29')",
        })
        .await;
    let error = store.commit_tick(&cluster(), &tick(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
    assert_eq!(store.last_tick(&cluster()).await.unwrap(), None);
    assert!(store.outcomes(&cluster(), EVER).await.unwrap().is_empty());
    assert!(store.alarms(&cluster(), AlarmFilter::Open).await.unwrap().is_empty());

    let mut harmless = tick(2);
    harmless.predictions.truncate(20);
    store.commit_tick(&cluster(), &harmless).await.unwrap();
    assert_eq!(store.last_tick(&cluster()).await.unwrap(), Some(harmless.at));
}

pub(crate) async fn an_outcome_is_known_once_with_what_was_last_said(place: &Place) {
    let store = place.open().await;
    let mut said = outcome(START, "cart");
    for recovered_at in [None, Some(START + seconds(40))] {
        said.recovered_at = recovered_at;
        let tick = Tick { at: START, outcomes: vec![said.clone()], ..Tick::default() };
        store.commit_tick(&cluster(), &tick).await.unwrap();
    }
    assert_eq!(store.outcomes(&cluster(), EVER).await.unwrap(), [said]);
    assert_eq!(place.text("SELECT object FROM incidents WHERE unrecovered = 0").await, "cart");
}

pub(crate) async fn alarms_open_change_and_close(place: &Place) {
    let store = place.open().await;
    let commit = async |step: i64, change: AlarmChange| {
        let tick = Tick { at: START + seconds(step), alarms: vec![change], ..Tick::default() };
        store.commit_tick(&cluster(), &tick).await.unwrap();
    };
    let mut louder = alarm(START, 1);
    louder.tier = Tier::Page;
    commit(0, raised(alarm(START, 1))).await;
    commit(15, renewed(louder.clone())).await;
    assert_eq!(store.alarms(&cluster(), AlarmFilter::Open).await.unwrap(), [louder.clone()]);

    louder.cleared_at = Some(START + seconds(30));
    commit(30, AlarmChange::Cleared { id: AlarmId(1), at: START + seconds(30) }).await;
    assert!(store.alarms(&cluster(), AlarmFilter::Open).await.unwrap().is_empty());
    let raised = store.alarms(&cluster(), AlarmFilter::Raised(just(START))).await.unwrap();
    assert_eq!(raised, [louder]);
    assert_eq!(place.number("SELECT COUNT(*) FROM alarm_changes").await, 3);
}

pub(crate) async fn a_number_used_again_means_the_newest_alarm(place: &Place) {
    let store = place.open().await;
    let again = START + seconds(600);
    let changes = [
        (START, raised(alarm(START, 1))),
        (again, raised(alarm(again, 1))),
        (again + seconds(15), AlarmChange::Cleared { id: AlarmId(1), at: again + seconds(15) }),
    ];
    for (at, change) in changes {
        let tick = Tick { at, alarms: vec![change], ..Tick::default() };
        store.commit_tick(&cluster(), &tick).await.unwrap();
    }
    assert_eq!(store.alarms(&cluster(), AlarmFilter::Open).await.unwrap(), [alarm(START, 1)]);
}

/// Equal, NaN with NaN.
fn same(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
}

pub(crate) async fn rows_of_pods_are_joined_with_node_and_workload(place: &Place) {
    let store = place.open().await;
    let minute = minute(START, 25);
    store.commit_minute(&cluster(), &minute).await.unwrap();

    let found = store.pod_rows(&cluster(), ("shop", "w1-13"), EVER).await.unwrap();
    let [(at, found)] = found.as_slice() else { panic!("{} rows", found.len()) };
    assert_eq!(*at, START);
    assert_eq!(found.row.workload, workload("w1"));
    assert_eq!(found.row.node.as_deref(), Some("node-1"));
    assert!(same(&found.row.values, &minute.pods[13].values));
    assert!(same(&found.node_values, &minute.nodes[1].values));
    assert!(same(&found.workload_values, &minute.workloads[1].values));
    assert_eq!((found.label, found.failure), (None, None));

    let unplaced = store.pod_rows(&cluster(), ("shop", "w0-1"), EVER).await.unwrap();
    assert!(unplaced[0].1.node_values.iter().all(|value| value.is_nan()));
    let node = store.node_rows(&cluster(), "node-1", EVER).await.unwrap();
    assert!(same(&node[0].1.values, &minute.nodes[1].values));
    let row = store.workload_rows(&cluster(), &workload("w2"), EVER).await.unwrap();
    assert!(same(&row[0].1.values, &minute.workloads[2].values));
    assert_eq!(row[0].1.workload, workload("w2"));
}

pub(crate) async fn the_same_minute_again_replaces_its_rows(place: &Place) {
    let store = place.open().await;
    store.commit_minute(&cluster(), &minute(START, 25)).await.unwrap();
    store.commit_minute(&cluster(), &minute(START, 24)).await.unwrap();
    assert_eq!(place.number("SELECT COUNT(*) FROM pods").await, 24);
    let mut twice = minute(START, 24);
    let again = twice.pods.clone();
    twice.pods.extend(again);
    store.commit_minute(&cluster(), &twice).await.unwrap();
    assert_eq!(place.number("SELECT COUNT(*) FROM pods").await, 24);
}

pub(crate) async fn a_label_reaches_the_rows_of_its_span_only(place: &Place) {
    let store = place.open().await;
    for step in 0..4 {
        store.commit_minute(&cluster(), &minute(START + seconds(60 * step), 25)).await.unwrap();
    }
    let failure = Some((FailureKind::OomKilled, START + seconds(150)));
    let all = LabelSpan {
        workload: workload("w1"),
        pod: None,
        from: START + seconds(60),
        until: START + seconds(180),
        label: RowLabel::Alert,
        failure,
    };
    let one = LabelSpan {
        workload: workload("w2"),
        pod: Some("w2-20".to_owned()),
        label: RowLabel::Good,
        failure: None,
        ..all.clone()
    };
    // A row that two labels meet takes the later.
    let exception =
        LabelSpan { pod: Some("w1-11".to_owned()), label: RowLabel::Bad, ..all.clone() };
    let tick = Tick { at: START, labels: vec![all, one, exception], ..Tick::default() };
    store.commit_tick(&cluster(), &tick).await.unwrap();

    let labels = "SELECT COUNT(*) FROM pods WHERE label";
    assert_eq!(place.number(&format!("{labels} = 'alert' AND workload = 'w1'")).await, 18);
    assert_eq!(place.number(&format!("{labels} = 'bad' AND pod = 'w1-11'")).await, 2);
    assert_eq!(place.number(&format!("{labels} = 'good'")).await, 2);
    assert_eq!(place.number(&format!("{labels} IS NOT NULL")).await, 22);
    let ahead =
        "SELECT COUNT(*) FROM dataset WHERE minutes_to_failure = 1.5 AND workload = 'shop/w1'";
    assert_eq!(place.number("SELECT COUNT(*) FROM dataset").await, 22);
    assert_eq!(place.number(ahead).await, 10);
    let rows = store.pod_rows(&cluster(), ("shop", "w1-10"), EVER).await.unwrap();
    assert_eq!(rows[0].1.label, None);
    assert_eq!((rows[1].1.label, rows[1].1.failure), (Some(RowLabel::Alert), failure));
}

pub(crate) async fn people_find_readable_times_and_the_view_of_deployments(place: &Place) {
    let store = place.open().await;
    store.commit_minute(&cluster(), &minute(START, 25)).await.unwrap();
    let at = match place {
        Place::File(_) => "SELECT at FROM pods LIMIT 1",
        Place::Server(_) => {
            "SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') FROM pods LIMIT 1"
        }
    };
    assert_eq!(place.text(at).await, "2026-09-21 14:14:00.000");
    assert_eq!(place.number("SELECT COUNT(*) FROM deployments").await, 3);
    let share = "SELECT CAST(memory_working_set_bytes AS TEXT) FROM pods WHERE pod = 'w0-0'";
    assert_eq!(place.text(share).await, "0.2");
}

pub(crate) async fn retention_deletes_only_what_is_old(place: &Place) {
    let store = place.open().await;
    let day = 86_400;
    let of_open = EvidenceOf::Alarm { id: AlarmId(1), raised_at: START };
    let of_incident = EvidenceOf::Incident { number: 1, occurred_at: START };
    for age in 0..10 {
        let at = START + seconds(age * day);
        store.commit_minute(&cluster(), &minute(at, 3)).await.unwrap();
        let alarms = if age == 0 { vec![raised(alarm(at, 1))] } else { Vec::new() };
        let tick = Tick {
            at,
            alarms,
            outcomes: vec![outcome(at, "cart")],
            predictions: vec![prediction(at, "cart")],
            events: vec![event(at, &format!("day {age}"))],
            ..Tick::default()
        };
        store.commit_tick(&cluster(), &tick).await.unwrap();
    }
    store.keep_evidence(&cluster(), &evidence(of_open, START)).await.unwrap();
    store.keep_evidence(&cluster(), &evidence(of_incident, START)).await.unwrap();

    let now = START + seconds(9 * day);
    store.prune(&cluster(), now, &Retention::default()).await.unwrap();
    for table in ["nodes", "pods", "workloads", "ticks", "predictions", "events"] {
        let days = match table {
            "events" => "observed_at_ms",
            _ => "at_ms",
        };
        // Exactly seven days is not older than seven days.
        let oldest = place.number(&format!("SELECT MIN({days}) FROM {table}")).await;
        assert_eq!(oldest, (START + seconds(2 * day)).as_millis(), "{table}");
    }
    assert_eq!(store.outcomes(&cluster(), EVER).await.unwrap().len(), 10);
    assert!(store.evidence(&cluster(), of_incident).await.unwrap().is_some());

    let much_later = now + seconds(500 * day);
    let pruned = store.prune(&cluster(), much_later, &Retention::default()).await.unwrap();
    assert!(pruned.rows > 0);
    assert!(store.outcomes(&cluster(), EVER).await.unwrap().is_empty());
    assert!(store.evidence(&cluster(), of_incident).await.unwrap().is_none());
    // The alarm is still open.
    assert_eq!(store.alarms(&cluster(), AlarmFilter::Open).await.unwrap().len(), 1);
    let kept = store.evidence(&cluster(), of_open).await.unwrap();
    assert_eq!(kept, Some(evidence(of_open, START)));
    let again = store.prune(&cluster(), much_later, &Retention::default()).await.unwrap();
    assert_eq!(again.rows, 0);
}

pub(crate) async fn hostile_texts_stay_data(place: &Place) {
    let store = place.open().await;
    let long: String =
        (0..100_000_u32).filter_map(|n| char::from_u32(0x4e00 + n % 20_000)).take(34_000).collect();
    let hostile = [
        "'; DROP TABLE pods; --",
        "\" OR 1=1 /*",
        "a\0b",
        "tab\tnew\nline\rback\\slash \\N \\.",
        "$1 ? :x @y %s",
        "\u{202e}\u{feff}é💥",
        "",
        long.as_str(),
    ];
    for (number, text) in (0_i64..).zip(hostile) {
        let at = START + seconds(60 * number);
        let mut minute = minute(at, 30);
        for row in &mut minute.pods {
            row.node = Some(text.to_owned());
            row.workload.name = text.to_owned();
            row.workload.namespace = text.to_owned();
        }
        minute.pods[0].pod = text.to_owned();
        minute.nodes[0].node = text.to_owned();
        minute.workloads[0].workload.name = text.to_owned();
        minute.workloads[0].workload.namespace = text.to_owned();
        store.commit_minute(&cluster(), &minute).await.unwrap();
        assert_eq!(
            store.pod_rows(&cluster(), (text, text), just(at)).await.unwrap().len(),
            1,
            "{number}"
        );
        let joined = store.pod_rows(&cluster(), (text, text), just(at)).await.unwrap();
        assert!(same(&joined[0].1.node_values, &minute.nodes[0].values));

        let mut tick = tick(1);
        tick.at = at;
        for one in &mut tick.predictions {
            one.sentence = text.to_owned();
            one.pod = Some(text.to_owned());
            one.unit = foresail_core::Unit::Node(text.to_owned());
            one.at = at;
        }
        tick.outcomes[0].unit = foresail_core::Unit::Component(text.to_owned());
        tick.outcomes[0].occurred_at = at;
        tick.outcomes[0].facts[0].text = text.to_owned();
        tick.events[0] = event(at, text);
        tick.events[0].name = text.to_owned();
        let mut said = alarm(at, 1);
        said.unit = foresail_core::Unit::Node(text.to_owned());
        said.sentence = text.to_owned();
        tick.alarms = vec![raised(said.clone())];
        store.commit_tick(&cluster(), &tick).await.unwrap();
        assert_eq!(store.predictions(&cluster(), just(at)).await.unwrap(), tick.predictions);
        assert_eq!(store.outcomes(&cluster(), just(at)).await.unwrap(), tick.outcomes);
        assert_eq!(store.events(&cluster(), just(at)).await.unwrap(), tick.events);
        let raised = store.alarms(&cluster(), AlarmFilter::Raised(just(at))).await.unwrap();
        assert_eq!(raised, [said]);
    }
    let pods = place.number("SELECT COUNT(*) FROM pods").await;
    assert_eq!(pods, 30 * hostile.len() as i64);
}

fn model(name: &str, file: Vec<u8>) -> NewModel {
    NewModel {
        name: name.to_owned(),
        kind: "hazard".to_owned(),
        schema: "features-7".to_owned(),
        file,
        added_at: START,
    }
}

pub(crate) async fn models_have_names_roles_and_whole_files(place: &Place) {
    let store = place.open().await;
    let cluster = cluster();
    let large: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 253) as u8).collect();
    for (name, file) in [("b", large.clone()), ("a", vec![1, 2, 3]), ("twin", vec![1, 2, 3])] {
        store.add_model(&cluster, &model(name, file)).await.unwrap();
    }
    let roles = async || {
        let models = store.models(&cluster).await.unwrap();
        models.into_iter().map(|one| (one.name, one.role)).collect::<Vec<_>>()
    };
    let named = |name: &str, role| (name.to_owned(), role);
    store.set_role(&cluster, "a", ModelRole::InService).await.unwrap();
    store.set_role(&cluster, "b", ModelRole::InService).await.unwrap();
    let (shadow, idle) = (ModelRole::Shadow, ModelRole::Idle);
    assert_eq!(
        roles().await,
        [named("a", shadow), named("b", ModelRole::InService), named("twin", idle)]
    );
    assert_eq!(store.model_file(&cluster, "b").await.unwrap(), large);

    // A replaced file keeps the role, and only bytes that nobody else names are let go.
    store.add_model(&cluster, &model("a", vec![9])).await.unwrap();
    store.add_model(&cluster, &model("b", vec![8])).await.unwrap();
    assert_eq!(roles().await[1], named("b", ModelRole::InService));
    assert_eq!(store.model_file(&cluster, "twin").await.unwrap(), [1, 2, 3]);
    assert_eq!(place.number("SELECT COUNT(*) FROM blobs").await, 3);

    store.remove_model(&cluster, "b").await.unwrap();
    let error = store.model_file(&cluster, "b").await.unwrap_err();
    assert!(matches!(error, StoreError::UnknownModel { .. }), "{error:?}");
    let error = store.set_role(&cluster, "b", ModelRole::Shadow).await.unwrap_err();
    assert_eq!(error.code(), "unknown_model");
    assert!(store.remove_model(&cluster, "b").await.is_err());
}

pub(crate) async fn changed_bytes_of_a_model_are_noticed(place: &Place) {
    let store = place.open().await;
    store.add_model(&cluster(), &model("a", vec![1, 2, 3])).await.unwrap();
    place
        .sql(match place {
            Place::File(_) => "UPDATE blobs SET bytes = x'010204'",
            Place::Server(_) => "UPDATE blobs SET bytes = '\\x010204'",
        })
        .await;
    let error = store.model_file(&cluster(), "a").await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
}

pub(crate) async fn the_newest_whole_restart_point_is_found(place: &Place) {
    let store = place.open().await;
    assert_eq!(store.restart_point(&cluster()).await.unwrap(), None);
    for step in 0..4_u8 {
        let at = START + seconds(300 * i64::from(step));
        store.keep_restart_point(&cluster(), &restart_point(at, step, 5_000)).await.unwrap();
    }
    let newest = restart_point(START + seconds(900), 3, 5_000);
    assert_eq!(store.restart_point(&cluster()).await.unwrap(), Some(newest));
    assert_eq!(place.number("SELECT COUNT(*) FROM snapshots").await, 2);
    assert_eq!(place.number("SELECT COUNT(*) FROM blobs").await, 4);

    let last = "(SELECT state_sha256 FROM snapshots ORDER BY at_ms DESC LIMIT 1)";
    place.sql(&format!("DELETE FROM blobs WHERE sha256 = {last}")).await;
    let before = restart_point(START + seconds(600), 2, 5_000);
    assert_eq!(store.restart_point(&cluster()).await.unwrap(), Some(before));
    place.sql("DELETE FROM blobs").await;
    assert_eq!(store.restart_point(&cluster()).await.unwrap_err().code(), "store_corrupt");
}

pub(crate) async fn a_large_restart_point_comes_back(place: &Place) {
    let store = place.open().await;
    let point = restart_point(START, 7, 40_000_000);
    store.keep_restart_point(&cluster(), &point).await.unwrap();
    assert!(store.restart_point(&cluster()).await.unwrap() == Some(point));
}

pub(crate) async fn clusters_are_kept_apart(place: &Place) {
    let store = place.open().await;
    let other = ClusterName::try_from("prod").unwrap();
    store.commit_tick(&cluster(), &tick(1)).await.unwrap();
    store.commit_minute(&cluster(), &minute(START, 5)).await.unwrap();
    store.add_model(&cluster(), &model("a", vec![1])).await.unwrap();
    assert_eq!(store.last_tick(&other).await.unwrap(), None);
    assert!(store.models(&other).await.unwrap().is_empty());
    store.commit_tick(&other, &tick(1)).await.unwrap();
    store.commit_minute(&other, &minute(START, 4)).await.unwrap();
    store.prune(&other, START + seconds(900 * 86_400), &Retention::default()).await.unwrap();
    assert_eq!(store.outcomes(&cluster(), EVER).await.unwrap(), tick(1).outcomes);
    assert_eq!(place.number("SELECT COUNT(*) FROM pods").await, 5);
    assert!(store.outcomes(&other, EVER).await.unwrap().is_empty());
}

pub(crate) async fn the_size_names_the_tables(place: &Place) {
    let store = place.open().await;
    store.commit_minute(&cluster(), &minute(START, 500)).await.unwrap();
    let size = store.size().await.unwrap();
    let pods = size.tables.iter().find(|one| one.table == "pods").unwrap();
    assert!(pods.bytes > 100_000, "{size:?}");
    assert!(size.bytes >= pods.bytes);
    assert_eq!(size.tables.len(), 14, "{size:?}");
}

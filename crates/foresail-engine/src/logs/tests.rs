use foresail_core::PlatformDuration;

use super::*;

fn line(second: i64, text: &str) -> LogLine {
    LogLine {
        at: at(second),
        namespace: "shop".to_owned(),
        pod: "cart-0".to_owned(),
        container: "app".to_owned(),
        text: text.to_owned(),
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000) + PlatformDuration::from_seconds(second)
}

const POD: (&str, &str) = ("shop", "cart-0");

#[test]
fn a_steady_stream_of_errors_has_its_own_rate() {
    let mut store = LogStore::new(TimeScale::ONE);
    for second in 0..3_600 {
        store.observe(&line(second, "level=error msg=\"write failed\""), || true);
    }
    let rates = store.look(at(3_600)).rates(POD).unwrap();
    assert!((rates.errors[0] - 60.0).abs() < 1.0, "{:?}", rates.errors);
    assert!((rates.errors[1] - 60.0).abs() < 3.0, "{:?}", rates.errors);
    assert!(rates.warnings[0] == 0.0);
}

#[test]
fn a_line_that_differs_in_numbers_only_is_nothing_new() {
    let mut store = LogStore::new(TimeScale::ONE);
    for second in (0..3_000).step_by(10) {
        store
            .observe(&line(second, &format!("WARN lease {second} took {}ms", second * 3)), || true);
    }
    assert_eq!(store.look(at(3_000)).rates(POD).unwrap().new_templates, Some(0));
    store.observe(&line(3_001, "WARN disk is slow"), || true);
    assert_eq!(store.look(at(3_002)).rates(POD).unwrap().new_templates, Some(1));
}

#[test]
fn a_young_pod_does_not_say_what_is_new() {
    let mut store = LogStore::new(TimeScale::ONE);
    store.observe(&line(0, "ERROR boom"), || true);
    assert_eq!(store.look(at(30)).rates(POD).unwrap().new_templates, None);
}

#[test]
fn a_line_of_a_pod_that_is_gone_is_not_kept() {
    let mut store = LogStore::new(TimeScale::ONE);
    store.observe(&line(0, "ERROR boom"), || false);
    assert_eq!(store.look(at(1)).rates(POD), None);
}

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
        store.observe(&line(second, "level=error msg=\"write failed\""));
    }
    let rates = store.rates(POD, at(3_600)).unwrap();
    assert!((rates.errors[0] - 60.0).abs() < 1.0, "{:?}", rates.errors);
    assert!((rates.errors[1] - 60.0).abs() < 3.0, "{:?}", rates.errors);
    assert!(rates.warnings[0] == 0.0);
}

#[test]
fn a_line_that_differs_in_numbers_only_is_nothing_new() {
    let mut store = LogStore::new(TimeScale::ONE);
    for second in (0..3_000).step_by(10) {
        store.observe(&line(second, &format!("WARN lease {second} took {}ms", second * 3)));
    }
    assert_eq!(store.rates(POD, at(3_000)).unwrap().new_templates, Some(0));
    store.observe(&line(3_001, "WARN disk is slow"));
    assert_eq!(store.rates(POD, at(3_002)).unwrap().new_templates, Some(1));
}

#[test]
fn a_young_pod_does_not_say_what_is_new() {
    let mut store = LogStore::new(TimeScale::ONE);
    store.observe(&line(0, "ERROR boom"));
    assert_eq!(store.rates(POD, at(30)).unwrap().new_templates, None);
}

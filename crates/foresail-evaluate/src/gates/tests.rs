use super::*;
use crate::sample::{alarm, judged, leak};

#[test]
fn always_on_is_refused_reactive_scores_nothing_and_the_oracle_everything() {
    let ground = leak();
    let frame = Frame::new(&ground);
    let seeds = Seeds::default();
    let on = judge(&ground, &always_on(&ground));
    assert!(refuses_always_on(&ground, &frame, (&on, seeds)).passed);
    let late = judge(&ground, &reactive(&ground));
    assert!(gives_no_hit_to_reactive(&ground, &frame, &late).passed);
    let sure = judge(&ground, &oracle(&ground));
    assert!(gives_all_to_oracle(&ground, &frame, &sure).passed);
}

#[test]
fn the_gates_fail_on_planted_violations() {
    let ground = leak();
    let frame = Frame::new(&ground);
    // A single good alarm is no always-on train: granting it skill must be seen as such.
    let (good, ..) = judged(&ground, &[alarm(0, 1_300, None)]);
    assert!(!refuses_always_on(&ground, &frame, (&good, Seeds::default())).passed);
    assert!(!gives_no_hit_to_reactive(&ground, &frame, &good).passed);
    // An oracle five seconds too late catches nothing.
    let (slow, ..) = judged(&ground, &[alarm(0, 1_445, None)]);
    assert!(!gives_all_to_oracle(&ground, &frame, &slow).passed);
}

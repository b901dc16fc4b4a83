//! Gate 6: nothing is learned from a window at or after a failure.

use super::rows::{Lived, ticks};
use crate::result::Gate;

/// Whether no row with a target lies at or after its incident, or in a blackout.
#[must_use]
pub fn no_window_at_or_after_a_failure(recordings: &[Lived<'_>]) -> Gate {
    let (mut rows, mut wrong) = (0, Vec::new());
    for lived in recordings {
        let units = lived.units();
        for (at, row) in ticks(lived.lesson) {
            let Some(target) = lived.lesson.targets[row] else { continue };
            rows += 1;
            let number = lived.lesson.rows.unit[row] as usize;
            let open = units[number].is_none_or(|unit| unit.in_blackout(at));
            let late = target.incident.is_some_and(|place| {
                lived.ground.incidents.get(place).is_none_or(|incident| at >= incident.at)
            });
            if open || late || target.failure.is_some_and(|(_, minutes)| minutes <= 0.0) {
                wrong.push(format!(
                    "{} at {at} of {}",
                    lived.lesson.rows.units[number], lived.lesson.name
                ));
            }
        }
    }
    Gate {
        name: "no window at or after a failure is learned from".to_owned(),
        passed: wrong.is_empty() && rows > 0,
        detail: match wrong.first() {
            Some(first) => format!("{} of {rows} rows, the first: {first}", wrong.len()),
            None => format!("none of {rows} rows"),
        },
    }
}

//! Whether rows have an order in time where a forecast is asked.

use super::view::Side;
use super::words::percent;
use super::{Finding, FindingKind, Forecast, Severity, View};
use crate::tabular::roles::is_time;
use crate::tabular::{Text, Values};

/// Share of objects with one row from which on there is no history.
const ALONE: f64 = 0.5;

pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    if view.plan.forecast == Forecast::NotAsked {
        return Vec::new();
    }
    let Some(time) = view.plan.time else {
        return vec![no_order(
            Vec::new(),
            "a forecast is asked but no column gives the time of a row".to_owned(),
        )];
    };
    let times = times(view);
    let Some(times) = times else {
        return vec![no_order(
            vec![time],
            format!(
                "the times in `{time}` are texts that are no dates such as `2026-01-31`, with or without the time of day"
            ),
        )];
    };
    [constant(time, &times), unsorted(view, (time, &times)), alone(view, time)]
        .into_iter()
        .flatten()
        .collect()
}

/// The times of the audited rows; `None` where there are none or they cannot be ordered.
pub(super) fn times(view: &View<'_>) -> Option<Vec<f64>> {
    let values = view.table.column(view.plan.time?).ok()?;
    match values {
        Values::Number(_) => view.numbers(values),
        Values::Text(text) => ranks(view, text),
    }
}

fn no_order(columns: Vec<&str>, fact: String) -> Finding {
    Finding::new(FindingKind::NoOrder, Severity::Invalid, 1.0).columns(columns).said(
        fact,
        "a random split lets later rows teach what came before them: the score is that of filling gaps, not of \
         seeing ahead",
        "give a column of time (`--time`) and split by it (`--split time`)",
    )
}

/// Texts that begin with a date, as numbers of the same order: such texts sort as they follow.
fn ranks(view: &View<'_>, text: &Text) -> Option<Vec<f64>> {
    if !text.levels.iter().all(|level| is_time(level)) {
        return None;
    }
    let mut order: Vec<usize> = (0..text.levels.len()).collect();
    order.sort_by(|a, b| text.levels[*a].cmp(&text.levels[*b]));
    let mut rank = vec![0.0; order.len()];
    for (place, level) in order.into_iter().enumerate() {
        rank[level] = place as f64;
    }
    let one = |row: &usize| {
        let code = text.codes.get(*row).copied().unwrap_or(u32::MAX);
        rank.get(code as usize).copied().unwrap_or(f64::NAN)
    };
    Some(view.labels.rows.iter().map(one).collect())
}

fn constant(time: &str, times: &[f64]) -> Option<Finding> {
    let missing = times.iter().filter(|time| time.is_nan()).count();
    let mut known = times.iter().filter(|time| !time.is_nan());
    let first = known.next();
    let varies = first.is_some_and(|first| known.any(|time| time != first));
    if !varies {
        return Some(no_order(vec![time], format!("every row has the same time in `{time}`")));
    }
    (missing > 0).then(|| {
        let fact = format!("{missing} rows have no time in `{time}`");
        let share = missing as f64 / times.len().max(1) as f64;
        Finding { severity: Severity::Inflated, harm: share, ..no_order(vec![time], fact) }
            .evidence("rows_without_time", missing as f64)
    })
}

/// Rows out of order are harmless where the split goes by time, but not where it goes by place.
fn unsorted(view: &View<'_>, (time, times): (&str, &[f64])) -> Option<Finding> {
    if goes_by_time(view, times) {
        return None;
    }
    let back = times.windows(2).position(|pair| pair[1] < pair[0])?;
    let row = view.labels.rows.get(back + 1).copied()?;
    let n = times.windows(2).filter(|pair| pair[1] < pair[0]).count();
    Some(
        Finding::new(FindingKind::NoOrder, Severity::Question, 0.0)
            .columns([time])
            .rows(vec![row + 1])
            .evidence("steps_back", n as f64)
            .said(
                format!("the rows are not in the order of `{time}`: time goes back {n} times, first at row {}", row + 1),
                "none where the split goes by time; a split by place would train on what comes later",
                "split by the column (`--split time`), never by the place of rows",
            ),
    )
}

/// Whether a split is given that puts no test row before a training row.
fn goes_by_time(view: &View<'_>, times: &[f64]) -> bool {
    let Some(sides) = view.sides() else { return false };
    let of_side = |wanted| {
        let rows = times.iter().zip(&sides);
        rows.filter(move |(_, side)| **side == wanted).map(|(time, _)| *time)
    };
    let last = of_side(Side::Training).fold(f64::NEG_INFINITY, f64::max);
    of_side(Side::Test).all(|time| time >= last)
}

/// One row an object leaves nothing to look back on.
fn alone(view: &View<'_>, time: &str) -> Option<Finding> {
    let group = view.plan.groups.first()?;
    let codes = view.codes(view.table.column(group).ok()?);
    let mut sizes = vec![0_u32; codes.n];
    for &code in &codes.codes {
        sizes[code as usize] += 1;
    }
    let single = sizes.iter().filter(|size| **size == 1).count();
    let share = single as f64 / codes.n.max(1) as f64;
    (share >= ALONE).then(|| {
        let severity = if share >= 1.0 { Severity::Invalid } else { Severity::Inflated };
        Finding::new(FindingKind::NoOrder, severity, share)
            .columns([group.as_str(), time])
            .evidence("groups_of_one_row", single as f64)
            .evidence("groups", codes.n as f64)
            .said(
                format!("{} of the groups in `{group}` have one row: there is no earlier row to see it coming in", percent(share)),
                "the score is that of naming what is already there, not of a forecast",
                "collect rows of the same object over time, or do not call it a forecast",
            )
    })
}

//! Whether what is said can be trusted: probabilities, times, ablations, cost and gates.

use super::{RANKED, TextTable, or_dash, split_words, three, with_interval};
use crate::bench::result::{AblationRow, BenchResult};
use crate::report::words::{UNDEFINED, minutes, percent, points_with_interval, rate, thousands};
use crate::result::Estimate;

pub(super) fn probabilities(result: &BenchResult) -> TextTable {
    let withheld = || "withheld: no skill".to_owned();
    let three_of = |estimate: Option<&Estimate>| {
        estimate.map(|one| match one.low.zip(one.high) {
            Some((low, high)) => format!("{:.3} [{low:.3}–{high:.3}]", one.value),
            None => three(one.value),
        })
    };
    let rows = result.probabilities.iter().map(|row| {
        let reading = &row.reading;
        vec![
            split_words(row.split).to_owned(),
            if row.calibrated { "calibrated" } else { "as the model has it" }.to_owned(),
            format!(
                "{} / {}",
                thousands(reading.happened as usize),
                thousands(reading.pairs as usize)
            ),
            or_dash(reading.brier, |value| format!("{value:.4}")),
            three_of(reading.brier_skill.as_ref()).unwrap_or_else(|| UNDEFINED.to_owned()),
            three_of(reading.ece.as_ref()).unwrap_or_else(withheld),
            three_of(reading.ece_top_percent.as_ref()).unwrap_or_else(withheld),
        ]
    });
    TextTable {
        name: "probabilities",
        title: "What probabilities of Foresail are worth, out of fold".to_owned(),
        reading: "Pairs of a pod, a kind and a tick; skill against each kind's training rate; \
                  intervals draw whole workloads."
            .to_owned(),
        heads: vec![
            "split",
            "probability",
            "happened / pairs",
            "Brier",
            "Brier skill",
            "ECE",
            "ECE, top 1 %",
        ],
        rows: rows.collect(),
    }
}

pub(super) fn times(result: &BenchResult) -> TextTable {
    let rows = result.times.iter().map(|row| {
        let [low, middle, high] = row.row.pinball_production_minutes;
        vec![
            split_words(row.split).to_owned(),
            format!("{}", (row.least_probability * 100.0).round() / 100.0),
            format!("{} of {}", thousands(row.row.n as usize), row.row.incidents),
            with_interval(row.row.coverage.as_ref()),
            format!(
                "{} / {} / {}",
                or_dash(low, minutes),
                or_dash(middle, minutes),
                or_dash(high, minutes)
            ),
            or_dash(row.row.median_log_ratio, rate),
        ]
    });
    TextTable {
        name: "times",
        title: "What announced times are worth, out of fold".to_owned(),
        reading: "Pods before their failure, its own kind; the 80 % interval should hold .80."
            .to_owned(),
        heads: vec![
            "split",
            "probability at least",
            "forecasts, of incidents",
            "in the 80 % interval",
            "pinball .1 / .5 / .9, min",
            "median |ln(said / true)|",
        ],
        rows: rows.collect(),
    }
}

pub(super) fn left_out(name: &'static str, title: &str, rows: &[AblationRow]) -> TextTable {
    let cells = |row: &AblationRow| {
        let lost = row.lost.as_ref().map_or_else(|| UNDEFINED.to_owned(), points_with_interval);
        vec![
            row.title.clone(),
            format!("{}", row.budget),
            format!("{}/{}", row.caught, row.reachable),
            row.caught_right_kind.to_string(),
            or_dash(row.false_per_pod_day, rate),
            or_dash(row.time_in_warning, percent),
            lost,
        ]
    };
    TextTable {
        name,
        title: format!("{title}, leave one recording out"),
        reading: "Fitted and tuned anew without it. The last column is what Foresail catches more \
                  than the variant, in percentage points."
            .to_owned(),
        heads: vec![
            "without",
            "budget",
            "caught",
            "right kind",
            "false a pod-day",
            "in warning",
            "lost",
        ],
        rows: rows.iter().map(cells).collect(),
    }
}

pub(super) fn ranking(result: &BenchResult) -> TextTable {
    let rows = result.feature_ranking.iter().take(RANKED).map(|row| {
        vec![
            row.feature.clone(),
            three(row.auc),
            percent(row.present),
            if row.suspicious { "above .98" } else { "" }.to_owned(),
        ]
    });
    TextTable {
        name: "feature-ranking",
        title: "Single features, the most telling first".to_owned(),
        reading:
            "Area under the ROC curve of each feature alone for any failure of the pod within \
                  100 min, over rows of training recordings that have it; below .5 less of it is \
                  worse."
                .to_owned(),
        heads: vec!["feature", "AUC", "rows that have it", "to be looked at"],
        rows: rows.collect(),
    }
}

pub(super) fn cost(result: &BenchResult) -> TextTable {
    let cost = &result.cost;
    let mut rows = Vec::new();
    if let (Some(seconds), Some(n), Some(bytes)) = (cost.fit_seconds, cost.rows, cost.model_bytes) {
        rows.push(vec![
            "fit on all training recordings".to_owned(),
            format!("{seconds:.1} s (bar 120 s)"),
        ]);
        rows.push(vec!["rows".to_owned(), thousands(n as usize)]);
        rows.push(vec!["model".to_owned(), format!("{} bytes", thousands(bytes as usize))]);
    }
    if let Some(tick) = &cost.tick {
        let ms = |seconds: f64| format!("{:.2} ms", seconds * 1_000.0);
        let (half, most) = (ms(tick.seconds_p50), ms(tick.seconds_p99));
        rows.push(vec![
            format!("one tick of {}, observed and judged", tick.recording),
            format!("half take {half} or less, 99 % {most} or less"),
        ]);
    }
    for runtime in &result.runtimes {
        rows.push(vec![runtime.step.clone(), format!("{:.1} s", runtime.seconds)]);
    }
    TextTable {
        name: "cost",
        title: "What it took".to_owned(),
        reading: "Steps that an earlier run had done already take no time.".to_owned(),
        heads: vec!["step", "cost"],
        rows,
    }
}

pub(super) fn gates(result: &BenchResult) -> TextTable {
    let rows = result.gates.iter().map(|gate| {
        let passed = if gate.passed { "holds" } else { "BROKEN" };
        vec![gate.name.clone(), passed.to_owned(), gate.detail.clone()]
    });
    TextTable {
        name: "gates",
        title: "Gates".to_owned(),
        reading: "A run that breaks one of these measures nothing: alarm trains that must not pay, then what \
                  models learn from. Causality, the first of all gates, is a test of the engine."
            .to_owned(),
        heads: vec!["gate", "", "numbers"],
        rows: rows.collect(),
    }
}

//! The tables of a benchmark as text, drawn once for the page and for Markdown.

use super::methods::FORESAIL;
use super::result::{AblationRow, BenchResult};
use crate::report::words::{
    UNDEFINED, minutes, percent, points, points_interval, rate, rate_interval, spaced, thousands,
};
use crate::result::{Estimate, Role, Row, Scope, Split, Variant};

/// Features of the ranking that are shown.
const RANKED: usize = 20;

/// A table with its words.
#[derive(Clone, Debug)]
pub(super) struct TextTable {
    /// Stable name.
    pub(super) name: &'static str,
    pub(super) title: String,
    /// How to read it.
    pub(super) reading: String,
    pub(super) heads: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

/// Every table, the headline first; those without a row are left out.
pub(super) fn tables(result: &BenchResult) -> Vec<TextTable> {
    let mut tables = vec![recordings(result)];
    for split in SPLITS {
        tables.push(headline(result, split));
    }
    for split in SPLITS {
        tables.push(by_recording(result, split));
    }
    tables.extend([applications(result), leads(result), wrong(result), groups(result)]);
    tables.extend(SPLITS.map(|split| kinds(result, split)));
    tables.extend([
        checks(result),
        probabilities(result),
        times(result),
        left_out("ablations", "Foresail without a part of it", &result.ablations),
        left_out("single-features", "Foresail without one feature", &result.single_features),
        ranking(result),
        cost(result),
        gates(result),
    ]);
    tables.retain(|table| !table.rows.is_empty());
    tables
}

const SPLITS: [Split; 3] =
    [Split::LeaveOneRecordingOut, Split::LeaveOneApplicationOut, Split::TrainingToJudged];

/// A split in words.
pub(super) const fn split_words(split: Split) -> &'static str {
    match split {
        Split::LeaveOneRecordingOut => "leave one recording out",
        Split::LeaveOneApplicationOut => "leave one application out",
        Split::TrainingToJudged => "demo recording",
        Split::Untrained => "untrained",
    }
}

/// A stable name for a table of a split.
const fn named(split: Split, names: [&'static str; 3]) -> &'static str {
    match split {
        Split::LeaveOneRecordingOut => names[0],
        Split::LeaveOneApplicationOut => names[1],
        Split::TrainingToJudged | Split::Untrained => names[2],
    }
}

/// Rows of a split over everything that it judges.
pub(super) fn pooled(result: &BenchResult, split: Split) -> impl Iterator<Item = &Row> {
    let of_split = move |row: &&Row| row.split == split;
    let scopes = result.rows.iter().filter(of_split).map(|row| &row.scope);
    let widest = scopes.max_by_key(|scope| !matches!(scope, Scope::Recording(_)));
    result.rows.iter().filter(of_split).filter(move |row| Some(&row.scope) == widest)
}

/// The paired difference of Foresail's row to another row.
pub(super) fn difference<'a>(result: &'a BenchResult, other: &Row) -> Option<&'a Estimate> {
    // Methods as shipped have no budget: they stand beside the largest.
    let budget = other.budget.or_else(|| result.provenance.budgets.last().copied());
    let own = result.rows.iter().find(|row| {
        row.method.name == FORESAIL
            && row.split == other.split
            && row.scope == other.scope
            && row.budget == budget
    })?;
    let paired = own.paired.iter().find(|one| one.other == other.method.name)?;
    Some(&paired.difference)
}

/// `12/78 .15 [.08–.24]`.
pub(super) fn caught(hits: u32, of: u32, estimate: Option<&Estimate>) -> String {
    let Some(estimate) = estimate else { return format!("{hits}/{of}") };
    let interval = rate_interval(estimate).map_or_else(String::new, |text| format!(" [{text}]"));
    format!("{hits}/{of} {}{interval}", rate(estimate.value))
}

pub(super) fn with_interval(estimate: Option<&Estimate>) -> String {
    let Some(estimate) = estimate else { return UNDEFINED.to_owned() };
    let interval = rate_interval(estimate).map_or_else(String::new, |text| format!(" [{text}]"));
    format!("{}{interval}", rate(estimate.value))
}

fn or_dash(value: Option<f64>, words: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| UNDEFINED.to_owned(), words)
}

fn three(value: f64) -> String {
    format!("{value:.3}")
}

fn budget_words(budget: Option<f64>) -> String {
    budget.map_or_else(|| "as shipped".to_owned(), |budget| format!("{budget}"))
}

fn scope_words(scope: &Scope) -> String {
    match scope {
        Scope::Recording(name) => name.clone(),
        Scope::PooledTraining | Scope::PooledJudged => "all together".to_owned(),
    }
}

fn recordings(result: &BenchResult) -> TextTable {
    let rows = result.recordings.iter().map(|one| {
        vec![
            one.name.clone(),
            match one.role {
                Role::Training => "training".to_owned(),
                Role::Judged => "demo".to_owned(),
            },
            format!("{:.1}", one.pod_days),
            or_dash(one.quiet_pod_days, |days| format!("{days:.1}")),
            (one.incidents - one.change_incidents).to_string(),
            one.reachable.to_string(),
            one.no_precursor.to_string(),
            one.unknown.to_string(),
            one.change_incidents.to_string(),
            one.look_alikes.map_or_else(|| UNDEFINED.to_owned(), |n| n.to_string()),
        ]
    });
    TextTable {
        name: "recordings",
        title: "Recordings".to_owned(),
        reading: "Pod-days are fault time. Reachable incidents are the denominator of everything \
                  that is caught."
            .to_owned(),
        heads: vec![
            "recording",
            "role",
            "pod-days",
            "quiet",
            "incidents",
            "reachable",
            "no precursor",
            "unknown",
            "after a change",
            "look-alikes",
        ],
        rows: rows.collect(),
    }
}

fn headline(result: &BenchResult, split: Split) -> TextTable {
    let mut rows: Vec<&Row> = pooled(result, split).collect();
    let budgets = &result.provenance.budgets;
    let place = |row: &Row| {
        row.budget.map_or(budgets.len(), |b| budgets.iter().position(|x| *x == b).unwrap_or(0))
    };
    rows.sort_by_key(|row| place(row));
    let cells = |row: &&Row| {
        let counts = &row.counts;
        if let Some(reason) = &row.not_measurable {
            return vec![row.method.title.clone(), budget_words(row.budget), reason.clone()];
        }
        let against = difference(result, row).map_or_else(
            || UNDEFINED.to_owned(),
            |one| {
                let interval =
                    points_interval(one).map_or_else(String::new, |text| format!(" [{text}]"));
                format!("{}{interval}", points(one.value))
            },
        );
        vec![
            row.method.title.clone(),
            budget_words(row.budget),
            caught(counts.reachable_matched, counts.reachable, row.recall.as_ref()),
            caught(
                counts.reachable_matched_right_kind,
                counts.reachable,
                row.recall_right_kind.as_ref(),
            ),
            with_interval(row.false_per_pod_day.as_ref()),
            with_interval(row.precision.as_ref()),
            or_dash(row.time_in_warning, percent),
            format!(
                "{} / {}",
                or_dash(row.lead_median_production_minutes, minutes),
                or_dash(row.lead_p10_production_minutes, minutes)
            ),
            or_dash(row.event_pr_auc, rate),
            row.skill.map_or_else(
                || row.skill_refused.as_ref().map_or(UNDEFINED, |_| "refused").to_owned(),
                rate,
            ),
            against,
        ]
    };
    // One reason stands for all methods of a budget that cannot be measured.
    let mut refused = Vec::new();
    let shown = rows.iter().filter(|row| {
        let first = !refused.contains(&row.budget.map(f64::to_bits));
        if row.not_measurable.is_some() {
            refused.push(row.budget.map(f64::to_bits));
        }
        row.not_measurable.is_none() || first
    });
    TextTable {
        name: named(split, ["recording-out", "application-out", "demo"]),
        title: format!("All contenders, {}", split_words(split)),
        reading: "Operating points: everything was chosen before what is judged was looked at. \
                  Caught: reachable incidents with a lead of at least L_min. The last column is \
                  Foresail's share of caught incidents less the method's, in percentage points, at \
                  the same budget (as shipped: at budget 1); better is only what excludes 0. Skill \
                  is refused above 10 % of time in warning."
            .to_owned(),
        heads: vec![
            "method",
            "budget",
            "caught",
            "right kind",
            "false a pod-day",
            "precision",
            "in warning",
            "lead: median / P10, min",
            "event-PR AUC",
            "skill",
            "Foresail less this",
        ],
        rows: shown.map(cells).collect(),
    }
}

fn by_recording(result: &BenchResult, split: Split) -> TextTable {
    let one = |row: &&Row| {
        row.split == split
            && matches!(row.scope, Scope::Recording(_))
            && row.not_measurable.is_none()
            && row.method.variant == Variant::Tuned
    };
    let mut rows: Vec<&Row> = result.rows.iter().filter(one).collect();
    let scopes: std::collections::BTreeSet<&Scope> = rows.iter().map(|row| &row.scope).collect();
    if scopes.len() < 2 {
        rows.clear();
    }
    let cells = |row: &&Row| {
        vec![
            scope_words(&row.scope),
            row.method.title.clone(),
            budget_words(row.budget),
            caught(row.counts.reachable_matched, row.counts.reachable, row.recall.as_ref()),
            row.counts.reachable_matched_right_kind.to_string(),
            with_interval(row.false_per_pod_day.as_ref()),
            or_dash(row.time_in_warning, percent),
        ]
    };
    TextTable {
        name: named(split, ["by-recording", "by-recording-application-out", "by-recording-demo"]),
        title: format!("By recording, {}", split_words(split)),
        reading: "The tuned methods.".to_owned(),
        heads: vec![
            "recording",
            "method",
            "budget",
            "caught",
            "right kind",
            "false a pod-day",
            "in warning",
        ],
        rows: rows.iter().map(cells).collect(),
    }
}

fn applications(result: &BenchResult) -> TextTable {
    let rows = result.applications.iter().map(|row| {
        vec![
            row.application.clone(),
            format!("{}", row.budget),
            format!("{}/{}", row.caught, row.reachable),
            row.caught_right_kind.to_string(),
            row.false_alarms.to_string(),
            format!("{:.1}", row.pod_days),
            or_dash((row.pod_days > 0.0).then(|| f64::from(row.false_alarms) / row.pod_days), rate),
        ]
    });
    TextTable {
        name: "applications",
        title: "Foresail on each application that it knew nothing of".to_owned(),
        reading: "Its namespace was removed from every recording before anything was fitted or \
                  chosen."
            .to_owned(),
        heads: vec![
            "application",
            "budget",
            "caught",
            "right kind",
            "false",
            "pod-days",
            "false a pod-day",
        ],
        rows: rows.collect(),
    }
}

fn leads(result: &BenchResult) -> TextTable {
    let mut rows = Vec::new();
    for split in SPLITS {
        for row in pooled(result, split).filter(|row| row.recall.is_some()) {
            let [two, three, six] = row.recall_at_lead_multiples;
            rows.push(vec![
                split_words(split).to_owned(),
                row.method.title.clone(),
                budget_words(row.budget),
                with_interval(row.recall.as_ref()),
                with_interval(two.as_ref()),
                with_interval(three.as_ref()),
                with_interval(six.as_ref()),
            ]);
        }
    }
    TextTable {
        name: "leads",
        title: "Caught with a longer lead".to_owned(),
        reading: "Share of reachable incidents with a lead of at least 1, 2, 3 and 6 times L_min."
            .to_owned(),
        heads: vec!["split", "method", "budget", "1 ×", "2 ×", "3 ×", "6 ×"],
        rows,
    }
}

fn wrong(result: &BenchResult) -> TextTable {
    let mut rows = Vec::new();
    for split in SPLITS {
        for row in pooled(result, split).filter(|row| row.recall.is_some()) {
            let there = row.prevalence.as_ref();
            rows.push(vec![
                split_words(split).to_owned(),
                row.method.title.clone(),
                budget_words(row.budget),
                or_dash(row.false_per_look_alike, rate),
                with_interval(row.false_per_quiet_pod_day.as_ref()),
                or_dash(there.and_then(|one| one.precision_at_0_1), rate),
                or_dash(there.and_then(|one| one.precision_at_0_01), three),
                or_dash(there.map(|one| one.incidents_per_pod_day), rate),
                or_dash(there.and_then(|one| one.quiet_pages_per_day_100_pods), |n| {
                    format!("{n:.0}")
                }),
            ]);
        }
    }
    TextTable {
        name: "false-alarms",
        title: "Where false alarms come from, and precision where failures are rarer".to_owned(),
        reading: "Per look-alike episode and per pod-day without any episode on the workload; \
                  precision re-weighted to fewer incidents at the rate of false alarms found here."
            .to_owned(),
        heads: vec![
            "split",
            "method",
            "budget",
            "per look-alike",
            "per quiet pod-day",
            "precision at 0.1 incidents a pod-day",
            "at 0.01",
            "incidents a pod-day here",
            "false a day, 100 quiet pods",
        ],
        rows,
    }
}

fn groups(result: &BenchResult) -> TextTable {
    let mut rows = Vec::new();
    for split in SPLITS {
        for row in
            pooled(result, split).filter(|row| row.method.name == FORESAIL && row.recall.is_some())
        {
            let counts = &row.counts;
            rows.push(vec![
                split_words(split).to_owned(),
                budget_words(row.budget),
                format!("{}/{}", counts.reachable_matched, counts.reachable),
                format!("{}/{}", counts.no_precursor_matched, counts.no_precursor),
                format!("{}/{}", counts.unknown_matched, counts.unknown),
                counts.late.to_string(),
                counts.early.to_string(),
                counts.intervened.to_string(),
                counts.blackout.to_string(),
                counts.nuisance.to_string(),
                format!("{} / {}", counts.hits, counts.false_alarms),
            ]);
        }
    }
    TextTable {
        name: "groups",
        title: "Foresail: incidents without warning, and what became of the alarms".to_owned(),
        reading: "Incidents with no precursor give no warning by their nature; of unknown ones \
                  nobody knows. Late, early, intervened, blackout and nuisance are neither hit nor \
                  false."
            .to_owned(),
        heads: vec![
            "split",
            "budget",
            "reachable",
            "no precursor",
            "unknown",
            "late",
            "early",
            "intervened",
            "blackout",
            "nuisance",
            "hits / false",
        ],
        rows,
    }
}

fn kinds(result: &BenchResult, split: Split) -> TextTable {
    let of_split = result.kinds.iter().filter(|one| one.split == split).map(|one| &one.row);
    let rows = of_split.filter(|row| row.budget > 0.2).map(|row| {
        vec![
            spaced(&row.kind),
            format!("{}", row.budget),
            row.incidents.to_string(),
            caught(row.caught, row.reachable, row.recall.as_ref()),
            row.caught_right_kind.to_string(),
            row.alarms.to_string(),
            row.false_alarms.to_string(),
        ]
    });
    TextTable {
        name: named(split, ["kinds", "kinds-application-out", "kinds-demo"]),
        title: format!("Foresail by kind of failure, {}", split_words(split)),
        reading: "Incidents by their primary outcome; alarms by the kind that they name."
            .to_owned(),
        heads: vec!["kind", "budget", "incidents", "caught", "by name", "alarms", "of them false"],
        rows: rows.collect(),
    }
}

fn checks(result: &BenchResult) -> TextTable {
    let rows =
        result.checks.iter().filter(|row| row.outcomes > 0 || row.false_checks > 0).map(|row| {
            vec![
                scope_words(&row.scope),
                spaced(&row.kind),
                format!("{} of {}", row.named, row.outcomes),
                with_interval(row.share_named.as_ref()),
                format!("{} in {} changes", row.false_checks, row.changes),
            ]
        });
    TextTable {
        name: "changes",
        title: "Failed changes, judged apart".to_owned(),
        reading: "Named, with what is missing, from the change to 10 s after the outcome."
            .to_owned(),
        heads: vec!["recording", "kind", "named", "share", "false checks"],
        rows: rows.collect(),
    }
}

fn probabilities(result: &BenchResult) -> TextTable {
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

fn times(result: &BenchResult) -> TextTable {
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

fn left_out(name: &'static str, title: &str, rows: &[AblationRow]) -> TextTable {
    let cells = |row: &AblationRow| {
        let lost = row.lost.as_ref().map_or_else(
            || UNDEFINED.to_owned(),
            |one| {
                let interval =
                    points_interval(one).map_or_else(String::new, |text| format!(" [{text}]"));
                format!("{}{interval}", points(one.value))
            },
        );
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

fn ranking(result: &BenchResult) -> TextTable {
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

fn cost(result: &BenchResult) -> TextTable {
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

fn gates(result: &BenchResult) -> TextTable {
    let rows = result.gates.iter().map(|gate| {
        let passed = if gate.passed { "holds" } else { "BROKEN" };
        vec![gate.name.clone(), passed.to_owned(), gate.detail.clone()]
    });
    TextTable {
        name: "gates",
        title: "Gates of the alarm trains".to_owned(),
        reading: "A protocol that fails one of these measures nothing.".to_owned(),
        heads: vec!["gate", "", "numbers"],
        rows: rows.collect(),
    }
}

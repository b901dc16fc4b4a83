//! What is caught, how early, and at what price.

use super::{
    SPLITS, TextTable, budget_words, caught, difference, named, or_dash, pooled, scope_words,
    split_words, three, with_interval,
};
use crate::bench::methods::FORESAIL;
use crate::bench::result::BenchResult;
use crate::report::words::{UNDEFINED, minutes, percent, points_with_interval, rate, spaced};
use crate::result::{Role, Row, Scope, Split, Variant};

pub(super) fn recordings(result: &BenchResult) -> TextTable {
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

pub(super) fn headline(result: &BenchResult, split: Split) -> TextTable {
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
        let against =
            difference(result, row).map_or_else(|| UNDEFINED.to_owned(), points_with_interval);
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

pub(super) fn by_recording(result: &BenchResult, split: Split) -> TextTable {
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

pub(super) fn applications(result: &BenchResult) -> TextTable {
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

pub(super) fn leads(result: &BenchResult) -> TextTable {
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

pub(super) fn wrong(result: &BenchResult) -> TextTable {
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

pub(super) fn groups(result: &BenchResult) -> TextTable {
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

pub(super) fn kinds(result: &BenchResult, split: Split) -> TextTable {
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

pub(super) fn checks(result: &BenchResult) -> TextTable {
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

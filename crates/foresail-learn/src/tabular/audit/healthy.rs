//! Whether some class means that nothing is wrong. Names of classes are only names: what is found
//! here is asked, not claimed.

use super::words::{list, percent};
use super::{Finding, FindingKind, Severity, View};

/// Names that say so.
const SAID: [&str; 21] = [
    "normal",
    "good",
    "healthy",
    "ok",
    "okay",
    "fine",
    "none",
    "no",
    "nothing",
    "nominal",
    "benign",
    "negative",
    "regular",
    "stable",
    "up",
    "ready",
    "running",
    "noissue",
    "nofailure",
    "nofault",
    "null",
];
/// Names that may say so.
const PERHAPS: [&str; 6] = ["0", "false", "f", "n", "na", "missing"];
/// A fleet is healthy most of the time.
const USUAL: f64 = 0.5;

pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let named = |names: &[&str]| -> Vec<usize> {
        let is = |class: &usize| names.contains(&plain(view.class(*class)).as_str());
        (0..view.n_classes()).filter(is).collect()
    };
    let said = named(&SAID);
    let share: f64 = said.iter().map(|class| view.share(*class)).sum();
    if said.is_empty() && named(&PERHAPS).is_empty() {
        return vec![asked(view, 1.0).said(
            format!(
                "no class of `{}` is called `normal`, `good`, `healthy` or the like; is one of {} it, or were \
                 rows without an issue left out?",
                view.plan.target,
                list(&view.labels.classes)
            ),
            "if they were left out, the score only says which issue it is, given that there is one; on live rows, \
             most of which have none, every row is called an issue",
            "if so, add rows without an issue, as many as really occur",
        )];
    }
    if said.is_empty() || share >= USUAL {
        return Vec::new();
    }
    let names: Vec<String> = said.iter().map(|class| view.class(*class).to_owned()).collect();
    vec![asked(view, USUAL - share).classes(names.clone()).evidence("share_of_rows", share).said(
        format!("{} is {} of the rows; is that how often nothing is wrong where the model will be used?", list(&names), percent(share)),
        "where issues are rarer than here, most alarms are false although recall stays: precision and F1 are those \
         of this mixture only",
        "judge on rows in their natural mixture; balance the training part alone (`--balance`)",
    )]
}

fn asked(view: &View<'_>, harm: f64) -> Finding {
    Finding::new(FindingKind::NothingHealthy, Severity::Question, harm).columns([view.plan.target])
}

/// A name without case, spaces and signs.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

//! Which workloads the engine had no answer for, and what is missing.

use std::collections::BTreeMap;

use foresail_core::{Prediction, Verdict};
use serde::Serialize;

/// Names said per reason; the rest is counted.
const NAMED: usize = 5;

/// Workloads without an answer at the last tick, for one reason.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Unjudged {
    missing: String,
    workloads: Vec<String>,
}

/// What could not be judged at the last of `ticks`, by what is missing.
pub(crate) fn at_the_end(ticks: &[Vec<Prediction>]) -> Vec<Unjudged> {
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for prediction in ticks.iter().rev().find(|tick| !tick.is_empty()).into_iter().flatten() {
        if let Verdict::NotEnoughData { missing } = &prediction.verdict {
            reasons.entry(missing).or_default().push(prediction.unit.to_string());
        }
    }
    reasons
        .into_iter()
        .map(|(missing, workloads)| Unjudged { missing: missing.to_owned(), workloads })
        .collect()
}

// === impl Unjudged ===

impl std::fmt::Display for Unjudged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let named = self.workloads.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let rest = self.workloads.len().saturating_sub(NAMED);
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        // Names are untrusted text: their control characters must not reach the terminal.
        let names = format!("{named}{more}").replace(char::is_control, " ");
        write!(
            f,
            "not enough data for {} at the end ({names}): missing {}",
            self.workloads.len(),
            self.missing
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_cut_and_counted_and_kept_off_the_terminal() {
        let workloads = (0..7).map(|number| format!("shop/cart\u{1b}{number}")).collect();
        let said = Unjudged { missing: "a memory limit".into(), workloads }.to_string();
        assert!(said.starts_with("not enough data for 7 at the end (shop/cart 0, "), "{said}");
        assert!(said.ends_with("shop/cart 4 and 2 more): missing a memory limit"), "{said}");
    }
}

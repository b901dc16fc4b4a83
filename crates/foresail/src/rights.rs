//! The rights that the cluster reader asks for, as rules of the chart's roles and as a page: both drawn
//! from its one table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use foresail_collect::kubernetes::{PERMISSIONS, Permission};

/// Tells which rights belong to a set.
type Belongs = fn(&Permission) -> bool;

/// Sets of rules, and which rights belong to each.
const SETS: [(&str, Belongs); 3] = [
    ("namespaced", |right| right.is_namespaced && !is_of_logs(right)),
    ("cluster", |right| !right.is_namespaced && !is_of_logs(right)),
    ("logs", is_of_logs),
];

/// Whether only following logs needs it, which is off by default.
fn is_of_logs(right: &Permission) -> bool {
    right.resource == "pods/log"
}

/// Rules by set, as YAML: what is in namespaces, what is not, and what logs need.
pub(crate) fn rules() -> String {
    let mut text = String::from(
        "# Written by `cargo xtask gen` from crates/foresail-collect/src/kubernetes/permissions.rs; do not edit.\n",
    );
    for (name, belongs) in SETS {
        let mut rules: BTreeMap<(&str, &[&str]), Vec<&str>> = BTreeMap::new();
        for right in PERMISSIONS.iter().filter(|right| belongs(right)) {
            rules.entry((right.group, right.verbs)).or_default().push(right.resource);
        }
        let _ = writeln!(text, "{name}:");
        for ((group, verbs), resources) in rules {
            let _ = writeln!(
                text,
                "  - apiGroups: [\"{group}\"]\n    resources: [{}]\n    verbs: [{}]",
                resources.join(", "),
                verbs.join(", ")
            );
        }
    }
    text
}

/// Every right with what is lost without it, as a Markdown page.
pub(crate) fn page() -> String {
    let mut page = String::from(
        "# What Foresail may read\n\n<!-- Written by `cargo xtask gen` from the program; do not edit. -->\n\n\
         Rights that the chart's role gives, and what each missing one costs; `foresail doctor` says the same of \
         a cluster. Nothing is written, no Secret is read. *needed*: nothing works without it; *wanted*: some \
         predictions are lost or worse; *optional*: only a setting that is off by default, or one source beside \
         another, needs it.\n\n\
         | group | resource | verbs | in namespaces | | without it | failures |\n|---|---|---|---|---|---|---|\n",
    );
    for right in PERMISSIONS {
        let kinds: Vec<String> = right.kinds.iter().map(|kind| format!("`{kind}`")).collect();
        let _ = writeln!(
            page,
            "| {} | `{}` | {} | {} | {} | {} | {} |",
            if right.group.is_empty() { "core" } else { right.group },
            right.resource,
            right.verbs.join(", "),
            if right.is_namespaced { "yes" } else { "no" },
            right.need.as_str(),
            right.cost.replace('|', "\\|"),
            kinds.join(", ")
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_right_stands_in_one_set_and_none_writes() {
        for right in PERMISSIONS {
            assert_eq!(SETS.iter().filter(|(_, belongs)| belongs(right)).count(), 1);
            for verb in right.verbs {
                assert!(["get", "list", "watch"].contains(verb), "{} {verb}", right.resource);
            }
            assert!(!["secrets", "nodes/proxy", "pods/exec"].contains(&right.resource));
        }
    }

    #[test]
    fn rules_of_one_group_with_the_same_verbs_are_one() {
        let rules = rules();
        assert!(rules.contains("\ncluster:\n") && rules.contains("\nlogs:\n"), "{rules}");
        assert!(
            rules.contains("  - apiGroups: [\"apps\"]\n    resources: [deployments, "),
            "{rules}"
        );
        for set in ["cluster:", "logs:"] {
            assert_eq!(rules.matches(set).count(), 1);
        }
    }
}

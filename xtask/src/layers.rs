//! The layers of the workspace, checked against `cargo metadata`.
//!
//! ```text
//!  rank 3   foresail   foresail-py
//!  rank 2   foresail-evaluate
//!  rank 1   foresail-engine  -collect  -store  -act  -sim  -api      never see each other
//!  rank 0   foresail-core  foresail-learn
//! ```
//!
//! A crate depends only on lower ranks, a heavy dependency only stands where the table allows it,
//! and a second TLS provider never enters the tree.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

/// Crates and their ranks; `None` for chores, which no crate may see and which see no crate.
const RANKS: &[(&str, Option<u8>)] = &[
    ("foresail-core", Some(0)),
    ("foresail-learn", Some(0)),
    ("foresail-engine", Some(1)),
    ("foresail-collect", Some(1)),
    ("foresail-store", Some(1)),
    ("foresail-act", Some(1)),
    ("foresail-sim", Some(1)),
    ("foresail-api", Some(1)),
    ("foresail-evaluate", Some(2)),
    ("foresail", Some(3)),
    ("foresail-py", Some(3)),
    ("xtask", None),
];

/// The one crate that tests of its own rank may use.
const SIMULATOR: &str = "foresail-sim";

/// Heavy dependencies and the only crates that may name them; a trailing `*` stands for any ending.
const HEAVY: &[(&str, &[&str])] = &[
    ("arrow*", &["foresail-collect", "foresail-py"]),
    ("parquet", &["foresail-collect"]),
    ("kube*", &["foresail-collect", "foresail-act"]),
    ("k8s-openapi", &["foresail-collect", "foresail-act"]),
    ("sqlx*", &["foresail-store"]),
    ("lettre", &["foresail-act"]),
    ("reqwest", &["foresail-collect", "foresail-act", "foresail-api"]),
    ("axum*", &["foresail-api", "foresail"]),
    ("utoipa*", &["foresail-api"]),
    ("rust-embed", &["foresail-api"]),
    ("plotters*", &["foresail-evaluate"]),
    ("maud", &["foresail-evaluate"]),
    ("pyo3*", &["foresail-py"]),
    ("clap*", &["foresail", "xtask"]),
    ("indicatif", &["foresail"]),
    ("mimalloc", &["foresail"]),
    ("tracing-subscriber", &["foresail"]),
    ("anyhow", &["foresail", "xtask"]),
    ("tokio", &["foresail-collect", "foresail-store", "foresail-act", "foresail-api", "foresail"]),
];

/// Never in the tree: two rustls providers with none installed panic at run time.
const BANNED: &[&str] = &["aws-lc-sys", "openssl-sys"];

/// What a dependency is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// Linked into the crate (or its build script).
    Product,
    /// Only its tests, benches and examples.
    Tests,
}

/// Checks the workspace around this crate.
pub(crate) fn run() -> anyhow::Result<()> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--all-features"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .context("failed to start cargo")?;
    ensure!(
        output.status.success(),
        "cargo metadata failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let metadata = serde_json::from_slice(&output.stdout).context("cargo metadata is no JSON")?;
    let violations = violations(&metadata)?;
    if violations.is_empty() {
        return Ok(());
    }
    bail!("the layers are broken:\n  {}", violations.join("\n  "))
}

/// Every broken rule as a sentence, in order of the crates.
fn violations(metadata: &Value) -> anyhow::Result<Vec<String>> {
    let packages = metadata["packages"].as_array().context("metadata without `packages`")?;
    let members: BTreeSet<&str> = metadata["workspace_members"]
        .as_array()
        .context("metadata without `workspace_members`")?
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let is_member =
        |package: &&Value| package["id"].as_str().is_some_and(|id| members.contains(id));
    let mut found = Vec::new();
    for package in packages.iter().filter(is_member) {
        let name = package["name"].as_str().context("package without `name`")?;
        let Some(rank) = rank(name) else {
            found.push(format!("`{name}` has no rank: give it one in xtask/src/layers.rs"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let target = dependency["name"].as_str().context("dependency without `name`")?;
            let purpose = match dependency["kind"].as_str() {
                Some("dev") => Purpose::Tests,
                _ => Purpose::Product,
            };
            found.extend(broken_rule((name, rank), target, purpose));
        }
    }
    for name in packages.iter().filter_map(|package| package["name"].as_str()) {
        if BANNED.contains(&name) {
            found.push(format!("`{name}` is in the tree: find who asks by `cargo tree -i {name}`"));
        }
    }
    Ok(found)
}

/// The rule that `crate_name` breaks by depending on `target`, if any.
fn broken_rule(
    (crate_name, crate_rank): (&str, Option<u8>),
    target: &str,
    purpose: Purpose,
) -> Option<String> {
    if let Some(target_rank) = rank(target) {
        let lower = matches!((crate_rank, target_rank), (Some(own), Some(other)) if other < own);
        let simulated = purpose == Purpose::Tests && target == SIMULATOR && crate_rank == Some(1);
        return (!lower && !simulated).then(|| {
            format!("`{crate_name}` must not depend on `{target}`: only on crates of a lower rank")
        });
    }
    // Tests may use what they like of the outside world.
    if purpose == Purpose::Tests {
        return None;
    }
    let (_, owners) = HEAVY.iter().find(|(pattern, _)| matches(pattern, target))?;
    (!owners.contains(&crate_name)).then(|| {
        format!("`{crate_name}` must not depend on `{target}`: only {} may", owners.join(", "))
    })
}

/// The rank of a crate of the workspace (`Some(None)` for chores); `None` for any other crate.
fn rank(name: &str) -> Option<Option<u8>> {
    RANKS.iter().find(|(known, _)| *known == name).map(|(_, rank)| *rank)
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn workspace(name: &str, dependencies: &Value) -> Value {
        json!({
            "workspace_members": [format!("id-{name}")],
            "packages": [{ "id": format!("id-{name}"), "name": name, "dependencies": dependencies }],
        })
    }

    fn planted(name: &str, dependencies: &Value) -> Vec<String> {
        violations(&workspace(name, dependencies)).unwrap()
    }

    #[test]
    fn a_crate_may_depend_on_a_lower_rank() {
        let found = planted("foresail-engine", &json!([{ "name": "foresail-core", "kind": null }]));
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn a_planted_dependency_on_a_crate_of_the_same_rank_is_found() {
        let found =
            planted("foresail-engine", &json!([{ "name": "foresail-collect", "kind": null }]));
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("`foresail-engine` must not depend on `foresail-collect`"));
    }

    #[test]
    fn a_planted_dependency_on_a_higher_rank_is_found_in_tests_too() {
        let found =
            planted("foresail-engine", &json!([{ "name": "foresail-evaluate", "kind": "dev" }]));
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn tests_of_rank_one_may_use_the_simulator_and_nothing_else_of_rank_one() {
        let sim = json!([{ "name": "foresail-sim", "kind": "dev" }]);
        assert!(planted("foresail-engine", &sim).is_empty());
        let linked = json!([{ "name": "foresail-sim", "kind": null }]);
        assert_eq!(planted("foresail-engine", &linked).len(), 1);
        let collect = json!([{ "name": "foresail-collect", "kind": "dev" }]);
        assert_eq!(planted("foresail-engine", &collect).len(), 1);
    }

    #[test]
    fn a_heavy_dependency_outside_its_crate_is_found() {
        let arrow = json!([{ "name": "arrow-array", "kind": null }]);
        assert!(planted("foresail-collect", &arrow).is_empty());
        assert_eq!(planted("foresail-engine", &arrow).len(), 1);
    }

    #[test]
    fn a_crate_without_a_rank_is_found() {
        assert_eq!(planted("foresail-new", &json!([])).len(), 1);
    }

    #[test]
    fn a_second_tls_provider_in_the_tree_is_found() {
        let mut metadata = workspace("foresail-core", &json!([]));
        let outsider = json!({ "id": "x", "name": "aws-lc-sys", "dependencies": [] });
        metadata["packages"].as_array_mut().unwrap().push(outsider);
        assert_eq!(violations(&metadata).unwrap().len(), 1);
    }

    #[test]
    fn chores_see_no_crate_and_no_crate_sees_them() {
        let core = json!([{ "name": "foresail-core", "kind": null }]);
        assert_eq!(planted("xtask", &core).len(), 1);
        let xtask = json!([{ "name": "xtask", "kind": null }]);
        assert_eq!(planted("foresail", &xtask).len(), 1);
    }
}

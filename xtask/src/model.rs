//! Trains the model that is built into the program, on the recordings with the role `training`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

/// Where the program takes it from when it is built.
const MODEL: &str = "crates/foresail/model/default.model";
/// Which recordings it is trained on.
const ROLES: &str = "data/roles.json";

/// Writes the model; the same recordings and code give the same bytes.
pub(crate) fn run() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has no parent")?;
    let text = std::fs::read_to_string(root.join(ROLES))
        .with_context(|| format!("failed to read `{ROLES}`"))?;
    let roles: Value =
        serde_json::from_str(&text).with_context(|| format!("failed to read `{ROLES}`"))?;
    let training: Vec<String> = (roles["training"].as_array().into_iter().flatten())
        .filter_map(Value::as_str)
        .map(|name| format!("data/{name}"))
        .collect();
    ensure!(!training.is_empty(), "`{ROLES}` names no `training` recording");
    let status = Command::new(env!("CARGO"))
        .args(["run", "--release", "--quiet", "--locked", "--bin", "foresail", "--"])
        .args(["train", "--model", "hazard", "--out", MODEL, "--recording"])
        .args(training)
        .current_dir(root)
        .status()
        .context("failed to start cargo")?;
    ensure!(status.success(), "training failed");
    Ok(())
}

//! Writes the pages of `docs/` that are drawn from code, by asking the built binary for them.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

/// Pages and the argument of `foresail reference` that prints each.
const PAGES: &[(&str, &str)] = &[
    ("docs/cli.md", "cli"),
    ("docs/recording.md", "recording"),
    ("docs/metrics.md", "metrics"),
    ("docs/features.md", "features"),
    ("docs/simulated-columns.md", "simulated-columns"),
    ("docs/config.md", "config"),
    ("docs/rights.md", "rights"),
    ("charts/foresail/files/permissions.yaml", "rules"),
    ("docs/openapi.json", "openapi"),
];

/// Writes every generated page under the workspace root; the working directory must be inside it.
pub(crate) fn run() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has no parent")?;
    for (path, page) in PAGES {
        let output = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--locked", "--bin", "foresail", "--"])
            .args(["reference", page])
            .current_dir(root)
            .output()
            .context("failed to start cargo")?;
        ensure!(
            output.status.success(),
            "`foresail reference {page}` failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        let path = root.join(path);
        if std::fs::read(&path).is_ok_and(|old| old == output.stdout) {
            continue;
        }
        std::fs::write(&path, &output.stdout)
            .with_context(|| format!("failed to write `{}`", path.display()))?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

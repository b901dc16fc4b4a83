//! The container image: `cargo xtask image` builds the program and writes it as one archive, without a container engine.
//!
//! ```text
//!  cargo build --profile dist ──> program ──ldd──> shared objects ──┐
//!                                    │        CA certificates ──────┼──> two layers ──> OCI layout + manifest.json (tar)
//!                                    └───────────────────────────────┘                        │
//!                                        digests, size, a run under its own loader <──────────┘
//! ```
//!
//! The same program and the same system packages give the same bytes: every entry is sorted, and dated 1970.

mod archive;
mod check;
mod contents;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use self::archive::{Image, Tag};
use self::contents::Layer;

/// What all files of the image may take, unpacked.
const MAX_UNPACKED_BYTES: u64 = 45_000_000;
/// Where the archive is written by default, under the target directory.
const ARCHIVE: &str = "image/foresail.tar";
/// The name that the chart asks for.
const REPOSITORY: &str = "foresail";

/// Builds the image, writes it to `out`, reads it back and runs the program in it.
pub(crate) fn run(out: Option<PathBuf>) -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has no parent")?;
    let program = build(root)?;
    let out = match out {
        Some(path) => path,
        None => target_directory(&program)?.join(ARCHIVE),
    };
    let layers = vec![contents::system(&program)?, contents::program(&program)?];
    let unpacked_bytes: u64 = layers.iter().map(Layer::unpacked_bytes).sum();
    let megabytes = unpacked_bytes as f64 / 1e6;
    ensure!(
        unpacked_bytes <= MAX_UNPACKED_BYTES,
        "the image takes {megabytes:.1} MB unpacked, more than {} MB",
        MAX_UNPACKED_BYTES / 1_000_000
    );
    let tag = Tag { repository: REPOSITORY, version: env!("CARGO_PKG_VERSION") };
    let image = Image { tag, revision: revision(root), layers };
    write(&out, &image.archive()?)?;
    let runs = check::archive(&out)?;
    println!("wrote {} ({REPOSITORY}:{}, {megabytes:.1} MB unpacked)", out.display(), tag.version);
    for line in runs {
        println!("{line}");
    }
    Ok(())
}

/// Builds the stripped program and returns where it stands.
fn build(root: &Path) -> anyhow::Result<PathBuf> {
    let output = Command::new(env!("CARGO"))
        .args(["rustc", "--profile", "dist", "--locked", "--package", "foresail"])
        .args(["--bin", "foresail", "--message-format", "json-render-diagnostics"])
        // Relocations in a form that is thirty times shorter; the loader that goes along reads it.
        .args(["--", "-C", "link-arg=-Wl,-z,pack-relative-relocs"])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("failed to start cargo")?;
    ensure!(output.status.success(), "the program does not build");
    let messages = String::from_utf8_lossy(&output.stdout);
    let executable = messages.lines().rev().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        (message["target"]["name"] == "foresail").then_some(())?;
        message["executable"].as_str().map(PathBuf::from)
    });
    executable.context("cargo names no executable")
}

/// The target directory of a program in one of its profiles.
fn target_directory(program: &Path) -> anyhow::Result<PathBuf> {
    let directory = program.ancestors().nth(2);
    Ok(directory.context("the program stands in no target directory")?.to_owned())
}

/// The commit that is built, if the sources are a clone without changes.
fn revision(root: &Path) -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(root).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty().then_some(())?;
    git(&["rev-parse", "HEAD"])
}

/// Writes beside the place and renames, so that no half archive is left there.
fn write(out: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = out.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("failed to make `{}`", folder.display()))?;
    }
    if out.is_dir() {
        bail!("`{}` is a folder: name a file", out.display());
    }
    let partial = out.with_extension("partial");
    std::fs::write(&partial, bytes)
        .and_then(|()| std::fs::rename(&partial, out))
        .with_context(|| format!("failed to write `{}`", out.display()))
}

#[cfg(test)]
mod tests;

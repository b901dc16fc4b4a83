//! Reads a written archive back as a container engine would: digests, layers, and a run of the program
//! as the image's user on a file system that cannot be written, under the loader of the image.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use flate2::read::GzDecoder;
use serde_json::Value;

use super::archive::sha256;
use super::contents::{PROGRAM, USER};

/// What the program is asked in the image; it must answer each with success.
const QUESTIONS: &[&[&str]] = &[&["--version"], &["demo", "--help"]];

/// How a program of the image can be started on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// As the image's user, its files as the root directory, read-only. Needs `root`.
    Closed,
    /// By the image's loader and objects, but in the file system of this machine.
    Open,
}

/// Checks the archive and runs its program; returns lines that say how.
pub(crate) fn archive(path: &Path) -> anyhow::Result<Vec<String>> {
    let bytes =
        std::fs::read(path).with_context(|| format!("failed to read `{}`", path.display()))?;
    let root = tempfile::tempdir().context("failed to make a folder")?;
    unpack(&bytes, root.path())?;
    let room = Room::of(root.path(), "--version");
    let mut lines = Vec::new();
    for question in QUESTIONS {
        let answer = room.run(root.path(), question)?;
        let first = answer.lines().next().unwrap_or_default();
        let place = match room {
            Room::Closed => format!("as user {USER}, read-only"),
            Room::Open => "under its own loader (root may also try it closed in)".to_owned(),
        };
        lines.push(format!("ran {place}: foresail {}: {first}", question.join(" ")));
    }
    Ok(lines)
}

// === impl Room ===

impl Room {
    /// The strictest one in which this machine starts the program below `root` with `probe`.
    pub(crate) fn of(root: &Path, probe: &str) -> Self {
        let tried = Self::Closed.command(root).map(|mut command| command.arg(probe).output());
        match tried {
            Ok(Ok(output)) if output.status.success() => Self::Closed,
            Ok(_) | Err(_) => Self::Open,
        }
    }

    /// Starts the program with `arguments` and returns what it prints.
    pub(crate) fn run(self, root: &Path, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = self.command(root)?;
        let output = command.args(arguments).output().context("failed to start the program")?;
        ensure!(
            output.status.success(),
            "the program in the image fails on `{}`: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn command(self, root: &Path) -> anyhow::Result<Command> {
        let mut command = match self {
            // A mount name space of its own: nothing is left mounted, whatever happens.
            Self::Closed => {
                let script = format!(
                    "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && \
                     exec chroot --userspec={USER}:{USER} --groups= \"$0\" /{PROGRAM} \"$@\""
                );
                let mut command = Command::new("unshare");
                command.args(["--mount", "sh", "-c", &script]).arg(root);
                command
            }
            Self::Open => {
                let (loader, objects) = loader(root)?;
                let mut command = Command::new(loader);
                command.arg("--library-path").arg(objects).arg(root.join(PROGRAM));
                command
            }
        };
        command.env_clear().env("PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        Ok(command)
    }
}

/// The loader among the files of the image, and the folders of all objects.
fn loader(root: &Path) -> anyhow::Result<(PathBuf, std::ffi::OsString)> {
    let mut loader = None;
    let mut folders = std::collections::BTreeSet::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            if path.is_dir() {
                open.push(path);
            } else if name.as_deref().is_some_and(|name| name.contains(".so")) {
                folders.insert(folder.clone());
                if name.is_some_and(|name| name.starts_with("ld-linux")) {
                    loader = Some(path);
                }
            }
        }
    }
    let loader = loader.context("the image holds no loader")?;
    Ok((loader, std::env::join_paths(folders)?))
}

/// Checks every digest and writes the files of all layers below `root`.
pub(crate) fn unpack(archive: &[u8], root: &Path) -> anyhow::Result<()> {
    let files = entries(archive)?;
    let layout: Value = serde_json::from_slice(file(&files, "oci-layout")?)?;
    ensure!(layout["imageLayoutVersion"] == "1.0.0", "`oci-layout` names no known version");
    let index: Value = serde_json::from_slice(file(&files, "index.json")?)?;
    let manifest: Value = serde_json::from_slice(blob(&files, &index["manifests"][0])?)?;
    let configuration: Value = serde_json::from_slice(blob(&files, &manifest["config"])?)?;
    let layers = manifest["layers"].as_array().context("the manifest lists no layers")?;
    let diff_ids = configuration["rootfs"]["diff_ids"].as_array().context("no `diff_ids`")?;
    ensure!(layers.len() == diff_ids.len(), "layers and `diff_ids` differ in number");
    for (layer, diff_id) in layers.iter().zip(diff_ids) {
        let mut tar = Vec::new();
        GzDecoder::new(blob(&files, layer)?).read_to_end(&mut tar)?;
        let found = format!("sha256:{}", sha256(&tar));
        ensure!(*diff_id == found, "a layer is `{found}`, but `diff_ids` says {diff_id}");
        let mut layer = tar::Archive::new(tar.as_slice());
        layer.set_preserve_permissions(true);
        layer.unpack(root).context("failed to unpack a layer")?;
    }
    same_for_docker(&files, &manifest)
}

/// `manifest.json` points at the blobs that the layout points at.
fn same_for_docker(files: &BTreeMap<String, Vec<u8>>, manifest: &Value) -> anyhow::Result<()> {
    let docker: Value = serde_json::from_slice(file(files, "manifest.json")?)?;
    let path = |descriptor: &Value| {
        let digest = descriptor["digest"].as_str().unwrap_or_default();
        Value::String(format!("blobs/{}", digest.replace(':', "/")))
    };
    let layers: Vec<Value> =
        manifest["layers"].as_array().into_iter().flatten().map(path).collect();
    let same = docker[0]["Config"] == path(&manifest["config"])
        && docker[0]["Layers"] == Value::Array(layers);
    ensure!(same, "`manifest.json` and the layout name other blobs");
    Ok(())
}

/// The files of the outer archive.
fn entries(archive: &[u8]) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries()? {
        let mut entry = entry?;
        if entry.header().entry_type().is_file() {
            let path = entry.path()?.to_string_lossy().into_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            files.insert(path, content);
        }
    }
    Ok(files)
}

fn file<'a>(files: &'a BTreeMap<String, Vec<u8>>, path: &str) -> anyhow::Result<&'a [u8]> {
    Ok(files.get(path).with_context(|| format!("the archive lacks `{path}`"))?)
}

/// The content that a descriptor points at, if size and digest agree.
fn blob<'a>(files: &'a BTreeMap<String, Vec<u8>>, descriptor: &Value) -> anyhow::Result<&'a [u8]> {
    let digest = descriptor["digest"].as_str().context("a descriptor without `digest`")?;
    let content = file(files, &format!("blobs/{}", digest.replace(':', "/")))?;
    ensure!(format!("sha256:{}", sha256(content)) == digest, "`{digest}` has other content");
    ensure!(descriptor["size"] == content.len(), "`{digest}` has another size");
    Ok(content)
}
